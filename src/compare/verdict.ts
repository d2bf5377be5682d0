/** What an expert would say first of two handshakes that somebody put side by side. */
import type { Compared, Difference } from './model.ts';

export function verdictOf(a: Compared, b: Compared, first: Difference | undefined, all: readonly Difference[]): string {
  const ends =
    a.diagnosis.outcome === b.diagnosis.outcome
      ? `Both end as ${a.diagnosis.outcome}`
      : `A ends as ${a.diagnosis.outcome}, B as ${b.diagnosis.outcome}`;
  if (!first) return `${ends}; they do not differ but in what is fresh in every handshake.`;
  const stacks = otherStack(all) ? ' The two ClientHellos come from different stacks or settings.' : '';
  const lead = first.weight === 'minor' ? 'they differ in little; the first is' : 'the first difference is';
  return `${ends}; ${lead} ${placeText(first)}.${stacks}`;
}

/** "the client's client_hello (flight 1): cipher_suites". */
export function placeText({ from, flight, message, occurrence, field }: Difference): string {
  if (from === undefined) return field === 'outcome' ? 'how they end' : field;
  const number = flight === undefined ? '' : ` (flight ${flight})`;
  if (message === undefined) return `how the ${from}'s flight ${flight} was sent: ${field}`;
  const nth = occurrence === 1 ? '' : `${occurrence}${['nd', 'rd'][occurrence - 2] ?? 'th'} `;
  return `the ${from}'s ${nth}${message}${number}: ${field}`;
}

/** One list that differs is a setting; several are another library. */
const listsOfAnother = 2;

function otherStack(all: readonly Difference[]): boolean {
  const own = all.filter(
    ({ message, from, weight, field }) =>
      message === 'client_hello' && from === 'client' && weight === 'real' && field !== 'presence',
  );
  return new Set(own.map(({ field }) => field)).size >= listsOfAnother;
}
