import { rule } from '../model.ts';
import { evidenceOf, storyOf } from '../story.ts';
import { capitalised, duration, flightText, times } from '../words.ts';

export const onlyServerHelloAcknowledged = rule(
  {
    id: 'only-server-hello-acknowledged',
    title: 'The client acknowledges the ServerHello and nothing behind it',
    signature:
      'DTLS 1.3: the server repeats its flight, and all that the client has to say are ACKs, each with a record number or more of epoch 0 and none of epoch 2.',
    doc: {
      why: 'The client reads the ServerHello, which is in the clear, and can open none of the records behind it. So the two sides came to different keys: the usual reason is a stack that derives them with the label "tls13 " of TLS in place of "dtls13". Users met it in bcgit/bc-java#2441 and jitsi/jitsi-videobridge#2451.',
      fix: 'Let the HKDF labels of DTLS begin with "dtls13" (BouncyCastle: see bcgit/bc-java#2441), or leave DTLS 1.3 off at one side until then.',
    },
    see: 'RFC 9147 §5.9',
  },
  (handshake) => {
    const { stop } = storyOf(handshake);
    if (stop.kind !== 'server-hello-only') return undefined;
    const { flight, acks } = stop;
    const last = flight.resentAt.at(-1) ?? flight.sentAt;
    return {
      severity: 'error',
      why: `${capitalised(flightText(flight))} was sent ${times(1 + flight.resentAt.length)} in ${duration(last - flight.sentAt)}, and the client answered with ACKs alone (${acks
        .map(({ size }) => size)
        .slice(0, 6)
        .join(
          ', ',
        )} bytes), of the ServerHello and of nothing behind it. It cannot open the records of epoch 2: the two sides derive different keys, as with the label "tls13 " in place of "dtls13".`,
      fix: 'Check the label of every key derivation: "dtls13" (RFC 9147 §5.9) at both sides; BouncyCastle and Jitsi had it wrong (bcgit/bc-java#2441, jitsi/jitsi-videobridge#2451). Until then limit one side to DTLS 1.2.',
      evidence: evidenceOf(acks),
    };
  },
);
