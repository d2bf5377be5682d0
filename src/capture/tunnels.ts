/**
 * Packets inside of packets: mirror ports and clouds send what they copy in GRE, ERSPAN, VXLAN or Geneve, and overlay networks carry all
 * their traffic so. What is inside is what somebody wants to have read.
 */
import { bigEndian } from './blocks.ts';
import { type LinkPayload, linkPayload } from './frames.ts';

const { u16, u32 } = bigEndian;

/** What an IP packet with this protocol carries in [at, end), when that is another packet. */
export function insideIp(protocol: number, bytes: Uint8Array, at: number, end: number): LinkPayload | undefined {
  if (protocol === 4) return { version: 4, at };
  if (protocol === 41) return { version: 6, at };
  return protocol === 47 ? insideGre(bytes, at, end) : undefined;
}

/** RFC 2784 and RFC 2890; ERSPAN by draft-foschiano-erspan §4. */
function insideGre(bytes: Uint8Array, at: number, end: number): LinkPayload | undefined {
  if (end < at + 4) return undefined;
  const flags = u16(bytes, at);
  // Version 1 is PPTP's.
  if ((flags & 7) !== 0) return undefined;
  const numbered = (flags & 0x1000) !== 0;
  const body = at + 4 + (flags & 0x8000 ? 4 : 0) + (flags & 0x2000 ? 4 : 0) + (numbered ? 4 : 0);
  const type = u16(bytes, at + 2);
  if (type === 0x88be) return linkPayload(ethernet, bytes, body + (numbered ? 8 : 0), end);
  if (type === 0x22eb) return linkPayload(ethernet, bytes, body + ((bytes[body + 11] ?? 0) & 1 ? 20 : 12), end);
  return byEtherType(type, bytes, body, end);
}

/** What a UDP datagram to a tunnel's port carries; its header is at `udp`. Other datagrams go to such a port as well. */
export function insideUdp(bytes: Uint8Array, udp: number, end: number): LinkPayload | undefined {
  const at = udp + 8;
  if (end < at + 8) return undefined;
  const port = u16(bytes, udp + 2);
  // VXLAN (RFC 7348 §5), at its port and the one that Linux had before.
  if (port === 4789 || port === 8472)
    return u32(bytes, at) === 0x08000000 && bytes[at + 7] === 0 ? linkPayload(ethernet, bytes, at + 8, end) : undefined;
  // Geneve (RFC 8926 §3.4), version 0.
  const first = bytes[at] ?? 0;
  if (port !== 6081 || first >> 6 !== 0 || bytes[at + 7] !== 0) return undefined;
  return byEtherType(u16(bytes, at + 2), bytes, at + 8 + (first & 63) * 4, end);
}

/** The link type of Ethernet, and its number as a protocol of GRE and Geneve. */
const ethernet = 1;
const bridged = 0x6558;

function byEtherType(type: number, bytes: Uint8Array, at: number, end: number): LinkPayload | undefined {
  if (type === 0x0800) return { version: 4, at };
  if (type === 0x86dd) return { version: 6, at };
  return type === bridged ? linkPayload(ethernet, bytes, at, end) : undefined;
}
