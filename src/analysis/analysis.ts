/**
 * The one reader of traces, for live runs and for files. Events are pushed as they come; each touches the handshake that
 * it belongs to and no other. `snapshot` builds views only of what changed since it was last asked.
 *
 * A handshake belongs to two addresses (RFC 6347 §4.2.8); a ClientHello with another random begins the next one between
 * them, while a retransmission, and the round with a cookie, keep their random.
 */
import { toHex } from '../base/bytes.ts';
import type { CryptoProvider } from '../crypto/provider.ts';
import type { BufferId, Origin } from '../trace/buffers.ts';
import type { DatagramEvent, PacketNumber, PathEvent, TraceEvent, TraceHeader, TraceTime } from '../trace/model.ts';
import { handshakeHeaderLength } from '../wire/handshake.ts';
import { MessageAssembly } from '../wire/reassembly.ts';
import { recordHeaderLength } from '../wire/record.ts';
import { ContentType, HandshakeType } from '../wire/registry.ts';
import { looksLikeRecord, payloadKind } from './demux.ts';
import type { Buffers, LinkNote } from './facts.ts';
import { Certificates } from './hellos.ts';
import { KeyRing } from './keys.ts';
import { newBudget } from './messages.ts';
import { type Snapshot, type StunView, silenceMs } from './model.ts';
import type { Shared } from './reading.ts';
import { StunReader } from './stun.ts';
import { Track } from './track.ts';
import type { Fingerprint } from './view.ts';

export interface AnalysisOptions {
  readonly crypto: CryptoProvider;
  /** Of the trace, where it is known: whose view it is, and whether both ends speak. */
  readonly header?: TraceHeader | undefined;
}

/** All handshakes between two addresses. */
interface Association {
  readonly tracks: Track[];
  readonly byRandom: Map<string, Track>;
}

/** Notes, fingerprints and early link events that are kept. */
const maxNotes = 1000;
/** Facts of ICE, TURN and signalling that are kept: an hour of consent checks is three thousand. */
const maxPath = 20_000;

export class Analysis {
  readonly #shared: Shared;
  #header: TraceHeader | undefined;
  readonly #associations = new Map<string, Association>();
  readonly #tracks: Track[] = [];
  readonly #byRandom = new Map<string, Track[]>();
  readonly #places = new Map<PacketNumber, { readonly track: Track; readonly index: number }>();
  readonly #early = new Map<PacketNumber, LinkNote[]>();
  readonly #unrelated: Record<string, number> = {};
  readonly #notes: { readonly at: TraceTime; readonly text: string }[] = [];
  readonly #fingerprints: Fingerprint[] = [];
  /** Replaced, not changed, once a view has it. */
  #path: PathEvent[] = [];
  #pathShown = false;
  readonly #stun = new StunReader();
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
    };
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
      case 'end':
        if (this.#tracks.length === 0) this.#begin(event.at);
        for (const track of this.#tracks) track.tell(event);
        break;
      case 'dropped': {
        const place = event.packet === undefined ? undefined : this.#places.get(event.packet);
        (place?.track ?? this.#current ?? this.#begin(event.at)).tell(event);
        break;
      }
      default:
        (this.#current ?? this.#begin(event.at)).tell(event);
    }
  }

  /** What is known by now. The same object while nothing was pushed; unchanged handshakes keep their identity. */
  snapshot(): Snapshot {
    if (this.#snapshot) return this.#snapshot;
    const fingerprints = { crypto: this.#shared.crypto, announced: this.#fingerprints };
    this.#pathShown = true;
    const handshakes = this.#tracks.map((track) => {
      const followed = this.#lastAt - track.endedAt >= silenceMs;
      const { stun, stunKey } = this.#stunOf(track);
      const key = `${followed} ${this.#fingerprints.length} ${this.#path.length} ${stunKey}`;
      return track.view({ header: this.#header, fingerprints, path: this.#path, stun, followed, key });
    });
    this.#snapshot = {
      revision: this.#revision,
      handshakes,
      unrelated: { ...this.#unrelated },
      notes: [...this.#notes],
    };
    return this.#snapshot;
  }

  /** In a run all STUN is about the one peer; in a capture only the addresses tell. */
  #stunOf({ client = '', server = '' }: Track): { readonly stun: readonly StunView[]; readonly stunKey: number } {
    const isRun = this.#header !== undefined && this.#header.kind !== 'capture';
    return isRun
      ? { stun: this.#stun.all, stunKey: this.#stun.revision }
      : { stun: this.#stun.between(client, server), stunKey: this.#stun.revisionOf(client, server) };
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

  #datagram(event: DatagramEvent): void {
    const kind = payloadKind(event.bytes);
    if (kind === 'dtls') {
      this.#dtls(event, this.#association(event, true));
      return;
    }
    const association = this.#associations.size > 0 ? this.#association(event, false) : undefined;
    const first = event.bytes[0] ?? 0;
    // Between the addresses of a handshake 20 to 63 is DTLS, however damaged, and ciphertexts of 1.3 have no other mark.
    if (association && first >= 20 && first <= 63) {
      this.#dtls(event, association);
      return;
    }
    this.#unrelated[kind] = (this.#unrelated[kind] ?? 0) + 1;
    if (kind === 'stun') this.#stun.push(event);
    if (association && (kind === 'rtp' || kind === 'rtcp')) association.tracks.at(-1)?.media(event);
  }

  #association(event: DatagramEvent, make: true): Association;
  #association(event: DatagramEvent, make: false): Association | undefined;
  #association({ src, dst }: DatagramEvent, make: boolean): Association | undefined {
    const key = src < dst ? `${src} ${dst}` : `${dst} ${src}`;
    let association = this.#associations.get(key);
    if (!association && make) {
      association = { tracks: [], byRandom: new Map() };
      this.#associations.set(key, association);
    }
    return association;
  }

  #dtls(event: DatagramEvent, association: Association): void {
    const hello = peekClientHello(event.bytes);
    const track = this.#trackFor(event, association, hello);
    if (hello) {
      const random = toHex(hello.random);
      if (!association.byRandom.has(random)) {
        association.byRandom.set(random, track);
        const known = this.#byRandom.get(random);
        if (known) known.push(track);
        else this.#byRandom.set(random, [track]);
      }
    }
    this.#current = track;
    const index = track.push(event, this.#ordinal++);
    if (index === undefined) return;
    this.#places.set(event.packet, { track, index });
    for (const note of this.#early.get(event.packet) ?? []) track.link(index, note);
    this.#early.delete(event.packet);
  }

  #trackFor(event: DatagramEvent, association: Association, hello: PeekedHello | undefined): Track {
    const current = association.tracks.at(-1);
    if (!current) return this.#adopt(event, association);
    if (!hello) return current;
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
    for (const track of this.#byRandom.get(toHex(clientRandom)) ?? []) track.newKeys();
  }
}

interface PeekedHello {
  readonly random: Uint8Array;
  readonly messageSeq: number;
}

/** The random of a ClientHello whose first fragment begins the datagram: what a key log names a handshake by. */
export const clientRandomOf = (bytes: Uint8Array): Uint8Array | undefined => peekClientHello(bytes)?.random;

function peekClientHello(bytes: Uint8Array): PeekedHello | undefined {
  const body = recordHeaderLength + handshakeHeaderLength;
  if (bytes.length < body + 34 || !looksLikeRecord(bytes)) return undefined;
  const at = (i: number): number => bytes[i] ?? 0;
  if (at(0) !== ContentType.handshake || at(3) + at(4) > 0 || at(13) !== HandshakeType.clientHello) return undefined;
  const offset = at(19) + at(20) + at(21);
  const length = at(22) * 65536 + at(23) * 256 + at(24);
  if (offset !== 0 || length < 34) return undefined;
  return { random: bytes.subarray(body + 2, body + 34), messageSeq: at(17) * 256 + at(18) };
}

/** Whether a ClientHello with a random not seen before between these addresses begins another handshake. */
function beginsAnother(current: Track, event: DatagramEvent, hello: PeekedHello, helloSeen: boolean): boolean {
  const { reading } = current;
  const { client, server } = reading.sides;
  const used = [client, server].some((side) => side.finished !== undefined || side.applicationDataAt !== undefined);
  // The capture began in the middle: this may be the repetition of the hello that it missed.
  if (!helloSeen) return used;
  const answered = reading.helloVerifyRequest || reading.serverHello !== undefined;
  // Both sides are clients: one association that cannot work, not two handshakes.
  if (event.src !== current.client) return used || answered;
  // A client that changes its random for the cookie breaks RFC 6347 §4.2.1, but goes on with the same handshake.
  return !(hello.messageSeq > 0 && reading.helloVerifyRequest && !reading.serverHello && !used);
}
