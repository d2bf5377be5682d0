/**
 * A shard's results in a file, and shards put together again. A blob comes from another machine, so that all that is made of
 * one is checked; what is wrong with it is said.
 */
import { version } from '../../base/version.ts';
import { outcomes } from '../../diagnosis/model.ts';
import { isCount, isRecord, isText, listOf, maybe, oneOf, shaped } from '../checks.ts';
import type { CaseReport } from './model.ts';

/** Which part of the list a process ran: `index` of `of`, from 1. */
export interface Shard {
  readonly index: number;
  readonly of: number;
}

export interface Blob extends Shard {
  /** Files in the whole list. */
  readonly total: number;
  readonly cases: readonly CaseReport[];
}

const blobVersion = 1;

export const blobText = ({ index, of, total, cases }: Blob): string =>
  `${JSON.stringify({ dtlscopeBlob: blobVersion, dtlscope: version, index, of, total, cases })}\n`;

/** The part of a list that a shard runs: every nth, so that neighbours, which are alike, are spread. */
export const shardOf = <T>(list: readonly T[], { index, of }: Shard): readonly T[] =>
  list.filter((_, at) => at % of === index - 1);

/** Reads `2/4`. */
export function parseShard(text: string): Shard | undefined {
  const [, index, of] = /^([1-9]\d{0,4})\/([1-9]\d{0,4})$/.exec(text) ?? [];
  return index !== undefined && of !== undefined && Number(index) <= Number(of)
    ? { index: Number(index), of: Number(of) }
    : undefined;
}

/** The blob, or what is wrong with the text. */
export function readBlob(text: string): Blob | string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return 'is not JSON';
  }
  if (!isRecord(json) || typeof json['dtlscopeBlob'] !== 'number') return 'was not written by dtlscope run --blob';
  if (json['dtlscopeBlob'] !== blobVersion)
    return `is of format ${json['dtlscopeBlob']}, and this dtlscope reads ${blobVersion}`;
  const { index, of, total, cases } = json;
  const shard = parseShard(`${index}/${of}`);
  if (!shard || typeof total !== 'number' || !Number.isInteger(total) || total < 0 || !Array.isArray(cases))
    return 'says not which part of what it is';
  const wrong = cases.findIndex((one) => !isCase(one));
  if (wrong >= 0) return `has a result that can not be read: the ${wrong + 1}. of ${cases.length}`;
  return { ...shard, total, cases: cases as CaseReport[] };
}

/** The results of the whole list in its order, or why these are not all of it. */
export function mergeBlobs(blobs: readonly Blob[]): readonly CaseReport[] | string {
  const [first] = blobs;
  if (!first) return 'there is nothing to put together';
  if (blobs.some(({ of, total }) => of !== first.of || total !== first.total))
    return 'they are parts of different lists';
  const present = new Set(blobs.map(({ index }) => index));
  if (present.size < blobs.length) return 'a shard is there twice';
  const missing = Array.from({ length: first.of }, (_, at) => at + 1).filter((index) => !present.has(index));
  if (missing.length > 0) return `of ${first.of} shards these are missing: ${missing.join(', ')}`;
  const cases = blobs.flatMap((blob) => blob.cases).sort((a, b) => a.number - b.number);
  const whole = cases.length === first.total && cases.every(({ number }, at) => number === at + 1);
  return whole ? cases : `they hold ${cases.length} results of ${first.total}, or some twice`;
}

const isOutcome = oneOf(outcomes);
const isNumbered = shaped({ number: isCount, seed: isCount });
/** What is shown of a handshake; the rest of it is passed on as it is. */
const isHandshake = shaped({
  id: isText,
  findings: listOf(shaped({ severity: oneOf(['error', 'warning', 'info']), title: isText, why: isText, fix: isText })),
});
const isCase = shaped({
  number: isCount,
  file: isText,
  name: isText,
  about: maybe(isText),
  result: oneOf(['held', 'unmet', 'error']),
  expected: isOutcome,
  outcome: maybe(isOutcome),
  unmet: listOf(isText),
  error: maybe(shaped({ kind: oneOf(['usage', 'infrastructure']), message: isText })),
  verdict: maybe(isText),
  durationMs: isCount,
  commandLine: maybe(isText),
  repeat: maybe(
    shaped({
      made: isCount,
      outcomes: (value) =>
        isRecord(value) && Object.entries(value).every(([name, count]) => isOutcome(name) && isCount(count)),
      bad: maybe(isNumbered),
      good: maybe(isNumbered),
      difference: maybe(isText),
    }),
  ),
  ladder: maybe(isText),
  traces: listOf(isText),
  handshakes: listOf(isHandshake),
});
