/** Our own candidates: bases, what STUN servers and checks tell of them, and which servers are still to be asked. */
import { parseSocketAddress } from '../base/ip.ts';
import type { Base, CandidateKind, IceEvent, LocalCandidate, TransportAddress } from './api.ts';
import { Foundations, priorityOf, scopeOf } from './candidates.ts';

/** A STUN server that is to be asked from a base. */
export interface Enquiry {
  readonly base: TransportAddress;
  readonly server: TransportAddress;
}

export class LocalCandidates {
  readonly #servers: readonly TransportAddress[];
  readonly #tell: (event: IceEvent) => void;
  readonly #foundations = new Foundations();
  readonly #bases: LocalCandidate[] = [];
  readonly #all: LocalCandidate[] = [];
  readonly #enquiries: Enquiry[] = [];
  /** Enquiries that have not come to an end, begun or not. */
  #open = 0;

  constructor(servers: readonly TransportAddress[], tell: (event: IceEvent) => void) {
    this.#servers = servers;
    this.#tell = tell;
  }

  /** Candidates that checks are sent from. */
  get bases(): readonly LocalCandidate[] {
    return this.#bases;
  }
  /** How many servers are still to be asked. */
  get waiting(): number {
    return this.#enquiries.length;
  }
  get isGathering(): boolean {
    return this.#open > 0;
  }

  base(address: TransportAddress): LocalCandidate | undefined {
    return this.#bases.find(({ base }) => base === address);
  }

  /** Adds a base; `undefined` when it is there already. Throws a `RangeError` for what is no address. */
  add(base: Base): LocalCandidate | undefined {
    if (this.base(base.address)) return undefined;
    if (!parseSocketAddress(base.address)) throw new RangeError(`base "${base.address}" is no address and port`);
    const candidate = this.#candidate(base.kind, base.address, base.address, this.#bases.length, undefined);
    this.#bases.push(candidate);
    this.#announce(candidate);
    // Nobody is asked for a relay's own address.
    if (base.kind === 'host')
      for (const server of this.#servers)
        if (scopeOf(server) === scopeOf(base.address)) {
          this.#enquiries.push({ base: base.address, server });
          this.#open++;
        }
    return candidate;
  }

  /** The next server to ask. */
  nextEnquiry(): Enquiry | undefined {
    return this.#enquiries.shift();
  }

  /** A server said how it sees a base. */
  reflexive({ base, server }: Enquiry, address: TransportAddress): void {
    this.#announce(this.#candidate('srflx', address, base, this.#nth(base), server));
    this.#closed();
  }

  /** A server gave nothing. */
  nothingFrom(server: TransportAddress, why: string): void {
    this.#tell({ kind: 'gathering-failed', server, why });
    this.#closed();
  }

  /** The peer said how it sees a base: new only when nobody said so before (RFC 8445 §7.2.5.3.1). */
  seenAs(address: TransportAddress, base: TransportAddress): void {
    if (this.#all.some((candidate) => candidate.address === address)) return;
    this.#announce(this.#candidate('prflx', address, base, this.#nth(base), undefined));
  }

  /** What a candidate that a check from this base brings to light is worth (RFC 8445 §7.1.1). */
  checkPriority(base: TransportAddress): number {
    return priorityOf('prflx', this.#nth(base));
  }

  #nth(base: TransportAddress): number {
    return Math.max(
      0,
      this.#bases.findIndex((one) => one.base === base),
    );
  }

  #candidate(
    kind: CandidateKind,
    address: TransportAddress,
    base: TransportAddress,
    nth: number,
    server: TransportAddress | undefined,
  ): LocalCandidate {
    const foundation = this.#foundations.of(kind, base, server);
    return { kind, address, base, priority: priorityOf(kind, nth), foundation, server };
  }

  #announce(candidate: LocalCandidate): void {
    // The same address from the same base twice is redundant (RFC 8445 §5.1.3).
    if (this.#all.some(({ address, base }) => address === candidate.address && base === candidate.base)) return;
    this.#all.push(candidate);
    this.#tell({ kind: 'candidate', candidate });
  }

  #closed(): void {
    this.#open--;
    if (this.#open === 0) this.#tell({ kind: 'gathered' });
  }
}
