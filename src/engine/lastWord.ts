/** The alert that ended an association, for a peer that did not get it (RFC 6347 §4.2.7, RFC 9147 §5.10). */
import type { Instant } from '../base/time.ts';
import { tryDecode } from '../codec/codec.ts';
import { handshakeHeader } from '../wire/handshake.ts';
import { ContentType } from '../wire/registry.ts';
import { unifiedBits } from '../wire/unified.ts';
import { type AnySlice, headOf } from './epochs.ts';
import type { RecordLayer } from './records.ts';

/** How often it is repeated to a peer that goes on. */
const mostRepeats = 10;

export class LastWord {
  readonly description: number;
  /** Epoch and message_seq of the message that was wrong. */
  readonly #about: { readonly epoch: number; readonly seq: number };
  #times = 0;

  constructor(description: number, about: { readonly epoch: number; readonly seq: number }) {
    this.description = description;
    this.#about = about;
  }

  /** Whether to say it once more, to a peer that sent these records. */
  again(slices: readonly AnySlice[], records: RecordLayer, now: Instant): boolean {
    return slices.some((slice) => this.#isAbout(slice, records, now)) && this.#times++ < mostRepeats;
  }

  /** Whether a record is what was wrong, or came before it: what comes behind it in its flight may still be the first copy. */
  #isAbout(slice: AnySlice, records: RecordLayer, now: Instant): boolean {
    const { epoch, seq } = this.#about;
    let plaintext = slice.fragment;
    if (slice.form === 'unified') {
      if (epoch === 0 || slice.epochBits !== (epoch & unifiedBits.epoch)) return false;
      const read = records.openUnified(slice, now);
      if (!read.ok || read.type !== ContentType.handshake) return false;
      plaintext = read.plaintext;
    } else if (slice.type !== ContentType.handshake || slice.epoch !== epoch) return false;
    // Under the keys of DTLS 1.2 there is nothing but Finished.
    else if (slice.epoch > 0) return true;
    const head = tryDecode(handshakeHeader, headOf(plaintext));
    return head.ok && head.value.message_seq <= seq;
  }
}
