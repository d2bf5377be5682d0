/** What is known of two addresses, whichever of them sends. Looked up for every datagram, so it has to cost next to nothing. */
import type { Address } from '../trace/model.ts';

interface Ends {
  readonly src: Address;
  readonly dst: Address;
}

/** Pairs that are remembered. */
const mostPairs = 200_000;

export class Pairs<T> {
  /** By one address, then by the other; both ways. */
  readonly #byAddress = new Map<Address, Map<Address, T>>();
  readonly #make: () => T;
  #count = 0;
  /** That of the last datagram: the next one is often of the same. */
  #last: { readonly src: Address; readonly dst: Address; readonly pair: T | undefined } = {
    src: '',
    dst: '',
    pair: undefined,
  };

  constructor(make: () => T) {
    this.#make = make;
  }

  between(src: Address, dst: Address): T | undefined {
    return this.#byAddress.get(src)?.get(dst);
  }

  of({ src, dst }: Ends): T | undefined {
    const last = this.#last;
    if (last.src === src && last.dst === dst) return last.pair;
    const pair = this.between(src, dst);
    this.#last = { src, dst, pair };
    return pair;
  }

  /** A new one; undefined when there are too many. */
  add({ src, dst }: Ends): T | undefined {
    if (this.#count >= mostPairs) return undefined;
    this.#count++;
    const pair = this.#make();
    this.#put(src, dst, pair);
    this.#put(dst, src, pair);
    this.#last = { src, dst, pair };
    return pair;
  }

  #put(a: Address, b: Address, pair: T): void {
    const known = this.#byAddress.get(a);
    if (known) known.set(b, pair);
    else this.#byAddress.set(a, new Map([[b, pair]]));
  }
}
