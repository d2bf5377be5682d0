/** ACKs (RFC 9147 §7): which records they list, what those held, and what that says of the messages. */
import { tryDecode } from '../codec/codec.ts';
import type { PacketNumber } from '../trace/model.ts';
import { ack } from '../wire/unified.ts';
import { type AcknowledgedRecord, type FragmentView, keptAcknowledged } from './model.ts';

/** A record that was read, for those that name it later. */
export interface KnownRecord {
  readonly packet: PacketNumber;
  readonly index: number;
  readonly fragments: readonly FragmentView[];
}

/** `undefined` when the content is no ACK. */
export function readAck(
  content: Uint8Array,
  find: (epoch: number, sequenceNumber: number) => KnownRecord | undefined,
): readonly AcknowledgedRecord[] | undefined {
  const result = tryDecode(ack, content);
  if (!result.ok) return undefined;
  return result.value.record_numbers.slice(0, keptAcknowledged).map(({ epoch, sequence_number: sequenceNumber }) => {
    const known = find(epoch, sequenceNumber);
    return {
      epoch,
      sequenceNumber,
      record: known && { packet: known.packet, index: known.index },
      fragments: known?.fragments ?? [],
    };
  });
}
