/**
 * The handshake messages of one association, put together from fragments, with the place that each byte came from. Memory
 * is bounded: a forged header may declare 16 MB, and a hostile capture may hold a million of them.
 */
import { type Range, RangeSet } from '../base/ranges.ts';
import type { BufferId, Origin } from '../trace/buffers.ts';
import type { Actor, PacketNumber, TraceTime } from '../trace/model.ts';
import { handshakeTypeName } from '../wire/handshake.ts';
import { type FragmentEffect, MessageAssembly } from '../wire/reassembly.ts';
import { isRenegotiation } from './flights.ts';

/** Largest message that is put together; the chains that break paths have some kilobytes. */
const maxMessageBytes = 2 ** 20;
/** Messages and bytes that are kept of one handshake. */
const maxMessages = 256;
const maxHandshakeBytes = 2 ** 22;
/** Separate pieces of one message; a real sender makes one new piece a datagram. */
const maxPieces = 1024;

/** Bytes that all handshakes of a trace may take together. */
export interface Budget {
  left: number;
}
export const newBudget = (): Budget => ({ left: 2 ** 28 });

interface Part {
  readonly at: number;
  readonly length: number;
  readonly from: BufferId;
  readonly start: number;
}

/** Behind the names of messages that would begin another handshake, so that nobody takes them for those of this one. */
export const renegotiationMark = ' (renegotiation)';

export class Message {
  readonly key: string;
  readonly from: Actor;
  readonly epoch: number;
  readonly buffer: BufferId;
  readonly firstAt: TraceTime;
  readonly assembly: MessageAssembly;
  /** Parts of `origin`, growing. */
  readonly #parts: Part[] = [];
  readonly origin: Origin = { kind: 'reassembled', parts: this.#parts };
  readonly conflicts = new RangeSet();
  /** Bytes in records that the other side acknowledged. */
  readonly acknowledged = new RangeSet();
  /** RFC name; what came of a server_hello may tell that it is a HelloRetryRequest. */
  name: string;
  /** When bytes came that were new, and in which datagram. */
  readonly arrivals: { readonly at: TraceTime; readonly packet: PacketNumber; readonly ranges: readonly Range[] }[] =
    [];
  /** Which sendings of its flight it was in. */
  readonly sendings = new Set<number>();
  /** The lowest of them. */
  firstSending = Number.POSITIVE_INFINITY;
  completeAt: TraceTime | undefined;
  duplicateBytes = 0;

  constructor(key: string, from: Actor, epoch: number, buffer: BufferId, at: TraceTime, assembly: MessageAssembly) {
    this.key = key;
    this.from = from;
    this.epoch = epoch;
    this.buffer = buffer;
    this.firstAt = at;
    this.assembly = assembly;
    const name = handshakeTypeName(assembly.type);
    this.name = isRenegotiation({ epoch, type: assembly.type }) ? `${name}${renegotiationMark}` : name;
  }

  get type(): number {
    return this.assembly.type;
  }
  get seq(): number {
    return this.assembly.messageSeq;
  }
  get total(): number {
    return this.assembly.total;
  }

  noteSending(attempt: number): void {
    this.sendings.add(attempt);
    this.firstSending = Math.min(this.firstSending, attempt);
  }

  /** The other side says that it has these bytes. */
  acknowledge(start: number, end: number): void {
    if (this.acknowledged.ranges.length < maxPieces) this.acknowledged.add(start, Math.max(end, start));
  }

  /** Takes a fragment that reached the other side; `undefined` when it would make too many pieces. */
  add(
    offset: number,
    bytes: Uint8Array,
    at: TraceTime,
    packet: PacketNumber,
    from: BufferId,
    start: number,
  ): FragmentEffect | undefined {
    if (this.assembly.have.ranges.length >= maxPieces) return undefined;
    const effect = this.assembly.add(offset, bytes);
    this.duplicateBytes += effect.duplicateBytes;
    for (const [low, high] of effect.conflicts)
      if (this.conflicts.ranges.length < maxPieces) this.conflicts.add(low, high);
    for (const [low, high] of effect.fresh)
      this.#parts.push({ at: low, length: high - low, from, start: start + low - offset });
    if (effect.fresh.length > 0 || this.total === 0) this.arrivals.push({ at, packet, ranges: effect.fresh });
    if (this.completeAt === undefined && this.assembly.complete) this.completeAt = at;
    return effect;
  }
}

export class Messages {
  readonly #byNumber = new Map<string, Message[]>();
  readonly #byKey = new Map<string, Message>();
  readonly #all: Message[] = [];
  readonly #budget: Budget;
  #claimed = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** In order of appearance. */
  get all(): readonly Message[] {
    return this.#all;
  }

  get(key: string): Message | undefined {
    return this.#byKey.get(key);
  }

  /**
   * The message that a fragment belongs to, made when it is the first of it. A number that comes again with another type
   * or length, or in another epoch, is another message. `undefined` past the limits.
   */
  of(
    from: Actor,
    epoch: number,
    header: { readonly type: number; readonly messageSeq: number; readonly total: number },
    at: TraceTime,
    buffer: BufferId,
  ): Message | undefined {
    const number = `${from}/${header.messageSeq}`;
    const same = this.#byNumber.get(number) ?? [];
    // Behind the handshake of DTLS 1.3 a message may come again in a later epoch (RFC 9147 §8).
    const known = same.find(
      (m) => m.type === header.type && m.total === header.total && (m.epoch === epoch || (m.epoch >= 3 && epoch >= 3)),
    );
    if (known) return known;
    if (this.#all.length >= maxMessages || !this.#claim(header.total)) return undefined;
    const key = same.length === 0 ? number : `${number}+${same.length}`;
    const assembly = new MessageAssembly(header.type, header.messageSeq, header.total);
    const message = new Message(key, from, epoch, buffer, at, assembly);
    same.push(message);
    this.#byNumber.set(number, same);
    this.#byKey.set(key, message);
    this.#all.push(message);
    return message;
  }

  /** Gives back what was claimed; this object must not be used afterwards. */
  release(): void {
    this.#budget.left += this.#claimed;
    this.#claimed = 0;
  }

  #claim(bytes: number): boolean {
    if (bytes > maxMessageBytes || this.#claimed + bytes > maxHandshakeBytes || bytes > this.#budget.left) return false;
    this.#claimed += bytes;
    this.#budget.left -= bytes;
    return true;
  }
}
