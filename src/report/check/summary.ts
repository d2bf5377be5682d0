/** What a check of a peer comes to, in one sentence; and what the ways of showing it have in common. */
import type { CheckReport, CheckResult, Demand, Status } from '../../run/check/model.ts';

/** How a result is shown: a habit that is found is no failure of the peer's. */
export type Look = 'fail' | 'habit' | 'unclear' | 'pass' | 'not-applicable';

export const lookOf = ({ status, demand }: Pick<CheckResult, 'status' | 'demand'>): Look =>
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

const countOf = (results: readonly CheckResult[], demand: Demand, ...statuses: readonly Status[]): number =>
  results.filter((one) => one.demand === demand && statuses.includes(one.status)).length;

/** "It fails 2 of 31 things that the RFCs demand, and 1 of 12 that they recommend." */
export function checkSummary({ ended, reached, results }: CheckReport): string {
  if (ended === 'nobody-there') return `Nothing could be checked: ${reached.replace(/\.$/, '')}.`;
  const of = (demand: Demand): readonly [number, number] => [
    countOf(results, demand, 'fail'),
    countOf(results, demand, 'fail', 'pass'),
  ];
  const [must, musts] = of('MUST');
  const [should, shoulds] = of('SHOULD');
  const [habits] = of('habit');
  const unclear = results.filter(({ status }) => status === 'unclear').length;
  const parts = [
    must === 0
      ? `It does all ${musts} things that the RFCs demand`
      : `It fails ${must} of ${musts} things that the RFCs demand`,
    should === 0
      ? `all ${shoulds} that they recommend`
      : `${must === 0 ? 'fails ' : ''}${should} of ${shoulds} that they recommend`,
  ];
  const more = [
    ...(habits > 0 ? [`${habits} ${habits === 1 ? 'habit is' : 'habits are'} worth knowing`] : []),
    ...(unclear > 0 ? [`${unclear} could not be decided`] : []),
    ...(ended === 'stopped' ? ['it was stopped before all was tried'] : []),
  ];
  return `${parts.join(must === 0 && should > 0 ? ', but ' : ', and ')}${more.length > 0 ? `; ${more.join(', ')}` : ''}.`;
}

/** Whether something that is asked of the peer failed; with `strict` also what is only recommended. */
export const failed = ({ results }: CheckReport, strict: boolean): boolean =>
  results.some(({ status, demand }) => status === 'fail' && (demand === 'MUST' || (strict && demand === 'SHOULD')));

/** "69 handshakes, 812 datagrams of ours (120 KB), 43 s". */
export const spentText = ({ spent }: CheckReport): string =>
  `${spent.handshakes} handshakes, ${spent.datagrams} datagrams of ours (${(spent.bytes / 1000).toFixed(0)} KB), ${spent.seconds.toFixed(0)} s`;

/** Results by their sections, in order. */
export function sections(results: readonly CheckResult[]): readonly (readonly [string, readonly CheckResult[]])[] {
  const found = new Map<string, CheckResult[]>();
  for (const result of results) found.set(result.section, [...(found.get(result.section) ?? []), result]);
  return [...found];
}

/** What makes the trials of a check again. */
export const againLine = (target: string, id: string): string => `dtlscope check ${target} --only ${id} --traces DIR`;
