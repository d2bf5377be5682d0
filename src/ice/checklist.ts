/**
 * The checklist: pairs, their order, and which may be checked next (RFC 8445 §6.1.2-§6.1.4). It knows no time and sends
 * nothing. Candidates may come one by one (RFC 8838), so pairs are put into their states one by one too.
 */
import type { IceRole, LocalCandidate, PairName, PairState, TransportAddress } from './api.ts';

/** A candidate of the peer's in use. */
export interface Remote {
  readonly address: TransportAddress;
  readonly foundation: string;
  readonly priority: number;
}

export class Pair {
  readonly local: LocalCandidate;
  readonly remote: Remote;
  state: PairState = 'frozen';
  /** A check of ours over it was answered (RFC 8445 §7.2.5.3.2). */
  valid = false;
  nominated = false;
  /** Controlled: the peer wants it, and our own check over it is still to succeed (RFC 8445 §7.3.1.5). */
  wanted = false;
  /** The peer proved that it sends from there. */
  proved = false;
  /** libwebrtc's number of the nomination, where the peer gives one. */
  nomination = 0;
  /** The last request that came over it, so that its repeats trigger nothing. */
  lastRequest: string | undefined;

  constructor(local: LocalCandidate, remote: Remote) {
    this.local = local;
    this.remote = remote;
  }

  get name(): PairName {
    return { base: this.local.base, remote: this.remote.address };
  }
  get foundation(): string {
    return `${this.local.foundation}:${this.remote.foundation}`;
  }
}

/** Negative when `a` comes first: 2^32·min + 2·max + (1 when the controlling side's is larger), RFC 8445 §6.1.2.3. */
export function byPriority(role: IceRole): (a: Pair, b: Pair) => number {
  const parts = ({ local, remote }: Pair): readonly [number, number, number] => {
    const [g, d] = role === 'controlling' ? [local.priority, remote.priority] : [remote.priority, local.priority];
    return [Math.min(g, d), Math.max(g, d), g > d ? 1 : 0];
  };
  return (a, b) => {
    const [minA, maxA, bitA] = parts(a);
    const [minB, maxB, bitB] = parts(b);
    return minB - minA || 2 * maxB + bitB - (2 * maxA + bitA);
  };
}

const keyOf = (base: TransportAddress, remote: TransportAddress): string => `${base} ${remote}`;

export class Checklist {
  readonly #pairs = new Map<string, Pair>();
  readonly #triggered: Pair[] = [];
  /** Sees every change of a pair's state. */
  readonly #changed: (pair: Pair, because: string) => void;

  constructor(changed: (pair: Pair, because: string) => void) {
    this.#changed = changed;
  }

  get size(): number {
    return this.#pairs.size;
  }
  get pairs(): readonly Pair[] {
    return [...this.#pairs.values()];
  }

  find(base: TransportAddress, remote: TransportAddress): Pair | undefined {
    return this.#pairs.get(keyOf(base, remote));
  }

  /** Adds a pair, waiting unless one like it is on its way (RFC 8838 §12). */
  add(local: LocalCandidate, remote: Remote): Pair {
    const pair = new Pair(local, remote);
    const alike = this.pairs.filter(({ foundation }) => foundation === pair.foundation);
    const busy = alike.some(({ state }) => state === 'waiting' || state === 'in-progress');
    const worked = alike.some(({ state }) => state === 'succeeded');
    this.#pairs.set(keyOf(local.base, remote.address), pair);
    if (worked || !busy) this.set(pair, 'waiting', 'new');
    return pair;
  }

  set(pair: Pair, state: PairState, because: string): void {
    if (pair.state === state) return;
    pair.state = state;
    this.#changed(pair, because);
  }

  /** The pair is checked before any other (RFC 8445 §7.3.1.4). */
  trigger(pair: Pair, because: string): void {
    this.set(pair, 'waiting', because);
    if (!this.#triggered.includes(pair)) this.#triggered.push(pair);
  }

  /** The pair to check now (RFC 8445 §6.1.4.2). `ordinary` is false once the choice is made: then only triggered ones. */
  next(role: IceRole, ordinary: boolean): Pair | undefined {
    for (let pair = this.#triggered.shift(); pair; pair = this.#triggered.shift())
      if (pair.state === 'waiting') return pair;
    if (!ordinary) return undefined;
    const sorted = [...this.#pairs.values()].sort(byPriority(role));
    const waiting = sorted.find(({ state }) => state === 'waiting');
    if (waiting) return waiting;
    const busy = new Set(sorted.filter(({ state }) => state === 'in-progress').map(({ foundation }) => foundation));
    return sorted.find(({ state, foundation }) => state === 'frozen' && !busy.has(foundation));
  }

  /** Whether `next` has, or may soon have, something to give. */
  hasWork(ordinary: boolean): boolean {
    if (this.#triggered.some(({ state }) => state === 'waiting')) return true;
    return ordinary && this.next('controlling', true) !== undefined;
  }

  /** A pair worked: those like it may be tried (RFC 8445 §7.2.5.3.3). */
  thaw(foundation: string): void {
    for (const pair of this.#pairs.values())
      if (pair.state === 'frozen' && pair.foundation === foundation) this.set(pair, 'waiting', 'one like it works');
  }

  /** Pairs that could still be better than `pair`. */
  betterComing(pair: Pair, role: IceRole): boolean {
    const compare = byPriority(role);
    return this.pairs.some(
      (other) =>
        (other.state === 'frozen' || other.state === 'waiting' || other.state === 'in-progress') &&
        compare(other, pair) < 0,
    );
  }

  get underWay(): number {
    return this.pairs.filter(({ state }) => state === 'waiting' || state === 'in-progress').length;
  }
}
