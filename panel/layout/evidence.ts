/** What a finding's evidence selects: the record that it names, or the bytes of a datagram that it rests on. */
import type { Handshake } from '../../src/analysis/model.ts';
import type { PacketRange } from '../../src/trace/buffers.ts';
import type { SelectedField, Target } from '../state/selection.ts';

export interface EvidenceChoice {
  readonly target: Target;
  /** Undefined where the evidence is all of the target. */
  readonly field: SelectedField | undefined;
}

/**
 * A range in a record that holds an alert selects that record, as does one that is all of a record and less than its
 * datagram; any other selects the datagram with those bytes lit. Ranges come from captures of strangers: what lies outside the datagram is left out.
 */
export function evidenceChoice(handshake: Handshake, { packet, start, end }: PacketRange): EvidenceChoice {
  const datagram = handshake.datagrams.find((one) => one.packet === packet);
  const whole: EvidenceChoice = { target: { kind: 'datagram', packet }, field: undefined };
  if (!datagram) return whole;
  const from = Math.max(start, 0);
  const to = Math.min(end, datagram.size);
  if (from >= to) return whole;
  const record = datagram.records.find((one) => one.start <= from && to <= one.end);
  if (record?.alert) return { target: { kind: 'record', packet, record: record.index }, field: undefined };
  if (from === 0 && to === datagram.size) return whole;
  if (record && record.start === from && record.end === to)
    return { target: { kind: 'record', packet, record: record.index }, field: undefined };
  return { target: whole.target, field: { buffer: datagram.buffer, start: from, end: to, field: undefined } };
}

export interface EvidenceLink {
  readonly range: PacketRange;
  /** "5", or "5: 25–300" where one datagram has several. */
  readonly text: string;
  /** What it does, with the text in it. */
  readonly name: string;
}

/** A link for each range, in the finding's order; ranges that say the same twice are one. */
export function evidenceLinks(evidence: readonly PacketRange[]): EvidenceLink[] {
  const ranges = [...new Map(evidence.map((range) => [`${range.packet}/${range.start}/${range.end}`, range])).values()];
  const times = new Map<number, number>();
  for (const { packet } of ranges) times.set(packet, (times.get(packet) ?? 0) + 1);
  return ranges.map((range) => {
    const { packet, start, end } = range;
    const one = times.get(packet) === 1;
    const text = one ? `${packet}` : `${packet}: ${start}–${end}`;
    return { range, text, name: `Show datagram ${text}` };
  });
}
