/**
 * IPv4 and IPv6 headers: addresses, protocol, payload, and where a fragment belongs. A capture may have cut the packet, so
 * `payload` can be shorter than `length` says.
 */
import type { IpBytes } from '../base/ip.ts';
import { bigEndian } from './blocks.ts';
import type { PacketMark } from './copies.ts';

export interface IpPacket extends PacketMark {
  readonly src: IpBytes;
  readonly dst: IpBytes;
  /** IANA protocol number of the payload. */
  readonly protocol: number;
  /** What was captured of the payload. */
  readonly payload: Uint8Array;
  /** What the header says the payload has. Bytes. */
  readonly length: number;
  readonly fragment: { readonly id: number; readonly offset: number; readonly more: boolean } | undefined;
}

export const Protocol = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const;

/** Names for counting; other protocols are counted together. */
export const protocolNames: Readonly<Record<number, string>> = {
  1: 'ICMP',
  2: 'IGMP',
  6: 'TCP',
  47: 'GRE',
  50: 'ESP',
  58: 'ICMPv6',
  132: 'SCTP',
  136: 'UDP-Lite',
};

/**
 * Reads the packet that the bytes begin with. `wireLength` is how long they were before capture, for packets that leave
 * their own length to the network card (segmentation offload writes 0).
 */
export const readIp = (bytes: Uint8Array, version: 4 | 6, wireLength: number): IpPacket | { readonly other: string } =>
  version === 4 ? readIpv4(bytes, wireLength) : readIpv6(bytes, wireLength);

/** A whole UDP datagram in a plain IP packet: places in the bytes. */
export interface PlainUdp extends PacketMark {
  /** Of the source address; the destination follows it. */
  readonly addresses: number;
  /** Bytes of an address. */
  readonly size: 4 | 16;
  /** Of the UDP header. */
  readonly udp: number;
  /** Where the IP packet ends, by its own word. */
  readonly packetEnd: number;
}

/**
 * The short way for what nearly every packet of a capture is: UDP in IPv4 or IPv6 that is whole, no fragment, and without
 * extension headers. `undefined` for all else, which `readIp` takes apart.
 */
export function plainUdp(bytes: Uint8Array, at: number, end: number, version: 4 | 6): PlainUdp | undefined {
  const first = bytes[at] ?? 0;
  if (version === 4) {
    const header = (first & 15) * 4;
    const total = u16(bytes, at + 2);
    if (end - at < 28 || first >> 4 !== 4 || header < 20 || total < header + 8 || end - at < header + 8)
      return undefined;
    if ((u16(bytes, at + 6) & 0x3fff) !== 0 || bytes[at + 9] !== Protocol.udp) return undefined;
    const id = u16(bytes, at + 4);
    return { addresses: at + 12, size: 4, udp: at + header, packetEnd: at + total, id, hops: bytes[at + 8] ?? 0 };
  }
  const length = u16(bytes, at + 4);
  if (end - at < 48 || first >> 4 !== 6 || length < 8 || bytes[at + 6] !== Protocol.udp) return undefined;
  return { addresses: at + 8, size: 16, udp: at + 40, packetEnd: at + 40 + length, id: 0, hops: bytes[at + 7] ?? 0 };
}

const cut = { other: 'header cut' } as const;
const malformed = { other: 'malformed' } as const;
const { u16, u32 } = bigEndian;

/** RFC 791 §3.1. */
function readIpv4(bytes: Uint8Array, wireLength: number): IpPacket | { readonly other: string } {
  if (bytes.length < 20) return cut;
  const first = bytes[0] ?? 0;
  const header = (first & 15) * 4;
  if (first >> 4 !== 4 || header < 20) return malformed;
  if (bytes.length < header) return cut;
  const total = u16(bytes, 2) || wireLength;
  if (total < header) return malformed;
  const place = u16(bytes, 6);
  const offset = (place & 0x1fff) * 8;
  const more = (place & 0x2000) !== 0;
  return {
    src: bytes.subarray(12, 16),
    dst: bytes.subarray(16, 20),
    protocol: bytes[9] ?? 0,
    payload: bytes.subarray(header, total),
    length: total - header,
    fragment: offset > 0 || more ? { id: u16(bytes, 4), offset, more } : undefined,
    id: u16(bytes, 4),
    hops: bytes[8] ?? 0,
  };
}

/** RFC 8200 §3 and §4: a fixed header and a chain of extension headers, each at least 8 bytes, so the walk ends. */
function readIpv6(bytes: Uint8Array, wireLength: number): IpPacket | { readonly other: string } {
  if (bytes.length < 40) return cut;
  if ((bytes[0] ?? 0) >> 4 !== 6) return malformed;
  const end = 40 + (u16(bytes, 4) || Math.max(0, wireLength - 40));
  const src = bytes.subarray(8, 24);
  const dst = bytes.subarray(24, 40);
  return walkExtensions({ src, dst, id: 0, hops: bytes[7] ?? 0 }, bytes[6] ?? 0, bytes.subarray(40, end), end - 40);
}

/**
 * Walks from extension header to extension header until the payload, or a fragment header: what follows that one can only
 * be read when the packet is whole (RFC 8200 §4.5).
 */
function walkExtensions(
  ends: Pick<IpPacket, 'src' | 'dst' | 'id' | 'hops'>,
  next: number,
  bytes: Uint8Array,
  length: number,
): IpPacket | { readonly other: string } {
  let at = 0;
  while (isExtension(next)) {
    if (at + 8 > length) return malformed;
    if (bytes.length < at + 8) return cut;
    const current = next;
    next = bytes[at] ?? 0;
    if (current === 44) {
      const place = u16(bytes, at + 2);
      const id = u32(bytes, at + 4);
      at += 8;
      // An atomic fragment (RFC 6946) is a whole packet.
      if ((place & 0xfff9) === 0) continue;
      const fragment = { id, offset: place & 0xfff8, more: (place & 1) !== 0 };
      return { ...ends, protocol: next, payload: bytes.subarray(at), length: length - at, fragment };
    }
    const units = bytes[at + 1] ?? 0;
    // The authentication header counts in units of 4 (RFC 4302 §2.2).
    at += current === 51 ? (units + 2) * 4 : (units + 1) * 8;
    if (at > length) return malformed;
  }
  return { ...ends, protocol: next, payload: bytes.subarray(at), length: length - at, fragment: undefined };
}

/** A packet fresh from reassembly: IPv6 may have further extension headers inside. */
export const readReassembled = (packet: IpPacket): IpPacket | { readonly other: string } =>
  packet.src.length === 16 ? walkExtensions(packet, packet.protocol, packet.payload, packet.length) : packet;

/** Hop-by-hop, routing, fragment, authentication, destination options, mobility, HIP, shim6. */
const isExtension = (protocol: number): boolean => [0, 43, 44, 51, 60, 135, 139, 140].includes(protocol);
