/** A datagram as the trace tells of it: the event, and what the link did to it. Readings are made from these. */
import { unreachable } from '../base/unreachable.ts';
import type { BufferId, Origin } from '../trace/buffers.ts';
import type { Actor, Address, DatagramEvent, LinkAction, TraceEvent, TraceTime } from '../trace/model.ts';
import type { MessageAssembly } from '../wire/reassembly.ts';

export interface LinkNote {
  readonly action: LinkAction;
  readonly rule: string;
}

/** What carried a datagram through a relay, or in a STUN binding. */
export interface Wrapping {
  readonly form: 'ChannelData' | 'Send indication' | 'Data indication' | 'STUN binding';
  /** The relay, where one is known to be it. */
  readonly relay: Address | undefined;
  /** Where the datagram begins in the UDP payload. */
  readonly start: number;
}

export interface Entry {
  readonly event: DatagramEvent;
  /** Counts all datagrams of the trace that are kept; buffers are numbered by it. */
  readonly ordinal: number;
  readonly link: LinkNote[];
  readonly wrapping?: Wrapping | undefined;
  /** Whether it arrived when the link says nothing: true for what an endpoint of ours received, and in simulation. */
  readonly assumed: true | undefined;
}

/** How much of a datagram the other side got, as far as the link said. */
export interface Reach {
  /** Undefined when nobody knows: a capture, or the real network behind our link. */
  readonly delivered: boolean | undefined;
  readonly deliveredAt: TraceTime | undefined;
  /** Records that end at or before this byte arrived as they were sent. */
  readonly intact: number;
}

export function reachOf(link: readonly LinkNote[]): Reach {
  let delivered: boolean | undefined;
  let deliveredAt: TraceTime | undefined;
  let intact = Number.POSITIVE_INFINITY;
  let stopped = false;
  const arrives = (at: TraceTime): void => {
    delivered = true;
    deliveredAt = deliveredAt === undefined ? at : Math.min(deliveredAt, at);
  };
  for (const { action } of link) {
    switch (action.kind) {
      case 'lost':
      case 'too-large':
      case 'queue-full':
        stopped = true;
        break;
      case 'truncated':
        intact = Math.min(intact, action.to);
        arrives(action.at);
        break;
      case 'corrupted':
        intact = 0;
        arrives(action.at);
        break;
      case 'delivered':
      case 'queued':
      case 'duplicated':
      case 'held-back':
        arrives(action.at);
        break;
      default:
        return unreachable(action);
    }
  }
  if (stopped && delivered === undefined) return { delivered: false, deliveredAt: undefined, intact: 0 };
  return { delivered, deliveredAt, intact };
}

/**
 * Buffer numbers follow from the datagram that they began in, so that reading again, with a key that came late, gives the
 * same numbers: the datagram itself, then what its records decrypt to, then their headers without masks, then the messages
 * that its fragments begin.
 */
const perDatagram = 2 ** 14;
const unmaskedFrom = 2 ** 12;
const messagesFrom = 2 ** 13;
const id = (n: number): BufferId => n as BufferId;
export const datagramBuffer = (ordinal: number): BufferId => id(ordinal * perDatagram);
export const decryptedBuffer = (ordinal: number, record: number): BufferId => id(ordinal * perDatagram + 1 + record);
export const unmaskedBuffer = (ordinal: number, record: number): BufferId =>
  id(ordinal * perDatagram + unmaskedFrom + record);
export const messageBuffer = (ordinal: number, fragment: number): BufferId =>
  id(ordinal * perDatagram + messagesFrom + fragment);

/** Where buffers come from and what they hold, for all handshakes of a trace. */
export interface Buffers {
  readonly origins: Map<BufferId, Origin>;
  readonly contents: Map<BufferId, Uint8Array | MessageAssembly>;
}

type EventOf<K extends TraceEvent['kind']> = Extract<TraceEvent, { kind: K }>;

/** Facts of the ends, in order. */
export interface TrackFacts {
  readonly timers: EventOf<'timer'>[];
  readonly states: EventOf<'state'>[];
  readonly drops: EventOf<'dropped'>[];
  readonly alerts: EventOf<'alert'>[];
  readonly connected: Partial<Record<Actor, EventOf<'connected'>>>;
  readonly failures: EventOf<'failed'>[];
  readonly steps: EventOf<'step'>[];
  readonly data: EventOf<'data'>[];
  readonly refused: EventOf<'refused'>[];
  end: EventOf<'end'> | undefined;
}

/** What one side sent. */
export interface TrafficCount {
  datagrams: number;
  /** Datagrams of one ciphertext of DTLS 1.3 in an epoch behind the handshake. */
  sealed: number;
  bytes: number;
  largest: number;
  applicationData: number;
  lastApplicationDataAt: TraceTime | undefined;
  media: number;
  lastMediaAt: TraceTime | undefined;
}
