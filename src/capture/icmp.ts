/**
 * What the network says about a UDP datagram: ICMP errors quote it (RFC 792, RFC 4443). A handshake that stops for one of
 * these has a cause that no DTLS record shows.
 */
import { socketText } from '../base/ip.ts';
import { bigEndian } from './blocks.ts';
import { type IpPacket, Protocol, readIp } from './ip.ts';

const unreachable4: Readonly<Record<number, string>> = {
  0: 'network unreachable',
  1: 'host unreachable',
  2: 'protocol unreachable',
  3: 'port unreachable',
  9: 'network prohibited',
  10: 'host prohibited',
  13: 'administratively prohibited',
};
const unreachable6: Readonly<Record<number, string>> = {
  0: 'no route',
  1: 'administratively prohibited',
  3: 'address unreachable',
  4: 'port unreachable',
  5: 'source address policy',
  6: 'route rejected',
};

/** An ICMP error about a UDP datagram. */
export interface IcmpError {
  /** "port unreachable", "fragmentation needed, MTU 1400"… */
  readonly what: string;
  /**
   * `refused`: nobody takes datagrams there, or somebody in between forbids them. `too-large`: a hop has a smaller MTU.
   * `late`: some did not arrive in time.
   */
  readonly kind: 'refused' | 'too-large' | 'late';
  /** Largest IP packet that the hop passes on, where it says so. */
  readonly mtu: number | undefined;
  /** The datagram that it is about, by its addresses, and by length and checksum of its UDP header where those are quoted. */
  readonly src: string;
  readonly dst: string;
  readonly udp: { readonly length: number; readonly checksum: number } | undefined;
}

/** `undefined` for anything but an error about UDP. */
export function icmpError(packet: IpPacket): IcmpError | undefined {
  const { protocol, payload } = packet;
  const said = saying(protocol, payload);
  if (said === undefined) return undefined;
  const quoted = readIp(payload.subarray(8), protocol === Protocol.icmp ? 4 : 6, payload.length - 8);
  if ('other' in quoted || quoted.protocol !== Protocol.udp || quoted.payload.length < 4) return undefined;
  const u16 = (at: number): number => bigEndian.u16(quoted.payload, at);
  return {
    ...said,
    src: socketText(quoted.src, u16(0)),
    dst: socketText(quoted.dst, u16(2)),
    udp: quoted.payload.length < 8 ? undefined : { length: u16(4), checksum: u16(6) },
  };
}

/** 'answers "port unreachable" (ICMP) for a UDP datagram from A to B'. */
export const icmpText = ({ what, src, dst }: IcmpError): string =>
  `answers "${what}" (ICMP) for a UDP datagram from ${src} to ${dst}`;

function saying(protocol: number, payload: Uint8Array): Pick<IcmpError, 'what' | 'kind' | 'mtu'> | undefined {
  const [type = 0, code = 0] = payload;
  const tooLarge = (what: string, mtu: number): Pick<IcmpError, 'what' | 'kind' | 'mtu'> => ({
    what: `${what}, MTU ${mtu}`,
    kind: 'too-large',
    mtu: mtu > 0 ? mtu : undefined,
  });
  const plain = (kind: IcmpError['kind'], what: string | undefined) =>
    what === undefined ? undefined : { what, kind, mtu: undefined };
  if (protocol === Protocol.icmp) {
    // RFC 1191 §4.
    if (type === 3 && code === 4) return tooLarge('fragmentation needed', bigEndian.u16(payload, 6));
    if (type === 3) return plain('refused', unreachable4[code]);
    if (type === 11) return plain('late', code === 1 ? 'reassembly time exceeded' : 'TTL exceeded');
    return undefined;
  }
  if (protocol !== Protocol.icmpv6) return undefined;
  if (type === 1) return plain('refused', unreachable6[code]);
  if (type === 2) return tooLarge('packet too big', bigEndian.u32(payload, 4));
  return type === 3 ? plain('late', code === 1 ? 'reassembly time exceeded' : 'hop limit exceeded') : undefined;
}
