/** Two handshakes compared, as text and as JSON: both verdicts, the first difference, the others, and what is the same. */
import type { Compared, Comparison, Difference } from '../compare/model.ts';
import { placeText } from '../compare/verdict.ts';
import { plain, toAscii, wrap } from './plain.ts';
import { paint } from './style.ts';
import type { TextOptions } from './text.ts';

/** One of the two, with what to call it. */
export interface NamedSide extends Compared {
  readonly name: string;
}

/** Differences that are listed one by one. */
const mostListed = 60;

/** The report for people; lines end in "\n". */
export function comparisonText(a: NamedSide, b: NamedSide, found: Comparison, options: TextOptions): string {
  const width = Math.max(60, Math.floor(options.width));
  const { bold, dim, good, warn } = paint(options.colour, options.ascii ?? false);
  const lines: string[] = [];
  const say = (text: string, indent = '', style = (line: string): string => line): void => {
    for (const line of wrap(plain(text), width - indent.length)) lines.push(`${indent}${style(line)}`);
  };
  const tell = ({ a: inA, b: inB, packets }: Difference): void => {
    const at = (packet: number | undefined): string => (packet === undefined ? '' : ` (#${packet})`);
    say(`A${at(packets.a)}: ${inA}`, '    ');
    say(`B${at(packets.b)}: ${inB}`, '    ');
  };
  for (const [letter, side] of [
    ['A', a],
    ['B', b],
  ] as const)
    for (const [i, line] of wrap(
      plain(`${side.name} ${side.handshake.id}: ${side.diagnosis.verdict}`),
      width - 3,
    ).entries())
      lines.push(`${i === 0 ? letter : ' '}  ${dim(line)}`);
  lines.push('');
  say(found.verdict, '', found.same ? good : bold);
  for (const note of found.notes) say(note, '', warn);
  if (found.first) {
    lines.push('', bold('First difference'));
    say(placeText(found.first), '  ');
    tell(found.first);
  }
  const others = found.differences.filter((one) => one !== found.first);
  if (others.length > 0) lines.push('', bold('Other differences, in the order of the handshake'));
  for (const one of others.slice(0, mostListed)) {
    say(`${placeText(one)}${one.weight === 'minor' ? ' (minor)' : ''}`, '  ');
    tell(one);
  }
  if (others.length > mostListed) say(`and ${others.length - mostListed} more`, '  ');
  if (found.inBoth.length > 0) lines.push('', bold('The same in both'));
  for (const text of found.inBoth) say(text, '  ');
  if (found.expected.length > 0) {
    lines.push('');
    say(`Different in every handshake, and left out: ${found.expected.join('; ')}.`, '', dim);
  }
  const text = `${lines.join('\n')}\n`;
  return options.ascii ? toAscii(text) : text;
}

/** What an expert would say first of the two, and the first difference with both values; lines end in "\n". */
export function firstDifferenceText(found: Comparison, options: TextOptions): string {
  const width = Math.max(60, Math.floor(options.width));
  const { bold, dim } = paint(options.colour, options.ascii ?? false);
  const lines = wrap(plain(found.verdict), width).map(bold);
  if (found.first) {
    lines.push(...wrap(plain(`A: ${found.first.a}`), width - 2).map((line) => `  ${dim(line)}`));
    lines.push(...wrap(plain(`B: ${found.first.b}`), width - 2).map((line) => `  ${dim(line)}`));
  }
  const text = `${lines.join('\n')}\n`;
  return options.ascii ? toAscii(text) : text;
}

/** The comparison for scripts. Unknown values are null. */
export function comparisonJson(a: NamedSide, b: NamedSide, found: Comparison): Readonly<Record<string, unknown>> {
  const side = ({ name, handshake: { id }, diagnosis: { outcome, verdict } }: NamedSide) => ({
    file: name,
    id,
    outcome,
    verdict,
  });
  const one = ({ weight, from, flight, message, occurrence, field, a: inA, b: inB, packets }: Difference) => ({
    weight,
    from: from ?? null,
    flight: flight ?? null,
    message: message ?? null,
    occurrence,
    field,
    a: inA,
    b: inB,
    packets: { a: packets.a ?? null, b: packets.b ?? null },
  });
  return {
    same: found.same,
    verdict: found.verdict,
    a: side(a),
    b: side(b),
    first: found.first ? one(found.first) : null,
    differences: found.differences.map(one),
    expected: [...found.expected],
    inBoth: [...found.inBoth],
    notes: [...found.notes],
  };
}
