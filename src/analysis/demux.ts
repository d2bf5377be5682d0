/**
 * What a UDP payload looks like by its first bytes (RFC 7983 §7). Only DTLS is read further; everything else is counted.
 * A datagram that was cut is still DTLS: type and version of the first record are enough.
 */

export type PayloadKind = 'dtls' | 'dtls-1.3-ciphertext' | 'stun' | 'turn-channel' | 'rtp' | 'rtcp' | 'zrtp' | 'other';

export function payloadKind(bytes: Uint8Array): PayloadKind {
  const first = bytes[0] ?? 255;
  if (first >= 128) return first < 192 ? mediaKind(bytes) : 'other';
  if (first >= 64) return first < 80 ? 'turn-channel' : 'other';
  if (first >= 20) return dtlsKind(bytes, first);
  if (first < 4) return isStun(bytes) ? 'stun' : 'other';
  return first >= 16 ? 'zrtp' : 'other';
}

/** Record type and version as a DTLS record begins with them (RFC 6347 §4.1); holds for a datagram cut anywhere. */
export const looksLikeRecord = (bytes: Uint8Array): boolean => {
  const type = bytes[0] ?? 0;
  const minor = bytes[2] ?? 0;
  return type >= 20 && type <= 26 && bytes[1] === 0xfe && (minor === 0xff || minor === 0xfd || minor === 0xfc);
};

function dtlsKind(bytes: Uint8Array, first: number): PayloadKind {
  if (looksLikeRecord(bytes)) return 'dtls';
  // 001CSLEE (RFC 9147 §4); without a handshake between the same addresses nothing more can be said of it.
  return first >= 32 ? 'dtls-1.3-ciphertext' : 'other';
}

/** RTCP packet types 192 to 223 share the first byte with RTP (RFC 5761 §4). */
const mediaKind = (bytes: Uint8Array): PayloadKind => {
  const second = bytes[1] ?? 0;
  return second >= 192 && second <= 223 ? 'rtcp' : 'rtp';
};

/** The magic cookie (RFC 8489 §5). */
const isStun = (bytes: Uint8Array): boolean =>
  bytes.length >= 20 && bytes[4] === 0x21 && bytes[5] === 0x12 && bytes[6] === 0xa4 && bytes[7] === 0x42;
