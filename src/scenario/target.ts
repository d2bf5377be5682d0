/** Where a probe goes: `HOST:PORT` (an IPv6 address in brackets), or `sim`, a peer in memory. */
import { bad, good, type Parsed } from './problem.ts';

export type Target = { readonly kind: 'udp'; readonly host: string; readonly port: number } | { readonly kind: 'sim' };

const allowed = 'HOST:PORT, [IPv6]:PORT or sim';

/** Reads a target. The host is not looked up here. */
export function parseTarget(text: string, where = 'TARGET'): Parsed<Target> {
  const given = text.trim();
  if (given === 'sim') return good({ kind: 'sim' });
  if (given === '') return bad(where, given, 'is no target', { allowed });
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(given);
  const colon = given.lastIndexOf(':');
  const host = bracketed ? (bracketed[1] ?? '') : given.slice(0, colon);
  const port = bracketed ? bracketed[2] : given.slice(colon + 1);
  if (colon < 0 || port === undefined) return bad(where, given, 'has no port', { allowed });
  if (!bracketed && host.includes(':'))
    return bad(where, given, 'looks like an IPv6 address, which needs brackets', { allowed: '[2001:db8::1]:4433' });
  if (bracketed && !/^[0-9a-f:.]+(%[\w.-]+)?$/i.test(host))
    return bad(where, given, 'has no IPv6 address in its brackets', { allowed });
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535)
    return bad(where, given, 'has no valid port behind its last colon', {
      allowed: '1 to 65535',
      at: given.length - port.length,
    });
  if (!bracketed && !/^[\p{L}\p{N}_]([\p{L}\p{N}._-]*[\p{L}\p{N}_.])?$/u.test(host))
    return bad(where, given, 'has no host name or address', { allowed });
  return good({ kind: 'udp', host, port: Number(port) });
}

/** The text that `parseTarget` reads back. */
export const formatTarget = (target: Target): string =>
  target.kind === 'sim' ? 'sim' : formatAddress(target.host, target.port);

/** "192.0.2.1:4433", "[2001:db8::1]:4433", "host:4433". */
export const formatAddress = (host: string, port: number): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;
