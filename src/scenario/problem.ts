/**
 * What is wrong with something that a person wrote: which option, what was given, where in it, and what would be right.
 * A value, never a throw: the panel shows it beside the field, the terminal on stderr.
 */
export interface Problem {
  /** As the reader knows it: `--mtu`, `TARGET`. */
  readonly where: string;
  /** What was given, verbatim. */
  readonly given: string;
  /** Completes "… is wrong:": "is not a whole number". */
  readonly what: string;
  /** What is accepted, as a noun phrase: "64 to 65507 bytes". */
  readonly allowed: string | undefined;
  /** Offset of the offending character in `given`, where one can be named. */
  readonly at: number | undefined;
}

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export const good = <T>(value: T): Parsed<T> => ({ ok: true, value });
export const bad = (
  where: string,
  given: string,
  what: string,
  rest: { readonly allowed?: string; readonly at?: number } = {},
): { readonly ok: false; readonly problems: readonly Problem[] } => ({
  ok: false,
  problems: [{ where, given, what, allowed: rest.allowed, at: rest.at }],
});

/** Text for people: one line, and two more with a caret under the offending character where one is known. */
export function describeProblem({ where, given, what, allowed, at }: Problem): string {
  const shown = given === '' ? 'nothing' : at === undefined ? `"${given}"` : 'this';
  const line = `${where}: ${shown} ${what}${allowed === undefined ? '' : `; allowed: ${allowed}`}`;
  return at === undefined || given === '' ? line : `${line}\n  ${given}\n  ${' '.repeat(at)}^`;
}
