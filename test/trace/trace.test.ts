import { describe, expect, it } from 'vitest';
import type { DatagramContents as EngineContents, Parameters } from '../../src/engine/api.ts';
import type { Failure as EngineFailure } from '../../src/engine/failure.ts';
import { type BufferId, derivedFrom, type Origin, project, sourcesOf } from '../../src/trace/buffers.ts';
import type { DatagramContents, Failure, TraceParameters } from '../../src/trace/facts.ts';
import type { TraceEvent, TraceHeader } from '../../src/trace/model.ts';
import { TraceRecorder } from '../../src/trace/recorder.ts';
import { sanitise, secretsIn } from '../../src/trace/sanitise.ts';
import { randomTrace } from './events.ts';

const header: TraceHeader = {
  tool: 't',
  kind: 'run',
  startedAt: undefined,
  title: undefined,
  localRole: 'client',
  commandLine: undefined,
};

it('takes what the engine says without translation', () => {
  // Assignability is what is tested, by the compiler; the values keep the test honest at run time.
  const contents: DatagramContents = { flight: 1, attempt: 0, records: [] } satisfies EngineContents;
  const parameters = {
    version: '1.2',
    cipherSuite: 0xc02b,
    group: 29,
    peerSignature: undefined,
    srtpProfile: undefined,
    alpn: undefined,
    extendedMasterSecret: true,
  } satisfies Parameters as Parameters;
  const kept: TraceParameters = parameters;
  const failure: Failure = { fault: 'peer', code: 'bad-finished' } satisfies EngineFailure as EngineFailure;
  expect([contents.flight, kept.cipherSuite, failure.code]).toEqual([1, 0xc02b, 'bad-finished']);
});

describe('sanitising', () => {
  it('drops secrets and nothing else', () => {
    const trace = randomTrace(1);
    const clean = sanitise(trace);
    expect(clean.events).toEqual(trace.events.filter((event) => event.kind !== 'secret'));
    expect(secretsIn(clean)).toEqual({ secrets: 0, handshakes: 0 });
    expect(secretsIn(trace).secrets).toBe(trace.events.length - clean.events.length);
  });

  it.each([
    [
      'dtlscope probe whip:https://me:word@gw.test/x --token abc --mtu 300',
      'dtlscope probe whip:https://REMOVED@gw.test/x --token REMOVED --mtu 300',
    ],
    ["dtlscope probe a:1 --token='a b' --seed 1", 'dtlscope probe a:1 --token=REMOVED --seed 1'],
    ['dtlscope probe a:1 --turn turns:user:pass@relay.test', 'dtlscope probe a:1 --turn turns:REMOVED@relay.test'],
    ['dtlscope probe a:1 --cert a.pem', 'dtlscope probe a:1 --cert a.pem'],
  ])('takes credentials out of %s', (commandLine, expected) => {
    expect(sanitise({ header: { ...header, commandLine }, events: [] }).header.commandLine).toBe(expected);
  });
});

describe('a recorder', () => {
  const note = (text: string): TraceEvent => ({ kind: 'note', at: 0, text });

  it('tells a late listener everything from the start, in order, until it stops listening', () => {
    const recorder = new TraceRecorder(header);
    const heard: TraceEvent[] = [];
    recorder.push(note('a'));
    const stop = recorder.subscribe((event) => heard.push(event));
    recorder.push(note('b'));
    stop();
    recorder.push(note('c'));
    expect(heard).toEqual([note('a'), note('b')]);
    expect(recorder.events).toEqual([note('a'), note('b'), note('c')]);
  });

  it('keeps the bytes of a datagram when the socket reuses its buffer', () => {
    const recorder = new TraceRecorder(header);
    const bytes = Uint8Array.of(1, 2, 3);
    const packet = recorder.nextPacket();
    recorder.push({
      kind: 'datagram',
      at: 0,
      packet,
      src: 'a',
      dst: 'b',
      from: 'client',
      bytes,
      length: 3,
      contents: undefined,
    });
    bytes.fill(9);
    const [event] = recorder.events;
    expect(event?.kind === 'datagram' && [...event.bytes]).toEqual([1, 2, 3]);
    expect([packet, recorder.nextPacket()]).toEqual([1, 2]);
  });
});

describe('provenance', () => {
  const id = (n: number): BufferId => n as BufferId;
  const origins = new Map<BufferId, Origin>([
    [id(1), { kind: 'datagram', packet: 11 }],
    [id(2), { kind: 'datagram', packet: 12 }],
    [
      id(3),
      {
        kind: 'reassembled',
        parts: [
          { at: 0, length: 10, from: id(1), start: 25 },
          { at: 10, length: 5, from: id(2), start: 25 },
        ],
      },
    ],
    [id(4), { kind: 'decrypted', from: id(2), start: 13, end: 60 }],
    [id(5), { kind: 'reassembled', parts: [{ at: 0, length: 4, from: id(4), start: 12 }] }],
    [id(6), { kind: 'unmasked', from: id(1), start: 100 }],
  ]);

  it('finds a field that a fragment border cuts in both datagrams', () => {
    expect(project(origins, id(3), 9, 12)).toEqual([
      { packet: 11, start: 34, end: 35 },
      { packet: 12, start: 25, end: 27 },
    ]);
  });

  it('knows what was decrypted only as a whole', () => {
    expect(project(origins, id(5), 1, 2)).toEqual([{ packet: 12, start: 13, end: 60 }]);
  });

  it('keeps places of what was unmasked, and nothing of what is unknown', () => {
    expect(project(origins, id(6), 1, 3)).toEqual([{ packet: 11, start: 101, end: 103 }]);
    expect(project(origins, id(99), 0, 1)).toEqual([]);
  });

  const made = (n: number, length: number) => {
    const origin = origins.get(id(n));
    if (!origin) throw new Error(`no buffer ${n}`);
    return { id: id(n), origin, length };
  };

  it('finds what was made of a range, on both sides of a border', () => {
    const place = (n: number, start: number, end: number) => ({ buffer: id(n), start, end });
    expect(derivedFrom(made(3, 15), place(1, 30, 200))).toEqual([{ ...place(3, 5, 10), whole: false }]);
    expect(derivedFrom(made(3, 15), place(2, 0, 26))).toEqual([{ ...place(3, 10, 11), whole: false }]);
    expect(derivedFrom(made(3, 15), place(2, 30, 40))).toEqual([]);
    expect(derivedFrom(made(4, 23), place(2, 59, 80))).toEqual([{ ...place(4, 0, 23), whole: true }]);
    expect(derivedFrom(made(4, 23), place(2, 60, 80))).toEqual([]);
    expect(derivedFrom(made(6, 8), place(1, 90, 104))).toEqual([{ ...place(6, 0, 4), whole: false }]);
    expect(derivedFrom(made(6, 8), place(2, 90, 104))).toEqual([]);
    expect(derivedFrom(made(1, 8), place(2, 0, 8))).toEqual([]);
  });

  it('goes up where it came down', () => {
    for (const [n, length] of [
      [3, 15],
      [5, 4],
      [6, 8],
    ] as const) {
      const { origin } = made(n, length);
      for (let start = 0; start < length; start++) {
        const [step, ...more] = sourcesOf(origin, start, start + 1);
        if (!step || more.length > 0) throw new Error(`${more.length + 1} sources`);
        expect(derivedFrom(made(n, length), step)).toEqual([{ buffer: id(n), start, end: start + 1, whole: false }]);
      }
    }
  });
});
