/**
 * JUnit's XML, as CI systems read it: a test case for each scenario file. There is no schema that all agree on; this keeps
 * to what the readers of Jenkins, GitLab and GitHub's actions have in common.
 */
import { element, escapeMarkup } from '../markup.ts';
import { type CaseReport, tally } from './model.ts';

export function junit(cases: readonly CaseReport[]): string {
  const { unmet, errors } = tally(cases);
  const time = seconds(cases.reduce((sum, { durationMs }) => sum + durationMs, 0));
  const counts = { tests: cases.length, failures: unmet, errors, time };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>\n',
    element(
      'testsuites',
      { name: 'dtlscope', ...counts },
      '\n',
      element('testsuite', { name: 'dtlscope', skipped: 0, ...counts }, '\n', ...cases.map(testCase)),
      '\n',
    ),
    '\n',
  ].join('');
}

function testCase(one: CaseReport): string {
  const { result, unmet, error, outcome, verdict, repeat, traces, commandLine, ladder } = one;
  const body = [
    ...unmet.map((text) => `${text}.`),
    error?.message,
    verdict,
    repeat?.difference,
    commandLine === null ? undefined : `To repeat it: ${commandLine}`,
    traces.length === 0 ? undefined : `Kept: ${traces.join(', ')}`,
    ...(ladder === null ? [] : ladder.split('\n')),
  ].filter((line) => typeof line === 'string');
  // Lines stay lines; within one nothing is left that XML forbids.
  const text = `\n${body.map(escapeMarkup).join('\n')}\n`;
  const failed =
    result === 'unmet'
      ? element('failure', { type: outcome ?? 'unmet', message: unmet.join('; ') }, text)
      : result === 'error'
        ? element('error', { type: error?.kind ?? 'infrastructure', message: error?.message ?? '' }, text)
        : '';
  return `${element('testcase', { classname: one.file, name: one.name, time: seconds(one.durationMs) }, failed)}\n`;
}

const seconds = (ms: number): string => (ms / 1000).toFixed(3);
