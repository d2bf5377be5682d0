import { isRecut } from '../causes.ts';
import { rule } from '../model.ts';
import { datagramsOf, evidenceOf, flightsFrom, storyOf } from '../story.ts';
import { capitalised, flightText, otherSide, times } from '../words.ts';

export const refragmentedRetransmission = rule(
  {
    id: 'refragmented-retransmission',
    title: 'A flight is cut in other places when it is sent again',
    signature: 'The same messages come again with other fragment offsets or lengths.',
    doc: {
      why: 'That is allowed, and good where the path is narrow: receivers must take any overlap. Some put fragments together only where their borders stay the same, and then never have the message although every byte arrived.',
      fix: 'Nothing, where the handshake goes on. Otherwise mend the receiver (pion before pion/dtls#1099, OvenMediaLabs/OvenMediaEngine#2329), or let the sender keep its MTU and packing when it repeats.',
    },
    see: 'RFC 6347 §4.2.3',
  },
  (handshake) => {
    const { stop } = storyOf(handshake);
    // Nobody reads hellos there.
    if (stop.kind === 'both-active') return undefined;
    const cut = handshake.flights.filter((flight) => isRecut(handshake, flight));
    const flight = stop.kind === 'borders' ? stop.flight : cut.at(-1);
    if (!flight) return undefined;
    const ended = stop.kind === 'borders';
    const receiver = otherSide(flight.from);
    const past =
      handshake.establishedAt !== undefined ||
      flightsFrom(handshake, receiver).some(({ number }) => number > flight.number);
    const open = !ended && !past && stop.kind === 'stuck';
    return {
      severity: ended ? 'error' : open ? 'warning' : 'info',
      why: `${capitalised(flightText(flight))} was sent ${times(1 + flight.resentAt.length)}, and not always cut in the same places. ${
        ended
          ? `Every byte of it arrived, and the ${receiver} never went on: it does not put fragments together whose borders change.`
          : open
            ? `The ${receiver} does not get past it; a receiver that needs the same borders each time would do just this.`
            : past
              ? `The ${receiver} put it together all the same.`
              : `Nothing shows that the ${receiver} put it together.`
      }`,
      fix:
        ended || open
          ? `Let the ${flight.from} keep its MTU and packing when it repeats, and see whether that mends it; then mend the ${receiver}, which must take any overlap (pion/dtls#1099, OvenMediaLabs/OvenMediaEngine#2329).`
          : 'Nothing here. Receivers that need the same borders each time fail on it (pion before pion/dtls#1099).',
      evidence: evidenceOf(datagramsOf(handshake, flight.packets)),
    };
  },
);
