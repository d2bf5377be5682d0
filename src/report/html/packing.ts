/** How messages were packed, for a page: a bar for each datagram with its records to scale, one for each message with what came of it. */
import type { DatagramView, Handshake, MessageView } from '../../analysis/model.ts';
import type { Masker } from '../addresses.ts';
import { recordText } from '../ladder/draw.ts';
import { element, escapeMarkup } from '../markup.ts';
import { duration, plural, rangeText } from '../names.ts';

/** Datagrams, and messages, that are drawn one by one. */
const mostBars = 300;
const mostRanges = 12;
/** A path that carries this carries what browsers send. UDP payload bytes. */
const usualSizes = [1200, 1472] as const;

export function packingSection(handshake: Handshake, mask: Masker): string {
  const datagrams = handshake.datagrams.filter(({ flight }) => flight !== undefined);
  const largest = datagrams.reduce((most, { size }) => Math.max(most, size), 1);
  // The next usual size gives the bars a meaning: what is left of it at the right is room.
  const scale = usualSizes.find((size) => size >= largest) ?? largest;
  const shown = datagrams.slice(0, mostBars);
  const flights = handshake.flights
    .map(({ number, from, packets }) => ({ number, from, packets: new Set(packets) }))
    .filter(({ packets }) => shown.some(({ packet }) => packets.has(packet)));
  const messages = handshake.messages.filter(({ total }) => total > 0).slice(0, mostBars);
  return [
    element('p', { class: 'dim' }, `UDP payload, to scale: a full bar is ${scale} bytes. Records alternate in shade.`),
    ...flights.map(({ number, from, packets }) => {
      const own = shown.filter(({ packet }) => packets.has(packet));
      return (
        element('h4', {}, `Flight ${number}, ${from}, ${plural(own.length, 'datagram')}`) +
        element('ul', { class: 'pack' }, ...own.map((one) => datagramItem(one, handshake, scale, mask)))
      );
    }),
    datagrams.length > shown.length
      ? element('p', { class: 'dim' }, `${datagrams.length - shown.length} more datagrams.`)
      : '',
    messages.length > 0 ? element('h4', {}, 'Messages, as they were put together') : '',
    messages.length > 0 ? element('ul', { class: 'pack' }, ...messages.map(messageItem)) : '',
  ].join('');
}

function datagramItem(datagram: DatagramView, { startedAt }: Handshake, scale: number, mask: Masker): string {
  const { packet, at, size, records, attempt, delivered } = datagram;
  const facts = [
    `#${packet}`,
    duration(at - startedAt),
    `${size} B`,
    ...(attempt > 0 ? ['sent again'] : []),
    ...(delivered === false ? ['lost'] : []),
  ].join(' · ');
  const held = records.map(recordText).join(' | ') || 'nothing readable';
  const parts = records.map(({ start, end }, i) => part(start / scale, end / scale, i % 2 === 1 ? 'odd' : undefined));
  return element(
    'li',
    {},
    element('p', {}, escapeMarkup(facts), ' ', element('span', { class: 'mono' }, escapeMarkup(mask(held)))),
    bar(parts),
  );
}

function messageItem({ name, from, total, present, missing, sendings, messageSeq }: MessageView): string {
  const ranges = (list: MessageView['present']): string =>
    list
      .slice(0, mostRanges)
      .map(([start, end]) => rangeText(start, end))
      .join(' ') + (list.length > mostRanges ? ` and ${list.length - mostRanges} more` : '');
  const facts = [
    `message ${messageSeq}, ${from}, ${total} B`,
    ...(missing.length > 0 ? [`missing ${ranges(missing)}`] : ['whole']),
    ...(sendings > 1 ? [`sent ${sendings} times`] : []),
  ].join(' · ');
  const parts = [
    ...present.slice(0, mostBars).map(([start, end]) => part(start / total, end / total, undefined)),
    ...missing.slice(0, mostBars).map(([start, end]) => part(start / total, end / total, 'missing')),
  ];
  return element(
    'li',
    {},
    element('p', {}, element('span', { class: 'mono' }, escapeMarkup(name)), ' ', facts),
    bar(parts),
  );
}

/** What bars show is in the words beside them. */
const bar = (parts: readonly string[]): string => element('span', { class: 'bar', 'aria-hidden': 'true' }, ...parts);

const percent = (share: number): string => `${Math.round(Math.min(Math.max(share, 0), 1) * 10_000) / 100}%`;
const part = (start: number, end: number, kind: string | undefined): string =>
  element('i', { class: kind, style: `left:${percent(start)};width:${percent(end - start)}` });
