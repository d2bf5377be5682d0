/**
 * The TURN server of `--turn`, written as URLs of RFC 7065 with the credentials that browsers keep apart:
 * `turn:USER:PASSWORD@HOST:PORT`. The password is in no text that is made here.
 */

export interface TurnServer {
  readonly host: string;
  readonly port: number;
  readonly username: string | undefined;
  /** Left out, whoever starts the run asks for it elsewhere: the terminal in its environment. */
  readonly password: string | undefined;
}

/** IANA's port of TURN over UDP. */
const defaultPort = 3478;

/**
 * Reads a TURN URL. A user name may hold colons (time-limited ones do): the password begins behind the last colon before
 * the "@". Any character may be written as in URLs, "%40" for "@".
 */
export function parseTurnUrl(
  text: string,
): { readonly ok: true; readonly server: TurnServer } | { readonly ok: false; readonly why: string } {
  const fail = (why: string) => ({ ok: false, why }) as const;
  const given = text.trim();
  if (/^turns:/i.test(given)) return fail('TURN over TLS is not spoken; only turn: over UDP');
  if (!/^turn:/i.test(given)) return fail('it does not begin with turn:');
  const [address = '', query = ''] = given.slice('turn:'.length).replace(/^\/\//, '').split('?', 2);
  if (/(^|&)transport=(?!udp($|&))/i.test(query)) return fail('only transport=udp is spoken');
  const at = address.lastIndexOf('@');
  const place = address.slice(at + 1);
  const user = at < 0 ? undefined : address.slice(0, at);
  const [, v6, name, port] = /^(?:\[([0-9a-f:.]+)\]|([^:[\]/\s]+))(?::(\d{1,5}))?$/i.exec(place) ?? [];
  const host = v6 ?? name;
  const number = port === undefined ? defaultPort : Number(port);
  if (host === undefined || number < 1 || number > 65_535) return fail('it has no HOST or HOST:PORT behind its user');
  if (user === undefined) return { ok: true, server: { host, port: number, username: undefined, password: undefined } };
  const colon = user.lastIndexOf(':');
  try {
    const username = decodeURIComponent(colon < 0 ? user : user.slice(0, colon));
    const password = colon < 0 ? undefined : decodeURIComponent(user.slice(colon + 1));
    if (username === '') return fail('its user is empty');
    return { ok: true, server: { host, port: number, username, password } };
  } catch {
    return fail('a "%" in its user or password is not followed by two hexadecimal digits');
  }
}

/** The URL without its password. */
export function formatTurnUrl({ host, port, username }: TurnServer): string {
  // Colons are escaped too: behind a bare one a password would be looked for.
  const user = username === undefined ? '' : `${encodeURIComponent(username)}@`;
  const place = `${host.includes(':') ? `[${host}]` : host}${port === defaultPort ? '' : `:${port}`}`;
  return `turn:${user}${place}`;
}
