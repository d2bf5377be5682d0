/**
 * The ladder before it is drawn: datagrams in order, grouped into bands (one sending of a flight), with pauses folded, what
 * never arrived put where it is missing, and what our own endpoint said in between. No characters, no widths.
 */

import { type DatagramView, type FlightView, type Handshake, isData, type LostRange } from '../../analysis/model.ts';
import type { Range } from '../../base/ranges.ts';
import { unreachable } from '../../base/unreachable.ts';
import type { Diagnosis } from '../../diagnosis/model.ts';
import { stepResultText } from '../../diagnosis/steps.ts';
import { queueText } from '../../diagnosis/words.ts';
import type { Failure } from '../../trace/facts.ts';
import type { Actor, LinkAction, PacketNumber, TraceTime } from '../../trace/model.ts';
import { handshakeTypeName } from '../../wire/handshake.ts';
import { duration, partText, plural } from '../names.ts';
import { stunText, stunWay } from '../stun.ts';

export type Row =
  | {
      readonly kind: 'band';
      readonly flight: FlightView;
      readonly attempt: number;
      /** Another flight came in between. */
      readonly continued: boolean;
      /** Why it was sent again. */
      readonly because: string | undefined;
    }
  /** Above datagrams that belong to no flight. */
  | { readonly kind: 'heading'; readonly text: string }
  | { readonly kind: 'datagram'; readonly datagram: DatagramView; readonly remarks: readonly string[] }
  /** Bytes that never arrived and are known only by their absence. */
  | { readonly kind: 'ghost'; readonly lost: LostRange; readonly total: number | undefined }
  | { readonly kind: 'pause'; readonly ms: number }
  | { readonly kind: 'folded'; readonly text: string }
  | {
      readonly kind: 'event';
      readonly at: TraceTime;
      readonly tone: 'good' | 'bad' | 'quiet';
      readonly text: string;
      /** The datagram that it is about, where it is one without DTLS. */
      readonly packet?: PacketNumber;
    };

/** Shorter pauses are not worth a line. Milliseconds. */
const pauseMs = 200;

/** A ladder of more datagrams is folded in its middle. */
const mostDatagrams = 400;
const shownAtEnd = 120;
/** Facts about application data that are told one by one. */
const mostDataRows = 40;
/** Losses that are drawn one by one. */
const mostGhosts = 100;
/** So many datagrams of application data in a row are shown one by one. */
const shortRun = 2;

/** What stands in the head of a band, part by part. */
export function bandParts({ flight, attempt, continued, because }: Extract<Row, { kind: 'band' }>): readonly string[] {
  const again = attempt > 0;
  return [
    `flight ${flight.number}${again ? ' again' : ''}`,
    flight.from,
    ...(again ? [`retransmission ${attempt}`] : []),
    ...(continued ? ['continued'] : again && because !== undefined ? [because] : []),
    // What is encrypted cannot be told to be whole.
    ...(!flight.complete && !again && !flight.messages.includes('encrypted') ? ['incomplete'] : []),
  ];
}

/** Datagrams that an error names: what stopped the handshake, and nothing else, is red. */
export const stoppedBy = ({ findings }: Diagnosis): ReadonlySet<PacketNumber> =>
  new Set(
    findings
      .filter(({ severity }) => severity === 'error')
      .flatMap(({ evidence }) => evidence.map(({ packet }) => packet)),
  );

/** The rows of a handshake, in order of time; with the STUN around it when that is asked for. */
export function ladderRows(handshake: Handshake, stun = false): Row[] {
  const rows: Row[] = [];
  const flights = new Map(handshake.flights.map((flight) => [flight.number, flight]));
  const ghosts = ghostPlaces(handshake);
  const remarks = remarkFinder(handshake);
  const events = [...eventRows(handshake), ...(stun ? stunRows(handshake) : [])].sort((a, b) => a.at - b.at);
  const items = folded(handshake.datagrams);
  let band: { readonly flight: number | undefined; readonly attempt: number } | undefined;
  const seenBands = new Set<string>();
  let last: TraceTime | undefined;
  let previous: DatagramView | undefined;
  let nextEvent = 0;
  const eventsUntil = (at: TraceTime): void => {
    for (let event = events[nextEvent]; event && event.at <= at; event = events[++nextEvent]) rows.push(event);
  };
  const leaveBand = (at: TraceTime): void => {
    if (band?.flight === undefined) return;
    const after = handshake.establishedAt !== undefined && at >= handshake.establishedAt;
    rows.push({ kind: 'heading', text: after ? 'after the handshake' : 'outside of the flights' });
  };
  for (const item of items) {
    const first = 'datagram' in item ? item.datagram : item.first;
    eventsUntil(first.at);
    if (last !== undefined && first.at - last >= pauseMs) rows.push({ kind: 'pause', ms: first.at - last });
    last = 'datagram' in item ? item.datagram.at : item.last.at;
    if (!('datagram' in item)) {
      if (item.data) leaveBand(first.at);
      rows.push({ kind: 'folded', text: item.text });
      band = undefined;
      continue;
    }
    const { datagram } = item;
    const flight = datagram.flight === undefined ? undefined : flights.get(datagram.flight);
    if (flight && (band?.flight !== datagram.flight || band?.attempt !== datagram.attempt)) {
      const key = `${flight.number}/${datagram.attempt}`;
      const because = datagram.attempt > 0 ? reason(handshake, flight, datagram, previous) : undefined;
      rows.push({ kind: 'band', flight, attempt: datagram.attempt, continued: seenBands.has(key), because });
      seenBands.add(key);
    }
    if (!flight) leaveBand(datagram.at);
    band = { flight: flight?.number, attempt: datagram.attempt };
    previous = datagram;
    for (const ghost of ghosts.before.get(datagram) ?? []) rows.push(ghost);
    rows.push({ kind: 'datagram', datagram, remarks: remarks(datagram) });
    for (const ghost of ghosts.after.get(datagram) ?? []) rows.push(ghost);
  }
  eventsUntil(Number.POSITIVE_INFINITY);
  return rows;
}

type Item =
  | { readonly datagram: DatagramView }
  | { readonly first: DatagramView; readonly last: DatagramView; readonly text: string; readonly data: boolean };

/** Runs of application data become one item each, and so does the middle of what is too long for a page. */
function folded(datagrams: readonly DatagramView[]): Item[] {
  const items: Item[] = [];
  let run: DatagramView[] = [];
  const flush = (): void => {
    const [first] = run;
    const last = run.at(-1);
    if (first && last) {
      const client = run.filter(({ from }) => from === 'client').length;
      const sides = `client ${client}, server ${run.length - client}`;
      if (run.length <= shortRun) items.push(...run.map((datagram) => ({ datagram })));
      else items.push({ first, last, text: `${run.length} times ${dataText(run)} (${sides})`, data: true });
    }
    run = [];
  };
  for (const datagram of datagrams) {
    if (isDataOnly(datagram)) run.push(datagram);
    else {
      flush();
      items.push({ datagram });
    }
  }
  flush();
  const from = mostDatagrams - shownAtEnd;
  const to = items.length - shownAtEnd;
  const [first, last] = [items[from], items[to - 1]];
  if (items.length <= mostDatagrams || !first || !last) return items;
  const middle: Item = {
    first: 'datagram' in first ? first.datagram : first.first,
    last: 'datagram' in last ? last.datagram : last.last,
    text: `${plural(to - from, 'more datagram')}`,
    data: false,
  };
  return [...items.slice(0, from), middle, ...items.slice(to)];
}

const isDataOnly = ({ records, leftover, link }: DatagramView): boolean =>
  records.length > 0 && leftover === undefined && link.length === 0 && records.every(isData);

const dataText = (run: readonly DatagramView[]): string =>
  run.some(({ records }) => records.some(({ contentType }) => contentType === undefined))
    ? 'encrypted, likely application data'
    : 'application data';

/** What made the sender send again: its own timer, the other side's repetition, or else how long it was since the last time. */
function reason(
  handshake: Handshake,
  flight: FlightView,
  datagram: DatagramView,
  previous: DatagramView | undefined,
): string | undefined {
  if (flight.resentAfterAck.some((at) => at <= datagram.at && datagram.at - at < 20))
    return 'what the other side had not acknowledged';
  const fired = handshake.timers.findLast(
    ({ actor, action, at, inferred }) =>
      action === 'fired' && !inferred && actor === flight.from && at <= datagram.at && datagram.at - at < 20,
  );
  if (fired) return `timer of ${duration(fired.durationMs)} ran out`;
  // RFC 6347 §4.2.4: who is still waiting sends again, and the other side answers with its own last flight.
  if (previous && previous.from !== flight.from && previous.attempt > 0 && datagram.at - previous.at < pauseMs)
    return `because flight ${previous.flight} came again`;
  const before = [flight.sentAt, ...flight.resentAt].findLast((at) => at < datagram.at);
  return before === undefined ? undefined : `${duration(datagram.at - before)} after the last time`;
}

/** Where bytes are missing that no datagram of the trace tried to carry. */
function ghostPlaces(handshake: Handshake) {
  const before = new Map<DatagramView, Row[]>();
  const after = new Map<DatagramView, Row[]>();
  for (const lost of handshake.lost.slice(0, mostGhosts)) {
    // The link's losses have a datagram of their own in the ladder.
    if (lost.evidence === 'link') continue;
    const total = handshake.messages.find(({ key }) => key === lost.messageKey)?.total;
    const ghost: Row = { kind: 'ghost', lost, total };
    const carriers = handshake.datagrams.filter(
      ({ attempt, records }) =>
        attempt === 0 &&
        records.some(({ fragments }) => fragments.some(({ messageKey }) => messageKey === lost.messageKey)),
    );
    const next = carriers.find(({ records }) =>
      records.some(({ fragments }) =>
        fragments.some(({ messageKey, offset }) => messageKey === lost.messageKey && offset >= lost.bytes[1]),
      ),
    );
    const place = next ?? carriers.at(-1) ?? lastOfFlight(handshake, lost);
    if (place) {
      const map = next ? before : after;
      map.set(place, [...(map.get(place) ?? []), ghost]);
    }
  }
  return { before, after };
}

/** The last datagram of the first sending of the flight that the lost message is in. */
function lastOfFlight(handshake: Handshake, lost: LostRange): DatagramView | undefined {
  const name = handshakeTypeName(lost.message);
  const flight = handshake.flights.findLast(({ from, messages }) => from === lost.from && messages.includes(name));
  return (
    handshake.datagrams.findLast((datagram) => datagram.flight === flight?.number && datagram.attempt === 0) ??
    handshake.datagrams.at(-1)
  );
}

/** What is to be said about a datagram besides its contents. */
function remarkFinder(handshake: Handshake): (datagram: DatagramView) => string[] {
  const drops = dropRemarks(handshake);
  return (datagram) => {
    const texts: string[] = [];
    for (const { action, rule } of datagram.link) {
      const text = linkText(action, handshake.startedAt);
      if (text !== undefined) texts.push(rule === '' ? text : `${text} (${rule})`);
    }
    if (datagram.delivered === false && !texts.some((text) => text.startsWith('lost'))) texts.push('lost');
    const { leftover } = datagram;
    if (leftover) {
      const { start, declared, reason } = leftover;
      const left = datagram.size - start;
      texts.push(
        declared === undefined
          ? `no record in the ${left} bytes from byte ${start} on: ${reason}`
          : `the record at byte ${start} says it is ${declared} bytes long, ${left} are left: ${reason}`,
      );
    }
    if (datagram.records.some(({ repeatedNumber }) => repeatedNumber === 'other-bytes')) {
      texts.push('uses a record number again for other bytes');
    }
    for (const lost of handshake.lost) {
      for (const [start, end] of broughtBack(lost, datagram)) {
        const total = handshake.messages.find(({ key }) => key === lost.messageKey)?.total;
        texts.push(`brings what was lost: ${partText(handshakeTypeName(lost.message), [start, end], total)}`);
      }
    }
    return [...texts, ...(drops.get(datagram.packet) ?? [])];
  };
}

/** What our ends ignored, by datagram. Messages that came again are named in one remark, since that is normal. */
function dropRemarks({ drops }: Handshake): ReadonlyMap<PacketNumber, readonly string[]> {
  const remarks = new Map<PacketNumber, string[]>();
  const repeated = new Map<PacketNumber, { readonly actor: Actor; readonly messages: string[] }>();
  for (const { packet, actor, reason, offset, detail } of drops) {
    if (packet === undefined) continue;
    if (reason === 'repeated-message') {
      const one = repeated.get(packet) ?? { actor, messages: [] };
      repeated.set(packet, { ...one, messages: detail === undefined ? one.messages : [...one.messages, detail] });
      continue;
    }
    const where = offset === undefined ? 'it' : `what is at byte ${offset}`;
    const text = `${actor} ignored ${where}: ${reason}${detail === undefined ? '' : ` (${detail})`}`;
    remarks.set(packet, [...(remarks.get(packet) ?? []), text]);
  }
  for (const [packet, { actor, messages }] of repeated) {
    const what = messages.length === 0 ? 'it' : messages.join(', ');
    remarks.set(packet, [...(remarks.get(packet) ?? []), `${actor} had ${what} already`]);
  }
  return remarks;
}

/** Which of the lost bytes this datagram brought. */
function broughtBack(
  { evidence, packets, recoveredAt, messageKey, bytes }: LostRange,
  datagram: DatagramView,
): Range[] {
  if (evidence === 'link' ? recoveredAt !== datagram.at : !packets.includes(datagram.packet)) return [];
  const fragments = datagram.records.flatMap((record) => record.fragments);
  return fragments.flatMap((fragment): Range[] => {
    const start = Math.max(bytes[0], fragment.offset);
    const end = Math.min(bytes[1], fragment.offset + fragment.length);
    return fragment.messageKey === messageKey && start < end ? [[start, end]] : [];
  });
}

/** What the link did, in words; `undefined` for what went as it should. */
function linkText(action: LinkAction, startedAt: TraceTime): string | undefined {
  switch (action.kind) {
    case 'delivered':
      return undefined;
    case 'lost':
      return 'lost';
    case 'too-large':
      return `lost: larger than the path's ${action.mtu} bytes${action.toldAt === undefined ? '' : ', and the sender is told'}`;
    case 'queue-full':
      return `lost: the queue was full${action.queue ? `, ${queueText(action.queue)}` : ''}`;
    case 'queued':
      return `waited ${duration(action.ms)} in a queue of ${queueText(action.queue)}`;
    case 'truncated':
      return `cut to ${action.to} bytes on the way`;
    case 'corrupted':
      return 'corrupted on the way';
    case 'duplicated':
      return 'duplicated on the way';
    case 'held-back':
      return `held back, arrives at ${duration(action.at - startedAt)}`;
    default:
      return unreachable(action);
  }
}

/** What the ends and the network said, in order of time. */
function eventRows(handshake: Handshake): Extract<Row, { kind: 'event' }>[] {
  const rows: Extract<Row, { kind: 'event' }>[] = [];
  const add = (at: TraceTime, tone: 'good' | 'bad' | 'quiet', text: string): void => {
    rows.push({ kind: 'event', at, tone, text });
  };
  for (const actor of ['client', 'server'] as const satisfies readonly Actor[]) {
    const connected = handshake.connected[actor];
    if (connected) add(connected.at, 'good', `${actor} is connected`);
  }
  for (const { at, actor, failure } of handshake.failures) add(at, 'bad', `${actor} gives up: ${failureText(failure)}`);
  for (const step of handshake.steps) {
    const { number, count, step: text, beganAt, endedAt, state, result } = step;
    add(beganAt, 'quiet', `step ${number} of ${count}: ${text}`);
    if (endedAt === undefined || !result) continue;
    const how = state === 'failed' ? 'failed' : 'done';
    add(endedAt, state === 'failed' ? 'bad' : 'good', `step ${number} ${how}: ${stepResultText(result)}`);
  }
  for (const { at, actor, direction, length } of handshake.data.slice(0, mostDataRows))
    add(at, 'quiet', `${actor} ${direction === 'sent' ? 'sends' : 'gets'} ${length} bytes of data`);
  for (const { at, by, why } of handshake.refused) add(at, 'bad', `refused by ${by}: ${why}`);
  for (const { at, actor, packet, reason, detail } of handshake.drops) {
    if (packet === undefined) add(at, 'quiet', `${actor} ignored something: ${detail ?? reason}`);
  }
  const { end } = handshake;
  if (end && (end.how !== 'done' || end.why !== undefined)) {
    const why = end.why === undefined ? '' : `: ${end.why}`;
    add(
      end.at,
      end.how === 'done' ? 'quiet' : 'bad',
      `the run ${end.how === 'done' ? 'ended' : `was ${end.how}`}${why}`,
    );
  }
  return rows;
}

function stunRows(handshake: Handshake): Extract<Row, { kind: 'event' }>[] {
  return handshake.stun.map((view) => ({
    ...{ kind: 'event', tone: 'quiet', at: view.at, packet: view.packet },
    text: `${stunWay(view, handshake)} ${stunText(view)}`,
  }));
}

/** "timed-out (flight 3, attempts 7)": the code, and its details as they are. */
function failureText({ fault, code, ...details }: Failure): string {
  const list = Object.entries(details)
    .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
    .map(([name, value]) => `${name} ${String(value)}`);
  return `${code}${list.length > 0 ? ` (${list.join(', ')})` : ''}`;
}
