/**
 * The record layer of one association: epochs, record numbers, protection, the replay window (RFC 6347 §4.1). It knows
 * nothing of handshakes. Epochs that were opened for writing stay open, because a flight is sent again under the keys it
 * was first sent with; for reading, the newest epoch counts, and who calls decides how long older ones are listened to.
 *
 * Epoch 0 is not authenticated, so its numbers prove nothing: a window that they moved would let one forged record
 * silence a peer. They are only used to tell a copy made by the network from a record that the peer sent again.
 */
import { encode } from '../codec/codec.ts';
import type { RecordCipher } from '../crypto/protection12.ts';
import { maxCiphertext, maxPlaintext, type RecordSlice, record, recordHeaderLength } from '../wire/record.ts';
import type { DropReason } from './failure.ts';
import { ReplayWindow } from './replay.ts';

/** The last record number of an epoch (RFC 6347 §4.1: it must never wrap). */
export const lastRecordNumber = 2 ** 48 - 1;

export type ReadResult =
  /** `again`: the network's copy of a record that was read before; only possible where nothing is authenticated. */
  | { readonly ok: true; readonly plaintext: Uint8Array; readonly again: boolean }
  | { readonly ok: false; readonly reason: DropReason; readonly detail?: string };

interface WriteEpoch {
  readonly cipher: RecordCipher | undefined;
  next: number;
}
interface ReadEpoch {
  readonly cipher: RecordCipher | undefined;
  readonly window: ReplayWindow;
}

export class RecordLayer {
  readonly #windowWidth: number;
  readonly #write = new Map<number, WriteEpoch>();
  readonly #read = new Map<number, ReadEpoch>();
  #readEpoch = 0;
  #writeEpoch = 0;
  /** What stands in the version field of what we write: feff until a version is agreed (RFC 6347 §4.2.1). */
  version = 0xfeff;

  constructor(windowWidth: number) {
    this.#windowWidth = windowWidth;
    this.openWrite(0, undefined);
    this.openRead(0, undefined);
  }

  /** The newest epoch that can be read. */
  get readEpoch(): number {
    return this.#readEpoch;
  }
  /** The newest epoch that can be written: alerts and application data go there. */
  get writeEpoch(): number {
    return this.#writeEpoch;
  }

  openRead(epoch: number, cipher: RecordCipher | undefined): void {
    this.#read.set(epoch, { cipher, window: new ReplayWindow(this.#windowWidth) });
    this.#readEpoch = epoch;
  }

  openWrite(epoch: number, cipher: RecordCipher | undefined, next = 0): void {
    this.#write.set(epoch, { cipher, next });
    this.#writeEpoch = epoch;
  }

  /** Bytes of a whole record around so many bytes of plaintext. */
  recordLength(epoch: number, plaintextLength: number): number {
    const { cipher } = this.#writing(epoch);
    return recordHeaderLength + (cipher ? cipher.protectedLength(plaintextLength) : plaintextLength);
  }

  /** The most plaintext bytes of a record that takes no more than `room`; not more than any record may hold. */
  plaintextThatFits(epoch: number, room: number): number {
    const { cipher } = this.#writing(epoch);
    const inside = room - recordHeaderLength;
    return Math.min(maxPlaintext, cipher ? cipher.plaintextThatFits(inside) : inside);
  }

  /** Whether so many more records may be written before the numbers run out. */
  canWrite(epoch: number, records: number): boolean {
    return this.#writing(epoch).next + records - 1 <= lastRecordNumber;
  }

  /** Writes a record under the next number of its epoch. Ask `canWrite` first. */
  seal(epoch: number, type: number, plaintext: Uint8Array): { readonly bytes: Uint8Array; readonly number: number } {
    const writing = this.#writing(epoch);
    if (writing.next > lastRecordNumber) throw new Error(`no record number is left in epoch ${epoch}`);
    const number = writing.next++;
    return { bytes: this.#bytes(writing.cipher, epoch, type, number, plaintext), number };
  }

  /** Writes a plaintext record under a number that is not ours to count: a stateless server repeats the client's. */
  sealStateless(type: number, number: number, plaintext: Uint8Array): Uint8Array {
    return this.#bytes(undefined, 0, type, number, plaintext);
  }

  /** Reads a record of an epoch that `canRead`. The window moves only once the record is authenticated. */
  open(slice: RecordSlice): ReadResult {
    const reading = this.#read.get(slice.epoch);
    if (!reading) return { ok: false, reason: 'unknown-epoch' };
    if (slice.length > maxCiphertext) return { ok: false, reason: 'oversized', detail: `${slice.length} bytes` };
    const place = reading.window.look(slice.sequenceNumber);
    if (!reading.cipher) {
      if (slice.length > maxPlaintext) return { ok: false, reason: 'oversized', detail: `${slice.length} bytes` };
      reading.window.mark(slice.sequenceNumber);
      return { ok: true, plaintext: slice.fragment, again: place === 'seen' };
    }
    // In epoch 0 a client cannot know the version yet; behind it both know (RFC 6347 §4.1).
    if (slice.version !== this.version)
      return { ok: false, reason: 'wrong-version', detail: `0x${slice.version.toString(16)}` };
    // RFC 6347 §4.1.2.6: checked before the MAC, so that a replay costs nothing.
    if (place !== 'new') return { ok: false, reason: 'replayed' };
    const plaintext = reading.cipher.unprotect(slice, slice.fragment);
    if (!plaintext) return { ok: false, reason: 'bad-mac' };
    reading.window.mark(slice.sequenceNumber);
    // RFC 5246 §6.2.1 would have record_overflow; RFC 6347 §4.1.2.7 prefers silence on UDP.
    if (plaintext.length > maxPlaintext)
      return { ok: false, reason: 'oversized', detail: `${plaintext.length} bytes of plaintext` };
    return { ok: true, plaintext, again: false };
  }

  canRead(epoch: number): boolean {
    return this.#read.has(epoch);
  }

  #writing(epoch: number): WriteEpoch {
    const found = this.#write.get(epoch);
    if (!found) throw new Error(`epoch ${epoch} is not open for writing`);
    return found;
  }

  #bytes(
    cipher: RecordCipher | undefined,
    epoch: number,
    type: number,
    number: number,
    plaintext: Uint8Array,
  ): Uint8Array {
    const header = { type, version: this.version, epoch, sequenceNumber: number };
    const fragment = cipher ? cipher.protect(header, plaintext) : plaintext;
    return encode(record, { type, version: this.version, epoch, sequence_number: number, fragment });
  }
}
