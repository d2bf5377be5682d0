/** A check's table in words: the sentence that leads it, and that no word of a peer's becomes markup. */
import { describe, expect, it } from 'vitest';
import { checkHtml } from '../../src/report/check/html.ts';
import { checkMarkdown } from '../../src/report/check/markdown.ts';
import { checkSummary } from '../../src/report/check/summary.ts';
import type { CheckRow } from '../../src/report/check/table.ts';
import { type CheckVerdict, checkRows, checkTable } from '../support/checkTable.ts';

const [must, mustNot]: readonly CheckVerdict[] = [
  ['MUST', 'pass'],
  ['MUST', 'fail'],
];
const [should, shouldNot]: readonly CheckVerdict[] = [
  ['SHOULD', 'pass'],
  ['SHOULD', 'fail'],
];

describe('a check comes to one sentence', () => {
  it.each([
    [[must, must, should, should], 'It does all 2 things that the RFCs demand, and all 2 that they recommend.'],
    [
      [must, must, should, shouldNot],
      'It does all 2 things that the RFCs demand, but fails 1 of 2 that they recommend.',
    ],
    [
      [must, mustNot, should, should],
      'It fails 1 of 2 things that the RFCs demand, and does all 2 that they recommend.',
    ],
    [
      [must, mustNot, should, shouldNot],
      'It fails 1 of 2 things that the RFCs demand, and 1 of 2 that they recommend.',
    ],
    [[mustNot], 'It fails the one thing that the RFCs demand.'],
    [[must], 'It does the one thing that the RFCs demand.'],
    [[should, shouldNot], 'It fails 1 of 2 things that the RFCs recommend.'],
    [[['habit', 'fail']], 'Nothing that the RFCs ask for is decided; 1 habit is worth knowing.'],
    [
      [must, must, ['MUST', 'unclear'], ['habit', 'fail'], ['habit', 'fail'], ['SHOULD', 'not-applicable']],
      'It does all 2 things that the RFCs demand; 2 habits are worth knowing, 1 could not be decided.',
    ],
  ] as readonly (readonly [readonly CheckVerdict[], string])[])('%j', (verdicts, sentence) => {
    expect(checkSummary(checkTable(checkRows(...verdicts)))).toBe(sentence);
  });

  it('says that it was stopped, and not that while it goes on', () => {
    const results = checkRows(...([must, must] as readonly CheckVerdict[]));
    expect(checkSummary(checkTable(results, 'stopped'))).toMatch(/; it was stopped before all was tried\.$/);
    expect(checkSummary(checkTable(results, 'running'))).not.toContain('stopped');
  });

  it('says why nobody was there', () => {
    const { results, ...rest } = checkTable([], 'nobody-there');
    expect(checkSummary({ ...rest, results, reached: 'Refused: nobody listens.' })).toBe(
      'Nothing could be checked: Refused: nobody listens.',
    );
  });
});

it('what a peer said is never markup, and addresses are masked unless asked for', () => {
  const [row] = checkRows(['MUST', 'fail']);
  const hostile = checkTable([{ ...(row as CheckRow), says: '<script>|alert(1)|</script> from 192.0.2.7 `x`' }]);
  const page = checkHtml(hostile, 'masked');
  expect(page).toContain('&lt;script&gt;');
  expect(page).not.toContain('<script>|');
  expect(page).not.toContain('192.0.2.7');
  expect(checkHtml(hostile, 'shown')).toContain('192.0.2.7');
  const ticket = checkMarkdown(hostile, 'masked');
  expect(ticket).not.toContain('192.0.2.7');
  const line = ticket.split('\n').find((one) => one.includes('alert')) ?? '';
  expect(line.match(/(?<!\\)\|/g)).toHaveLength(6);
  expect(ticket).not.toContain('<script>');
});
