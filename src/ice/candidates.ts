/** Candidates: what they are worth, which are alike, and which of the peer's can be used (RFC 8445 §5.1, §6.1.2.2). */
import { parseIp, parseSocketAddress, socketText } from '../base/ip.ts';
import type { CandidateKind, RemoteCandidate, SkipReason, TransportAddress } from './api.ts';

/** RFC 8445 §5.1.2.2. */
const typePreference = { host: 126, prflx: 110, srflx: 100, relay: 0 } as const satisfies Record<CandidateKind, number>;

/** `nth` is the base's place among ours: no two may have the same preference (RFC 8445 §5.1.2.1). */
export const priorityOf = (kind: CandidateKind, nth: number): number =>
  typePreference[kind] * 2 ** 24 + (65535 - nth) * 2 ** 8 + (256 - 1);

/** Gives the same short text to candidates that were come by in the same way (RFC 8445 §5.1.1.3). */
export class Foundations {
  readonly #known = new Map<string, string>();

  of(kind: CandidateKind, base: TransportAddress, server: TransportAddress | undefined): string {
    const ip = parseSocketAddress(base)?.ip.join('.') ?? base;
    const key = `${kind} ${ip} ${server ?? ''}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const made = String(this.#known.size + 1);
    this.#known.set(key, made);
    return made;
  }
}

/** Family and scope of an address: candidates are only paired when these are the same (RFC 8445 §6.1.2.2). */
export function scopeOf(address: TransportAddress): 'ipv4' | 'ipv6' | 'ipv6-link' | undefined {
  const ip = parseSocketAddress(address)?.ip;
  if (!ip) return undefined;
  if (ip.length === 4) return 'ipv4';
  return ip[0] === 0xfe && ((ip[1] ?? 0) & 0xc0) === 0x80 ? 'ipv6-link' : 'ipv6';
}

/** Nothing is ever sent to many: multicast, broadcast, the unspecified address. */
const isUnicast = (ip: Uint8Array): boolean => {
  if (ip.every((byte) => byte === 0) || ip.every((byte) => byte === 255)) return false;
  return ip.length === 4 ? (ip[0] ?? 0) !== 0 && (ip[0] ?? 0) < 224 : ip[0] !== 0xff;
};

/** Where a candidate of the peer's is, or why it is not used. */
export function usableAddress(candidate: RemoteCandidate): TransportAddress | { readonly skip: SkipReason } {
  if (candidate.transport.toLowerCase() !== 'udp') return { skip: 'transport' };
  if (candidate.component !== 1) return { skip: 'component' };
  const ip = parseIp(candidate.address);
  if (!ip) return { skip: 'name' };
  const { port } = candidate;
  if (!isUnicast(ip) || !Number.isInteger(port) || port < 1 || port > 65535) return { skip: 'destination' };
  return socketText(ip, port);
}
