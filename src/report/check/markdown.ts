/** A check of a peer as Markdown, to be pasted into a ticket: the sentence, what failed, and the table of all. */
import { version } from '../../base/version.ts';
import { type Addresses, masker } from '../addresses.ts';
import { escapeMarkdown } from '../markdown.ts';
import { checkSummary, lookOf, lookSigns, lookWords, sections, spentText } from './summary.ts';
import type { CheckRow, CheckTable } from './table.ts';

export function checkMarkdown(report: CheckTable, addresses: Addresses): string {
  const mask = masker(addresses);
  const text = (words: string): string => escapeMarkdown(mask(words));
  const row = (result: CheckRow): string => {
    const look = lookOf(result);
    const demand = result.demand === 'habit' ? '' : result.demand;
    return `| ${lookSigns[look]} ${lookWords[look]} | ${demand} | ${text(result.title)} | ${text(result.says)} | ${text(result.see)} |`;
  };
  return [
    `### ${text(checkSummary(report))}`,
    '',
    text(`${report.target}: ${report.reached}; ${spentText(report)}.`),
    ...sections(report.results).flatMap(([section, results]) => [
      '',
      `#### ${section}`,
      '',
      '| result | asked by | what is asked | what came | see |',
      '|---|---|---|---|---|',
      ...results.map(row),
    ]),
    ...report.results.flatMap(({ status, title, scenario }) =>
      status === 'fail' && scenario !== undefined
        ? [
            '',
            `<details><summary>A scenario that shows it: ${text(title)}</summary>`,
            '',
            '```yaml',
            mask(scenario).trimEnd(),
            '```',
            '',
            '</details>',
          ]
        : [],
    ),
    '',
    `<sub>dtlscope ${version}</sub>`,
    '',
  ].join('\n');
}
