/** Two texts in columns beside each other, line by line: what differs between two ladders is seen at a glance. */
import { padEnd, textWidth } from './plain.ts';

/** Columns between the two. */
const gap = 3;

/** Columns that each of the two has, where `width` is what there is; undefined where they do not fit. */
export function besideWidth(width: number, least: number): number | undefined {
  const own = Math.floor((width - gap) / 2);
  return own >= least ? own : undefined;
}

/** The lines of both; what is longer than its column is not cut. Styles (SGR) have no width. */
export function besideEachOther(left: string, right: string, width: number): string {
  const [a, b] = [linesOf(left), linesOf(right)];
  const lines = Array.from({ length: Math.max(a.length, b.length) }, (_, i) => {
    const one = a[i] ?? '';
    const other = b[i] ?? '';
    // Padding is counted by what is seen.
    const padding = padEnd('', width - textWidth(bare(one)));
    return other === '' ? one : `${one}${padding}${' '.repeat(gap)}${other}`;
  });
  return lines.map((line) => `${line}\n`).join('');
}

const linesOf = (text: string): readonly string[] => text.replace(/\n$/, '').split('\n');

const bare = (text: string): string =>
  text
    .split('\u001b[')
    .map((part, i) => (i === 0 ? part : part.replace(/^\d*m/, '')))
    .join('');
