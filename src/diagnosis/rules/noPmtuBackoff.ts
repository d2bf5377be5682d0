import type { FlightView, Handshake } from '../../analysis/model.ts';
import { rule, type Says } from '../model.ts';
import { datagramsOf, evidenceOf, sendings, storyOf } from '../story.ts';
import { capitalised, flightText, times } from '../words.ts';
import { isUnsplit } from './flightUnsplit.ts';

/** Every path of IPv4 carries this much: 576 less 28 (RFC 6347 §4.1.1.1 takes less of it as safe). */
const safe = 548;
/** After so many repetitions in vain a stack should try smaller records. */
const patience = 3;

export const noPmtuBackoff = rule(
  {
    id: 'no-pmtu-backoff',
    title: 'Datagrams stay as large however often they fail',
    signature: `A flight that does not get through is sent at least ${patience + 1} times, and its largest datagram is above ${safe} bytes and as large in the last sending as in the first.`,
    doc: {
      why: 'When repetitions get no answer the datagrams may be too large for the path, which nobody says. A stack should then cut its flight smaller; one that sends the same records again fails for ever where a smaller one would pass.',
      fix: 'Set the MTU of that side low enough (1200 passes nearly everywhere; try 500 to find out), or use a stack that backs off. Met in wolfSSL/wolfssl#10616 and Mbed-TLS/mbedtls#1966.',
    },
    see: 'RFC 6347 §4.1.1.1, RFC 9147 §4.4',
  },
  (handshake) => {
    if (!storyOf(handshake).stalled) return undefined;
    const flight = handshake.flights.at(-1);
    return flight && say(handshake, flight);
  },
);

function say(handshake: Handshake, flight: FlightView): Says | undefined {
  const { stop } = storyOf(handshake);
  // What ended it for a reason that has nothing to do with size.
  const about = ['too-large', 'large-vanish', 'stuck', 'silence', 'cookie', 'link', 'fragments', 'split-hello'];
  if (sendings(flight) <= patience || !about.includes(stop.kind)) return undefined;
  const sizes = new Map<number, number>();
  const datagrams = datagramsOf(handshake, flight.packets);
  // Records glued together are another fault, and mended elsewhere.
  if (datagrams.some(isUnsplit)) return undefined;
  for (const { attempt, size } of datagrams) sizes.set(attempt, Math.max(size, sizes.get(attempt) ?? 0));
  const attempts = [...sizes].sort(([a], [b]) => a - b).map(([, size]) => size);
  const [first, last] = [attempts[0] ?? 0, attempts.at(-1) ?? 0];
  if (attempts.length <= patience || first <= safe || last < first) return undefined;
  const mtu = stop.kind === 'too-large' ? ` The path carries ${stop.mtu}.` : '';
  return {
    severity: 'warning',
    why: `${capitalised(flightText(flight))} was sent ${times(attempts.length)} without success, and its largest datagram had ${first} bytes each time.${mtu} The ${flight.from} never tried smaller ones, which would tell whether their size is the reason.`,
    fix: `Set the ${flight.from}'s MTU to ${Math.min(first, stop.kind === 'too-large' ? stop.mtu : 500)} and try again. A stack should make smaller records by itself after some repetitions in vain (wolfSSL/wolfssl#10616, Mbed-TLS/mbedtls#1966).`,
    evidence: evidenceOf(datagrams),
  };
}
