import type { FlightView, Handshake } from '../../analysis/model.ts';
import type { Actor } from '../../trace/model.ts';
import { stalledByOrder } from '../causes.ts';
import { rule, type Says } from '../model.ts';
import { waitedForNomination } from '../path.ts';
import {
  anyLost,
  cameWhole,
  datagramsOf,
  evidenceOf,
  flightOfLost,
  flightsFrom,
  largestOf,
  missedByCapture,
  missingEnd,
  openLosses,
  rulesThatTook,
  sendings,
  smallestOf,
  storyOf,
  takerOf,
} from '../story.ts';
import { capitalised, count, duration, flightText, inProse, otherSide, times } from '../words.ts';

export const flightLost = rule(
  {
    id: 'flight-lost',
    title: 'A whole flight got lost',
    signature:
      'The link took every datagram of a sending; or a flight was repeated and fewer answers than questions were seen, or record numbers are missing before the answer; or both sides repeat flights that are seen whole, or whose last message never comes.',
    doc: {
      why: 'All datagrams of a sending got lost, or the answer to it did. That costs a timer; when it happens every time, the handshake goes no further.',
      fix: 'Capture at the other side too, and read both captures together (dtlscope read A B). If datagrams are missing there, the path drops them (often the large ones: try a smaller MTU); if all are there, its log may say why it dropped them itself.',
    },
    see: 'RFC 6347 §4.2.4',
  },
  (handshake) => {
    const { stop } = storyOf(handshake);
    if (stop.kind === 'silence' && stop.flight && missingEnd(handshake, stop.flight))
      return stopped(handshake, 'stuck', stop.flight);
    if (stop.kind === 'link' || stop.kind === 'stuck') return stopped(handshake, stop.kind, stop.flight);
    // Where bytes of it never came, they are what counts.
    const short = new Set(
      stop.kind === 'fragments' || stop.kind === 'large-vanish'
        ? openLosses(handshake).map((one) => flightOfLost(handshake, one))
        : [],
    );
    const taken = wholeFlightsTaken(handshake).filter((flight) => !short.has(flight));
    if (taken.length > 0) return taken.flatMap((flight) => byLink(handshake, flight));
    // A server that answers each time, and each time something else, loses nothing.
    return stop.kind === 'cookies' || stop.kind === 'hello-changed' ? undefined : inCapture(handshake);
  },
);

/** Flights of which the link took every datagram of the first sending. */
export const wholeFlightsTaken = (handshake: Handshake): readonly FlightView[] =>
  (anyLost(handshake) ? handshake.flights : []).filter((flight) => {
    const first = datagramsOf(handshake, flight.packets).filter(({ attempt }) => attempt === 0);
    return first.length > 0 && first.every(({ delivered }) => delivered === false);
  });

function stopped(handshake: Handshake, kind: 'link' | 'stuck', flight: FlightView): Says {
  const n = sendings(flight);
  const other = otherSide(flight.from);
  const datagrams = datagramsOf(handshake, flight.packets);
  const [largest, smallest] = [largestOf(datagrams), smallestOf(datagrams)];
  const lacks = missingEnd(handshake, flight);
  const arrived = cameWhole(handshake, flight);
  const came = largestOf(
    handshake.datagrams.filter(({ from, delivered }) => from === flight.from && delivered !== false),
  );
  const gaps = handshake.recordGaps.filter(({ from, epoch }) => from === flight.from && epoch === 0).length;
  return {
    severity: 'error',
    why:
      kind === 'link'
        ? `The ${takerOf(datagrams)} took away every datagram of ${flightText(flight)}, which was sent ${times(n)}: the ${other} never had anything to answer.`
        : lacks
          ? `${capitalised(flightText(flight))} was sent ${times(n)}, and the ${inProse(lacks)} that ends it is in none of them${gaps > 0 ? `: record numbers of the ${flight.from} are missing in ${count(gaps, 'place')}` : ''}. The ${other} waits for it, and answers nothing before.`
          : `${capitalised(flightText(flight))} was sent ${times(n)} (datagrams of up to ${largest} bytes) and is whole in this trace, yet the ${other} keeps repeating its own flight: ${arrived ? 'it was recorded there as well, so that it is not accepted' : 'what it gets is not whole, or it does not accept it'}.`,
    fix:
      kind === 'link'
        ? takerOf(datagrams) === 'link'
          ? 'This is what the link rules of the run asked for.'
          : `Find what between the two drops them: ${dropsBy(flight.from, came, smallest)}.`
        : arrived
          ? `Look into the log of the ${other}: all of it was recorded there, so that the ${other} drops it itself.`
          : `Capture at the ${other} too, and read both captures together (dtlscope read A B). If datagrams are missing there, the path drops them (often the large ones: try a smaller MTU); if all are there, the ${other} drops them itself, and its log may say why.`,
    evidence: evidenceOf(datagrams),
  };
}

/** What a path seems to choose by that took every datagram of a flight, of so many bytes and more. */
function dropsBy(from: Actor, came: number, smallest: number): string {
  if (came === 0) return `nothing of the ${from} came, as behind a firewall or a NAT whose mapping has ended`;
  return came < smallest
    ? `smaller datagrams of the ${from} came (up to ${came} bytes), so try a smaller MTU`
    : `others of the ${from} came that are as large (up to ${came} bytes), so it is not the size, but what is in them, or the time`;
}

function byLink(handshake: Handshake, flight: FlightView): Says[] {
  const datagrams = datagramsOf(handshake, flight.packets);
  const lost = datagrams.filter(({ delivered }) => delivered === false);
  const later = datagrams.filter(({ attempt }) => attempt > 0);
  const again = later.find(({ delivered }) => delivered !== false);
  const isWhole = later.some(({ attempt }) => later.every((one) => one.attempt !== attempt || one.delivered !== false));
  // What never got through at all is what the handshake stopped at, and told there.
  if (!again && storyOf(handshake).stop.kind === 'link') return [];
  const names = rulesThatTook(lost).join(', ');
  return [
    {
      severity: 'warning',
      why: `The ${takerOf(lost)} took all of ${flightText(flight)} away (${count(lost.length, 'datagram')}${names ? `, by ${names}` : ''}). ${again ? `${isWhole ? 'The sending that got through' : 'The first of it that got through'} came ${duration(again.at - flight.sentAt)} later.` : 'It was not sent again in a way that got through.'}`,
      fix: 'A flight that is lost whole costs one timer, as a lost datagram does. Shorter timers recover sooner.',
      evidence: evidenceOf(lost),
    },
  ];
}

/** Question and answer, one after the other; the loss of an answer is told once. */
function inCapture(handshake: Handshake): Says[] {
  const said: Says[] = [];
  let told: FlightView | undefined;
  // What arrived whole was not lost, though its receiver made nothing of it.
  const inOrder = stalledByOrder(handshake);
  for (const flight of handshake.flights) {
    // What was sent again because of an ACK says no more than that ACK (RFC 9147 §7.2).
    if (inOrder.includes(flight) || flight === told || flight.resentAt.length === flight.resentAfterAck.length)
      continue;
    const answer = flightsFrom(handshake, otherSide(flight.from)).find(({ number }) => number > flight.number);
    const why = answer && whyLost(handshake, flight, answer);
    if (!why) continue;
    told = answer;
    said.push({
      severity: 'warning',
      why: `${capitalised(flightText(flight))} was sent again after ${duration((flight.resentAt[0] ?? flight.sentAt) - flight.sentAt)}. ${why}`,
      fix: 'Nothing is broken when it happens once. If it happens in every handshake, capture at both ends and read both captures together (dtlscope read A B).',
      evidence: evidenceOf(datagramsOf(handshake, flight.packets)),
    });
  }
  return said;
}

/** The evidence that a flight or its answer was lost whole, in words; a slow path repeats flights as well. */
function whyLost(handshake: Handshake, flight: FlightView, answer: FlightView): string | undefined {
  // Of cut datagrams nobody knows which bytes of a flight were there.
  if (handshake.snapped) return undefined;
  if (!wentOn(handshake, answer) || explainedByBytes(handshake, [flight, answer])) return undefined;
  if (waitedForNomination(handshake)?.flight === flight) return undefined;
  const resent = flight.resentAt[0] ?? flight.sentAt;
  // What the link held back came later, and was not lost.
  const late = datagramsOf(handshake, flight.packets).some(
    ({ attempt, deliveredAt }) => attempt === 0 && deliveredAt !== undefined && deliveredAt > resent,
  );
  if (late) return undefined;
  if (answer.sentAt < resent) {
    return lostBehind(handshake, answer)
      ? `${capitalised(flightText(answer))} had been seen before that, so what was lost of it was lost behind the place of the capture; which bytes, this capture cannot tell.`
      : undefined;
  }
  const gap = handshake.recordGaps.some(
    ({ from, at }) => from === answer.from && at > flight.sentAt && at <= answer.sentAt,
  );
  if (gap && isFirstUnderKeys(handshake, answer))
    return `Record numbers of the ${answer.from} are missing before its answer, which is the first that it sent: what was lost is its own flight, sent again, and what it waited for came with the repetition.`;
  if (gap)
    return `Record numbers of the ${answer.from} are missing before its answer: it had answered, and all of that was lost.`;
  // Each question that arrives is answered (RFC 6347 §4.2.4); with as many answers nothing was lost, the path is slow.
  if (sendings(answer) >= sendings(flight)) return undefined;
  return `The flight or its answer was lost whole: ${count(sendings(flight), 'sending')} got ${count(sendings(answer), 'answer')}, ${duration(answer.sentAt - flight.sentAt)} after the first.`;
}

/** Whether a flight has the first record under the keys of DTLS 1.2: an earlier sending would have had its number. */
const isFirstUnderKeys = (handshake: Handshake, { from, packets }: FlightView): boolean =>
  handshake.parameters.version !== '1.3' &&
  datagramsOf(handshake, packets).some((datagram) =>
    datagram.records.some(({ epoch, sequenceNumber }) => datagram.from === from && epoch === 1 && sequenceNumber === 0),
  );

/** Whether the handshake got past an answer: only then was the loss made good. */
const wentOn = (handshake: Handshake, answer: FlightView): boolean =>
  handshake.establishedAt !== undefined || handshake.flights.some(({ number }) => number > answer.number);

/** Lost bytes that are known explain why a flight had to be repeated. */
function explainedByBytes(handshake: Handshake, flights: readonly FlightView[]): boolean {
  const missed = new Set(missedByCapture(handshake));
  return handshake.lost.some((range) => {
    const number = flightOfLost(handshake, range)?.number;
    return !missed.has(range) && flights.some((flight) => flight.number === number);
  });
}

/**
 * An answer that was seen leaving, and had to be sent again: either it was lost behind the capture, or the round trip is
 * longer than the timer. It was lost if the next flight came soon after the repetition, as soon as this side answers
 * elsewhere, and long after the first sending.
 */
function lostBehind(handshake: Handshake, answer: FlightView): boolean {
  const { flights } = handshake;
  const next = flights.find(({ number, from }) => number > answer.number && from !== answer.from);
  const repeated = answer.resentAt.filter((at) => next && at <= next.sentAt).at(-1);
  if (!next || repeated === undefined) return false;
  const usual = flights.flatMap((flight, i) => {
    const before = flights[i - 1];
    const undisturbed =
      before && before.resentAt.length === 0 && before.from === answer.from && flight.from !== answer.from;
    return undisturbed ? [flight.sentAt - before.sentAt] : [];
  });
  if (usual.length === 0) return false;
  const limit = 3 * Math.min(...usual) + reactionMs;
  return next.sentAt - repeated <= limit && next.sentAt - answer.sentAt > limit;
}
/** Signatures and key agreement take time that other answers do not. Milliseconds. */
const reactionMs = 20;
