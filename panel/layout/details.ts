/**
 * What the details area says about a datagram: facts as pairs of words, and a line for each record. Pure, so that tests
 * read it as a user does. The bytes themselves have their own view.
 */
import type { DatagramView, Handshake, RecordView } from '../../src/analysis/model.ts';
import type { PacketRange } from '../../src/trace/buffers.ts';
import type { PacketNumber } from '../../src/trace/model.ts';
import { contentTypes, nameIn, versions } from '../../src/wire/registry.ts';
import { bytesText, clock, duration, fragmentText, linkText, ordinal, plural, recordText } from './text.ts';

export interface Details {
  readonly title: string;
  readonly facts: readonly Fact[];
  readonly records: readonly RecordDetails[];
  /** What was ignored of it and why, and what could not be read. */
  readonly remarks: readonly string[];
}
export interface Fact {
  readonly name: string;
  readonly value: string;
}
export interface RecordDetails {
  readonly index: number;
  readonly title: string;
  readonly facts: readonly Fact[];
}

const typeName = nameIn(contentTypes, 2);
const versionName = nameIn(versions);

/** Undefined when the handshake has no such datagram. */
export function datagramDetails(
  handshake: Handshake,
  packet: PacketNumber,
  lit: readonly PacketRange[] = [],
): Details | undefined {
  const datagram = handshake.datagrams.find((one) => one.packet === packet);
  if (!datagram) return undefined;
  const to = datagram.from === 'client' ? 'server' : 'client';
  const facts: Fact[] = [
    { name: 'Direction', value: `${datagram.from} → ${to}` },
    { name: 'Addresses', value: `${handshake[datagram.from]} → ${handshake[to]}` },
    { name: 'Time', value: clock(datagram.at - handshake.startedAt) },
    { name: 'Size', value: `${bytesText(datagram.size)} UDP payload` },
  ];
  if (datagram.flight !== undefined) facts.push({ name: 'Flight', value: flightText(datagram, datagram.flight) });
  if (datagram.records.some((record) => record.fragments.length > 0))
    facts.push({
      name: 'New bytes',
      value: datagram.newBytes === 0 ? 'none: all was sent before' : bytesText(datagram.newBytes),
    });
  for (const { action, rule } of datagram.link) {
    const text = linkText(action, rule);
    if (text !== undefined) facts.push({ name: 'Link', value: text });
  }
  if (datagram.deliveredAt !== undefined)
    facts.push({
      name: 'Delivered',
      value: `${clock(datagram.deliveredAt - handshake.startedAt)} (${duration(datagram.deliveredAt - datagram.at)} later)`,
    });
  for (const { start, end } of lit.filter((range) => range.packet === packet))
    facts.push({ name: 'Evidence', value: `bytes ${start}–${end}` });
  return {
    title: `Datagram ${packet}`,
    facts,
    records: datagram.records.map(recordDetails),
    remarks: remarksOf(handshake, datagram),
  };
}

const flightText = (datagram: DatagramView, flight: number): string =>
  datagram.attempt === 0 ? `${flight}, first sending` : `${flight}, ${ordinal(datagram.attempt)} retransmission`;

function recordDetails(record: RecordView): RecordDetails {
  const facts: Fact[] = [
    { name: 'Bytes', value: `${record.start}–${record.end} of the datagram` },
    { name: 'Type', value: typeText(record) },
    { name: 'Version', value: versionName(record.version) },
    {
      name: 'Epoch, number',
      value: `${record.epoch}, ${record.sequenceNumber < 0 ? 'encrypted' : record.sequenceNumber}`,
    },
    { name: 'Content', value: `${bytesText(record.length)}, ${protectionText(record)}` },
  ];
  if (record.repeatedNumber !== undefined)
    facts.push({
      name: 'Repeated',
      value:
        record.repeatedNumber === 'same-bytes'
          ? 'same record number and bytes as before'
          : 'same record number as before, other bytes',
    });
  for (const fragment of record.fragments)
    facts.push({
      name: `Message ${fragment.messageSeq}`,
      value: `${fragmentText(fragment)}${fragment.newBytes === 0 && fragment.length > 0 ? ' (nothing new)' : ''}`,
    });
  return { index: record.index, title: recordText(record), facts };
}

/** A ciphertext of DTLS 1.3 has its own type inside (RFC 9147 §4). */
function typeText({ type, contentType }: RecordView): string {
  if (contentType === type) return `${typeName(type)} (${type})`;
  const first = `0x${type.toString(16)}`;
  return contentType === undefined
    ? `DTLS 1.3 ciphertext (${first})`
    : `${typeName(contentType)} (${contentType}), inside a DTLS 1.3 ciphertext (${first})`;
}

function protectionText(record: RecordView): string {
  switch (record.protection) {
    case 'plain':
      return 'in the clear';
    case 'decrypted':
      return 'decrypted with the trace’s keys';
    case 'encrypted':
      return 'encrypted, no keys';
    case 'undecryptable':
      return 'encrypted, and the keys at hand do not open it';
  }
}

function remarksOf(handshake: Handshake, datagram: DatagramView): string[] {
  const out: string[] = [];
  if (datagram.leftover) {
    const { start, reason, declared } = datagram.leftover;
    const left = plural(datagram.size - start, 'byte');
    out.push(
      declared === undefined
        ? `From byte ${start} on: ${reason} (${left})`
        : `From byte ${start} on: ${reason}; ${bytesText(declared)} declared, ${left} there`,
    );
  }
  for (const drop of handshake.drops) {
    if (drop.packet !== datagram.packet) continue;
    const where = drop.offset === undefined ? '' : ` at byte ${drop.offset}`;
    const detail = drop.detail === undefined ? '' : `: ${drop.detail}`;
    out.push(`Ignored by the ${drop.actor}${where}: ${drop.reason.replaceAll('-', ' ')}${detail}`);
  }
  return out;
}
