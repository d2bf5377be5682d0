import type { FlightView, Handshake } from '../../analysis/model.ts';
import { rule, type Says } from '../model.ts';
import { datagramsOf, evidenceOf, flightsFrom, missedByCapture, sendings, storyOf } from '../story.ts';
import { capitalised, count, duration, flightText, otherSide, times } from '../words.ts';

export const flightLost = rule(
  {
    id: 'flight-lost',
    title: 'A whole flight got lost',
    signature:
      'The link took every datagram of a sending; or a timer repeated a flight, the answer came only after that, and no lost bytes of the answer explain it; or both sides repeat whole flights that are seen complete.',
    see: 'RFC 6347 §4.2.4',
  },
  (handshake) => {
    const { stop } = storyOf(handshake);
    if (stop.kind === 'link' || stop.kind === 'stuck') return stopped(handshake, stop.kind, stop.flight);
    const taken = wholeFlightsTaken(handshake);
    if (taken.length > 0)
      return taken.filter(({ resentAt }) => resentAt.length > 0).map((flight) => byLink(handshake, flight));
    return handshake.flights.flatMap((flight) => {
      const said = byTimer(handshake, flight);
      return said ? [said] : [];
    });
  },
);

/** Flights of which the link took every datagram of the first sending. */
export const wholeFlightsTaken = (handshake: Handshake): readonly FlightView[] =>
  handshake.flights.filter((flight) => {
    const first = datagramsOf(handshake, flight.packets).filter(({ attempt }) => attempt === 0);
    return first.length > 0 && first.every(({ delivered }) => delivered === false);
  });

function stopped(handshake: Handshake, kind: 'link' | 'stuck', flight: FlightView): Says {
  const n = sendings(flight);
  const other = otherSide(flight.from);
  return {
    severity: 'error',
    why:
      kind === 'link'
        ? `The link took away every datagram of ${flightText(flight)}, which was sent ${times(n)}: the ${other} never had anything to answer.`
        : `${capitalised(flightText(flight))} was sent ${times(n)} and is whole in this trace, yet the ${other} keeps repeating its own flight: what it gets is not whole, or it does not accept it.`,
    fix:
      kind === 'link'
        ? 'This is what the link rules of the run asked for.'
        : `Capture at the ${other} too. If datagrams are missing there, the path drops them (often the large ones: try a smaller MTU); if all are there, the ${other} drops them itself, and its log may say why.`,
    evidence: evidenceOf(datagramsOf(handshake, flight.packets)),
  };
}

function byLink(handshake: Handshake, flight: FlightView): Says {
  const datagrams = datagramsOf(handshake, flight.packets);
  const lost = datagrams.filter(({ delivered }) => delivered === false);
  const names = [...new Set(lost.flatMap(({ link }) => link.map(({ rule: name }) => `"${name}"`)))].join(', ');
  const again = datagrams.find(({ delivered }) => delivered !== false);
  return {
    severity: 'warning',
    why: `The link took all of ${flightText(flight)} away (${count(lost.length, 'datagram')}${names ? `, by ${names}` : ''}). ${
      again
        ? `The sending that got through came ${duration(again.at - flight.sentAt)} later.`
        : 'No sending of it got through.'
    }`,
    fix: 'A flight that is lost whole costs one timer, as a lost datagram does. Shorter timers recover sooner.',
    evidence: evidenceOf(lost),
  };
}

/** A timer repeated the flight, and what answers it came only then. */
function byTimer(handshake: Handshake, flight: FlightView): Says | undefined {
  const [first] = flight.resentAt;
  const timer = handshake.timers.find(
    ({ action, actor, at }) =>
      action === 'fired' && actor === flight.from && first !== undefined && Math.abs(at - first) < 1,
  );
  if (first === undefined || !timer) return undefined;
  const answer = flightsFrom(handshake, otherSide(flight.from)).find(({ number }) => number > flight.number);
  const next = flightsFrom(handshake, flight.from).find(({ number }) => number > flight.number);
  const wentOn = next !== undefined || (answer !== undefined && handshake.establishedAt !== undefined);
  if (!answer || !wentOn) return undefined;
  const missed = new Set(missedByCapture(handshake));
  if (handshake.lost.some((range) => range.from === answer.from && !missed.has(range))) return undefined;
  const seenBefore = answer.sentAt < first;
  const gap = handshake.recordGaps.some(
    ({ from, at }) => from === answer.from && at > flight.sentAt && at <= answer.sentAt,
  );
  const which = seenBefore
    ? `${capitalised(flightText(answer))} had been seen before that, so what was lost of it was lost behind the place of the capture; which bytes, this capture cannot tell.`
    : gap
      ? `Record numbers of the ${answer.from} are missing before its answer: it had answered, and all of that was lost.`
      : `Either the flight or its answer was lost whole; the answer was first seen ${duration(answer.sentAt - flight.sentAt)} after the question.`;
  return {
    severity: 'warning',
    why: `${capitalised(flightText(flight))} got no answer that helped, and was sent again after ${duration(timer.durationMs)}. ${which}`,
    fix: 'Nothing is broken when it happens once. If it happens in every handshake, capture at both ends and compare.',
    evidence: evidenceOf(datagramsOf(handshake, flight.packets)),
  };
}
