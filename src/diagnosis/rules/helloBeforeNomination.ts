import { rule } from '../model.ts';
import { waitedForNomination } from '../path.ts';
import { datagramsOf, evidenceOf, sendings } from '../story.ts';
import { capitalised, duration, flightText, otherSide, times } from '../words.ts';

export const helloBeforeNomination = rule(
  {
    id: 'hello-before-nomination',
    title: 'DTLS waited until ICE had chosen a pair',
    signature:
      'A ClientHello goes out before any pair is nominated (USE-CANDIDATE), is sent again, and is answered only after the nomination.',
    doc: {
      why: 'A pair whose check was answered may carry DTLS before ICE has chosen one (RFC 8445 §12). Some stacks, GStreamer’s webrtcbin and aiortc among them, read it only after the choice, and keep or drop what comes before.',
      fix: 'Nothing is broken, and nothing was lost. Let the controlling side nominate sooner where the time matters.',
    },
    see: 'RFC 8445 §12, RFC 8445 §8.1.1',
  },
  (handshake) => {
    const waited = waitedForNomination(handshake);
    if (!waited) return undefined;
    const { flight, answer, nominatedAt } = waited;
    return {
      severity: 'info',
      why: `${capitalised(flightText(flight))} was first sent ${duration(nominatedAt - flight.sentAt)} before ICE chose a pair, and ${times(sendings(flight))} in all; the answer came ${duration(answer.sentAt - nominatedAt)} after the choice. The ${otherSide(flight.from)} reads DTLS only from then on, as GStreamer’s webrtcbin and aiortc do.`,
      fix: 'Nothing is broken: a pair that works may carry DTLS before ICE has chosen it, and need not be listened to. Where the time matters, let the controlling side nominate sooner.',
      evidence: evidenceOf(datagramsOf(handshake, flight.packets)),
    };
  },
);
