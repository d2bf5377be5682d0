/** Findings as comments of the datagrams that show them, for a capture that goes to somebody with Wireshark. */

import type { ReadHandshake } from '../diagnosis/lead.ts';
import type { PacketNumber } from '../trace/model.ts';
import { plain } from './plain.ts';

export interface CaptureNotes {
  /** For the whole file: the verdicts. */
  readonly file: readonly string[];
  readonly packets: ReadonlyMap<PacketNumber, readonly string[]>;
}

/** Comments say what was found and hold no key: the first datagram of a finding has all of it, the others its name. */
export function captureNotes(read: readonly ReadHandshake[]): CaptureNotes {
  const packets = new Map<PacketNumber, string[]>();
  const add = (packet: PacketNumber, text: string): void => {
    packets.set(packet, [...(packets.get(packet) ?? []), text]);
  };
  for (const { diagnosis } of read)
    for (const { id, severity, title, why, fix, evidence } of diagnosis.findings) {
      const [first, ...rest] = new Set(evidence.map(({ packet }) => packet));
      if (first === undefined) continue;
      add(first, plain([`${severity} ${id}: ${title}.`, why, fix].filter((text) => text !== '').join(' ')));
      for (const packet of rest) add(packet, plain(`${severity} ${id}: ${title}`));
    }
  return {
    file: read.map(({ handshake, diagnosis }) => plain(`${handshake.id}: ${diagnosis.verdict}`)),
    packets,
  };
}
