/**
 * What the closed ciphertexts of DTLS 1.3 still tell. Nobody pads (RFC 8446 §5.4), so an ACK, an alert and a KeyUpdate are
 * known by their size; what else comes in epoch 2 is the handshake. One sending of a flight is told from the next by the
 * same sizes coming again, after a plaintext message that was repeated or after a pause. All of it is inferred.
 */
import type { Actor, TraceTime } from '../trace/model.ts';
import type { Item } from './flights.ts';
import type { LikelyContent } from './model.ts';

/** Content type and tag behind the content (RFC 8446 §5.2). */
const overhead = 17;
/** Bytes of an alert (RFC 8446 §6), of a KeyUpdate with its header (§4.6.3), of a record number in an ACK (RFC 9147 §7). */
const alertBytes = 2;
const keyUpdateBytes = 13;
const ackHeader = 2;
const ackedRecord = 16;
/** More record numbers than this in an ACK are not believed: fragments have such sizes as well. */
const mostAcked = { handshake: 16, later: 128 } as const;

/** `alone`: no other ciphertext in its datagram, as an ACK is sent. */
export function likelyContent(length: number, epoch: number, alone: boolean): LikelyContent | undefined {
  const content = length - overhead;
  if (content < alertBytes) return undefined;
  if (content === alertBytes) return alone ? 'alert' : undefined;
  const acked = (content - ackHeader) / ackedRecord;
  const most = epoch === 2 ? mostAcked.handshake : mostAcked.later;
  if (alone && Number.isInteger(acked) && acked <= most) return 'ack';
  if (epoch === 2) return 'handshake';
  return epoch > 2 && content === keyUpdateBytes ? 'key_update' : undefined;
}

/** How many records a closed ACK of this size lists. */
export const likelyAcknowledged = (length: number): number => (length - overhead - ackHeader) / ackedRecord;

/** No stack repeats a flight sooner (NSS begins with 50 ms). Milliseconds. */
const shortestRepeat = 40;

/** The closed handshake records of one side, told apart by size and order. */
export class SealedFlight {
  /** How many of each size came in the present sending, and the most that came in one. */
  readonly #here = new Map<number, number>();
  readonly #most = new Map<number, number>();
  /** The sizes of each of its datagrams that holds different ones. */
  readonly #together = new Set<string>();
  /** The sizes of what is taken for the present sending, in order. */
  #sizes: number[] = [];
  /** How many records the last ACK of it listed, and how many it and those before it did that it does not hold. */
  #lastListed = 0;
  #listed = 0;
  #lastAt: TraceTime | undefined;
  #widestGap = 0;

  /**
   * Whether an ACK that lists so many records speaks for all of the present sending. Where a side answered twice in a moment,
   * nothing but sizes parts its two sendings: the same ones come again in the same order. Such a pattern may also be one
   * record that came twice, or two that are equal, and then the ACKs must list as many as came: the second sending gets one
   * as well. An ACK longer than the last is taken to list all of that again.
   */
  acknowledgedBy(records: number): boolean {
    this.#listed = records > this.#lastListed ? Math.max(this.#listed, records) : this.#listed + records;
    this.#lastListed = records;
    return this.#listed >= this.#sizes.length || records >= repeatedLength(this.#sizes);
  }

  /**
   * The items of a datagram's closed records, by their sizes. `repeats`: the datagram also holds a plaintext message that
   * came before; `asked` and `acknowledged`: when the other side last sent its own flight again, or an ACK.
   */
  take(
    from: Actor,
    sizes: readonly number[],
    at: TraceTime,
    repeats: boolean,
    asked: TraceTime | undefined,
    acknowledged: TraceTime | undefined,
  ): Item[] {
    const gap = this.#lastAt === undefined ? 0 : at - this.#lastAt;
    const since = (then: TraceTime | undefined): boolean => (then ?? 0) > (this.#lastAt ?? at);
    const paused = gap > Math.max(shortestRepeat, 4 * this.#widestGap) || since(asked);
    const known = sizes.every((size) => this.#most.has(size));
    // Fragments may be equal in a row; records of different sizes that stand beside each other again are the same ones.
    const together = new Set(sizes).size > 1 ? sizes.join() : '';
    if (repeats || since(acknowledged) || (paused && known) || this.#together.has(together)) this.#begin();
    else this.#widestGap = Math.max(this.#widestGap, gap);
    this.#lastAt = at;
    if (together !== '') this.#together.add(together);
    this.#sizes.push(...sizes);
    return sizes.map((size) => {
      const before = this.#here.get(size) ?? 0;
      this.#here.set(size, before + 1);
      this.#most.set(size, Math.max(this.#most.get(size) ?? 0, before + 1));
      return {
        key: `${from}/sealed/${size}/${before}`,
        kind: 'ciphertext',
        type: -1,
        messageSeq: 0,
        epoch: 2,
        name: 'encrypted',
        range: [0, 1],
      };
    });
  }

  #begin(): void {
    this.#here.clear();
    this.#together.clear();
    this.#sizes = [];
    this.#lastListed = 0;
    this.#listed = 0;
  }
}

/** The length of the shortest run of different sizes that all of it repeats; else the length of all. */
function repeatedLength(sizes: readonly number[]): number {
  const { length } = sizes;
  if (length > mostAcked.later) return length;
  for (let period = 2; period <= length / 2; period++) {
    const repeats = length % period === 0 && sizes.every((size, i) => i < period || size === sizes[i - period]);
    if (repeats && sizes[0] !== sizes[period - 1]) return period;
  }
  return length;
}
