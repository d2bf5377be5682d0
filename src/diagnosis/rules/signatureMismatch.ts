import type { Handshake } from '../../analysis/model.ts';
import type { PacketRange } from '../../trace/buffers.ts';
import { messageOf, placesOf } from '../fields.ts';
import { rule } from '../model.ts';
import { refusalAs, refusalOf, refusalText } from '../refusals.ts';
import { storyOf } from '../story.ts';
import { alertText, capitalised } from '../words.ts';

/** AlertDescription bad_certificate. */
const badCertificate = 42;

export const signatureMismatch = rule(
  {
    id: 'signature-mismatch',
    title: 'A signature of the handshake does not verify',
    signature:
      "The client answers the server's flight of DTLS 1.2 with decrypt_error, or our endpoint says so; or a server of DTLS 1.2 refuses the CertificateVerify of a client that also offers 1.3.",
    doc: {
      why: 'ServerKeyExchange and CertificateVerify are signed with the key of the certificate. When the signature does not verify, key and certificate do not belong together, or the two sides signed and checked different bytes. Firefox 150 signs wrongly when it offers DTLS 1.3 and is answered with 1.2 (Firefox bug 2033783): pion says "expected and actual key signature do not match". Users met it in pion/webrtc#3434, jech/galene#317 and m1k1o/neko#643.',
      fix: 'Check that the key belongs to the certificate. With Firefox 150: update it, or set media.peerconnection.dtls.version.max to 771 (DTLS 1.2). Otherwise check that each message is hashed once, as if it had come in one fragment.',
    },
    see: 'RFC 5246 §7.4.8',
  },
  (handshake) => {
    const refusal = refusalAs(handshake, 'signature-mismatch');
    const firefox = refusal?.alert.from === 'server' || (!refusal && mayBeFirefox(handshake));
    if (!refusal && !firefox) return undefined;
    const alert = refusal?.alert ?? storyOf(handshake).fatal;
    const hint =
      'The client offers DTLS 1.3 and was answered with 1.2: Firefox 150 signs wrongly then, which pion calls "expected and actual key signature do not match".';
    return {
      severity: refusal ? 'error' : 'warning',
      why: refusal
        ? `${capitalised(refusalText(refusal))}, so the ${refusal.alert.from} ended the handshake with ${alertText(refusal.alert.description)}. ${firefox && offersBoth(handshake) ? hint : 'Key and certificate do not belong together, or the two sides hashed different bytes.'}`
        : `${hint} The alert ${alertText(badCertificate)} after the client's CertificateVerify fits that, as it fits a wrong fingerprint.`,
      fix: firefox
        ? 'If the client is Firefox 150: update it, or set media.peerconnection.dtls.version.max to 771 in about:config. Otherwise compare the fingerprint of signalling with the certificate.'
        : 'Check that private key and certificate belong together, and that randoms and parameters are signed as they were sent (RFC 8422 §5.4).',
      evidence: [...signed(handshake, alert?.from === 'client'), ...(alert?.where ? [alert.where] : [])],
    };
  },
);

const offersBoth = ({ parameters: { version, offer } }: Handshake): boolean =>
  version === '1.2' && (offer?.versions.includes(0xfefc) ?? false);

/** bad_certificate after a client's signature, where no fingerprint is known that could be the reason. */
function mayBeFirefox(handshake: Handshake): boolean {
  const { fatal, mismatch } = storyOf(handshake);
  return (
    fatal?.from === 'server' &&
    fatal.description === badCertificate &&
    !mismatch &&
    !refusalOf(handshake) &&
    offersBoth(handshake) &&
    messageOf(handshake, 'client', 'certificate_verify') !== undefined
  );
}

/** The message that holds the signature. */
function signed(handshake: Handshake, ofServer: boolean): PacketRange[] {
  const message = ofServer
    ? (messageOf(handshake, 'server', 'server_key_exchange') ?? messageOf(handshake, 'server', 'certificate_verify'))
    : messageOf(handshake, 'client', 'certificate_verify');
  return message ? placesOf(handshake, message, [0, message.total]) : [];
}
