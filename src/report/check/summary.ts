/** What a check of a peer comes to, in one sentence; and what the ways of showing it have in common. */
import type { CheckRow, CheckTable } from './table.ts';

/** How a result is shown: a habit that is found is no failure of the peer's. */
export type Look = 'fail' | 'habit' | 'unclear' | 'pass' | 'not-applicable';

export const lookOf = ({ status, demand }: Pick<CheckRow, 'status' | 'demand'>): Look =>
  status === 'fail' && demand === 'habit' ? 'habit' : status;

export const lookWords: Readonly<Record<Look, string>> = {
  fail: 'fails',
  habit: 'worth knowing',
  unclear: 'not clear',
  pass: 'passes',
  'not-applicable': 'not applicable',
};
export const lookSigns: Readonly<Record<Look, string>> = {
  fail: '✕',
  habit: '!',
  unclear: '?',
  pass: '✔',
  'not-applicable': '–',
};

/** What is to be looked into: failures, habits that are worth knowing, and what could not be decided. */
export const needsAttention = ({ status }: Pick<CheckRow, 'status'>): boolean =>
  status === 'fail' || status === 'unclear';

/** "It fails 2 of 31 things that the RFCs demand, and does all 12 that they recommend; 1 habit is worth knowing." */
export function checkSummary({ ended, reached, results }: Pick<CheckTable, 'ended' | 'reached' | 'results'>): string {
  if (ended === 'nobody-there') return `Nothing could be checked: ${reached.replace(/\.$/, '')}.`;
  const count = (demand: CheckRow['demand'], ...statuses: readonly CheckRow['status'][]): number =>
    results.filter((one) => one.demand === demand && statuses.includes(one.status)).length;
  const clauses = (
    [
      ['MUST', 'demand'],
      ['SHOULD', 'recommend'],
    ] as const
  ).flatMap(([demand, ask]) => {
    const failed = count(demand, 'fail');
    const all = count(demand, 'fail', 'pass');
    const verb = failed > 0 ? 'fails' : 'does';
    const of = all === 1 ? 'the one' : failed > 0 ? `${failed} of ${all}` : `all ${all}`;
    return all === 0 ? [] : [{ verb, of, things: all === 1 ? 'thing' : 'things', ask }];
  });
  const [first, second] = clauses;
  const habits = count('habit', 'fail');
  const unclear = results.filter(({ status }) => status === 'unclear').length;
  const more = [
    ...(habits > 0 ? [`${habits} ${habits === 1 ? 'habit is' : 'habits are'} worth knowing`] : []),
    ...(unclear > 0 ? [`${unclear} could not be decided`] : []),
    ...(ended === 'stopped' ? ['it was stopped before all was tried'] : []),
  ];
  const asked = first
    ? `It ${first.verb} ${first.of} ${first.things} that the RFCs ${first.ask}`
    : 'Nothing that the RFCs ask for is decided';
  const also = second
    ? `${second.verb === 'fails' && first?.verb === 'does' ? ', but' : ', and'}${second.verb === first?.verb ? '' : ` ${second.verb}`} ${second.of} that they ${second.ask}`
    : '';
  return `${asked}${also}${more.length > 0 ? `; ${more.join(', ')}` : ''}.`;
}

/** Whether something that is asked of the peer failed; with `strict` also what is only recommended. */
export const failed = ({ results }: Pick<CheckTable, 'results'>, strict: boolean): boolean =>
  results.some(({ status, demand }) => status === 'fail' && (demand === 'MUST' || (strict && demand === 'SHOULD')));

/** "69 handshakes, 812 datagrams of ours (120 KB), 43 s". */
export const spentText = ({ spent }: Pick<CheckTable, 'spent'>): string =>
  `${spent.handshakes} handshakes, ${spent.datagrams} datagrams of ours (${(spent.bytes / 1000).toFixed(0)} KB), ${spent.seconds.toFixed(0)} s`;

/** Results by their sections, in order. */
export function sections(results: readonly CheckRow[]): readonly (readonly [string, readonly CheckRow[]])[] {
  const found = new Map<string, CheckRow[]>();
  for (const result of results) found.set(result.section, [...(found.get(result.section) ?? []), result]);
  return [...found];
}

/** What makes the trials of a check again. */
export const againLine = (target: string, id: string): string => `dtlscope check ${target} --only ${id} --traces DIR`;
