/** `dtlscope presets`: known failures, each told, made to happen and mended, without a network. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Command as Cli } from 'commander';
import { version } from '../../base/version.ts';
import { besideEachOther, besideWidth } from '../../report/beside.ts';
import { comparisonJson, firstDifferenceText } from '../../report/comparison.ts';
import { storyPage } from '../../report/html/storyPage.ts';
import { toAscii, wrap } from '../../report/plain.ts';
import { paint } from '../../report/style.ts';
import { briefLadder, type TextOptions } from '../../report/text.ts';
import {
  type Story,
  type StorySide,
  seedLabel,
  stories,
  storyFile,
  storyOf,
  storyScenario,
  storySides,
  suggest,
  threadUrl,
  toCommandLine,
} from '../../scenario/index.ts';
import { Exit, type ExitCode, reason, Stop } from '../exit.ts';
import { writeOutput } from '../files.ts';
import { type PresetRun, presetDifference, presetRun } from '../presetRuns.ts';
import { explained } from '../quirkList.ts';
import { defaultWidth, handshakesJson, textOf } from '../reading.ts';
import { collect } from '../show.ts';
import type { Terminal } from '../terminal.ts';

interface PresetFlags {
  readonly failing?: boolean;
  readonly mended?: boolean;
  readonly write?: string;
  readonly output?: readonly string[];
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const after = `
Exit code: 0 the runs came as the story tells (or there was only a list to show), 1 they did not, 2 there is no such
failure, 3 a file could not be written.

Examples:
  dtlscope presets
  dtlscope presets turn-buffer
  dtlscope presets no-timer-on-uplink --write scenarios -o story.html
  dtlscope run preset:turn-buffer preset:turn-buffer:mended

All stories: docs/presets.md of dtlscope.`;

export function addPresets(program: Cli, terminal: Terminal, done: (code: ExitCode) => void): void {
  program
    .command('presets')
    .summary('known failures: tell one, make it happen, and mend it')
    .description(
      'Shows the known failures; with an ID tells its story, runs it failing and mended between two simulated ends, and puts both beside each other.',
    )
    .argument('[id]', 'which one, as the list has it')
    .option('--failing', 'run the failing side alone, with the whole report')
    .option('--mended', 'run the mended side alone, with the whole report')
    .option('--write <folder>', 'write both sides as scenario files there, for dtlscope run')
    .option('-o, --output <file>', 'write both sides beside each other as a page (.html; repeatable)', collect)
    .option('--json', 'print the story and its runs as JSON on stdout, and nothing else there')
    .option('--quiet', 'print the verdicts alone')
    .addHelpText('after', after)
    .action((id: string | undefined, flags: PresetFlags) => done(presets(id, flags, terminal)));
}

/** Lists, or tells and runs one; answers the exit code. */
export function presets(id: string | undefined, flags: PresetFlags, terminal: Terminal): ExitCode {
  if (id === undefined) {
    for (const [name, given] of Object.entries(flags))
      if (name !== 'json' && given !== undefined)
        throw new Stop(Exit.usage, `--${name} needs to know which failure; the list has their ids.`);
    terminal.print(
      flags.json ? `${JSON.stringify({ dtlscope: version, presets: stories.map(about) }, null, 2)}\n` : list(),
    );
    return Exit.held;
  }
  return tell(storyFor(id), flags, terminal);
}

/** The story of this id; throws a `Stop` that names those that are meant. */
export function storyFor(id: string): Story {
  const story = storyOf(id) ?? stories.find((one) => seedLabel(one)?.toLowerCase() === id.toLowerCase());
  if (story) return story;
  const ids = stories.map((one) => one.id);
  throw new Stop(Exit.usage, `There is no known failure "${id}"${suggest(id, ids)}.`, 'dtlscope presets lists them.');
}

function list(): string {
  const lines = stories.flatMap((story) => {
    const label = seedLabel(story);
    return explained(story.id, `${story.title}${label === undefined ? '' : ` (${label})`}`, 28);
  });
  return `${lines.join('\n')}\n`;
}

/** Runs one and shows it; answers whether it came as told. */
export function tell(story: Story, flags: PresetFlags, terminal: Terminal): ExitCode {
  for (const path of flags.output ?? [])
    if (!/\.html?$/i.test(path))
      throw new Stop(
        Exit.usage,
        `-o ${path}: the two runs beside each other are a page, .html; probe and read write the rest.`,
      );
  const wanted = storySides.filter((side) => flags[side] === true || (!flags.failing && !flags.mended));
  const all = storySides.map((side) => presetRun(story, side));
  const runs = all.filter(({ side }) => wanted.includes(side));
  const difference = presetDifference(all);
  if (flags.json)
    terminal.print(
      `${JSON.stringify(
        {
          dtlscope: version,
          preset: about(story),
          runs: Object.fromEntries(runs.map((run) => [run.side, runJson(story, run)])),
          difference:
            difference && wanted.length > 1
              ? comparisonJson(difference.mended, difference.failing, difference.comparison)
              : null,
        },
        null,
        2,
      )}\n`,
    );
  else if (flags.quiet)
    for (const { side, reading } of runs) terminal.print(reading.verdicts.map((text) => `${side}: ${text}\n`).join(''));
  else {
    const { columns, color, ascii } = terminal;
    const options: TextOptions = { width: columns ?? defaultWidth, colour: color, ascii };
    terminal.print(storyLines(story, options));
    const [one, other] = runs;
    if (one && other) terminal.print(`\n${bothText(story, one, other, options)}`);
    else if (one) terminal.print(`\n${heading(story, one, options)}${textOf(one.reading, terminal)}`);
    if (difference && wanted.length > 1)
      terminal.print(
        `\nA is the mended one, B the failing one.\n${firstDifferenceText(difference.comparison, options)}`,
      );
  }
  const written = [
    ...(flags.write === undefined ? [] : writeFiles(story, wanted, flags.write)),
    ...(flags.output ?? []).map((path) => {
      writeOutput(
        path,
        storyPage(
          story,
          all.map(({ side, reading }) => ({ side, read: reading.handshakes })),
          difference?.comparison,
        ),
        false,
      );
      return path;
    }),
  ];
  for (const path of written) terminal.say(`Written: ${path}`);
  const unmet = runs.flatMap((run) => run.unmet.map((text) => `${run.side}: ${text}`));
  for (const text of unmet) terminal.say(`Not as the story tells: ${text}.`);
  return unmet.length === 0 ? Exit.held : Exit.notHeld;
}

/** The story for people. */
function storyLines(story: Story, { width, colour, ascii = false }: TextOptions): string {
  const { bold, dim } = paint(colour, ascii);
  const label = seedLabel(story);
  const say = (text: string, style = (line: string): string => line): string[] => wrap(text, width).map(style);
  const lines = [
    ...say(`${story.title}${label === undefined ? '' : ` (${label})`}`, bold),
    '',
    ...[story.seen, story.cause, story.cure].flatMap((sentence) => say(sentence)),
    ...(story.stands === undefined ? [] : say(story.stands, dim)),
    ...(story.measured === undefined ? [] : say(story.measured, dim)),
    ...(story.threads.length === 0 ? [] : say(`Met in ${story.threads.join(', ')}.`, dim)),
  ];
  const text = lines.join('\n');
  return `${ascii ? toAscii(text) : text}\n`;
}

/** Columns of a ladder that can be read. */
const leastColumns = 60;

function bothText(story: Story, one: PresetRun, other: PresetRun, options: TextOptions): string {
  const own = besideWidth(options.width, leastColumns);
  const width = own ?? options.width;
  /** Parts that begin in the same line on both sides. */
  const parts = (run: PresetRun): string[] => [
    heading(story, run, { ...options, width }),
    ...run.reading.handshakes.flatMap(({ handshake, diagnosis }) => {
      const { verdict, ladder } = briefLadder(handshake, diagnosis, { ...options, width });
      return [verdict, `\n${ladder}`];
    }),
  ];
  const [left, right] = [parts(one), parts(other)];
  if (own === undefined) return `${left.join('')}\n${right.join('')}`;
  return Array.from({ length: Math.max(left.length, right.length) }, (_, i) =>
    besideEachOther(left[i] ?? '', right[i] ?? '', own),
  ).join('');
}

/** Which side it is, and the command line that makes it alone. */
function heading(story: Story, { side }: PresetRun, { width, colour, ascii = false }: TextOptions): string {
  const { bold, dim } = paint(colour, ascii);
  const lines = [
    ...wrap(`${side === 'failing' ? 'Failing' : 'Mended'}: ${story[side].label}`, width).map(bold),
    ...wrap(toCommandLine(storyScenario(story, side)), width).map(dim),
  ];
  const text = lines.join('\n');
  return `${ascii ? toAscii(text) : text}\n`;
}

function writeFiles(story: Story, sides: readonly StorySide[], folder: string): readonly string[] {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new Stop(Exit.infrastructure, `Can not make the folder ${folder}: ${reason(error)}.`);
  }
  return sides.map((side) => {
    const path = join(folder, `${story.id}-${side}.yaml`);
    writeOutput(path, storyFile(story, side), false);
    return path;
  });
}

const about = (story: Story) => ({
  id: story.id,
  label: seedLabel(story) ?? null,
  title: story.title,
  seen: story.seen,
  cause: story.cause,
  cure: story.cure,
  stands: story.stands ?? null,
  measured: story.measured ?? null,
  threads: story.threads.map(threadUrl),
});

const runJson = (story: Story, { side, reading, unmet }: PresetRun) => ({
  label: story[side].label,
  commandLine: toCommandLine(storyScenario(story, side)),
  expected: story[side].gives.outcome,
  outcome: reading.outcome,
  asTold: unmet.length === 0,
  unmet: [...unmet],
  handshakes: handshakesJson(reading),
});
