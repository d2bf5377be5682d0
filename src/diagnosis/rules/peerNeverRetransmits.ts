import { causeText } from '../causeText.ts';
import { rule } from '../model.ts';
import { datagramsOf, evidenceOf, storyOf } from '../story.ts';
import { capitalised, flightText, otherSide } from '../words.ts';

export const peerNeverRetransmits = rule(
  {
    id: 'peer-never-retransmits',
    title: 'A side never sends its flight again',
    signature:
      'The newest flight was sent once; the other side repeats the flight before it at least twice, or at least 3 s go by in silence, and it is not sent again.',
    doc: {
      why: 'In DTLS each side must send its flight again when nothing comes, and when the other side repeats itself. A stack whose DTLS timer nobody drives, or that takes a repeated ClientHello for a replay, stops at the first datagram that is lost.',
      fix: 'Call the timeout function of the DTLS library on a timer while the handshake runs (DTLSv1_handle_timeout of OpenSSL, mbedtls_ssl_set_timer_cb of mbedTLS), and check what it returns. Met in lynckia/licode#1887, algesten/dimpl#160 and meetecho/janus-gateway#1345; a server that answers no repeated ClientHello in openssl/openssl#2439.',
    },
    see: 'RFC 6347 §4.2.4',
  },
  (handshake) => {
    const { stop } = storyOf(handshake);
    if (stop.kind !== 'never-again') return undefined;
    const { who, flight, asked } = stop;
    const datagrams = datagramsOf(handshake, flight.packets);
    const lost = datagrams.some(({ delivered }) => delivered === false);
    const verify = flight.messages.includes('hello_verify_request');
    return {
      severity: 'error',
      why: `${capitalised(causeText(stop))}. ${
        lost ? 'That one sending was lost, which is what repeating is for. ' : ''
      }${asked > 0 ? `What the ${otherSide(who)} repeats says that ${flightText(flight)} never reached it, or not whole.` : 'One lost datagram is enough to end the handshake.'}`,
      fix: verify
        ? `Let the ${who} answer every ClientHello without a cookie, repeated or not (openssl/openssl#2439, pion/dtls#479).`
        : `Look whether the ${who} drives the timer of its DTLS library while the handshake runs (DTLSv1_handle_timeout of OpenSSL; lynckia/licode#1887, algesten/dimpl#160), and whether it still runs at that moment.`,
      evidence: evidenceOf(datagrams),
    };
  },
);
