/**
 * `-o FILE`, by the ending of its name. Everything is checked before a run begins: a handshake that can not be repeated
 * should not be lost to a typing mistake. A `.sqlog` grows while the run goes on, the others are written at its end.
 */
import { accessSync, constants } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { unreachable } from '../base/unreachable.ts';
import { formatKeyLog, secretsOf } from '../capture/keylog.ts';
import { toPcapng } from '../capture/write.ts';
import type { Addresses } from '../report/addresses.ts';
import { type ReportFile, reportAs } from '../report/files.ts';
import { captureNotes } from '../report/packetComments.ts';
import type { Trace, TraceEvent, TraceHeader } from '../trace/model.ts';
import { SqlogWriter, toQlog } from '../trace/qlog/write.ts';
import { Exit, Stop } from './exit.ts';
import { type GrowingFile, openOutput, writeOutput } from './files.ts';
import { jsonOf, type Reading } from './reading.ts';

const endings = ['.sqlog', '.qlog', '.pcapng', '.html', '.svg', '.md', '.json', '.keys'] as const;
type Ending = (typeof endings)[number];

export interface OutputFile {
  readonly path: string;
  readonly ending: Ending;
}

export const outputHelp = `write the run to a file, by its ending (repeatable): ${endings.join(' ')}; .keys holds the secrets (asking for it is enough)`;
export const addressesHelp =
  'leave addresses and host names in .html, .svg and .md files; otherwise they are called host-1, host-2';
export const withKeysHelp = 'put the decryption secrets into the other files too';

/** Reads the file names; throws a `Stop` for one that can not be written. */
export function parseOutputs(paths: readonly string[]): readonly OutputFile[] {
  const seen = new Set<string>();
  return paths.map((path) => {
    const ending = endings.find((known) => path.toLowerCase().endsWith(known));
    if (ending === undefined)
      throw new Stop(Exit.usage, `-o ${path}: its ending says no format; possible: ${endings.join(' ')}`);
    if (seen.has(path)) throw new Stop(Exit.usage, `-o ${path}: is given twice`);
    seen.add(path);
    return { path, ending };
  });
}

/** `run.sqlog` and 2 give `run-2.sqlog`: several handshakes of one server. */
export const numbered = (files: readonly OutputFile[], number: number): readonly OutputFile[] =>
  number === 1 ? files : suffixed(files, String(number));

/** `run.sqlog` and "bad" give `run-bad.sqlog`. */
export const suffixed = (files: readonly OutputFile[], suffix: string): readonly OutputFile[] =>
  files.map(({ path, ending }) => ({ path: `${path.slice(0, -ending.length)}-${suffix}${ending}`, ending }));

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

/** Writes the files of a trace that is finished. Answers their names. */
export function writeTrace(
  files: readonly OutputFile[],
  trace: Trace,
  reading: Reading,
  choice: OutputChoice,
): readonly string[] {
  const outputs = new Outputs(files, trace.header, choice);
  for (const event of trace.events) outputs.push(event);
  return outputs.finish(trace, reading);
}

/** What may be in the files beyond what is in all of them. */
export interface OutputChoice {
  readonly withKeys?: boolean | undefined;
  readonly addresses?: boolean | undefined;
}

/** The files of one trace. Opens them at once, so that one that can not be written is known before the run. */
export class Outputs {
  readonly #files: readonly OutputFile[];
  readonly #withKeys: boolean;
  readonly #addresses: Addresses;
  readonly #growing: readonly { readonly file: GrowingFile; readonly writer: SqlogWriter }[];

  constructor(files: readonly OutputFile[], header: TraceHeader, { withKeys = false, addresses }: OutputChoice) {
    this.#files = files;
    this.#withKeys = withKeys;
    this.#addresses = addresses ? 'shown' : 'masked';
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

  /** Writes the rest, with what reading the trace gave. Answers which files were written. */
  finish(trace: Trace, reading: Reading): readonly string[] {
    for (const { file } of this.#growing) file.close();
    for (const { path, ending } of this.#files)
      if (ending !== '.sqlog') writeOutput(path, this.#contents(ending, trace, reading), this.#secret(ending));
    return this.#files.map(({ path }) => path);
  }

  #contents(ending: Exclude<Ending, '.sqlog'>, trace: Trace, reading: Reading): string | Uint8Array {
    const choice = { withKeys: this.#withKeys };
    switch (ending) {
      case '.qlog':
        return toQlog(trace, choice);
      case '.pcapng':
        return toPcapng(trace, choice, captureNotes(reading.handshakes));
      case '.keys':
        return formatKeyLog(secretsOf(trace.events));
      case '.json':
        return jsonOf([reading]);
      case '.html':
        return this.#report('html', trace, reading);
      case '.svg':
        return this.#report('svg', trace, reading);
      case '.md':
        return this.#report('md', trace, reading);
      default:
        return unreachable(ending);
    }
  }

  #report(kind: ReportFile, { header }: Trace, { handshakes }: Reading): string {
    return reportAs(kind, handshakes, { header, addresses: this.#addresses });
  }

  #secret(ending: Ending): boolean {
    return this.#withKeys || ending === '.keys';
  }
}
