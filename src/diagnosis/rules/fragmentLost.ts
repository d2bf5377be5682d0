import type { DatagramView, Handshake, LostRange } from '../../analysis/model.ts';
import type { Actor } from '../../trace/model.ts';
import { lostDatagrams } from '../losses.ts';
import { rule, type Says } from '../model.ts';
import {
  anyLost,
  datagramsOf,
  evidenceOf,
  flightOfLost,
  missedByCapture,
  openLosses,
  rulesThatTook,
  storyOf,
  takerOf,
} from '../story.ts';
import { capitalised, count, duration, list, lostText, otherSide, packetsText } from '../words.ts';
import { wholeFlightsTaken } from './flightLost.ts';

export const fragmentLost = rule(
  {
    id: 'fragment-lost',
    title: 'Part of a flight did not arrive',
    signature:
      'Bytes of a message are missing when its flight is sent again (or for good), while other datagrams of the same sending arrived; or the link took a datagram of a flight.',
    doc: {
      why: 'Bytes of a message did not arrive when first sent. One loss costs one timer, 1 s in most stacks; it is an error only where the bytes never came.',
      fix: 'Fewer datagrams a flight (ECDSA certificate, no chain, packed records) lose less often, and a timer from the ICE round trip recovers sooner (RFC 9147 §5.8.2). Where they never came: record at both ends and read both captures together (dtlscope read A B), and try a smaller MTU.',
    },
    see: 'RFC 6347 §4.2.3',
  },
  (handshake) => {
    const { kind } = storyOf(handshake).stop;
    const taken = new Set(wholeFlightsTaken(handshake).map(({ number }) => number));
    const missed = new Set(missedByCapture(handshake));
    const open = new Set(openLosses(handshake));
    const lost = handshake.lost.filter((range) => {
      if (missed.has(range)) return false;
      // What never came for a reason that is known is told by the rule for that reason.
      if (open.has(range)) return kind === 'fragments';
      return !taken.has(flightOfLost(handshake, range)?.number ?? 0);
    });
    return (['client', 'server'] as const).flatMap((from) => {
      const own = lost.filter((range) => range.from === from);
      return own.length > 0
        ? [
            say(
              handshake,
              from,
              own,
              own.some((range) => open.has(range)),
            ),
          ]
        : [];
    });
  },
);

function say(handshake: Handshake, from: Actor, lost: readonly LostRange[], forGood: boolean): Says {
  const datagrams = lostDatagrams(handshake, lost);
  const came = lost.map(({ recoveredAt }) => recoveredAt).filter((at) => at !== undefined);
  const flight = lost[0] && flightOfLost(handshake, lost[0]);
  const waited = flight && came.length > 0 ? Math.max(...came) - flight.sentAt : undefined;
  const packets = [...new Set(lost.flatMap((range) => range.packets))].sort((a, b) => a - b);
  const taken = datagramsOf(handshake, packets);
  const by = rulesThatTook(taken);
  const timer = handshake.timers.find(
    ({ action, at, actor }) => action === 'fired' && actor === otherSide(from) && at >= (flight?.sentAt ?? 0),
  );
  const known = {
    link: taken.every(({ delivered }) => delivered !== false)
      ? `${capitalised(count(taken.length, 'datagram'))} (${packetsText(packets)}) came harmed.`
      : `The ${takerOf(taken)} took ${count(datagrams ?? packets.length, 'datagram')} (${packetsText(packets)}) away${by.length > 0 ? ` by ${list(by)}` : ''}.`,
    hole: 'Later bytes of the same flight were seen, so they had been sent.',
    retransmission: `First seen when the flight was sent again (${packetsText(packets)}).`,
  } as const;
  const evidence = new Set(lost.map((range) => range.evidence));
  const numbers =
    datagrams !== undefined && !evidence.has('link')
      ? ` Record numbers are missing in ${count(datagrams, 'place')}, which is that many datagrams or more.`
      : '';
  const acknowledged = flight !== undefined && flight.resentAfterAck.length > 0;
  const outcome = forGood
    ? 'They never came, and without them the message cannot be put together.'
    : `${acknowledged ? 'An ACK told which records had arrived, and only the others were sent again' : timer ? `The ${timer.actor}'s timer of ${duration(timer.durationMs)} made both sides repeat` : 'The flight was sent again'}${waited === undefined ? '' : `, and they were there ${duration(waited)} after the first sending`}.`;
  return {
    severity: forGood ? 'error' : 'warning',
    why: `${capitalised(lostText(lost, handshake))} did not arrive when first sent. ${[...evidence].map((kind) => known[kind]).join(' ')}${numbers} ${outcome}`,
    fix: forGood
      ? `Find where datagrams of this size or at this moment are dropped: ${anyLost(handshake) ? 'try' : 'record at both ends, read both captures together (dtlscope read A B), and try'} a smaller MTU and a smaller certificate (ECDSA, no chain).`
      : acknowledged
        ? 'Nothing has to be mended: the ACK made good the loss without a timer. Smaller flights (ECDSA certificate, no chain) lose less often.'
        : 'One loss costs one timer: 1 s in most stacks. Fewer datagrams a flight (ECDSA certificate, no chain, packed records) lose less often, and a timer from the ICE round trip recovers sooner (RFC 9147 §5.8.2).',
    evidence: evidenceOf(packets.length > 0 ? taken : around(handshake, lost)),
  };
}

/** The datagrams with other bytes of the same messages: what a hole lies between. */
function around(handshake: Handshake, lost: readonly LostRange[]): readonly DatagramView[] {
  const keys = new Set(lost.map(({ messageKey }) => messageKey));
  return handshake.datagrams.filter(({ records }) =>
    records.some(({ fragments }) => fragments.some(({ messageKey }) => keys.has(messageKey))),
  );
}
