import { describe, expect, it } from 'vitest';
import {
  HelperLink,
  HelperRefused,
  HelperUnavailable,
  type OpenOptions,
  statusOf,
} from '../../background/helperLink.ts';
import { toHex, utf8 } from '../../src/base/bytes.ts';
import { helperErrors, protocolVersion, type SocketEvent, type ToHelper } from '../../src/bridge/messages.ts';
import type { HelperStatus } from '../../src/bridge/panel.ts';
import { FakeTimers, settle } from '../bridge/ports.ts';
import { counters, fakeClock, ScriptedHelper } from './fakes.ts';

function setUp() {
  const timers = new FakeTimers();
  const helper = new ScriptedHelper();
  helper.now = () => timers.now + 1_000_000;
  const complaints: string[] = [];
  const link = new HelperLink({
    connect: helper.connect,
    clock: fakeClock(timers),
    version: '0.0.0',
    complain: (what) => complaints.push(what),
  });
  const states: string[] = [];
  link.onStatus(({ kind }) => states.push(kind));
  return { timers, helper, link, states, complaints };
}

const socketOptions = (events: SocketEvent[] = [], ends: string[] = []): OpenOptions => ({
  family: 4,
  bind: undefined,
  port: undefined,
  peer: { address: '127.0.0.1', port: 9 },
  hear: (event) => events.push(event),
  gone: (why) => ends.push(why),
});

const sends = (helper: ScriptedHelper): Extract<ToHelper, { kind: 'send' }>[] =>
  helper.heard.filter((message) => message.kind === 'send');

describe('reaching the helper', () => {
  it('waits for its greeting and tells what it can do', async () => {
    const { link, states } = setUp();
    expect(link.status).toEqual({ kind: 'unknown' });
    const status = await link.check();
    expect(status).toMatchObject({ kind: 'ready', version: '1.2.3', protocol: protocolVersion, platform: 'test' });
    expect(states).toEqual(['connecting', 'ready']);
  });

  it('opens one port, however many ask', async () => {
    const { link, helper } = setUp();
    const all = await Promise.all([link.check(), link.check(), link.check()]);
    expect(all.map(({ kind }) => kind)).toEqual(['ready', 'ready', 'ready']);
    await link.check();
    expect(helper.ports).toHaveLength(1);
  });

  it.each<[string | undefined, HelperStatus['kind']]>([
    ['Specified native messaging host not found.', 'not-installed'],
    ['No such native application io.github.dtlscope.helper', 'not-installed'],
    ['Access to the specified native messaging host is forbidden.', 'forbidden'],
    ['This extension does not have permission to use native application io.github.dtlscope.helper', 'forbidden'],
    ['Native host has exited.', 'exited'],
    ['Failed to start native messaging host.', 'exited'],
    [undefined, 'exited'],
    ['Error when communicating with the native messaging host.', 'failed'],
  ])('reads %j as %s', async (why, kind) => {
    expect(statusOf(why).kind).toBe(kind);
    const { link, helper } = setUp();
    helper.greeting = undefined;
    const checked = link.check();
    await settle();
    helper.port.breakOff(why);
    expect((await checked).kind).toBe(kind);
  });

  it('tells a browser without native messaging', async () => {
    const link = new HelperLink({
      connect: () => {
        throw new TypeError('connectNative is not a function');
      },
      clock: fakeClock(new FakeTimers()),
      version: '0',
    });
    expect(await link.check()).toEqual({ kind: 'failed', message: 'connectNative is not a function' });
  });

  it.each([
    [0, 'helper'],
    [protocolVersion.major + 1, 'extension'],
  ] as const)('says who is too old when the helper speaks protocol %i', async (major, update) => {
    const { link, helper } = setUp();
    helper.greeting = { protocol: { major, minor: 3 } };
    expect(await link.check()).toEqual({
      kind: 'version-mismatch',
      helper: '1.2.3',
      theirs: { major, minor: 3 },
      ours: protocolVersion,
      update,
    });
    expect(helper.port.open).toBe(false);
  });

  it('says who is too old also when the greeting has nothing else that is known', async () => {
    const { link, helper } = setUp();
    helper.greeting = undefined;
    const checked = link.check();
    await settle();
    helper.port.post({ kind: 'hello', protocol: { major: 9, minor: 0 }, helper: '9.1', world: 'new' });
    expect(await checked).toMatchObject({ kind: 'version-mismatch', helper: '9.1', update: 'extension' });
  });

  it('does not wait for a greeting after an error that stands for one', async () => {
    const { link, helper } = setUp();
    helper.greeting = undefined;
    const checked = link.check();
    await settle();
    helper.say({ kind: 'error', code: helperErrors.badMessage, message: 'what is hello?' });
    expect(await checked).toEqual({ kind: 'failed', message: 'helper error 101: what is hello?' });
  });

  it('tells how it ended, as the launcher says, and not the browser’s sentence after it', async () => {
    const { link, helper } = setUp();
    helper.greeting = undefined;
    const checked = link.check();
    await settle();
    const stderr = toHex(utf8('x.mjs:1\n\nSyntaxError: Unexpected end of input\n'));
    helper.say({ kind: 'exited', reason: 'ended', code: 1, signal: null, stderr });
    await settle();
    helper.port.breakOff('Native host has exited.');
    await settle();
    expect(await checked).toEqual({
      kind: 'exited',
      message: 'the helper ended: exit code 1, SyntaxError: Unexpected end of input',
      when: 'start',
      exit: { reason: 'ended', code: 1, stderr: 'x.mjs:1\n\nSyntaxError: Unexpected end of input\n' },
    });
  });

  it('tells that it ended in the middle of the work, to its sockets too', async () => {
    const { link, helper } = setUp();
    const ends: string[] = [];
    await link.open(socketOptions([], ends));
    helper.say({ kind: 'exited', reason: 'ended', code: null, signal: 'SIGKILL', stderr: '' });
    await settle();
    expect(link.status).toMatchObject({ kind: 'exited', when: 'work', exit: { signal: 'SIGKILL' } });
    expect(ends).toEqual(['the helper ended: SIGKILL']);
  });

  it('without a launcher that tells is still known to have started or not', async () => {
    const { link, helper } = setUp();
    await link.check();
    helper.port.breakOff('Native host has exited.');
    expect(link.status).toMatchObject({ kind: 'exited', when: 'work' });
  });

  it('does not take a caller that the helper itself refused for one that was not heard', async () => {
    const { link, helper } = setUp();
    helper.greeting = undefined;
    const checked = link.check();
    await settle();
    helper.say({ kind: 'error', code: helperErrors.forbiddenOrigin, message: 'not you' });
    expect(await checked).toEqual({ kind: 'forbidden', message: 'not you' });
  });

  it('gives up on one that never greets', async () => {
    const { link, helper, timers } = setUp();
    helper.greeting = undefined;
    const checked = link.check();
    await timers.pass(10_000);
    expect((await checked).kind).toBe('failed');
    expect(helper.port.open).toBe(false);
  });

  it('ends one that says what is not our protocol', async () => {
    const { link, helper } = setUp();
    await link.check();
    helper.port.post({ kind: 'eval', code: '1' });
    await settle();
    expect(link.status.kind).toBe('failed');
    expect(helper.port.open).toBe(false);
  });

  it('tries again when asked, ever later after failures in a row, and at once after a success', async () => {
    const { link, helper, timers } = setUp();
    helper.greeting = undefined;
    const tries: number[] = [];
    for (let i = 0; i < 6; i++) {
      const before = helper.ports.length;
      const checked = link.check();
      while (helper.ports.length === before) await timers.pass(50);
      tries.push(timers.now);
      helper.port.breakOff('Native host has exited.');
      await checked;
    }
    const waits = tries.slice(1).map((at, i) => at - (tries[i] ?? 0));
    expect(waits).toEqual([250, 1000, 2000, 2000, 2000]);
    helper.greeting = {};
    const checked = link.check();
    await timers.pass(2000);
    expect((await checked).kind).toBe('ready');
    helper.port.breakOff('Native host has exited.');
    const again = link.check();
    await timers.pass(250);
    expect((await again).kind).toBe('ready');
  });

  it('lets it go when nobody needs it, and reaches it again', async () => {
    const { link, helper } = setUp();
    const socket = await link.open(socketOptions());
    link.release();
    expect(helper.port.open).toBe(true);
    socket.close();
    link.release();
    await settle();
    expect(helper.port.open).toBe(false);
    expect(link.status).toEqual({ kind: 'unknown' });
    expect((await link.check()).kind).toBe('ready');
  });
});

describe('requests', () => {
  it('are answered, or refused with the helper’s number', async () => {
    const { link, helper } = setUp();
    expect(await link.resolve('localhost')).toEqual([{ address: '127.0.0.1', family: 4 }]);
    helper.obliging = false;
    const resolved = link.resolve('nowhere');
    await settle();
    const request = helper.heard.at(-1);
    if (request?.kind !== 'resolve') throw new Error('no request');
    helper.say({ kind: 'error', id: request.id, code: helperErrors.resolveFailed, message: 'no such host' });
    const error = await resolved.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(HelperRefused);
    expect(error).toMatchObject({ code: helperErrors.resolveFailed, message: 'no such host' });
  });

  it('fail when the helper goes away, and its sockets are told', async () => {
    const { link, helper } = setUp();
    const ends: string[] = [];
    await link.open(socketOptions([], ends));
    helper.obliging = false;
    const resolved = link.resolve('x').catch((reason: unknown) => reason);
    await settle();
    helper.port.breakOff('Native host has exited.');
    expect(await resolved).toBeInstanceOf(HelperUnavailable);
    expect(ends).toEqual(['Native host has exited.']);
    expect(link.sockets).toBe(0);
  });

  it('to a helper that is not there fail with why', async () => {
    const { link, helper } = setUp();
    helper.greeting = undefined;
    const opened = link.open(socketOptions()).catch((reason: unknown) => reason);
    await settle();
    helper.port.breakOff('Specified native messaging host not found.');
    expect(await opened).toMatchObject({ status: { kind: 'not-installed' } });
  });

  it('that nobody asked for are complained about', async () => {
    const { link, helper, complaints } = setUp();
    await link.check();
    helper.say({ kind: 'error', code: helperErrors.badMessage, message: 'huh?' });
    await settle();
    expect(complaints).toEqual([expect.stringContaining('huh?')]);
    expect(link.status.kind).toBe('ready');
  });
});

describe('sockets', () => {
  it('send what is sent in one turn in one message, in order', async () => {
    const { link, helper } = setUp();
    const socket = await link.open(socketOptions());
    for (let packet = 1; packet <= 5; packet++) {
      socket.send(packet, Uint8Array.of(packet), { address: '127.0.0.1', port: 9 });
    }
    await settle();
    expect(sends(helper)).toHaveLength(1);
    expect(sends(helper)[0]?.datagrams.map(({ packet, data }) => [packet, data])).toEqual([
      [1, 'AQ=='],
      [2, 'Ag=='],
      [3, 'Aw=='],
      [4, 'BA=='],
      [5, 'BQ=='],
    ]);
  });

  it('split what is too much for one message, by number and by size', async () => {
    const { link, helper } = setUp();
    const socket = await link.open(socketOptions());
    for (let packet = 0; packet < 600; packet++) {
      socket.send(packet, new Uint8Array(10), { address: '127.0.0.1', port: 9 });
    }
    await settle();
    expect(sends(helper).map(({ datagrams }) => datagrams.length)).toEqual([256, 256, 88]);
    for (let packet = 0; packet < 20; packet++) {
      socket.send(packet, new Uint8Array(65_507), { address: '127.0.0.1', port: 9 });
    }
    await settle();
    for (const message of sends(helper)) expect(JSON.stringify(message).length).toBeLessThan(1024 * 1024);
    expect(
      sends(helper)
        .slice(3)
        .flatMap(({ datagrams }) => datagrams.map(({ packet }) => packet)),
    ).toEqual([...Array(20).keys()]);
  });

  it('still send what was sent just before they are closed, and nothing after', async () => {
    const { link, helper } = setUp();
    const socket = await link.open(socketOptions());
    socket.send(1, Uint8Array.of(1), { address: '127.0.0.1', port: 9 });
    socket.close();
    socket.send(2, Uint8Array.of(2), { address: '127.0.0.1', port: 9 });
    await settle();
    expect(helper.heard.map(({ kind }) => kind).filter((kind) => kind !== 'clock')).toEqual([
      'hello',
      'open',
      'send',
      'close',
    ]);
  });

  it('hear their own events and nobody else’s', async () => {
    const { link, helper } = setUp();
    const first: SocketEvent[] = [];
    const second: SocketEvent[] = [];
    await link.open(socketOptions(first));
    await link.open(socketOptions(second));
    const [one, two] = helper.heard.flatMap((message) => (message.kind === 'open' ? [message.socket] : []));
    helper.say({ kind: 'events', socket: two ?? 0, counters, events: [{ kind: 'sent', at: 1, packet: 7 }] });
    helper.say({ kind: 'events', socket: 99, counters, events: [{ kind: 'sent', at: 1, packet: 8 }] });
    await settle();
    expect(one).not.toBe(two);
    expect(first).toEqual([]);
    expect(second).toEqual([{ kind: 'sent', at: 1, packet: 7 }]);
  });
});

describe('the helper’s times', () => {
  it('are put on our clock by the reading with the shortest round trip', async () => {
    const { link, helper, timers } = setUp();
    helper.obliging = false;
    helper.greeting = undefined;
    const checked = link.check();
    await settle();
    // A slow start: a second until the greeting, whose time was read at its end.
    await timers.pass(1000);
    helper.say({
      kind: 'hello',
      protocol: protocolVersion,
      helper: '1',
      capabilities: ['clock'],
      platform: 'x',
      now: 5000,
      limits: { datagramBytes: 1, sockets: 1, unansweredDatagrams: 1, unansweredBytes: 1, datagramsPerSecond: 1 },
    });
    await checked;
    expect(link.toLocal(5000)).toBe(500);
    await settle();
    const clock = helper.heard.at(-1);
    if (clock?.kind !== 'clock') throw new Error('no clock request');
    await timers.pass(2);
    helper.say({ kind: 'ok', id: clock.id, now: 5001 });
    await settle();
    expect(link.toLocal(5001)).toBe(1001);
  });

  it('are never in our future', async () => {
    const { link, timers } = setUp();
    await link.check();
    await settle();
    expect(link.toLocal(timers.now + 1_000_500)).toBe(timers.now);
  });
});
