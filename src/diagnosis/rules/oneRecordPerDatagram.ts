import type { DatagramView, FlightView, Handshake } from '../../analysis/model.ts';
import { rule } from '../model.ts';
import { datagramsOf, evidenceOf } from '../story.ts';
import { capitalised, count, flightText } from '../words.ts';

export const oneRecordPerDatagram = rule(
  {
    id: 'one-record-per-datagram',
    title: 'Each record goes in a datagram of its own',
    signature:
      'A flight of four datagrams or more with one record each, which would fit into half as many of the size that the side sends elsewhere.',
    doc: {
      why: 'A flight is through when all of its datagrams are: with a path that loses 5 %, one datagram arrives in 95 of 100 cases, and all of five in 77. Sending record by record is what people make of a memory BIO when they mend a flight that was too large; records may share a datagram as long as they fit.',
      fix: 'Put records into one datagram while they fit the MTU, and begin a new one then.',
    },
    see: 'RFC 6347 §4.1.1',
  },
  (handshake) => {
    const wasteful = handshake.flights.flatMap((flight) => waste(handshake, flight) ?? []);
    const [worst] = wasteful.sort((a, b) => b.datagrams.length - a.datagrams.length);
    if (!worst) return undefined;
    const { flight, datagrams, needed, bytes } = worst;
    const lost = handshake.lost.some(({ from }) => from === flight.from);
    return {
      severity: lost ? 'warning' : 'info',
      why: `${capitalised(flightText(flight))} went out in ${count(datagrams.length, 'datagram')} with one record each, ${bytes} bytes in all, which fit into ${needed === 1 ? 'one' : needed}. Every one of them can be lost, and each loss costs a timer${lost ? ', as it did here' : ''}.`,
      fix: `Let the ${flight.from} put records into one datagram while they fit the MTU (OpenSSL: let a buffering BIO collect the flight and cut at record borders).`,
      evidence: evidenceOf(datagrams),
    };
  },
);

interface Waste {
  readonly flight: FlightView;
  readonly datagrams: readonly DatagramView[];
  readonly needed: number;
  readonly bytes: number;
}

function waste(handshake: Handshake, flight: FlightView): Waste | undefined {
  const datagrams = datagramsOf(handshake, flight.packets).filter(({ attempt }) => attempt === 0);
  if (datagrams.length < leastDatagrams || datagrams.some(({ records }) => records.length !== 1)) return undefined;
  // Each of them answers a hello of its own.
  if (flight.messages[0] === 'hello_verify_request') return undefined;
  const cut = datagrams.some(({ records }) =>
    records.some(({ fragments }) => fragments.some(({ length, total }) => length < total)),
  );
  const largest = handshake.traffic[flight.from].largest;
  // Who cuts messages is at its MTU; who does not has room up to what every path carries.
  const room = cut ? largest : Math.max(largest, usualRoom);
  const bytes = datagrams.reduce((sum, { size }) => sum + size, 0);
  const needed = Math.ceil(bytes / room);
  return needed * 2 <= datagrams.length ? { flight, datagrams, needed, bytes } : undefined;
}
const leastDatagrams = 4;
/** UDP payload that WebRTC stacks send: 1200 bytes pass nearly everywhere. */
const usualRoom = 1200;
