/** The table of a check: how a result looks, what it comes to in one sentence, and its rows by section. */
import type { CheckCost, CheckOutcome } from '../../src/bridge/panel.ts';
import { type Badge, plural } from './text.ts';

/** A habit that is found is no failure of the peer's. */
export function checkBadge({ status, demand }: Pick<CheckOutcome, 'status' | 'demand'>): Badge {
  switch (status) {
    case 'pass':
      return { text: 'passes', tone: 'good', shape: 'check' };
    case 'fail':
      if (demand === 'habit') return { text: 'worth knowing', tone: 'warn', shape: 'bar' };
      return { text: 'fails', tone: 'bad', shape: 'cross' };
    case 'unclear':
      return { text: 'not clear', tone: 'warn', shape: 'dots' };
    case 'not-applicable':
      return { text: 'not applicable', tone: 'quiet', shape: 'ring' };
  }
}

export const needsAttention = ({ status }: Pick<CheckOutcome, 'status'>): boolean =>
  status === 'fail' || status === 'unclear';

/** In the order in which they were made. */
export function checkSections(
  results: readonly CheckOutcome[],
): readonly (readonly [string, readonly CheckOutcome[]])[] {
  const found = new Map<string, CheckOutcome[]>();
  for (const result of results) found.set(result.section, [...(found.get(result.section) ?? []), result]);
  return [...found];
}

/** "1 of 14 demanded by the RFCs fails; 2 of 9 recommended; 3 habits worth knowing". */
export function checkTally(results: readonly CheckOutcome[]): string {
  const count = (demand: CheckOutcome['demand'], ...statuses: readonly CheckOutcome['status'][]): number =>
    results.filter((one) => one.demand === demand && statuses.includes(one.status)).length;
  const of = (demand: 'MUST' | 'SHOULD', word: string): string => {
    const failed = count(demand, 'fail');
    const all = count(demand, 'fail', 'pass');
    return failed === 0 ? `all ${all} ${word} pass` : `${failed} of ${all} ${word} ${failed === 1 ? 'fails' : 'fail'}`;
  };
  const habits = count('habit', 'fail');
  const unclear = results.filter(({ status }) => status === 'unclear').length;
  const decided = (demand: 'MUST' | 'SHOULD'): boolean => count(demand, 'fail', 'pass') > 0;
  const parts = [
    ...(decided('MUST') ? [of('MUST', 'that RFCs demand')] : []),
    ...(decided('SHOULD') ? [of('SHOULD', 'that RFCs recommend')] : []),
    ...(habits > 0 ? [`${plural(habits, 'habit')} worth knowing`] : []),
    ...(unclear > 0 ? [`${unclear} not clear`] : []),
  ];
  return parts.length === 0 ? 'nothing is decided yet' : parts.join('; ');
}

/** "96 handshakes, 2400 datagrams of ours, 4 min". */
export const costText = ({ handshakes, datagrams, seconds }: CheckCost): string =>
  `${plural(handshakes, 'handshake')}, ${datagrams} datagrams of ours, ${
    seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`
  }`;

export const demandText = ({ demand, see }: Pick<CheckOutcome, 'demand' | 'see'>): string =>
  demand === 'habit' ? 'a habit' : `${demand}, ${see}`;
