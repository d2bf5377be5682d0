/**
 * What is lit when bytes are selected: they themselves, and the same bytes in every other buffer. One function, so that
 * ladder, packing, trees and hex never differ. Linear in the sendings of the messages concerned.
 */
import type { LinkedBy, LinkedPlace } from '../../src/analysis/inspect/model.ts';
import type { BufferId, Place } from '../../src/trace/buffers.ts';
import type { PacketNumber } from '../../src/trace/model.ts';

/** `own`: the selected bytes; otherwise how they are linked to them. */
export type LitBy = 'own' | LinkedBy;

export interface LitRange {
  readonly start: number;
  readonly end: number;
  readonly how: LitBy;
}

export interface Light {
  readonly buffers: ReadonlyMap<BufferId, readonly LitRange[]>;
  readonly packets: ReadonlyMap<PacketNumber, readonly LitRange[]>;
  /** In words, with datagrams to go to: "in datagrams 5 and 6". */
  readonly lines: readonly LightLine[];
}

export interface LightLine {
  readonly how: LitBy;
  /** "In datagrams", "Sent again in datagram"; the links follow. */
  readonly text: string;
  readonly places: readonly (Place & { readonly packet: PacketNumber })[];
}

export const dark: Light = { buffers: new Map(), packets: new Map(), lines: [] };

/** What the inspector knows; a part of it, so that tests can stand in. */
export interface Linker {
  placesOf(place: Place): LinkedPlace[];
  buffer(id: BufferId): { readonly packet: PacketNumber | undefined; readonly kind: string } | undefined;
}

export function lightOf(linker: Linker, place: Place | undefined): Light {
  if (!place) return dark;
  const own = linker.buffer(place.buffer);
  const packet = own?.kind === 'datagram' ? own.packet : undefined;
  const all: readonly (Place & { readonly how: LitBy; readonly packet: PacketNumber | undefined })[] = [
    { ...place, how: 'own', packet },
    ...linker.placesOf(place),
  ];
  const buffers = new Map<BufferId, LitRange[]>();
  const packets = new Map<PacketNumber, LitRange[]>();
  for (const { buffer, start, end, how, packet: number } of all) {
    put(buffers, buffer, { start, end, how });
    if (number !== undefined) put(packets, number, { start, end, how });
  }
  return { buffers, packets, lines: linesOf(all, own?.kind === 'datagram') };
}

function put<K>(map: Map<K, LitRange[]>, key: K, range: LitRange): void {
  const known = map.get(key);
  if (known) known.push(range);
  else map.set(key, [range]);
}

const words: Readonly<Record<LitBy, string>> = {
  own: 'In',
  same: 'In',
  again: 'Sent again in',
  lost: 'Lost in',
  conflict: 'With other bytes in',
  sealed: 'Encrypted in',
};
const order: readonly LitBy[] = ['same', 'lost', 'again', 'conflict', 'sealed'];

/**
 * One line for each way of being linked. Bytes that are in one datagram alone, the one that is looked at, need no line;
 * bytes that a border cuts name all datagrams that they are in.
 */
function linesOf(
  all: readonly (Place & { readonly how: LitBy; readonly packet: PacketNumber | undefined })[],
  ownIsDatagram: boolean,
): LightLine[] {
  const lines: LightLine[] = [];
  for (const how of order) {
    const first = new Map<PacketNumber, Place & { readonly packet: PacketNumber }>();
    for (const { buffer, start, end, how: by, packet } of all) {
      if (packet === undefined || !(by === how || (how === 'same' && by === 'own'))) continue;
      if (!first.has(packet)) first.set(packet, { buffer, start, end, packet });
    }
    const places = [...first.values()].sort((a, b) => a.packet - b.packet);
    if (places.length === 0 || (how === 'same' && ownIsDatagram && places.length === 1)) continue;
    lines.push({ how, text: `${words[how]} ${places.length === 1 ? 'datagram' : 'datagrams'}`, places });
  }
  return lines;
}

/** How the byte at `at` is lit; the first range that holds it. */
export const litAt = (ranges: readonly LitRange[] | undefined, at: number): LitBy | undefined =>
  ranges?.find(({ start, end }) => start <= at && at < end)?.how;
