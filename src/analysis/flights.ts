/**
 * Which flight a message belongs to, and which sending of that flight a datagram is. DTLS has no field for either
 * (RFC 6347 §4.2.4), so both follow from evidence: the flight from who sends which message, the sending from what repeats,
 * from record numbers and from pauses.
 *
 * A new sending begins when a datagram brings something that this sending has already brought, or an earlier part of the
 * flight under a higher record number. Fragment borders may move between sendings, so ranges are compared, not fragments. A datagram that comes late is put back into the sending that
 * its record number belongs to, and a copy made by the network is no sending at all.
 */
import { type Range, RangeSet } from '../base/ranges.ts';
import type { Actor, PacketNumber, TraceTime } from '../trace/model.ts';
import { HandshakeType } from '../wire/registry.ts';

/** Something that belongs to a flight: a fragment, a ChangeCipherSpec, an encrypted handshake record. ACKs do not. */
export interface Item {
  /** Of the message, or of what stands for it. */
  readonly key: string;
  readonly kind: 'message' | 'change-cipher-spec' | 'finished' | 'ciphertext';
  /** HandshakeType, for messages. */
  readonly type: number;
  readonly messageSeq: number;
  /** Of the record. In DTLS 1.3 it tells the handshake's own messages from those behind it (RFC 9147 §6.1). */
  readonly epoch: number;
  /** The other side has acknowledged it already. */
  readonly acknowledged?: boolean;
  /** RFC name. */
  readonly name: string;
  readonly range: Range;
}

/** The record numbers of a datagram or of a sending in one epoch, where they can be compared. */
export interface RecordNumber {
  readonly epoch: number;
  readonly first: number;
  readonly last: number;
  /** The number came before: the sender uses numbers twice, so they tell nothing. */
  readonly reused: boolean;
}

export interface Sending {
  readonly attempt: number;
  readonly startedAt: TraceTime;
  lastAt: TraceTime;
  readonly packets: PacketNumber[];
  readonly seen: Map<string, RangeSet>;
  /** How far into the flight it has come. */
  reached: number;
  /** By epoch. */
  readonly numbers: Map<number, RecordNumber>;
  /** It follows an ACK of the sending before, and has brought nothing that was acknowledged (RFC 9147 §7.2). */
  afterAck: boolean;
}

export interface Flight {
  readonly number: number;
  readonly from: Actor;
  readonly role: FlightRole;
  /** What was seen of it, by key. */
  readonly items: Map<string, Item>;
  readonly sendings: Sending[];
  readonly packets: PacketNumber[];
  /** When the other side last acknowledged a record of it. */
  acknowledgedAt: TraceTime | undefined;
}

/** `verify` is HelloVerifyRequest or HelloRetryRequest; `post` one message behind the handshake (`isBehind`). */
type FlightRole = 'client-hello' | 'verify' | 'server-hello' | 'client-keys' | 'server-final' | 'post';

/** A pause after which datagrams with a jump in record numbers are taken for a new sending. Milliseconds. */
const pauseMs = 250;

/** Separate pieces of a message that are told apart in one sending. */
const maxPieces = 1024;

export interface Placed {
  readonly flight: Flight;
  readonly sending: Sending;
  /** The sending was begun by this datagram. */
  readonly began: boolean;
}

/**
 * Whether a message is one of a renegotiation: before DTLS 1.3, under the keys that of a handshake's messages only its Finished
 * is sent with (RFC 5246 §7.4.1.1, §7.4.1.2).
 */
export const isRenegotiation = ({ epoch, type }: Pick<Item, 'epoch' | 'type'>): boolean =>
  epoch === 1 && type !== HandshakeType.finished;

/** Whether a message comes behind the handshake: in DTLS 1.3 in the epochs of application data, or in a renegotiation. */
export const isBehind = (message: Pick<Item, 'epoch' | 'type'>): boolean =>
  message.epoch >= 3 || isRenegotiation(message);

export class Flights {
  readonly #flights: Flight[] = [];
  readonly #byKey = new Map<string, Flight>();
  readonly #latest = new Map<string, Flight>();
  #lastHelloSeq = 0;

  get all(): readonly Flight[] {
    return this.#flights;
  }

  /** When a side last began to send a flight again. */
  lastResend(from: Actor): TraceTime | undefined {
    let last: TraceTime | undefined;
    for (const flight of this.#flights) {
      const sending = flight.sendings.at(-1);
      if (flight.from === from && sending && flight.sendings.length > 1)
        last = Math.max(last ?? sending.startedAt, sending.startedAt);
    }
    return last;
  }

  /** A record that holds a part of this message or pseudo message was acknowledged. */
  noteAcknowledged(key: string, at: TraceTime): void {
    const flight = this.#byKey.get(key);
    if (flight) flight.acknowledgedAt = at;
  }

  /** A closed record has the size of an ACK: it must be of the other side's last flight. */
  noteLikelyAcknowledgement(by: Actor, at: TraceTime): void {
    const flight = this.#flights.findLast(({ from }) => from !== by);
    if (flight) flight.acknowledgedAt = at;
  }

  /** When a side last acknowledged anything. */
  lastAcknowledgement(by: Actor): TraceTime | undefined {
    let last: TraceTime | undefined;
    for (const { from, acknowledgedAt: at } of this.#flights)
      if (from !== by && at !== undefined) last = Math.max(last ?? at, at);
    return last;
  }

  /**
   * Puts a datagram's items into flights. `attempt` is what our own endpoint said of it. The answer is the place of its
   * last item: a datagram that ends one flight and begins another counts for the newer.
   */
  place(
    from: Actor,
    at: TraceTime,
    packet: PacketNumber,
    items: readonly Item[],
    numbers: readonly RecordNumber[],
    attempt: number | undefined,
  ): Placed | undefined {
    let placed: Placed | undefined;
    for (const [flight, own] of this.#group(from, items)) {
      const [sending, began] = this.#sending(flight, at, own, numbers, attempt);
      sending.lastAt = Math.max(sending.lastAt, at);
      sending.packets.push(packet);
      flight.packets.push(packet);
      for (const number of numbers) if (!number.reused) span(sending.numbers, number);
      for (const item of own) {
        flight.items.set(item.key, item);
        if (item.acknowledged) sending.afterAck = false;
        sending.reached = Math.max(sending.reached, placeOf(item));
        const ranges = rangesOf(sending, item.key);
        if (ranges.ranges.length < maxPieces) ranges.add(item.range[0], Math.max(item.range[1], item.range[0] + 1));
      }
      placed = { flight, sending, began };
    }
    return placed;
  }

  /** Puts a copy that the network made beside its original. */
  placeCopy(packet: PacketNumber, original: Placed): void {
    original.sending.packets.push(packet);
    original.flight.packets.push(packet);
  }

  #group(from: Actor, items: readonly Item[]): ReadonlyMap<Flight, Item[]> {
    const groups = new Map<Flight, Item[]>();
    for (const item of items) {
      const flight = this.#byKey.get(item.key) ?? this.#newMember(from, item);
      const group = groups.get(flight);
      if (group) group.push(item);
      else groups.set(flight, [item]);
    }
    return groups;
  }

  #newMember(from: Actor, item: Item): Flight {
    const [role, id] = this.#roleOf(from, item);
    let flight = this.#latest.get(id);
    if (!flight) {
      const number = this.#flights.length + 1;
      flight = { number, from, role, items: new Map(), sendings: [], packets: [], acknowledgedAt: undefined };
      this.#flights.push(flight);
      this.#latest.set(id, flight);
      this.#latest.set(`${from} ${role}`, flight);
    }
    this.#byKey.set(item.key, flight);
    if (item.kind === 'message' && item.type === HandshakeType.clientHello) this.#lastHelloSeq = item.messageSeq;
    return flight;
  }

  /**
   * The flights of RFC 6347 figures 1 and 2, and of RFC 9147 §5.7, where each message behind the handshake is a flight of
   * its own (§5.8.4); the id tells the rounds of one role apart.
   */
  #roleOf(from: Actor, item: Item): readonly [FlightRole, string] {
    const round = (role: FlightRole, n: number | string = ''): readonly [FlightRole, string] => [
      role,
      `${from} ${role} ${n}`,
    ];
    if (item.kind === 'message' && isBehind(item))
      return round('post', isRenegotiation(item) ? 'renegotiation' : item.messageSeq);
    if (item.kind === 'message' && item.type === HandshakeType.clientHello)
      return round('client-hello', item.messageSeq);
    if (from === 'client') return round('client-keys');
    const hello = this.#latest.get('server server-hello');
    const joinsHello = (): readonly [FlightRole, string] =>
      this.#idOf(hello) ?? round('server-hello', this.#lastHelloSeq);
    // In DTLS 1.2 epoch 2 would be that of a renegotiation, which nothing here reads.
    if (item.kind === 'ciphertext' || (item.kind === 'message' && item.epoch === 2)) return joinsHello();
    if (item.kind === 'message') {
      if (item.type === HandshakeType.helloVerifyRequest || item.name === 'hello_retry_request')
        return round('verify', this.#lastHelloSeq);
      if (item.type === HandshakeType.serverHello) return round('server-hello', this.#lastHelloSeq);
      if (item.type !== HandshakeType.newSessionTicket && item.type !== HandshakeType.finished) return joinsHello();
    }
    // NewSessionTicket, ChangeCipherSpec and Finished end a full handshake, and stand beside ServerHello in a resumed one.
    const resumed = hello !== undefined && !this.#latest.has('client client-keys') && !isFull(hello);
    return resumed ? joinsHello() : round('server-final');
  }

  #idOf(flight: Flight | undefined): readonly [FlightRole, string] | undefined {
    for (const [id, known] of this.#latest) if (known === flight && flight) return [flight.role, id];
    return undefined;
  }

  #sending(
    flight: Flight,
    at: TraceTime,
    items: readonly Item[],
    numbers: readonly RecordNumber[],
    attempt: number | undefined,
  ): readonly [Sending, boolean] {
    const last = flight.sendings.at(-1);
    if (!last) return [begin(flight, at, attempt ?? 0), true];
    if (attempt !== undefined) {
      const told = flight.sendings.findLast((sending) => sending.attempt === attempt);
      return told ? [told, false] : [begin(flight, at, attempt), true];
    }
    for (const number of numbers) {
      const late = lateFor(flight, items, number);
      if (late) return [late, false];
    }
    if (
      items.some((item) => repeats(last, item)) ||
      numbers.some((number) => goesBack(last, items, number) || this.#pausedBefore(flight, last, at, number))
    )
      return [begin(flight, at, last.attempt + 1), true];
    return [last, false];
  }

  /** Nothing repeats, but records are missing in between, and since then the other side asked again or time went by. */
  #pausedBefore(flight: Flight, last: Sending, at: TraceTime, number: RecordNumber): boolean {
    const known = last.numbers.get(number.epoch);
    if (!known || number.reused || number.first <= known.last + 1) return false;
    const asked = latest(this.lastResend(flight.from === 'client' ? 'server' : 'client'), flight.acknowledgedAt);
    return at - last.lastAt > pauseMs || (asked !== undefined && asked > last.lastAt);
  }
}

const latest = (a: TraceTime | undefined, b: TraceTime | undefined): TraceTime | undefined =>
  a === undefined ? b : b === undefined ? a : Math.max(a, b);

function begin(flight: Flight, at: TraceTime, attempt: number): Sending {
  const before = flight.sendings.at(-1);
  const sending: Sending = {
    attempt,
    startedAt: at,
    lastAt: at,
    packets: [],
    seen: new Map(),
    reached: -1,
    numbers: new Map(),
    afterAck: before !== undefined && (flight.acknowledgedAt ?? before.startedAt - 1) >= before.startedAt,
  };
  flight.sendings.push(sending);
  return sending;
}

/** Adds numbers to those of a sending. Up to DTLS 1.2 those of epoch 1 take the place of what came in the clear. */
function span(numbers: Map<number, RecordNumber>, number: RecordNumber): void {
  const { epoch, first, last } = number;
  if (epoch === 0 && numbers.has(1)) return;
  if (epoch === 1) numbers.delete(0);
  const known = numbers.get(epoch);
  numbers.set(
    epoch,
    known ? { ...known, first: Math.min(known.first, first), last: Math.max(known.last, last) } : number,
  );
}

function rangesOf(sending: Sending, key: string): RangeSet {
  let ranges = sending.seen.get(key);
  if (!ranges) {
    ranges = new RangeSet();
    sending.seen.set(key, ranges);
  }
  return ranges;
}

function repeats(sending: Sending, item: Item): boolean {
  const ranges = sending.seen.get(item.key);
  if (!ranges) return false;
  const [start, end] = item.range;
  return (
    ranges.missing(start, Math.max(end, start + 1)).reduce((sum, [a, b]) => sum - (b - a), Math.max(end - start, 1)) > 0
  );
}

/** Where in its flight something stands, in the order of sending. */
const placeOf = ({ kind, type, messageSeq, range }: Item): number =>
  kind !== 'message' || type === HandshakeType.finished ? afterMessages : messageSeq * 2 ** 24 + range[0];
const afterMessages = 2 ** 41;

/** A record with a higher number holds an earlier part of the flight: the sender has begun again. */
function goesBack(last: Sending, items: readonly Item[], number: RecordNumber): boolean {
  const known = last.numbers.get(number.epoch);
  if (!known || number.reused) return false;
  return number.first > known.last && items.some((item) => placeOf(item) < last.reached);
}

/**
 * The sending that a datagram belongs to whose record number is lower than the present one's first: an earlier one, or
 * the present one whose datagrams overtook each other. The latter when it repeats or goes back in the earlier one.
 */
function lateFor(flight: Flight, items: readonly Item[], number: RecordNumber): Sending | undefined {
  const known = flight.sendings.at(-1)?.numbers.get(number.epoch);
  if (!known || number.reused || number.first >= known.first) return undefined;
  const index = flight.sendings.findLastIndex(({ numbers }) => {
    const own = numbers.get(number.epoch);
    return own !== undefined && own.first <= number.first;
  });
  const earlier = flight.sendings[index];
  if (!earlier) return flight.sendings[0];
  const begunAgain = items.some((item) => repeats(earlier, item)) || goesBack(earlier, items, number);
  return begunAgain ? flight.sendings[index + 1] : earlier;
}

/** A server that sends its certificate or asks for key exchange does not resume. */
const isFull = (hello: Flight): boolean =>
  [...hello.items.values()].some(
    (item) =>
      item.type === HandshakeType.certificate ||
      item.type === HandshakeType.serverKeyExchange ||
      item.type === HandshakeType.serverHelloDone,
  );

/** The names of a flight's messages in the order of the handshake: ChangeCipherSpec right before Finished. */
export function messageNames(flight: Flight): string[] {
  const place = (item: Item): number =>
    item.kind === 'change-cipher-spec'
      ? 1e6
      : item.kind === 'finished' || item.type === HandshakeType.finished
        ? 2e6
        : item.kind === 'ciphertext'
          ? 3e6
          : item.messageSeq;
  const names = [...flight.items.values()].sort((a, b) => place(a) - place(b)).map((item) => item.name);
  // Closed records are many and have one name.
  return names.filter((name, i) => name !== 'encrypted' || names[i - 1] !== name);
}
