/**
 * One handshake, recorded in two places: at both ends, or in front of a relay and behind it. What stands in one recording and
 * not in the other was lost between them, and no single capture can show that. The two become one trace, in which every
 * datagram was sent at the time of the recording nearer to its sender, and the link tells what became of it.
 *
 * Recordings are taken to have been running all the time, as people start both before the call and stop both behind it; how much
 * rests on that is counted.
 */
import { toHex } from '../base/bytes.ts';
import type { Actor, LinkAction, Trace, TraceEvent, TraceHeader, TraceTime } from '../trace/model.ts';
import type { DatagramView } from './model.ts';
import {
  clientRandom,
  isHarmed,
  isSame,
  match,
  type Places,
  placesOf,
  type Recording,
  sentBy,
  wallOf,
} from './recordings.ts';

export type { Recording } from './recordings.ts';

export interface BothEnds {
  /** Without secrets: those that belong to the handshake are whoever asks's. */
  readonly trace: Trace;
  /** The recordings, by the end that they are nearer to. */
  readonly near: Readonly<Record<Actor, Recording>>;
  /** How far the clock of the server's recording is ahead of the other one. ms; undefined where the files don't tell the time. */
  readonly serverAheadMs: number | undefined;
  /** The shortest round trip between the two recordings, ms; undefined where datagrams of one direction alone are in both. */
  readonly roundTripMs: number | undefined;
  /** What each side sent, and what the recording at the other side shows of it. */
  readonly sent: Readonly<Record<Actor, Sent>>;
}

/** Numbers of a side's datagrams. */
export interface Sent {
  readonly all: number;
  /** Not in the recording at the other side. */
  readonly lost: number;
  /** Came with other bytes, or with less of them. */
  readonly harmed: number;
  /** Of the lost ones those sent before the first packet of the other recording, or after its last: it may not have been running. */
  readonly unproved: number;
  /** Left out: sent when the other side was a run that had ended. */
  readonly late: number;
}

/**
 * The trace of both. Undefined where they are not two recordings of one handshake, or nothing tells which of the two is nearer to
 * whom: those of one place have the same times, and nothing was lost between them.
 */
export function bothEnds(one: Recording, other: Recording, tool: string): BothEnds | undefined {
  const placed = placesOf(one, other);
  return placed && joined(placed, tool);
}

/** A trace in the making: datagrams have numbers of their own until all of them are in order. */
class Joining {
  readonly #events: TraceEvent[] = [];
  readonly #near: BothEnds['near'];
  readonly #numbers = new Map<DatagramView, number>();
  #count = 0;

  constructor(near: BothEnds['near']) {
    this.#near = near;
  }

  /** A datagram, as `views` show it in one recording or in both, and what became of it. */
  datagram(from: Actor, at: TraceTime, views: readonly [DatagramView, ...DatagramView[]], fate: Fate): void {
    const packet = ++this.#count;
    for (const view of views) this.#numbers.set(view, packet);
    const [{ bytes, size: length }] = views;
    // Of every address the one that its own side knows: in between they may have been translated.
    const ends = [this.#near.client.handshake.client, this.#near.server.handshake.server] as const;
    const [src, dst] = from === 'client' ? ends : [ends[1], ends[0]];
    this.#events.push({ kind: 'datagram', at, packet, src, dst, from: undefined, bytes, length, contents: undefined });
    this.#events.push({ kind: 'link', at: 'at' in fate.action ? fate.action.at : at, packet, ...fate });
  }

  fact(event: Exclude<TraceEvent, { kind: 'datagram' | 'link' | 'dropped' }>): void {
    this.#events.push(event);
  }

  /** Something that an end ignored in a datagram as it had it. */
  dropped(event: Extract<TraceEvent, { kind: 'dropped' }>, view: DatagramView | undefined): void {
    this.#events.push({ ...event, packet: view && this.#numbers.get(view) });
  }

  /** In the order of time, what became of a datagram behind it. */
  get events(): readonly TraceEvent[] {
    const groups: TraceEvent[][] = [];
    for (const event of this.#events) {
      if (event.kind === 'link') groups.at(-1)?.push(event);
      else groups.push([event]);
    }
    const ordered = groups.sort(([a], [b]) => (a?.at ?? 0) - (b?.at ?? 0)).flat();
    const numbers = new Map<number, number>();
    for (const event of ordered) if (event.kind === 'datagram') numbers.set(event.packet, numbers.size + 1);
    return ordered.map((event) => {
      if (event.kind === 'datagram' || event.kind === 'link')
        return { ...event, packet: numbers.get(event.packet) ?? 0 };
      return event.kind === 'dropped' ? { ...event, packet: numbers.get(event.packet ?? 0) } : event;
    });
  }
}

/** What became of a datagram; the rule is that of a link of ours, or empty. */
type Fate = DatagramView['link'][number];

function joined({ near, offset, roundTripMs }: Places, tool: string): BothEnds {
  const { client, server } = near;
  const oneWay = (roundTripMs ?? 0) / 2;
  const startsAt = Math.min(client.handshake.startedAt, server.handshake.startedAt - offset);
  /** How far the clock of a recording is ahead of the trace's. */
  const aheadOf = (recording: Recording): number => startsAt + (recording === server ? offset : 0);
  const joining = new Joining(near);
  const sides = { client: newSent(), server: newSent() };
  for (const from of ['client', 'server'] as const) {
    const [here, there] = from === 'client' ? [client, server] : [server, client];
    const [ahead, aheadThere] = [aheadOf(here), aheadOf(there)];
    const exact = match(sentBy(here, from), sentBy(there, from), isSame);
    const harmed = match(exact.onlyA, exact.onlyB, isHarmed);
    const cameAs = new Map([...exact.both, ...harmed.both]);
    const count = sides[from];
    for (const sent of sentBy(here, from)) {
      const came = cameAs.get(sent);
      const at = sent.at - ahead;
      if (came) {
        const fate = fateOf(sent, came, Math.max(at, came.at - aheadThere));
        count.all++;
        if (stops(fate)) count.lost++;
        else if (fate.action.kind !== 'delivered') count.harmed++;
        // What one capture's snap length cut the other one may have.
        const longer = fate.action.kind === 'delivered' && came.bytes.length > sent.bytes.length;
        joining.datagram(from, at, longer ? [came, sent] : [sent, came], fate);
        continue;
      }
      const own = sent.link.find(stops);
      const wouldCome = at + oneWay + aheadThere;
      if (wouldCome > (there.handshake.end?.at ?? Number.POSITIVE_INFINITY)) {
        count.late++;
        continue;
      }
      count.all++;
      count.lost++;
      if (!own && (wouldCome < 0 || wouldCome > there.until)) count.unproved++;
      joining.datagram(from, at, [sent], own ?? { action: { kind: 'lost' }, rule: '' });
    }
    // The recording at the sender missed it, since it came.
    for (const came of harmed.onlyB) {
      const cameAt = came.at - aheadThere;
      count.all++;
      joining.datagram(from, Math.max(0, cameAt - oneWay), [came], fateOf(came, came, cameAt));
    }
  }
  for (const recording of [client, server]) tellFacts(recording, aheadOf(recording), joining);
  // As long as both went on, silence is a fact.
  const until = Math.min(client.until - aheadOf(client), server.until - aheadOf(server));
  if (until > 0) joining.fact({ kind: 'note', at: until, text: 'One of the two recordings ends.' });
  // A run knows more of its path than what a capture shows of it.
  const told = server.handshake.localRole !== undefined && client.handshake.localRole === undefined ? server : client;
  for (const fact of told.handshake.path) joining.fact({ ...fact, at: Math.max(0, fact.at - aheadOf(told)) });
  const { localRole } = told.handshake;
  const [clientWall, serverWall] = [wallOf(client), wallOf(server)];
  const header: TraceHeader = {
    tool,
    kind: localRole === undefined ? 'capture' : 'run',
    startedAt: clientWall === undefined ? undefined : clientWall + startsAt,
    title: `${client.name} and ${server.name}`,
    localRole,
    commandLine: undefined,
  };
  return {
    trace: { header, events: joining.events },
    near,
    serverAheadMs: clientWall === undefined || serverWall === undefined ? undefined : serverWall + offset - clientWall,
    roundTripMs,
    sent: sides,
  };
}

const stops = ({ action: { kind } }: Fate): boolean => kind === 'lost' || kind === 'too-large' || kind === 'queue-full';

const harms = ({ action: { kind } }: Fate): boolean => kind === 'truncated' || kind === 'corrupted';

/** What the way did to a datagram that came, or a link of ours behind the way. */
function fateOf(sent: DatagramView, came: DatagramView, at: TraceTime): Fate {
  const own = came.link.find(stops);
  if (own) return own;
  const harm = came.link.find(harms);
  if (harm && 'at' in harm.action) return { ...harm, action: { ...harm.action, at } };
  if (isSame(sent, came)) return { action: { kind: 'delivered', at }, rule: '' };
  const action: LinkAction =
    came.size < sent.size ? { kind: 'truncated', to: came.size, at } : { kind: 'corrupted', at };
  return { action, rule: '' };
}

/** What the network and signalling said to an end, and what an end of ours told of itself: its recording is a run. */
function tellFacts({ handshake }: Recording, ahead: number, joining: Joining): void {
  const at = (time: TraceTime): TraceTime => Math.max(0, time - ahead);
  const { datagrams, drops, end } = handshake;
  for (const { of, hash, value } of handshake.fingerprints)
    joining.fact({ kind: 'fingerprint', at: 0, of, hash, value });
  for (const one of handshake.refused) joining.fact({ kind: 'refused', ...one, at: at(one.at) });
  for (const one of handshake.states) joining.fact({ kind: 'state', ...one, at: at(one.at) });
  for (const { inferred, ...one } of handshake.timers)
    if (!inferred) joining.fact({ kind: 'timer', ...one, at: at(one.at) });
  for (const one of handshake.failures) joining.fact({ kind: 'failed', ...one, at: at(one.at) });
  for (const actor of ['client', 'server'] as const) {
    const connected = handshake.connected[actor];
    if (connected) joining.fact({ kind: 'connected', actor, ...connected, at: at(connected.at) });
  }
  for (const one of drops)
    joining.dropped(
      { kind: 'dropped', ...one, at: at(one.at) },
      datagrams.find(({ packet }) => packet === one.packet),
    );
  if (end) joining.fact({ kind: 'end', ...end, at: at(end.at) });
}

type Counting = { -readonly [K in keyof Sent]: Sent[K] };
const newSent = (): Counting => ({ all: 0, lost: 0, harmed: 0, unproved: 0, late: 0 });

/** Two recordings that were put together. */
export interface Pair<R extends Recording> {
  readonly both: BothEnds;
  readonly recordings: readonly [R, R];
  readonly clientRandom: Uint8Array;
}

/** Recordings of one handshake that are compared with each other; more of them tell no more. */
const mostRecordings = 8;

/** Of every handshake that was recorded several times the first two recordings that can be put together, where `wanted`. */
export function pairsOf<R extends Recording>(
  recordings: readonly R[],
  tool: string,
  wanted: (one: R, other: R) => boolean = () => true,
): readonly Pair<R>[] {
  const byRandom = new Map<string, { readonly random: Uint8Array; readonly found: R[] }>();
  for (const recording of recordings) {
    const random = clientRandom(recording.handshake);
    if (!random) continue;
    const key = toHex(random);
    const known = byRandom.get(key);
    if (!known) byRandom.set(key, { random, found: [recording] });
    else if (known.found.length < mostRecordings) known.found.push(recording);
  }
  return [...byRandom.values()].flatMap(({ random, found }) => {
    for (const [i, one] of found.entries())
      for (const other of found.slice(i + 1)) {
        const both = wanted(one, other) ? bothEnds(one, other, tool) : undefined;
        if (both) return [{ both, recordings: [one, other] as const, clientRandom: random }];
      }
    return [];
  });
}
