import type { Handshake } from '../../analysis/model.ts';
import { announcedAndSeen, type Foreseen, foreseenMismatch } from '../fingerprints.ts';
import { rule, type Says } from '../model.ts';
import { certificateDatagrams, storyOf } from '../story.ts';

/** Before anybody has seen a certificate; silent once one was seen and fits. */
function foretold(handshake: Handshake, { side, line, text }: Foreseen): Says | undefined {
  if (handshake.fingerprints.some(({ matches }) => matches !== undefined)) return undefined;
  const place = [side, line === undefined ? undefined : `line ${line}`].filter(Boolean).join(', ');
  return {
    severity: 'warning',
    title: 'A certificate will not be the announced one',
    why: `The descriptions show it before any certificate is sent${place === '' ? '' : ` (${place})`}: ${text}`,
    fix: 'Take a=fingerprint from the certificate that is really used, whole and with the name of its hash function.',
    evidence: [],
  };
}

export const fingerprintMismatch = rule(
  {
    id: 'fingerprint-mismatch',
    title: 'The certificate is not the announced one',
    signature:
      'No fingerprint that signalling announced for a side fits the certificate that it sent; or, before that, the descriptions show that none will.',
    doc: {
      why: 'In WebRTC nothing but the fingerprint in the SDP says who the peer is. When the certificate is not the announced one the connection must be torn down, also when DTLS itself completed.',
      fix: 'Take a=fingerprint from the certificate that is really used: look for a second certificate, a gateway that rewrites the SDP, or an m-section with another fingerprint.',
    },
    see: 'RFC 8122 §5, RFC 8842 §5.1',
  },
  (handshake) => {
    const { mismatch } = storyOf(handshake);
    const foreseen = foreseenMismatch(handshake);
    if (!mismatch) return foreseen && foretold(handshake, foreseen);
    const { of } = mismatch;
    const { announced, seen } = announcedAndSeen(handshake, of);
    const certificate = handshake.certificates[of][0];
    return {
      severity: 'error',
      why: `Signalling announced ${announced ?? 'another fingerprint'} for the ${of}; the certificate on the wire (${certificate?.subject || 'no name'}, ${certificate?.key ?? 'unknown key'}) has ${seen ?? 'another'}. In WebRTC nothing else says who the peer is, so the connection must be torn down${
        handshake.establishedAt === undefined ? '' : ', although DTLS itself completed'
      }.${foreseen ? ` The descriptions showed it beforehand: ${foreseen.text}` : ''}`,
      fix: `Take a=fingerprint from the certificate that the ${of} really uses: look for a second certificate, a gateway that rewrites the SDP, or an m-section with another fingerprint.`,
      evidence: certificateDatagrams(handshake, of),
    };
  },
);
