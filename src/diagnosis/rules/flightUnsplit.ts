import type { DatagramView } from '../../analysis/model.ts';
import { rule } from '../model.ts';
import { ethernetPayload, evidenceOf, flightOf, storyOf } from '../story.ts';
import { capitalised, flightText, packetsText } from '../words.ts';

export const flightUnsplit = rule(
  {
    id: 'flight-unsplit',
    title: 'A flight was sent as one oversized datagram',
    signature: `One UDP payload above ${ethernetPayload} bytes that holds two or more handshake records.`,
    doc: {
      why: 'A memory BIO was drained in one go, so that the records of a whole flight became one datagram. IP has to fragment that; many paths drop the fragments, and a receiver with a small buffer gets only its beginning.',
      fix: 'Send record by record, or pack whole records up to the MTU. SSL_set_mtu alone does not help; a BIO with a callback for each write does.',
    },
    see: 'RFC 6347 §4.1.1',
  },
  (handshake) => {
    const glued = handshake.datagrams.filter(isUnsplit);
    const [first] = glued;
    if (!first) return undefined;
    const { stop } = storyOf(handshake);
    const flight = flightOf(handshake, first);
    const unanswered = (stop.kind === 'silence' || stop.kind === 'stuck') && stop.flight?.from === first.from;
    return {
      severity: unanswered ? 'error' : 'warning',
      why: `${flight ? capitalised(flightText(flight)) : 'A flight'} went out as ${first.size} bytes in ${packetsText(glued.map(({ packet }) => packet))}, ${first.records.length} records glued together. IP has to fragment that, many paths drop the fragments, and a receiver with a small buffer gets only its beginning. ${
        unanswered ? 'Nothing shows that it ever arrived.' : 'Here it arrived.'
      }`,
      fix: `The ${first.from} drains a memory BIO in one go: send record by record, or pack whole records up to the MTU (SSL_set_mtu alone does not help; a BIO with a callback for each write does).`,
      evidence: evidenceOf(glued),
    };
  },
);

/** Several handshake records in a datagram that no Ethernet path carries whole. */
export const isUnsplit = ({ size, records }: DatagramView): boolean =>
  size > ethernetPayload &&
  records.filter(({ contentType, likely }) => contentType === 22 || likely === 'handshake').length >= 2;
