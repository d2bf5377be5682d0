/**
 * The server's half of WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep) as data: what a request asks for, and the answers to
 * it. Nothing here listens. Every refusal says in plain text what is wrong, as whoever reads it is looking for just that.
 */
import { equalConstantTime, utf8 } from '../base/bytes.ts';
import { readCandidate } from './sdpAttribute.ts';
import type { SdpCandidate } from './sdpModel.ts';
import { sdpLimits } from './sdpRead.ts';
import { fragmentType, sdpType, type WhipKind } from './whip.ts';

/** A request as it came in. */
export interface WhipAsked {
  readonly method: string;
  /** Without query. */
  readonly path: string;
  /** `undefined` for a header that is not there. */
  readonly header: (name: string) => string | undefined;
  readonly body: string;
}

export interface WhipAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a request asks for. */
export type WhipDemand =
  | { readonly kind: 'begin'; readonly as: WhipKind; readonly offer: string }
  | {
      readonly kind: 'candidates';
      readonly session: string;
      /** The ICE session that they belong to, where the fragment says so. */
      readonly ufrag: string | undefined;
      readonly ifMatch: string;
      readonly candidates: readonly SdpCandidate[];
    }
  | { readonly kind: 'end'; readonly session: string }
  /** There is nothing to do but to answer this. */
  | { readonly kind: 'answered'; readonly answer: WhipAnswer };

/** Bytes of a body that are read; more is answered with 413 by whoever reads. */
export const longestWhipBody = sdpLimits.characters;

/** Any page may ask and read the answers: WHIP clients are pages, mostly of other origins (RFC 9725 §4.2). */
const cors = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'location, etag, link, accept-patch',
} as const;

/** Whether a path belongs to WHIP or WHEP at all. */
export const isWhipPath = (path: string): boolean => endpointOf(path) !== undefined || /^\/session\//.test(path);

/** What a request asks for, where `token` is the bearer token that it has to show. */
export function readWhipRequest(asked: WhipAsked, token: string | undefined): WhipDemand {
  const kind = endpointOf(asked.path);
  const session = sessionOf(asked.path);
  if (kind === undefined && session === undefined)
    return refuse(404, 'There is nothing here. POST offers to /whip or /whep.');
  // A browser asks before it shows a token (CORS), so this needs none.
  if (asked.method === 'OPTIONS') return { kind: 'answered', answer: allowed(kind !== undefined) };
  if (token !== undefined && !shows(token, asked.header('authorization')))
    return refuse(401, 'This gateway wants its bearer token: Authorization: Bearer …', {
      'www-authenticate': 'Bearer realm="dtlscope"',
    });
  if (kind !== undefined) return readEndpoint(kind, asked);
  return readSessionRequest(session ?? '', asked);
}

/** A session that has begun (RFC 9725 §4.2). */
export const begunAnswer = (session: string, etag: string, sdp: string): WhipAnswer => ({
  status: 201,
  headers: {
    ...cors,
    'content-type': sdpType,
    location: `/session/${session}`,
    etag,
    'accept-patch': fragmentType,
  },
  body: sdp,
});

/** All is well, and there is nothing to say. */
export const doneAnswer = (status: 200 | 204): WhipAnswer => ({ status, headers: cors, body: '' });

/** A refusal, in one sentence. */
export const refusedAnswer = (
  status: number,
  why: string,
  headers: Readonly<Record<string, string>> = {},
): WhipAnswer => ({
  status,
  headers: { ...cors, 'content-type': 'text/plain; charset=utf-8', ...headers },
  body: `${why}\n`,
});

const refuse = (status: number, why: string, headers?: Readonly<Record<string, string>>): WhipDemand => ({
  kind: 'answered',
  answer: refusedAnswer(status, why, headers),
});

/** "/whip", "/whep", and the same with the name of a stream behind it, which is all one here. */
function endpointOf(path: string): WhipKind | undefined {
  const found = /^\/(whip|whep)(?:\/[^/]{1,200})?\/?$/.exec(path)?.[1];
  return found === 'whip' || found === 'whep' ? found : undefined;
}

const sessionOf = (path: string): string | undefined => /^\/session\/([0-9a-f]{1,64})$/.exec(path)?.[1];

function shows(token: string, authorization: string | undefined): boolean {
  const shown = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  return shown !== undefined && equalConstantTime(utf8(shown), utf8(token));
}

const allowed = (endpoint: boolean): WhipAnswer => ({
  status: 204,
  headers: {
    ...cors,
    'access-control-allow-methods': endpoint ? 'POST' : 'PATCH, DELETE',
    'access-control-allow-headers': 'authorization, content-type, if-match',
    'access-control-max-age': '600',
    ...(endpoint ? { 'accept-post': sdpType } : { 'accept-patch': fragmentType }),
  },
  body: '',
});

function readEndpoint(as: WhipKind, { method, header, body }: WhipAsked): WhipDemand {
  // GET, HEAD and PUT are kept for later versions (RFC 9725 §4.2).
  if (method !== 'POST')
    return refuse(405, `This is a ${as.toUpperCase()} endpoint, which takes offers by POST.`, {
      allow: 'POST, OPTIONS',
    });
  const wrong = wrongType(header('content-type'), sdpType);
  return wrong === undefined ? { kind: 'begin', as, offer: body } : refuse(415, wrong, { 'accept-post': sdpType });
}

function readSessionRequest(session: string, { method, header, body }: WhipAsked): WhipDemand {
  if (method === 'DELETE') return { kind: 'end', session };
  if (method !== 'PATCH')
    return refuse(405, 'This is a session: PATCH brings candidates, DELETE ends it.', {
      allow: 'PATCH, DELETE, OPTIONS',
    });
  const wrong = wrongType(header('content-type'), fragmentType);
  if (wrong !== undefined) return refuse(415, wrong, { 'accept-patch': fragmentType });
  const ifMatch = header('if-match');
  // RFC 9725 §4.3.1.
  if (ifMatch === undefined) return refuse(428, 'If-Match is missing: it names the ICE session by its ETag.');
  const lines = body.split(/\r\n|\r|\n/).map((line) => line.trim());
  const given = lines.filter((line) => line.startsWith('a=candidate:'));
  const candidates = given.slice(0, sdpLimits.candidates).flatMap((line) => readCandidate(line) ?? []);
  // A fragment is a description without most of it: more cannot be told of it than that something in it is known.
  const known = lines.some((line) => /^a=(ice-ufrag|ice-pwd|candidate|end-of-candidates|mid)\b/.test(line));
  if (!known || candidates.length < Math.min(given.length, sdpLimits.candidates))
    return refuse(400, 'That is no fragment of a session description with candidates (RFC 8840 §9).');
  const ufrag = lines.find((line) => line.startsWith('a=ice-ufrag:'))?.slice('a=ice-ufrag:'.length);
  return { kind: 'candidates', session, ufrag, ifMatch, candidates };
}

function wrongType(given: string | undefined, wanted: string): string | undefined {
  const type = given?.split(';')[0]?.trim().toLowerCase();
  if (type === wanted) return undefined;
  return `Content-Type has to be ${wanted}${type === undefined ? ', and is missing' : ''}.`;
}
