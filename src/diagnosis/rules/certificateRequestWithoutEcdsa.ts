import { clientCertificateTypes, nameIn } from '../../wire/registry.ts';
import { certificateAsked, emptyCertificate, fieldPlaces } from '../fields.ts';
import { rule } from '../model.ts';
import { keyKindOfCertificate } from '../negotiation.ts';
import { ecdsaSign, refusalAs } from '../refusals.ts';
import { alertText, list } from '../words.ts';

export const certificateRequestWithoutEcdsa = rule(
  {
    id: 'certificate-request-without-ecdsa',
    title: 'The server asks for a certificate that ECDSA clients cannot show',
    signature:
      "The certificate_types of the server's CertificateRequest (DTLS 1.2) do not name ecdsa_sign, and the client showed no RSA certificate.",
    doc: {
      why: 'WebRTC clients have ECDSA certificates. Chromium (since 124) keeps to certificate_types and sends an empty Certificate when ecdsa_sign is not in it; the server then ends the handshake, or finds no certificate to compare with the fingerprint. Users met it in sipsorcery-org/sipsorcery#1104, #1105.',
      fix: 'Let the server put ecdsa_sign (64) into certificate_types, beside rsa_sign. SIPSorcery: update.',
    },
    see: 'RFC 8422 §5.5',
  },
  (handshake) => {
    const asked = certificateAsked(handshake);
    if (!asked?.types || asked.types.includes(ecdsaSign)) return undefined;
    const [leaf] = handshake.certificates.client;
    // An RSA client is served well.
    if (leaf && keyKindOfCertificate(leaf) === 'rsa') return undefined;
    const refusal = refusalAs(handshake, 'certificate-request-without-ecdsa');
    const empty = emptyCertificate(handshake);
    const came = leaf
      ? `The client showed its ${leaf.key} certificate all the same; Chromium since 124 shows none then.`
      : empty
        ? `So the client sent an empty Certificate${refusal ? `, and the server ended the handshake with ${alertText(refusal.alert.description)}` : ', as Chromium does since 124, and the server has nothing to compare with the fingerprint of signalling'}.`
        : 'Clients with an ECDSA certificate, as all browsers, have none to show then.';
    return {
      severity: refusal ? 'error' : 'warning',
      why: `The server's CertificateRequest takes ${list(asked.types.map(nameIn(clientCertificateTypes, 2))) || 'no type'} only, and not ecdsa_sign. ${came}`,
      fix: 'Let the server put ecdsa_sign (64) into certificate_types of its CertificateRequest, beside rsa_sign (SIPSorcery: update).',
      evidence: [
        ...fieldPlaces(handshake, asked.message, 'certificate_types'),
        ...(refusal?.alert.where ? [refusal.alert.where] : []),
      ],
    };
  },
);
