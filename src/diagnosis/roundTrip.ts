/** Timers that fire before an answer can be there: nothing is lost, and everything comes several times. */
import type { FlightView, Handshake } from '../analysis/model.ts';
import { arrivedAt, datagramsOf, flightOfLost } from './lookups.ts';

export interface HastyTimer {
  /** The flight whose timer fired first, and after how long. ms */
  readonly flight: FlightView;
  readonly afterMs: number;
  /** What takes longest to be answered. */
  readonly longest: { readonly flight: FlightView; readonly ms: number };
}

export function hastyTimer(handshake: Handshake): HastyTimer | undefined {
  const pairs = handshake.flights.flatMap((flight) => {
    const answer = handshake.flights.find(({ number, from }) => number > flight.number && from !== flight.from);
    const ms = answer && distance(handshake, flight, answer);
    return ms === undefined ? [] : [{ flight, ms }];
  });
  const [longest] = pairs.sort((a, b) => b.ms - a.ms);
  if (!longest) return undefined;
  // The first flight that is sent again has nobody's repetition to answer: its sender's timer fired.
  const [flight] = handshake.flights
    .filter(({ resentAt }) => resentAt.length > 0)
    .sort((a, b) => firstAgain(a) - firstAgain(b));
  if (!flight) return undefined;
  const afterMs = firstAgain(flight) - flight.sentAt;
  return afterMs < longest.ms ? { flight, afterMs, longest } : undefined;
}

const firstAgain = ({ resentAt }: FlightView): number => resentAt[0] ?? Number.POSITIVE_INFINITY;

/**
 * The time from a flight to its answer, when each of its sendings has an answer of its own just that much later. Were the
 * first lost, there would be fewer answers; were the answers timed, they would not keep the rhythm.
 */
function distance(handshake: Handshake, flight: FlightView, answer: FlightView): number | undefined {
  if (flight.resentAfterAck.length > 0 || answer.resentAfterAck.length > 0) return undefined;
  // Timers of one length at both ends keep a rhythm too, and a loss in either flight is answered in it.
  if (lacked(handshake, flight) || lacked(handshake, answer)) return undefined;
  const asked = [flight.sentAt, ...flight.resentAt].slice(0, compared);
  const came = arrivals(handshake, answer).slice(0, asked.length);
  if (asked.length < 2 || came.length < asked.length) return undefined;
  const apart = came.map((at, i) => at - (asked[i] ?? at));
  const [least, largest] = [Math.min(...apart), Math.max(...apart)];
  return least > 0 && largest - least <= Math.max(jitterMs, least / 4) ? least : undefined;
}
const compared = 8;
const jitterMs = 3;

/** Whether some of its first sending is known to have been lost. */
const lacked = (handshake: Handshake, flight: FlightView): boolean =>
  datagramsOf(handshake, flight.packets).some(({ attempt, delivered }) => attempt === 0 && delivered === false) ||
  handshake.lost.some((lost) => lost.evidence === 'hole' && flightOfLost(handshake, lost) === flight);

/** When each sending of a flight was first seen by the other side, as far as the trace tells. */
function arrivals(handshake: Handshake, flight: FlightView): number[] {
  const first = new Map<number, number>();
  for (const datagram of datagramsOf(handshake, flight.packets)) {
    if (datagram.delivered === false) continue;
    first.set(datagram.attempt, Math.min(arrivedAt(datagram), first.get(datagram.attempt) ?? Number.POSITIVE_INFINITY));
  }
  return [...first].sort(([a], [b]) => a - b).map(([, at]) => at);
}
