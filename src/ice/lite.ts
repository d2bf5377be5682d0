/**
 * The lite ICE agent (RFC 8445 §2.5, §6.1.1, §8.2): it answers checks and takes the pair that the peer nominates, and sends
 * nothing of its own but keepalives. That is what a gateway on a public address needs, and the least that brings a browser
 * to DTLS. It is always controlled; against another lite agent it picks the best pair by itself, without any check.
 */
import { copy, toHex } from '../base/bytes.ts';
import { after, type Instant } from '../base/time.ts';
import { unreachable } from '../base/unreachable.ts';
import { transactionIdLength } from '../wire/stun.ts';
import { Answering } from './answering.ts';
import type {
  IceAgent,
  IceConfig,
  IceEnvironment,
  IceInput,
  IceOutput,
  IceRole,
  IceState,
  LocalCandidate,
  PairName,
  RemoteCandidate,
  TransportAddress,
} from './api.ts';
import { type Arrived, keepalive } from './binding.ts';
import { scopeOf, usableAddress } from './candidates.ts';
import { byPriority, Pair } from './checklist.ts';
import { checkIceConfig } from './config.ts';
import { Journal } from './journal.ts';
import { LocalCandidates } from './locals.ts';

export type LiteConfig = Pick<IceConfig, 'local' | 'bases' | 'keepaliveMs' | 'patienceMs' | 'limits'>;

/** A lite agent. Nothing happens until `start`. Throws a `RangeError` that names the setting that cannot work. */
export const createLiteAgent = (config: LiteConfig, env: IceEnvironment): IceAgent => new LiteAgent(config, env);

/** How long a nominated pair may go without the peer's checks before another nomination takes its place. ms */
const quietMs = 10_000;

/** A pair that the peer's checks came over. */
interface Seen {
  readonly pair: Pair;
  lastAt: Instant;
}

class LiteAgent implements IceAgent {
  readonly role: IceRole = 'controlled';
  /** It sends no requests, so it learns of no round-trip time. */
  readonly rtt = undefined;
  readonly #config: LiteConfig;
  readonly #env: IceEnvironment;
  readonly #journal = new Journal();
  readonly #answering: Answering;
  /** It asks no STUN server. */
  readonly #locals: LocalCandidates;
  readonly #seen = new Map<string, Seen>();
  /** Only for a peer that is lite too. */
  readonly #peerCandidates: Pair[] = [];
  #peerLite = false;
  #met = false;
  #started = false;
  #selected: Seen | undefined;
  #latest: Seen | undefined;
  #lastNomination = 0;
  #now = 0 as Instant;
  #keepaliveAt: Instant | undefined;
  #patienceUntil: Instant | undefined;

  constructor(config: LiteConfig, env: IceEnvironment) {
    checkIceConfig(config);
    this.#config = config;
    this.#env = env;
    this.#answering = new Answering(config.local, env.crypto, this.#journal);
    this.#locals = new LocalCandidates([], (event) => this.#journal.event(event));
  }

  get state(): IceState {
    return this.#journal.state;
  }
  /** Before a nomination, where the peer's latest check came from. */
  get #route(): Seen | undefined {
    return this.#selected ?? this.#latest;
  }
  get route(): PairName | undefined {
    return this.#route?.pair.name;
  }

  poll(): IceOutput {
    return this.#journal.poll(() => this.#deadline());
  }

  handle(input: IceInput, now: Instant): void {
    if (now > this.#now) this.#now = now;
    if (this.#journal.over) {
      if (input.kind === 'datagram' || input.kind === 'send')
        this.#journal.dropped('over', input.kind === 'datagram' ? input.from : '', `the agent is ${this.state}`);
      return;
    }
    switch (input.kind) {
      case 'start':
        if (this.#started) this.#journal.dropped('misuse', '', 'started twice');
        else this.#start();
        break;
      case 'base':
        this.#locals.add(input.base);
        break;
      case 'remote':
        this.#meet(input.lite);
        break;
      case 'remote-candidate':
        this.#addRemote(input.candidate);
        break;
      case 'datagram':
        this.#receive(input.bytes, input.from, input.on);
        break;
      case 'timeout':
        break;
      case 'send':
        this.#send(input.bytes);
        break;
      case 'give-up':
        this.#fail();
        break;
      case 'close':
        this.#journal.move('closed', 'closed by us');
        break;
      default:
        unreachable(input);
    }
    this.#proceed();
  }

  #start(): void {
    this.#started = true;
    for (const base of this.#config.bases) this.#locals.add(base);
    this.#journal.event({ kind: 'gathered' });
  }

  /** The peer's credentials are of no use to who sends no requests; that it is there starts the clock. */
  #meet(lite: boolean): void {
    if (this.#met) return;
    this.#met = true;
    this.#peerLite = lite;
    this.#patienceUntil = after(this.#now, this.#config.patienceMs);
    if (this.state === 'new') this.#journal.move('checking', 'the peer is known');
    this.#chooseBlindly();
  }

  #addRemote(candidate: RemoteCandidate): void {
    const address = usableAddress(candidate);
    if (typeof address !== 'string') {
      this.#journal.skipped(candidate, address.skip);
      return;
    }
    const { foundation, priority } = candidate;
    const local = this.#locals.bases.find(({ base }) => scopeOf(base) === scopeOf(address));
    if (!local) {
      this.#journal.skipped(candidate, 'family');
      return;
    }
    if (this.#peerCandidates.length >= this.#config.limits.remoteCandidates) {
      this.#journal.skipped(candidate, 'limit');
      return;
    }
    this.#peerCandidates.push(new Pair(local, { address, foundation, priority }));
    this.#chooseBlindly();
  }

  /** Both are lite: nobody checks, so the best pair it is (RFC 8445 §6.1.1, §8.2.2). */
  #chooseBlindly(): void {
    const best = [...this.#peerCandidates].sort(byPriority(this.role))[0];
    if (this.#peerLite && best) this.#select({ pair: best, lastAt: this.#now }, 'both sides are lite');
  }

  #send(bytes: Uint8Array): void {
    const route = this.#route;
    if (!route) {
      this.#journal.dropped('no-route', '', 'no check has come yet');
      return;
    }
    const { base, remote } = route.pair.name;
    this.#journal.push({ kind: 'transmit', base, to: remote, bytes });
    this.#planKeepalive();
  }

  #receive(bytes: Uint8Array, from: TransportAddress, on: TransportAddress): void {
    const local = this.#locals.base(on);
    if (!local) {
      this.#journal.dropped('unknown-base', from, `${on} is none of ours`);
      return;
    }
    const arrived = this.#journal.sift(bytes, from, on, () => this.#seen.has(`${on} ${from}`));
    if (!arrived) return;
    switch (arrived.class) {
      case 'request':
        this.#request(arrived, from, local);
        break;
      case 'indication':
        this.#journal.received(arrived, on, from, 'keepalive');
        break;
      case 'success':
      case 'error':
        this.#journal.received(arrived, on, from, 'unknown');
        this.#journal.dropped('unknown-transaction', from, arrived.id);
        break;
      default:
        unreachable(arrived.class);
    }
  }

  #request(arrived: Arrived, from: TransportAddress, local: LocalCandidate): void {
    const { base } = local;
    // Somebody has to control, and we can't (RFC 8445 §6.1.1).
    const check = this.#answering.take(arrived, from, base, ({ role }) => role !== 'controlled');
    if (!check) return;
    const seen = this.#see(local, from, check.priority);
    if (!seen) return;
    if (check.nomination !== undefined) seen.pair.nomination = check.nomination;
    if (this.state === 'new' || this.state === 'checking') this.#journal.move('connected', 'the peer checks us');
    if (check.useCandidate) this.#nominated(seen);
  }

  /** Keeps the pair that a check came over; none of them was proved by a check of ours, but only the peer has the password. */
  #see(local: LocalCandidate, from: TransportAddress, priority: number): Seen | undefined {
    const key = `${local.base} ${from}`;
    const known = this.#seen.get(key);
    if (!known && this.#seen.size >= this.#config.limits.pairs) {
      this.#journal.dropped('no-route', from, 'more addresses of the peer than are kept');
      return undefined;
    }
    const seen = known ?? { pair: new Pair(local, { address: from, foundation: from, priority }), lastAt: this.#now };
    if (!known) {
      this.#seen.set(key, seen);
      this.#journal.event({ kind: 'peer-reflexive', address: from });
    }
    seen.lastAt = this.#now;
    this.#latest = seen;
    return seen;
  }

  /** The better of two nominations counts, unless the peer numbers them, or has let the one before fall. */
  #nominated(seen: Seen): void {
    const before = this.#selected;
    if (before === seen) return;
    if (before) {
      const newer = seen.pair.nomination > this.#lastNomination;
      const better = byPriority(this.role)(seen.pair, before.pair) < 0;
      if (!newer && !better && this.#now - before.lastAt < quietMs) return;
    }
    this.#lastNomination = Math.max(this.#lastNomination, seen.pair.nomination);
    this.#select(seen, 'the peer nominated a pair');
  }

  #select(seen: Seen, because: string): void {
    const before = this.#selected;
    if (before?.pair === seen.pair) return;
    this.#selected = seen;
    this.#journal.event({ kind: 'selected', pair: seen.pair.name, before: before?.pair.name });
    this.#journal.move('completed', because);
    this.#planKeepalive();
  }

  #planKeepalive(): void {
    if (this.#selected) this.#keepaliveAt = after(this.#now, this.#config.keepaliveMs);
  }

  #proceed(): void {
    if (this.#journal.over) return;
    const selected = this.#selected;
    if (selected && this.#keepaliveAt !== undefined && this.#now >= this.#keepaliveAt) {
      // RFC 8445 §11: an indication, which nobody answers.
      const id = copy(this.#env.random(transactionIdLength));
      const { base, remote } = selected.pair.name;
      const bytes = keepalive(id);
      this.#journal.push({ kind: 'transmit', base, to: remote, bytes });
      this.#journal.sent({ base, peer: remote, transaction: toHex(id), purpose: 'keepalive', class: 'indication' });
      this.#planKeepalive();
    }
    if (!selected && this.#patienceUntil !== undefined && this.#now >= this.#patienceUntil) this.#fail();
  }

  #fail(): void {
    this.#journal.fail(this.#journal.failure(this.#locals.bases.length, this.#seen.size > 0));
  }

  #deadline(): Instant | undefined {
    if (this.#journal.over) return undefined;
    return this.#selected ? this.#keepaliveAt : this.#patienceUntil;
  }
}
