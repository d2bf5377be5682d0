import type { FlightView, Handshake } from '../../analysis/model.ts';
import { arrivedAt } from '../lookups.ts';
import { rule } from '../model.ts';
import { datagramsOf, evidenceOf, flightOfLost } from '../story.ts';
import { capitalised, count, duration, flightText } from '../words.ts';

export const rtoBelowRtt = rule(
  {
    id: 'rto-below-rtt',
    title: 'The timer is shorter than the round trip',
    signature:
      'A flight and its answer come several times in the same rhythm, the answer a constant time behind, so nothing was lost; and the first repetition came sooner than that.',
    doc: {
      why: 'The flight is sent again before its answer can be there. That makes duplicates of every flight, and breaks peers that are not ready for them: two ServerHellos, a handshake begun anew, an alert.',
      fix: 'Take the first timer from the ICE round trip, or 1 s, and double it. A server must answer a repeated flight with the same one. Met in awslabs/amazon-kinesis-video-streams-webrtc-sdk-c#883, zephyrproject-rtos/zephyr#49071 and randombit/botan#2498.',
    },
    see: 'RFC 9147 §5.8.2',
  },
  (handshake) => {
    const pairs = handshake.flights.flatMap((flight) => {
      const answer = handshake.flights.find(({ number, from }) => number > flight.number && from !== flight.from);
      const ms = answer && distance(handshake, flight, answer);
      return ms === undefined ? [] : [{ flight, ms }];
    });
    const [longest] = pairs.sort((a, b) => b.ms - a.ms);
    if (!longest) return undefined;
    const again = handshake.flights.filter(({ resentAt }) => resentAt.length > 0);
    // The first flight that is sent again has nobody's repetition to answer: its sender's timer fired.
    const [first] = again.toSorted((a, b) => firstAgain(a) - firstAgain(b));
    if (!first || firstAgain(first) - first.sentAt >= longest.ms) return undefined;
    return {
      severity: 'warning',
      why: `${capitalised(flightText(first))} was sent again after ${duration(firstAgain(first) - first.sentAt)}, before an answer could be there: ${
        longest.flight === first ? 'it' : flightText(longest.flight)
      } is answered ${duration(longest.ms)} after it was sent, each sending of it. Nothing was lost for that; ${count(
        handshake.retransmissions.client + handshake.retransmissions.server,
        'repetition',
      )} in all were of no use.`,
      fix: `Let the ${first.from} wait longer at first: 1 s, or more where the round trip takes longer; ICE has measured it (RFC 9147 §5.8.2).`,
      evidence: evidenceOf(again.flatMap((flight) => datagramsOf(handshake, flight.packets))),
    };
  },
);

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
