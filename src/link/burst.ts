/**
 * Loss in bursts: a chain of two states that takes one step for every datagram (Gilbert 1960, Elliott 1963). Radio links lose
 * so: nothing for long, then several in a row, which costs whole flights where single losses would cost a fragment.
 */
import type { Prng } from '../base/random.ts';
import type { LinkRule } from './api.ts';

type Burst = Extract<LinkRule, { readonly kind: 'burst' }>;

/**
 * Says for one datagram after the other whether it is lost. The chain begins in its long-run distribution, so that the first
 * datagrams of a short handshake fare like all others. Draws twice for each.
 */
export function burstLoss({ share, length, inside, outside }: Burst, prng: Prng): () => boolean {
  // A spell ends with 1/length at each step; how often one begins follows from the share of the bad state.
  const ends = 1 / length;
  const begins = Math.min(1, (ends * share) / (1 - share));
  let bad = prng.float() < share;
  return () => {
    const lost = prng.float() < (bad ? inside : outside);
    const change = prng.float();
    bad = bad ? change >= ends : change < begins;
    return lost;
  };
}

/** The largest share of bad datagrams that spells of this mean length can make up: one good datagram parts two of them. */
export const largestShare = (length: number): number => length / (length + 1);
