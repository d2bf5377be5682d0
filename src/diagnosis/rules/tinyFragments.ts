import type { FlightView, FragmentView, Handshake } from '../../analysis/model.ts';
import { rule, type Says } from '../model.ts';
import { datagramsOf, evidenceOf } from '../story.ts';
import { capitalised, count, flightText } from '../words.ts';

/** The most that OpenSSL sends when nobody tells it the MTU: 256 less IPv4 and UDP headers. */
const opensslFloor = 228;
/** Above this a flight is cut for a reason. UDP payload bytes. */
const tiny = 300;
/** Fewer datagrams are no matter. */
const many = 6;

export const tinyFragments = rule(
  {
    id: 'tiny-fragments',
    title: 'A flight is cut into many small datagrams',
    signature: `One sending of a flight takes ${many} datagrams or more, none above ${tiny} bytes of UDP payload.`,
    doc: {
      why: 'The MTU is far below what any path needs. Each datagram more is one more that may get lost, and one that is lost costs a timer for the whole flight.',
      fix: 'Set the MTU to 1200 or so: SSL_set_mtu together with SSL_OP_NO_QUERY_MTU in OpenSSL, which goes down to 256 bytes when its BIO does not answer the question for the MTU. Met in sipwise/rtpengine#413, OvenMediaLabs/OvenMediaEngine#2329 and rbit/pydtls#9.',
    },
    see: 'RFC 6347 §4.1.1.1',
  },
  (handshake) => {
    const cut = handshake.flights.flatMap((flight) => say(handshake, flight));
    return cut.slice(0, 2);
  },
);

function say(handshake: Handshake, flight: FlightView): Says[] {
  const sent = datagramsOf(handshake, flight.packets).filter(({ attempt }) => attempt === 0);
  if (!sent.some(({ records }) => records.some(({ fragments }) => fragments.some(isPart)))) return [];
  const largest = Math.max(0, ...sent.slice(0, 1000).map(({ size }) => size));
  if (sent.length < many || largest > tiny) return [];
  const bytes = sent.reduce((sum, { size }) => sum + size, 0);
  const least = Math.ceil(bytes / usual);
  const floor = largest <= opensslFloor;
  return [
    {
      severity: floor ? 'warning' : 'info',
      why: `${capitalised(flightText(flight))} takes ${count(sent.length, 'datagram')} of up to ${largest} bytes; at ${usual} bytes each, ${least} would do. ${
        floor ? `OpenSSL cuts at ${opensslFloor} bytes when nobody tells it the MTU. ` : ''
      }Where one datagram in a hundred is lost, ${count(sent.length, 'datagram')} all arrive in ${percent(sent.length)} of the handshakes, and ${least} in ${percent(least)}.`,
      fix: `Set the ${flight.from}'s MTU to ${usual} or so${floor ? ' (SSL_set_mtu and SSL_OP_NO_QUERY_MTU in OpenSSL)' : ''}, and pack several records into a datagram while they fit.`,
      evidence: evidenceOf(sent),
    },
  ];
}
const isPart = ({ length, total }: FragmentView): boolean => length < total;

/** What browsers use. */
const usual = 1200;
const percent = (datagrams: number): string => `${Math.round(100 * 0.99 ** datagrams)} %`;
