/** Characters and colours of text reports. Colour only adds to what shape and words already say. */
import { isUnsure } from '../diagnosis/lead.ts';
import type { Outcome } from '../diagnosis/model.ts';

export interface Glyphs {
  readonly lane: string;
  readonly startLeft: string;
  readonly startRight: string;
  readonly line: string;
  readonly dashed: string;
  readonly band: string;
  readonly right: string;
  readonly left: string;
  readonly chipLeft: string;
  readonly chipRight: string;
  readonly cross: string;
  readonly check: string;
  readonly dot: string;
}

export const unicodeGlyphs: Glyphs = {
  lane: '│',
  startLeft: '├',
  startRight: '┤',
  line: '─',
  dashed: '╌',
  band: '━',
  right: '▶',
  left: '◀',
  chipLeft: '┤',
  chipRight: '├',
  cross: '✕',
  check: '✔',
  dot: '·',
};

/** Dashed lines are dotted: in ASCII "-" is the solid one. */
export const asciiGlyphs: Glyphs = {
  lane: '|',
  startLeft: '|',
  startRight: '|',
  line: '-',
  dashed: '.',
  band: '=',
  right: '>',
  left: '<',
  chipLeft: '[',
  chipRight: ']',
  cross: 'X',
  check: 'OK',
  dot: '-',
};

type Style = (text: string) => string;

export interface Paint {
  readonly glyphs: Glyphs;
  readonly same: Style;
  readonly bold: Style;
  readonly dim: Style;
  readonly good: Style;
  readonly warn: Style;
  /** For what stopped the handshake, and nothing else. */
  readonly bad: Style;
}

const same: Style = (text) => text;
/** SGR sequences (ECMA-48 §8.3.117). */
const sgr =
  (code: number): Style =>
  (text) =>
    text === '' ? '' : `\u001b[${code}m${text}\u001b[0m`;

export function paint(colour: boolean, ascii: boolean): Paint {
  const glyphs = ascii ? asciiGlyphs : unicodeGlyphs;
  if (!colour) return { glyphs, same, bold: same, dim: same, good: same, warn: same, bad: same };
  return { glyphs, same, bold: sgr(1), dim: sgr(2), good: sgr(32), warn: sgr(33), bad: sgr(31) };
}

/** The sign and the tone of how a handshake ended. */
export function outcomeMark(
  outcome: Outcome,
  { glyphs, good, bad, warn }: Paint,
): { readonly sign: string; readonly tone: Style } {
  if (outcome === 'established') return { sign: glyphs.check, tone: good };
  return isUnsure(outcome) ? { sign: '?', tone: warn } : { sign: glyphs.cross, tone: bad };
}
