/**
 * Which protocol a UDP payload on a WebRTC port belongs to, told by its first byte alone (RFC 7983 §7): what a transport
 * needs to hand a datagram to the right agent. Whether it then is one of that protocol, its own reader says.
 */

export type PayloadClass = 'stun' | 'zrtp' | 'dtls' | 'turn-channel' | 'rtp' | 'unknown';

/** The class of a payload; RTCP counts as `rtp` (RFC 5761 tells them apart), an empty payload is `unknown`. */
export function classify(bytes: Uint8Array): PayloadClass {
  const first = bytes[0];
  if (first === undefined) return 'unknown';
  if (first <= 3) return 'stun';
  if (first >= 16 && first <= 19) return 'zrtp';
  if (first >= 20 && first <= 63) return 'dtls';
  if (first >= 64 && first <= 79) return 'turn-channel';
  if (first >= 128 && first <= 191) return 'rtp';
  return 'unknown';
}
