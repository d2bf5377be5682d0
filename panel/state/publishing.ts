/**
 * When views hear of new revisions. Those of one frame go out together. Of a long run the reading alone takes a good part
 * of a frame: it is made apart from its picture, so that a key or a scroll comes in between, and not again before the
 * panel has rested from it. Most of the time is the user's.
 */

export interface PublisherOptions {
  /** Puts off what is to be done (an animation frame in the panel); without it everything is done at once. */
  readonly later: ((work: () => void) => void) | undefined;
  /** A clock, ms. */
  readonly now: () => number;
  /** Reads what will be asked for when the revisions are out. */
  readonly prepare: (revisions: Revisions) => void;
  readonly tell: (revisions: Revisions) => void;
}

/** By run. */
export type Revisions = Readonly<Record<string, number>>;

/** A reading that takes as long stands in a task of its own. Milliseconds. */
const longReadingMs = 8;
/** So many times as long as it took is a rest, but never more than so many milliseconds. */
const rests = 3;
const longestRestMs = 1000;

export class Publisher {
  readonly #options: PublisherOptions;
  readonly #fresh = new Map<string, number>();
  #underWay = false;
  #restedAt = Number.NEGATIVE_INFINITY;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  publish(run: string, revision: number): void {
    this.#fresh.set(run, revision);
    if (this.#underWay) return;
    this.#underWay = true;
    this.#later(this.#read);
  }

  get #later(): (work: () => void) => void {
    return this.#options.later ?? ((work) => work());
  }

  readonly #read = (): void => {
    const { now, prepare, later } = this.#options;
    const begun = now();
    // A clock that was set back must not silence the panel.
    const rest = this.#restedAt - begun;
    if (rest > 0 && rest <= longestRestMs) {
      this.#later(this.#read);
      return;
    }
    const revisions = Object.fromEntries(this.#fresh);
    this.#fresh.clear();
    prepare(revisions);
    const took = now() - begun;
    if (took < longReadingMs || !later) {
      this.#tell(revisions);
      return;
    }
    this.#restedAt = begun + took + Math.min(took * rests, longestRestMs);
    later(() => this.#tell(revisions));
  };

  #tell(revisions: Revisions): void {
    this.#underWay = this.#fresh.size > 0;
    if (this.#underWay) this.#later(this.#read);
    this.#options.tell(revisions);
  }
}
