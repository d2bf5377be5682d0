/**
 * ICE as a capture shows it: the binding requests between two agents, which are known by their user fragments wherever they
 * send from. That tells which pairs of addresses belong to one call, so that a handshake which moves to another pair stays
 * one handshake; and it gives the same timeline as a run of ours has: checks, round trip, the pair that was chosen.
 */
import { copy, equal, fromUtf8 } from '../base/bytes.ts';
import type { Address, DatagramEvent, PathEvent, TraceTime } from '../trace/model.ts';
import type { StunClass } from '../wire/stunRegistry.ts';
import {
  type StunScan,
  sameTransaction,
  stunText,
  type Transaction,
  transactionHex,
  transactionKey,
} from './stunScan.ts';

/** A STUN message between two agents, from the agent with user fragment `by`. */
interface Line {
  readonly at: TraceTime;
  readonly src: Address;
  readonly dst: Address;
  readonly by: string;
  readonly cls: StunClass;
  readonly id: Transaction;
  readonly attempt: number;
  readonly useCandidate: boolean;
  readonly error: number | undefined;
  readonly reason: string | undefined;
}

/** Two agents and all that was seen between them. */
export interface IceSession {
  readonly lines: Line[];
  /** Least time from a request to its answer, by who asked. ms */
  readonly took: Map<string, number>;
  /** Successful checks are few; what comes later keeps consent and is only counted. */
  uncounted: number;
}

interface Asked {
  readonly session: IceSession;
  readonly id: Transaction;
  readonly at: TraceTime;
  readonly src: Address;
  readonly by: string;
  readonly to: string;
  readonly nominates: boolean;
  attempt: number;
}

interface Agents {
  readonly username: Uint8Array;
  readonly to: string;
  readonly by: string;
  readonly session: IceSession;
}

/** RFC 8445 §5.3: two user fragments of at most 256 characters. */
const longestUsername = 513;
/** Lines of one session, sessions, and requests without answer that are kept. */
const mostLines = 400;
/** What nominates no pair has less room: it only keeps consent. */
const mostChecks = 120;
const mostSessions = 10_000;
const mostAsked = 4096;

export class IceWatch {
  readonly #sessions = new Map<string, IceSession>();
  readonly #software = new Map<Address, string>();
  readonly #agentsOf = new Map<Address, Agents>();
  #asked = new Map<number, Asked>();
  #older = new Map<number, Asked>();

  /** What an address calls its software, where its STUN says so. */
  softwareOf(address: Address | undefined): string | undefined {
    return address === undefined ? undefined : this.#software.get(address);
  }

  /** Takes a binding; the answer is the session that it belongs to, undefined for STUN without user fragments. */
  take({ at, src, dst, bytes }: DatagramEvent, seen: StunScan): IceSession | undefined {
    if (!this.#software.has(src) && this.#software.size < mostSessions) {
      const { software } = seen;
      if (software) this.#software.set(src, stunText(bytes, software));
    }
    if (seen.cls === 'request') {
      const { username } = seen;
      const agents = username && this.#agents(src, bytes.subarray(username[0], username[1]));
      if (!agents) return undefined;
      const { session, by, to } = agents;
      const before = this.#askedFor(seen);
      const attempt = before?.src === src ? ++before.attempt : 0;
      if (!before) {
        if (this.#asked.size >= mostAsked) {
          // Two generations: what waits longest goes, and nobody searches for it.
          this.#older = this.#asked;
          this.#asked = new Map();
        }
        this.#asked.set(transactionKey(seen), {
          session,
          id: idOf(seen),
          at,
          src,
          by,
          to,
          nominates: seen.useCandidate,
          attempt: 0,
        });
      }
      if (hasRoom(session, seen.useCandidate))
        session.lines.push(lineOf(at, src, dst, by, attempt, seen, seen.useCandidate));
      return session;
    }
    const asked = this.#askedFor(seen);
    if (!asked || asked.src !== dst || seen.cls === 'indication') return undefined;
    const key = transactionKey(seen);
    if (!this.#asked.delete(key)) this.#older.delete(key);
    const { session } = asked;
    const took = asked.attempt === 0 ? at - asked.at : undefined;
    if (took !== undefined) session.took.set(asked.by, Math.min(took, session.took.get(asked.by) ?? took));
    const { to: by, nominates: useCandidate } = asked;
    if (hasRoom(session, useCandidate)) session.lines.push(lineOf(at, src, dst, by, 0, seen, useCandidate));
    return session;
  }

  /** Who asks whom, by the user name, which an address repeats with every check. */
  #agents(src: Address, username: Uint8Array): Agents | undefined {
    const before = this.#agentsOf.get(src);
    if (before && equal(before.username, username)) return before;
    const halves = fromUtf8(username.subarray(0, longestUsername)).split(':');
    const [to = '', by = ''] = halves;
    const session = halves.length === 2 ? this.#session(to, by) : undefined;
    if (!session) return undefined;
    const agents: Agents = { username: copy(username), to, by, session };
    if (before || this.#agentsOf.size < mostSessions) this.#agentsOf.set(src, agents);
    return agents;
  }

  #askedFor(id: Transaction): Asked | undefined {
    const key = transactionKey(id);
    const asked = this.#asked.get(key) ?? this.#older.get(key);
    return asked && sameTransaction(asked.id, id) ? asked : undefined;
  }

  #session(a: string, b: string): IceSession | undefined {
    const key = a < b ? `${a}:${b}` : `${b}:${a}`;
    const known = this.#sessions.get(key);
    if (known || this.#sessions.size >= mostSessions) return known;
    const session: IceSession = { lines: [], took: new Map(), uncounted: 0 };
    this.#sessions.set(key, session);
    return session;
  }
}

/** Whether another line is kept; one that is not, is counted. */
function hasRoom(session: IceSession, nominates: boolean): boolean {
  if (session.lines.length < (nominates ? mostLines : mostChecks)) return true;
  session.uncounted++;
  return false;
}

const idOf = ({ a, b, c }: Transaction): Transaction => ({ a, b, c });
const lineOf = (
  at: TraceTime,
  src: Address,
  dst: Address,
  by: string,
  attempt: number,
  seen: StunScan,
  useCandidate: boolean,
): Line => {
  const { cls, error, reason } = seen;
  return { at, src, dst, by, cls, id: idOf(seen), attempt, useCandidate, error, reason };
};

/** What a session tells of the round trips, seen from the place of the capture. ms */
export interface IceRoundTrips {
  /** To the client and back, and to the server and back. */
  readonly client: number | undefined;
  readonly server: number | undefined;
}

/** Whether an agent of this session has the user fragment. */
export const hasAgent = ({ lines }: IceSession, ufrag: string): boolean => lines.some(({ by }) => by === ufrag);

const agentOf = ({ lines }: IceSession, address: Address): string | undefined =>
  lines.find(({ src }) => src === address)?.by;

export function roundTrips(session: IceSession, client: Address, server: Address): IceRoundTrips {
  const ours = agentOf(session, client);
  const theirs = agentOf(session, server);
  return {
    // Who answers is the other end of who asks.
    server: ours === undefined ? undefined : session.took.get(ours),
    client: theirs === undefined ? undefined : session.took.get(theirs),
  };
}

/** The session as facts of a path, told from the DTLS client's side as those of a run are told from ours. */
export function iceFacts(session: IceSession, client: Address, server: Address): readonly PathEvent[] {
  const us = agentOf(session, client) ?? other(session, agentOf(session, server));
  if (us === undefined) return [];
  const facts: PathEvent[] = [];
  const trips = roundTrips(session, client, server);
  let pair: readonly [Address, Address] | undefined;
  let timed = false;
  for (const { at, src, dst, by, cls, id, attempt, useCandidate, error, reason } of session.lines) {
    const [base, peer] = by === us ? [src, dst] : [dst, src];
    const chosen = pair !== undefined && pair[0] === base && pair[1] === peer;
    facts.push({
      kind: 'ice',
      at,
      fact: {
        kind: 'stun',
        direction: by === us ? 'sent' : 'received',
        base,
        peer,
        class: cls,
        transaction: transactionHex(id),
        purpose: chosen ? 'consent' : 'check',
        attempt,
        useCandidate: useCandidate && cls === 'request',
        error,
        reason,
      },
    });
    if (cls !== 'success') continue;
    const ms = (trips.client ?? 0) + (trips.server ?? 0);
    if (!timed && (trips.client ?? trips.server) !== undefined) {
      timed = true;
      facts.push({ kind: 'ice', at, fact: { kind: 'rtt', base, remote: peer, ms } });
    }
    if (!useCandidate || chosen) continue;
    facts.push({
      kind: 'ice',
      at,
      fact: { kind: 'selected', base, remote: peer, beforeBase: pair?.[0], beforeRemote: pair?.[1] },
    });
    pair = [base, peer];
  }
  return facts;
}

const other = ({ lines }: IceSession, agent: string | undefined): string | undefined =>
  agent === undefined ? undefined : lines.find(({ by }) => by !== agent)?.by;
