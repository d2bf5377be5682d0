/**
 * What the network says about a UDP datagram: ICMP errors quote it (RFC 792, RFC 4443). A handshake that stops for one of
 * these has a cause that no DTLS record shows.
 */
import { socketText } from '../base/ip.ts';
import { type IpPacket, Protocol, readIp } from './ip.ts';

const unreachable4: Readonly<Record<number, string>> = {
  0: 'network unreachable',
  1: 'host unreachable',
  2: 'protocol unreachable',
  3: 'port unreachable',
  4: 'fragmentation needed',
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

/** "answers 'port unreachable' (ICMP) to A for a datagram to B"; `undefined` for anything but an error about UDP. */
export function icmpNote(packet: IpPacket): string | undefined {
  const { protocol, payload } = packet;
  const [type = 0, code = 0] = payload;
  let what: string | undefined;
  if (protocol === Protocol.icmp && type === 3) {
    what = unreachable4[code];
    // RFC 1191 §4.
    if (code === 4) what = `fragmentation needed, MTU ${((payload[6] ?? 0) << 8) | (payload[7] ?? 0)}`;
  } else if (protocol === Protocol.icmp && type === 11) what = code === 1 ? 'reassembly time exceeded' : 'TTL exceeded';
  else if (protocol === Protocol.icmpv6 && type === 1) what = unreachable6[code];
  else if (protocol === Protocol.icmpv6 && type === 2) {
    const mtu =
      (payload[4] ?? 0) * 2 ** 24 + (((payload[5] ?? 0) << 16) | ((payload[6] ?? 0) << 8) | (payload[7] ?? 0));
    what = `packet too big, MTU ${mtu}`;
  } else if (protocol === Protocol.icmpv6 && type === 3)
    what = code === 1 ? 'reassembly time exceeded' : 'hop limit exceeded';
  if (what === undefined) return undefined;
  const version = protocol === Protocol.icmp ? 4 : 6;
  const quoted = readIp(payload, 8, version, payload.length);
  if ('other' in quoted || quoted.protocol !== Protocol.udp || quoted.payload.length < 4) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = quoted.payload;
  const from = socketText(quoted.src, (a << 8) | b);
  const to = socketText(quoted.dst, (c << 8) | d);
  return `answers "${what}" (ICMP) for a UDP datagram from ${from} to ${to}`;
}
