import { emptyAuthorities, placesOf } from '../fields.ts';
import { rule } from '../model.ts';
import { refusalAs } from '../refusals.ts';
import { alertText } from '../words.ts';

export const emptyCertificateAuthorities = rule(
  {
    id: 'empty-certificate-authorities',
    title: 'The CertificateRequest has an empty list of authorities',
    signature:
      "DTLS 1.3, with keys: the server's CertificateRequest holds a certificate_authorities extension without a name in it.",
    doc: {
      why: 'In DTLS 1.3 the extension must hold one name at least; who has none leaves it out. Chromium ends the handshake at once when it comes empty, other stacks let it pass, so that an app works with one browser only. Users met it in algesten/str0m#985 (dimpl before 0.7.0).',
      fix: 'Leave certificate_authorities out: WebRTC certificates have no authority. str0m with dimpl: 0.7.0 or newer.',
    },
    see: 'RFC 8446 §4.2.4',
  },
  (handshake) => {
    const empty = emptyAuthorities(handshake);
    if (!empty) return undefined;
    const refusal = refusalAs(handshake, 'empty-certificate-authorities');
    return {
      severity: refusal ? 'error' : 'warning',
      why: `The server's CertificateRequest has a certificate_authorities extension with no name in it, which DTLS 1.3 forbids. ${
        refusal
          ? `The client ended the handshake with ${alertText(refusal.alert.description)} for it, as Chromium does.`
          : 'This client let it pass; Chromium ends the handshake.'
      }`,
      fix: 'Leave certificate_authorities out of the CertificateRequest: WebRTC certificates have no authority (str0m with dimpl: 0.7.0 or newer).',
      evidence: [
        ...placesOf(handshake, empty.message, empty.range),
        ...(refusal?.alert.where ? [refusal.alert.where] : []),
      ],
    };
  },
);
