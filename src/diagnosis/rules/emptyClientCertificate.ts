import { emptyCertificate, placesOf } from '../fields.ts';
import { rule } from '../model.ts';
import { refusalAs } from '../refusals.ts';
import { alertText } from '../words.ts';

export const emptyClientCertificate = rule(
  {
    id: 'empty-client-certificate',
    title: 'The client showed no certificate',
    signature: "The server asks for a certificate, and the client's Certificate message holds none.",
    doc: {
      why: 'In WebRTC both sides show a certificate, and each compares the other one with the fingerprint of signalling. A client that shows none was given none, or none that fits what the CertificateRequest names.',
      fix: 'Give the client a certificate and key, and see that certificate_types and signature algorithms of the CertificateRequest take it (ecdsa_sign, ecdsa_secp256r1_sha256).',
    },
    see: 'RFC 8827 §6.5',
  },
  (handshake) => {
    const message = emptyCertificate(handshake);
    if (!message) return undefined;
    const refusal = refusalAs(handshake, 'empty-client-certificate');
    const announced = handshake.fingerprints.some(({ of }) => of === 'client');
    const came = refusal
      ? `The server ended the handshake with ${alertText(refusal.alert.description)}.`
      : handshake.establishedAt === undefined
        ? 'The handshake did not complete.'
        : `The server went on all the same${announced ? ', though signalling announced a fingerprint that it now cannot compare' : ''}: in WebRTC it must not, as nothing says who the client is.`;
    return {
      severity: refusal ? 'error' : 'warning',
      why: `The server asked for a certificate, and the client answered with an empty list. ${came}`,
      fix: 'Give the client a certificate, and see that the CertificateRequest takes it: ecdsa_sign (64) in certificate_types, ecdsa_secp256r1_sha256 among the signature algorithms.',
      evidence: [
        ...placesOf(handshake, message, [0, message.total]),
        ...(refusal?.alert.where ? [refusal.alert.where] : []),
      ],
    };
  },
);
