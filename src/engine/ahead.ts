/**
 * Records of epochs whose keys are not here yet (RFC 6347 §4.1, RFC 9147 §4.2.1): a bounded lot, kept as they came, while a
 * handshake is under way.
 */
import type { RecordSlice } from '../wire/record.ts';
import type { CiphertextSlice } from '../wire/unified.ts';

export type AnySlice = RecordSlice | CiphertextSlice;

export class Ahead {
  readonly #most: number;
  #records: AnySlice[] = [];

  /** `most`: records that are kept. */
  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#records.reduce((sum, { length }) => sum + length, 0);
  }

  /** Keeps a copy; false when there is no room. */
  keep(slice: AnySlice): boolean {
    if (this.#records.length >= this.#most) return false;
    const copied = { fragment: slice.fragment.slice() };
    this.#records.push(
      slice.form === 'plain' ? { ...slice, ...copied } : { ...slice, ...copied, header: slice.header.slice() },
    );
    return true;
  }

  /** Hands out everything. */
  take(): readonly AnySlice[] {
    const records = this.#records;
    this.#records = [];
    return records;
  }
}
