/**
 * What is to be acknowledged (RFC 9147 §7.1): the records that brought something of the peer's current flight. A flight that
 * one of ours answers is acknowledged by that; its records are forgotten then. Only numbers are kept, and a bounded lot.
 */

export interface RecordNumber {
  readonly epoch: number;
  readonly sequence_number: number;
}

/** Numbers that are remembered, the newest ones. What is left out of an ACK costs a repeat of its record, no more. */
const mostRecords = 128;
/** Where ACKs wait for a timer each tells all that is remembered: as much as BoringSSL remembers. */
const mostTimedRecords = 32;

export class Acks {
  readonly #timed: boolean;
  #records: RecordNumber[] = [];
  /** message_seq with which the flight begins that nobody has acknowledged. */
  #from = 0;
  #untold = 0;
  #gapTold = false;
  /** The record that was retracted last: the rest of it is not to be noted either. */
  #retracted: RecordNumber | undefined;

  /** `timed`: repeats count as well, and each ACK tells all of it, in ascending order. */
  constructor(timed: boolean) {
    this.#timed = timed;
  }

  /** Records that no ACK has told yet. */
  get untold(): number {
    return this.#untold;
  }

  /** A record brought a fragment of this message, which was processed or buffered. */
  note(seq: number, epoch: number, number: number): void {
    if (seq < this.#from && !this.#timed) return;
    if (this.#retracted?.epoch === epoch && this.#retracted.sequence_number === number) return;
    const last = this.#records.at(-1);
    // A record may hold several fragments.
    if (last?.epoch === epoch && last.sequence_number === number) return;
    if (this.#records.length >= (this.#timed ? mostTimedRecords : mostRecords)) this.#records.shift();
    this.#records.push({ epoch, sequence_number: number });
    this.#untold = Math.min(this.#untold + 1, this.#records.length);
  }

  /** Part of the record that is being read could not be kept: it must come again, whole (RFC 9147 §7). */
  retract(epoch: number, number: number): void {
    this.#retracted = { epoch, sequence_number: number };
    const last = this.#records.at(-1);
    if (last?.epoch !== epoch || last.sequence_number !== number) return;
    this.#records.pop();
    this.#untold = Math.max(0, this.#untold - 1);
  }

  /** A flight of ours answers all messages before this one. */
  answered(from: number): void {
    this.#from = from;
    this.forget();
  }

  /** Whether a hole in what is here is news: it is told at once, and only once, until it is filled (RFC 9147 §7.1). */
  newGap(gap: boolean): boolean {
    const fresh = gap && !this.#gapTold && this.#untold > 0;
    this.#gapTold = gap && (this.#gapTold || fresh);
    return fresh;
  }

  /**
   * What an ACK of `most` numbers tells now: what none has told, the oldest first, and what was told last, in case that ACK
   * was lost. Never a newer one without the older: it would look as if the older were lost.
   */
  tell(most: number): readonly RecordNumber[] {
    if (this.#timed) {
      this.#untold = 0;
      return this.#records.slice(-most).sort((a, b) => a.epoch - b.epoch || a.sequence_number - b.sequence_number);
    }
    const told = this.#records.length - this.#untold;
    const news = this.#records.slice(told, told + most);
    this.#untold -= news.length;
    return [...this.#records.slice(Math.max(0, told - most + news.length), told), ...news];
  }

  forget(): void {
    this.#records = [];
    this.#untold = 0;
    this.#gapTold = false;
  }
}
