/**
 * Addresses and host names on their way into a file that is handed around: who reads a ticket needs to tell the hosts
 * apart, and rarely who they are. Each host gets one name for the whole report; ports stay, and so does loopback, which is
 * nobody's. Text that is already made is masked, so that no sentence can forget to.
 */
import { parseIp } from '../base/ip.ts';

/** What a report does with addresses: as they are, or as `host-1`. */
export type Addresses = 'shown' | 'masked';

/** Makes text fit to be handed around. The same host has the same name in every text that one masker is given. */
export type Masker = (text: string) => string;

export function masker(addresses: Addresses): Masker {
  // What stands in a URL besides the host (rooms, user names, tokens) is never for a report.
  if (addresses === 'shown')
    return (text) => text.replace(url, (_, scheme, authority) => `${scheme}${host(authority)}`);
  const names = new Map<string, string>();
  const nameOf = (address: string): string => {
    const key = address.toLowerCase();
    const known = names.get(key) ?? `host-${names.size + 1}`;
    names.set(key, known);
    return known;
  };
  const ip = (address: string): string => (isIp(address) && !isLoopback(address) ? nameOf(address) : address);
  const named = (authority: string): string => {
    const [, name = '', port = ''] = /^(\[[^\]]*\]|[^:]*)(:\d+)?$/.exec(host(authority)) ?? [];
    const bare = name.replace(/^\[|\]$/g, '');
    return `${bare === '' || isLoopback(bare) ? name : nameOf(bare)}${port}`;
  };
  return (text) =>
    text
      .replace(url, (_, scheme, authority) => `${scheme}${named(authority)}`)
      .replace(ipv6, (found) => ip(found))
      .replace(ipv4, (found) => ip(found))
      .replace(hostPort, (whole, name: string, port: string) => (isPlace(name) ? `${nameOf(name)}${port}` : whole))
      .replace(mdns, (name) => nameOf(name));
}

/** Scheme and authority; path and query go with the match. */
const url = /\b((?:https?|wss?):\/\/)([^\s/?#,;()<>"']+)(?:[^\s,;()<>"']*[^\s,;:()<>"'])?/g;
/** Credentials before the "@" are no part of where something is. */
const host = (authority: string): string => authority.slice(authority.lastIndexOf('@') + 1);
/** Behind a "§" stands the number of a section. */
const ipv4 = /(?<![\w.§])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)/g;
const ipv6 = /(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9a-f]{0,4})(?![\w:])/gi;
/** `gateway.example:4433`; a name without a dot is one of the simulation's. */
const hostPort = /(?<![\w.@-])((?:[a-z0-9-]+\.)+[a-z][a-z0-9-]*)(:\d{1,5})(?![\w.])/gi;
/** What browsers put into candidates instead of addresses. */
const mdns = /[0-9a-f-]{36}\.local\b/gi;

/** Pairs of hexadecimal digits are a fingerprint's beginning. */
const isIp = (text: string): boolean => parseIp(text) !== undefined && !/^([0-9a-f]{2}:){7}[0-9a-f]{2}$/i.test(text);
const isLoopback = (host: string): boolean => /^(127\.\d+\.\d+\.\d+|::1|localhost)$/i.test(host);
/** A file name is no host. */
const isPlace = (name: string): boolean =>
  !/\.(pem|sdp|pcap|pcapng|sqlog|qlog|keylog)$/i.test(name) && !isLoopback(name);
