/** Those who want to hear of something: in the order in which they came, each until it wants no more. */
export class Hearers<A extends readonly unknown[] = []> {
  readonly #hearers = new Set<(...news: A) => void>();

  get size(): number {
    return this.#hearers.size;
  }

  /** Answers what ends it. */
  add(hear: (...news: A) => void): () => void {
    this.#hearers.add(hear);
    return () => this.#hearers.delete(hear);
  }

  /** Whoever is added or removed by one of them is heard, or not, from the next news on. */
  tell(...news: A): void {
    for (const hear of [...this.#hearers]) hear(...news);
  }
}
