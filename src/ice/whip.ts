/**
 * WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep) as data: which HTTP requests they take, and what the answers mean. An offer
 * is POSTed, 201 brings the answer, the session's URL and ICE servers; candidates follow by PATCH, DELETE ends it. Nothing
 * here sends: whoever does keeps the token out of every record.
 */

export type WhipKind = 'whip' | 'whep';

export interface HttpRequest {
  readonly method: 'POST' | 'PATCH' | 'DELETE';
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

export interface HttpResponse {
  readonly status: number;
  /** Where it came from in the end, redirects followed. */
  readonly url: string;
  /** `undefined` for a header that is not there; repeated ones are joined by commas. */
  readonly header: (name: string) => string | undefined;
  readonly body: string;
}

export interface IceServer {
  readonly scheme: 'stun' | 'turn';
  readonly host: string;
  readonly port: number;
  readonly username: string | undefined;
  readonly credential: string | undefined;
}

export const sdpType = 'application/sdp';
export const fragmentType = 'application/trickle-ice-sdpfrag';
const authorization = (token: string | undefined): Readonly<Record<string, string>> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };

/** The request that begins a session (RFC 9725 §4.2). */
export const beginSession = (url: string, offer: string, token: string | undefined): HttpRequest => ({
  method: 'POST',
  url,
  headers: { 'content-type': sdpType, accept: sdpType, ...authorization(token) },
  body: offer,
});

/** The request that ends it (RFC 9725 §4.2). */
export const endSession = (session: string, token: string | undefined): HttpRequest => ({
  method: 'DELETE',
  url: session,
  headers: authorization(token),
  body: undefined,
});

export interface Fragment {
  readonly ufrag: string;
  readonly pwd: string;
  /** The BUNDLE group's mids; candidates belong to the first, which stands for all. */
  readonly mids: readonly string[];
  /** "candidate:…" */
  readonly candidates: readonly string[];
  /** These were the last. */
  readonly end: boolean;
}

/** The request that brings more candidates of ours (RFC 9725 §4.3, RFC 8840 §9). */
export const trickleCandidates = (
  session: string,
  fragment: Fragment,
  etag: string | undefined,
  token: string | undefined,
): HttpRequest => ({
  method: 'PATCH',
  url: session,
  headers: {
    'content-type': fragmentType,
    // Without an ETag the server has one ICE session and needs none (RFC 9725 §4.3.1).
    ...(etag !== undefined && { 'if-match': etag }),
    ...authorization(token),
  },
  body: fragmentText(fragment),
});

function fragmentText({ ufrag, pwd, mids, candidates, end }: Fragment): string {
  const [first = '0'] = mids;
  const lines = [
    ...(mids.length > 0 ? [`a=group:BUNDLE ${mids.join(' ')}`] : []),
    `a=ice-ufrag:${ufrag}`,
    `a=ice-pwd:${pwd}`,
    // RFC 8840 §9.2: a pseudo m= line, of which only its being there counts.
    'm=audio 9 RTP/AVP 0',
    `a=mid:${first}`,
    ...candidates.map((candidate) => `a=${candidate}`),
    ...(end ? ['a=end-of-candidates'] : []),
  ];
  return lines.map((line) => `${line}\r\n`).join('');
}

export type SessionBegun =
  | {
      readonly ok: true;
      readonly answer: string;
      /** Where PATCH and DELETE go; undefined when there is no such place, or none that we go to. */
      readonly session: string | undefined;
      readonly etag: string | undefined;
      readonly iceServers: readonly IceServer[];
      /** What people should know of the answer, though it works. */
      readonly notes: readonly string[];
    }
  | { readonly ok: false; readonly why: string; readonly fix: string };

/** What the answer to `beginSession` means. */
export function readSession(kind: WhipKind, response: HttpResponse): SessionBegun {
  const { status, body } = response;
  if (status !== 201 && status !== 200) return { ok: false, ...refusal(kind, response) };
  const type = response.header('content-type') ?? '';
  if (!/^\s*(v=|\{)/.test(body))
    return {
      ok: false,
      why: `it answered ${status}${type === '' ? '' : ` with ${printable(type)}`}, and that is no session description`,
      fix: `Is this the URL of a ${kind.toUpperCase()} endpoint?`,
    };
  const notes: string[] = [];
  if (status === 200) notes.push(`it answered 200 where ${nameOf(kind)} wants 201`);
  if (!type.toLowerCase().startsWith(sdpType)) notes.push(`its answer is not called ${sdpType}`);
  const location = response.header('location');
  let session: string | undefined;
  if (location === undefined)
    notes.push('it named no session (Location), so candidates can not follow and nothing ends it');
  else {
    const url = resolved(location, response.url);
    if (url === undefined) notes.push('its Location is no URL');
    // The token, and whatever else we send, was meant for the server that was named.
    else if (new URL(url).origin !== new URL(response.url).origin)
      notes.push(`its session is on another server (${new URL(url).host}), where nothing was allowed to be sent`);
    else session = url;
  }
  const etag = response.header('etag');
  return {
    ok: true,
    answer: body,
    session,
    etag,
    iceServers: iceServersOf(response.header('link') ?? ''),
    notes,
  };
}

/** What the answer to a PATCH or DELETE means; undefined when all is well. */
export function readAck(method: 'PATCH' | 'DELETE', { status }: HttpResponse): string | undefined {
  if (status >= 200 && status < 300) return undefined;
  if (method === 'PATCH')
    switch (status) {
      case 405:
      case 415:
      case 501:
        return `it takes no candidates after the offer (${status}); RFC 9725 §4.3 lets it`;
      case 412:
      case 428:
        return `it says that our ICE session is another (${status})`;
      case 422:
        return 'it could not read the candidates (422)';
    }
  if (status === 404 || status === 410) return `the session is gone already (${status})`;
  return `it answered ${status}`;
}

const nameOf = (kind: WhipKind): string => (kind === 'whip' ? 'WHIP (RFC 9725)' : 'WHEP');

function refusal(kind: WhipKind, response: HttpResponse): { readonly why: string; readonly fix: string } {
  const { status } = response;
  const said = reasonOf(response);
  const with_ = said === '' ? '' : `: “${said}”`;
  switch (status) {
    case 400:
      return { why: `it found the offer malformed (400)${with_}`, fix: 'See what it says, and its log.' };
    case 401:
      return { why: `it wants a bearer token, or another one (401)${with_}`, fix: 'Give it with --token.' };
    case 403:
      return {
        why: `it forbids that to this token (403)${with_}`,
        fix: 'Check what the token allows, and the URL’s path.',
      };
    case 404:
      return {
        why: `there is no such endpoint (404)${with_}`,
        fix: `Check the URL: path and stream. ${kind === 'whep' ? 'A stream may have to be live to be watched.' : ''}`.trim(),
      };
    case 405:
      return {
        why: `it takes no POST there (405)${with_}`,
        fix: `Is this the URL of a ${kind.toUpperCase()} endpoint?`,
      };
    case 406:
      return {
        why: `it accepts no offer like ours (406)${with_}`,
        fix: 'Codecs or direction do not fit; some WHEP servers answer with an offer of their own here, which is not taken up.',
      };
    case 409:
      return {
        why: `there is a conflict (409)${with_}`,
        fix: kind === 'whip' ? 'Somebody publishes that stream already.' : 'The stream may not be live yet.',
      };
    case 413:
      return { why: `the offer is too long for it (413)${with_}`, fix: 'See its limits.' };
    case 415:
      return {
        why: `it takes no ${sdpType} (415)${with_}`,
        fix: `Is this the URL of a ${kind.toUpperCase()} endpoint?`,
      };
    case 422:
      return {
        why: `it can read the offer and will not have it (422)${with_}`,
        fix: 'Some servers take no a=setup but actpass (RFC 9725 §4.4), or want other codecs.',
      };
    case 429:
    case 503: {
      const after = response.header('retry-after');
      return {
        why: `it has no room at the moment (${status})${with_}`,
        fix: after === undefined ? 'Try again later.' : `Try again after ${printable(after)} (Retry-After).`,
      };
    }
    default:
      if (status >= 300 && status < 400)
        return {
          why: `it sends us elsewhere (${status})${with_}`,
          fix: 'Give the URL that it names, if you trust it.',
        };
      return {
        why: `it answered ${status}${with_}`,
        fix: status >= 500 ? 'The trouble is the server’s; its log will say more.' : 'See its documentation.',
      };
  }
}

/** The reason in a problem document (RFC 9457) or in plain text; nothing of a page of HTML. */
function reasonOf({ body, header }: HttpResponse): string {
  const type = header('content-type') ?? '';
  if (/json/i.test(type)) {
    try {
      const value: unknown = JSON.parse(body.slice(0, 65_536));
      if (typeof value === 'object' && value !== null)
        for (const [name, text] of Object.entries(value))
          if (/^(detail|title|message|error|reason)$/i.test(name) && typeof text === 'string') return printable(text);
    } catch {
      return '';
    }
    return '';
  }
  return /^text\/plain/i.test(type) ? printable(body) : '';
}

const printable = (text: string): string => {
  const plain = text
    .slice(0, 400)
    .replace(/[^\x20-\x7e\u00a1-\u024f]+/g, ' ')
    .trim();
  return plain.length > 160 ? `${plain.slice(0, 159)}…` : plain;
};

const resolved = (location: string, base: string): string | undefined => {
  try {
    const url = new URL(location, base);
    return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : undefined;
  } catch {
    return undefined;
  }
};

/** Bounds on what a Link header may hold. */
const longestLink = 16_384;
const mostServers = 8;

/**
 * The ICE servers of a Link header (RFC 9725 §4.6, RFC 8288 §3): `<turn:host>; rel="ice-server"; username="…"`. STUN and TURN
 * over UDP alone; others are skipped.
 */
export function iceServersOf(header: string): readonly IceServer[] {
  const servers: IceServer[] = [];
  const link = /<([^<>]{1,2000})>((?:\s*;\s*[\w!#$&+.^`|~-]+\*?\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s",;]*))*)/g;
  for (const [, uri = '', parameters = ''] of header.slice(0, longestLink).matchAll(link)) {
    const values = new Map<string, string>();
    for (const [, name = '', quoted, token = ''] of parameters.matchAll(
      /;\s*([\w!#$&+.^`|~-]+\*?)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",;]*))/g,
    )) {
      const key = name.toLowerCase();
      if (!values.has(key)) values.set(key, quoted === undefined ? token : quoted.replace(/\\(.)/g, '$1'));
    }
    if (!(values.get('rel') ?? '').toLowerCase().split(/\s+/).includes('ice-server')) continue;
    const server = serverOf(uri, values.get('username'), values.get('credential'));
    if (server && servers.length < mostServers) servers.push(server);
  }
  return servers;
}

/** "stun:host:3478", "turn:host?transport=udp" (RFC 7064, RFC 7065). */
/** A server by its URI (RFC 7064, RFC 7065): over UDP; undefined for others, and for what is none. */
export function serverOf(
  uri: string,
  username: string | undefined,
  credential: string | undefined,
): IceServer | undefined {
  const [, scheme, v6, name, port = '3478', transport = 'udp'] =
    /^(stun|turn):(?:\[([0-9a-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?(?:\?transport=(\w+))?$/i.exec(uri.trim()) ?? [];
  const host = v6 ?? name;
  const number = Number(port);
  if (host === undefined || number < 1 || number > 65_535 || transport.toLowerCase() !== 'udp') return undefined;
  return {
    scheme: scheme?.toLowerCase() === 'turn' ? 'turn' : 'stun',
    host,
    port: number,
    username,
    credential,
  };
}
