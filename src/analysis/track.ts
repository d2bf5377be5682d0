/**
 * All that is kept of one handshake: the facts as they came, and the reading made from them. A fact that changes how
 * earlier datagrams are to be read makes the reading stale; it is made again when somebody next looks, from this
 * handshake's own datagrams and no others.
 */
import { copy } from '../base/bytes.ts';
import type { Actor, Address, DatagramEvent, TraceEvent, TraceTime } from '../trace/model.ts';
import { splitDatagram } from '../wire/record.ts';
import { ContentType, HandshakeType } from '../wire/registry.ts';
import { isUnified, unifiedBits } from '../wire/unified.ts';
import { type Entry, type LinkNote, reachOf, type TrackFacts, type TrafficCount, type Wrapping } from './facts.ts';
import { type Handshake, isData, keptApplicationData, keptDataFacts, type Move } from './model.ts';
import { Reading, type Shared } from './reading.ts';
import { handshakeView, type ViewInputs } from './view.ts';

/** A sender that goes on with a record in the next datagram does so at once. ms */
const restWithinMs = 50;

/** Clocks that are a little wrong are slowed down; from 128 ms on ntpd puts them back. */
const putBackMs = 100;

/** Datagrams out of order for which the reading is made again at once; a capture with more is one from nowhere. */
const maxDisorders = 64;

/** Facts of an end that are remembered of each kind; a run makes dozens. */
const maxFacts = 20_000;

/** Who sent, and between whom. */
type Ends = Pick<DatagramEvent, 'from' | 'src' | 'dst'>;

const noTraffic = (): TrafficCount => ({
  datagrams: 0,
  sealed: 0,
  bytes: 0,
  largest: 0,
  applicationData: 0,
  lastApplicationDataAt: undefined,
  media: 0,
  lastMediaAt: undefined,
});

/** What the view takes from outside the handshake. */
export type Surroundings = Pick<
  ViewInputs,
  'fingerprints' | 'header' | 'followed' | 'path' | 'checks' | 'stun' | 'stunLeftOut' | 'trips' | 'software' | 'before'
> & {
  readonly key: string;
};

export class Track {
  readonly id: string;
  readonly facts: TrackFacts = {
    timers: [],
    states: [],
    drops: [],
    alerts: [],
    connected: {},
    failures: [],
    steps: [],
    data: [],
    refused: [],
    end: undefined,
  };
  readonly ours = new Set<Actor>();
  startedAt: TraceTime;
  endedAt: TraceTime;
  /** Who sent its first ClientHello, and to whom: in a run that both ends tell, not always the client. */
  firstHello: { readonly src: Address; readonly dst: Address } | undefined;
  /** The one before it between the same addresses. */
  before: Track | undefined;
  readonly #shared: Shared;
  readonly #entries: Entry[] = [];
  #reading: Reading;
  #stale = false;
  /** Datagrams that came with a time before that of one that came earlier. */
  #disorders = 0;
  /** What is added to times since the clock of the capture was put back. */
  #putBack = 0;
  /** The time of each sender's last datagram. */
  readonly #lastOf = new Map<Address, TraceTime>();
  #client: Address | undefined;
  #server: Address | undefined;
  #rolesGuessed = true;
  /** By sender: the role where the trace tells it, else the address. */
  readonly #traffic = new Map<Actor | Address, TrafficCount>();
  readonly #moves: Move[] = [];
  #toldIds = false;
  /** Bytes that the last datagram of a sender promised and has not. */
  #rest: { readonly src: Address; readonly at: TraceTime; readonly missing: number } | undefined;
  #view: Handshake | undefined;
  #viewKey = '';

  constructor(id: string, shared: Shared, at: TraceTime) {
    this.id = id;
    this.#shared = shared;
    this.#reading = new Reading(shared, undefined);
    this.startedAt = at;
    this.endedAt = at;
  }

  /** Undefined before the first datagram. */
  get client(): Address | undefined {
    return this.#client;
  }

  get server(): Address | undefined {
    return this.#server;
  }

  /** The reading, up to date. */
  get reading(): Reading {
    if (this.#stale || this.#reading.wouldOpenMore) this.#readAgain();
    return this.#reading;
  }

  /** Takes a datagram; the answer is its place, for link events, or undefined when it is only counted. */
  push(captured: DatagramEvent, ordinal: number, wrapping: Wrapping | undefined): number | undefined {
    const event = captured.from ? captured : this.#onOneClock(captured);
    this.startedAt = this.#client === undefined ? event.at : Math.min(this.startedAt, event.at);
    this.#learnRoles(event);
    this.endedAt = Math.max(this.endedAt, event.at);
    this.#view = undefined;
    const traffic = this.#trafficOf(event);
    traffic.datagrams++;
    traffic.bytes += event.length;
    traffic.largest = Math.max(traffic.largest, event.length);
    if (isApplicationData(event.bytes)) {
      traffic.applicationData++;
      traffic.lastApplicationDataAt = event.at;
      if (traffic.applicationData > keptApplicationData) return undefined;
    }
    // In DTLS 1.3 data looks like all else; what is kept of it is counted when it was read.
    if (mayBeData13(event.bytes) && ++traffic.sealed > keptApplicationData && this.#isData13(event)) {
      traffic.applicationData++;
      traffic.lastApplicationDataAt = event.at;
      return undefined;
    }
    const assumed = event.from !== undefined && !event.contents ? true : undefined;
    // What comes from a file that is read in parts may not keep a whole part alive.
    const kept = this.#shared.detach ? { ...event, bytes: copy(event.bytes) } : event;
    const entry: Entry = { event: kept, ordinal, link: [], assumed, wrapping };
    if (event.at < (this.#entries.at(-1)?.event.at ?? event.at) && !event.from && ++this.#disorders <= maxDisorders)
      this.#stale = true;
    this.#entries.push(entry);
    if (event.from && event.contents) this.ours.add(event.from);
    if (!this.#stale) this.#reading.push(entry, this.#senderOf(event));
    this.#noteRest(event);
    return this.#entries.length - 1;
  }

  /** Whether a datagram that is no DTLS may be the rest of a record that the one before it from there holds no end of. */
  awaitsRest({ src, at, length }: DatagramEvent): boolean {
    const rest = this.#rest;
    return rest !== undefined && rest.src === src && at - rest.at <= restWithinMs && length > 0;
  }

  #noteRest({ src, at, bytes, length }: DatagramEvent): void {
    const rest = this.#rest;
    if (rest?.src === src && at - rest.at <= restWithinMs) {
      const missing = rest.missing - length;
      if (missing > 0) {
        this.#rest = { src, at, missing };
        return;
      }
    }
    if (rest?.src === src) this.#rest = undefined;
    const leftover = this.#stale || bytes.length < length ? undefined : this.#reading.views.at(-1)?.leftover;
    if (leftover?.reason !== 'truncated' || leftover.declared === undefined) return;
    this.#rest = { src, at, missing: leftover.declared - (length - leftover.start) };
  }

  /** Media packets between the same addresses, the last of them at `at`. */
  media(ends: Ends, count: number, at: TraceTime): void {
    const traffic = this.#trafficOf(ends);
    traffic.media += count;
    traffic.lastMediaAt = at;
    this.#view = undefined;
  }

  link(index: number, note: LinkNote): void {
    const entry = this.#entries[index];
    if (!entry || entry.link.length >= maxLinkNotes) return;
    const before = reachOf(entry.link).intact;
    entry.link.push(note);
    this.#view = undefined;
    if (reachOf(entry.link).intact !== before || this.#disorders > 0) this.#stale = true;
    else if (!this.#stale) this.#reading.relink(index, entry);
  }

  /** Connection IDs that became known, once. */
  newConnectionIds(): readonly Uint8Array[] {
    if (this.#toldIds || this.#stale) return [];
    const ids = this.#reading.connectionIds;
    this.#toldIds = ids.length > 0;
    return ids;
  }

  /** Secrets for this handshake became known. */
  newKeys(): void {
    this.#stale = true;
    this.#view = undefined;
  }

  /** Takes a fact of an end. */
  tell(event: TraceEvent): void {
    const { facts } = this;
    const keep = <E>(list: E[], fact: E): void => {
      if (list.length < maxFacts) list.push(fact);
    };
    switch (event.kind) {
      case 'timer':
        keep(facts.timers, event);
        break;
      case 'state':
        keep(facts.states, event);
        break;
      case 'dropped':
        keep(facts.drops, event);
        break;
      case 'alert':
        keep(facts.alerts, event);
        break;
      case 'connected':
        facts.connected[event.actor] ??= event;
        break;
      case 'failed':
        keep(facts.failures, event);
        break;
      case 'step':
        keep(facts.steps, event);
        break;
      case 'data':
        if (facts.data.length < keptDataFacts) facts.data.push(event);
        break;
      case 'refused':
        keep(facts.refused, event);
        break;
      case 'end':
        facts.end ??= event;
        break;
      default:
        return;
    }
    if ('actor' in event) this.ours.add(event.actor);
    this.#view = undefined;
  }

  /** The same object as long as nothing changed. */
  view(surroundings: Surroundings): Handshake {
    if (this.#view && this.#viewKey === surroundings.key) return this.#view;
    this.#viewKey = surroundings.key;
    const { reading } = this;
    this.#view = handshakeView({
      ...surroundings,
      id: this.id,
      client: this.#client ?? '',
      server: this.#server ?? '',
      rolesGuessed: this.#rolesGuessed,
      startedAt: this.startedAt,
      endedAt: this.endedAt,
      ours: [...this.ours].sort(),
      reading,
      facts: this.facts,
      traffic: this.#trafficByRole(),
      moves: this.#moves,
    });
    return this.#view;
  }

  #readAgain(): void {
    const known = this.#reading.protection;
    this.#reading.release();
    this.#reading = new Reading(this.#shared, known);
    this.#stale = false;
    for (const entry of this.#inOrder()) this.#reading.push(entry, this.#senderOf(entry.event));
  }

  /**
   * A capture of two interfaces has what came on one before what came on the other, as its buffers were emptied; times tell.
   * An end that was told of keeps its own order.
   */
  #inOrder(): readonly Entry[] {
    return this.#disorders === 0 ? this.#entries : this.#entries.toSorted((a, b) => a.event.at - b.event.at);
  }

  /**
   * What one sender sent comes through one buffer, in order. Where its times go back all the same the clock was put back: it goes on
   * from where it was.
   */
  #onOneClock(event: DatagramEvent): DatagramEvent {
    const last = this.#lastOf.get(event.src);
    if (last !== undefined && event.at + this.#putBack < last - putBackMs) this.#putBack = this.endedAt - event.at;
    const at = event.at + this.#putBack;
    this.#lastOf.set(event.src, at);
    return at === event.at ? event : { ...event, at };
  }

  #senderOf({ from, src, dst }: Ends): Actor {
    if (from) return from;
    if (src === this.#client || dst === this.#server) return 'client';
    if (src === this.#server || dst === this.#client) return 'server';
    // Neither end is where it was: the new addresses say who is who.
    return this.#moves.some(({ client }) => client === src) ? 'client' : 'server';
  }

  /** Goes on between other addresses; `by` is how that is known. */
  moveTo({ at, packet, src, dst, bytes }: DatagramEvent, by: Move['by']): void {
    if (this.#moves.length >= maxLinkNotes) return;
    const sender =
      src === this.#client || dst === this.#server
        ? 'client'
        : src === this.#server || dst === this.#client
          ? 'server'
          : (senderByMessage(bytes) ?? 'client');
    const [client, server] = sender === 'client' ? [src, dst] : [dst, src];
    this.#moves.push({ at, packet, client, server, by });
    this.#view = undefined;
  }

  /** The addresses that it was between, the first ones first. */
  get addresses(): readonly Address[] {
    const first = [this.#client, this.#server].filter((address) => address !== undefined);
    return [...first, ...this.#moves.flatMap(({ client, server }) => [client, server])];
  }

  #learnRoles(event: DatagramEvent): void {
    if (!this.#rolesGuessed) return;
    const told = event.from ?? senderByMessage(event.bytes);
    this.#rolesGuessed = told === undefined;
    // After a move the addresses are others.
    if (this.#moves.length > 0) return;
    const [client, server] = told === 'server' ? [event.dst, event.src] : [event.src, event.dst];
    if (this.#client !== undefined && (told === undefined || client === this.#client)) return;
    if (this.#client !== undefined) {
      this.#reading.release();
      this.#reading = new Reading(this.#shared, undefined);
      this.#stale = true;
    }
    this.#client = client;
    this.#server = server;
  }

  #trafficOf(event: Ends): TrafficCount {
    const sender = event.from ?? (this.#moves.length > 0 ? this.#senderOf(event) : event.src);
    const known = this.#traffic.get(sender);
    if (known) return known;
    const traffic = noTraffic();
    this.#traffic.set(sender, traffic);
    return traffic;
  }

  /** Reads again first where keys came in between: else all that follows would be kept until somebody looks. */
  #isData13(event: DatagramEvent): boolean {
    return this.reading.isData13(event, this.#senderOf(event));
  }

  #trafficByRole(): Record<Actor, TrafficCount> {
    const of = (actor: Actor, address: Address | undefined): TrafficCount =>
      sum(this.#traffic.get(actor), this.#traffic.get(address ?? ''));
    const traffic = { client: of('client', this.#client), server: of('server', this.#server) };
    if (this.#reading.version !== '1.3') return traffic;
    for (const { from, at, records, leftover } of this.#reading.views) {
      if (leftover || records.length === 0 || !records.every(isData)) continue;
      traffic[from].applicationData++;
      traffic[from].lastApplicationDataAt = Math.max(traffic[from].lastApplicationDataAt ?? at, at);
    }
    return traffic;
  }
}

/** What was counted by role and by address, together. */
const sum = (a: TrafficCount = noTraffic(), b: TrafficCount = noTraffic()): TrafficCount => ({
  datagrams: a.datagrams + b.datagrams,
  sealed: a.sealed + b.sealed,
  bytes: a.bytes + b.bytes,
  largest: Math.max(a.largest, b.largest),
  applicationData: a.applicationData + b.applicationData,
  lastApplicationDataAt: later(a.lastApplicationDataAt, b.lastApplicationDataAt),
  media: a.media + b.media,
  lastMediaAt: later(a.lastMediaAt, b.lastMediaAt),
});
const later = (a: TraceTime | undefined, b: TraceTime | undefined): TraceTime | undefined =>
  a === undefined ? b : b === undefined ? a : Math.max(a, b);

/** Link events of one datagram, and moves, that are kept. */
const maxLinkNotes = 64;

/** 001CSLEE of an epoch that is not the handshake's (RFC 9147 §4, §6.1). */
const mayBeData13 = (bytes: Uint8Array): boolean => {
  const first = bytes[0] ?? 0;
  return isUnified(first) && (first & unifiedBits.epoch) !== 2;
};

/** A datagram of one application-data record under keys and nothing else. */
const isApplicationData = (bytes: Uint8Array): boolean => {
  const at = (i: number): number => bytes[i] ?? 0;
  return (
    at(0) === ContentType.applicationData &&
    at(1) === 0xfe &&
    at(3) + at(4) > 0 &&
    bytes.length === 13 + at(11) * 256 + at(12)
  );
};

const byClient: ReadonlySet<number> = new Set([
  HandshakeType.clientHello,
  HandshakeType.clientKeyExchange,
  HandshakeType.certificateVerify,
]);
const byServer: ReadonlySet<number> = new Set([
  HandshakeType.helloVerifyRequest,
  HandshakeType.serverHello,
  HandshakeType.serverKeyExchange,
  HandshakeType.certificateRequest,
  HandshakeType.serverHelloDone,
  HandshakeType.newSessionTicket,
]);

/** Who must have sent a datagram, by its plaintext messages. */
function senderByMessage(bytes: Uint8Array): Actor | undefined {
  for (const record of splitDatagram(bytes).records) {
    if (record.type !== ContentType.handshake || record.epoch !== 0) continue;
    const type = record.fragment[0] ?? -1;
    if (byClient.has(type)) return 'client';
    if (byServer.has(type)) return 'server';
  }
  return undefined;
}
