/**
 * The script in the page's own world, before any of the page's: puts itself between the page and RTCPeerConnection. Where no
 * stand-in is asked for, every call goes through to the browser unchanged and at once.
 */
import type { ToPage } from '../../../src/bridge/page.ts';
import { openChannel } from './channel.ts';
import { natives } from './natives.ts';
import { Report } from './report.ts';
import { StandIns } from './standIns.ts';
import { Watch } from './watch.ts';

if (typeof RTCPeerConnection !== 'undefined') begin();

function begin(): void {
  const { apply, construct, defineProperty, getOwnPropertyDescriptor } = Reflect;
  const channel = openChannel();
  const report = new Report((message) => channel.post(message));
  const standIns = new StandIns(report);
  const watch = new Watch(report, standIns);
  channel.listen((message) => {
    const told = JSON.parse(message) as ToPage;
    if (told.kind === 'again') {
      watch.again();
      return;
    }
    standIns.hear(told);
    report.resting = told.kind === 'rest';
    if (told.kind === 'rest') watch.rest();
  });

  /** What goes wrong with watching must not go wrong for the page. */
  const quietly = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      console.warn('dtlscope:', error);
    }
  };

  const { connection } = natives;
  type Call = (this: unknown, ...args: readonly unknown[]) => unknown;
  const patch = (name: string, call: Call): void => {
    const had = getOwnPropertyDescriptor(connection, name);
    if (typeof had?.value !== 'function') return;
    defineProperty(call, 'name', { value: name, configurable: true });
    defineProperty(call, 'length', { value: had.value.length, configurable: true });
    defineProperty(connection, name, { ...had, value: call });
  };
  /** With the callbacks of before promises, where a page still gives them. */
  const settle = (result: unknown, done: unknown, failed: unknown): unknown => {
    if (typeof done !== 'function') return result;
    return (async () => {
      try {
        done(await result);
      } catch (error) {
        if (typeof failed === 'function') failed(error);
      }
    })();
  };

  patch('createOffer', function (...args) {
    const [done, failed, options] = args;
    const given = typeof done === 'function' ? [options] : [done];
    return standIns.whether(
      this,
      () => natives.createOffer(this, args),
      (standing) =>
        settle(standIns.create(standing, natives.createOffer(this, given)), done, failed) as Promise<unknown>,
    );
  });
  patch('createAnswer', function (...args) {
    const [done, failed] = args;
    return standIns.whether(
      this,
      () => natives.createAnswer(this, args),
      (standing) => settle(standIns.create(standing, natives.createAnswer(this, [])), done, failed) as Promise<unknown>,
    );
  });
  /** A call after which a description may be another. */
  const describing = (pc: unknown, result: unknown): unknown => {
    if (result instanceof Promise) void seen(pc, result);
    return result;
  };
  const seen = async (pc: unknown, result: Promise<unknown>): Promise<void> => {
    try {
      await result;
      quietly(() => watch.changed(pc));
    } catch {
      // The page hears of it.
    }
  };
  patch('setLocalDescription', function (...args) {
    const result = standIns.whether(
      this,
      () => natives.setLocal(this, args),
      (standing) => settle(standIns.setLocal(standing, args[0]), args[1], args[2]) as Promise<unknown>,
    );
    return describing(this, result);
  });
  patch('setRemoteDescription', function (...args) {
    const result = standIns.whether(
      this,
      () => natives.setRemote(this, args),
      (standing) => settle(standIns.setRemote(standing, args[0]), args[1], args[2]) as Promise<unknown>,
    );
    return describing(this, result);
  });
  patch('addIceCandidate', function (...args) {
    quietly(() => watch.candidate(this, 'remote', args[0]));
    return standIns.whether(
      this,
      () => natives.addCandidate(this, args),
      (standing) => settle(standIns.addCandidate(standing, args[0]), args[1], args[2]) as Promise<unknown>,
    );
  });
  for (const name of ['localDescription', 'currentLocalDescription', 'pendingLocalDescription']) {
    const had = getOwnPropertyDescriptor(connection, name);
    const get = had?.get;
    if (!had || !get) continue;
    const view = function (this: unknown): unknown {
      return standIns.view(this, apply(get, this, []));
    };
    defineProperty(connection, name, { ...had, get: view });
  }

  const outer: typeof RTCPeerConnection = new Proxy(natives.Connection, {
    construct(target, args, as) {
      const pc: object = construct(target, args, as === outer ? target : as);
      quietly(() => watch.adopt(pc));
      return pc;
    },
  });
  defineProperty(connection, 'constructor', { value: outer, writable: true, enumerable: false, configurable: true });
  for (const name of ['RTCPeerConnection', 'webkitRTCPeerConnection']) {
    const had = getOwnPropertyDescriptor(window, name);
    if (had) defineProperty(window, name, { ...had, value: outer });
  }
}
