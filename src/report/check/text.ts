/** A check of a peer as text: the sentence first, then a line for each check, with more under what failed. */
import { plain, toAscii, wrap } from '../plain.ts';
import { paint } from '../style.ts';
import type { TextOptions } from '../text.ts';
import {
  againLine,
  checkSummary,
  type Look,
  lookOf,
  lookSigns,
  needsAttention,
  sections,
  spentText,
} from './summary.ts';
import type { CheckRow, CheckTable } from './table.ts';

export interface CheckTextOptions extends TextOptions {
  /** Leave out what passes, and what is not applicable. */
  readonly failedOnly?: boolean;
}

const asciiSigns: Readonly<Record<Look, string>> = {
  fail: 'X',
  habit: '!',
  unclear: '?',
  pass: '+',
  'not-applicable': '-',
};
/** Sign, demand and the spaces between. Columns */
const margin = 9;

/** The whole report; lines end in "\n". */
export function checkText(report: CheckTable, options: CheckTextOptions): string {
  const width = Math.max(60, Math.floor(options.width));
  const ascii = options.ascii ?? false;
  const style = paint(options.colour, ascii);
  const { bold, dim } = style;
  const signs = ascii ? asciiSigns : lookSigns;
  const look = { fail: style.bad, habit: style.warn, unclear: style.warn, pass: style.good, 'not-applicable': dim };
  const lines = [...wrap(plain(checkSummary(report)), width).map(bold)];
  if (report.ended !== 'nobody-there')
    lines.push(...wrap(plain(`${report.target}: ${report.reached}; ${spentText(report)}.`), width).map(dim));
  const shown = options.failedOnly ? report.results.filter(needsAttention) : report.results;
  for (const [section, results] of sections(shown)) {
    lines.push('', bold(section));
    for (const result of results) {
      const kind = lookOf(result);
      const demand = result.demand === 'habit' ? '' : result.demand;
      const [first = '', ...rest] = wrap(plain(lineOf(result)), width - margin);
      const paintRest = kind === 'not-applicable' ? dim : style.same;
      lines.push(`${look[kind](signs[kind])} ${dim(demand.padEnd(margin - 2))}${paintRest(first)}`);
      for (const line of [...rest, ...more(report.target, result, width - margin)])
        lines.push(`${' '.repeat(margin)}${paintRest(line)}`);
    }
  }
  const text = `${lines.join('\n')}\n`;
  return ascii ? toAscii(text) : text;
}

const lineOf = ({ title, says }: CheckRow): string => `${title}: ${says}`;

/** Where it is written, what it is called, and what makes it again. */
function more(target: string, result: CheckRow, width: number): readonly string[] {
  if (result.status !== 'fail') return [];
  const { id, see, findings } = result;
  const named = findings.length > 0 ? `; finding ${findings.join(', ')}` : '';
  return [`${see}${named}`, againLine(target, id)].flatMap((line) =>
    wrap(plain(line), width - 2).map((one) => `  ${one}`),
  );
}
