import { announcedAndSeen } from '../fingerprints.ts';
import { rule } from '../model.ts';
import { certificateDatagrams, storyOf } from '../story.ts';

export const fingerprintMismatch = rule(
  {
    id: 'fingerprint-mismatch',
    title: 'The certificate is not the announced one',
    signature: 'No fingerprint that signalling announced for a side fits the certificate that it sent.',
    doc: {
      why: 'In WebRTC nothing but the fingerprint in the SDP says who the peer is. When the certificate is not the announced one the connection must be torn down, also when DTLS itself completed.',
      fix: 'Take a=fingerprint from the certificate that is really used: look for a second certificate, a gateway that rewrites the SDP, or an m-section with another fingerprint.',
    },
    see: 'RFC 8122 §5, RFC 8842 §5.1',
  },
  (handshake) => {
    const { mismatch } = storyOf(handshake);
    if (!mismatch) return undefined;
    const { of } = mismatch;
    const { announced, seen } = announcedAndSeen(handshake, of);
    const certificate = handshake.certificates[of][0];
    return {
      severity: 'error',
      why: `Signalling announced ${announced ?? 'another fingerprint'} for the ${of}; the certificate on the wire (${certificate?.subject || 'no name'}, ${certificate?.key ?? 'unknown key'}) has ${seen ?? 'another'}. In WebRTC nothing else says who the peer is, so the connection must be torn down${
        handshake.establishedAt === undefined ? '' : ', although DTLS itself completed'
      }.`,
      fix: `Take a=fingerprint from the certificate that the ${of} really uses: look for a second certificate, a gateway that rewrites the SDP, or an m-section with another fingerprint.`,
      evidence: certificateDatagrams(handshake, of),
    };
  },
);
