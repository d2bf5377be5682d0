/** Random traces for property tests: every kind of event, every kind of link action, optional fields there and not. */
import { Prng } from '../../src/base/random.ts';
import type { LinkAction, QueueState, Trace, TraceEvent, TraceHeader } from '../../src/trace/model.ts';
import { pathFactKinds, pathFactShape, readPathFact } from '../../src/trace/pathFacts.ts';
import { readStepResult, stepResultKinds, stepResultShape } from '../../src/trace/stepFacts.ts';

export const eventKinds = [
  'datagram',
  'link',
  'timer',
  'state',
  'dropped',
  'secret',
  'alert',
  'connected',
  'failed',
  'closed',
  'fingerprint',
  'refused',
  'ice',
  'turn',
  'signalling',
  'data',
  'step',
  'note',
  'end',
] as const satisfies readonly TraceEvent['kind'][];

// Every kind is in the list: a new one stops compiling here.
const _complete: Exclude<TraceEvent['kind'], (typeof eventKinds)[number]> extends never ? true : never = true;
void _complete;

export const linkActions = [
  'delivered',
  'lost',
  'too-large',
  'queue-full',
  'queued',
  'truncated',
  'corrupted',
  'duplicated',
  'held-back',
] as const satisfies readonly LinkAction['kind'][];

/** Text that files get wrong: line ends, record separators, quotes, lone surrogates, bidi controls, nothing. */
const texts = [
  '',
  'plain',
  'line\nfeed\r',
  '\u001e',
  '"quoted" \\',
  '\ud800',
  '𝒟TLS é',
  '\u202edrawkcab',
  '{"a":[',
  '\u0000',
];

export function randomTrace(seed: number, count = 60): Trace {
  const random = new Prng(seed);
  return { header: randomHeader(random), events: Array.from({ length: count }, (_, i) => randomEvent(random, i)) };
}

export function randomHeader(random: Prng): TraceHeader {
  return {
    tool: text(random),
    kind: pick(random, ['run', 'simulation', 'capture'] as const),
    startedAt: maybe(random, () => 1.7e12 + random.float() * 1e9),
    title: maybe(random, () => text(random)),
    localRole: maybe(random, () => pick(random, ['client', 'server'] as const)),
    commandLine: maybe(random, () => text(random)),
  };
}

export function randomEvent(random: Prng, index: number): TraceEvent {
  const kind = eventKinds[index % eventKinds.length] ?? 'note';
  const at = random.float() * 1e5;
  const actor = pick(random, ['client', 'server'] as const);
  const n = (below = 1000): number => random.int(below);
  switch (kind) {
    case 'datagram': {
      const bytes = random.bytes(n(300));
      return {
        kind,
        at,
        packet: n() + 1,
        src: text(random),
        dst: '[2001:db8::1]:4433',
        from: maybe(random, () => actor),
        bytes,
        length: bytes.length + n(3),
        contents: maybe(random, () => ({
          flight: n(),
          attempt: n(),
          records: Array.from({ length: n(3) }, () => ({
            epoch: n(),
            sequenceNumber: n(2 ** 48),
            type: n(256),
            fragments: Array.from({ length: n(3) }, () => ({
              message: n(256),
              messageSeq: n(65536),
              offset: n(2 ** 24),
              length: n(2 ** 24),
              total: n(2 ** 24),
            })),
          })),
        })),
      };
    }
    case 'link':
      return { kind, at, packet: n() + 1, action: randomAction(random, n()), rule: text(random) };
    case 'timer': {
      const action = pick(random, ['set', 'fired', 'cancelled'] as const);
      return { kind, at, actor, action, flight: n(), attempt: n(), durationMs: random.float() * 1e4 };
    }
    case 'state':
      return { kind, at, actor, from: text(random), to: text(random), because: text(random) };
    case 'dropped':
      return {
        kind,
        at,
        actor,
        packet: maybe(random, () => n()),
        reason: text(random),
        offset: maybe(random, () => n()),
        detail: maybe(random, () => text(random)),
      };
    case 'secret':
      return { kind, at, label: 'CLIENT_RANDOM', clientRandom: random.bytes(32), secret: random.bytes(48) };
    case 'alert': {
      const direction = pick(random, ['sent', 'received'] as const);
      return { kind, at, actor, direction, level: n(256), description: n(256) };
    }
    case 'connected':
      return {
        kind,
        at,
        actor,
        parameters: {
          version: '1.2',
          cipherSuite: n(65536),
          group: maybe(random, () => n(65536)),
          peerSignature: maybe(random, () => n(65536)),
          srtpProfile: maybe(random, () => n(65536)),
          alpn: maybe(random, () => text(random)),
          extendedMasterSecret: n(2) === 0,
        },
      };
    case 'failed':
      return {
        kind,
        at,
        actor,
        failure: {
          fault: 'peer',
          code: text(random),
          expected: [text(random), text(random)],
          at: n(),
          deep: { a: [1, null] },
        },
      };
    case 'closed':
      return { kind, at, actor, by: pick(random, ['peer', 'us'] as const) };
    case 'fingerprint':
      return {
        kind,
        at,
        of: actor,
        hash: text(random),
        value: random.bytes(32),
        ...(random.int(2) === 0 ? {} : { ufrag: text(random) }),
      };
    case 'refused':
      return {
        kind,
        at,
        by: text(random),
        why: text(random),
        ...(random.int(2) === 0 ? {} : { src: text(random), dst: text(random) }),
      };
    case 'ice':
    case 'turn':
    case 'signalling': {
      const name = pick(random, pathFactKinds(kind));
      const read = readPathFact(kind, { kind: name, ...randomFields(random, pathFactShape(kind, name) ?? {}) });
      if (!read.ok) throw new Error(`no ${name} without ${read.field}`);
      return { kind, at, fact: read.fact } as TraceEvent;
    }
    case 'data':
      return { kind, at, actor, direction: pick(random, ['sent', 'received'] as const), length: n() };
    case 'step': {
      const state = pick(random, ['begun', 'done', 'failed'] as const);
      const head = { kind, at, actor, number: n() + 1, count: n() + 1, step: text(random) } as const;
      if (state === 'begun') return { ...head, state };
      const name = pick(random, stepResultKinds(state));
      const read = readStepResult(state, {
        kind: name,
        ...randomFields(random, stepResultShape(state, name) ?? {}),
      });
      if (!read.ok) throw new Error(`no ${name} without ${read.field}`);
      return { ...head, state, result: read.fact } as TraceEvent;
    }
    case 'note':
      return { kind, at, text: text(random) };
    case 'end':
      return {
        kind,
        at,
        how: pick(random, ['done', 'cancelled', 'interrupted'] as const),
        why: maybe(random, () => text(random)),
      };
  }
}

/** Values of the types that a fact's shape asks for. */
function randomFields(random: Prng, shape: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(shape).map(([field, type]) => {
      const value = type.startsWith('text')
        ? text(random)
        : type.startsWith('number')
          ? random.int(1000)
          : random.int(2) === 0;
      return [field, type.endsWith('?') ? maybe(random, () => value) : value];
    }),
  );
}

function randomAction(random: Prng, n: number): LinkAction {
  const kind = pick(random, linkActions);
  const at = random.float() * 1e5;
  switch (kind) {
    case 'lost':
      return { kind };
    case 'queue-full': {
      const queue = maybe(random, () => randomQueue(random));
      return queue ? { kind, queue } : { kind };
    }
    case 'queued':
      return { kind, ms: random.float() * 1e3, queue: randomQueue(random), at };
    case 'too-large': {
      const toldAt = maybe(random, () => at);
      return { kind, mtu: n, ...(toldAt === undefined ? {} : { toldAt }) };
    }
    case 'truncated':
      return { kind, to: n, at };
    default:
      return { kind, at };
  }
}

const randomQueue = (random: Prng): QueueState => ({
  bytes: random.int(1e6),
  loadBytes: random.int(1e5),
  loads: Array.from({ length: random.int(3) }, () => text(random)),
});
const pick = <T>(random: Prng, of: readonly T[]): T => of[random.int(of.length)] as T;
const maybe = <T>(random: Prng, make: () => T): T | undefined => (random.int(2) === 0 ? undefined : make());
const text = (random: Prng): string => pick(random, texts);
