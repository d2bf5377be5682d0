/** What one end's own records say of a call, apart from any datagram: facts to be joined to a capture of the same call. */
import type { TraceEvent } from './model.ts';

type OneOf<T> = T extends unknown ? Omit<T, 'at'> : never;

export interface CallFact {
  /** Milliseconds since 1970, where the record has a time. */
  readonly at: number | undefined;
  readonly event: OneOf<Extract<TraceEvent, { readonly kind: 'ice' | 'signalling' | 'fingerprint' }>>;
}

export interface Call {
  readonly id: string;
  /** The page that made it. */
  readonly url: string | undefined;
  /** ICE user fragments of both sides, and addresses of all candidates: what a capture knows a call by. */
  readonly ufrags: readonly string[];
  readonly addresses: readonly string[];
  readonly facts: readonly CallFact[];
}
