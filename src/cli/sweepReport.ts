/** What is made of a sweep's results, whether one process ran it or parts were put together. */
import { masker } from '../report/addresses.ts';
import { sweepHtml } from '../report/sweep/html.ts';
import { sweepJson } from '../report/sweep/json.ts';
import { sweepMarkdown } from '../report/sweep/markdown.ts';
import { caseOf, type SweepReport } from '../report/sweep/model.ts';
import { sweepSvg } from '../report/sweep/svg.ts';
import { sweepText } from '../report/sweep/text.ts';
import type { ExitCode } from './exit.ts';
import { defaultWidth } from './reading.ts';
import { type SuiteFlags, suiteExit, writeSummaries } from './suite.ts';
import type { Terminal } from './terminal.ts';

export const sweepEndings = ['.html', '.svg', '.md', '.json'] as const;
export const sweepOutputHelp = 'write the results to a file, by its ending (repeatable): .html .svg .md .json';

/** Prints and writes the results, and answers how it all ended. */
export function showSweep(report: SweepReport, flags: SuiteFlags, terminal: Terminal): ExitCode {
  const { columns, color, ascii } = terminal;
  const addresses = flags.addresses ? 'shown' : 'masked';
  if (flags.json) terminal.print(sweepJson(report));
  else {
    const options = { width: columns ?? defaultWidth, colour: color, ascii };
    terminal.print(sweepText(report, { ...options, ...(flags.quiet && { listed: 0 }) }));
  }
  const cases = report.results.map((result) => caseOf(report, result));
  writeSummaries(cases, flags, terminal, (path) =>
    /\.html$/i.test(path)
      ? sweepHtml(report, addresses)
      : /\.md$/i.test(path)
        ? sweepMarkdown(report, masker(addresses))
        : /\.svg$/i.test(path)
          ? sweepSvg(report, masker(addresses))
          : sweepJson(report),
  );
  return suiteExit(cases);
}
