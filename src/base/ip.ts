/**
 * IP addresses as bytes and as text: `192.0.2.1:5000`, `[2001:db8::1]:5000` (RFC 5952), which is how traces write them.
 */

/** Bytes of an address: 4 for IPv4, 16 for IPv6. */
export type IpBytes = Uint8Array;

export interface SocketAddress {
  readonly ip: IpBytes;
  readonly port: number;
}

/** "192.0.2.1" or "2001:db8::1". */
export const ipText = (ip: IpBytes): string => (ip.length === 4 ? ip.join('.') : ipv6Text(ip));

export const socketText = (ip: IpBytes, port: number): string =>
  ip.length === 4 ? `${ip.join('.')}:${port}` : `[${ipv6Text(ip)}]:${port}`;

/** RFC 5952 §4: lower case, no leading zeros, the longest run of two or more zero groups (the first of equals) as `::`. */
function ipv6Text(ip: IpBytes): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((ip[i] ?? 0) << 8) | (ip[i + 1] ?? 0));
  let bestStart = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (groups[i + length] === 0) length++;
    if (length > bestLength) {
      bestStart = i;
      bestLength = length;
    }
  }
  const text = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  if (bestStart === -1) return text(groups);
  return `${text(groups.slice(0, bestStart))}::${text(groups.slice(bestStart + bestLength))}`;
}

/** The socket address that a text names; `undefined` when it holds a host name or is no address at all. */
export function parseSocketAddress(text: string): SocketAddress | undefined {
  const v6 = /^\[([^\]%]*)(?:%[^\]]*)?\]:(\d{1,5})$/.exec(text);
  const v4 = /^([\d.]+):(\d{1,5})$/.exec(text);
  const port = Number(v6?.[2] ?? v4?.[2] ?? Number.NaN);
  if (!(port <= 65535)) return undefined;
  const ip = v6 ? parseIpv6(v6[1] ?? '') : parseIpv4(v4?.[1] ?? '');
  return ip && { ip, port };
}

/** The bytes of "192.0.2.1" or "2001:db8::1"; `undefined` for a name and for anything else. */
export const parseIp = (text: string): IpBytes | undefined => (text.includes(':') ? parseIpv6(text) : parseIpv4(text));

/**
 * Whether an address ("192.168.1.2:5000") is good in one network only: private (RFC 1918, RFC 4193), behind the NAT of a carrier
 * (RFC 6598), of one link, or of the host itself. False for a name.
 */
export function isPrivate(address: string): boolean {
  const ip = parseSocketAddress(address)?.ip;
  if (!ip) return false;
  const [first = 0, second = 0] = ip;
  if (ip.length === 4) {
    return (
      first === 10 ||
      first === 127 ||
      (first === 172 && second >> 4 === 1) ||
      (first === 192 && second === 168) ||
      (first === 169 && second === 254) ||
      (first === 100 && second >> 6 === 1)
    );
  }
  const isLoopback = ip.every((byte, i) => byte === (i === 15 ? 1 : 0));
  return isLoopback || first >> 1 === 0xfc >> 1 || (first === 0xfe && second >> 6 === 0b10);
}

function parseIpv4(text: string): IpBytes | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined;
  return Uint8Array.from(parts, Number);
}

function parseIpv6(text: string): IpBytes | undefined {
  // A dotted tail (RFC 4291 §2.2) stands for the last two groups.
  const dotted = /^(.*:)([\d.]+)$/.exec(text);
  const tail = dotted?.[2]?.includes('.') ? parseIpv4(dotted[2]) : undefined;
  const [a = 0, b = 0, c = 0, d = 0] = tail ?? [];
  const plain = tail ? `${dotted?.[1]}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}` : text;
  const halves = plain.split('::');
  if (halves.length > 2) return undefined;
  const [left = [], right = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  if (![...left, ...right].every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  const zeros = 8 - left.length - right.length;
  if (halves.length === 2 ? zeros < 1 : zeros !== 0) return undefined;
  const groups = [...left, ...Array.from({ length: zeros }, () => '0'), ...right];
  return Uint8Array.from(
    groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]),
  );
}

/** `::ffff:a.b.c.d` (RFC 4291 §2.5.5.2), for a pair of which only one end has an IPv6 address. */
export const mapped = (ip: IpBytes): IpBytes =>
  ip.length === 16 ? ip : Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...ip);
