/**
 * Many handshakes in one report: which of them are told in full, and a list of all for a terminal. Whoever opens the capture of
 * a busy server looks for those that failed, so these come before all others.
 */
import type { ReadHandshake } from '../diagnosis/lead.ts';
import { padEnd, padStart, plain, toAscii, wrap } from './plain.ts';
import { outcomeMark, paint } from './style.ts';

/** What a report holds in full; the verdict of every other handshake is in a list. */
export const mostInFull = 50;

export interface ListOptions {
  /** Columns; less than 60 is taken as 60. */
  readonly width: number;
  readonly colour: boolean;
  readonly ascii?: boolean;
}

/** How they ended, and a verdict for each with its time and its ends. Lines end in "\n". */
export function handshakeList(read: readonly ReadHandshake[], options: ListOptions): string {
  const width = Math.max(60, Math.floor(options.width));
  const ascii = options.ascii ?? false;
  const brush = paint(options.colour, ascii);
  const { bold, dim } = brush;
  const counts = new Map<string, number>();
  for (const { diagnosis } of read) counts.set(diagnosis.outcome, (counts.get(diagnosis.outcome) ?? 0) + 1);
  const outcomes = [...counts].sort(([, a], [, b]) => b - a).map(([outcome, count]) => `${count} ${outcome}`);
  const widest = (texts: readonly string[]): number => texts.reduce((most, text) => Math.max(most, text.length), 0);
  const seconds = ({ handshake }: ReadHandshake): string => (handshake.startedAt / 1000).toFixed(3);
  const [column, clock] = [widest(read.map(({ handshake }) => handshake.id)), widest(read.map(seconds))];
  const margin = ' '.repeat(column + 3);
  const lines = read.flatMap((one) => {
    const { handshake, diagnosis } = one;
    const { tone, sign } = outcomeMark(diagnosis.outcome, brush);
    const time = `${padStart(seconds(one), clock)} s  `;
    const ends = `${plain(handshake.client)} → ${plain(handshake.server)}`;
    const [first = '', ...more] = wrap(ends, width - margin.length - time.length);
    return [
      `${tone(sign)} ${padEnd(handshake.id, column)} ${dim(time + first)}`,
      ...more.map((line) => `${margin}${dim(line)}`),
      ...wrap(plain(diagnosis.verdict), width - margin.length).map((line) => `${margin}${line}`),
    ];
  });
  const text = [...wrap(`${read.length} handshakes: ${outcomes.join(', ')}`, width).map(bold), '', ...lines].join('\n');
  return `${ascii ? toAscii(text) : text}\n`;
}
