/** Runs and files that are two recordings of one handshake: together they are one entry more, which tells what was lost between them. */
import { pairsOf } from '../../src/analysis/bothEnds.ts';
import { equal } from '../../src/base/bytes.ts';
import type { RunSummary } from '../../src/bridge/panel.ts';
import { bothEndsText } from '../../src/report/bothEnds.ts';
import type { Import } from './opening.ts';
import type { RunBook } from './runBook.ts';

export interface JoinedEnds extends Import {
  /** What was put together, and what that tells. */
  readonly told: string;
}

/**
 * What `fresh` runs, which have just come, are the other ends of: runs that are here already, or each other. Those of `ofBoth` are of
 * both ends already.
 */
export function joinEnds(
  book: RunBook,
  runs: readonly RunSummary[],
  fresh: ReadonlySet<string>,
  ofBoth: ReadonlySet<string>,
  tool: string,
): readonly JoinedEnds[] {
  if (fresh.size === 0) return [];
  const recordings = runs.flatMap((run) => {
    const reading = book.ended(run.id) && !ofBoth.has(run.id) ? book.read(run.id) : undefined;
    const called = run.file ?? `run ${run.number}`;
    return (reading?.handshakes ?? []).map(({ handshake }, _, { length }) => {
      const name = length > 1 ? `${called}#${handshake.id}` : called;
      return { name, handshake, until: reading?.snapshot.until ?? 0, run: run.id };
    });
  });
  const pairs = pairsOf(recordings, tool, (one, other) => fresh.has(one.run) || fresh.has(other.run));
  return pairs.flatMap(({ both, recordings: two, clientRandom }): JoinedEnds[] => {
    const { header, events } = both.trace;
    const name = header.title ?? '';
    // Who opens a file again has the two together already.
    if (runs.some(({ file }) => file === name)) return [];
    const secrets = two
      .flatMap(({ run }) => book.trace(run)?.events ?? [])
      .filter((event) => event.kind === 'secret' && equal(event.clientRandom, clientRandom));
    return [{ name, trace: { header, events: [...secrets, ...events] }, problems: [], told: bothEndsText(both) }];
  });
}
