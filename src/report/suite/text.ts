/** Many scenario files as text: a line for each, what was not as expected under it, and the count. */
import { plain, toAscii, wrap } from '../plain.ts';
import { paint } from '../style.ts';
import type { TextOptions } from '../text.ts';
import { type CaseReport, outcomesText, tally, tallyText } from './model.ts';

/** One line without colours, for logs: "✔ name: established". */
export function caseLine({ result, name, file, outcome, error }: CaseReport): string {
  const sign = result === 'held' ? '✔' : result === 'unmet' ? '✕' : '!';
  const where = name === file ? '' : ` (${file})`;
  return plain(`${sign} ${name}${where}: ${error === null ? outcome : 'could not be made'}`);
}

export interface SuiteTextOptions extends TextOptions {
  /** Leave out what was as expected. */
  readonly failedOnly: boolean;
}

/** The whole summary; lines end in "\n". */
export function suiteText(cases: readonly CaseReport[], options: SuiteTextOptions): string {
  const width = Math.max(60, Math.floor(options.width));
  const { good, bad, warn, dim, bold } = paint(options.colour, options.ascii ?? false);
  const lines: string[] = [];
  const under = (text: string, style = (line: string): string => line): void => {
    for (const line of wrap(plain(text), width - 4)) lines.push(`    ${style(line)}`);
  };
  for (const one of cases) {
    if (options.failedOnly && one.result === 'held') continue;
    const style = one.result === 'held' ? good : one.result === 'unmet' ? bad : warn;
    lines.push(style(caseLine(one)));
    if (one.repeat) under(`${one.repeat.made} handshakes: ${outcomesText(one.repeat.outcomes)}`, dim);
    if (one.result === 'held') continue;
    for (const text of one.unmet) under(`${text}.`);
    if (one.error) under(one.error.message);
    if (one.verdict !== null) under(one.verdict);
    if (one.repeat?.difference) under(one.repeat.difference);
    if (one.traces.length > 0) under(`Kept: ${one.traces.join(', ')}`, dim);
  }
  lines.push(bold(`${tallyText(tally(cases))}.`));
  const text = `${lines.join('\n')}\n`;
  return options.ascii ? toAscii(text) : text;
}
