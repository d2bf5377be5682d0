/** `probe --repeat --until --parallel`: how all of them went, the first bad one, and how the last good one differs from it. */
import { version } from '../base/version.ts';
import type { Outcome } from '../diagnosis/model.ts';
import { comparisonJson, comparisonText } from '../report/comparison.ts';
import { outcomesText } from '../report/suite/model.ts';
import type { Attempt, Hunt } from '../run/index.ts';
import { expecting, type Scenario } from '../scenario/index.ts';
import { Exit, type ExitCode } from './exit.ts';
import { huntDifference, huntScenario, type Made, Running, shownOf } from './hunting.ts';
import { checkFolders, suffixed, writeTrace } from './outputs.ts';
import { defaultWidth, handshakesJson } from './reading.ts';
import { outputsOf, type ReportFlags, show } from './show.ts';
import type { Terminal } from './terminal.ts';

/** Runs the scenario as often as it says, prints and writes what was found, and answers the exit code. */
export async function probeRepeatedly(scenario: Scenario, flags: ReportFlags, terminal: Terminal): Promise<ExitCode> {
  const { repeat, parallel, expect } = scenario.options;
  const files = outputsOf(flags);
  checkFolders(files);
  const running = new Running();
  const all = repeat * parallel;
  let made = 0;
  const found = await huntScenario(scenario, expecting(expect), {
    running,
    // Refused before: a description is answered once.
    carry: () => {},
    made: ({ outcome }) => terminal.progress(`${++made} of ${all} handshakes; the last: ${outcome}`),
  });
  running.release();
  terminal.progress(undefined);
  const difference = huntDifference(found);
  const shown = shownOf(found);
  if (flags.json) terminal.print(`${JSON.stringify(jsonOf(found), null, 2)}\n`);
  else {
    terminal.print(`${headline(found, all)}\n`);
    if (shown && !flags.quiet) {
      terminal.print('\n');
      show([shown.result.reading], flags, terminal);
      if (difference) {
        const { good, bad, comparison } = difference;
        const { columns, color, ascii } = terminal;
        const text = comparisonText(good, bad, comparison, { width: columns ?? defaultWidth, colour: color, ascii });
        terminal.print(`\n${text}`);
      }
    } else if (difference) terminal.print(`${difference.comparison.verdict}\n`);
  }
  for (const [name, attempt] of keptOf(found))
    for (const path of writeTrace(suffixed(files, name), attempt.result.trace, attempt.result.reading, flags))
      terminal.say(`Written: ${path}`);
  for (const text of found.unmet) if (expect !== 'established') terminal.say(`Not as expected: ${text}.`);
  return huntExit(found);
}

/** Traces that are worth keeping, with what to call them. */
export const keptOf = ({ lastGood, firstBad }: Hunt<Made>): readonly (readonly [string, Attempt<Made>])[] => [
  ...(lastGood ? [['good', lastGood] as const] : []),
  ...(firstBad ? [['bad', firstBad] as const] : []),
];

/** How a hunt ends: nobody there, or a broken socket, is no answer to its question. */
export function huntExit(found: Hunt<Made>): ExitCode {
  if (found.unmet.length === 0 && found.last) return Exit.held;
  const unmade: readonly (Outcome | undefined)[] = ['refused', 'interrupted', undefined];
  return unmade.includes(shownOf(found)?.outcome) ? Exit.infrastructure : Exit.notHeld;
}

function headline(found: Hunt<Made>, all: number): string {
  const { made, outcomes, firstBad } = found;
  const counts = outcomesText(Object.fromEntries(outcomes));
  const first = firstBad
    ? ` The first ${firstBad.outcome} is number ${firstBad.number}, with --seed ${firstBad.result.scenario.options.seed}.`
    : '';
  return `${made}${made < all ? ` of ${all}` : ''} handshakes: ${counts}.${first}`;
}

function jsonOf(found: Hunt<Made>) {
  const numbered = (attempt: Attempt<Made> | undefined) =>
    attempt ? { number: attempt.number, seed: attempt.result.scenario.options.seed } : null;
  const kept = keptOf(found);
  const shown = shownOf(found);
  const difference = huntDifference(found);
  return {
    dtlscope: version,
    handshakes: (kept.length > 0 ? kept : shown ? [['last', shown] as const] : []).flatMap(([name, { result }]) =>
      handshakesJson(result.reading).map((one) => ({ ...one, id: `${name}#${one.id}` })),
    ),
    repeat: {
      made: found.made,
      outcomes: Object.fromEntries(found.outcomes),
      good: numbered(found.lastGood),
      bad: numbered(found.firstBad),
    },
    difference: difference ? comparisonJson(difference.good, difference.bad, difference.comparison) : null,
  };
}
