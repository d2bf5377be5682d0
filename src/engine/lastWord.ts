/** The alert that ended an association, for a peer that did not get it (RFC 6347 §4.2.7, RFC 9147 §5.10). */

/** How often it is repeated to a peer that goes on. */
const mostRepeats = 10;

export class LastWord {
  readonly description: number;
  /** Epoch and message_seq of the message that was wrong. */
  readonly about: { readonly epoch: number; readonly seq: number };
  #times = 0;

  constructor(description: number, about: { readonly epoch: number; readonly seq: number }) {
    this.description = description;
    this.about = about;
  }

  /** Whether to say it once more. */
  again(): boolean {
    return this.#times++ < mostRepeats;
  }
}
