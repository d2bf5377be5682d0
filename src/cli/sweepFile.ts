/** A sweep's state file: what is done is written at once, so that whoever stops loses no more than the cell in hand. */
import { existsSync } from 'node:fs';
import type { Shard } from '../report/suite/blob.ts';
import { readState, type SweepPart, stateHead, stateLine } from '../report/sweep/state.ts';
import { type CellResult, differenceOf, type SweepShape } from '../scenario/index.ts';
import { Exit, Stop } from './exit.ts';
import { type GrowingFile, openOutput, readInput, writeOutput } from './files.ts';

export interface StateFile {
  /** What was done before, without cells that could not be run: those are tried again. */
  readonly done: readonly CellResult[];
  append(result: CellResult): void;
  close(): void;
}

/** Opens the state of a plan, or begins one; throws a `Stop` that says what differs where the file is another plan's. */
export function openState(
  path: string,
  plan: { readonly file: string; readonly shape: SweepShape },
  shard: Shard,
): StateFile {
  const done = existsSync(path) ? doneIn(path, plan.shape, shard) : [];
  // Written anew: a line that was cut off would spoil those behind it.
  writeOutput(path, stateHead(shard, plan.file, plan.shape) + done.map(stateLine).join(''), false);
  const file: GrowingFile = openOutput(path, false, 'append');
  return { done, append: (result) => file.append(stateLine(result)), close: () => file.close() };
}

function doneIn(path: string, shape: SweepShape, shard: Shard): readonly CellResult[] {
  const part = readPart(path);
  const difference = differenceOf(part.shape, shape);
  const refuse = (what: string): Stop =>
    new Stop(
      Exit.usage,
      `--state ${path}: holds results of another sweep: ${what}.`,
      'Name another file, or remove this one.',
    );
  if (difference !== undefined) throw refuse(difference);
  if (part.index !== shard.index || part.of !== shard.of)
    throw refuse(`it is part ${part.index}/${part.of}, and this is ${shard.index}/${shard.of}`);
  return part.results.filter(({ error }) => error === null);
}

/** A part from its file; throws a `Stop`. */
export function readPart(path: string): SweepPart {
  const part = readState(new TextDecoder().decode(readInput(path, 'the part')));
  if (typeof part === 'string') throw new Stop(Exit.usage, `${path} ${part}.`);
  return part;
}
