/**
 * A handshake as text, for terminals, logs and threads: the verdict first, then the ladder, then the findings with why, fix
 * and source, then what was agreed. 80 columns are enough, more are used.
 */
import type { Handshake } from '../analysis/model.ts';
import type { Diagnosis, Finding } from '../diagnosis/model.ts';
import { factLines } from './facts.ts';
import { Drawing } from './ladder/draw.ts';
import { ladderRows, stoppedBy } from './ladder/rows.ts';
import { agreedNames, duration, packetsLine, plural } from './names.ts';
import { plain, textWidth, toAscii, wrap } from './plain.ts';
import { outcomeMark, type Paint, paint } from './style.ts';

export interface TextOptions {
  /** Columns; less than 60 is taken as 60. */
  readonly width: number;
  readonly colour: boolean;
  /** Nothing beyond ASCII, for terminals and systems that garble the rest. */
  readonly ascii?: boolean;
  /** The ladder has every STUN message too. */
  readonly stun?: boolean;
}

/** The whole report on one handshake; lines end in "\n". */
export function textLadder(handshake: Handshake, diagnosis: Diagnosis, options: TextOptions): string {
  const width = Math.max(60, Math.floor(options.width));
  const ascii = options.ascii ?? false;
  const brush = paint(options.colour, ascii);
  const lines = [
    ...verdict(handshake, diagnosis, width, brush),
    '',
    ...drawn(handshake, diagnosis, width, brush, options.stun),
    '',
    ...findings(diagnosis.findings, width, brush),
    ...agreed(handshake, width, brush),
  ];
  const text = lines.map((line) => line.trimEnd()).join('\n');
  return `${ascii ? toAscii(text) : text}\n`;
}

/** The verdict and the ladder alone, each for itself, to stand beside another's; lines end in "\n". */
export function briefLadder(
  handshake: Handshake,
  diagnosis: Diagnosis,
  options: TextOptions,
): { readonly verdict: string; readonly ladder: string } {
  const width = Math.max(60, Math.floor(options.width));
  const ascii = options.ascii ?? false;
  const brush = paint(options.colour, ascii);
  const text = (lines: readonly string[]): string => {
    const joined = lines.map((line) => `${line.trimEnd()}\n`).join('');
    return ascii ? toAscii(joined) : joined;
  };
  return {
    verdict: text(verdict(handshake, diagnosis, width, brush)),
    ladder: text(drawn(handshake, diagnosis, width, brush, options.stun)),
  };
}

/** The ladder alone, without colour; lines end in "\n". */
export const bareLadder = (handshake: Handshake, diagnosis: Diagnosis, width: number): string =>
  drawn(handshake, diagnosis, width, paint(false, false))
    .map((line) => `${line.trimEnd()}\n`)
    .join('');

function drawn(handshake: Handshake, diagnosis: Diagnosis, width: number, brush: Paint, stun = false): string[] {
  const drawing = new Drawing(handshake, stoppedBy(diagnosis), width, brush);
  return [...drawing.head(), ...ladderRows(handshake, stun).flatMap((row) => drawing.row(row))];
}

function verdict(handshake: Handshake, { outcome, verdict }: Diagnosis, width: number, brush: Paint): string[] {
  const { bold, dim } = brush;
  const { sign, tone } = outcomeMark(outcome, brush);
  const sentences = wrap(plain(verdict), width - 2);
  const { version } = agreedNames(handshake.parameters);
  const facts = [
    handshake.id,
    ...(version === undefined ? [] : [`DTLS ${version}`]),
    ...(handshake.establishedAt === undefined
      ? []
      : [`done in ${duration(handshake.establishedAt - handshake.startedAt)}`]),
    plural(handshake.traffic.client.datagrams + handshake.traffic.server.datagrams, 'datagram'),
  ].join(' · ');
  const title = `${sign} ${outcome}`;
  const oneLine = textWidth(title) + 2 + textWidth(facts) <= width;
  return [
    oneLine ? `${tone(title)}${dim(`  ${facts}`)}` : tone(title),
    ...(oneLine ? [] : wrap(facts, width - 2).map((line) => `  ${dim(line)}`)),
    ...sentences.map((line) => `  ${bold(line)}`),
  ];
}

function findings(list: readonly Finding[], width: number, brush: Paint): string[] {
  const { bold, dim, warn, bad, glyphs } = brush;
  if (list.length === 0) return [];
  const lines = [bold('Findings')];
  for (const { id, severity, title, why, fix, see, evidence } of list) {
    const tone = { error: bad, warning: warn, info: dim }[severity];
    const sign = { error: glyphs.cross, warning: '!', info: glyphs.dot }[severity];
    const [first = '', ...rest] = wrap(`${plain(title)} (${plain(id)})`, width - 12);
    lines.push(
      `  ${tone(`${sign} ${severity.padEnd(7)}`)} ${bold(first)}`,
      ...rest.map((line) => `            ${bold(line)}`),
    );
    const part = (name: string, text: string): void => {
      if (text === '') return;
      const [start = '', ...more] = wrap(plain(text), width - 12);
      lines.push(`    ${dim(name.padEnd(7))} ${start}`, ...more.map((line) => `            ${line}`));
    };
    part('why', why);
    part('fix', fix);
    part('see', see);
    const [name, ...packets] = packetsLine(evidence)?.split(' ') ?? [];
    if (name !== undefined) part(name, packets.join(' '));
  }
  return [...lines, ''];
}

function agreed(handshake: Handshake, width: number, { bold, dim }: Paint): string[] {
  const lines = factLines(handshake).flatMap(([name, text]) => {
    const [start = '', ...more] = wrap(plain(text), width - 15);
    return [`  ${dim(name.padEnd(12))} ${start}`, ...more.map((line) => `               ${line}`)];
  });
  return lines.length > 0 ? [bold('Facts'), ...lines] : [];
}
