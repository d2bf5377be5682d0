/**
 * The ways in which our description reaches the peer and the peer's reaches us. Each is an object with one exchange; what
 * it did is told as facts, and what went wrong is an answer.
 */
import type { DescriptionType, SdpCandidate } from '../ice/sdpModel.ts';
import type { StandIn } from '../ice/sdpStandIn.ts';
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

interface Carrier {
  /** Whether candidates can follow our description. */
  readonly trickles: boolean;
  /** Hears of candidates of the peer's that come after its description; called once. */
  hear?(candidate: (candidate: SdpCandidate) => void): void;
  /** More candidates of ours, or the last of them. */
  trickle(fragment: Fragment): void;
  /** The last word, when the run is over. */
  close(): void;
}

export interface Signalling extends Carrier {
  /** The peer's offer, when it came first; then ours is the answer to it. */
  readonly offer: string | undefined;
  /** What our media sections are to do, in an offer of ours. */
  readonly direction: 'sendonly' | 'recvonly' | 'sendrecv';
  /** Gives ours to the peer. Never rejects. `ended` resolves when nobody waits any more. */
  exchange(ours: { readonly type: DescriptionType; readonly sdp: string }, ended: Promise<void>): Promise<Exchanged>;
}

/** Who offered, and both descriptions; or why there is none. */
export type Borrowed =
  | {
      readonly ok: true;
      readonly weOffered: boolean;
      readonly ours: string;
      readonly peers: string;
      readonly iceServers: readonly IceServer[];
    }
  | { readonly ok: false; readonly by: string; readonly why: string };

/**
 * Signalling of somebody else's that ours rides on: a page's. It writes our description itself, around what is ours, and
 * only then says who offered. It may have strangers name candidates, so it says which of them may be sent to.
 */
export interface BorrowedSignalling extends Carrier {
  /** Never rejects. `clock`: whether the time that the run may take goes on. */
  borrow(ours: StandIn, ended: Promise<void>, clock: { pause(): void; resume(): void }): Promise<Borrowed>;
  /** Whether anything may be sent to a candidate now. */
  may(candidate: SdpCandidate): boolean;
}

export interface TextSignallingSpec {
  /** What the peer wrote, or undefined when we begin. */
  readonly offer: string | undefined;
  /** Shows ours to whoever carries it over. */
  readonly show: (ours: { readonly type: DescriptionType; readonly sdp: string }) => void;
  /** The peer's answer to an offer of ours; undefined when it does not come. */
  readonly answer: (ended: Promise<void>) => Promise<string | undefined>;
  /** That the other side hung up, after the exchange; undefined when nobody said so before `closed`. */
  readonly hangup?: ((closed: Promise<void>) => Promise<Hangup | undefined>) | undefined;
  readonly tell: (news: PathNews) => void;
}

/** Who ended it by signalling, and the reason that was given. */
export interface Hangup {
  readonly by: string;
  readonly why: string;
}

/** The longest name and reason of a hangup that are kept. */
const longestHangup = 500;

/**
 * A hangup as whoever carries the descriptions writes it down: `{"type":"hangup","by":"Janus","reason":"DTLS alert"}`.
 * Undefined for everything else, descriptions above all.
 */
export function readHangup(text: string): Hangup | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof json !== 'object' || json === null || !('type' in json) || json.type !== 'hangup') return undefined;
  const { by, reason } = json as { readonly by?: unknown; readonly reason?: unknown };
  const word = (value: unknown, otherwise: string): string =>
    typeof value === 'string' && value !== '' ? value.slice(0, longestHangup) : otherwise;
  return { by: word(by, 'the other side'), why: word(reason, 'no reason given') };
}

/** Descriptions that a person, or a script, carries over: files, a clipboard. */
export function textSignalling({ offer, show, answer, hangup, tell }: TextSignallingSpec): Signalling {
  let close: () => void = () => {};
  const closed = new Promise<void>((resolve) => {
    close = resolve;
  });
  return {
    offer,
    direction: 'sendrecv',
    trickles: false,
    async exchange(ours, ended) {
      show(ours);
      const given = offer === undefined ? await answer(ended) : undefined;
      if (offer === undefined && given === undefined)
        return { ok: false, by: 'signalling', why: 'no answer to our offer came' };
      const refusal = given === undefined ? undefined : readHangup(given);
      if (refusal) {
        tell({ kind: 'signalling', fact: { kind: 'hangup', ...refusal } });
        return { ok: false, by: refusal.by, why: `no answer but a hangup (${refusal.why})` };
      }
      void hangup?.(closed).then((said) => {
        if (said) tell({ kind: 'signalling', fact: { kind: 'hangup', ...said } });
      });
      return { ok: true, answer: given, iceServers: [] };
    },
    trickle() {},
    close: () => close(),
  };
}

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
  const serverName = `${kind.toUpperCase()} server ${new URL(url).host}`;

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
      // The session was there when it began: the server has ended it (RFC 9725 §4.2 to §4.4).
      const { status } = result.response;
      if (status === 404 || status === 410)
        spec.tell({
          kind: 'signalling',
          fact: { kind: 'hangup', by: serverName, why: `the session is gone (${status} to ${method})` },
        });
    });
  };

  return {
    offer: undefined,
    direction: kind === 'whip' ? 'sendonly' : 'recvonly',
    trickles: true,
    async exchange(ours, ended) {
      const result = await send(beginSession(url, ours.sdp, token), ended);
      if (!result.ok) return { ok: false, by: serverName, why: result.why };
      const read = readSession(kind, result.response);
      const note = read.ok ? (read.notes.length > 0 ? read.notes.join('; ') : undefined) : read.why;
      say('POST', result.response.url, result.ms, result.response.status, note);
      if (!read.ok) return { ok: false, by: serverName, why: `${read.why}. ${read.fix.replace(/\.$/, '')}` };
      session = read.session;
      etag = read.etag;
      return { ok: true, answer: read.answer, iceServers: read.iceServers };
    },
    trickle: (fragment) => follow('PATCH', (to) => trickleCandidates(to, fragment, etag, token)),
    close: () => follow('DELETE', (to) => endSession(to, token)),
  };
}
