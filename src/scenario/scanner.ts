/**
 * Small grammars (link rules, steps) read with this: pieces of a text that know where they stand, so that every complaint
 * points at its character; and the values that they share: numbers, times, sizes, and parameters behind commas.
 */
import { bad, good, type Parsed } from './problem.ts';

/** The longest time that a grammar reads. ms */
export const maxMs = 600_000;

/** Thrown and caught in this file alone. */
class Misread extends Error {
  readonly at: number;
  readonly what: string;
  readonly allowed: { readonly allowed?: string };
  constructor(at: number, what: string, allowed: string | undefined) {
    super(what);
    this.at = at;
    this.what = what;
    this.allowed = allowed === undefined ? {} : { allowed };
  }
}

/** Reads a text whole; what `read` finds wrong with it is a problem that points at the character. */
export function scan<T>(where: string, text: string, read: (text: Scanner) => T): Parsed<T> {
  try {
    return good(read(new Scanner(text)));
  } catch (error) {
    if (error instanceof Misread) return bad(where, text, error.what, { at: error.at, ...error.allowed });
    throw error;
  }
}

/** A piece of the text that knows where it stands. */
export class Scanner {
  readonly text: string;
  readonly start: number;
  constructor(text: string, start = 0) {
    this.text = text;
    this.start = start;
  }

  fail(what: string, allowed?: string, at = 0): never {
    throw new Misread(this.start + at, what, allowed);
  }
  slice(from: number, to = this.text.length): Scanner {
    return new Scanner(this.text.slice(from, to), this.start + from);
  }
  /** The parts before and behind the first `separator`; `undefined` when there is none. */
  cut(separator: string): readonly [Scanner, Scanner] | undefined {
    const at = this.text.indexOf(separator);
    return at < 0 ? undefined : [this.slice(0, at), this.slice(at + separator.length)];
  }
  split(separator: string): Scanner[] {
    const parts: Scanner[] = [];
    let left: Scanner = this;
    for (let cut = left.cut(separator); cut; cut = left.cut(separator)) {
      parts.push(cut[0]);
      left = cut[1];
    }
    return [...parts, left];
  }
}

/** The `,name=value` parts behind a rule, and the names that stand alone; every one must be asked for. */
export class Parameters {
  readonly #parts: { readonly name: Scanner; readonly value: Scanner | undefined; taken: boolean }[];
  readonly #kind: string;
  readonly #examples: string;

  constructor(parts: readonly Scanner[], kind: string, examples: string) {
    this.#kind = kind;
    this.#examples = examples;
    this.#parts = parts.map((part) => {
      const cut = part.cut('=');
      return { name: cut?.[0] ?? part, value: cut?.[1], taken: false };
    });
  }

  take(name: string): Scanner | undefined {
    const found = this.#parts.find((part) => part.name.text === name && part.value !== undefined && !part.taken);
    if (found) found.taken = true;
    return found?.value;
  }

  /** Whether the name stands there alone. */
  flag(name: string): boolean {
    const found = this.#parts.find((part) => part.name.text === name && part.value === undefined && !part.taken);
    if (found) found.taken = true;
    return found !== undefined;
  }

  refuseOthers(): void {
    const other = this.#parts.find((part) => !part.taken);
    if (other && other.value === undefined)
      other.name.fail(`is not PARAMETER=VALUE; "${this.#kind}" ends before the comma`, this.#examples);
    other?.name.fail(`has no place for "${other.name.text}" in "${this.#kind}"`, this.#examples);
  }
}

/** A decimal number in [low, high]. */
export function number(text: Scanner, what: string, low: number, high: number, allowed: string): number {
  // Six decimals are what JavaScript still prints without an exponent, so that every value can be written back.
  if (!/^\d{1,12}(\.\d{1,6})?$/.test(text.text)) {
    const at = /^\d{0,12}(\.\d{1,6})?/.exec(text.text)?.[0].length ?? 0;
    return text.fail(`is not ${what}`, allowed, text.text === '' ? 0 : Math.min(at, text.text.length - 1));
  }
  const value = Number(text.text);
  if (value < low || value > high) text.fail(`is ${value < low ? 'too small' : 'too large'}`, allowed);
  return value;
}

/** The text before a unit that is there. */
export const withoutUnit = (text: Scanner, unit: RegExp): Scanner => text.slice(0, text.text.search(unit));

/** A time: `500ms`, `2s`, or a bare number of milliseconds. */
export function milliseconds(text: Scanner): number {
  const allowed = '0 to 600000, in ms or s';
  const unit = /(ms|s)$/.exec(text.text)?.[0];
  const digits = unit === undefined ? text : withoutUnit(text, /(ms|s)$/);
  return unit === 's'
    ? number(digits, 'a time', 0, maxMs / 1000, allowed) * 1000
    : number(digits, 'a time', 0, maxMs, allowed);
}

const sizes: Readonly<Record<string, number>> = { B: 1, KB: 1000, KiB: 1024, MB: 1e6, MiB: 2 ** 20 };
/** A whole number of bytes: `1000`, `1KB`. */
export function size(text: Scanner, max: number, min = 0): number {
  const allowed = `${min} to ${max} bytes`;
  const unit = /(B|KB|KiB|MB|MiB)$/.exec(text.text)?.[0];
  const scale = unit === undefined ? 1 : (sizes[unit] ?? 1);
  const digits = unit === undefined ? text : withoutUnit(text, /(B|KB|KiB|MB|MiB)$/);
  const value = number(digits, 'a size in bytes', min / scale, max / scale, allowed) * scale;
  if (!Number.isInteger(value)) digits.fail('is not a whole number of bytes', allowed);
  return value;
}

/** A whole number in [low, high]. */
export function integer(text: Scanner, what: string, low: number, high: number): number {
  const value = number(text, what, low, high, `${low} to ${high}`);
  if (!Number.isInteger(value)) text.fail(`is not ${what}`, `${low} to ${high}`);
  return value;
}
