/** Scenario files from the disk, with everything that they refer to; whatever is wrong is told by file, line and column. */
import { statSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { plain } from '../report/plain.ts';
import { type FileProblem, readScenarioFile, type ScenarioFile } from '../scenario/index.ts';
import { parseScenarioText } from '../scenario/yaml/parse.ts';
import { Exit, Stop } from './exit.ts';
import { readInput } from './files.ts';

export interface LoadedScenario extends ScenarioFile {
  /** As it was given on the command line. */
  readonly path: string;
}

/** Reads all files; throws a `Stop` (usage) that lists everything that is wrong with any of them. */
export function loadScenarios(paths: readonly string[]): readonly LoadedScenario[] {
  const loaded: LoadedScenario[] = [];
  const complaints: string[] = [];
  for (const path of paths) {
    const read = load(path);
    if (Array.isArray(read)) complaints.push(...read);
    else loaded.push({ ...(read as ScenarioFile), path });
  }
  if (complaints.length > 0) throw new Stop(Exit.usage, ...complaints);
  return loaded;
}

function load(path: string): ScenarioFile | readonly string[] {
  const told = (problems: readonly FileProblem[]): readonly string[] =>
    problems.map(({ at, what }) => `${path}:${at.line}:${at.column}: ${plain(what)}`);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(readInput(path, 'the scenario'));
  } catch (error) {
    if (error instanceof Stop) return [error.message];
    return [`${path}:1:1: is not UTF-8 text`];
  }
  const parsed = parseScenarioText(text);
  if (!parsed.ok) return told(parsed.problems);
  const read = readScenarioFile(parsed.root, {
    env: (name) => process.env[name],
    file: (given) => {
      const place = isAbsolute(given) ? given : join(dirname(path), given);
      return { path: place, found: statSync(place, { throwIfNoEntry: false })?.isFile() ?? false };
    },
  });
  return read.ok ? read.file : told(read.problems);
}
