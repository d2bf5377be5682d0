import { rule } from '../model.ts';
import { certificateDatagrams, storyOf } from '../story.ts';
import { list } from '../words.ts';

export const fingerprintMatch = rule(
  {
    id: 'fingerprint-match',
    title: 'The certificates are the announced ones',
    signature: 'A certificate has a fingerprint that signalling announced for its side, and no side has another.',
    doc: {
      why: 'Each certificate that could be seen has a fingerprint that the SDP announced for its side, so the two ends are those that signalling spoke of.',
      fix: 'Nothing: whatever went wrong, it is not the fingerprint.',
    },
    see: 'RFC 8122 §5, RFC 8842 §5.1',
  },
  (handshake) => {
    if (storyOf(handshake).mismatch) return undefined;
    const sides = (['client', 'server'] as const).filter((side) =>
      handshake.fingerprints.some(({ of, matches }) => of === side && matches === true),
    );
    if (sides.length === 0) return undefined;
    return {
      severity: 'info',
      why: `The certificate of the ${list(sides)} has the fingerprint that was announced for it.`,
      fix: 'Nothing: whatever else there is, it is not the fingerprint.',
      evidence: sides.flatMap((side) => certificateDatagrams(handshake, side)),
    };
  },
);
