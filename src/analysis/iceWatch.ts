/**
 * ICE as a capture shows it: the binding requests between two agents, which are known by their user fragments wherever they
 * send from. That tells which pairs of addresses belong to one call, so that a handshake which moves to another pair stays
 * one handshake; and what a run of ours tells by itself: round trip, number of checks, the pair that was chosen. A session is
 * told in counts and in what changes; its messages one by one are the `StunReader`'s.
 */
import { copy, equal, fromUtf8 } from '../base/bytes.ts';
import type { Address, DatagramEvent, PathEvent, TraceTime } from '../trace/model.ts';
import { type StunScan, sameTransaction, stunText, type Transaction, transactionKey } from './stunScan.ts';

/** Two agents and what was seen between them. The first of `agents` is who was seen first. */
export interface IceSession {
  readonly agents: string[];
  /** Who sends from an address. */
  readonly agentAt: Map<Address, string>;
  /** Messages that were looked at; successful checks are few, and what comes later keeps consent. */
  seen: number;
  /** All messages: a session that has more is another. */
  messages: number;
  /** What each agent sent before a pair was chosen, over any other pair, and later beside it. */
  readonly checks: Map<string, number>;
  /** Least time from a request to its answer, by who asked. ms */
  readonly took: Map<string, number>;
  /** Where the first check succeeded. */
  proved: (PairSeen & { readonly at: TraceTime }) | undefined;
  /** Pairs that were chosen, one after another. */
  readonly chosen: (PairSeen & { readonly at: TraceTime })[];
}

/** Two addresses: that of the session's first agent, and that of the other one. */
interface PairSeen {
  readonly first: Address;
  readonly other: Address;
}

interface Asked {
  readonly session: IceSession;
  readonly id: Transaction;
  readonly at: TraceTime;
  readonly src: Address;
  readonly by: string;
  readonly to: string;
  readonly nominates: boolean;
  /** It was sent more than once, so that the time of its answer tells nothing. */
  again: boolean;
}

interface Agents {
  readonly username: Uint8Array;
  readonly to: string;
  readonly by: string;
  readonly session: IceSession;
}

/** RFC 8445 §5.3: two user fragments of at most 256 characters. */
const longestUsername = 513;
/** Messages of one session that are looked at, sessions, and requests without answer that are kept. */
const mostSeen = 400;
/** What nominates no pair counts for less: it only keeps consent. */
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
      if (before?.src === src) before.again = true;
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
          again: false,
        });
      }
      note(session, at, src, dst, by, seen.useCandidate, false);
      return session;
    }
    const asked = this.#askedFor(seen);
    if (!asked || asked.src !== dst || seen.cls === 'indication') return undefined;
    const key = transactionKey(seen);
    if (!this.#asked.delete(key)) this.#older.delete(key);
    const { session } = asked;
    if (!asked.again) {
      const took = at - asked.at;
      const least = session.took.get(asked.by);
      if (least === undefined || took < least) session.took.set(asked.by, took);
    }
    note(session, at, src, dst, asked.to, asked.nominates, seen.cls === 'success');
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
    const session: IceSession = {
      agents: [],
      agentAt: new Map(),
      seen: 0,
      messages: 0,
      checks: new Map(),
      took: new Map(),
      proved: undefined,
      chosen: [],
    };
    this.#sessions.set(key, session);
    return session;
  }
}

/** Takes a message from the agent `by`; `nominates` is of the request that it is or answers. */
function note(
  session: IceSession,
  at: TraceTime,
  src: Address,
  dst: Address,
  by: string,
  nominates: boolean,
  isSuccess: boolean,
): void {
  session.messages++;
  if (session.seen >= (nominates ? mostSeen : mostChecks)) return;
  session.seen++;
  const { agents, agentAt, chosen, checks } = session;
  if (!agents.includes(by)) agents.push(by);
  if (!agentAt.has(src)) agentAt.set(src, by);
  const isFirst = by === agents[0];
  const first = isFirst ? src : dst;
  const other = isFirst ? dst : src;
  const pair = chosen.at(-1);
  const isChosen = pair !== undefined && pair.first === first && pair.other === other;
  if (!isChosen) checks.set(by, (checks.get(by) ?? 0) + 1);
  if (!isSuccess) return;
  session.proved ??= { at, first, other };
  if (nominates && !isChosen) chosen.push({ at, first, other });
}

const idOf = ({ a, b, c }: Transaction): Transaction => ({ a, b, c });

/** What a session tells of the round trips, seen from the place of the capture. ms */
export interface IceRoundTrips {
  /** To the client and back, and to the server and back. */
  readonly client: number | undefined;
  readonly server: number | undefined;
}

/** Whether an agent of this session has the user fragment. */
export const hasAgent = ({ agents }: IceSession, ufrag: string): boolean => agents.includes(ufrag);

export function roundTrips(session: IceSession, client: Address, server: Address): IceRoundTrips {
  const ours = session.agentAt.get(client);
  const theirs = session.agentAt.get(server);
  return {
    // Who answers is the other end of who asks.
    server: ours === undefined ? undefined : session.took.get(ours),
    client: theirs === undefined ? undefined : session.took.get(theirs),
  };
}

/** What a session tells of the path, from the DTLS client's side as a run tells it from ours. */
export interface IceSeen {
  /** Round trip, and pairs that were chosen. */
  readonly facts: readonly PathEvent[];
  /** Messages that the client's agent sent before there was a chosen pair. */
  readonly checks: number;
}

export function iceSeen(session: IceSession, client: Address, server: Address): IceSeen {
  const { agents, agentAt, proved, chosen } = session;
  const them = agentAt.get(server);
  const us = agentAt.get(client) ?? (them === undefined ? undefined : agents.find((agent) => agent !== them));
  if (us === undefined) return { facts: [], checks: 0 };
  const sides = ({ first, other }: PairSeen): readonly [Address, Address] =>
    us === agents[0] ? [first, other] : [other, first];
  const facts: PathEvent[] = [];
  const trips = roundTrips(session, client, server);
  if (proved && (trips.client ?? trips.server) !== undefined) {
    const [base, remote] = sides(proved);
    const ms = (trips.client ?? 0) + (trips.server ?? 0);
    facts.push({ kind: 'ice', at: proved.at, fact: { kind: 'rtt', base, remote, ms } });
  }
  let before: readonly [Address?, Address?] = [];
  for (const pair of chosen) {
    const [base, remote] = sides(pair);
    const [beforeBase, beforeRemote] = before;
    facts.push({ kind: 'ice', at: pair.at, fact: { kind: 'selected', base, remote, beforeBase, beforeRemote } });
    before = [base, remote];
  }
  return { facts, checks: session.checks.get(us) ?? 0 };
}
