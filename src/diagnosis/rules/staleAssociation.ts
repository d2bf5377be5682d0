import { rule } from '../model.ts';
import { datagramsOf, evidenceOf, sendings, storyOf } from '../story.ts';
import { duration, times } from '../words.ts';

export const staleAssociation = rule(
  {
    id: 'stale-association',
    title: 'A new handshake meets an association that is still alive',
    signature:
      'A ClientHello with another random between two addresses whose handshake is established, and no hello in answer to it.',
    doc: {
      why: 'One side has forgotten the association, or makes a new one, and the other is still in the old one: it takes the new ClientHello for something old, and ignores it.',
      fix: 'A server must answer a ClientHello from the address of a live association with a cookie, and take the new one when that comes back; or use another port (and another tls-id in signalling) for the new one. Met in pion/dtls#253 and #479, openssl/openssl#3283, sipwise/rtpengine#2157.',
    },
    see: 'RFC 6347 §4.2.8',
  },
  (handshake) => {
    const { stop } = storyOf(handshake);
    if (stop.kind !== 'stale') return undefined;
    const { before, flight } = stop;
    const switched = before.client !== handshake.client;
    const old = handshake.datagrams.filter(
      ({ from, records }) => from !== flight.from && records.some(({ epoch }) => epoch > 0),
    );
    return {
      severity: 'error',
      why: `${duration(Math.max(0, handshake.startedAt - before.endedAt))} after the last datagram of ${before.id}, which is established, a new ClientHello comes from ${
        switched ? 'its server, which is the client now' : 'the same address'
      }. It was sent ${times(sendings(flight))} and got no hello in answer${
        old.length > 0 ? '; what the other side sends is still under the keys of the old association' : ''
      }.`,
      fix: switched
        ? 'Roles are settled for as long as an association lives: make a new one, with another tls-id in signalling and another port or ICE generation (RFC 8842 §5.4; sipwise/rtpengine#2157).'
        : 'Let the server answer a new ClientHello on a live association with a cookie, and begin anew when that comes back (pion/dtls#253, openssl/openssl#3283); or let the client take another port.',
      evidence: evidenceOf([...datagramsOf(handshake, flight.packets), ...old]),
    };
  },
);
