/**
 * What went wrong while reading a file that somebody else made. Reading never throws: it gives what could be read, and a
 * list of these. The list is bounded, because a file can be broken a million times.
 */

export type ProblemCode =
  /** The file ends in the middle of something. */
  | 'cut'
  /** A part of the file contradicts its own format. */
  | 'broken'
  /** Well formed, but not something that dtlscope reads. */
  | 'unsupported'
  /** Made by a newer major version of dtlscope. */
  | 'newer-version'
  /** Not a file of this kind at all. */
  | 'not-this-format'
  /** A bound was reached and something was left out. */
  | 'limit';

export interface Problem {
  readonly code: ProblemCode;
  /** Byte offset in the file; undefined where the whole file is meant. */
  readonly offset: number | undefined;
  /** What is wrong, and what to do where something can be done. One sentence for people. */
  readonly why: string;
}

/** Problems listed one by one before the rest is only counted. */
export const listedProblems = 100;

/** Collects problems, and counts those beyond `listedProblems`. */
export class Problems {
  readonly #listed: Problem[] = [];
  #more = 0;

  add(code: ProblemCode, offset: number | undefined, why: string): void {
    if (this.#listed.length < listedProblems) this.#listed.push({ code, offset, why });
    else this.#more++;
  }

  get count(): number {
    return this.#listed.length + this.#more;
  }

  list(): readonly Problem[] {
    if (this.#more === 0) return [...this.#listed];
    return [...this.#listed, { code: 'limit', offset: undefined, why: `${this.#more} more problems are not listed` }];
  }
}
