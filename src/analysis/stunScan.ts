/**
 * What a capture's STUN messages say that matters to a handshake, read in one walk over the attributes: a long call has ten
 * thousands of them, and only a few facts of each are kept. Whole messages, for the inspector, are read by the wire codec.
 */
import { fromUtf8 } from '../base/bytes.ts';
import { socketText } from '../base/ip.ts';

/** A transaction ID as three numbers of 32 bits. */
export interface Transaction {
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

export interface StunSeen {
  readonly method: number;
  readonly cls: 'request' | 'indication' | 'success' | 'error';
  readonly id: Transaction;
  /** Places in the message, half open: most are the same as in the message before, so nobody reads them in vain. */
  username: readonly [number, number] | undefined;
  software: readonly [number, number] | undefined;
  useCandidate: boolean;
  error: number | undefined;
  reason: string | undefined;
  channel: number | undefined;
  lifetime: number | undefined;
  /** XOR-PEER-ADDRESS, XOR-RELAYED-ADDRESS, XOR-MAPPED-ADDRESS. */
  peer: string | undefined;
  relayed: string | undefined;
  mapped: string | undefined;
  /** The same for DATA of an indication, and a DTLS record that travels in a binding. */
  data: readonly [number, number] | undefined;
  dtls: readonly [number, number] | undefined;
}

export const StunMethod = { binding: 1, allocate: 3, refresh: 4, send: 6, data: 7, permission: 8, channel: 9 } as const;

const header = 20;
const classes = ['request', 'indication', 'success', 'error'] as const;
const longestText = 128;

const hex = (value: number): string => value.toString(16).padStart(8, '0');
/** In hexadecimal, as traces have it. */
export const transactionHex = ({ a, b, c }: Transaction): string => hex(a) + hex(b) + hex(c);
/** A small number to look a transaction up by; another may have the same. */
export const transactionKey = ({ a, b, c }: Transaction): number => (a ^ b ^ c) & 0x3fffffff;
export const sameTransaction = (one: Transaction, other: Transaction): boolean =>
  one.a === other.a && one.b === other.b && one.c === other.c;

/** The text at a place of a message, bounded. */
export const stunText = (bytes: Uint8Array, [start, end]: readonly [number, number]): string =>
  fromUtf8(bytes.subarray(start, Math.min(end, start + longestText)));

/** `undefined` for what is no STUN message. One that was cut is read as far as it goes. */
export function scanStun(bytes: Uint8Array): StunSeen | undefined {
  if (bytes.length < header) return undefined;
  const u16 = (at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  const u32 = (at: number): number => u16(at) * 65_536 + u16(at + 2);
  const type = u16(0);
  if (type > 0x3fff || u16(4) !== 0x2112 || u16(6) !== 0xa442) return undefined;
  const seen: StunSeen = {
    method: (type & 0xf) | ((type >> 1) & 0x70) | ((type >> 2) & 0xf80),
    cls: classes[((type >> 4) & 1) | ((type >> 7) & 2)] ?? 'request',
    id: { a: u32(8), b: u32(12), c: u32(16) },
    username: undefined,
    software: undefined,
    useCandidate: false,
    error: undefined,
    reason: undefined,
    channel: undefined,
    lifetime: undefined,
    peer: undefined,
    relayed: undefined,
    mapped: undefined,
    data: undefined,
    dtls: undefined,
  };
  const end = Math.min(bytes.length, header + u16(2));
  for (let at = header; at + 4 <= end; ) {
    const length = u16(at + 2);
    const start = at + 4;
    if (start + length > end) break;
    attribute(seen, u16(at), bytes, start, start + length);
    at = start + ((length + 3) & ~3);
  }
  return seen;
}

function attribute(seen: StunSeen, code: number, bytes: Uint8Array, start: number, end: number): void {
  const u16 = (at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  switch (code) {
    case 0x0006:
      seen.username ??= [start, end];
      return;
    case 0x0009:
      seen.error ??= ((bytes[start + 2] ?? 0) & 7) * 100 + (bytes[start + 3] ?? 0);
      seen.reason ??= stunText(bytes, [start + 4, end]);
      return;
    case 0x000c:
      seen.channel ??= u16(start);
      return;
    case 0x000d:
      seen.lifetime ??= u16(start) * 65_536 + u16(start + 2);
      return;
    case 0x0012:
      seen.peer ??= xorAddress(bytes, start, end);
      return;
    case 0x0013:
      seen.data ??= [start, end];
      return;
    case 0x0016:
      seen.relayed ??= xorAddress(bytes, start, end);
      return;
    case 0x0020:
      seen.mapped ??= xorAddress(bytes, start, end);
      return;
    case 0x0025:
      seen.useCandidate = true;
      return;
    case 0x8022:
      seen.software ??= [start, end];
      return;
    // META-DTLS-IN-STUN, libwebrtc's way to save a round trip.
    case 0xc070:
      seen.dtls ??= [start, end];
      return;
    default:
  }
}

/** An address XORed with the cookie and the transaction ID (RFC 8489 §14.2), which stand at 4 in the message. */
function xorAddress(bytes: Uint8Array, start: number, end: number): string | undefined {
  const size = bytes[start + 1] === 1 ? 4 : 16;
  if (end - start < 4 + size) return undefined;
  const port = (((bytes[start + 2] ?? 0) << 8) | (bytes[start + 3] ?? 0)) ^ 0x2112;
  const ip = Uint8Array.from({ length: size }, (_, i) => (bytes[start + 4 + i] ?? 0) ^ (bytes[4 + i] ?? 0));
  return socketText(ip, port);
}
