/**
 * `-o FILE`, by the ending of its name. Everything is checked before a run begins: a handshake that can not be repeated
 * should not be lost to a typing mistake. A `.sqlog` grows while the run goes on, the others are written at its end.
 */
import { accessSync, constants } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { formatKeyLog, secretsOf } from '../capture/keylog.ts';
import { toPcapng } from '../capture/write.ts';
import type { Trace, TraceEvent, TraceHeader } from '../trace/model.ts';
import { SqlogWriter, toQlog } from '../trace/qlog/write.ts';
import { Exit, Stop } from './exit.ts';
import { type GrowingFile, openOutput, writeOutput } from './files.ts';

const endings = ['.sqlog', '.qlog', '.pcapng', '.keys', '.json'] as const;
type Ending = (typeof endings)[number];
/** Promised, and not made by this version. */
const later: readonly string[] = ['.html', '.svg', '.md'];

export interface OutputFile {
  readonly path: string;
  readonly ending: Ending;
}

export const outputHelp = `write the run to a file, by its ending (repeatable): ${endings.join(' ')}; .keys holds the secrets (asking for it is enough)`;
export const withKeysHelp = 'put the decryption secrets into the other files too';

/** Reads the file names; throws a `Stop` for one that can not be written. */
export function parseOutputs(paths: readonly string[]): readonly OutputFile[] {
  const seen = new Set<string>();
  return paths.map((path) => {
    const ending = endings.find((known) => path.toLowerCase().endsWith(known));
    if (ending === undefined) {
      const given = /\.[^./\\]+$/.exec(path)?.[0];
      const why =
        given && later.includes(given) ? `${given} is not made by this version yet` : 'its ending says no format';
      throw new Stop(Exit.usage, `-o ${path}: ${why}; possible: ${endings.join(' ')}`);
    }
    if (seen.has(path)) throw new Stop(Exit.usage, `-o ${path}: is given twice`);
    seen.add(path);
    return { path, ending };
  });
}

/** `run.sqlog` and 2 give `run-2.sqlog`: several handshakes of one server. */
export const numbered = (files: readonly OutputFile[], number: number): readonly OutputFile[] =>
  number === 1
    ? files
    : files.map(({ path, ending }) => ({ path: `${path.slice(0, -ending.length)}-${number}${ending}`, ending }));

/** Throws a `Stop` when the folder of one is not there or not ours to write to: for files that come later. */
export function checkFolders(files: readonly OutputFile[]): void {
  for (const { path } of files) {
    try {
      accessSync(dirname(resolve(path)), constants.W_OK);
    } catch {
      throw new Stop(Exit.infrastructure, `Can not write ${path}: its folder is not there, or you are not allowed to.`);
    }
  }
}

/** The files of one trace. Opens them at once, so that one that can not be written is known before the run. */
export class Outputs {
  readonly #files: readonly OutputFile[];
  readonly #withKeys: boolean;
  readonly #growing: readonly { readonly file: GrowingFile; readonly writer: SqlogWriter }[];

  constructor(files: readonly OutputFile[], header: TraceHeader, withKeys: boolean) {
    this.#files = files;
    this.#withKeys = withKeys;
    this.#growing = files.flatMap(({ path, ending }) => {
      const file = openOutput(path, this.#secret(ending));
      if (ending === '.sqlog') {
        const writer = new SqlogWriter(header, { withKeys });
        file.append(writer.start());
        return [{ file, writer }];
      }
      file.close();
      return [];
    });
  }

  /** Appends to the files that grow. */
  push(event: TraceEvent): void {
    for (const { file, writer } of this.#growing) {
      const text = writer.event(event);
      if (text !== '') file.append(text);
    }
  }

  /** Writes the rest. `json` is what `--json` prints. Answers which files were written. */
  finish(trace: Trace, json: () => string): readonly string[] {
    for (const { file } of this.#growing) file.close();
    const choice = { withKeys: this.#withKeys };
    for (const { path, ending } of this.#files) {
      const write = (contents: string | Uint8Array): void => writeOutput(path, contents, this.#secret(ending));
      if (ending === '.qlog') write(toQlog(trace, choice));
      else if (ending === '.pcapng') write(toPcapng(trace, choice));
      else if (ending === '.keys') write(formatKeyLog(secretsOf(trace.events)));
      else if (ending === '.json') write(json());
    }
    return this.#files.map(({ path }) => path);
  }

  #secret(ending: Ending): boolean {
    return this.#withKeys || ending === '.keys';
  }
}
