/** Names that somebody may have meant: what problems with an unknown one offer. */

/** The names that somebody may have meant: nearly the same letters, or words in common. The best first. */
export function nearest(given: string, known: readonly string[], most: number): readonly string[] {
  const wanted = given.toLowerCase();
  const wordsOf = (name: string): readonly string[] => name.split('-').filter((word) => word.length > 2);
  const ranked = known.map((name) => {
    const edits = distance(wanted, name, wanted.length);
    const close = edits <= Math.max(2, Math.floor(wanted.length / 3));
    const common = wordsOf(name).filter((word) => wordsOf(wanted).includes(word)).length;
    const begins = wanted.length > 2 && name.startsWith(wanted);
    const score = begins ? 0 : close ? edits : common > 0 ? 100 - common : Number.POSITIVE_INFINITY;
    return { name, score };
  });
  return ranked
    .filter(({ score }) => Number.isFinite(score))
    .sort((a, b) => a.score - b.score)
    .slice(0, most)
    .map(({ name }) => name);
}

/** Edits between two words (Levenshtein); stops at `enough`. */
export function distance(a: string, b: string, enough: number): number {
  if (Math.abs(a.length - b.length) >= enough) return enough;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(
        Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)),
      );
    row = next;
  }
  return row[b.length] ?? enough;
}

/** "a, b or c". */
export const alternatives = (names: readonly string[]): string =>
  names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} or ${names.at(-1) ?? ''}`;

/** ` (did you mean x?)` when one name is near enough. */
export function suggest(given: string, known: readonly string[]): string {
  const wanted = given.toLowerCase();
  let best: string | undefined;
  let least = Math.max(1, Math.floor(given.length / 4)) + 1;
  for (const name of known) {
    const d = distance(wanted, name.toLowerCase(), least);
    if (d < least) [best, least] = [name, d];
  }
  return best === undefined ? '' : ` (did you mean ${best}?)`;
}
