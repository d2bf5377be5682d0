import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/random.ts';
import { type FromHelper, helperErrorName, helperErrors, type ToHelper } from '../../src/bridge/messages.ts';
import type { FromBackground, ToBackground } from '../../src/bridge/panel.ts';
import {
  parseForeignHello,
  parseFromBackground,
  parseFromHelper,
  parseToBackground,
  parseToHelper,
} from '../../src/bridge/parse.ts';

const limits = { datagramBytes: 1, sockets: 1, unansweredDatagrams: 1, unansweredBytes: 1, datagramsPerSecond: 1 };
const counters = { sentDatagrams: 0, sentBytes: 0, receivedDatagrams: 0, receivedBytes: 0, droppedDatagrams: 0 };
const protocol = { major: 1, minor: 0 };
const summary = {
  id: 'run-1',
  number: 1,
  startedAt: 1,
  request: { target: 'sim', options: { mtu: 1200, link: ['loss=1%'], cookie: true, bind: null } },
  state: 'ended',
  events: 3,
  outcome: 'established',
  verdict: 'It worked.',
} as const;

const toHelper: readonly ToHelper[] = [
  { kind: 'hello', protocol, client: 'x' },
  { kind: 'resolve', id: 1, host: 'localhost' },
  { kind: 'clock', id: 1 },
  { kind: 'open', id: 1, socket: 1, family: 6, bind: '::1', port: 9, peer: { address: '::1', port: 1 } },
  { kind: 'open', id: 1, socket: 1, family: 4 },
  { kind: 'send', socket: 1, datagrams: [{ packet: 1, address: '127.0.0.1', port: 1, data: 'AAEC' }] },
  { kind: 'close', id: 1, socket: 1 },
];
const fromHelper: readonly FromHelper[] = [
  { kind: 'hello', protocol, helper: '1', capabilities: ['udp4', 'teleport'], platform: 'x', now: 1.5, limits },
  { kind: 'ok', id: 1, addresses: [{ address: '::1', family: 6 }], local: { address: '::', port: 1 }, now: 2 },
  { kind: 'error', code: 999, message: 'of a newer helper' },
  {
    kind: 'events',
    socket: 1,
    counters,
    events: [
      { kind: 'received', at: 1, address: '::1', port: 1, data: '' },
      { kind: 'sent', at: 1, packet: 1 },
      { kind: 'failed', at: 1, packet: 1, code: 231, message: 'x' },
    ],
  },
  { kind: 'exited', reason: 'ended', code: null, signal: 'SIGKILL', stderr: '' },
  { kind: 'exited', reason: 'node-missing', code: 127, signal: null, stderr: '00ff' },
];
const toBackground: readonly ToBackground[] = [
  { kind: 'hello', protocol, panel: '1' },
  { kind: 'ping' },
  { kind: 'check-helper', id: 1 },
  { kind: 'start', id: 1, request: summary.request },
  { kind: 'stop', id: 1, run: 'x' },
  { kind: 'delete', id: 1, run: 'x' },
  { kind: 'delete-all', id: 1 },
  { kind: 'undo-delete', id: 1 },
  {
    kind: 'import',
    id: 1,
    transfer: 1,
    file: 'a.pcapng',
    header: { tool: 'x', kind: 'capture' },
    from: 0,
    events: [{ kind: 'note', at: 1, text: 'x' } as never],
    last: true,
    reading: { outcome: 'stalled', verdict: 'Stalled.', durationMs: 1, retransmissions: 2, version: '1.2' },
  },
  { kind: 'subscribe', id: 1, run: 'x', from: 0 },
  { kind: 'unsubscribe', id: 1, run: 'x' },
];
const fromBackground: readonly FromBackground[] = [
  { kind: 'hello', protocol, background: '1', helper: { kind: 'unknown' }, runs: [summary], deleted: 0 },
  { kind: 'ok', id: 1, run: summary },
  { kind: 'ok', id: 1, helper: { kind: 'ready', version: '1', protocol, capabilities: [], platform: 'x', limits } },
  {
    kind: 'error',
    id: 1,
    error: { code: 'invalid-request', message: 'x', problems: [{ option: '--mtu', message: 'y' }] },
  },
  {
    kind: 'helper',
    helper: { kind: 'version-mismatch', helper: '0', theirs: protocol, ours: protocol, update: 'helper' },
  },
  {
    kind: 'helper',
    helper: {
      kind: 'exited',
      message: 'x',
      when: 'work',
      exit: { reason: 'ended', code: 1, signal: 'SIGTERM', stderr: 'Grüße\n' },
    },
  },
  { kind: 'helper', helper: { kind: 'exited', message: 'x' } },
  { kind: 'runs', runs: [{ ...summary, file: 'a.pcapng' }], deleted: 2 },
  { kind: 'notice', notice: { code: 'dropped', message: 'x', runs: ['run-1'] } },
  {
    kind: 'events',
    run: 'x',
    header: { tool: 'x', kind: 'run' },
    from: 0,
    events: [{ kind: 'note', at: 1, text: 'x' } as never],
    ended: true,
  },
];

const gates = [
  ['to the helper', parseToHelper, toHelper],
  ['from the helper', parseFromHelper, fromHelper],
  ['to the background', parseToBackground, toBackground],
  ['from the background', parseFromBackground, fromBackground],
] as const;

describe.each(gates)('messages %s', (_name, parse, messages) => {
  it.each(messages.map((message) => [message.kind, message] as const))('%s passes unchanged', (_kind, message) => {
    expect(parse(JSON.parse(JSON.stringify(message)))).toEqual({ ok: true, message });
  });

  it('lose fields that nobody knows', () => {
    for (const message of messages) expect(parse({ ...message, extra: 1 })).toEqual({ ok: true, message });
  });

  it('with any field missing or of another type are an error or still a message, never an exception', () => {
    const others = [undefined, null, -1, 1.5, Number.NaN, 'x', '', [], {}, true, 2 ** 60, 'A'.repeat(2_000_000)];
    for (const message of messages) {
      for (const key of Object.keys(message)) {
        for (const other of others) {
          const parsed = parse({ ...message, [key]: other });
          if (key === 'kind') expect(parsed.ok).toBe(false);
        }
      }
    }
  });

  it('that are no messages are errors', () => {
    for (const value of [undefined, null, 1, 'hello', [], {}, { kind: 'nothing' }, { kind: ['hello'] }]) {
      expect(parse(value).ok).toBe(false);
    }
  });

  it('that were changed at random give a value or an error', () => {
    for (let seed = 0; seed < 2000; seed++) {
      const prng = new Prng(seed);
      const text = [...JSON.stringify(messages[prng.int(messages.length)])];
      for (let i = 0; i < 3; i++) text[prng.int(text.length)] = String.fromCharCode(32 + prng.int(95));
      let value: unknown;
      try {
        value = JSON.parse(text.join(''));
      } catch {
        continue;
      }
      const parsed = parse(value);
      if (!parsed.ok) expect(parsed.why).not.toBe('');
    }
  });
});

describe('how a helper ended', () => {
  it('is hexadecimal, a known reason and a signal’s name, or not believed', () => {
    const message = { kind: 'exited', reason: 'ended', code: 1, signal: null, stderr: '' };
    for (const wrong of [{ stderr: 'abc' }, { stderr: 'x' }, { reason: 'bored' }, { signal: 'rm -rf' }, { code: -1 }]) {
      expect(parseFromHelper({ ...message, ...wrong }).ok).toBe(false);
    }
  });
});

describe('a greeting of another version', () => {
  it('is read as far as every version has it', () => {
    const greeting = { kind: 'hello', protocol: { major: 7, minor: 1 }, helper: '7.0.0', limits: 'none', features: {} };
    expect(parseFromHelper(greeting).ok).toBe(false);
    expect(parseForeignHello(greeting)).toMatchObject({ protocol: { major: 7, minor: 1 }, helper: '7.0.0' });
    expect(parseForeignHello({ ...greeting, helper: 7 })).toMatchObject({ helper: 'unknown' });
    for (const other of [null, {}, { ...greeting, protocol: 7 }, { ...greeting, kind: 'ok' }]) {
      expect(parseForeignHello(other)).toBeUndefined();
    }
  });
});

describe('a request that cannot be read', () => {
  it('is answered under its id, where it has one', () => {
    expect(parseToHelper({ kind: 'open', id: 7 })).toMatchObject({ ok: false, id: 7 });
    expect(parseToBackground({ kind: 'start', id: 8, request: 1 })).toMatchObject({ ok: false, id: 8 });
    expect(parseToHelper({ kind: 'open', id: -7 })).toMatchObject({ ok: false, id: undefined });
  });

  it('says which field is wrong', () => {
    const parsed = parseToHelper({
      kind: 'send',
      socket: 1,
      datagrams: [{ packet: 1, address: 'x', port: 70_000, data: '' }],
    });
    expect(parsed).toMatchObject({ ok: false, why: expect.stringContaining('datagrams.0.port') });
  });

  it('nested without end is an error', () => {
    const deep: unknown = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);
    expect(parseToBackground({ kind: 'start', id: 1, request: { target: 'sim', options: { mtu: deep } } }).ok).toBe(
      false,
    );
  });

  it('with more datagrams or longer names than allowed is an error', () => {
    const datagram = { packet: 1, address: '::1', port: 1, data: '' };
    expect(parseToHelper({ kind: 'send', socket: 1, datagrams: Array(257).fill(datagram) }).ok).toBe(false);
    expect(parseToHelper({ kind: 'resolve', id: 1, host: 'a'.repeat(254) }).ok).toBe(false);
  });
});

describe('helper errors', () => {
  it('have numbers that are all different and names that are found again', () => {
    const codes = Object.values(helperErrors);
    expect(new Set(codes).size).toBe(codes.length);
    for (const [name, code] of Object.entries(helperErrors)) expect(helperErrorName(code)).toBe(name);
    expect(helperErrorName(999)).toBeUndefined();
  });

  it('keep the numbers that documentation quotes', () => {
    expect(helperErrors).toEqual({
      protocolMismatch: 100,
      badMessage: 101,
      messageTooLarge: 102,
      forbiddenOrigin: 103,
      notGreeted: 104,
      unknownSocket: 200,
      socketInUse: 201,
      tooManySockets: 202,
      bindFailed: 203,
      resolveFailed: 210,
      forbiddenAddress: 220,
      datagramTooLarge: 221,
      floodBeforeAnswer: 222,
      rateExceeded: 223,
      sendFailed: 230,
      refused: 231,
      tooBig: 232,
    });
  });
});
