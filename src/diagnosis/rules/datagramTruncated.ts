import { rule } from '../model.ts';
import { refusalAs } from '../refusals.ts';
import { evidenceOf, storyOf } from '../story.ts';
import { capitalised, count, duration } from '../words.ts';

export const datagramTruncated = rule(
  {
    id: 'datagram-truncated',
    title: 'Datagrams arrive cut short',
    signature:
      'The last record header of a datagram declares more bytes than the datagram has (and the capture did not cut it).',
    doc: {
      why: "Something between the two copies datagrams through a buffer that is too small for them: a proxy, a TURN server, a receive call. What is left of a cut record can't be used, and the same happens to every repetition.",
      fix: 'Enlarge the buffer, and let the sender put records into datagrams that are smaller than it.',
    },
    see: 'RFC 6347 §4.1.1',
  },
  (handshake) => {
    const { cuts, stop } = storyOf(handshake);
    const [first] = cuts;
    if (!first) return undefined;
    const sizes = new Set(cuts.map(({ to }) => to));
    const needs =
      first.declared === undefined
        ? ''
        : ` The record that begins at byte ${first.start} declares ${first.declared} bytes with its header, and ${first.to - first.start} are there.`;
    const same =
      sizes.size === 1 && cuts.length > 1 ? `, all of just ${first.to} bytes: that is a limit, and no accident` : '';
    const { timers } = handshake;
    const timer = timers.find(({ action }) => action === 'fired');
    const refused = refusalAs(handshake, 'datagram-truncated') !== undefined;
    const ended = stop.kind === 'cut' || refused;
    return {
      severity: ended ? 'error' : 'warning',
      why: `${capitalised(count(cuts.length, 'datagram'))} of the ${first.datagram.from} ended in the middle of a record${same}.${needs}${
        ended && timer && !refused
          ? ` The receiver drops the rest and asks again (first after ${duration(timer.durationMs)}), and the same happens again.`
          : ''
      }`,
      fix: `Something between the two copies datagrams through a buffer of ${first.to} bytes (a proxy, a TURN server, a receive call). Enlarge it, and let the ${first.datagram.from} send records in datagrams below that size.`,
      evidence: evidenceOf(cuts.map(({ datagram }) => datagram)),
    };
  },
);
