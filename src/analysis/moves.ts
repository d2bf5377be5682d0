/**
 * Which handshake goes on where DTLS turns up between addresses that have none: the connection ID says so, the ICE session,
 * the random of a ClientHello, or a message that fits exactly where one end of a handshake under way was.
 */
import { toHex } from '../base/bytes.ts';
import type { Address, DatagramEvent } from '../trace/model.ts';
import { ContentType } from '../wire/registry.ts';
import { isUnified, unifiedBits } from '../wire/unified.ts';
import { hasAgent, type IceSession } from './iceWatch.ts';
import type { Move } from './model.ts';
import type { Pairs } from './pairs.ts';
import { peekClientHello, peekHandshake } from './peek.ts';
import type { Track } from './track.ts';

/** All handshakes between two addresses, and between those that they moved to. */
export interface Association {
  readonly tracks: Track[];
  readonly byRandom: Map<string, Track>;
}

/** Two addresses, in either direction. */
export interface Pair {
  association: Association | undefined;
  session: IceSession | undefined;
}

/** An association, and how it was found. */
type Found = readonly [Association, Move['by']];

/** Connection IDs that are remembered. */
const maxIds = 200_000;
/** Connection IDs of more bytes are of no stack. */
const longestCid = 32;
/** A handshake that nobody has heard of for so long does not go on elsewhere. ms */
const goesOnWithin = 30_000;
/** Handshakes that are asked whether they go on elsewhere: the newest. */
const mostUnderWay = 64;

export class Moves {
  readonly #pairs: Pairs<Pair>;
  /** Of the whole trace, in order. */
  readonly #tracks: readonly Track[];
  readonly #sessions = new Map<Association, IceSession>();
  readonly #bySession = new Map<IceSession, Association>();
  /** Associations by the connection IDs that their records carry, hexadecimal. */
  readonly #byCid = new Map<string, Association>();
  readonly #byRandom = new Map<string, Track[]>();

  constructor(pairs: Pairs<Pair>, tracks: readonly Track[]) {
    this.#pairs = pairs;
    this.#tracks = tracks;
  }

  /** Randoms of all ClientHellos, hexadecimal. */
  get randoms(): Iterable<string> {
    return this.#byRandom.keys();
  }

  /** Handshakes whose ClientHello has this random. */
  withRandom(random: string): readonly Track[] {
    return this.#byRandom.get(random) ?? [];
  }

  /** The ICE session between two addresses that have an association. */
  sessionBetween(client: Address, server: Address): IceSession | undefined {
    const association = this.#pairs.between(client, server)?.association;
    return association && this.#sessions.get(association);
  }

  /** Whether the ICE session between two addresses is of the agent with this user fragment. */
  isOfAgent(client: Address, server: Address, ufrag: string): boolean {
    const session = this.sessionBetween(client, server);
    return session !== undefined && hasAgent(session, ufrag);
  }

  /** An association belongs to the ICE session of its addresses. */
  join(pair: Pair | undefined): void {
    if (!pair?.session || !pair.association) return;
    this.#sessions.set(pair.association, pair.session);
    if (!this.#bySession.has(pair.session)) this.#bySession.set(pair.session, pair.association);
  }

  noteRandom(random: string, track: Track, association: Association): void {
    if (association.byRandom.has(random)) return;
    association.byRandom.set(random, track);
    const known = this.#byRandom.get(random);
    if (known) known.push(track);
    else this.#byRandom.set(random, [track]);
  }

  noteConnectionIds(track: Track, association: Association): void {
    if (this.#byCid.size >= maxIds) return;
    for (const cid of track.newConnectionIds()) this.#byCid.set(toHex(cid), association);
  }

  /**
   * The association that goes on here, which is told of it; `known` are the datagram's two addresses where they have been seen.
   */
  here(event: DatagramEvent, known: Pair | undefined): Association | undefined {
    if (this.#isSeenTwice(event)) return undefined;
    const found = this.#byConnectionId(event) ?? this.#byIce(known) ?? this.#byHello(event) ?? this.#byEnd(event);
    if (!found) return undefined;
    const [association, by] = found;
    const pair = known ?? this.#pairs.add(event);
    if (pair) pair.association = association;
    association.tracks.at(-1)?.moveTo(event, by);
    return association;
  }

  #byConnectionId({ bytes }: DatagramEvent): Found | undefined {
    if (this.#byCid.size === 0) return undefined;
    const first = bytes[0] ?? 0;
    const at =
      first === ContentType.tls12Cid ? 11 : isUnified(first) && (first & unifiedBits.cid) !== 0 ? 1 : undefined;
    if (at === undefined) return undefined;
    for (let length = 1; length <= longestCid && at + length < bytes.length; length++) {
      const association = this.#byCid.get(toHex(bytes.subarray(at, at + length)));
      if (association) return [association, 'connection ID'];
    }
    return undefined;
  }

  #byIce(pair: Pair | undefined): Found | undefined {
    const association = pair?.session && this.#bySession.get(pair.session);
    return association && [association, 'ICE'];
  }

  /** A ClientHello that is repeated elsewhere. */
  #byHello({ bytes }: DatagramEvent): Found | undefined {
    const hello = peekClientHello(bytes);
    const [track] = (hello && this.#byRandom.get(toHex(hello.random))) ?? [];
    const association = track && this.#associationOf(track);
    return association && [association, 'random'];
  }

  /**
   * The same record of a ClientHello between other addresses: a capture in front of and behind a NAT or a relay shows every
   * datagram twice. Each way is a handshake of its own; a retransmission would have a new number.
   */
  #isSeenTwice({ bytes }: DatagramEvent): boolean {
    const hello = peekClientHello(bytes);
    const [track] = (hello && this.#byRandom.get(toHex(hello.random))) ?? [];
    return track !== undefined && hello !== undefined && track.reading.sides.client.numbers[0].has(hello.recordNumber);
  }

  /**
   * A message between one end of a handshake under way and somebody new is of that handshake when it goes on exactly where
   * that side was: the next message, or one that was begun, and record numbers that follow. A server has many clients.
   */
  #byEnd({ at, src, dst, bytes }: DatagramEvent): Found | undefined {
    const message = peekHandshake(bytes);
    if (!message || message.messageSeq === 0) return undefined;
    const goesOn = this.#tracks.slice(-mostUnderWay).filter((track) => {
      if (at - track.endedAt > goesOnWithin) return false;
      const from = track.client === src || track.server === dst ? 'client' : 'server';
      const oneEnd = track.client === src || track.client === dst || track.server === src || track.server === dst;
      return oneEnd && track.reading.continuesWith(from, message);
    });
    const [only] = goesOn;
    const association = only && goesOn.length === 1 ? this.#associationOf(only) : undefined;
    return association && [association, 'address'];
  }

  #associationOf(track: Track): Association | undefined {
    const [client, server] = track.addresses;
    const association =
      client === undefined || server === undefined ? undefined : this.#pairs.between(client, server)?.association;
    return association?.tracks.includes(track) ? association : undefined;
  }
}
