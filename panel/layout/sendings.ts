/**
 * Where the bytes of a retransmission were sent first. Messages tell by their number and offset; records that can't be
 * read by their place in the flight and their size.
 */
import type { Handshake } from '../../src/analysis/model.ts';
import type { PacketNumber } from '../../src/trace/model.ts';

/** For every datagram that repeats something, the datagrams that had it first, in order. Linear. */
export function firstSendings(handshake: Handshake): ReadonlyMap<PacketNumber, readonly PacketNumber[]> {
  const pieces = new Map<string, { readonly offset: number; readonly end: number; readonly packet: PacketNumber }[]>();
  const opaque = new Map<string, PacketNumber>();
  const out = new Map<PacketNumber, readonly PacketNumber[]>();
  for (const datagram of handshake.datagrams) {
    const found = new Set<PacketNumber>();
    for (const record of datagram.records) {
      for (const { messageKey, offset, length } of record.fragments) {
        const end = offset + length;
        const known = pieces.get(messageKey) ?? [];
        pieces.set(messageKey, known);
        const first = known.filter(
          (one) => (one.offset < end && one.end > offset) || (one.end === end && length === 0),
        );
        for (const { packet } of first) if (packet !== datagram.packet) found.add(packet);
        // A hostile sender may cut a message into any number of pieces; a screen names a few.
        if (first.length === 0 && known.length < keptPieces) known.push({ offset, end, packet: datagram.packet });
      }
      if (record.fragments.length > 0 || datagram.flight === undefined) continue;
      const key = `${datagram.from} ${datagram.flight} ${record.type} ${record.length}`;
      const first = opaque.get(key);
      if (first === undefined) opaque.set(key, datagram.packet);
      else if (datagram.attempt > 0 && first !== datagram.packet) found.add(first);
    }
    if (found.size > 0)
      out.set(
        datagram.packet,
        [...found].sort((a, b) => a - b),
      );
  }
  return out;
}

const keptPieces = 256;

/** "first sent as datagram 4", "first sent as datagrams 4 and 5". */
export function firstSentText(packets: readonly PacketNumber[]): string {
  return `first sent as ${packets.length === 1 ? 'datagram' : 'datagrams'} ${listText(packets.map(String))}`;
}

/** "4", "4 and 5", "4, 5 and 6". */
export const listText = (items: readonly string[]): string =>
  items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
