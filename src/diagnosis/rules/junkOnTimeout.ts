import { junkOf } from '../causes.ts';
import { rule } from '../model.ts';
import { evidenceOf, storyOf } from '../story.ts';
import { capitalised, count, duration } from '../words.ts';

export const junkOnTimeout = rule(
  {
    id: 'junk-on-timeout',
    title: 'A side sends what belongs to no flight',
    signature: 'Handshake records in the clear whose content is no part of any message, in datagrams of their own.',
    doc: {
      why: 'A timer fired, and what is sent then is not the flight but bytes that make no message. The peer drops them and waits: one lost datagram ends the handshake.',
      fix: 'A newer TLS library at that side: OpenSSL did this in 2010. To be sure of a fix, drop every datagram of the handshake once, in turn, and see that it still completes.',
    },
    see: 'RFC 6347 §4.2.4',
  },
  (handshake) => {
    const junk = junkOf(handshake);
    const [first] = junk;
    if (!first) return undefined;
    const ended = storyOf(handshake).stop.kind === 'junk';
    const before = handshake.datagrams.findLast(({ packet, from }) => packet < first.packet && from === first.from);
    const since = before ? `, the first ${duration(first.at - before.at)} after its last datagram` : '';
    return {
      severity: ended ? 'error' : 'warning',
      why: `${capitalised(count(junk.length, 'datagram'))} of the ${first.from} ${junk.length === 1 ? 'holds' : 'hold'} a handshake record that is part of no message${since}. ${
        ended
          ? `It should have sent its flight again at that moment, and never did.`
          : 'The peer drops such records; the handshake did not hang on them.'
      }`,
      fix: `Look for a newer TLS library at the ${first.from}. Then drop each datagram of the handshake once, in turn, and see whether it completes.`,
      evidence: evidenceOf(junk),
    };
  },
);
