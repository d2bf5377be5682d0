import { changedInHello, cookiesOf } from '../causes.ts';
import { rule } from '../model.ts';
import { evidenceOf, storyOf } from '../story.ts';
import { count, times } from '../words.ts';

export const cookieNotStable = rule(
  {
    id: 'cookie-not-stable',
    title: 'The server makes another cookie for the same client',
    signature:
      'HelloVerifyRequests with different cookies answer ClientHellos with one random between the same addresses.',
    doc: {
      why: 'A cookie should follow from the client’s address and hello alone, so that a repeated ClientHello gets the same one. When each gets another and only the newest counts, a client on a slow path, or behind one lost datagram, always comes back with an old one.',
      fix: 'Make the cookie an HMAC over the address and the ClientHello, with a secret that lives longer than a handshake, and keep nothing. Met in shinyoshiaki/werift-webrtc#332, algesten/dimpl#40 and pion/dtls#276.',
    },
    see: 'RFC 6347 §4.2.1',
  },
  (handshake) => {
    const seen = cookiesOf(handshake);
    const different = new Set(seen.map(({ cookie }) => cookie)).size;
    // Another address must get another cookie, and another hello may.
    if (different < 2 || handshake.moves.length > 0 || changedInHello(handshake).length > 0) return undefined;
    const { stop } = storyOf(handshake);
    const hellos = handshake.flights
      .filter(({ messages }) => messages[0] === 'client_hello')
      .reduce((sum, { resentAt }) => sum + 1 + resentAt.length, 0);
    return {
      severity: stop.kind === 'cookies' ? 'error' : 'warning',
      why: `The server sent ${count(seen.length, 'HelloVerifyRequest')} with ${count(different, 'different cookie')}, to a client that sent its ClientHello ${times(hellos)} from one address. ${
        stop.kind === 'cookies'
          ? 'The cookie that comes back is never the newest one, so the handshake turns in a circle.'
          : 'Here one of them was taken; where a ClientHello is repeated before its cookie comes back, that may never happen.'
      }`,
      fix: 'Let the server make the cookie from the client’s address and hello alone (an HMAC), and keep nothing of it; werift (shinyoshiaki/werift-webrtc#332), dimpl (algesten/dimpl#40) and pion (pion/dtls#276) had this.',
      evidence: evidenceOf(seen.map(({ datagram }) => datagram)),
    };
  },
);
