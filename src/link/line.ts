/**
 * A line that sends one datagram after the other, and a queue of so many bytes before it. What finds the line busy and the
 * queue too full is dropped (tail drop); what finds the line free never needs the queue. Competing traffic goes through the
 * same queue, in order of time.
 */
import { after, type Instant } from '../base/time.ts';
import type { QueueState } from './api.ts';
import type { Load } from './load.ts';

export type Turn =
  /** `at`: when its last byte is sent; `waited`: ms in the queue before its first. */
  | { readonly passed: true; readonly at: Instant; readonly waited: number; readonly queue: QueueState }
  | { readonly passed: false; readonly queue: QueueState };

interface Waiting {
  readonly startsAt: Instant;
  readonly size: number;
  readonly load: Load | undefined;
}

export class Line {
  readonly #kbps: number;
  readonly #queueBytes: number;
  readonly #loads: readonly Load[];
  #freeAt = -Infinity as Instant;
  /** In order of their turns; those before `#head` have had theirs. */
  #waiting: Waiting[] = [];
  #head = 0;
  #queued = 0;
  readonly #queuedOf = new Map<Load, number>();

  constructor(kbps: number, queueBytes: number, loads: readonly Load[]) {
    this.#kbps = kbps;
    this.#queueBytes = queueBytes;
    this.#loads = loads;
  }

  /** A datagram of ours comes to the line at `at`, which never goes back. */
  pass(size: number, at: Instant): Turn {
    this.#takeLoadsBefore(at);
    this.#drain(at);
    const queue = this.#state();
    const startsAt = this.#enter(size, at, undefined);
    if (startsAt === undefined) return { passed: false, queue };
    return { passed: true, at: this.#freeAt, waited: startsAt - at, queue };
  }

  #takeLoadsBefore(at: Instant): void {
    if (this.#loads.length === 0) return;
    for (const load of this.#loads) load.skipTo(at);
    for (;;) {
      let first: Load | undefined;
      for (const load of this.#loads) if ((load.peek() ?? Infinity) < (first?.peek() ?? Infinity)) first = load;
      const comes = first?.peek();
      if (first === undefined || comes === undefined || comes >= at) return;
      const size = first.pop();
      this.#drain(comes);
      this.#enter(size, comes, first);
    }
  }

  /** Gives it its turn, or `undefined` when the queue has no room. */
  #enter(size: number, at: Instant, load: Load | undefined): Instant | undefined {
    const startsAt = this.#freeAt > at ? this.#freeAt : at;
    if (startsAt > at) {
      if (this.#queued + size > this.#queueBytes) return undefined;
      this.#waiting.push({ startsAt, size, load });
      this.#count(size, load);
    }
    this.#freeAt = after(startsAt, (size * 8) / this.#kbps);
    return startsAt;
  }

  /** Forgets what has begun to be sent by `at`. */
  #drain(at: Instant): void {
    for (let next = this.#waiting[this.#head]; next && next.startsAt <= at; next = this.#waiting[this.#head]) {
      this.#count(-next.size, next.load);
      this.#head++;
    }
    // Moved together once in a while, so that a long queue costs no more for each than a short one.
    if (this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
  }

  #count(size: number, load: Load | undefined): void {
    this.#queued += size;
    if (load) this.#queuedOf.set(load, (this.#queuedOf.get(load) ?? 0) + size);
  }

  #state(): QueueState {
    const loads = [...this.#queuedOf].filter(([, size]) => size > 0);
    return {
      bytes: this.#queued,
      loadBytes: loads.reduce((sum, [, size]) => sum + size, 0),
      loads: loads.map(([{ name }]) => name),
    };
  }
}
