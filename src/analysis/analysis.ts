/**
 * The one reader of traces, for live runs and for files. Events are pushed as they come; each touches the handshake that
 * it belongs to and no other. `snapshot` builds views only of what changed since it was last asked.
 *
 * A handshake belongs to two addresses (RFC 6347 §4.2.8); a ClientHello with another random begins the next one between
 * them, while a retransmission, and the round with a cookie, keep their random.
 */
import { equal, toHex } from '../base/bytes.ts';
import type { CryptoProvider } from '../crypto/provider.ts';
import type { BufferId, Origin } from '../trace/buffers.ts';
import type {
  Actor,
  Address,
  DatagramEvent,
  PacketNumber,
  PathEvent,
  TraceEvent,
  TraceHeader,
  TraceTime,
} from '../trace/model.ts';
import { MessageAssembly } from '../wire/reassembly.ts';
import { payloadKind } from './demux.ts';
import type { Buffers, LinkNote, Wrapping } from './facts.ts';
import { Certificates } from './hellos.ts';
import { type IceRoundTrips, IceWatch, iceSeen, roundTrips } from './iceWatch.ts';
import { KeyRing } from './keys.ts';
import { newBudget } from './messages.ts';
import { type Handshake, type Snapshot, type StunView, silenceMs } from './model.ts';
import { type Association, Moves, type Pair } from './moves.ts';
import { Pairs } from './pairs.ts';
import { type PeekedHello, peekClientHello, peekServerHello } from './peek.ts';
import type { Shared } from './reading.ts';
import { Relays, type Unwrapped } from './relays.ts';
import { StunReader } from './stun.ts';
import { StunMethod, StunScan } from './stunScan.ts';
import { Track } from './track.ts';
import type { Fingerprint } from './view.ts';

export interface AnalysisOptions {
  readonly crypto: CryptoProvider;
  /** Of the trace, where it is known: whose view it is, and whether both ends speak. */
  readonly header?: TraceHeader | undefined;
  /** The bytes of datagrams lie in parts of a file that are to go away: copy what is kept. */
  readonly detach?: boolean;
}

/** Media packets in one direction with nothing else of the two addresses between them. */
export interface MediaSeen {
  readonly src: Address;
  readonly dst: Address;
  readonly rtp: number;
  readonly rtcp: number;
  readonly lastAt: TraceTime;
}

/** Notes, fingerprints and early link events that are kept. */
const maxNotes = 1000;
/** Facts of ICE, TURN and signalling that are kept: an hour of consent checks is three thousand. */
const maxPath = 20_000;

export class Analysis {
  readonly #shared: Shared;
  #header: TraceHeader | undefined;
  readonly #pairs = new Pairs<Pair>(() => ({ association: undefined, session: undefined }));
  readonly #ice = new IceWatch();
  readonly #relays = new Relays();
  readonly #tracks: Track[] = [];
  readonly #moves = new Moves(this.#pairs, this.#tracks);
  readonly #places = new Map<PacketNumber, { readonly track: Track; readonly index: number }>();
  readonly #early = new Map<PacketNumber, LinkNote[]>();
  readonly #unrelated: Record<string, number> = {};
  readonly #notes: { readonly at: TraceTime; readonly text: string }[] = [];
  readonly #fingerprints: Fingerprint[] = [];
  /** Replaced, not changed, once a view has it. */
  #path: PathEvent[] = [];
  #pathShown = false;
  /** Where each step was begun, by its number. */
  readonly #stepTracks = new Map<number, Track>();
  readonly #stun = new StunReader();
  readonly #scan = new StunScan();
  readonly #origins = new Map<BufferId, Origin>();
  readonly #contents: Buffers['contents'] = new Map();
  #current: Track | undefined;
  #lastAt: TraceTime = 0;
  #revision = 0;
  #ordinal = 0;
  #snapshot: Snapshot | undefined;

  constructor(options: AnalysisOptions) {
    this.#header = options.header;
    this.#shared = {
      crypto: options.crypto,
      keys: new KeyRing(),
      certificates: new Certificates(options.crypto),
      budget: newBudget(),
      buffers: { origins: this.#origins, contents: this.#contents },
      detach: options.detach ?? false,
    };
  }

  /** Of the trace, where not all of it was known before the first event: a capture's clock is that of its first frame. */
  set header(header: TraceHeader) {
    this.#revision++;
    this.#snapshot = undefined;
    this.#header = header;
  }

  /** What is known of a handshake's secrets, as facts of another trace. */
  secretsOf(clientRandom: Uint8Array): readonly TraceEvent[] {
    const known = [...(this.#shared.keys.get(clientRandom) ?? [])];
    return known.map(([label, secret]) => ({ kind: 'secret', at: 0, label, clientRandom, secret }));
  }

  /** Where the buffers come from that views point into, for `project`. Complete up to the last snapshot. */
  get origins(): ReadonlyMap<BufferId, Origin> {
    return this.#origins;
  }

  /** What a buffer holds: a datagram, a decrypted record, a message's body. */
  bytesOf(buffer: BufferId): Uint8Array | undefined {
    const content = this.#contents.get(buffer);
    return content instanceof MessageAssembly ? content.body : content;
  }

  /** Takes the next fact of the trace. Never throws, whatever a datagram holds; its bytes are kept, not copied. */
  push(event: TraceEvent): void {
    this.#revision++;
    this.#snapshot = undefined;
    if (event.at > this.#lastAt) this.#lastAt = event.at;
    switch (event.kind) {
      case 'datagram':
        this.#datagram(event);
        break;
      case 'link':
        this.#link(event.packet, { action: event.action, rule: event.rule });
        break;
      case 'secret':
        this.#secret(event.label, event.clientRandom, event.secret);
        break;
      case 'fingerprint':
        if (this.#fingerprints.length < maxNotes) this.#fingerprints.push(event);
        break;
      case 'ice':
      case 'turn':
      case 'signalling':
        this.#pathFact(event);
        break;
      case 'note':
        if (this.#notes.length < maxNotes) this.#notes.push({ at: event.at, text: event.text });
        break;
      case 'refused': {
        const { src, dst } = event;
        if (src === undefined || dst === undefined) (this.#current ?? this.#begin(event.at)).tell(event);
        // It belongs to that flow, and to nobody when there is no handshake in it.
        else this.#pairs.between(src, dst)?.association?.tracks.at(-1)?.tell(event);
        break;
      }
      case 'end':
        if (this.#tracks.length === 0) this.#begin(event.at);
        for (const track of this.#tracks) track.tell(event);
        break;
      case 'dropped': {
        const place = event.packet === undefined ? undefined : this.#places.get(event.packet);
        (place?.track ?? this.#current ?? this.#begin(event.at)).tell(event);
        break;
      }
      case 'connected':
        (this.#finishedBefore(event.actor) ?? this.#current ?? this.#begin(event.at)).tell(event);
        break;
      case 'step': {
        // A step that begins a new handshake ends where it was begun.
        const track = (event.state === 'begun' ? undefined : this.#stepTracks.get(event.number)) ?? this.#current;
        const known = track ?? this.#begin(event.at);
        if (this.#stepTracks.size < maxNotes) this.#stepTracks.set(event.number, known);
        known.tell(event);
        break;
      }
      default:
        (this.#current ?? this.#begin(event.at)).tell(event);
    }
  }

  /** Media packets that were counted where they were found, instead of events of them: see `MediaSeen`. */
  media({ src, dst, rtp, rtcp, lastAt }: MediaSeen): void {
    this.#revision++;
    this.#snapshot = undefined;
    if (lastAt > this.#lastAt) this.#lastAt = lastAt;
    if (rtp > 0) this.#unrelated['rtp'] = (this.#unrelated['rtp'] ?? 0) + rtp;
    if (rtcp > 0) this.#unrelated['rtcp'] = (this.#unrelated['rtcp'] ?? 0) + rtcp;
    this.#pairs
      .between(src, dst)
      ?.association?.tracks.at(-1)
      ?.media({ from: undefined, src, dst }, rtp + rtcp, lastAt);
  }

  /** The handshake that an end has just completed, where the other end has begun the next one in the meantime. */
  #finishedBefore(actor: Actor): Track | undefined {
    const before = this.#current?.before;
    const { client, server } = before?.reading.sides ?? {};
    return client?.finished && server?.finished && !before?.facts.connected[actor] ? before : undefined;
  }

  /** What is known by now. The same object while nothing was pushed; unchanged handshakes keep their identity. */
  snapshot(): Snapshot {
    if (this.#snapshot) return this.#snapshot;
    this.#pathShown = true;
    const views = new Map<Track, Handshake>();
    const handshakes = this.#tracks.map((track) => {
      const followed = this.#lastAt - track.endedAt >= silenceMs;
      const { path, trips, size, checks } = this.#pathOf(track);
      const fingerprints = { crypto: this.#shared.crypto, announced: this.#announcedTo(track) };
      const { stunKey, ...stun } = this.#stunOf(track);
      const earlier = track.before && views.get(track.before);
      const before = earlier && {
        id: earlier.id,
        client: earlier.client,
        establishedAt: earlier.establishedAt,
        endedAt: earlier.endedAt,
      };
      const key = `${followed} ${this.#header?.startedAt} ${this.#fingerprints.length} ${size} ${stunKey} ${before?.establishedAt} ${before?.endedAt}`;
      const software = {
        client: this.#ice.softwareOf(track.client),
        server: this.#ice.softwareOf(track.server),
      };
      const surroundings = {
        header: this.#header,
        fingerprints,
        path,
        checks,
        ...stun,
        trips,
        software,
        before,
        followed,
        key,
      };
      const view = track.view(surroundings);
      views.set(track, view);
      return view;
    });
    const quiet = handshakes.length === 0 ? this.#quietPath() : undefined;
    if (quiet) handshakes.push(quiet);
    this.#snapshot = {
      revision: this.#revision,
      handshakes,
      unrelated: { ...this.#unrelated },
      secrets: {
        handshakes: this.#shared.keys.size,
        here: [...this.#moves.randoms].filter((random) => this.#shared.keys.has(random)).length,
      },
      notes: [...this.#notes],
      until: this.#lastAt,
    };
    return this.#snapshot;
  }

  /**
   * A capture in which ICE has proved a path and nothing but STUN ever came over it: no handshake, and that is what there
   * is to say. Who would have been the client nobody can tell.
   */
  #quietPath(): Handshake | undefined {
    if (this.#header?.kind !== 'capture') return undefined;
    const proved = this.#stun.all.find(
      ({ class: cls, username, answeredBy }) => cls === 'request' && username !== undefined && answeredBy !== undefined,
    );
    if (!proved || this.#lastAt - proved.at < silenceMs) return undefined;
    const track = new Track('h1', this.#shared, proved.at);
    const stun = this.#stun.between(proved.src, proved.dst);
    const stunLeftOut = this.#stun.leftOut(proved.src, proved.dst);
    const { path, trips, checks } = this.#pathOf(track);
    const fingerprints = { crypto: this.#shared.crypto, announced: this.#fingerprints };
    const software = { client: this.#ice.softwareOf(proved.src), server: this.#ice.softwareOf(proved.dst) };
    const view = track.view({
      ...{ header: this.#header, fingerprints, path, checks, stun, stunLeftOut, trips, software },
      ...{ before: undefined, followed: true, key: '' },
    });
    return { ...view, client: proved.src, server: proved.dst, inferred: ['client', 'server'] };
  }

  /** In a run all STUN is about the one peer; in a capture only the addresses tell. */
  #stunOf(track: Track): Pick<Handshake, 'stun' | 'stunLeftOut'> & { readonly stunKey: number } {
    const reader = this.#stun;
    if (!this.#watches) return { stun: reader.all, stunLeftOut: reader.allLeftOut, stunKey: reader.revision };
    // Where it went on elsewhere, all pairs count.
    const { addresses } = track;
    let stun: readonly StunView[] = [];
    let stunLeftOut = 0;
    let stunKey = 0;
    for (let i = 0; i + 1 < addresses.length; i += 2) {
      const [a = '', b = ''] = [addresses[i], addresses[i + 1]];
      const views = reader.between(a, b);
      stun = i === 0 ? views : [...stun, ...views];
      stunLeftOut += reader.leftOut(a, b);
      stunKey += reader.revisionOf(a, b);
    }
    if (addresses.length > 2) stun = [...stun].sort((a, b) => a.at - b.at);
    return { stun, stunLeftOut, stunKey };
  }

  #pathFact(event: PathEvent): void {
    if (this.#path.length >= maxPath) return;
    if (this.#pathShown) this.#path = this.#path.slice();
    this.#pathShown = false;
    this.#path.push(event);
    // Which role is ours, signalling settles only after the header was written.
    const ours = event.kind === 'signalling' && event.fact.kind === 'roles' ? event.fact.ours : undefined;
    if (this.#header && (ours === 'client' || ours === 'server')) this.#header = { ...this.#header, localRole: ours };
    // Without a path there is no datagram to begin a handshake with, and yet there is something to say about it.
    if (event.kind === 'ice' && event.fact.kind === 'failed' && this.#tracks.length === 0) this.#begin(event.at);
  }

  /** Fingerprints of the whole trace, and of the track's own call where there are several. */
  #announcedTo(track: Track): readonly Fingerprint[] {
    const [client = '', server = ''] = track.addresses;
    return this.#fingerprints.filter(
      ({ ufrag }) => ufrag === undefined || this.#moves.isOfAgent(client, server, ufrag),
    );
  }

  /** The trace's own path, and in a capture what STUN between the ends of the handshake tells. */
  #pathOf(track: Track): {
    readonly path: readonly PathEvent[];
    readonly trips: IceRoundTrips | undefined;
    readonly size: number;
    readonly checks: number;
  } {
    const [client, server] = track.addresses;
    const session =
      client === undefined || server === undefined ? undefined : this.#moves.sessionBetween(client, server);
    const relayed = this.#watches ? this.#relays.facts(track.addresses) : [];
    const size = this.#path.length + relayed.length + (session?.messages ?? 0);
    if (client === undefined || server === undefined || !session) {
      const path = relayed.length === 0 ? this.#path : inOrder([...this.#path, ...relayed]);
      return { path, trips: undefined, size, checks: 0 };
    }
    const { facts, checks } = iceSeen(session, client, server);
    const path = inOrder([...this.#path, ...relayed, ...facts]);
    return { path, trips: roundTrips(session, client, server), size, checks };
  }

  /** A run of ours tells of ICE and TURN itself. */
  get #watches(): boolean {
    return this.#header?.kind === undefined || this.#header.kind === 'capture';
  }

  #datagram(event: DatagramEvent): void {
    const kind = payloadKind(event.bytes);
    if (kind === 'dtls') {
      this.#dtls(event, this.#associationFor(event), undefined);
      return;
    }
    const association = this.#pairs.of(event)?.association;
    const first = event.bytes[0] ?? 0;
    // Between the addresses of a handshake 20 to 63 is DTLS, however damaged, and ciphertexts of 1.3 have no other mark;
    // and so is what fills up a record that the datagram before holds only the beginning of.
    const rest = kind !== 'stun' && association?.tracks.at(-1)?.awaitsRest(event);
    if (association && (rest || (first >= 20 && first <= 63))) {
      this.#dtls(event, association, undefined);
      return;
    }
    if (kind === 'dtls-1.3-ciphertext') {
      const moved = this.#moves.here(event, undefined);
      if (moved) {
        this.#dtls(event, moved, undefined);
        return;
      }
    }
    if (kind === 'turn-channel') {
      const inside = this.#relays.channelData(event);
      if (inside && this.#unwrapped(inside)) return;
    }
    if (kind === 'stun') this.#readStun(event);
    this.#unrelated[kind] = (this.#unrelated[kind] ?? 0) + 1;
    if (association && (kind === 'rtp' || kind === 'rtcp')) association.tracks.at(-1)?.media(event, 1, event.at);
  }

  /** STUN: who is whose peer, what a relay carries, and DTLS that travels in a binding. */
  #readStun(event: DatagramEvent): void {
    const seen = this.#scan;
    if (!seen.read(event.bytes)) return;
    this.#stun.push(event, seen);
    if (!this.#watches) return;
    if (seen.method !== StunMethod.binding) {
      const inside = this.#relays.take(event, seen);
      if (inside) this.#unwrapped(inside);
      return;
    }
    const session = this.#ice.take(event, seen);
    if (session) {
      const pair = this.#pairs.of(event) ?? this.#pairs.add(event);
      if (pair) pair.session = session;
      this.#moves.join(pair);
    }
    const { dtls } = seen;
    if (!dtls) return;
    const [start, end] = dtls;
    const bytes = event.bytes.subarray(start, end);
    const wrapping = { form: 'STUN binding', relay: undefined, start } as const;
    if (payloadKind(bytes) === 'dtls')
      this.#unwrapped({ event: { ...event, bytes, length: bytes.length, contents: undefined }, wrapping });
  }

  /** What came through a relay: DTLS and media belong to a handshake. False when it is neither. */
  #unwrapped({ event, wrapping }: Unwrapped): boolean {
    const kind = payloadKind(event.bytes);
    const association = this.#pairs.of(event)?.association;
    const first = event.bytes[0] ?? 0;
    if (kind === 'dtls') this.#dtls(event, this.#associationFor(event), wrapping);
    else if (association && first >= 20 && first <= 63) this.#dtls(event, association, wrapping);
    else {
      if (kind === 'stun') this.#readStun(event);
      this.#unrelated[kind] = (this.#unrelated[kind] ?? 0) + 1;
      if (kind === 'rtp' || kind === 'rtcp') association?.tracks.at(-1)?.media(event, 1, event.at);
    }
    return true;
  }

  /** The association that DTLS between two addresses belongs to: theirs, one that moved to them, or a new one. */
  #associationFor(event: DatagramEvent): Association {
    const pair = this.#pairs.of(event) ?? this.#pairs.add(event);
    if (pair?.association) return pair.association;
    const moved = this.#moves.here(event, pair);
    if (moved) return moved;
    const association: Association = { tracks: [], byRandom: new Map() };
    if (pair) pair.association = association;
    this.#moves.join(pair);
    return association;
  }

  #dtls(event: DatagramEvent, association: Association, wrapping: Wrapping | undefined): void {
    const hello = peekClientHello(event.bytes);
    const track = this.#trackFor(event, association, hello);
    if (hello) this.#moves.noteRandom(toHex(hello.random), track, association);
    if (hello) track.firstHello ??= { src: event.src, dst: event.dst };
    this.#current = track;
    const index = track.push(event, this.#ordinal++, wrapping);
    if (index === undefined) return;
    this.#moves.noteConnectionIds(track, association);
    this.#places.set(event.packet, { track, index });
    for (const note of this.#early.get(event.packet) ?? []) track.link(index, note);
    this.#early.delete(event.packet);
  }

  #trackFor(event: DatagramEvent, association: Association, hello: PeekedHello | undefined): Track {
    const current = association.tracks.at(-1);
    if (!current) return this.#adopt(event, association);
    if (!hello) return association.tracks.length > 1 ? (answered(association, event) ?? current) : current;
    const same = association.byRandom.get(toHex(hello.random));
    if (same) return same;
    return beginsAnother(current, event, hello, association.byRandom.size > 0)
      ? this.#adopt(event, association)
      : current;
  }

  /** A new handshake between two addresses; facts of our ends that came before the first datagram belong to it. */
  #adopt(event: DatagramEvent, association: Association): Track {
    const waiting = this.#tracks.length === 1 && this.#tracks[0]?.client === undefined ? this.#tracks[0] : undefined;
    const track = waiting ?? this.#begin(event.at);
    track.before = association.tracks.at(-1);
    association.tracks.push(track);
    return track;
  }

  #begin(at: TraceTime): Track {
    const track = new Track(`h${this.#tracks.length + 1}`, this.#shared, at);
    this.#tracks.push(track);
    this.#current = track;
    return track;
  }

  #link(packet: PacketNumber, note: LinkNote): void {
    const place = this.#places.get(packet);
    if (place) {
      place.track.link(place.index, note);
      return;
    }
    if (this.#early.size >= maxNotes) return;
    const notes = this.#early.get(packet) ?? [];
    notes.push(note);
    this.#early.set(packet, notes);
  }

  #secret(label: string, clientRandom: Uint8Array, secret: Uint8Array): void {
    if (!this.#shared.keys.add(label, clientRandom, secret)) return;
    for (const track of this.#moves.withRandom(toHex(clientRandom))) track.newKeys();
  }
}

const inOrder = (events: PathEvent[]): readonly PathEvent[] => events.sort((a, b) => a.at - b.at);

/** The handshake whose ServerHello comes again here: a server may repeat it when a new handshake has begun. */
function answered({ tracks }: Association, { bytes }: DatagramEvent): Track | undefined {
  const hello = peekServerHello(bytes);
  return hello && tracks.find(({ reading: { serverHello } }) => serverHello && equal(serverHello.random, hello.random));
}

/** The random of a ClientHello whose first fragment begins the datagram: what a key log names a handshake by. */
export const clientRandomOf = (bytes: Uint8Array): Uint8Array | undefined => peekClientHello(bytes)?.random;

/** Whether a ClientHello with a random not seen before between these addresses begins another handshake. */
function beginsAnother(current: Track, event: DatagramEvent, hello: PeekedHello, helloSeen: boolean): boolean {
  const { reading } = current;
  const { client, server } = reading.sides;
  const used = [client, server].some((side) => side.finished !== undefined || side.applicationDataAt !== undefined);
  // The capture began in the middle: this may be the repetition of the hello that it missed.
  if (!helloSeen) return used;
  const answered = reading.helloVerifyRequest || reading.serverHello !== undefined;
  // Both sides are clients: one association that cannot work, not two handshakes.
  const first = current.firstHello;
  if (first && event.src !== first.src && event.dst !== first.dst) return used || answered;
  // A client that changes its random for the cookie breaks RFC 6347 §4.2.1, but goes on with the same handshake.
  return !(hello.messageSeq > 0 && reading.helloVerifyRequest && !reading.serverHello && !used);
}
