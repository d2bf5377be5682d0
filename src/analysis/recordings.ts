/**
 * Two recordings of one handshake beside each other: which datagrams are in both, how their times differ, and which of the two is
 * nearer to whom.
 *
 * Which recording is nearer to the client follows from the times alone, however wrong the clocks are: a datagram comes later to
 * the one that is farther from its sender. With o for how far the second clock is ahead and d > 0 for the way, the times of
 * a client's datagram differ by o + d and those of a server's by o - d if the first recording is the client's, and the other
 * way round if not. Half of the round trip is taken for the way of each direction, as NTP does (RFC 5905 §8).
 */
import { equal } from '../base/bytes.ts';
import { isPrivate } from '../base/ip.ts';
import type { Actor, TraceTime } from '../trace/model.ts';
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

/** What of a recording says where it was made. */
type Shown = Pick<Recording, 'handshake'>;

/** The random that both recordings of a handshake have in common; undefined where no ClientHello is in it. */
export function clientRandom({ datagrams }: Handshake): Uint8Array | undefined {
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

/** Where two recordings were made, as far as they tell. */
export interface Places<R extends Shown = Recording> {
  /** The recordings, by the end that they are nearer to. */
  readonly near: Readonly<Record<Actor, R>>;
  /** How much larger the server's times are for the same moment, ms. */
  readonly offset: number;
  /** The shortest way between the two and back, ms; undefined where datagrams of one direction alone are in both. */
  readonly roundTripMs: number | undefined;
}

/** Undefined where they are not of one handshake, or of one place. */
export function placesOf<R extends Shown>(one: R, other: R): Places<R> | undefined {
  if (!isOneHandshake(one.handshake, other.handshake)) return undefined;
  const pairs = {
    client: match(sentBy(one, 'client'), sentBy(other, 'client'), isSame),
    server: match(sentBy(one, 'server'), sentBy(other, 'server'), isSame),
  };
  const ahead = (from: Actor): Span | undefined => spanOf(pairs[from].both.map(([x, y]) => y.at - x.at));
  const [ofClient, ofServer] = [ahead('client'), ahead('server')];
  if (!ofClient && !ofServer) return undefined;
  const nearer = nearerToClient(one, other, pairs, ofClient, ofServer);
  if (nearer === undefined) return undefined;
  const near = nearer === 'one' ? { client: one, server: other } : { client: other, server: one };
  // From here on differences are those of the server's recording to the client's.
  const turned = ({ least, most }: Span): Span => (nearer === 'one' ? { least, most } : { least: -most, most: -least });
  const c = ofClient && turned(ofClient);
  const s = ofServer && turned(ofServer);
  return {
    near,
    offset: c && s ? (c.least + s.most) / 2 : (c?.least ?? s?.most ?? 0),
    roundTripMs: c && s ? Math.max(0, c.least - s.most) : undefined,
  };
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

/** A side's datagrams, in their order. */
export const sentBy = ({ handshake }: Shown, from: Actor): readonly DatagramView[] =>
  handshake.datagrams.filter((datagram) => datagram.from === from);

/** Times of one clock that differ by less are the same, to a reader of microseconds. ms */
const sameTimeMs = 0.001;

/** Clocks that are set right are nearer to each other. ms */
const rightMs = 1000;

/** Which of two recordings is nearer to the client; undefined where nothing tells, or where both are of one place. */
function nearerToClient(
  one: Shown,
  other: Shown,
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
  // Of one direction alone: by how much it came later to the second, if both clocks are right.
  const [a, b] = [wallOf(one), wallOf(other)];
  const known = client ?? server;
  const later = a === undefined || b === undefined || !known ? undefined : known.least + b - a;
  if (later !== undefined && Math.abs(later) <= sameTimeMs) return undefined;
  // What only one of them has was lost on the way from there.
  const missing = (from: Actor): number => pairs[from].onlyA.length - pairs[from].onlyB.length;
  const lead = missing('client') - missing('server');
  if (lead !== 0) return lead > 0 ? 'one' : 'other';
  // A private address is that of the recording's own side.
  for (const side of ['client', 'server'] as const) {
    const [here, there] = [isPrivate(one.handshake[side]), isPrivate(other.handshake[side])];
    if (here !== there) return here === (side === 'client') ? 'one' : 'other';
  }
  if (later === undefined || Math.abs(later) > rightMs) return undefined;
  return later > 0 === (client !== undefined) ? 'one' : 'other';
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
export function match(
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
export function isSame(a: DatagramView, b: DatagramView): boolean {
  const known = Math.min(a.bytes.length, b.bytes.length);
  return a.size === b.size && equal(a.bytes.subarray(0, known), b.bytes.subarray(0, known));
}

/** The beginning of what was sent, or as much of it as it had with other bytes: what the way did to it. */
export function isHarmed(sent: DatagramView, came: DatagramView): boolean {
  if (came.size < sent.size) return equal(came.bytes, sent.bytes.subarray(0, came.bytes.length));
  return came.size === sent.size;
}

/** Wall clock of a recording's time 0, ms since 1970, where it is known. */
export const wallOf = ({ handshake: { wallClock, startedAt } }: Shown): number | undefined =>
  wallClock === undefined ? undefined : wallClock - startedAt;
