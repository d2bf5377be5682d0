import { stalledByOrder } from '../causes.ts';
import { rule } from '../model.ts';
import { datagramsOf, evidenceOf, storyOf } from '../story.ts';
import { capitalised, duration, flightText, otherSide } from '../words.ts';

export const reorderingStalls = rule(
  {
    id: 'reordering-stalls',
    title: 'Datagrams that overtook each other are not put together',
    signature:
      'All of a flight reached its receiver in another order than it was sent in, and the receiver went on only when it was sent again, or never.',
    doc: {
      why: 'Datagrams may overtake each other. A receiver that takes fragments in their order only drops what comes early, and waits for a whole repetition.',
      fix: 'Keep fragments by their offset until the message is whole, and messages by their number until it is their turn. werift-dtls 0.5.8 does not.',
    },
    see: 'RFC 6347 §4.2.3',
  },
  (handshake) => {
    const { stop } = storyOf(handshake);
    const flight = stop.kind === 'reordered' ? stop.flight : stalledByOrder(handshake)[0];
    if (!flight) return undefined;
    const ended = stop.kind === 'reordered';
    const receiver = otherSide(flight.from);
    const [again] = flight.resentAt;
    return {
      severity: ended ? 'error' : 'warning',
      why: `${capitalised(flightText(flight))} reached the ${receiver} whole, but not in the order in which it was sent. ${
        ended
          ? `The ${receiver} never went on.`
          : `The ${receiver} went on only after it was sent again, ${duration((again ?? flight.sentAt) - flight.sentAt)} later: it drops what comes before its turn.`
      }`,
      fix: `Let the ${receiver} keep fragments by their offset, whatever order they come in (RFC 6347 §4.2.3); werift-dtls 0.5.8 does not.`,
      evidence: evidenceOf(datagramsOf(handshake, flight.packets)),
    };
  },
);
