/**
 * Signalling where the peer begins and waits for our answer: a page at our gateway, this browser's own stack. What becomes
 * known afterwards, candidates and facts, is passed on while the run lasts.
 */
import type { SdpCandidate } from '../ice/sdpModel.ts';
import type { SignallingFact } from '../trace/pathFacts.ts';
import type { PathNews } from './api.ts';
import type { Exchanged, Signalling } from './signalling.ts';

export interface OfferedSpec {
  readonly offer: string;
  /** Our answer; called once, if at all. */
  readonly answered: (sdp: string) => void;
  /** The run is over. */
  readonly closed?: (() => void) | undefined;
}

/** Candidates that wait for ICE to begin. */
const mostEarly = 100;

export class OfferedSignalling implements Signalling {
  readonly offer: string;
  readonly direction = 'sendrecv';
  readonly trickles = false;
  readonly #spec: OfferedSpec;
  readonly #early: SdpCandidate[] = [];
  #hear: ((candidate: SdpCandidate) => void) | undefined;
  #tell: (news: PathNews) => void = () => {};
  #closed = false;

  constructor(spec: OfferedSpec) {
    this.offer = spec.offer;
    this.#spec = spec;
  }

  /** Takes where facts go; what `SignalledSpec.signalling` wants. */
  telling(tell: (news: PathNews) => void): this {
    this.#tell = tell;
    return this;
  }

  exchange(ours: { readonly sdp: string }): Promise<Exchanged> {
    this.#spec.answered(ours.sdp);
    return Promise.resolve({ ok: true, answer: undefined, iceServers: [] });
  }

  hear(candidate: (candidate: SdpCandidate) => void): void {
    this.#hear = candidate;
    for (const one of this.#early.splice(0)) candidate(one);
  }

  /** A candidate of the peer's. */
  candidate(candidate: SdpCandidate): void {
    if (this.#closed) return;
    if (this.#hear) this.#hear(candidate);
    else if (this.#early.length < mostEarly) this.#early.push(candidate);
  }

  /** Something that the trace is to keep. */
  fact(fact: SignallingFact): void {
    if (!this.#closed) this.#tell({ kind: 'signalling', fact });
  }

  trickle(): void {}

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#spec.closed?.();
  }
}
