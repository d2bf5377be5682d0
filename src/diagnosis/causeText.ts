/** What a handshake stopped at, in one clause: for the verdict, and where a finding begins. */
import { unreachable } from '../base/unreachable.ts';
import type { Cause } from './causes.ts';
import { sendings } from './lookups.ts';
import { count, duration, flightContents, flightText, list, otherSide, times } from './words.ts';

export function causeText(cause: Cause): string {
  switch (cause.kind) {
    case 'never-again':
      return `the ${cause.who} sent its flight ${cause.flight.number} (${flightContents(cause.flight)}) once and never again${
        cause.asked > 0
          ? `, though the ${otherSide(cause.who)} repeated its own ${times(cause.asked)} in ${duration(cause.waitedMs)}`
          : cause.waitedMs > 0
            ? `, and ${duration(cause.waitedMs)} went by without an answer`
            : ', and set no timer for it'
      }: it drives no retransmission timer, or is gone`;
    case 'junk':
      return `the ${cause.who} sends ${count(cause.datagrams.length, 'datagram')} that belong${
        cause.datagrams.length === 1 ? 's' : ''
      } to no flight (${list([...new Set(cause.datagrams.map(({ size }) => `${size} bytes`))].slice(0, 3))}) where it should repeat its flight`;
    case 'cookies':
      return `the server made ${count(cause.cookies, 'different cookie')} for one client, so that none which comes back is the one it wants`;
    case 'hello-changed':
      return `the client comes back with each cookie in another hello (${list(cause.fields)}), and the server takes none of them`;
    case 'interleaved':
      return `the server answered one ClientHello with ${count(cause.hellos, 'different ServerHello', 'different ServerHellos')}, and the two sides are in different handshakes`;
    case 'stale':
      return `the new ClientHello was sent ${times(sendings(cause.flight))} from the address of ${cause.before.id}, which is established, and got no answer: the other side is still in that one`;
    case 'numbers':
      return `${flightText(cause.flight)} was sent ${times(sendings(cause.flight))} and holds records under numbers that were used before, which a replay window drops`;
    case 'borders':
      return `${flightText(cause.flight)} was sent ${times(sendings(cause.flight))} and cut in other places when it was sent again; every byte arrived, and the ${otherSide(cause.flight.from)} does not put them together`;
    case 'reordered':
      return `${flightText(cause.flight)} arrived whole but not in order, and the ${otherSide(cause.flight.from)} does not put it together`;
    case 'messages':
      return `${flightText(cause.flight)} arrived whole, with several messages in one record, and the ${otherSide(cause.flight.from)} does not get past it`;
    case 'finished':
      return `${flightText(cause.flight)} arrived ${times(sendings(cause.flight))} and the ${otherSide(cause.flight.from)} drops it without a word, as it does when the keys of the two sides differ`;
    case 'other-keys':
      return `${flightText(cause.flight)} was sent ${times(sendings(cause.flight))}, and the secrets of the key log, which are this handshake's, do not open it: the ${cause.flight.from} has other keys than who wrote that log`;
    default:
      return unreachable(cause);
  }
}
