import { browsersText, helloFacts, sizesText } from '../hello.ts';
import { rule } from '../model.ts';
import { iceNow } from '../path.ts';
import { datagramsOf, evidenceOf, isSplit, onlyAcknowledges, sendings, storyOf } from '../story.ts';
import { duration, times } from '../words.ts';

export const clientHelloFragmentedUnanswered = rule(
  {
    id: 'client-hello-fragmented-unanswered',
    title: 'A fragmented ClientHello gets no answer',
    signature:
      'The ClientHello needs several datagrams, is sent again, and no datagram of the server ever comes, but for ACKs of DTLS 1.3; or a small one was answered with a cookie, and the same with the cookie, which needs several, is not.',
    doc: {
      why: 'Post-quantum key shares make ClientHellos larger than a datagram. Servers that cannot put a fragmented ClientHello together drop it in silence: mbedTLS before 3.6.6, wolfSSL 5.5, listeners that are stateless until the cookie came (DTLSv1_listen of OpenSSL, DTLSVerifier of Bouncy Castle), and old gateways.',
      fix: 'See whether the same server answers a small ClientHello. If it does, it needs a TLS library that takes fragmented hellos, or no stateless cookie behind ICE; if it does not, look at address, port and firewall first.',
    },
    see: 'RFC 9147 §5.5',
  },
  (handshake) => {
    const { stop } = storyOf(handshake);
    const afterCookie = stop.kind === 'cookie' && isSplit(handshake, stop.flight);
    if (stop.kind !== 'split-hello' && !afterCookie) return undefined;
    // Then somebody said why: nobody is there who could have put it together.
    if (handshake.refused.length > 0) return undefined;
    const hello = helloFacts(handshake);
    if (!hello) return undefined;
    const { flight, share } = hello;
    const n = sendings(flight);
    const span = n > 1 ? ` in ${duration((flight.resentAt.at(-1) ?? flight.sentAt) - flight.sentAt)}` : '';
    const because = share
      ? ` ${share.bytes} bytes of it are the ${share.name} key share.`
      : ' No post-quantum key share was seen in it.';
    return {
      severity: afterCookie ? 'warning' : 'error',
      why: `The ClientHello${hello.bytes === undefined ? '' : ` of ${hello.bytes} bytes`} went out in ${sizesText(hello.sizes)}, ${times(n)}${span}, ${
        afterCookie
          ? 'and was not answered, though a smaller one had been'
          : onlyAcknowledges(handshake, 'server')
            ? 'and the server acknowledged its pieces, and said nothing else'
            : 'and the server never said a word'
      }.${because} Servers that cannot put a fragmented ClientHello together drop it in silence: mbedTLS before 3.6.6, wolfSSL 5.5, listeners that are stateless until the cookie came (OpenSSL's DTLSv1_listen, Bouncy Castle's DTLSVerifier), and old gateways.`,
      fix: `See whether a small ClientHello is answered by the same server. ${share ? `${browsersText}. ` : ''}If it is, the server needs a TLS library that takes fragmented hellos, or no stateless cookie behind ICE; if it is not, ${elsewhere[iceNow(handshake) ?? 'unknown']}.`,
      evidence: evidenceOf(datagramsOf(handshake, flight.packets)),
    };
  },
);

/** Where to look when no ClientHello is answered, by what became of ICE. */
const elsewhere = {
  works: 'its DTLS may not have begun, as ICE works: see in its log whether it took our description',
  lost: 'see whether it is still there: it stopped answering ICE checks as well',
  unknown: 'look at address, port and firewall first',
} as const;
