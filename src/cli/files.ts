/** Reading and writing files, with messages for people instead of system errors. */
import { closeSync, openSync, readFileSync, readSync, renameSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { Exit, reason, Stop, systemCode } from './exit.ts';

/** The bytes of an input; throws a `Stop` (usage) that names the file. */
export function readInput(path: string, what: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = fromPipe(path) ?? readFileSync(path);
  } catch (error) {
    throw new Stop(Exit.usage, `Can not read ${what} ${path}: ${explain(error)}.`);
  }
  return isPacked(bytes) ? unpacked(bytes, path) : bytes;
}

/** What came through pipes, by their names: it comes once, and files are looked at more than once. */
const piped = new Map<string, Uint8Array>();

/** All that comes through a pipe, or through standard input (`-`); undefined for a file that can be read again. */
function fromPipe(path: string): Uint8Array | undefined {
  const known = piped.get(path);
  if (known || (path !== '-' && !isPipe(path))) return known;
  const bytes = readFileSync(path === '-' ? 0 : path);
  piped.set(path, bytes);
  return bytes;
}

function isPipe(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && (stat.isFIFO() || stat.isSocket());
}

/** What gzip begins with (RFC 1952 §2.3.1): browsers pack their dumps, and many their captures. */
const isPacked = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** A packed file is unpacked in memory; larger ones are for `gunzip`. Bytes */
const mostUnpacked = 2 ** 30;

function unpacked(bytes: Uint8Array, path: string): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: mostUnpacked });
  } catch (error) {
    throw new Stop(Exit.usage, `Can not unpack ${path}, which is a gzip file: ${explain(error)}. Try gunzip.`);
  }
}

/** Bytes of a part: large enough that the calls cost nothing, and small enough for a processor's cache. */
const partBytes = 256 * 1024;

/** The bytes of a file part by part, in one array that the next part is read into; throws as `readInput` does. */
export function* inputParts(path: string, what: string): Generator<Uint8Array> {
  let file: number | undefined;
  let first = true;
  try {
    const once = fromPipe(path);
    if (once) {
      const whole = isPacked(once) ? unpacked(once, path) : once;
      for (let at = 0; at < whole.length; at += partBytes) yield whole.subarray(at, at + partBytes);
      return;
    }
    file = openSync(path, 'r');
    const part = new Uint8Array(partBytes);
    for (;;) {
      const count = readSync(file, part);
      if (count === 0) return;
      if (first && isPacked(part)) {
        const whole = unpacked(readFileSync(path), path);
        for (let at = 0; at < whole.length; at += partBytes) yield whole.subarray(at, at + partBytes);
        return;
      }
      first = false;
      yield part.subarray(0, count);
    }
  } catch (error) {
    if (error instanceof Stop) throw error;
    throw new Stop(Exit.usage, `Can not read ${what} ${path}: ${explain(error)}.`);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Secrets are for nobody else on the machine. */
const modeOf = (secret: boolean): number => (secret ? 0o600 : 0o644);

/** Writes a whole file; throws a `Stop` (infrastructure) that names it. */
export function writeOutput(path: string, contents: string | Uint8Array, secret: boolean): void {
  try {
    writeFileSync(path, contents, { mode: modeOf(secret) });
  } catch (error) {
    throw new Stop(Exit.infrastructure, `Can not write ${path}: ${explain(error)}.`);
  }
}

/** Writes a file that somebody may be waiting for: it is there when it is whole, and not before. */
export function handOver(path: string, contents: string): void {
  const part = `${path}.part`;
  writeOutput(part, contents, false);
  try {
    renameSync(part, path);
  } catch (error) {
    throw new Stop(Exit.infrastructure, `Can not write ${path}: ${explain(error)}.`);
  }
}

/** A file that grows while something runs. */
export interface GrowingFile {
  append(text: string): void;
  close(): void;
}

/** Creates (or empties, unless it is to go on) a file to be appended to; throws a `Stop` (infrastructure) when that is not possible. */
export function openOutput(path: string, secret: boolean, begin: 'empty' | 'append' = 'empty'): GrowingFile {
  const attempt = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw new Stop(Exit.infrastructure, `Can not write ${path}: ${explain(error)}.`);
    }
  };
  const file = attempt(() => openSync(path, begin === 'empty' ? 'w' : 'a', modeOf(secret)));
  return { append: (text) => void attempt(() => writeSync(file, text)), close: () => closeSync(file) };
}

function explain(error: unknown): string {
  switch (systemCode(error)) {
    case 'ENOENT':
      return 'there is no such file or folder';
    case 'EACCES':
    case 'EPERM':
      return 'you are not allowed to';
    case 'EISDIR':
      return 'it is a folder';
    case 'ENOTDIR':
      return 'a part of its path is not a folder';
    case 'ENOSPC':
      return 'the disk is full';
    case 'ERR_FS_FILE_TOO_LARGE':
      return 'it has more than 2 GiB; cut it with editcap first';
    default:
      return reason(error);
  }
}
