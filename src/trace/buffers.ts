/**
 * Where bytes come from. A field's range points into a buffer, and DTLS makes buffers: a datagram, a message reassembled
 * from fragments, a record decrypted. `project` maps a range of any of them back to the datagrams that gave rise to it,
 * so that a cipher suite cut by a fragment border lights up in both.
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
  switch (origin.kind) {
    case 'datagram':
      return [{ packet: origin.packet, start, end }];
    case 'unmasked':
      return project(origins, origin.from, origin.start + start, origin.start + end);
    case 'decrypted':
      return project(origins, origin.from, origin.start, origin.end);
    case 'reassembled':
      return origin.parts.flatMap((part) => {
        const from = Math.max(start, part.at);
        const to = Math.min(end, part.at + part.length);
        return from < to ? project(origins, part.from, part.start + from - part.at, part.start + to - part.at) : [];
      });
    default:
      return unreachable(origin);
  }
}
