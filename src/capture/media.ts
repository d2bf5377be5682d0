/**
 * Media of a long call, counted where it is found: who reads handshakes wants to know between which addresses there was any, how
 * much and how long, and a hundred thousand events would tell no more. Runs are told before anything else of the two
 * addresses, so that media stands on the right side of a handshake.
 */
import type { Address, TraceTime } from '../trace/model.ts';
import type { Way } from './ways.ts';

/** Media packets (RFC 7983: 128 to 191) in one direction between two addresses, with nothing else between them. */
export interface MediaRun {
  readonly src: Address;
  readonly dst: Address;
  readonly rtp: number;
  readonly rtcp: number;
  readonly lastAt: TraceTime;
}

/** Counts on the ways themselves. */
export class MediaCounter {
  readonly #tell: (run: MediaRun) => void;
  /** Those that have something to tell. */
  #waiting: Way[] = [];

  constructor(tell: (run: MediaRun) => void) {
    this.#tell = tell;
  }

  /** Counts a packet; RTCP by its type (RFC 5761 §4). */
  add(way: Way, type: number, at: TraceTime): void {
    if (way.rtp + way.rtcp === 0) this.#waiting.push(way);
    if (type >= 192 && type <= 223) way.rtcp++;
    else way.rtp++;
    way.lastAt = at;
  }

  /** Something else comes this way: tells what came before it, in either direction. */
  before(way: Way): void {
    this.#flush(way);
    if (way.back) this.#flush(way.back);
  }

  /** Tells all that waits. */
  flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const way of waiting) this.#flush(way);
  }

  #flush(way: Way): void {
    if (way.rtp + way.rtcp === 0) return;
    const { src, dst, rtp, rtcp, lastAt } = way;
    way.rtp = way.rtcp = 0;
    this.#tell({ src, dst, rtp, rtcp, lastAt });
  }
}
