/**
 * What a UDP payload looks like: its class by RFC 7983, and where that is not enough a few bytes more. Only DTLS is read
 * further; everything else is counted. A datagram that was cut is still DTLS: type and version of its first record are
 * enough.
 */
import { unreachable } from '../base/unreachable.ts';
import { classify } from '../wire/demux.ts';

export type PayloadKind = 'dtls' | 'dtls-1.3-ciphertext' | 'stun' | 'turn-channel' | 'rtp' | 'rtcp' | 'zrtp' | 'other';

export function payloadKind(bytes: Uint8Array): PayloadKind {
  const kind = classify(bytes);
  switch (kind) {
    case 'dtls':
      return dtlsKind(bytes);
    case 'rtp':
      return mediaKind(bytes);
    case 'stun':
      return isStun(bytes) ? 'stun' : 'other';
    case 'zrtp':
    case 'turn-channel':
      return kind;
    case 'unknown':
      return 'other';
    default:
      return unreachable(kind);
  }
}

/** Record type and version as a DTLS record begins with them (RFC 6347 §4.1); holds for a datagram cut anywhere. */
export const looksLikeRecord = (bytes: Uint8Array): boolean => {
  const type = bytes[0] ?? 0;
  const minor = bytes[2] ?? 0;
  return type >= 20 && type <= 26 && bytes[1] === 0xfe && (minor === 0xff || minor === 0xfd || minor === 0xfc);
};

function dtlsKind(bytes: Uint8Array): PayloadKind {
  if (looksLikeRecord(bytes)) return 'dtls';
  // 001CSLEE (RFC 9147 §4); without a handshake between the same addresses nothing more can be said of it.
  return (bytes[0] ?? 0) >= 32 ? 'dtls-1.3-ciphertext' : 'other';
}

/** RTCP packet types 192 to 223 share the first byte with RTP (RFC 5761 §4). */
const mediaKind = (bytes: Uint8Array): PayloadKind => {
  const second = bytes[1] ?? 0;
  return second >= 192 && second <= 223 ? 'rtcp' : 'rtp';
};

/** The magic cookie (RFC 8489 §5). */
const isStun = (bytes: Uint8Array): boolean =>
  bytes.length >= 20 && bytes[4] === 0x21 && bytes[5] === 0x12 && bytes[6] === 0xa4 && bytes[7] === 0x42;
