/**
 * The record layer of one association: epochs, record numbers, protection, the replay window (RFC 6347 §4.1, RFC 9147 §4). It
 * knows nothing of handshakes. Epochs that were opened for writing stay open, because a flight is sent again under the keys
 * it was first sent with; for reading, the newest epoch counts, and who calls decides how long older ones are listened to.
 *
 * Epoch 0 is not authenticated, so its numbers prove nothing: a window that they moved would let one forged record
 * silence a peer. They are only used to tell a copy made by the network from a record that the peer sent again.
 */

import { putUint } from '../base/bytes.ts';
import { after, type Instant } from '../base/time.ts';
import type { ProtectedHeader, RecordCipher } from '../crypto/protection12.ts';
import type { RecordCipher13 } from '../crypto/protection13.ts';
import type { AeadLimits } from '../crypto/schedule13.ts';
import { maxCiphertext, maxPlaintext, type RecordSlice, recordHeaderLength } from '../wire/record.ts';
import { type CiphertextSlice, unifiedBits } from '../wire/unified.ts';
import type { DropReason } from './failure.ts';
import { ReplayWindow } from './replay.ts';

/** The last record number of an epoch (RFC 6347 §4.1, RFC 9147 §4.2.1: it must never wrap). */
export const lastRecordNumber = 2 ** 48 - 1;
/** Largest encrypted_record of DTLS 1.3 (RFC 8446 §5.2). */
const maxCiphertext13 = 2 ** 14 + 256;

export type ReadResult =
  /** `again`: the network's copy of a record that was read before; only possible where nothing is authenticated. */
  | { readonly ok: true; readonly plaintext: Uint8Array; readonly again: boolean }
  | { readonly ok: false; readonly reason: DropReason; readonly detail?: string };

/** A ciphertext of DTLS 1.3, opened: only now epoch, number and type are known. */
export type ReadResult13 =
  | {
      readonly ok: true;
      readonly epoch: number;
      readonly sequenceNumber: number;
      readonly type: number;
      readonly plaintext: Uint8Array;
    }
  | { readonly ok: false; readonly reason: DropReason; readonly detail?: string; readonly worn?: true };

type Cipher = RecordCipher | RecordCipher13 | undefined;

const is13 = (cipher: Cipher): cipher is RecordCipher13 => cipher !== undefined && 'unmask' in cipher;

interface WriteEpoch {
  readonly cipher: Cipher;
  /** The last number that may be used. */
  readonly last: number;
  next: number;
}
interface ReadEpoch {
  readonly cipher: Cipher;
  readonly window: ReplayWindow;
  /** How many records may fail to open (RFC 9147 §4.5.3), and how many did. */
  readonly mostFailed: number;
  failed: number;
  /** When it is forgotten; never while it is undefined. */
  until: Instant | undefined;
}

export class RecordLayer {
  readonly #windowWidth: number;
  readonly #keepMs: number;
  readonly #write = new Map<number, WriteEpoch>();
  readonly #read = new Map<number, ReadEpoch>();
  #readEpoch = 0;
  #writeEpoch = 0;
  /** What stands in the version field of what we write: feff until a version is agreed (RFC 6347 §4.2.1, RFC 9147 §4). */
  version = 0xfeff;
  /** The most plaintext that the peer takes in a protected record, its type included in 1.3 (RFC 8449 §4). */
  peerLimit = Number.POSITIVE_INFINITY;
  /** The most that we said we take, once the peer knows. */
  ownLimit = Number.POSITIVE_INFINITY;
  /** Something that the peer protected was opened: from then on what is not protected is not the peer's. */
  heardProtected = false;

  /** `keepMs`: how long after a KeyUpdate the keys before it are kept for records that come late (RFC 9147 §4.2.1). */
  constructor(windowWidth: number, keepMs = 0) {
    this.#windowWidth = windowWidth;
    this.#keepMs = keepMs;
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

  openRead(epoch: number, cipher: Cipher, limits?: AeadLimits): void {
    const mostFailed = limits?.failed ?? Number.POSITIVE_INFINITY;
    const window = new ReplayWindow(this.#windowWidth);
    this.#read.set(epoch, { cipher, window, mostFailed, failed: 0, until: undefined });
    this.#readEpoch = epoch;
  }

  openWrite(epoch: number, cipher: Cipher, next = 0, limits?: AeadLimits): void {
    const last = Math.min(lastRecordNumber, limits ? limits.encrypted - 1 : lastRecordNumber);
    this.#write.set(epoch, { cipher, next, last });
    this.#writeEpoch = epoch;
  }

  /** An older epoch is read until then, and forgotten. */
  keepRead(epoch: number, until: Instant): void {
    const reading = this.#read.get(epoch);
    if (reading) reading.until = until;
  }

  /** Bytes of a whole record around so many bytes of plaintext. */
  recordLength(epoch: number, plaintextLength: number): number {
    const { cipher } = this.#writing(epoch);
    if (is13(cipher)) return cipher.recordLength(plaintextLength);
    return recordHeaderLength + (cipher ? cipher.protectedLength(plaintextLength) : plaintextLength);
  }

  /** The most plaintext bytes of a record that takes no more than `room`; not more than any record may hold. */
  plaintextThatFits(epoch: number, room: number): number {
    const { cipher } = this.#writing(epoch);
    if (is13(cipher)) return Math.min(maxPlaintext, this.peerLimit - 1, cipher.contentThatFits(room));
    const inside = room - recordHeaderLength;
    return cipher
      ? Math.min(maxPlaintext, this.peerLimit, cipher.plaintextThatFits(inside))
      : Math.min(maxPlaintext, inside);
  }

  /** Whether so many more records may be written before numbers, or the key's limit (RFC 9147 §4.5.3), run out. */
  canWrite(epoch: number, records: number): boolean {
    const { next, last } = this.#writing(epoch);
    return next + records - 1 <= last;
  }

  /** The part of an epoch's numbers, or of its key's limit, that is used up. */
  worn(epoch: number): number {
    const { next, last } = this.#writing(epoch);
    return next / (last + 1);
  }

  /** Writes a record under the next number of its epoch. Ask `canWrite` first. */
  seal(epoch: number, type: number, plaintext: Uint8Array): { readonly bytes: Uint8Array; readonly number: number } {
    const bytes = new Uint8Array(this.recordLength(epoch, plaintext.length));
    const number = this.sealInto(bytes, 0, epoch, type, plaintext.length, (into, at) => into.set(plaintext, at));
    return { bytes, number };
  }

  /**
   * The same into a datagram, from `start` on, where `recordLength` bytes are free; gives the record's number. `write` puts
   * `length` bytes of plaintext where it is told.
   */
  sealInto(
    datagram: Uint8Array,
    start: number,
    epoch: number,
    type: number,
    length: number,
    write: (into: Uint8Array, at: number) => void,
  ): number {
    const writing = this.#writing(epoch);
    const { cipher } = writing;
    if (writing.next > writing.last) throw new Error(`no record number is left in epoch ${epoch}`);
    const number = writing.next++;
    if (!cipher) {
      writeRecordHeader(datagram, start, { type, version: this.version, epoch, sequenceNumber: number }, length);
      write(datagram, start + recordHeaderLength);
      return number;
    }
    const plaintext = new Uint8Array(length);
    write(plaintext, 0);
    if (is13(cipher)) {
      datagram.set(cipher.protect({ type, sequenceNumber: number }, plaintext), start);
      return number;
    }
    const header = { type, version: this.version, epoch, sequenceNumber: number };
    const fragment = cipher.protect(header, plaintext);
    writeRecordHeader(datagram, start, header, fragment.length);
    datagram.set(fragment, start + recordHeaderLength);
    return number;
  }

  /** The next plaintext record gets the number of the one before it, as no endpoint should. */
  repeatNumber(epoch: number): void {
    const writing = this.#writing(epoch);
    // Never under keys: a nonce that is used twice gives them away.
    if (writing.cipher === undefined && writing.next > 0) writing.next--;
  }

  /** Writes a plaintext record under a number that is not ours to count: a stateless server repeats the client's. */
  sealStateless(type: number, number: number, plaintext: Uint8Array): Uint8Array {
    const out = new Uint8Array(recordHeaderLength + plaintext.length);
    const header = { type, version: this.version, epoch: 0, sequenceNumber: number };
    writeRecordHeader(out, 0, header, plaintext.length);
    out.set(plaintext, recordHeaderLength);
    return out;
  }

  /** Reads a record with the header of DTLS 1.2. The window moves only once the record is authenticated. */
  open(slice: RecordSlice): ReadResult {
    const reading = this.#read.get(slice.epoch);
    if (!reading) return { ok: false, reason: 'unknown-epoch' };
    const { cipher } = reading;
    if (is13(cipher))
      return { ok: false, reason: 'unexpected-content', detail: `a plain record of epoch ${slice.epoch}` };
    if (slice.length > maxCiphertext) return { ok: false, reason: 'oversized', detail: `${slice.length} bytes` };
    const place = reading.window.look(slice.sequenceNumber);
    if (!cipher) {
      if (slice.length > maxPlaintext) return { ok: false, reason: 'oversized', detail: `${slice.length} bytes` };
      reading.window.mark(slice.sequenceNumber);
      return { ok: true, plaintext: slice.fragment, again: place === 'seen' };
    }
    // In epoch 0 a client cannot know the version yet; behind it both know (RFC 6347 §4.1).
    if (slice.version !== this.version)
      return { ok: false, reason: 'wrong-version', detail: `0x${slice.version.toString(16)}` };
    // RFC 6347 §4.1.2.6: checked before the MAC, so that a replay costs nothing.
    if (place !== 'new') return { ok: false, reason: 'replayed' };
    const plaintext = cipher.unprotect(slice, slice.fragment);
    if (!plaintext) return { ok: false, reason: 'bad-mac' };
    reading.window.mark(slice.sequenceNumber);
    this.heardProtected = true;
    // RFC 5246 §6.2.1 would have record_overflow; RFC 6347 §4.1.2.7 prefers silence on UDP.
    // RFC 8449 §4 leaves the choice for a limit of our own.
    if (plaintext.length > Math.min(maxPlaintext, this.ownLimit))
      return { ok: false, reason: 'oversized', detail: `${plaintext.length} bytes of plaintext` };
    return { ok: true, plaintext, again: false };
  }

  /**
   * Reads a ciphertext of DTLS 1.3: of the most recent epoch that its two bits can mean (RFC 9147 §4.2.2). Unknown epochs
   * are no failure to open. `worn`: more records failed than the key allows, and the association must end (§4.5.3).
   */
  openUnified(slice: CiphertextSlice, now: Instant): ReadResult13 {
    const epoch = this.epochOf(slice.epochBits, now);
    const reading = epoch === undefined ? undefined : this.#read.get(epoch);
    if (epoch === undefined || !is13(reading?.cipher))
      return { ok: false, reason: 'unknown-epoch', detail: `epoch ..${slice.epochBits.toString(2).padStart(2, '0')}` };
    if (slice.length > maxCiphertext13) return { ok: false, reason: 'oversized', detail: `${slice.length} bytes` };
    const opened = reading.cipher.unprotect(slice, reading.window.highest + 1);
    if (!opened) {
      const worn = ++reading.failed >= reading.mostFailed;
      return { ok: false, reason: 'bad-mac', ...(worn && { worn }) };
    }
    // RFC 9147 §4.5.1: looked at after deprotection, so that its time tells nothing of the window.
    const { sequenceNumber, type, content } = opened;
    if (reading.window.look(sequenceNumber) !== 'new') return { ok: false, reason: 'replayed' };
    // RFC 9147 §8: the keys before are kept until something came under the new ones.
    if (epoch > 3 && reading.window.highest < 0) this.keepRead(epoch - 1, after(now, this.#keepMs));
    reading.window.mark(sequenceNumber);
    this.heardProtected = true;
    if (content.length > Math.min(maxPlaintext, this.ownLimit - 1))
      return { ok: false, reason: 'oversized', detail: `${content.length} bytes of plaintext` };
    // RFC 8446 §5.4 has unexpected_message; RFC 9147 §4.5.2 prefers silence.
    if (type === 0) return { ok: false, reason: 'malformed', detail: 'a record without a content type' };
    return { ok: true, epoch, sequenceNumber, type, plaintext: content };
  }

  /** The newest epoch that can be read and that these two bits can mean; `undefined` when there is none. */
  epochOf(bits: number, now: Instant): number | undefined {
    let found: number | undefined;
    for (const [epoch, { until, cipher }] of this.#read) {
      if (until !== undefined && until < now) this.#read.delete(epoch);
      else if (is13(cipher) && (epoch & unifiedBits.epoch) === bits && (found === undefined || epoch > found))
        found = epoch;
    }
    return found;
  }

  #writing(epoch: number): WriteEpoch {
    const found = this.#write.get(epoch);
    if (!found) throw new Error(`epoch ${epoch} is not open for writing`);
    return found;
  }
}

/** The 13 bytes of `recordHeader` (RFC 6347 §4.1), written straight: every record that we send begins with them. */
function writeRecordHeader(out: Uint8Array, at: number, header: ProtectedHeader, length: number): void {
  out[at] = header.type;
  out[at + 1] = header.version >> 8;
  out[at + 2] = header.version;
  out[at + 3] = header.epoch >> 8;
  out[at + 4] = header.epoch;
  putUint(out, at + 5, header.sequenceNumber, 6);
  out[at + 11] = length >> 8;
  out[at + 12] = length;
}
