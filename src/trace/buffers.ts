/**
 * Where bytes come from. A field's range points into a buffer, and DTLS makes buffers: a datagram, a message reassembled
 * from fragments, a record decrypted. `project` maps a range of any of them back to the datagrams that gave rise to it,
 * so that a cipher suite cut by a fragment border lights up in both; `sourcesOf` and `derivedFrom` go one step down and
 * one step up.
 */
import { unreachable } from '../base/unreachable.ts';
import type { PacketNumber } from './model.ts';

export type BufferId = number & { readonly __id: 'buffer' };

export type Origin =
  | { readonly kind: 'datagram'; readonly packet: PacketNumber }
  | {
      readonly kind: 'reassembled';
      readonly parts: readonly {
        readonly at: number;
        readonly length: number;
        readonly from: BufferId;
        readonly start: number;
      }[];
    }
  /** Same places, other values (a record number unmasked, RFC 9147 §4.2.3). */
  | { readonly kind: 'unmasked'; readonly from: BufferId; readonly start: number }
  /** Known only as a whole: a cipher has no finer map. */
  | { readonly kind: 'decrypted'; readonly from: BufferId; readonly start: number; readonly end: number };

/** A range of a buffer, half open. */
export interface Place {
  readonly buffer: BufferId;
  readonly start: number;
  readonly end: number;
}

/** A range inside one datagram's UDP payload, half open. */
export interface PacketRange {
  readonly packet: PacketNumber;
  readonly start: number;
  readonly end: number;
}

/** The ranges of the datagrams that gave rise to [start, end) of a buffer. */
export function project(
  origins: ReadonlyMap<BufferId, Origin>,
  id: BufferId,
  start: number,
  end: number,
): PacketRange[] {
  const origin = origins.get(id);
  if (!origin) return [];
  if (origin.kind === 'datagram') return [{ packet: origin.packet, start, end }];
  return sourcesOf(origin, start, end).flatMap((step) => project(origins, step.buffer, step.start, step.end));
}

/** A place one step away; `whole` when only the whole of it is known to hold the bytes that were asked for. */
export interface Step extends Place {
  readonly whole: boolean;
}

/** Where the bytes of a place were taken from, one step down. */
export function sourcesOf(origin: Origin, start: number, end: number): Step[] {
  switch (origin.kind) {
    case 'datagram':
      return [];
    case 'unmasked':
      return [{ buffer: origin.from, start: origin.start + start, end: origin.start + end, whole: false }];
    case 'decrypted':
      return [{ buffer: origin.from, start: origin.start, end: origin.end, whole: true }];
    case 'reassembled':
      return origin.parts.flatMap((part) => {
        const from = Math.max(start, part.at);
        const to = Math.min(end, part.at + part.length);
        const by = part.start - part.at;
        return from < to ? [{ buffer: part.from, start: from + by, end: to + by, whole: false }] : [];
      });
    default:
      return unreachable(origin);
  }
}

/** What of a buffer with this origin and length was made from a place: the inverse of `sourcesOf`. */
export function derivedFrom(
  derived: { readonly id: BufferId; readonly origin: Origin; readonly length: number },
  place: Place,
): Step[] {
  const { id, origin, length } = derived;
  switch (origin.kind) {
    case 'datagram':
      return [];
    case 'unmasked': {
      const start = Math.max(0, place.start - origin.start);
      const end = Math.min(length, place.end - origin.start);
      return origin.from === place.buffer && start < end ? [{ buffer: id, start, end, whole: false }] : [];
    }
    case 'decrypted': {
      const touched = place.start < origin.end && place.end > origin.start;
      return origin.from === place.buffer && touched ? [{ buffer: id, start: 0, end: length, whole: true }] : [];
    }
    case 'reassembled':
      return origin.parts.flatMap((part) => {
        const from = Math.max(place.start, part.start);
        const to = Math.min(place.end, part.start + part.length);
        const by = part.at - part.start;
        return part.from === place.buffer && from < to
          ? [{ buffer: id, start: from + by, end: to + by, whole: false }]
          : [];
      });
    default:
      return unreachable(origin);
  }
}
