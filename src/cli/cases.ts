/** One scenario file run, and what is reported of it. */
import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { CaseReport, RepeatReport } from '../report/suite/model.ts';
import { textLadder } from '../report/text.ts';
import type { Attempt, Hunt } from '../run/index.ts';
import { sanitiseHeader } from '../trace/sanitise.ts';
import { Exit, Stop } from './exit.ts';
import { huntDifference, huntScenario, type Made, type Running, shownOf } from './hunting.ts';
import { parseOutputs, suffixed, writeTrace } from './outputs.ts';
import { defaultWidth, handshakesJson } from './reading.ts';
import { huntExit, keptOf } from './repeating.ts';
import type { LoadedScenario } from './scenarioFiles.ts';
import type { Terminal } from './terminal.ts';

/** A file with its place in the list of all. */
export interface Case {
  readonly number: number;
  readonly loaded: LoadedScenario;
}

export interface CaseWorld {
  readonly running: Running;
  readonly terminal: Terminal;
  /** Folder for the traces of what was not as expected. */
  readonly traces: string | undefined;
  readonly withKeys: boolean;
}

/** Runs a case. What keeps it from being made is in its report, not thrown. */
export async function runCase({ number, loaded }: Case, world: CaseWorld): Promise<CaseReport> {
  const { path, name, about, scenario, expectation } = loaded;
  const base = {
    number,
    file: path,
    name: name ?? path,
    about: about ?? null,
    expected: expectation.outcome,
  };
  const unmade = (kind: 'usage' | 'infrastructure', message: string): CaseReport => ({
    ...base,
    ...nothing,
    result: 'error',
    error: { kind, message },
  });
  if (world.running.stopped) return unmade('infrastructure', 'it was not begun: the run was interrupted');
  let found: Hunt<Made>;
  try {
    found = await huntScenario(scenario, expectation, {
      running: world.running,
      carry: ({ type, sdp }) => {
        world.terminal.say(`${path}: our ${type}:`);
        world.terminal.say(sdp);
      },
    });
  } catch (error) {
    if (error instanceof Stop) return unmade(error.exit === Exit.usage ? 'usage' : 'infrastructure', error.message);
    throw error;
  }
  const shown = shownOf(found);
  if (!shown) return unmade('infrastructure', 'it was not begun: the run was interrupted');
  const { trace, reading } = shown.result;
  const exit = huntExit(found);
  const held = exit === Exit.held;
  return {
    ...base,
    result: held ? 'held' : exit === Exit.infrastructure ? 'error' : 'unmet',
    outcome: shown.outcome,
    unmet: found.unmet,
    error:
      exit === Exit.infrastructure
        ? { kind: 'infrastructure', message: `there was nobody to shake hands with: ${shown.outcome}` }
        : null,
    verdict: reading.verdicts[0] ?? null,
    durationMs: Math.round((trace.events.at(-1)?.at ?? 0) * 1000) / 1000,
    commandLine: sanitiseHeader(trace.header).commandLine ?? null,
    repeat: found.made > 1 ? repeatOf(found) : null,
    ladder: held ? null : ladderOf(shown),
    traces: held ? [] : keep(found, shown, number, world, path),
    handshakes: handshakesJson(reading),
  };
}

const nothing = {
  outcome: null,
  unmet: [],
  verdict: null,
  durationMs: 0,
  commandLine: null,
  repeat: null,
  ladder: null,
  traces: [],
  handshakes: [],
} as const;

function repeatOf(found: Hunt<Made>): RepeatReport {
  const numbered = (attempt: Attempt<Made> | undefined) =>
    attempt ? { number: attempt.number, seed: attempt.result.scenario.options.seed } : null;
  return {
    made: found.made,
    outcomes: Object.fromEntries(found.outcomes),
    bad: numbered(found.firstBad),
    good: numbered(found.lastGood),
    difference: huntDifference(found)?.comparison.verdict ?? null,
  };
}

/** Of a log's width, without colours: it is read in files. */
const ladderOf = ({ result: { reading } }: Attempt<Made>): string =>
  reading.handshakes
    .map(({ handshake, diagnosis }) => textLadder(handshake, diagnosis, { width: defaultWidth, colour: false }))
    .join('\n');

/** Writes the traces of a case; answers their names. */
function keep(
  found: Hunt<Made>,
  shown: Attempt<Made>,
  number: number,
  { traces, withKeys }: CaseWorld,
  path: string,
): readonly string[] {
  if (traces === undefined) return [];
  mkdirSync(traces, { recursive: true });
  const bare = basename(path).replace(/\.(ya?ml|json)$/i, '');
  const files = parseOutputs([join(traces, `${String(number).padStart(3, '0')}-${bare}.sqlog`)]);
  const kept = found.made > 1 ? keptOf(found) : [];
  const write = (name: string | undefined, { result: { trace, reading } }: Attempt<Made>): readonly string[] =>
    writeTrace(name === undefined ? files : suffixed(files, name), trace, reading, { withKeys });
  return kept.length > 0 ? kept.flatMap(([name, attempt]) => write(name, attempt)) : write(undefined, shown);
}
