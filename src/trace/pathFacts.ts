/**
 * What happened on the way to a path: ICE, TURN, and signalling. Each fact is a kind and a few plain fields, described once
 * here: the description gives the type, and reads what a file or a port brings. No fact holds a password, a token, or a
 * URL's query; session descriptions are kept with their ICE passwords masked.
 */
import { type FactOf, readFact, type Shape, shapeOf, type Table } from './factShapes.ts';

const iceShapes = {
  /** A candidate of ours or of the peer's; addresses are "192.0.2.1:5000" or "name:5000". */
  candidate: { of: 'text', type: 'text', address: 'text', base: 'text?', via: 'text?' },
  /** A candidate of the peer's that is not used. */
  skipped: { address: 'text', why: 'text' },
  'gathering-failed': { server: 'text', why: 'text' },
  /** An address of the peer's that only its checks told of. */
  'peer-reflexive': { address: 'text' },
  state: { from: 'text', to: 'text', because: 'text' },
  pair: { base: 'text', remote: 'text', state: 'text', because: 'text' },
  role: { from: 'text', to: 'text', because: 'text' },
  selected: { base: 'text', remote: 'text', beforeBase: 'text?', beforeRemote: 'text?' },
  rtt: { base: 'text', remote: 'text', ms: 'number' },
  /** A line of the STUN timeline. `attempt` is 0 for the first sending. */
  stun: {
    direction: 'text',
    base: 'text',
    peer: 'text',
    class: 'text',
    transaction: 'text',
    purpose: 'text',
    attempt: 'number',
    useCandidate: 'flag',
    error: 'number?',
    reason: 'text?',
  },
  dropped: { reason: 'text', from: 'text', detail: 'text' },
  /** No path was found, or it was lost; the counts say how far it came. */
  failed: {
    code: 'text',
    pairs: 'number',
    checksSent: 'number',
    checksReceived: 'number',
    payloads: 'number',
    number: 'number?',
    reason: 'text?',
  },
} as const satisfies Table;

const turnShapes = {
  allocated: { server: 'text', relayed: 'text', mapped: 'text?', lifetimeS: 'number', software: 'text?' },
  refreshed: { lifetimeS: 'number' },
  permitted: { peer: 'text' },
  channel: { peer: 'text', channel: 'number' },
  /** What the relay's framing costs: bytes on each payload, in either direction. */
  overhead: { peer: 'text', direction: 'text', bytes: 'number', form: 'text' },
  'nonce-renewed': { during: 'text' },
  icmp: { peer: 'text', type: 'number', code: 'number' },
  stun: {
    direction: 'text',
    request: 'text',
    class: 'text',
    transaction: 'text',
    attempt: 'number',
    authenticated: 'flag',
    error: 'number?',
    reason: 'text?',
  },
  dropped: { reason: 'text', detail: 'text' },
  'peer-refused': { peer: 'text', code: 'text', why: 'text', fix: 'text' },
  failed: { code: 'text', during: 'text', why: 'text', fix: 'text' },
  closed: {},
} as const satisfies Table;

const signallingShapes = {
  /** A description that we wrote (`ours`) or were given (`peers`). */
  description: { of: 'text', type: 'text', sdp: 'text' },
  /** What is wrong with one, or between two. `side` is "offer" or "answer", `line` counts from 1. */
  problem: { id: 'text', severity: 'text', side: 'text?', line: 'number?', text: 'text' },
  /** Who is the DTLS client by the setup attributes; `client` is "offer", "answer", or undefined when nobody or both are. */
  roles: { result: 'text', client: 'text?', ours: 'text?', note: 'text?' },
  /** A request of ours to a server of signalling. */
  http: { method: 'text', url: 'text', status: 'number?', ms: 'number', note: 'text?' },
  /** The other side ended it by signalling, as Janus does when it dislikes a certificate. */
  hangup: { by: 'text', why: 'text' },
  /** What the peer's own stack says of itself, where it can be asked: a browser's states and getStats, as they stand there. */
  stack: {
    connection: 'text',
    ice: 'text?',
    dtls: 'text?',
    version: 'text?',
    cipher: 'text?',
    group: 'text?',
    srtp: 'text?',
    role: 'text?',
    error: 'text?',
  },
} as const satisfies Table;

export type IceFact = FactOf<typeof iceShapes>;
export type TurnFact = FactOf<typeof turnShapes>;
export type SignallingFact = FactOf<typeof signallingShapes>;

const tables = { ice: iceShapes, turn: turnShapes, signalling: signallingShapes } as const satisfies Record<
  string,
  Table
>;
export type PathProtocol = keyof typeof tables;
export interface PathFacts {
  readonly ice: IceFact;
  readonly turn: TurnFact;
  readonly signalling: SignallingFact;
}
export const pathProtocols = Object.keys(tables) as readonly PathProtocol[];

/** The kinds of facts of a protocol. */
export const pathFactKinds = (protocol: PathProtocol): readonly string[] => Object.keys(tables[protocol]);
/** The fields of a fact, for tests that make some. */
export const pathFactShape = (protocol: PathProtocol, kind: string): Shape | undefined =>
  shapeOf(tables[protocol], kind);

/** A fact from plain data; or the name of the field that is wrong. Fields that it does not have are left out. */
export const readPathFact = <P extends PathProtocol>(
  protocol: P,
  data: Readonly<Record<string, unknown>>,
): { readonly ok: true; readonly fact: PathFacts[P] } | { readonly ok: false; readonly field: string } =>
  readFact<PathFacts[P]>(tables[protocol], data);

/** A session description as a trace keeps it: without what lets others speak for either side. */
export const maskedSdp = (sdp: string): string =>
  sdp.replace(/^(\s*a=ice-pwd:)\S+/gm, '$1(hidden)').replace(/^(\s*a=crypto:\d+ \S+ inline:)\S+/gm, '$1(hidden)');
