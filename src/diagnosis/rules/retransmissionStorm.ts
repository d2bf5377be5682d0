import type { FlightView, Handshake } from '../../analysis/model.ts';
import { rule } from '../model.ts';
import { stormMs, stormSize, stormsOf } from '../storms.ts';
import { datagramsOf, evidenceOf } from '../story.ts';
import { count, duration, flightText, list, otherSide } from '../words.ts';

export const retransmissionStorm = rule(
  {
    id: 'retransmission-storm',
    title: 'Flights are sent again without pause',
    signature: `A flight is sent again more than ${stormSize} times within ${stormMs / 1000} s.`,
    doc: {
      why: 'A timer that fires at once, or two sides that answer each other’s last flight for ever. It loads a path that may be full already, and peers give up: Chromium fails such a connection after 15 s.',
      fix: 'Answer a repeated last flight once for each time it comes, and start no timer for it; begin with a timer of 1 s (or of the ICE round trip) and double it. Met in pion/dtls#424 and #676, randombit/botan#5835, baresip/re#401.',
    },
    see: 'RFC 6347 §4.2.4.1',
  },
  (handshake) => {
    const stormy = stormsOf(handshake);
    const [first] = stormy;
    if (!first) return undefined;
    const both = new Set(stormy.map(({ flight }) => flight.from)).size > 1;
    const each = stormy
      .slice(0, 3)
      .map(
        ({ flight, peak }) =>
          `${flightText(flight)} ${count(flight.resentAt.length, 'time')} in ${duration((flight.resentAt.at(-1) ?? 0) - flight.sentAt)}, up to ${peak} times a second`,
      );
    const after = handshake.flights.at(-1)?.messages.includes('finished') && both;
    return {
      severity: 'warning',
      why: `Sent again: ${list(each)}. ${
        after
          ? 'Each side answers the last flight of the other one, and neither stops.'
          : both
            ? 'Each side answers what the other one repeats, and neither waits.'
            : `The timer of the ${first.flight.from} fires at once, and does not wait longer from one time to the next.`
      }`,
      fix: after
        ? 'Answer a repeated last flight once for each time it comes, and start no timer for it (pion/dtls#424, #676; randombit/botan#5835).'
        : `Mend the timer of the ${culpritOf(handshake, first.flight)}: 1 s at first, or of the ICE round trip, and twice as long each time (algesten/dimpl#160, baresip/re#401).`,
      evidence: evidenceOf(stormy.flatMap(({ flight }) => datagramsOf(handshake, flight.packets).slice(0, shown))),
    };
  },
);
const shown = 16;

/** The side whose timer is seen to fire so fast; the other one only answers. */
function culpritOf({ timers }: Handshake, { from }: FlightView): string {
  const fast = (actor: string): number =>
    timers.filter(
      (timer) => timer.actor === actor && timer.action === 'fired' && timer.durationMs < stormMs / stormSize,
    ).length;
  return fast(otherSide(from)) > fast(from) ? otherSide(from) : from;
}
