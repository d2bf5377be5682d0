import type { FlightView } from '../../analysis/model.ts';
import { rule } from '../model.ts';
import { stormsOf } from '../storms.ts';
import { evidenceOf } from '../story.ts';
import { capitalised, count, duration, flightText, list, numeral } from '../words.ts';

export const retransmissionNormal = rule(
  {
    id: 'retransmission-normal',
    title: 'Flights were sent again, as DTLS does',
    signature:
      'Bytes of a handshake message come again from the same side (same message_seq, overlapping range), and not without pause.',
    doc: {
      why: 'Repeating a whole flight after a timer, often with other fragment borders, is how DTLS copes with loss. What Wireshark marks as "Reassembly error" or overlapping fragments is this and nothing worse.',
      fix: 'Nothing: the repetitions are no fault. What made them necessary is said by the other findings, where it is known.',
    },
    see: 'RFC 6347 §4.2.4',
  },
  (handshake) => {
    const { client, server } = handshake.retransmissions;
    // Without pause it is not normal.
    if (client + server === 0 || stormsOf(handshake).length > 0) return undefined;
    const repeats = handshake.datagrams.filter(({ attempt }) => attempt > 0);
    const useless = repeats.filter(({ newBytes }) => newBytes === 0).length;
    const again = handshake.flights.filter(({ resentAt }) => resentAt.length > 0);
    const closed = repeats.every(({ records }) => records.some(({ likely }) => likely === 'handshake'));
    const overlaps = repeats.some(({ records }) =>
      records.some(({ fragments }) =>
        fragments.some(({ length, total, newBytes: fresh }) => length < total && fresh < length),
      ),
    );
    return {
      severity: 'info',
      why: `${sentence(again)}. ${closed ? 'What the repetitions brought is encrypted, and they are known by their sizes alone.' : brought(repeats.length, useless)} ${afterAck(again)}${
        overlaps
          ? 'What Wireshark marks as "Reassembly error" or overlapping fragments is this and nothing worse. '
          : ''
      }Repeating a whole flight after a timer, often with other fragment borders, is how DTLS copes with loss.`,
      fix: 'Nothing: the repetitions are no fault. What made them necessary is said by the other findings, where it is known.',
      evidence: evidenceOf(repeats),
    };
  },
);

/** The sendings that an ACK asked for are shorter than the flight, and need no timer. */
const afterAck = (flights: readonly FlightView[]): string =>
  flights.some(({ resentAfterAck }) => resentAfterAck.length > 0)
    ? 'After an ACK only what it had not listed was sent again (RFC 9147 §7.2). '
    : '';

const brought = (repeats: number, useless: number): string =>
  useless === repeats
    ? `${capitalised(count(repeats, 'repeated datagram'))} brought nothing that had not been seen.`
    : `Of ${count(repeats, 'repeated datagram')} ${useless === 0 ? 'each' : numeral(repeats - useless)} brought something new.`;

function sentence(flights: readonly FlightView[]): string {
  const parts = flights.slice(0, shown).map((flight) => {
    const n = flight.resentAt.length;
    const first = (flight.resentAt[0] ?? flight.sentAt) - flight.sentAt;
    return `${flightText(flight)} ${n === 1 ? `after ${duration(first)}` : `${count(n, 'more time')}, the first after ${duration(first)}`}`;
  });
  const more = flights.length - parts.length;
  return `Sent again: ${list(more > 0 ? [...parts, more === 1 ? 'one more flight' : `${numeral(more)} more flights`] : parts)}`;
}
const shown = 4;
