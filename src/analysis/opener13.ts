/**
 * Opens the ciphertexts of DTLS 1.3 with the traffic secrets of a key log. The header tells two bits of the epoch and the
 * low bits of a masked number; both are rebuilt from what was opened before (RFC 9147 §4.2.2). A KeyUpdate may have been
 * lost before the trace, so a record that is not of the epochs in use is also tried as one of those right behind them:
 * their secrets follow from the first (RFC 8446 §7.2).
 */
import { type OpenedRecord, type RecordCipher13, recordProtection13 } from '../crypto/protection13.ts';
import type { CryptoProvider } from '../crypto/provider.ts';
import { keySchedule, trafficSecretLabel } from '../crypto/schedule13.ts';
import { hashLength } from '../crypto/schemes.ts';
import type { Actor } from '../trace/model.ts';
import { ContentType } from '../wire/registry.ts';
import { type CipherSuite, cipherSuite } from '../wire/suites.ts';
import { type CiphertextSlice, reconstructEpoch } from '../wire/unified.ts';
import type { ProtectionFacts13 } from './keys.ts';

/** The epochs of a handshake and the application's first are all in use from the beginning (RFC 9147 §6.1). */
const firstApplicationEpoch = 3;
/** Attempts to open a record in an epoch that is not the expected one, for each side: garbage is not tried for ever. */
const mostGuesses = 4096;
/** Of what is not opened, numbers further away from those before are not believed. */
const nearby = 64;

export interface Opened13 {
  readonly epoch: number;
  readonly record: OpenedRecord;
}

interface Keyed {
  readonly cipher: RecordCipher13;
  /** One more than the highest number that was opened. */
  next: number;
}

/** One direction. */
class Direction {
  readonly secrets = new Map<number, Uint8Array>();
  readonly keyed = new Map<number, Keyed>();
  newest = firstApplicationEpoch;
  guesses = 0;
}

export class Opener13 {
  readonly #crypto: CryptoProvider;
  readonly #suite: CipherSuite;
  readonly #secrets: ReadonlyMap<string, Uint8Array>;
  readonly #sides: Readonly<Record<Actor, Direction>> = { client: new Direction(), server: new Direction() };

  private constructor(crypto: CryptoProvider, suite: CipherSuite, secrets: ReadonlyMap<string, Uint8Array>) {
    this.#crypto = crypto;
    this.#suite = suite;
    this.#secrets = secrets;
  }

  /** `undefined` when the suite is none of 1.3 that dtlscope knows. */
  static of(
    crypto: CryptoProvider,
    facts: ProtectionFacts13,
    secrets: ReadonlyMap<string, Uint8Array>,
  ): Opener13 | undefined {
    const suite = cipherSuite(facts.suite);
    return suite?.versions.includes('1.3') && suite.cipher.kind === 'aead'
      ? new Opener13(crypto, suite, secrets)
      : undefined;
  }

  /**
   * The opened record; or whether a key was there that does not open it, or which secret is missing (its label in the key
   * log).
   */
  open(from: Actor, slice: CiphertextSlice): Opened13 | 'wrong' | { readonly missing: string } {
    const side = this.#sides[from];
    const expected = reconstructEpoch(slice.epochBits, side.newest + 1) ?? 0;
    let tried = false;
    for (const epoch of [expected, expected + 4, expected - 4]) {
      if (epoch < 1 || epoch > side.newest + 5 || (epoch !== expected && side.guesses >= mostGuesses)) continue;
      const keyed = this.#keyed(from, epoch);
      if (!keyed) continue;
      tried ||= epoch === expected;
      if (epoch !== expected) side.guesses++;
      const record = keyed.cipher.unprotect(slice, keyed.next);
      if (!record) continue;
      keyed.next = Math.max(keyed.next, record.sequenceNumber + 1);
      side.newest = Math.max(side.newest, epoch);
      return { epoch, record };
    }
    if (tried) return 'wrong';
    return { missing: trafficSecretLabel(from, Math.min(expected, firstApplicationEpoch)) ?? 'no secret' };
  }

  /**
   * Whether a record is application data, told by its content type alone: its tag is not looked at, which saves nine tenths
   * of the work. Only for a number close to those that were opened, in an epoch of which one was; false also where it can't
   * be told.
   */
  isData(from: Actor, slice: CiphertextSlice): boolean {
    const side = this.#sides[from];
    const keyed = side.keyed.get(side.newest);
    if (!keyed || keyed.next === 0 || slice.epochBits !== (side.newest & 3)) return false;
    const { sequenceNumber, lastByte } = keyed.cipher.peek(slice, keyed.next) ?? { sequenceNumber: -1, lastByte: 0 };
    if (lastByte !== ContentType.applicationData || Math.abs(sequenceNumber - keyed.next) > nearby) return false;
    keyed.next = Math.max(keyed.next, sequenceNumber + 1);
    return true;
  }

  #keyed(from: Actor, epoch: number): Keyed | undefined {
    const { keyed } = this.#sides[from];
    const known = keyed.get(epoch);
    const secret = known ? undefined : this.#secretOf(from, epoch);
    if (known || !secret) return known;
    const cipher = recordProtection13({ provider: this.#crypto, suite: this.#suite, secret, epoch });
    const made = { cipher, next: 0 };
    keyed.set(epoch, made);
    return made;
  }

  /** From the key log, or derived from that of the epoch before. */
  #secretOf(from: Actor, epoch: number): Uint8Array | undefined {
    const { secrets } = this.#sides[from];
    const known = secrets.get(epoch);
    if (known) return known;
    const logged = this.#secrets.get(trafficSecretLabel(from, epoch) ?? '');
    const before = !logged && epoch > firstApplicationEpoch ? this.#secretOf(from, epoch - 1) : undefined;
    const secret = logged ?? (before && keySchedule(this.#crypto, this.#suite.hash).nextTrafficSecret(before));
    // A secret of another length belongs to another suite.
    if (!secret || secret.length !== hashLength[this.#suite.hash]) return undefined;
    secrets.set(epoch, secret);
    return secret;
  }
}
