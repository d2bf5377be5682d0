/**
 * Causes behind silence and endless repetition: what one side does so that the other can't go on. Each is looked for where
 * nothing is known to be lost for good, and the first one found is what the handshake stopped at.
 */
import type { Before, DatagramView, FlightView, Handshake, RecordView } from '../analysis/model.ts';
import { toHex } from '../base/bytes.ts';
import type { Range } from '../base/ranges.ts';
import { tryDecode } from '../codec/codec.ts';
import type { Actor, TraceTime } from '../trace/model.ts';
import { clientHello } from '../wire/handshake.ts';
import {
  arrivedAt,
  datagramsOf,
  flightsFrom,
  hasMessage,
  isAck,
  plainMessages,
  seenByReceiver,
  sendings,
  wasHeard,
} from './lookups.ts';
import { otherSide } from './words.ts';

export type Cause =
  /** A side sent a flight once, and should have sent it again: the other repeated its own so often, or all were silent so long. */
  | {
      readonly kind: 'never-again';
      readonly who: Actor;
      readonly flight: FlightView;
      readonly asked: number;
      readonly waitedMs: number;
    }
  /** Something that belongs to no flight is sent where the flight should be sent again. */
  | { readonly kind: 'junk'; readonly who: Actor; readonly datagrams: readonly DatagramView[] }
  /** Each ClientHello gets another cookie. */
  | { readonly kind: 'cookies'; readonly cookies: number; readonly flight: FlightView }
  /** The client comes back with a cookie, and with another hello than the cookie was given for. */
  | { readonly kind: 'hello-changed'; readonly fields: readonly string[]; readonly flight: FlightView }
  /** One ClientHello got several ServerHellos. */
  | { readonly kind: 'interleaved'; readonly hellos: number }
  /** A new handshake, where the other side is still in the one before. */
  | { readonly kind: 'stale'; readonly before: Before; readonly flight: FlightView }
  /** A flight arrives whole, and its receiver does not take it, for the reason that `kind` names. */
  | {
      readonly kind: 'numbers' | 'borders' | 'reordered' | 'messages' | 'finished';
      readonly flight: FlightView;
    }
  /** The secrets of this handshake are known, and a Finished is not under the keys that they give. */
  | { readonly kind: 'other-keys'; readonly flight: FlightView };

/** What is seen where no cause is found, and what one of these is behind. */
export type Behind =
  | { readonly kind: 'cookie'; readonly flight: FlightView }
  /** Nothing ever came back to a ClientHello that needs several datagrams. */
  | { readonly kind: 'split-hello'; readonly flight: FlightView }
  /** One side asks and asks, and nothing comes. */
  | { readonly kind: 'silence'; readonly who: Actor; readonly flight: FlightView | undefined }
  /** Both repeat themselves. */
  | { readonly kind: 'stuck'; readonly flight: FlightView };

/** Causes that explain the end whatever else was lost: a lost datagram is no reason where it should have come again. */
export function leadingCause(handshake: Handshake): Cause | undefined {
  const flight = handshake.flights.at(-1);
  if (!flight) return undefined;
  const cookies = new Set(cookiesOf(handshake).map(({ cookie }) => cookie)).size;
  if (cookies > 1 && !hasMessage(handshake, 'server_hello')) {
    const fields = changedInHello(handshake);
    return fields.length > 0 ? { kind: 'hello-changed', fields, flight } : { kind: 'cookies', cookies, flight };
  }
  const hellos = serverRandoms(handshake).size;
  if (hellos > 1) return { kind: 'interleaved', hellos };
  const junk = junkOf(handshake);
  const [first] = junk;
  if (first && (flightsFrom(handshake, first.from).at(-1)?.resentAt.length ?? 0) === 0)
    return { kind: 'junk', who: first.from, datagrams: junk };
  return neverAgainOf(handshake);
}

/** Causes of silence and repetition where nothing is known to be lost for good. */
export function causeBehind(handshake: Handshake, behind: Behind): Cause | undefined {
  const { flight } = behind;
  const { before } = handshake;
  const answered = hasMessage(handshake, 'server_hello') || hasMessage(handshake, 'hello_verify_request');
  if (flight && before?.establishedAt !== undefined && !answered && handshake.startedAt - before.endedAt < liveMs)
    return { kind: 'stale', before, flight };
  return behind.kind === 'stuck' || behind.kind === 'silence' ? refused(handshake) : undefined;
}

/** An association that was quiet for longer may be gone at both ends. ms */
const liveMs = 60_000;

/** The newest flight, when all of it reaches a receiver that is there and does not get past it. */
function refused(handshake: Handshake): Cause | undefined {
  const flight = handshake.flights.at(-1);
  if (!flight?.complete) return undefined;
  if (reusesNumbers(handshake, flight) && wasHeard(handshake, otherSide(flight.from)))
    return { kind: 'numbers', flight };
  if (underOtherKeys(handshake, flight)) return { kind: 'other-keys', flight };
  if (!seenByReceiver(handshake, flight.from)) return undefined;
  if (sendings(flight) > 2 && isRecut(handshake, flight)) return { kind: 'borders', flight };
  if (outOfOrder(handshake, flight)) return { kind: 'reordered', flight };
  if (packedRecords(handshake, flight).length > 0 && !cannotOpen(handshake, flight))
    return { kind: 'messages', flight };
  if (finishedRefused(handshake, flight)) return { kind: 'finished', flight };
  return undefined;
}

/** A cookie of each HelloVerifyRequest that was sent. */
export const cookiesOf = (
  handshake: Handshake,
): readonly { readonly datagram: DatagramView; readonly cookie: string }[] =>
  // server_version and the length come first (RFC 6347 §4.2.1).
  plainMessages(handshake, 'hello_verify_request').map(({ datagram, body }) => ({
    datagram,
    cookie: toHex(body.subarray(3)),
  }));

/**
 * What a client changed of its hello when it came back with a cookie: of what it must repeat (RFC 6347 §4.2.1), and a server may
 * bind the cookie to.
 */
export function changedInHello(handshake: Handshake): readonly string[] {
  if (!hasMessage(handshake, 'hello_verify_request')) return [];
  const hellos = plainMessages(handshake, 'client_hello').flatMap(({ body }) => {
    const hello = tryDecode(clientHello, body);
    return hello.ok ? [hello.value] : [];
  });
  const fields = ['client_version', 'random', 'session_id', 'cipher_suites', 'compression_methods'] as const;
  return fields.filter((field) => new Set(hellos.map((hello) => hello[field].toString())).size > 1);
}

/** Whether each cookie came back in another hello than it was given for: nobody waits there, and it ends never. */
export function turnsInCircle(handshake: Handshake): boolean {
  const cookies = new Set(cookiesOf(handshake).map(({ cookie }) => cookie)).size;
  return cookies > 2 && !hasMessage(handshake, 'server_hello') && changedInHello(handshake).length > 0;
}

/** The randoms of all ServerHellos, each with the datagrams that it was sent in. */
export function serverRandoms(handshake: Handshake): ReadonlyMap<string, readonly DatagramView[]> {
  const found = new Map<string, DatagramView[]>();
  for (const { datagram, body } of plainMessages(handshake, 'server_hello')) {
    const random = toHex(body.subarray(2, 34));
    found.set(random, [...(found.get(random) ?? []), datagram]);
  }
  return found;
}

/** Datagrams in the clear of handshake records that are no part of any message. */
export const junkOf = ({ datagrams }: Handshake): readonly DatagramView[] =>
  datagrams.filter(({ flight, records }) => flight === undefined && records.length > 0 && records.every(isJunk));
const isJunk = ({ type, protection, unread }: RecordView): boolean =>
  type === 22 && protection === 'plain' && unread?.reason === 'outside-message';

/** All silent for so long: a timer of 1 s, as most stacks have, would have fired twice. ms */
const longSilenceMs = 3000;

/** The newest flight, when its sender sent it once and had every reason to send it again. */
export function neverAgainOf(handshake: Handshake): Extract<Cause, { readonly kind: 'never-again' }> | undefined {
  const flight = handshake.flights.at(-1);
  if (!flight || handshake.establishedAt !== undefined || flight.resentAt.length > 0 || isLast(handshake, flight))
    return undefined;
  const { from: who, sentAt } = flight;
  if (junkOf(handshake).some(({ from }) => from === who)) return undefined;
  const other = otherSide(who);
  if (wasAcknowledged(handshake, flight)) return undefined;
  const asked = flightsFrom(handshake, other).flatMap(({ resentAt }) => resentAt.filter((at) => at > sentAt));
  const until = lastMoment(handshake, asked);
  const waitedMs = until - sentAt;
  if (waits(handshake, who, until)) return undefined;
  const enough = asked.length >= 2 || (asked.length === 0 && (waitedMs >= longSilenceMs || setNoTimer(handshake, who)));
  return enough ? { kind: 'never-again', who, flight, asked: asked.length, waitedMs } : undefined;
}

/** Up to when somebody watched: the end of a run, an alert, a repetition in vain. */
function lastMoment({ end, endedAt }: Handshake, asked: readonly TraceTime[]): TraceTime {
  return asked.at(-1) ?? Math.max(endedAt, end?.at ?? endedAt);
}

/** Whether our endpoint's timer still runs then: it will repeat, later than others would. */
function waits({ timers, ours }: Handshake, who: Actor, until: TraceTime): boolean {
  const last = ours.includes(who) ? timers.findLast(({ actor }) => actor === who) : undefined;
  return last?.action === 'set' && last.at + last.durationMs > until;
}

/** Whether our endpoint let the run end with a flight unanswered and no timer set. */
const setNoTimer = ({ timers, ours, end, failures }: Handshake, who: Actor): boolean =>
  ours.includes(who) &&
  end?.how === 'done' &&
  !failures.some(({ actor }) => actor === who) &&
  timers.every(({ actor }) => actor !== who);

/** A flight with Finished after the other side's Finished: in DTLS 1.2 nobody answers it, and only a repetition asks for it again. */
function isLast({ flights, parameters }: Handshake, flight: FlightView): boolean {
  return (
    parameters.version !== '1.3' &&
    flight.messages.includes('finished') &&
    flights.some(
      ({ number, from, messages }) => number < flight.number && from !== flight.from && messages.includes('finished'),
    )
  );
}

/** Records of a flight under a number that this side had used before; identical ones count in repetitions alone. */
export const reusedNumbers = (handshake: Handshake, from: Actor): readonly DatagramView[] =>
  handshake.datagrams.filter(
    (datagram) =>
      datagram.from === from &&
      datagram.records.some(
        ({ repeatedNumber, fragments, epoch, sequenceNumber }) =>
          (repeatedNumber === 'other-bytes' && !isOfBefore(handshake, from, epoch, sequenceNumber)) ||
          // A stateless server has nothing but the ClientHello's number to give (RFC 6347 §4.2.1).
          (repeatedNumber === 'same-bytes' &&
            datagram.attempt > 0 &&
            !fragments.some(({ name }) => name === 'hello_verify_request')),
      ),
  );

/**
 * Whether a number was first seen in a record that the association before between the same addresses left on the way: under
 * keys, and before this side had any in this handshake.
 */
const isOfBefore = ({ before, finished, datagrams }: Handshake, of: Actor, epoch: number, number: number): boolean =>
  before !== undefined &&
  epoch > 0 &&
  datagrams.some(
    ({ from, at, records }) =>
      from === of &&
      at < (finished[of]?.at ?? Number.POSITIVE_INFINITY) &&
      records.some((record) => record.epoch === epoch && record.sequenceNumber === number && !record.repeatedNumber),
  );

/** Whether a flight does so. */
export const reusesNumbers = (handshake: Handshake, { from, number }: FlightView): boolean =>
  reusedNumbers(handshake, from).some(({ flight }) => flight === number);

/**
 * Whether a flight was cut in other places when it was sent again. What an ACK leaves of it is cut anew by right (RFC 9147
 * §7.2), and a fragment that is missing in a capture was cut no differently.
 */
export function isRecut(handshake: Handshake, flight: FlightView): boolean {
  if (flight.resentAt.length === 0 || wasAcknowledged(handshake, flight)) return false;
  const first = new Map<string, Range[]>();
  for (const { attempt, records } of datagramsOf(handshake, flight.packets)) {
    for (const { fragments } of records) {
      for (const { messageKey, offset, length, total } of fragments) {
        if (length === 0 || total === 0) continue;
        const own = first.get(messageKey) ?? [];
        const range: Range = [offset, offset + length];
        if (attempt > 0 && own.some((other) => overlapsOtherwise(range, other))) return true;
        if (attempt === 0 && own.length < mostBorders) first.set(messageKey, [...own, range]);
      }
    }
  }
  return false;
}
/** Fragments of one message that are compared. */
const mostBorders = 64;
const overlapsOtherwise = ([a, b]: Range, [c, d]: Range): boolean => a < d && c < b && (a !== c || b !== d);

/** Whether an ACK came back after a flight; where the keys do not open it, a closed record that belongs to no flight. */
const wasAcknowledged = ({ datagrams }: Handshake, { from: sender, sentAt }: FlightView): boolean =>
  datagrams.some(
    ({ from, at, flight, records }) =>
      from !== sender &&
      at > sentAt &&
      records.some(
        (record) => isAck(record) || (flight === undefined && record.epoch > 1 && record.protection !== 'decrypted'),
      ),
  );

/** Whether datagrams of a flight's first sending arrived in another order than they were sent in. */
export function outOfOrder(handshake: Handshake, flight: FlightView): boolean {
  const first = datagramsOf(handshake, flight.packets)
    .filter(({ attempt, delivered }) => attempt === 0 && delivered !== false)
    .map((datagram) => ({ at: arrivedAt(datagram), number: firstNumber(datagram) }))
    .filter(({ number }) => number >= 0)
    .sort((a, b) => a.at - b.at);
  return first.some(({ number }, i) => i > 0 && number < (first[i - 1]?.number ?? 0));
}
const firstNumber = ({ records }: DatagramView): number => {
  const [first] = records;
  return first ? first.epoch * 2 ** 48 + first.sequenceNumber : -1;
};

/**
 * Flights that arrived whole but not in order, and that their receiver got past only with the next sending: it drops what
 * comes before its turn (RFC 6347 §4.2.3 lets it, and asks for buffers).
 */
export function stalledByOrder(handshake: Handshake): readonly FlightView[] {
  return handshake.flights.filter((flight) => {
    const [again] = flight.resentAt;
    if (again === undefined || !seenByReceiver(handshake, flight.from) || !outOfOrder(handshake, flight)) return false;
    const first = datagramsOf(handshake, flight.packets).filter(({ attempt }) => attempt === 0);
    if (first.some(({ delivered }) => delivered === false)) return false;
    const whole = Math.max(...first.map(arrivedAt));
    const lost = handshake.lost.some(({ from }) => from === flight.from);
    const next = handshake.flights.find(({ number, from }) => number > flight.number && from !== flight.from);
    return !lost && whole < again && (next === undefined || next.sentAt >= again);
  });
}

/** Records of a flight that hold several messages. */
export const packedRecords = (handshake: Handshake, flight: FlightView): readonly DatagramView[] =>
  datagramsOf(handshake, flight.packets).filter(({ records }) =>
    records.some(({ fragments }) => new Set(fragments.map(({ messageKey }) => messageKey)).size > 1),
  );

/** Whether a flight with Finished reaches a side that does not take it: as if its keys were others. */
function finishedRefused(handshake: Handshake, flight: FlightView): boolean {
  const receiver = otherSide(flight.from);
  if (handshake.parameters.version === '1.3' || !flight.messages.includes('finished') || sendings(flight) < 3)
    return false;
  if (!handshake.ours.includes(receiver)) return true;
  return cannotOpen(handshake, flight);
}

/** Whether a Finished of DTLS 1.2 or older stays closed, and all else of its side, though the key log has its handshake. */
const underOtherKeys = ({ keys, opened, parameters }: Handshake, { from, messages }: FlightView): boolean =>
  parameters.version !== '1.3' && keys === 'wrong' && opened[from].opened === 0 && messages.includes('finished');

/** Whether our endpoint says that its keys do not open the flight. */
const cannotOpen = ({ drops }: Handshake, { from }: FlightView): boolean =>
  drops.some(({ actor, reason }) => actor !== from && reason === 'bad-mac');
