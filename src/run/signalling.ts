/**
 * The ways in which our description reaches the peer and the peer's reaches us. Each is an object with one exchange; what
 * it did is told as facts, and what went wrong is an answer.
 */
import type { DescriptionType } from '../ice/sdpModel.ts';
import {
  beginSession,
  endSession,
  type Fragment,
  type HttpRequest,
  type IceServer,
  readAck,
  readSession,
  trickleCandidates,
  type WhipKind,
} from '../ice/whip.ts';
import type { Clock, PathNews } from './api.ts';
import { type Fetch, request, shownUrl } from './http.ts';

export type Exchanged =
  | {
      readonly ok: true;
      /** The peer's answer to our offer; undefined when it was the peer that offered. */
      readonly answer: string | undefined;
      readonly iceServers: readonly IceServer[];
    }
  | { readonly ok: false; readonly by: string; readonly why: string };

export interface Signalling {
  /** The peer's offer, when it came first; then ours is the answer to it. */
  readonly offer: string | undefined;
  /** What our media sections are to do, in an offer of ours. */
  readonly direction: 'sendonly' | 'recvonly' | 'sendrecv';
  /** Whether candidates can follow our description. */
  readonly trickles: boolean;
  /** Gives ours to the peer. Never rejects. `ended` resolves when nobody waits any more. */
  exchange(ours: { readonly type: DescriptionType; readonly sdp: string }, ended: Promise<void>): Promise<Exchanged>;
  /** More candidates of ours, or the last of them. */
  trickle(fragment: Fragment): void;
  /** The last word, when the run is over. */
  close(): void;
}

export interface TextSignallingSpec {
  /** What the peer wrote, or undefined when we begin. */
  readonly offer: string | undefined;
  /** Shows ours to whoever carries it over. */
  readonly show: (ours: { readonly type: DescriptionType; readonly sdp: string }) => void;
  /** The peer's answer to an offer of ours; undefined when it does not come. */
  readonly answer: (ended: Promise<void>) => Promise<string | undefined>;
}

/** Descriptions that a person, or a script, carries over: files, a clipboard. */
export const textSignalling = ({ offer, show, answer }: TextSignallingSpec): Signalling => ({
  offer,
  direction: 'sendrecv',
  trickles: false,
  async exchange(ours, ended) {
    show(ours);
    if (offer !== undefined) return { ok: true, answer: undefined, iceServers: [] };
    const given = await answer(ended);
    return given === undefined
      ? { ok: false, by: 'signalling', why: 'no answer to our offer came' }
      : { ok: true, answer: given, iceServers: [] };
  },
  trickle() {},
  close() {},
});

export interface WhipSignallingSpec {
  readonly kind: WhipKind;
  readonly url: string;
  readonly token: string | undefined;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly tell: (news: PathNews) => void;
}

/** Time that one HTTP request may take. ms */
const httpTimeout = 15_000;

/** WHIP and WHEP. */
export function whipSignalling(spec: WhipSignallingSpec): Signalling {
  const { kind, url, token, clock } = spec;
  let session: string | undefined;
  let etag: string | undefined;
  /** Requests go out one after the other: a PATCH must not overtake another, nor DELETE any. */
  let line: Promise<unknown> = Promise.resolve();
  let mayTrickle = true;

  const say = (method: string, where: string, ms: number, status: number | undefined, note: string | undefined): void =>
    spec.tell({ kind: 'signalling', fact: { kind: 'http', method, url: shownUrl(where), status, ms, note } });

  const send = async (what: HttpRequest, ended?: Promise<void>) => {
    const result = await request(spec.fetch, clock, what, httpTimeout, ended);
    if (!result.ok) say(what.method, what.url, result.ms, undefined, result.why);
    return result;
  };

  const follow = (method: 'PATCH' | 'DELETE', make: (session: string) => HttpRequest): void => {
    line = line.then(async () => {
      if (session === undefined || (method === 'PATCH' && !mayTrickle)) return;
      const result = await send(make(session));
      if (!result.ok) return;
      const wrong = readAck(method, result.response);
      say(method, result.response.url, result.ms, result.response.status, wrong);
      if (wrong !== undefined) mayTrickle = false;
    });
  };

  return {
    offer: undefined,
    direction: kind === 'whip' ? 'sendonly' : 'recvonly',
    trickles: true,
    async exchange(ours, ended) {
      const by = `${kind.toUpperCase()} server ${new URL(url).host}`;
      const result = await send(beginSession(url, ours.sdp, token), ended);
      if (!result.ok) return { ok: false, by, why: result.why };
      const read = readSession(kind, result.response);
      const note = read.ok ? (read.notes.length > 0 ? read.notes.join('; ') : undefined) : read.why;
      say('POST', result.response.url, result.ms, result.response.status, note);
      if (!read.ok) return { ok: false, by, why: `${read.why}. ${read.fix}` };
      session = read.session;
      etag = read.etag;
      return { ok: true, answer: read.answer, iceServers: read.iceServers };
    },
    trickle: (fragment) => follow('PATCH', (to) => trickleCandidates(to, fragment, etag, token)),
    close: () => follow('DELETE', (to) => endSession(to, token)),
  };
}
