import { extensionPlaces, messageOf } from '../fields.ts';
import { rule } from '../model.ts';
import { extension, mediaWanted, profilesText, srtpFacts } from '../negotiation.ts';
import { refusalAs, refusalText } from '../refusals.ts';
import { capitalised } from '../words.ts';

export const noCommonSrtpProfile = rule(
  {
    id: 'no-common-srtp-profile',
    title: 'The two sides have no SRTP profile in common',
    signature:
      'The ClientHello offers use_srtp without any profile that WebRTC stacks have and the server agrees on none, or the server chooses one that was not offered.',
    doc: {
      why: 'The extension use_srtp lists protection profiles, and the server takes one of them or leaves the extension out. The handshake then completes, and media has no keys: "no crypto suite negotiated". Users met it in sipwise/rtpengine#212, #187 and #1096.',
      fix: 'Offer and take SRTP_AES128_CM_HMAC_SHA1_80 (0x0001), which everybody must have, and SRTP_AEAD_AES_128_GCM (0x0007).',
    },
    see: 'RFC 8827 §6.5',
  },
  (handshake) => {
    const refusal = refusalAs(handshake, 'no-common-srtp-profile');
    const srtp = srtpFacts(handshake);
    const hello = messageOf(handshake, 'client', 'client_hello');
    const fix =
      'Let both sides have SRTP_AES128_CM_HMAC_SHA1_80 (0x0001), which everybody must have, and SRTP_AEAD_AES_128_GCM (0x0007).';
    const evidence = extensionPlaces(handshake, hello, extension.srtp);
    if (refusal)
      return {
        severity: 'error',
        why: `${capitalised(refusalText(refusal))}. Without a profile there are no keys for media, so the ${refusal.alert.from} ended the handshake.`,
        fix,
        evidence: [...evidence, ...(refusal.alert.where ? [refusal.alert.where] : [])],
      };
    const without = srtp && srtp.agreed === undefined && srtp.offered.length > 0 && !srtp.usual;
    if (!without || handshake.establishedAt === undefined) return undefined;
    return {
      severity: mediaWanted(handshake) === false ? 'info' : 'warning',
      why: `The client offers use_srtp with ${profilesText(srtp.offered)} only, which WebRTC stacks do not take, and the server agreed on none: the handshake completes, and audio and video have no keys.`,
      fix,
      evidence,
    };
  },
);
