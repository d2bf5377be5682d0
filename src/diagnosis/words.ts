/** The words of verdicts and findings: times, sizes, messages, sides. One place, so that no two sentences differ. */
import type { FlightView, Handshake, LostRange } from '../analysis/model.ts';
import type { Range } from '../base/ranges.ts';
import type { Actor, QueueState } from '../trace/model.ts';
import { handshakeTypeName } from '../wire/handshake.ts';
import { alertName } from '../wire/registry.ts';

/** "0.8 ms", "12 ms", "1.005 s", "65.1 s": the figures that matter. Milliseconds in. */
export function duration(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1).replace(/\.0$/, '')} ms`;
  if (ms < 999.5) return `${ms.toFixed(0)} ms`;
  if (ms < 9_999.5) return `${(ms / 1000).toFixed(3).replace(/0+$/, '').replace(/\.$/, '')} s`;
  return `${(ms / 1000).toFixed(1)} s`;
}

/** "8800 bytes, 8000 of them other traffic": what a datagram found in a queue. */
export function queueText({ bytes, loadBytes }: QueueState): string {
  if (loadBytes === 0) return `${bytes} bytes`;
  return `${bytes} bytes, ${loadBytes === bytes ? 'all' : loadBytes} of them other traffic`;
}

/** Small counts as words, as in running text. */
export const count = (n: number, one: string, many = `${one}s`): string => `${numeral(n)} ${n === 1 ? one : many}`;

/** Small numbers are written out. */
export const numeral = (n: number): string => smallNumbers[n] ?? String(n);
const smallNumbers = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];

export const times = (n: number): string => (n === 1 ? 'once' : n === 2 ? 'twice' : `${count(n, 'time')}`);

/** "a", "a and b", "a, b and c". */
export const list = (parts: readonly string[]): string =>
  parts.length < 2 ? (parts[0] ?? '') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;

/** The first four, and how many more: "x25519, secp256r1, secp384r1, x448 and 3 more". */
export const fewText = (names: readonly string[]): string =>
  names.length === 0
    ? 'nothing'
    : list(names.length > shownNames ? [...names.slice(0, shownNames), `${names.length - shownNames} more`] : names);
const shownNames = 4;

/** "server_hello_done" as RFCs write it in running text: "ServerHelloDone". */
export const inProse = (name: string): string =>
  name.startsWith('unknown') ? name : name.replace(/(^|_)([a-z])/g, (_, __, letter: string) => letter.toUpperCase());

export const messageProse = (type: number): string => inProse(handshakeTypeName(type));

export const alertText = (description: number): string => `${alertName(description)} (${description})`;

export const otherSide = (actor: Actor): Actor => (actor === 'client' ? 'server' : 'client');

/** As a sentence begins. */
export const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** "bytes 408–655": half open, as everywhere. */
export const bytesText = ([start, end]: Range): string => `bytes ${start}–${end}`;

/** "Certificate to ServerHelloDone", "ClientHello". */
export function flightContents({ messages }: FlightView): string {
  const [first, last] = [messages[0], messages.at(-1)];
  if (first === undefined || last === undefined) return 'nothing readable';
  return first === last ? inProse(first) : `${inProse(first)} to ${inProse(last)}`;
}

export const flightText = (flight: FlightView): string =>
  `the ${flight.from}'s flight ${flight.number} (${flightContents(flight)})`;

/** "bytes 461–1008 and 2102–2649 of the server's Certificate and its ServerKeyExchange". */
export function lostText(lost: readonly LostRange[], handshake: Handshake): string {
  const byMessage = new Map<string, LostRange[]>();
  for (const range of lost) byMessage.set(range.messageKey, [...(byMessage.get(range.messageKey) ?? []), range]);
  let side: Actor | undefined;
  const parts = [...byMessage].map(([key, ranges]) => {
    const first = ranges[0];
    if (!first) return '';
    const name = messageProse(first.message);
    const whose = first.from === side ? `its ${name}` : `the ${first.from}'s ${name}`;
    side = first.from;
    const total = handshake.messages.find((message) => message.key === key)?.total;
    if (first.bytes[0] === 0 && first.bytes[1] === total) return whose;
    const shown = ranges.slice(0, shownRanges).map(({ bytes }) => `${bytes[0]}–${bytes[1]}`);
    const more = ranges.length - shown.length;
    return `bytes ${list(more > 0 ? [...shown, `${more} more ranges`] : shown)} of ${whose}`;
  });
  return list(parts);
}
const shownRanges = 4;

export const packetsText = (packets: readonly number[]): string => {
  const shown = packets.slice(0, shownPackets);
  const more = packets.length - shown.length;
  const word = packets.length === 1 ? 'datagram' : 'datagrams';
  return `${word} ${list([...shown.map(String), ...(more > 0 ? [`${more} more`] : [])])}`;
};
const shownPackets = 6;

/** "AB:CD:…": enough of a hash to compare by eye. */
export const hashText = (hex: string): string =>
  `${(hex.slice(0, 16).match(/../g) ?? []).join(':').toUpperCase()}${hex.length > 16 ? ':…' : ''}`;
