import type { Handshake } from '../../analysis/model.ts';
import type { PacketRange } from '../../trace/buffers.ts';
import { answerOf, extensionPlaces, messageOf } from '../fields.ts';
import { rule, type Says } from '../model.ts';
import { extension, profilesText, srtpFacts, srtpLacking } from '../negotiation.ts';
import { refusalAs, refusalText } from '../refusals.ts';
import { capitalised } from '../words.ts';

export const srtpNotNegotiated = rule(
  {
    id: 'srtp-not-negotiated',
    title: 'SRTP was not agreed on',
    signature:
      'The ClientHello offers use_srtp with a usual profile and the answer of the server has none; or the ClientHello has none although audio or video was signalled.',
    doc: {
      why: 'The keys for media come from the DTLS handshake, and only when both hellos have use_srtp. A server that leaves it out when a session has no media yet meets clients that end the handshake with insufficient_security, and others that complete it and then have no keys. Users met it in pion/dtls#356, paullouisageneau/libdatachannel#383 and rtcweb-wg/jsep#1035.',
      fix: 'Negotiate use_srtp always, also for data channels alone: OpenSSL SSL_CTX_set_tlsext_use_srtp, pion SRTPProtectionProfiles, mbedTLS MBEDTLS_SSL_DTLS_SRTP.',
    },
    see: 'RFC 5764 §4.1',
  },
  (handshake) => refused(handshake) ?? missing(handshake),
);

const fix =
  'Let the server answer use_srtp always, also where there is no media yet: OpenSSL SSL_CTX_set_tlsext_use_srtp, pion SRTPProtectionProfiles, mbedTLS MBEDTLS_SSL_DTLS_SRTP.';

function refused(handshake: Handshake): Says | undefined {
  const refusal = refusalAs(handshake, 'srtp-not-negotiated');
  return (
    refusal && {
      severity: 'error',
      why: `${capitalised(refusalText(refusal))}. Without it there are no keys for media, so the ${refusal.alert.from} ended the handshake.`,
      fix:
        refusal.alert.from === 'server'
          ? 'Let the client offer use_srtp with SRTP_AES128_CM_HMAC_SHA1_80 and AES-GCM.'
          : fix,
      evidence: [...places(handshake), ...(refusal.alert.where ? [refusal.alert.where] : [])],
    }
  );
}

/** The handshake went on without. */
function missing(handshake: Handshake): Says | undefined {
  const srtp = srtpFacts(handshake);
  const lacking = srtp && srtpLacking(handshake);
  if (!lacking) return undefined;
  if (srtp.offered.length === 0)
    return {
      severity: 'warning',
      why: 'The ClientHello has no use_srtp, although audio or video is to flow: the handshake completes and gives no keys for it.',
      fix: 'Let the client offer use_srtp with SRTP_AES128_CM_HMAC_SHA1_80 and AES-GCM.',
      evidence: places(handshake),
    };
  const offered = `The client offers use_srtp (${profilesText(srtp.offered)}), and the server's answer has none: it knows no SRTP, or none of these profiles`;
  return lacking === 'data-alone'
    ? {
        severity: 'info',
        why: `${offered}. Only data flows here, so nothing is missing; the first audio or video would have no keys, and some clients end such a handshake.`,
        fix,
        evidence: places(handshake),
      }
    : {
        severity: 'warning',
        why: `${offered}. The handshake completes, and audio and video have no keys.`,
        fix,
        evidence: places(handshake),
      };
}

/** The offer, and the answer that lacks it. */
function places(handshake: Handshake): PacketRange[] {
  const hello = messageOf(handshake, 'client', 'client_hello');
  const answer = answerOf(handshake)?.message;
  return [hello, answer].flatMap((message) => extensionPlaces(handshake, message, extension.srtp));
}
