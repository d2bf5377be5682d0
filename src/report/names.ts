/** Numbers of a handshake as their IANA names, and sizes and times as people read them. Unknown numbers are shown as such. */
import type { AcknowledgedRecord, AlertView, FragmentView, LikelyContent, ParametersView } from '../analysis/model.ts';
import type { PacketRange } from '../trace/buffers.ts';
import { alertName, groups, nameIn, signatureSchemes, srtpProfiles } from '../wire/registry.ts';
import { cipherSuiteName } from '../wire/suites.ts';

export interface AgreedNames {
  /** "1.0", "1.2", "1.3". */
  readonly version: string | undefined;
  readonly cipherSuite: string | undefined;
  readonly group: string | undefined;
  readonly signature: string | undefined;
  readonly srtpProfile: string | undefined;
  readonly alpn: string | undefined;
}

const named = (value: number | undefined, name: (value: number) => string): string | undefined =>
  value === undefined ? undefined : name(value);

/** What was agreed, by name. */
export const agreedNames = (parameters: ParametersView): AgreedNames => ({
  version: parameters.version,
  cipherSuite: named(parameters.cipherSuite, cipherSuiteName),
  group: named(parameters.group, nameIn(groups)),
  signature: named(parameters.signature, nameIn(signatureSchemes)),
  srtpProfile: named(parameters.srtpProfile, nameIn(srtpProfiles)),
  alpn: parameters.alpn,
});

export const alertLevel = (level: number): string =>
  level === 1 ? 'warning' : level === 2 ? 'fatal' : `unknown (0x${level.toString(16).padStart(2, '0')})`;

/** Level and description of an alert; `undefined` when it is encrypted and no key is known. */
export const alertNames = (alert: AlertView): { readonly level: string; readonly description: string } | undefined =>
  alert.readable ? { level: alertLevel(alert.level), description: alertName(alert.description) } : undefined;

/** "[408,655)", half open. */
export const rangeText = (start: number, end: number): string => `[${start},${end})`;

/** "certificate [408,655) of 1563", or the name alone when the fragment is the whole message. */
export const fragmentText = ({ name, offset, length, total }: FragmentView): string =>
  partText(name, [offset, offset + length], total);

/** Names of what an ACK lists, and runs of record numbers, that are spelled out. */
const shownAcknowledged = 4;

/** "ack 2/0–3: certificate, finished": epoch and record numbers, and what those records held, where they were seen. */
export function ackText(listed: readonly AcknowledgedRecord[]): string {
  if (listed.length === 0) return 'ack of nothing';
  const numbers = some(
    runsOf(listed).map(({ epoch, first, last }) => `${epoch}/${first}${last > first ? `–${last}` : ''}`),
  );
  const held = [...new Set(listed.flatMap(({ fragments }) => fragments.map(fragmentText)))];
  return `ack ${numbers}${held.length > 0 ? `: ${some(held)}` : ''}`;
}

const some = (texts: readonly string[]): string =>
  texts.length > shownAcknowledged
    ? `${texts.slice(0, shownAcknowledged - 1).join(', ')} and ${texts.length - shownAcknowledged + 1} more`
    : texts.join(', ');

interface NumberRun {
  readonly epoch: number;
  readonly first: number;
  last: number;
}

/** Runs of consecutive numbers, in order. */
function runsOf(listed: readonly AcknowledgedRecord[]): readonly NumberRun[] {
  const runs: NumberRun[] = [];
  for (const { epoch, sequenceNumber } of [...listed].sort(
    (a, b) => a.epoch - b.epoch || a.sequenceNumber - b.sequenceNumber,
  )) {
    const run = runs.at(-1);
    if (run?.epoch === epoch && sequenceNumber <= run.last + 1) run.last = sequenceNumber;
    else runs.push({ epoch, first: sequenceNumber, last: sequenceNumber });
  }
  return runs;
}

/** What a closed record of DTLS 1.3 must be, as far as its epoch and its size tell. */
export const closedText = (likely: LikelyContent | undefined, epoch: number, bytes: string): string =>
  likely === undefined || likely === 'handshake'
    ? `encrypted, epoch ${epoch}, ${bytes}`
    : `${likely} by its size, encrypted, ${bytes}`;

/** "0.4 ms", "37 ms", "1.005 s", "65.1 s". Milliseconds in. */
export function duration(ms: number): string {
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${ms.toFixed(0)} ms`;
  return ms < 9999.5 ? `${(ms / 1000).toFixed(3)} s` : `${(ms / 1000).toFixed(1)} s`;
}

export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** "certificate [408,655) of 1563"; the name alone where the whole message is meant. */
export const partText = (
  message: string,
  [start, end]: readonly [number, number],
  total: number | undefined,
): string =>
  start === 0 && end >= (total ?? Number.POSITIVE_INFINITY)
    ? message
    : `${message} ${rangeText(start, end)}${total === undefined ? '' : ` of ${total}`}`;

/** Packets of a finding that are named one by one. */
const mostPackets = 12;

/** "packet 4", "packets 4, 5 and 12 more"; `undefined` without evidence. */
export function packetsLine(evidence: readonly PacketRange[]): string | undefined {
  const packets = [...new Set(evidence.map(({ packet }) => packet))];
  if (packets.length === 0) return undefined;
  const more = packets.length > mostPackets ? ` and ${packets.length - mostPackets} more` : '';
  return `${packets.length === 1 ? 'packet' : 'packets'} ${packets.slice(0, mostPackets).join(', ')}${more}`;
}
