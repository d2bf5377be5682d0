/**
 * Looks for where passing turns into failing along a row of values. Bisection finds one such place whether there are more or
 * not, so a few values are tried over the whole row first, and the neighbours of what was found afterwards: where an answer
 * is not the only one, all changes that were seen are told, and none is called the threshold.
 */
import type { SearchPoint, SearchResult } from '../../scenario/index.ts';

/** Parts that the row is cut into before anything is bisected. */
const parts = 8;
/** Values beside a change that are looked at. */
const beside = 2;
/** Changes that are followed to neighbours; a row with more of them is noise. */
const mostChanges = 6;

/**
 * `count` values, of which `attempt` tries the one with an index; it answers undefined when somebody has had enough, and so
 * does this.
 */
export async function bisect(
  count: number,
  attempt: (index: number) => Promise<SearchPoint | undefined>,
): Promise<SearchResult | undefined> {
  const tried = new Map<number, SearchPoint>();
  /** False when it was stopped. */
  const look = async (index: number): Promise<boolean> => {
    if (index < 0 || index >= count || tried.has(index)) return true;
    const point = await attempt(index);
    if (point) tried.set(index, point);
    return point !== undefined;
  };
  const changes = (): readonly (readonly [number, number])[] => {
    const indexes = [...tried.keys()].sort((a, b) => a - b);
    return indexes.flatMap((index, at) => {
      const next = indexes[at + 1];
      return next !== undefined && tried.get(index)?.passes !== tried.get(next)?.passes ? [[index, next] as const] : [];
    });
  };

  for (let part = 0; part <= parts; part++)
    if (!(await look(Math.round((part * (count - 1)) / parts)))) return undefined;
  let unfollowed = false;
  for (;;) {
    const found = changes();
    unfollowed = found.length > mostChanges;
    const wide = found.slice(0, mostChanges).find(([below, above]) => above - below > 1);
    const next = wide
      ? Math.floor((wide[0] + wide[1]) / 2)
      : found
          .slice(0, mostChanges)
          .flatMap(neighbours)
          .find((index) => index >= 0 && index < count && !tried.has(index));
    if (next === undefined) break;
    if (!(await look(next))) return undefined;
  }
  const points = [...tried].sort(([a], [b]) => a - b);
  return {
    points: points.map(([, point]) => point),
    changes: changes().flatMap(([below, above]) => {
      const [low, high] = [tried.get(below), tried.get(above)];
      return low && high
        ? [{ below: low.value, above: high.value, passes: low.passes ? 'below' : 'above' } as const]
        : [];
    }),
    unfollowed,
  };
}

const neighbours = ([below, above]: readonly [number, number]): readonly number[] =>
  Array.from({ length: beside }, (_, by) => [below - by - 1, above + by + 1]).flat();
