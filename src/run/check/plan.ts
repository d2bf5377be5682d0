/** Which checks are made, in which order, and what that may cost at most. */
import type { Check, CheckHead, Cost } from './model.ts';

/** Checks in the order in which they are made: what others go by comes first. */
export type Table = readonly Check[];

/** With `--thorough` there may be more of the same. */
const thoroughly = 3;

export const costOf = ({ cost, more }: CheckHead, thorough: boolean): Cost =>
  thorough && more
    ? {
        handshakes: cost.handshakes * thoroughly,
        datagrams: cost.datagrams * thoroughly,
        seconds: cost.seconds * thoroughly,
      }
    : cost;

/** Reaching the peer, and all checks: at most. */
export function costOfAll(checks: Table, thorough: boolean): Cost {
  const costs = [reachingCost, ...checks.map((check) => costOf(check, thorough))];
  const sum = (pick: (cost: Cost) => number): number => costs.reduce((all, cost) => all + pick(cost), 0);
  return {
    handshakes: sum(({ handshakes }) => handshakes),
    datagrams: sum(({ datagrams }) => datagrams),
    seconds: Math.ceil(sum(({ seconds }) => seconds)),
  };
}

/** What it takes at most to find out how a peer can be talked to. */
export const reachingCost: Cost = { handshakes: 9, datagrams: 300, seconds: 34 };
