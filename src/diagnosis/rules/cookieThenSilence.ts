import { rule } from '../model.ts';
import { datagramsOf, evidenceOf, sendings, storyOf } from '../story.ts';
import { duration, times } from '../words.ts';

export const cookieThenSilence = rule(
  {
    id: 'cookie-then-silence',
    title: 'The server asked for a cookie and then fell silent',
    signature:
      'HelloVerifyRequest (or HelloRetryRequest with a cookie) comes, the ClientHello with the cookie is repeated, and nothing more comes from the server.',
    doc: {
      why: "A cookie came, so addresses and ports are right and small datagrams pass both ways. What got lost is the ClientHello that returned the cookie, or the server's whole next flight, its largest.",
      fix: 'Make the ClientHello fit one datagram, try the server with a small MTU and a small certificate, and look in its log whether it accepted the cookie.',
    },
    see: 'RFC 6347 §4.2.1',
  },
  (handshake) => {
    const { stop } = storyOf(handshake);
    if (stop.kind !== 'cookie') return undefined;
    const { flight } = stop;
    const datagrams = datagramsOf(handshake, flight.packets);
    const split = datagrams.filter(({ attempt }) => attempt === 0).length > 1;
    const span = duration((flight.resentAt.at(-1) ?? flight.sentAt) - flight.sentAt);
    return {
      severity: 'error',
      why: `The server answered the first ClientHello with a cookie, so addresses and ports are right and small datagrams pass both ways. The ClientHello with that cookie was then sent ${times(sendings(flight))}${sendings(flight) > 1 ? ` in ${span}` : ''} without any answer.${
        split ? ' It needs several datagrams, which a stateless listener cannot put together.' : ''
      }`,
      fix: split
        ? 'Make the ClientHello fit one datagram (larger MTU, no post-quantum key share), or let the server do without stateless cookies behind ICE.'
        : "What is lost is either this ClientHello or the server's whole next flight, its largest: try the server with a small MTU and a small certificate, and look in its log whether it accepted the cookie.",
      evidence: evidenceOf(datagrams),
    };
  },
);
