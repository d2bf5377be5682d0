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
  readonly foundation: string;
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
    this.foundation = `${local.foundation}:${remote.foundation}`;
  }

  get name(): PairName {
    return { base: this.local.base, remote: this.remote.address };
  }
}

/** Negative when `a` comes first: 2^32·min + 2·max + (1 when the controlling side's is larger), RFC 8445 §6.1.2.3. */
export function byPriority(role: IceRole): (a: Pair, b: Pair) => number {
  const controllingFirst = ({ local, remote }: Pair): number =>
    (role === 'controlling' ? local.priority > remote.priority : remote.priority > local.priority) ? 1 : 0;
  return (a, b) => {
    const lower = Math.min(b.local.priority, b.remote.priority) - Math.min(a.local.priority, a.remote.priority);
    if (lower !== 0) return lower;
    const higher = Math.max(b.local.priority, b.remote.priority) - Math.max(a.local.priority, a.remote.priority);
    return higher !== 0 ? higher : controllingFirst(b) - controllingFirst(a);
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
    let busy = false;
    let worked = false;
    for (const { foundation, state } of this.#pairs.values()) {
      if (foundation !== pair.foundation) continue;
      if (state === 'waiting' || state === 'in-progress') busy = true;
      if (state === 'succeeded') worked = true;
    }
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
    return this.best(role, ({ state }) => state === 'waiting') ?? this.best(role, this.#thawable());
  }

  /** The pair of the highest priority that is so. */
  best(role: IceRole, is: (pair: Pair) => boolean): Pair | undefined {
    const compare = byPriority(role);
    let best: Pair | undefined;
    for (const pair of this.#pairs.values()) if (is(pair) && (!best || compare(pair, best) < 0)) best = pair;
    return best;
  }

  /** Frozen, and none like it is being checked. */
  #thawable(): (pair: Pair) => boolean {
    const busy = new Set<string>();
    for (const { state, foundation } of this.#pairs.values()) if (state === 'in-progress') busy.add(foundation);
    return ({ state, foundation }) => state === 'frozen' && !busy.has(foundation);
  }

  /** Whether `next` has something to give. */
  hasWork(ordinary: boolean): boolean {
    if (this.#triggered.some(({ state }) => state === 'waiting')) return true;
    if (!ordinary) return false;
    for (const { state } of this.#pairs.values()) if (state === 'waiting') return true;
    const thawable = this.#thawable();
    for (const pair of this.#pairs.values()) if (thawable(pair)) return true;
    return false;
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
    let count = 0;
    for (const { state } of this.#pairs.values()) if (state === 'waiting' || state === 'in-progress') count++;
    return count;
  }
}
