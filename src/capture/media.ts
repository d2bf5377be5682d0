/**
 * Media of a long call, counted where it is found: who reads handshakes wants to know between which addresses there was any, how
 * much and how long, and a hundred thousand events would tell no more. Runs are told before anything else of the two
 * addresses, so that media stands on the right side of a handshake.
 */
import type { Address, TraceTime } from '../trace/model.ts';

/** Media packets (RFC 7983: 128 to 191) in one direction between two addresses, with nothing else between them. */
export interface MediaRun {
  readonly src: Address;
  readonly dst: Address;
  readonly rtp: number;
  readonly rtcp: number;
  readonly lastAt: TraceTime;
}

/** Where the packets of one direction are counted. */
interface Way {
  readonly src: Address;
  readonly dst: Address;
  rtp: number;
  rtcp: number;
  lastAt: TraceTime;
  /** The other direction, once there is one. */
  back: Way | undefined;
}

/** Ways that are remembered; then all are told, and counting begins anew. */
const mostWays = 4096;

export class MediaCounter {
  readonly #tell: (run: MediaRun) => void;
  readonly #ways = new Map<Address, Map<Address, Way>>();
  #count = 0;
  /** Those that have something to tell. */
  #waiting: Way[] = [];
  #last: Way | undefined;

  constructor(tell: (run: MediaRun) => void) {
    this.#tell = tell;
  }

  /** Counts a packet; RTCP by its type (RFC 5761 §4). */
  add(src: Address, dst: Address, type: number, at: TraceTime): void {
    let way = this.#last;
    if (way?.src !== src || way.dst !== dst) {
      const back = way?.back;
      way = back?.src === src && back.dst === dst ? back : (this.#way(src, dst) ?? this.#add(src, dst));
      this.#last = way;
    }
    if (way.rtp + way.rtcp === 0) this.#waiting.push(way);
    if (type >= 192 && type <= 223) way.rtcp++;
    else way.rtp++;
    way.lastAt = at;
  }

  /** Something else comes between two addresses: tells what came before it. */
  before(src: Address, dst: Address): void {
    if (this.#waiting.length === 0) return;
    this.#flush(this.#way(src, dst));
    this.#flush(this.#way(dst, src));
  }

  /** Tells all that waits. */
  flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const way of waiting) this.#flush(way);
  }

  #way(src: Address, dst: Address): Way | undefined {
    return this.#ways.get(src)?.get(dst);
  }

  #add(src: Address, dst: Address): Way {
    if (this.#count++ >= mostWays) {
      this.flush();
      this.#ways.clear();
      this.#last = undefined;
      this.#count = 1;
    }
    const back = this.#way(dst, src);
    const way: Way = { src, dst, rtp: 0, rtcp: 0, lastAt: 0, back };
    if (back) back.back = way;
    const known = this.#ways.get(src);
    if (known) known.set(dst, way);
    else this.#ways.set(src, new Map([[dst, way]]));
    return way;
  }

  #flush(way: Way | undefined): void {
    if (!way || way.rtp + way.rtcp === 0) return;
    const { src, dst, rtp, rtcp, lastAt } = way;
    way.rtp = way.rtcp = 0;
    this.#tell({ src, dst, rtp, rtcp, lastAt });
  }
}
