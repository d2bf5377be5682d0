/**
 * One handshake, recorded in two places: at both ends, or in front of a relay and behind it. What stands in one recording and
 * not in the other was lost between them, and no single capture can show that. The two become one trace, in which every
 * datagram was sent at the time of the recording nearer to its sender, and the link tells what became of it.
 *
 * Which recording is nearer to the client follows from the times alone, however wrong the clocks are: a datagram comes later to
 * the one that is farther from its sender. With o for how far the second clock is ahead and d > 0 for the way, the times of
 * a client's datagram differ by o + d and those of a server's by o - d if the first recording is the client's, and the other
 * way round if not. Half of the round trip is taken for the way of each direction, as NTP does (RFC 5905 §8).
 *
 * Recordings are taken to have been running all the time, as people start both before the call and stop both behind it; how much
 * rests on that is counted.
 */
import { equal, toHex } from '../base/bytes.ts';
import type { Actor, LinkAction, Trace, TraceEvent, TraceHeader, TraceTime } from '../trace/model.ts';
import type { DatagramView, Handshake } from './model.ts';
import { peekClientHello } from './peek.ts';

/** A handshake as one capture has it. */
export interface Recording {
  /** What people call it: its file. */
  readonly name: string;
  readonly handshake: Handshake;
  /** Time of the last event in the capture, whomever it belongs to: nothing is known of what came later. */
  readonly until: TraceTime;
}

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

/** The random that both recordings of a handshake have in common; undefined where no ClientHello is in it. */
function clientRandom({ datagrams }: Handshake): Uint8Array | undefined {
  for (const { bytes, from } of datagrams) {
    const hello = from === 'client' ? peekClientHello(bytes) : undefined;
    if (hello) return hello.random;
  }
  return undefined;
}

function isOneHandshake(one: Handshake, other: Handshake): boolean {
  const [a, b] = [clientRandom(one), clientRandom(other)];
  return a !== undefined && b !== undefined && equal(a, b);
}

/**
 * The trace of both. Undefined where they are not two recordings of one handshake, or nothing tells which of the two is nearer to
 * whom: those of one place have the same times, and nothing was lost between them.
 */
export function bothEnds(one: Recording, other: Recording, tool: string): BothEnds | undefined {
  if (!isOneHandshake(one.handshake, other.handshake)) return undefined;
  const pairs = {
    client: match(sentBy(one, 'client'), sentBy(other, 'client'), isSame),
    server: match(sentBy(one, 'server'), sentBy(other, 'server'), isSame),
  };
  const ahead = (from: Actor): Span | undefined => spanOf(pairs[from].both.map(([x, y]) => y.at - x.at));
  const [ofClient, ofServer] = [ahead('client'), ahead('server')];
  if (!ofClient && !ofServer) return undefined;
  const nearer = nearerToClient(pairs, ofClient, ofServer);
  if (nearer === undefined) return undefined;
  const near = nearer === 'one' ? { client: one, server: other } : { client: other, server: one };
  // From here on differences are those of the server's recording to the client's.
  const turned = ({ least, most }: Span): Span => (nearer === 'one' ? { least, most } : { least: -most, most: -least });
  const c = ofClient && turned(ofClient);
  const s = ofServer && turned(ofServer);
  const roundTripMs = c && s ? Math.max(0, c.least - s.most) : undefined;
  const offset = c && s ? (c.least + s.most) / 2 : (c?.least ?? s?.most ?? 0);
  return joined(near, offset, roundTripMs, tool);
}

interface Span {
  readonly least: number;
  readonly most: number;
}

const spanOf = (values: readonly number[]): Span | undefined =>
  values.length === 0
    ? undefined
    : {
        least: values.reduce((least, value) => Math.min(least, value)),
        most: values.reduce((most, value) => Math.max(most, value)),
      };

const sentBy = ({ handshake }: Recording, from: Actor): readonly DatagramView[] =>
  handshake.datagrams.filter((datagram) => datagram.from === from);

/** Times of one clock that differ by less are the same, to a reader of microseconds. ms */
const sameTimeMs = 0.001;

/** Which of two recordings is nearer to the client; undefined where nothing tells. */
function nearerToClient(
  pairs: Readonly<Record<Actor, Matched>>,
  client: Span | undefined,
  server: Span | undefined,
): 'one' | 'other' | undefined {
  if (client && server) {
    // The round trip if the first is the client's, and if the second is.
    const first = client.least - server.most;
    const second = server.least - client.most;
    return Math.max(first, second) <= sameTimeMs ? undefined : first > second ? 'one' : 'other';
  }
  // What only one of them has was lost on the way from there.
  const missing = (from: Actor): number => pairs[from].onlyA.length - pairs[from].onlyB.length;
  const lead = missing('client') - missing('server');
  return lead === 0 ? undefined : lead > 0 ? 'one' : 'other';
}

interface Matched {
  /** In both, in the order of the first. */
  readonly both: readonly (readonly [DatagramView, DatagramView])[];
  readonly onlyA: readonly DatagramView[];
  readonly onlyB: readonly DatagramView[];
}

/** Bytes by which datagrams are put beside each other before they are compared: a record's header, and what is behind it. */
const headBytes = 13;
/** Datagrams with the same head that are compared; a record's number makes that one, unless somebody is playing. */
const mostTried = 64;

/** Datagrams of one sender in two recordings, the first that fits with the first. */
function match(
  a: readonly DatagramView[],
  b: readonly DatagramView[],
  fits: (a: DatagramView, b: DatagramView) => boolean,
): Matched {
  const waiting = new Map<string, DatagramView[]>();
  for (const datagram of b) {
    const key = keyOf(datagram);
    const queue = waiting.get(key);
    if (queue) queue.push(datagram);
    else waiting.set(key, [datagram]);
  }
  const both: (readonly [DatagramView, DatagramView])[] = [];
  const onlyA: DatagramView[] = [];
  const taken = new Set<DatagramView>();
  for (const datagram of a) {
    const queue = waiting.get(keyOf(datagram)) ?? [];
    const at = queue.slice(0, mostTried).findIndex((one) => fits(datagram, one));
    const [found] = at < 0 ? [] : queue.splice(at, 1);
    if (found) {
      both.push([datagram, found]);
      taken.add(found);
    } else onlyA.push(datagram);
  }
  return { both, onlyA, onlyB: b.filter((datagram) => !taken.has(datagram)) };
}

const keyOf = ({ bytes }: DatagramView): string => String.fromCharCode(...bytes.subarray(0, headBytes));

/** Equal as far as the captures' snap lengths let see. */
function isSame(a: DatagramView, b: DatagramView): boolean {
  const known = Math.min(a.bytes.length, b.bytes.length);
  return a.size === b.size && equal(a.bytes.subarray(0, known), b.bytes.subarray(0, known));
}

/** The beginning of what was sent, or as much of it as it had with other bytes: what the way did to it. */
function isHarmed(sent: DatagramView, came: DatagramView): boolean {
  if (came.size < sent.size) return equal(came.bytes, sent.bytes.subarray(0, came.bytes.length));
  return came.size === sent.size;
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
  datagram(
    from: Actor,
    at: TraceTime,
    views: readonly [DatagramView, ...DatagramView[]],
    fate: Fate | undefined,
  ): void {
    const packet = ++this.#count;
    for (const view of views) this.#numbers.set(view, packet);
    const [{ bytes, size: length }] = views;
    // Of every address the one that its own side knows: in between they may have been translated.
    const ends = [this.#near.client.handshake.client, this.#near.server.handshake.server] as const;
    const [src, dst] = from === 'client' ? ends : [ends[1], ends[0]];
    this.#events.push({ kind: 'datagram', at, packet, src, dst, from: undefined, bytes, length, contents: undefined });
    if (fate) this.#events.push({ kind: 'link', at: 'at' in fate.action ? fate.action.at : at, packet, ...fate });
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

function joined(near: BothEnds['near'], offset: number, roundTripMs: number | undefined, tool: string): BothEnds {
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
  for (const fact of client.handshake.path) joining.fact({ ...fact, at: Math.max(0, fact.at - aheadOf(client)) });
  const localRole = client.handshake.localRole ?? server.handshake.localRole;
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
  const { action: harm, rule } = came.link.find(harms) ?? {};
  if (harm && 'at' in harm) return { action: { ...harm, at }, rule: rule ?? '' };
  if (isSame(sent, came)) return { action: { kind: 'delivered', at }, rule: '' };
  const action: LinkAction =
    came.size < sent.size ? { kind: 'truncated', to: came.size, at } : { kind: 'corrupted', at };
  return { action, rule: '' };
}

/** What the network said to an end, and what an end of ours told of itself: its recording is a run. */
function tellFacts({ handshake }: Recording, ahead: number, joining: Joining): void {
  const at = (time: TraceTime): TraceTime => Math.max(0, time - ahead);
  const { datagrams, drops, end } = handshake;
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

const wallOf = ({ handshake: { wallClock, startedAt } }: Recording): number | undefined =>
  wallClock === undefined ? undefined : wallClock - startedAt;

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
