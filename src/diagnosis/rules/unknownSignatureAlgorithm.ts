import { certificateAsked, extensionPlaces, fieldPlaces, messageOf } from '../fields.ts';
import { rule } from '../model.ts';
import { extension } from '../negotiation.ts';
import { refusalAs, refusalText } from '../refusals.ts';
import { capitalised } from '../words.ts';

export const unknownSignatureAlgorithm = rule(
  {
    id: 'unknown-signature-algorithm',
    title: 'A signature algorithm that is not known was taken for an error',
    signature:
      'ClientHello or CertificateRequest lists a signature algorithm that is rare (DSA, SHA-224, a new one), and its reader ends the handshake with decode_error, illegal_parameter or internal_error, or says so itself.',
    doc: {
      why: 'A list of signature algorithms is an offer: what is not known must be stepped over. Parsers that give up on the first unknown value fail with one client only, the one that lists it. Users met it in pion/dtls#841, #842 and bluenviron/mediamtx#5838.',
      fix: 'Update the library that gave up (pion/dtls with #842), or shorten the list of the other side until then.',
    },
    see: 'RFC 8446 §4.2.3',
  },
  (handshake) => {
    const refusal = refusalAs(handshake, 'unknown-signature-algorithm');
    if (!refusal) return undefined;
    const list =
      refusal.alert.from === 'server'
        ? extensionPlaces(handshake, messageOf(handshake, 'client', 'client_hello'), extension.signatures)
        : fieldPlaces(handshake, certificateAsked(handshake)?.message, 'supported_signature_algorithms');
    return {
      severity: 'error',
      why: `${capitalised(refusalText(refusal))}. What is not known in such a list must be stepped over.`,
      fix: `Update the library of the ${refusal.alert.from} (pion/dtls with #842), or let the other side list ECDSA, RSA-PSS and RSA with SHA-256 to SHA-512 only.`,
      evidence: [...list, ...(refusal.alert.where ? [refusal.alert.where] : [])],
    };
  },
);
