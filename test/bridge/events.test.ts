import { describe, expect, it } from 'vitest';
import { decodeEvent, decodeHeader, encodeEvent, encodeHeader } from '../../src/bridge/events.ts';
import type { TraceEvent, TraceHeader } from '../../src/trace/model.ts';

const bytes = Uint8Array.of(0, 1, 254, 255);
const events: readonly TraceEvent[] = [
  {
    kind: 'datagram',
    at: 1.25,
    packet: 1,
    src: '127.0.0.1:1',
    dst: '[::1]:2',
    from: 'client',
    bytes,
    length: 4,
    contents: {
      flight: 1,
      attempt: 0,
      records: [
        {
          epoch: 0,
          sequenceNumber: 0,
          type: 22,
          fragments: [{ message: 1, messageSeq: 0, offset: 0, length: 4, total: 9 }],
        },
      ],
    },
  },
  { kind: 'link', at: 1, packet: 1, action: { kind: 'truncated', to: 3, at: 2 }, rule: 'out:truncate=3' },
  { kind: 'timer', at: 1, actor: 'client', action: 'set', flight: 1, attempt: 0, durationMs: 1000 },
  { kind: 'state', at: 1, actor: 'server', from: 'a', to: 'b', because: 'c' },
  { kind: 'dropped', at: 1, actor: 'client', packet: 3, reason: 'replayed', offset: 0, detail: 'x' },
  { kind: 'secret', at: 1, label: 'CLIENT_RANDOM', clientRandom: bytes, secret: new Uint8Array(0) },
  { kind: 'alert', at: 1, actor: 'client', direction: 'sent', level: 2, description: 40 },
  {
    kind: 'connected',
    at: 1,
    actor: 'client',
    parameters: {
      version: '1.2',
      cipherSuite: 0xc02b,
      group: 29,
      peerSignature: 0x0403,
      srtpProfile: 1,
      alpn: 'webrtc',
      extendedMasterSecret: true,
    },
  },
  { kind: 'failed', at: 1, actor: 'client', failure: { fault: 'peer', code: 'malformed', at: 3, list: [1, 2] } },
  { kind: 'closed', at: 1, actor: 'client', by: 'peer' },
  { kind: 'fingerprint', at: 0, of: 'server', hash: 'sha-256', value: bytes },
  { kind: 'refused', at: 1, by: '127.0.0.1:9', why: 'ICMP' },
  { kind: 'note', at: 1, text: 'Grüße' },
  { kind: 'end', at: 2, how: 'done', why: undefined },
];

describe('trace events as JSON', () => {
  it.each(events.map((event) => [event.kind, event] as const))('%s crosses unchanged', (_kind, event) => {
    const crossed: unknown = JSON.parse(JSON.stringify(encodeEvent(event)));
    expect(decodeEvent(crossed)).toEqual(event);
  });

  it('that lack a field a reader needs are refused', () => {
    for (const event of events) {
      const json = JSON.parse(JSON.stringify(encodeEvent(event))) as Record<string, unknown>;
      expect(decodeEvent({ ...json, kind: 'no such kind' })).toBeUndefined();
      expect(decodeEvent({ ...json, at: 'soon' })).toBeUndefined();
      const needed = Object.keys(json).filter(
        (key) => !['kind', 'at', 'from', 'contents', 'why', 'packet', 'offset', 'detail'].includes(key),
      );
      for (const key of event.kind === 'state' ? ['from', 'to'] : needed) {
        const { [key]: _gone, ...rest } = json;
        expect(decodeEvent(rest), `${event.kind} without ${key}`).toBeUndefined();
      }
    }
  });

  it.each([
    null,
    7,
    'x',
    [],
    {},
    { kind: 'constructor', at: 1 },
    { kind: '__proto__', at: 1 },
    { kind: 'secret', at: 1, label: 'x', clientRandom: { $bytes: '!' }, secret: { $bytes: 'AA==' } },
    { kind: 'note', at: Number.NaN, text: 'x' },
  ])('that are something else (%j) are refused', (value) => {
    expect(decodeEvent(value)).toBeUndefined();
  });

  it('that are nested without end are refused without overflowing the stack', () => {
    const text = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`;
    const deep: unknown = { kind: 'failed', at: 1, actor: 'client', failure: JSON.parse(text) as unknown };
    expect(() => decodeEvent(deep)).not.toThrow();
  });

  it('cannot change what objects are', () => {
    decodeEvent(JSON.parse('{"kind":"note","at":1,"text":"x","__proto__":{"polluted":1}}'));
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

describe('headers as JSON', () => {
  it('cross unchanged, unknown fields as undefined', () => {
    const header: TraceHeader = {
      tool: 'dtlscope 1',
      kind: 'run',
      startedAt: undefined,
      title: undefined,
      localRole: 'server',
      commandLine: 'dtlscope probe',
    };
    expect(decodeHeader(JSON.parse(JSON.stringify(encodeHeader(header))))).toStrictEqual(header);
    expect(decodeHeader({ tool: 'x', kind: 'other' })).toBeUndefined();
    expect(decodeHeader([])).toBeUndefined();
  });
});
