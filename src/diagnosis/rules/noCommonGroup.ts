import { extensionPlaces, messageOf } from '../fields.ts';
import { rule } from '../model.ts';
import { extension, secp256r1 } from '../negotiation.ts';
import { refusalAs, refusalText } from '../refusals.ts';
import { capitalised } from '../words.ts';

export const noCommonGroup = rule(
  {
    id: 'no-common-group',
    title: 'The two sides have no key exchange group in common',
    signature:
      'The server refuses the ClientHello with handshake_failure and says that it knows none of the groups, or the ClientHello does not offer secp256r1.',
    doc: {
      why: 'ECDHE needs a curve (or a hybrid group) that both sides know. WebRTC demands secp256r1 (P-256) of everybody, so that one of the two was built or set up without it. Users met it as "unable to find ecdh parameters" in sipwise/rtpengine#408 and ossrs/ffmpeg-webrtc#70.',
      fix: 'Offer and take secp256r1 on both sides. A server on OpenSSL before 1.1.0 needs SSL_CTX_set_ecdh_auto or SSL_CTX_set_tmp_ecdh; a narrowed list stands in SSL_CTX_set1_groups_list, in the Curves of openssl.cnf, or in pion’s EllipticCurves.',
    },
    see: 'RFC 8827 §6.5',
  },
  (handshake) => {
    const refusal = refusalAs(handshake, 'no-common-group');
    if (!refusal) return undefined;
    const offered = handshake.parameters.offer?.groups.includes(secp256r1) ?? false;
    const hello = messageOf(handshake, 'client', 'client_hello');
    return {
      severity: 'error',
      why: `${capitalised(refusalText(refusal))}. ${
        offered
          ? 'secp256r1 is on offer, which every WebRTC stack must have: the server is set up without it.'
          : 'WebRTC demands secp256r1 of every stack, and this client does not offer it.'
      }`,
      fix: offered
        ? 'Let the server take secp256r1: OpenSSL before 1.1.0 needs SSL_CTX_set_ecdh_auto or SSL_CTX_set_tmp_ecdh; otherwise look for a narrowed list (SSL_CTX_set1_groups_list, Curves in openssl.cnf, pion’s EllipticCurves).'
        : 'Let the client offer secp256r1 (OpenSSL: SSL_CTX_set1_groups_list, pion: EllipticCurves).',
      evidence: [
        ...extensionPlaces(handshake, hello, extension.groups),
        ...(refusal.alert.where ? [refusal.alert.where] : []),
      ],
    };
  },
);
