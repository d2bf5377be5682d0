import { fieldPlaces, messageOf } from '../fields.ts';
import { rule } from '../model.ts';
import { refusalAs, refusalText } from '../refusals.ts';
import { capitalised } from '../words.ts';

export const noCommonSuite = rule(
  {
    id: 'no-common-suite',
    title: 'The two sides have no cipher suite in common',
    signature:
      'The server refuses the ClientHello (handshake_failure, insufficient_security) and says that it knows none of the suites, or none of those offered is one that WebRTC stacks have.',
    doc: {
      why: 'The server picks one of the suites that the ClientHello lists. Where its own list meets none of them there is nothing to pick, and the handshake ends at once.',
      fix: 'Let both sides have TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, which WebRTC demands (RFC 8827 §6.5): look for a list of ciphers in the configuration of the server (OpenSSL: SSL_CTX_set_cipher_list, pion: CipherSuites, Janus: dtls_ciphers), and whether it was meant for DTLS 1.3 alone.',
    },
    see: 'RFC 8827 §6.5',
  },
  (handshake) => {
    const refusal = refusalAs(handshake, 'no-common-suite');
    if (!refusal) return undefined;
    const hello = messageOf(handshake, 'client', 'client_hello');
    return {
      severity: 'error',
      why: `${capitalised(refusalText(refusal))}. The server ended the handshake after the ClientHello, before it chose anything.`,
      fix: 'Give both sides TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, which WebRTC demands: look for a narrowed list of ciphers at the server (OpenSSL: SSL_CTX_set_cipher_list, pion: CipherSuites, Janus: dtls_ciphers).',
      evidence: [
        ...fieldPlaces(handshake, hello, 'cipher_suites'),
        ...(refusal.alert.where ? [refusal.alert.where] : []),
      ],
    };
  },
);
