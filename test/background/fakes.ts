/** A background in a test: fake time, scripted or real helpers behind fake ports. */
import { instant } from '../../src/base/time.ts';
import { type FromHelper, protocolVersion, type ToHelper } from '../../src/bridge/messages.ts';
import { Host } from '../../src/helper/host.ts';
import type { Clock } from '../../src/run/api.ts';
import { type FakePort, type FakeTimers, portPair } from '../bridge/ports.ts';

export const limits = {
  datagramBytes: 65507,
  sockets: 16,
  unansweredDatagrams: 64,
  unansweredBytes: 65536,
  datagramsPerSecond: 2000,
};
export const counters = {
  sentDatagrams: 0,
  sentBytes: 0,
  receivedDatagrams: 0,
  receivedBytes: 0,
  droppedDatagrams: 0,
};

export function fakeClock(timers: FakeTimers): Clock {
  return {
    now: () => instant(timers.now),
    schedule: (at, wake) => timers.schedule(at - timers.now, wake),
  };
}

/** The far end of native ports, scripted: what it hears is kept, what it says is said by the test. */
export class ScriptedHelper {
  readonly ports: FakePort[] = [];
  readonly heard: ToHelper[] = [];
  /** Whether it greets, and as what. */
  greeting: (Partial<Extract<FromHelper, { kind: 'hello' }>> & { readonly silent?: boolean }) | undefined = {};
  /** Answers clock, open and close by itself. */
  obliging = true;
  /** Its clock. */
  now: () => number = () => 0;

  readonly connect = (): FakePort => {
    const [near, far] = portPair();
    this.ports.push(far);
    far.onMessage((message) => this.#hear(far, message as ToHelper));
    return near;
  };

  get port(): FakePort {
    const port = this.ports.at(-1);
    if (port === undefined) throw new Error('nobody connected');
    return port;
  }

  say(message: FromHelper): void {
    this.port.post(message);
  }

  #hear(port: FakePort, message: ToHelper): void {
    this.heard.push(message);
    if (message.kind === 'hello' && this.greeting !== undefined) {
      port.post({
        kind: 'hello',
        protocol: protocolVersion,
        helper: '1.2.3',
        capabilities: ['udp4', 'clock'],
        platform: 'test',
        now: this.now(),
        limits,
        ...this.greeting,
      });
    }
    if (!this.obliging) return;
    if (message.kind === 'clock') port.post({ kind: 'ok', id: message.id, now: this.now() });
    if (message.kind === 'close') port.post({ kind: 'ok', id: message.id });
    if (message.kind === 'open') {
      port.post({ kind: 'ok', id: message.id, local: { address: '127.0.0.1', port: 40000 + message.socket } });
    }
    if (message.kind === 'resolve') {
      port.post({ kind: 'ok', id: message.id, addresses: [{ address: '127.0.0.1', family: 4 }] });
    }
  }
}

/** Native ports to the real host, in this process, over real loopback sockets. */
export function realHelper(): { readonly connect: () => FakePort; readonly dispose: () => void } {
  const hosts: Host[] = [];
  return {
    connect: () => {
      const [near, far] = portPair();
      const host = new Host({
        version: 'test',
        platform: 'test',
        now: () => performance.now(),
        send: (message) => far.open && far.post(message),
        full: () => false,
        soon: setImmediate,
      });
      hosts.push(host);
      far.onMessage((value) => host.frame({ kind: 'message', value }));
      far.onDisconnect(() => host.close());
      return near;
    },
    dispose: () => {
      for (const host of hosts) host.close();
    },
  };
}

export const realClock: Clock = {
  now: () => instant(performance.now()),
  schedule: (at, wake) => {
    const timer = setTimeout(wake, Math.max(0, at - performance.now()));
    return () => clearTimeout(timer);
  },
};

/** Nothing is watched, and nothing swept or checked: for panels whose tests are about something else. */
export const noPages = {
  pages: { watch: () => () => {}, session: () => undefined, rest: () => {} },
  sites: { arm: async () => {}, disarm: async () => {}, ready: Promise.resolve() },
  openTab: async () => {},
  ready: Promise.resolve(),
  sweeps: {
    kept: undefined,
    onChange: () => () => {},
    start: () => {},
    stop: () => {},
    resume: () => {},
    clear: () => {},
    open: () => Promise.reject(new Error('there is no sweep')),
  },
  checks: {
    kept: undefined,
    onChange: () => () => {},
    plan: () => ({ checks: [], cost: { handshakes: 0, datagrams: 0, seconds: 0 } }),
    start: () => {},
    stop: () => {},
    clear: () => {},
    open: () => Promise.reject(new Error('there is no check')),
  },
};
