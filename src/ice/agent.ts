/**
 * The full ICE agent (RFC 8445), controlling or controlled, with trickled candidates (RFC 8838), regular nomination and
 * consent (RFC 7675). Checks are paced by Ta; a controlling agent nominates the best pair that works once nothing better
 * can come or its patience for that is over; a controlled one follows, and takes a later nomination that is worth more.
 *
 * Two things go beyond the RFC: consent checks are sent by both sides even while DTLS is still shaking hands, and a peer
 * that numbers its nominations as libwebrtc does is believed about their order.
 */
import { copy } from '../base/bytes.ts';
import { after, earlier, type Instant } from '../base/time.ts';
import { unreachable } from '../base/unreachable.ts';
import { counted, notUnderstood, transactionIdLength } from '../wire/stun.ts';
import { checkIntegrity, shortTermKey } from '../wire/stunIntegrity.ts';
import { Answering } from './answering.ts';
import type {
  Base,
  IceAgent,
  IceConfig,
  IceCredentials,
  IceEnvironment,
  IceFailure,
  IceInput,
  IceOutput,
  IceRole,
  IceState,
  LocalCandidate,
  PairName,
  RemoteCandidate,
  Repetition,
  TransportAddress,
} from './api.ts';
import {
  type Arrived,
  checkRequest,
  compareTieBreakers,
  errorOf,
  type GoodCheck,
  gatheringRequest,
  mappedAddress,
} from './binding.ts';
import { scopeOf, usableAddress } from './candidates.ts';
import { byPriority, Checklist, type Pair, type Remote } from './checklist.ts';
import { checkIceConfig } from './config.ts';
import { Consent } from './consent.ts';
import { Journal } from './journal.ts';
import { type Enquiry, LocalCandidates } from './locals.ts';
import { RoundTrip } from './rtt.ts';
import { type Purpose, type Transaction, Transactions } from './transactions.ts';

const opposite = (role: IceRole): IceRole => (role === 'controlling' ? 'controlled' : 'controlling');

/** A check that came before we knew of its sender. */
interface Early {
  readonly base: TransportAddress;
  readonly from: TransportAddress;
  readonly check: GoodCheck;
  readonly id: string;
}

/** A full agent. Nothing happens until `start`. Throws a `RangeError` that names the setting that cannot work. */
export const createIceAgent = (config: IceConfig, env: IceEnvironment): IceAgent => new FullAgent(config, env);

class FullAgent implements IceAgent {
  readonly #config: IceConfig;
  readonly #env: IceEnvironment;
  readonly #journal = new Journal();
  readonly #answering: Answering;
  readonly #checklist: Checklist;
  readonly #transactions = new Transactions();
  readonly #locals: LocalCandidates;
  readonly #remotes = new Map<TransportAddress, Remote>();
  readonly #early: Early[] = [];
  #started = false;
  #role: IceRole;
  #tieBreaker: Uint8Array;
  #remote: IceCredentials | undefined;
  #now = 0 as Instant;
  /** The next moment when a new transaction may begin (Ta). */
  #slot = 0 as Instant;
  /** When the choice between pairs that work must be made. */
  #choiceAt: Instant | undefined;
  #patienceUntil: Instant | undefined;
  #selected: Pair | undefined;
  #nominations = 0;
  readonly #trips = new Map<Pair, RoundTrip>();
  readonly #consent: Consent;

  constructor(config: IceConfig, env: IceEnvironment) {
    checkIceConfig(config);
    this.#config = config;
    this.#env = env;
    this.#role = config.role;
    this.#tieBreaker = copy(env.random(8));
    this.#answering = new Answering(config.local, env.crypto, this.#journal);
    this.#consent = new Consent(config, env.random);
    this.#locals = new LocalCandidates(config.stunServers, (event) => this.#journal.event(event));
    this.#checklist = new Checklist((pair, because) =>
      this.#journal.event({ kind: 'pair', pair: pair.name, state: pair.state, because }),
    );
  }

  get state(): IceState {
    return this.#journal.state;
  }
  get role(): IceRole {
    return this.#role;
  }
  get route(): PairName | undefined {
    return this.#route?.name;
  }
  get rtt(): number | undefined {
    const route = this.#route;
    return route && this.#trips.get(route)?.ms;
  }
  /** Before the nomination any valid pair may carry data (RFC 8445 §12). */
  get #route(): Pair | undefined {
    return this.#selected ?? this.#best();
  }
  #best(): Pair | undefined {
    return this.#checklist.best(this.#role, ({ valid }) => valid);
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
        this.#start();
        break;
      case 'base':
        this.#addBase(input.base);
        break;
      case 'remote':
        this.#meet(input.credentials, input.lite);
        break;
      case 'remote-candidate':
        this.#addRemote(input.candidate);
        break;
      case 'datagram':
        this.#receive(input.bytes, input.from, input.on, input.answered ?? false);
        break;
      case 'timeout':
        break;
      case 'send':
        this.#send(input.bytes);
        break;
      case 'give-up':
        this.#fail(this.#journal.failure(this.#checklist.size, this.#best() !== undefined));
        break;
      case 'close':
        this.#journal.move('closed', 'closed by us');
        break;
      default:
        unreachable(input);
    }
    this.#proceed();
  }

  // What the caller tells.

  #start(): void {
    if (this.#started) {
      this.#journal.dropped('misuse', '', 'started twice');
      return;
    }
    this.#started = true;
    this.#slot = this.#now;
    for (const base of this.#config.bases) this.#addBase(base);
    if (!this.#locals.isGathering) this.#journal.event({ kind: 'gathered' });
  }

  #addBase(base: Base): void {
    const candidate = this.#locals.add(base);
    if (candidate) for (const remote of this.#remotes.values()) this.#pair(candidate, remote);
  }

  #meet(credentials: IceCredentials, lite: boolean): void {
    if (this.#remote) {
      const { ufrag, pwd } = this.#remote;
      if (ufrag !== credentials.ufrag || pwd !== credentials.pwd)
        this.#journal.dropped('misuse', '', 'other credentials are an ICE restart, which takes a new agent');
      return;
    }
    this.#remote = credentials;
    // A lite peer can't control (RFC 8445 §6.1.1).
    if (lite) this.#switchTo('controlling', 'the peer is lite');
    this.#patienceUntil = after(this.#now, this.#config.patienceMs);
    this.#journal.move('checking', 'the peer is known');
    for (const { base, from, check, id } of this.#early.splice(0)) this.#follow(base, from, check, id);
  }

  #addRemote(candidate: RemoteCandidate): void {
    const address = usableAddress(candidate);
    if (typeof address !== 'string') {
      this.#journal.skipped(candidate, address.skip);
      return;
    }
    if (this.#remotes.has(address)) return;
    if (this.#remotes.size >= this.#config.limits.remoteCandidates) {
      this.#journal.skipped(candidate, 'limit');
      return;
    }
    const { foundation, priority } = candidate;
    const remote: Remote = { address, foundation, priority };
    const scope = scopeOf(address);
    if (this.#started && !this.#locals.bases.some((base) => scopeOf(base.base) === scope)) {
      this.#journal.skipped(candidate, 'family');
      return;
    }
    this.#remotes.set(address, remote);
    const made = this.#locals.bases.map((base) => this.#pair(base, remote));
    if (made.includes('limit')) this.#journal.skipped(candidate, 'limit');
  }

  /** Pairs what belongs together (RFC 8445 §6.1.2.2); checks go out from bases, so bases are all that is paired. */
  #pair(local: LocalCandidate, remote: Remote): Pair | 'limit' | undefined {
    if (scopeOf(local.base) !== scopeOf(remote.address)) return undefined;
    const known = this.#checklist.find(local.base, remote.address);
    if (known) return known;
    if (this.#checklist.size >= this.#config.limits.pairs) return 'limit';
    return this.#checklist.add(local, remote);
  }

  #send(bytes: Uint8Array): void {
    const route = this.#route;
    if (!route) {
      this.#journal.dropped('no-route', '', 'no pair works yet');
      return;
    }
    this.#journal.push({ kind: 'transmit', base: route.local.base, to: route.remote.address, bytes });
  }

  // What the network brings.

  #receive(bytes: Uint8Array, from: TransportAddress, on: TransportAddress, answered: boolean): void {
    if (!this.#locals.base(on)) {
      this.#journal.dropped('unknown-base', from, `${on} is none of ours`);
      return;
    }
    const arrived = this.#journal.sift(bytes, from, on, () => {
      const pair = this.#checklist.find(on, from);
      return pair !== undefined && (pair.valid || pair.proved);
    });
    if (!arrived) return;
    switch (arrived.class) {
      case 'request':
        this.#request(arrived, from, on, answered);
        break;
      case 'indication':
        this.#journal.received(arrived, on, from, 'keepalive');
        break;
      case 'success':
      case 'error':
        this.#response(arrived, from, on);
        break;
      default:
        unreachable(arrived.class);
    }
  }

  /** RFC 8445 §7.3. */
  #request(arrived: Arrived, from: TransportAddress, on: TransportAddress, answered: boolean): void {
    const check = this.#answering.take(
      arrived,
      from,
      on,
      (claimed) => claimed.role !== this.#role || this.#settleRoles(claimed),
      answered,
    );
    if (!check) return;
    if (this.#remote) this.#follow(on, from, check, arrived.id);
    else if (this.#early.length < this.#config.limits.early)
      this.#early.push({ base: on, from, check, id: arrived.id });
  }

  /** Both claim the same role: the larger tie-breaker controls (RFC 8445 §7.3.1.1). False when the peer has to give way. */
  #settleRoles({ tieBreaker }: GoodCheck): boolean {
    const weAreLarger = compareTieBreakers(this.#tieBreaker, tieBreaker ?? new Uint8Array(8)) >= 0;
    if (weAreLarger === (this.#role === 'controlling')) return false;
    this.#switchTo(opposite(this.#role), 'the peer claims it with the other tie-breaker');
    return true;
  }

  #switchTo(role: IceRole, because: string): void {
    if (role === this.#role) return;
    const from = this.#role;
    this.#role = role;
    this.#journal.event({ kind: 'role', from, to: role, because });
  }

  /** What a good check of the peer's leads to: a new address, a check in the other direction, a nomination. */
  #follow(base: TransportAddress, from: TransportAddress, check: GoodCheck, id: string): void {
    const local = this.#locals.base(base);
    if (!local) return;
    let remote = this.#remotes.get(from);
    if (!remote) {
      if (this.#remotes.size >= this.#config.limits.remoteCandidates) {
        this.#journal.dropped('no-route', from, 'more addresses of the peer than are kept');
        return;
      }
      // Its foundation is like no other's (RFC 8445 §7.3.1.3).
      remote = { address: from, foundation: `prflx ${from}`, priority: check.priority };
      this.#remotes.set(from, remote);
      this.#journal.event({ kind: 'peer-reflexive', address: from });
    }
    const pair = this.#pair(local, remote);
    if (pair === undefined || pair === 'limit') return;
    pair.proved = true;
    const repeated = pair.lastRequest === id;
    pair.lastRequest = id;
    if (check.nomination !== undefined) pair.nomination = check.nomination;
    if (check.useCandidate && this.#role === 'controlled') {
      if (pair.valid) this.#nominated(pair);
      else pair.wanted = true;
    }
    // RFC 8445 §7.3.1.4. Once the choice is made, a controlling side has no more to find out.
    const settled = this.#selected !== undefined && this.#role === 'controlling';
    if (pair.state === 'succeeded' || repeated || settled) return;
    if (pair.state === 'in-progress') this.#cancel(pair);
    this.#checklist.trigger(pair, 'the peer checks it');
  }

  #cancel(pair: Pair): void {
    for (const one of this.#transactions.pending)
      if (one.purpose.kind === 'check' && one.purpose.pair === pair) one.cancelled = true;
  }

  /** RFC 8445 §7.2.5. */
  #response(arrived: Arrived, from: TransportAddress, on: TransportAddress): void {
    const transaction = this.#transactions.find(arrived.id);
    const { purpose } = transaction ?? {};
    this.#journal.received(arrived, on, from, purposeName(purpose));
    if (!transaction || !purpose) {
      this.#journal.dropped('unknown-transaction', from, arrived.id);
      return;
    }
    const attributes = counted(arrived.message.attributes);
    const unknown = notUnderstood(attributes);
    if (unknown.length > 0) {
      this.#journal.dropped('not-understood', from, unknown.join(', '));
      return;
    }
    if (purpose.kind === 'gathering') {
      this.#gathered(transaction, arrived, from, on);
      return;
    }
    const proved = this.#proved(arrived);
    if (arrived.class === 'error') {
      this.#refused(transaction, errorOf(attributes) ?? { number: 0, reason: '' }, proved, from);
      return;
    }
    if (!proved) {
      this.#journal.unproved++;
      this.#journal.dropped('wrong-integrity', from, 'the answer is not made with the password of the peer');
      return;
    }
    this.#transactions.finish(transaction.id);
    if (from !== transaction.to || on !== transaction.base) {
      this.#journal.dropped('unexpected-source', from, `the answer was due from ${transaction.to}`);
      if (purpose.kind === 'check') {
        this.#journal.elsewhere = { asked: transaction.to, from };
        this.#failPair(purpose.pair, 'answered from another address');
      }
      return;
    }
    const { pair } = purpose;
    this.#measure(pair, transaction);
    if (pair === this.#selected) this.#consent.renew(this.#now);
    if (purpose.kind === 'consent') return;
    this.#succeeded(pair, purpose.nominates && purpose.role === 'controlling', mappedAddress(attributes));
  }

  #proved({ bytes }: Arrived): boolean {
    const { pwd } = this.#remote ?? {};
    return pwd !== undefined && checkIntegrity(bytes, shortTermKey(pwd), this.#env.crypto).verdict === 'good';
  }

  #refused(
    transaction: Transaction,
    error: { readonly number: number; readonly reason: string },
    proved: boolean,
    from: TransportAddress,
  ): void {
    const { purpose, id } = transaction;
    if (purpose.kind === 'gathering') return;
    if (error.number === 487) {
      // Anybody may say so; only the peer is believed.
      if (!proved) {
        this.#journal.dropped('wrong-integrity', from, 'a role conflict that nobody vouches for');
        return;
      }
      this.#transactions.finish(id);
      if (purpose.kind === 'consent') return;
      // RFC 8445 §7.2.5.1: the role that the request claimed is the wrong one, and the tie-breaker changes with it.
      if (this.#role === purpose.role) {
        this.#tieBreaker = copy(this.#env.random(8));
        this.#switchTo(opposite(purpose.role), 'the peer says 487');
      }
      this.#checklist.trigger(purpose.pair, 'its role was refused');
      return;
    }
    // 400 and 401 come without integrity: who can't prove himself gets no proof either.
    this.#transactions.finish(id);
    this.#journal.refusal = error;
    if (purpose.kind === 'check') this.#failPair(purpose.pair, `refused with ${error.number}`);
  }

  #failPair(pair: Pair, because: string): void {
    pair.valid = false;
    pair.wanted = false;
    this.#checklist.set(pair, 'failed', because);
  }

  #measure(pair: Pair, { attempt, sentAt }: Transaction): void {
    let trip = this.#trips.get(pair);
    if (!trip) {
      trip = new RoundTrip();
      this.#trips.set(pair, trip);
    }
    // After a repeat nobody knows which of them was answered.
    if (attempt > 0 && trip.ms !== undefined) return;
    this.#journal.event({ kind: 'rtt', pair: pair.name, ms: trip.add(this.#now - sentAt) });
  }

  #succeeded(pair: Pair, nominates: boolean, mapped: TransportAddress | undefined): void {
    if (mapped !== undefined) this.#locals.seenAs(mapped, pair.local.base);
    pair.valid = true;
    this.#checklist.set(pair, 'succeeded', 'answered');
    this.#checklist.thaw(pair.foundation);
    if (this.state === 'checking') this.#journal.move('connected', 'a pair works');
    if (nominates || (pair.wanted && this.#role === 'controlled')) this.#nominated(pair);
    else if (this.#choiceAt === undefined) this.#choiceAt = after(this.#now, this.#config.nominationMs);
  }

  /** A nomination has gone through. A later one counts when it is worth more, or when the present pair has gone quiet. */
  #nominated(pair: Pair): void {
    pair.nominated = true;
    pair.wanted = false;
    const before = this.#selected;
    if (before === pair) return;
    if (before) {
      const newer = pair.nomination > this.#nominations;
      const better = byPriority(this.#role)(pair, before) < 0;
      if (!newer && !better && this.#consent.quietFor(this.#now) < 2 * this.#config.consentMs) return;
    }
    this.#nominations = Math.max(this.#nominations, pair.nomination);
    this.#selected = pair;
    this.#journal.event({ kind: 'selected', pair: pair.name, before: before?.name });
    this.#journal.move('completed', 'a pair is nominated');
    this.#consent.begin(this.#now);
    // RFC 8445 §8.1.1: what is still on its way is sent no more.
    for (const one of this.#transactions.pending) if (one.purpose.kind === 'check') one.cancelled = true;
  }

  #gathered(transaction: Transaction, arrived: Arrived, from: TransportAddress, on: TransportAddress): void {
    const { base, to: server } = transaction;
    if (from !== server || on !== base) {
      this.#journal.dropped('unexpected-source', from, `the answer was due from ${server}`);
      return;
    }
    this.#transactions.finish(transaction.id);
    const attributes = counted(arrived.message.attributes);
    const address = mappedAddress(attributes);
    if (arrived.class === 'error' || address === undefined) {
      const error = errorOf(attributes);
      this.#locals.nothingFrom(server, error ? `${error.number} ${error.reason}` : 'it names no address');
    } else {
      this.#locals.reflexive({ base, server }, address);
    }
  }

  // What time brings.

  #proceed(): void {
    if (this.#journal.over) return;
    this.#repeat();
    this.#choose();
    this.#begin();
    this.#askConsent();
    this.#lose();
  }

  #repeat(): void {
    const { again, unanswered } = this.#transactions.due(this.#now);
    for (const one of again) this.#transmit(one);
    for (const { purpose, cancelled } of unanswered) {
      if (purpose.kind === 'gathering') {
        this.#locals.nothingFrom(purpose.server, 'it does not answer');
      } else if (purpose.kind === 'check' && (!cancelled || (this.#selected && purpose.pair.state === 'in-progress'))) {
        // A check that was only put aside for a newer one says nothing of its pair.
        this.#failPair(purpose.pair, 'no answer');
      }
    }
  }

  #transmit({ base, to, bytes, id, purpose, attempt }: Transaction): void {
    const isCheck = purpose.kind === 'check';
    if (purpose.kind !== 'gathering') this.#journal.checksSent++;
    this.#journal.push({ kind: 'transmit', base, to, bytes });
    this.#journal.sent({
      ...{ base, peer: to, class: 'request', transaction: id, purpose: purposeName(purpose), attempt },
      useCandidate: isCheck && purpose.nominates,
      role: purpose.kind === 'gathering' ? undefined : isCheck ? purpose.role : this.#role,
    });
  }

  /** The controlling side's choice (RFC 8445 §8.1.1): the best that works, when nothing better may come or time is up. */
  #choose(): void {
    if (this.#role !== 'controlling' || this.#selected || this.#choiceAt === undefined || !this.#remote) return;
    const best = this.#best();
    if (!best || best.nominated) return;
    const asked = this.#transactions.pending.some(({ purpose }) => purpose.kind === 'check' && purpose.nominates);
    if (asked || (this.#now < this.#choiceAt && this.#checklist.betterComing(best, this.#role))) return;
    this.#check(best, true);
  }

  /** Begins at most one new transaction each Ta (RFC 8445 §14.2). */
  #begin(): void {
    if (!this.#started || this.#now < this.#slot) return;
    const enquiry = this.#locals.nextEnquiry();
    if (enquiry) {
      this.#enquire(enquiry);
      return;
    }
    if (!this.#remote) return;
    const pair = this.#checklist.next(this.#role, this.#selected === undefined);
    if (pair) this.#check(pair, false);
  }

  #enquire({ base, server }: Enquiry): void {
    const transactionId = copy(this.#env.random(transactionIdLength));
    const purpose: Purpose = { kind: 'gathering', server };
    const bytes = gatheringRequest(transactionId);
    this.#open({ purpose, base, to: server, bytes, transactionId }, this.#config.gathering);
  }

  #check(pair: Pair, nominates: boolean): void {
    if (!nominates) this.#checklist.set(pair, 'in-progress', 'checked');
    const purpose: Purpose = { kind: 'check', pair, role: this.#role, nominates };
    this.#ask(pair, purpose, this.#config.checks);
  }

  #ask(pair: Pair, purpose: Purpose, repetition: Repetition): void {
    const remote = this.#remote;
    if (!remote) return;
    const transactionId = copy(this.#env.random(transactionIdLength));
    const { base } = pair.local;
    const bytes = checkRequest(
      {
        ...{ transactionId, local: this.#config.local, remote, role: this.#role, tieBreaker: this.#tieBreaker },
        priority: this.#locals.checkPriority(base),
        useCandidate: purpose.kind === 'check' && purpose.nominates,
      },
      this.#env.crypto,
    );
    this.#open({ purpose, base, to: pair.remote.address, bytes, transactionId }, repetition);
  }

  #open(request: Parameters<Transactions['start']>[0], repetition: Repetition): void {
    const { pacingMs } = this.#config;
    // RFC 8445 §14.3: the more is under way, the longer each is waited for.
    const rtoMs = Math.max(repetition.rtoMs, pacingMs * (this.#checklist.underWay + this.#locals.waiting));
    this.#transmit(this.#transactions.start(request, { ...repetition, rtoMs }, this.#now));
    this.#slot = after(this.#now, pacingMs);
  }

  #askConsent(): void {
    const pair = this.#selected;
    if (!pair || !this.#consent.isDue(this.#now)) return;
    // Each is a transaction of its own, sent once.
    this.#ask(pair, { kind: 'consent', pair }, { ...this.#config.checks, requests: 1 });
  }

  #lose(): void {
    if (this.#consent.isLost(this.#now)) {
      this.#fail(this.#journal.consentLost(this.#checklist.size, this.#consent.quietFor(this.#now)));
      return;
    }
    if (this.#selected || this.#patienceUntil === undefined || this.#now < this.#patienceUntil) return;
    // RFC 8863 §4: not before the time is up, and then only when nothing is left to hope for.
    if (this.#checklist.pairs.some(({ state }) => state === 'waiting' || state === 'in-progress')) return;
    this.#fail(this.#journal.failure(this.#checklist.size, this.#best() !== undefined));
  }

  #fail(failure: IceFailure): void {
    this.#journal.fail(failure);
  }

  #deadline(): Instant | undefined {
    if (this.#journal.over) return undefined;
    let first = earlier(this.#transactions.deadline, this.#consent.deadline);
    const ordinary = this.#selected === undefined;
    if (this.#started && (this.#locals.waiting > 0 || (this.#remote && this.#checklist.hasWork(ordinary))))
      first = earlier(first, this.#slot);
    if (!this.#selected) {
      if (this.#role === 'controlling' && this.#choiceAt !== undefined && this.#choiceAt > this.#now)
        first = earlier(first, this.#choiceAt);
      if (this.#patienceUntil !== undefined && this.#patienceUntil > this.#now)
        first = earlier(first, this.#patienceUntil);
    }
    return first;
  }
}

const purposeName = (purpose: Purpose | undefined): 'gathering' | 'check' | 'nomination' | 'consent' | 'unknown' => {
  if (!purpose) return 'unknown';
  return purpose.kind === 'check' && purpose.nominates ? 'nomination' : purpose.kind;
};
