/**
 * Where a probe goes: `HOST:PORT` (an IPv6 address in brackets); `sim`, a peer in memory, or `sim:QUIRK,…`, a broken one;
 * `sdp:FILE`, whoever wrote that session description; `whip:URL` and `whep:URL`, a media server that is asked over HTTP;
 * `browser`, the WebRTC stack of the browser that the panel is in; `page`, the next connection of the page that it inspects.
 */
import { optionTable } from './options.ts';
import { bad, good, type Parsed } from './problem.ts';
import type { QuirkId } from './quirks/index.ts';

export type Target =
  | { readonly kind: 'udp'; readonly host: string; readonly port: number }
  /** A peer in memory, with these quirks. */
  | { readonly kind: 'sim'; readonly quirks: readonly QuirkId[] }
  /** A file name; "-" for standard input; empty where the description itself is pasted elsewhere. */
  | { readonly kind: 'sdp'; readonly file: string }
  | { readonly kind: 'whip' | 'whep'; readonly url: string }
  /** In the panel only. */
  | { readonly kind: 'browser' }
  | { readonly kind: 'page' };

/** A target whose DTLS role, fingerprint and address signalling tells. */
export type SignalledTarget = Exclude<Target, { readonly kind: 'udp' | 'sim' }>;
export const isSignalled = (target: Target | undefined): target is SignalledTarget =>
  target !== undefined && target.kind !== 'udp' && target.kind !== 'sim';

const allowed = 'HOST:PORT, [IPv6]:PORT, sim, sim:QUIRK, sdp:FILE, whip:URL, whep:URL or browser';

/** Reads a target. The host is not looked up here. */
export function parseTarget(text: string, where = 'TARGET'): Parsed<Target> {
  const given = text.trim();
  if (given === 'browser' || given === 'page') return good({ kind: given });
  if (given === 'sim') return good({ kind: 'sim', quirks: [] });
  if (given.startsWith('sim:')) {
    const parsed = optionTable.quirk.type.parse([given.slice('sim:'.length)], where);
    return parsed.ok ? good({ kind: 'sim', quirks: parsed.value }) : parsed;
  }
  if (given === '') return bad(where, given, 'is no target', { allowed });
  const [, scheme, rest = ''] = /^(sdp|whip|whep):(.*)$/s.exec(given) ?? [];
  if (scheme === 'sdp') {
    if (rest === '' || rest.length > 4096 || rest.includes('\n'))
      return bad(where, given.slice(0, 100), 'names no file', { allowed: 'sdp:FILE, or sdp:- for standard input' });
    return good({ kind: 'sdp', file: rest });
  }
  if (scheme === 'whip' || scheme === 'whep') return parseUrl(scheme, rest, given, where);
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

function parseUrl(kind: 'whip' | 'whep', text: string, given: string, where: string): Parsed<Target> {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return bad(where, given, 'has no URL', { allowed: `${kind}:https://host/path` });
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    return bad(where, given, `has a URL of ${url.protocol}`, { allowed: `${kind}:https://… or ${kind}:http://…` });
  // `fetch` refuses them, and they would end up in reports.
  if (url.username !== '' || url.password !== '')
    return bad(where, `${kind}:${url.protocol}//…@${url.host}`, 'has a password in its URL', {
      allowed: '--token TOKEN',
    });
  url.hash = '';
  return good({ kind, url: url.href });
}

/** The text that `parseTarget` reads back. */
export function formatTarget(target: Target): string {
  switch (target.kind) {
    case 'sim':
      return ['sim', ...(target.quirks.length > 0 ? [target.quirks.join(',')] : [])].join(':');
    case 'browser':
    case 'page':
      return target.kind;
    case 'udp':
      return formatAddress(target.host, target.port);
    case 'sdp':
      return `sdp:${target.file}`;
    case 'whip':
    case 'whep':
      return `${target.kind}:${target.url}`;
  }
}

/** "192.0.2.1:4433", "[2001:db8::1]:4433", "host:4433". */
export const formatAddress = (host: string, port: number): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;
