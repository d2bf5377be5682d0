/** Scenario files from the disk, with everything that they refer to; whatever is wrong is told by file, line and column. */
import { statSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { plain } from '../report/plain.ts';
import {
  type FileNode,
  type FileProblem,
  readScenarioFile,
  readSweepFile,
  type ScenarioFile,
  type StorySide,
  type Surroundings,
  type SweepPlan,
  storyExpectation,
  storyOf,
  storyScenario,
  storyText,
} from '../scenario/index.ts';
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
    if (isComplaints(read)) complaints.push(...read);
    else loaded.push({ ...read, path });
  }
  if (complaints.length > 0) throw new Stop(Exit.usage, ...complaints);
  return loaded;
}

/** Reads a sweep; throws a `Stop` (usage) that lists everything that is wrong with it. */
export function loadSweep(path: string): SweepPlan {
  const read = readWith(path, (root, around) => {
    const answer = readSweepFile(root, around);
    return answer.ok ? answer.plan : answer.problems;
  });
  if (isComplaints(read)) throw new Stop(Exit.usage, ...read);
  return read;
}

/** `preset:ID` is the failing side of a known failure, `preset:ID:mended` the other. */
const preset = /^preset:([^:]*)(?::(failing|mended))?$/;

function loadPreset(path: string, id: string, side: StorySide): ScenarioFile | readonly string[] {
  const story = storyOf(id);
  if (!story) return [`${path}: there is no known failure "${id}"; dtlscope presets lists them`];
  return {
    name: `${story.title}: ${story[side].label}`,
    about: storyText(story),
    scenario: storyScenario(story, side),
    expectation: storyExpectation(story, side),
  };
}

function load(path: string): ScenarioFile | readonly string[] {
  const [, id, side] = preset.exec(path) ?? [];
  if (id !== undefined) return loadPreset(path, id, side === 'mended' ? 'mended' : 'failing');
  return loadFile(path);
}

const loadFile = (path: string): ScenarioFile | readonly string[] =>
  readWith(path, (root, around) => {
    const answer = readScenarioFile(root, around);
    return answer.ok ? answer.file : answer.problems;
  });

const isComplaints = (read: unknown): read is readonly string[] => Array.isArray(read);

/** Reads a file with a reader of trees; what is wrong is told with the file's name. */
function readWith<T>(
  path: string,
  reader: (root: FileNode, around: Surroundings) => T | readonly FileProblem[],
): T | readonly string[] {
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
  const read = reader(parsed.root, {
    env: (name) => process.env[name],
    file: (given) => {
      const place = isAbsolute(given) ? given : join(dirname(path), given);
      return { path: place, found: statSync(place, { throwIfNoEntry: false })?.isFile() ?? false };
    },
  });
  return Array.isArray(read) ? told(read) : (read as T);
}
