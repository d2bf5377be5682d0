import { fieldPlaces, messageOf } from '../fields.ts';
import { rule } from '../model.ts';
import { refusalAs, refusalText } from '../refusals.ts';
import { capitalised } from '../words.ts';

export const certificateSuiteMismatch = rule(
  {
    id: 'certificate-suite-mismatch',
    title: 'Cipher suite and certificate need different kinds of keys',
    signature:
      "A handshake of DTLS 1.2 is refused, and the server says that no suite fits its certificate; or the suite it chose needs another key than its certificate has; or the ClientHello's suites are all for one kind of key.",
    doc: {
      why: 'Suites of DTLS 1.2 name the kind of key that the server signs with: ECDHE_RSA goes with RSA certificates, ECDHE_ECDSA with those on elliptic curves. Libraries that newly make ECDSA certificates broke old clients so, and RSA certificates break clients that are set up for ECDSA alone. Users met it in webrtc-rs/webrtc#808, onsip/SIP.js#344, #345 and meetecho/janus-gateway#582.',
      fix: 'Give the server a certificate of the kind that the suites on offer need (ECDSA P-256 is what WebRTC demands), or suites of both kinds on both sides. Janus: dtls_ciphers or its rsa_private_key setting; FreeSWITCH and Kurento: the pem file for DTLS.',
    },
    see: 'RFC 8422 §2',
  },
  (handshake) => {
    const refusal = refusalAs(handshake, 'certificate-suite-mismatch');
    if (!refusal) return undefined;
    const chosen = refusal.alert.from === 'client' ? messageOf(handshake, 'server', 'server_hello') : undefined;
    const hello = messageOf(handshake, 'client', 'client_hello');
    const field = chosen
      ? fieldPlaces(handshake, chosen, 'cipher_suite')
      : fieldPlaces(handshake, hello, 'cipher_suites');
    return {
      severity: 'error',
      why: `${capitalised(refusalText(refusal))}. A suite with ECDHE_RSA needs an RSA certificate, one with ECDHE_ECDSA a certificate on an elliptic curve.`,
      fix: 'Give the server an ECDSA P-256 certificate and TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, which WebRTC demands; where the client offers suites with RSA alone, give it those with ECDSA too, or the server an RSA certificate.',
      evidence: [...field, ...(refusal.alert.where ? [refusal.alert.where] : [])],
    };
  },
);
