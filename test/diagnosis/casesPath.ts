/** Traces about the way to a path: STUN around handshakes, roles that do not fit, addresses that change. */
import type { DatagramEvent, Trace, TraceEvent } from '../../src/trace/model.ts';
import { answer, check } from '../support/stunMessages.ts';
import { captureAt, captureHeader, type Simulated, simulated, simulationHeader } from '../support/traces.ts';

const [a, b] = ['192.0.2.1:5000', '192.0.2.2:6000'];

const captureOf = (options: Simulated = {}): readonly DatagramEvent[] =>
  captureAt(simulated(options), 'client', false).events.flatMap((event) => (event.kind === 'datagram' ? [event] : []));

const trace = (events: readonly TraceEvent[]): Trace => ({
  header: captureHeader,
  events: [...events].sort((x, y) => x.at - y.at),
});

/** The same datagrams, later, as frames of another number. */
const later = (events: readonly DatagramEvent[], ms: number, packets: number): DatagramEvent[] =>
  events.map((event) => ({ ...event, at: event.at + ms, packet: event.packet + packets }));

const swapped = (event: DatagramEvent): DatagramEvent => ({ ...event, src: event.dst, dst: event.src });

const [hello] = captureOf();
if (!hello) throw new Error('no ClientHello');
const { src: client, dst: server } = hello;
const [otherHello] = captureOf({ seed: 99, client: { srtpProfiles: [1] } });
if (!otherHello) throw new Error('no ClientHello');

/** An answered check between the two, `at` and 10 ms later. */
const proved = (at: number, [from, to] = [client, server]): DatagramEvent[] => [
  check({ at, packet: 901, src: from, dst: to, transaction: 1 }),
  answer({ at: at + 10, packet: 902, src: to, dst: from, transaction: 1 }),
];

/** ICE that works, and goes on working, with nothing else. */
export const onlyStun = (ms: number) => (): Trace =>
  trace([
    check({ at: 0, packet: 1, src: a, dst: b, transaction: 1 }),
    answer({ at: 12, packet: 2, src: b, dst: a, transaction: 1 }),
    check({ at: ms, packet: 3, src: a, dst: b, transaction: 2 }),
  ]);

export const bothBegin = (): Trace =>
  trace([
    { ...hello, at: 0, packet: 1 },
    swapped({ ...otherHello, at: 5, packet: 2 }),
    { ...hello, at: 1000, packet: 3 },
    { kind: 'note', at: 3000, text: 'the end' },
  ]);

/** The same, and one of them says unexpected_message to it, as OpenSSL does. */
export const bothBeginWithAlert = (): Trace => {
  const bytes = Uint8Array.of(21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 10);
  return trace([
    { ...hello, at: 0, packet: 1 },
    swapped({ ...otherHello, at: 5, packet: 2 }),
    swapped({ ...otherHello, at: 15, packet: 3, bytes, length: bytes.length }),
  ]);
};

export const provedFirst = (): Trace => trace([...proved(0), ...later(captureOf(), 50, 0)]);
export const helloFirst = (): Trace => trace([...later(captureOf(), 0, 0), ...proved(hello.at + 0.5)]);

/**
 * A client whose ClientHello is sent again before ICE has chosen a pair, and a server that answers as soon as it has; or
 * one that answers at once, and ICE chooses `when` that is done.
 */
export const nominated = (when: 'between' | 'first' | 'after') => (): Trace => {
  const [first, ...rest] = captureOf();
  if (!first) throw new Error('no ClientHello');
  const at = { first: 20, between: 160, after: 5000 }[when];
  const bytes = Uint8Array.from(first.bytes);
  // The low byte of the record number: a sending of its own, and no copy of the network's.
  bytes[10] = 1;
  const again = when === 'between' ? [{ ...first, bytes, at: 130, packet: 90 }] : [];
  const answered = when === 'between' ? 163 : 40;
  const begin = rest[0]?.at ?? 0;
  return trace([
    ...proved(0),
    { ...first, at: 30 },
    ...again,
    check({ at, packet: 903, src: client, dst: server, transaction: 2 }, true),
    answer({ at: at + 1, packet: 904, src: server, dst: client, transaction: 2 }),
    ...rest.map((event) => ({ ...event, at: answered + event.at - begin, packet: event.packet + 100 })),
  ]);
};

/** A client that ends with an alert, `gapMs` after STUN came to it; with DTLS in between when `between`. */
export const alertAfterStun = (between: boolean) => (): Trace => {
  const refused = captureOf({ client: { groups: [24] }, server: { groups: [29] } });
  const at = refused.find(({ bytes }) => bytes[0] === 21);
  if (!at) throw new Error('no alert');
  // unexpected_message, as a stack says to what is no record.
  const bytes = Uint8Array.from(at.bytes);
  bytes[bytes.length - 1] = 10;
  const alert: DatagramEvent = { ...at, bytes, src: client, dst: server, at: 40, packet: 50 };
  const flights = captureOf().slice(0, 3);
  const last = flights.filter(({ src }) => src === server).map((event) => ({ ...event, at: 38 }));
  return trace([
    ...flights.map((event, i) => ({ ...event, at: i })),
    check({ at: 35, packet: 40, src: server, dst: client, transaction: 5 }),
    ...(between ? later(last, 0, 100) : []),
    alert,
  ]);
};

/** A run whose handshake goes through, and whose ICE selects another pair `when` it does. */
export const selectedAgain = (when: 'during' | 'after') => (): Trace => {
  const run = simulated({ rules: ['delay=40ms'] });
  const end = run.events.find(({ kind }) => kind === 'connected')?.at ?? 0;
  const at = when === 'during' ? end / 2 : end + 500;
  const before = { beforeBase: a, beforeRemote: '192.0.2.2:7000' };
  const fact = { kind: 'selected', base: a, remote: b, ...before } as const;
  return {
    header: simulationHeader,
    events: [...run.events, { kind: 'ice', at, fact } satisfies TraceEvent].sort((x, y) => x.at - y.at),
  };
};

/** A capture of a slow handshake in which the client's address is another one from its second flight on. */
export const movedCapture = (when: 'during' | 'never') => (): Trace => {
  const events = captureOf({ rules: ['delay=40ms'] });
  const hello = events.findIndex(({ src }) => src === server);
  const second = events.findIndex(({ src }, i) => i > hello && src === client);
  const elsewhere = (address: string): string => (address === client ? '203.0.113.7:7777' : address);
  return trace(
    events.map((event, i) =>
      when === 'during' && i >= second ? { ...event, src: elsewhere(event.src), dst: elsewhere(event.dst) } : event,
    ),
  );
};

/** A run whose ICE has a path, over which nothing comes; two datagrams of DTLS came from `from` and were dropped. */
export const strangersAfter = (from: string) => (): Trace => {
  const run = simulated({ rules: ['in:loss=100%'], timeoutMs: 5000 });
  const gone = new Set(
    run.events.flatMap((event) => (event.kind === 'datagram' && event.from === 'server' ? [event.packet] : [])),
  );
  const ours = run.events.filter((event) => !(event.kind === 'datagram' && gone.has(event.packet)));
  const dropped = { kind: 'dropped', reason: 'stranger', from, detail: '90 bytes of DTLS' } as const;
  const facts = [
    { kind: 'pair', base: a, remote: b, state: 'succeeded', because: 'answered' } as const,
    dropped,
    dropped,
  ].map((fact, i): TraceEvent => ({ kind: 'ice', at: i * 20, fact }));
  return { header: simulationHeader, events: [...ours, ...facts].sort((x, y) => x.at - y.at) };
};

/** A run behind signalling that ends before DTLS: two checks to each of these addresses of the peer's, and what became of them. */
export const noPath = (code: string, remotes: readonly string[], number?: number) => (): Trace => {
  const checks = remotes.flatMap((dst, i) =>
    [0, 1].map((n) => ({ ...check({ at: i * 20 + n * 500, packet: i * 2 + n + 1, src: a, dst, transaction: i }) })),
  );
  const pairs = remotes.map((remote): TraceEvent => {
    const fact = { kind: 'pair', base: a, remote, state: 'in-progress', because: 'checked' } as const;
    return { kind: 'ice', at: 0, fact };
  });
  const failed = {
    ...{ kind: 'failed', code, pairs: remotes.length, checksSent: checks.length, checksReceived: 0, payloads: 0 },
    ...{ number, reason: undefined },
  } as const;
  const end: TraceEvent = { kind: 'ice', at: 5000, fact: { ...failed, kind: 'failed' } };
  return { header: { ...simulationHeader, kind: 'run' }, events: [...pairs, ...checks, end] };
};

/** A run whose peer answers an ICE check, and then nothing any more: neither checks nor a ClientHello in two datagrams. */
export const goneAfterIce = (): Trace => {
  const run = simulated({ rules: ['in:loss=100%'], client: { mtu: 120 }, timeoutMs: 30_000 });
  const ours = run.events.filter((event) => !(event.kind === 'datagram' && event.from === 'server'));
  const end = ours.find(({ kind }) => kind === 'end')?.at ?? 30_000;
  const failed = {
    kind: 'failed',
    code: 'consent-lost',
    ...{ pairs: 1, checksSent: 9, checksReceived: 2, payloads: 0, number: undefined, reason: undefined },
  } as const;
  const facts: TraceEvent[] = [
    {
      kind: 'ice',
      at: 0,
      fact: { kind: 'pair', base: a, remote: b, state: 'succeeded', because: 'answered' },
    },
    { kind: 'ice', at: end, fact: failed },
  ];
  return { header: simulationHeader, events: [...ours, ...facts].sort((x, y) => x.at - y.at) };
};
