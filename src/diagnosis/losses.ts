/** How many datagrams lost bytes were in. */
import type { Handshake, LostRange } from '../analysis/model.ts';

/** Told by the link, or by the runs of record numbers that were never seen; undefined where neither tells. */
export function lostDatagrams(handshake: Handshake, lost: readonly LostRange[]): number | undefined {
  if (lost.every(({ evidence }) => evidence === 'link')) return new Set(lost.flatMap(({ packets }) => packets)).size;
  const from = lost[0]?.from;
  const until = Math.max(...lost.map(({ recoveredAt }) => recoveredAt ?? Number.POSITIVE_INFINITY));
  const gaps = handshake.recordGaps.filter((gap) => gap.from === from && gap.at <= until);
  return gaps.length > 0 ? gaps.length : undefined;
}
