import { answerOf, extensionPlaces, fieldPlaces, messageOf } from '../fields.ts';
import { rule } from '../model.ts';
import { extension, renegotiationSign } from '../negotiation.ts';
import { endedBy, refusalAs, renegotiationText } from '../refusals.ts';
import { capitalised } from '../words.ts';

const serverFix =
  'Let the server answer with an empty renegotiation_info, also when the client asks by the cipher suite 0x00ff alone: pion/dtls does since v2.0.4, but for the versions between its #711 and #761.';
const clientFix =
  'Let the client send an empty renegotiation_info, or the cipher suite 0x00ff, which say the same: pion/dtls does since v2.0.4.';

export const renegotiationInfoMissing = rule(
  {
    id: 'renegotiation-info-missing',
    title: 'One side says nothing of secure renegotiation',
    signature:
      'DTLS 1.2 or older: the client offers renegotiation_info or the cipher suite TLS_EMPTY_RENEGOTIATION_INFO_SCSV (0x00ff), and the ServerHello has no renegotiation_info; an error where the client ends the handshake with handshake_failure before it goes on, or where a ClientHello with neither is refused so and nothing else explains it.',
    doc: {
      why: 'Nobody renegotiates in WebRTC, but RFC 5746 lets each side refuse a peer that does not say that it would do so safely. OpenSSL since 3.0 as a client (“unsafe legacy renegotiation disabled”), GnuTLS with %SAFE_RENEGOTIATION and BouncyCastle, and with it SIPSorcery and Jitsi, do refuse; BoringSSL, and so Chromium, does not: all is well until such a peer comes. Users met it in pion/dtls#274 and #720, eclipse-tinydtls/tinydtls#175 and eclipse-threadx/netxduo#85.',
      fix: 'Send the empty extension from the side that lacks it: pion/dtls has it since v2.0.4, and since #761 answers the cipher suite too. Until then the other side can be told to accept it: SSL_OP_LEGACY_SERVER_CONNECT of OpenSSL.',
    },
    see: 'RFC 5746 §3.4, §3.6',
  },
  (handshake) => {
    const refusal = refusalAs(handshake, 'renegotiation-info-missing');
    const missing = renegotiationText(handshake);
    const { offer } = handshake.parameters;
    const hello = messageOf(handshake, 'client', 'client_hello');
    const offered = offer && renegotiationSign(offer) !== undefined;
    const evidence = [
      ...(offer?.extensions.includes(extension.renegotiation)
        ? extensionPlaces(handshake, hello, extension.renegotiation)
        : fieldPlaces(handshake, hello, 'cipher_suites')),
      ...fieldPlaces(handshake, answerOf(handshake)?.message, 'extensions'),
    ];
    const fix = offered ? serverFix : clientFix;
    if (refusal) return endedBy(refusal, fix, evidence);
    return missing
      ? {
          severity: 'warning',
          why: `${capitalised(missing)}: clients of OpenSSL 3 and BouncyCastle refuse that.`,
          fix,
          evidence,
        }
      : undefined;
  },
);
