import { rule } from '../model.ts';
import { hastyTimer } from '../roundTrip.ts';
import { datagramsOf, evidenceOf } from '../story.ts';
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
    const hasty = hastyTimer(handshake);
    if (!hasty) return undefined;
    const { flight: first, afterMs, longest } = hasty;
    const again = handshake.flights.filter(({ resentAt }) => resentAt.length > 0);
    return {
      severity: 'warning',
      why: `${capitalised(flightText(first))} was sent again after ${duration(afterMs)}, before an answer could be there: ${
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
