/**
 * Which bytes did not arrive when they were first sent. Only what the evidence allows is claimed: what the link says; a
 * hole with something behind it; bytes that are seen for the first time when their flight is sent again. A capture taken
 * at the sender shows every byte, whatever the peer lost; then there is nothing to claim here.
 */
import { type Range, RangeSet } from '../base/ranges.ts';
import type { Actor, TraceTime } from '../trace/model.ts';
import type { Flight } from './flights.ts';
import type { Message } from './messages.ts';
import type { LostRange } from './model.ts';
import type { Reading } from './reading.ts';

/** `ours`: the ends that told of all they sent, so that nothing of theirs is unseen. `followed`: the silence is real. */
export function lostRanges(reading: Reading, ours: readonly Actor[], followed: boolean): LostRange[] {
  const flightOf = new Map<string, Flight>();
  for (const flight of reading.flights.all) for (const key of flight.items.keys()) flightOf.set(key, flight);
  return reading.messages.all.flatMap((message) => {
    const taken = takenByLink(reading, message);
    const flight = flightOf.get(message.key);
    if (!flight || reading.snapped || ours.includes(message.from)) return taken;
    const told = new RangeSet();
    for (const { bytes } of taken) told.add(bytes[0], bytes[1]);
    const unseen = unseenAtFirst(reading, message, flight, followed);
    const others = message.total === 0 && taken.length > 0 ? [] : unseen.flatMap((range) => without(told, range));
    return [...taken, ...others.flatMap((range) => byEvidence(message, range))];
  });
}

const without = (told: RangeSet, [start, end]: Range): readonly Range[] =>
  start === end ? [[start, end]] : told.missing(start, end);

function takenByLink(reading: Reading, message: Message): LostRange[] {
  const own = reading.taken.filter((one) => one.message === message);
  if (own.length === 0) return [];
  const ranges = new RangeSet();
  for (const { start, end } of own) ranges.add(start, end);
  const merged: readonly Range[] = message.total === 0 ? [[0, 0]] : ranges.ranges;
  return merged.map((bytes) => {
    const packets = own.filter(({ start, end }) => start < bytes[1] && end > bytes[0]).map(({ packet }) => packet);
    return {
      ...lost(message, bytes, 'link'),
      packets: message.total === 0 ? own.map(({ packet }) => packet) : packets,
      recoveredAt: recoveredAt(message, bytes),
    };
  });
}

/** Ranges that had not been seen when the flight's first sending was over. */
function unseenAtFirst(reading: Reading, message: Message, flight: Flight, followed: boolean): readonly Range[] {
  const second = flight.sendings[1];
  const laterSeen = reading.messages.all.some(
    (other) =>
      other.from === message.from && other.seq > message.seq && other.firstSending === 0 && flight.items.has(other.key),
  );
  if (!second) {
    if (message.assembly.complete) return [];
    const asked = reading.flights.lastResend(message.from === 'client' ? 'server' : 'client');
    const over = followed || (asked !== undefined && asked > (flight.sendings[0]?.lastAt ?? asked));
    return behind(message.assembly.missing, message.total, laterSeen || over);
  }
  const side = reading.sides[message.from];
  const start = flight.sendings[0]?.startedAt ?? second.startedAt;
  const gap = side.reusesNumbers || side.gaps.some(({ at }) => at >= start && at <= second.startedAt);
  if (message.firstSending > 0) return laterSeen || gap ? [[0, message.total]] : [];
  return behind(reading.lackedAtResend.get(message) ?? [], message.total, laterSeen || gap);
}

/** A hole with bytes behind it was skipped; the end of a message may simply not have been sent yet. */
const behind = (missing: readonly Range[], total: number, endToo: boolean): readonly Range[] =>
  missing.filter(([, end]) => end < total || endToo);

/** What came later is known by its retransmission, what never came by the hole that it left. */
function byEvidence(message: Message, range: Range): LostRange[] {
  const [start, end] = range;
  if (start === end) return [withArrivals(message, range, 'retransmission')];
  const holes = message.assembly.have.missing(start, end);
  const held = new RangeSet();
  for (const [from, to] of holes) held.add(from, to);
  return [
    ...held.missing(start, end).map((part) => withArrivals(message, part, 'retransmission')),
    ...holes.map((part) => withArrivals(message, part, 'hole')),
  ].sort((a, b) => a.bytes[0] - b.bytes[0]);
}

const withArrivals = (message: Message, bytes: Range, evidence: LostRange['evidence']): LostRange => ({
  ...lost(message, bytes, evidence),
  packets: arrivalsOf(message, bytes).map(({ packet }) => packet),
  recoveredAt: recoveredAt(message, bytes),
});

const lost = (message: Message, bytes: Range, evidence: LostRange['evidence']) => ({
  from: message.from,
  message: message.type,
  messageKey: message.key,
  bytes,
  evidence,
});

const arrivalsOf = (message: Message, [start, end]: Range): Message['arrivals'] =>
  message.arrivals.filter(({ ranges }) => message.total === 0 || ranges.some(([from, to]) => from < end && to > start));

/** When the last of its bytes came; undefined while some are missing. */
function recoveredAt(message: Message, bytes: Range): TraceTime | undefined {
  if (!message.assembly.have.covers(bytes[0], bytes[1])) return undefined;
  return arrivalsOf(message, bytes).at(-1)?.at;
}
