/**
 * What opens the records of one handshake, and what is missing for those that stay closed. Which protection a handshake
 * has follows from its hellos; a record that came before they were known is remembered as worth another reading. Where the
 * ServerHello was never seen, the suites of DTLS 1.3 are tried: a record that opens proves its suite.
 */
import type { CryptoProvider } from '../crypto/provider.ts';
import { trafficSecretLabel } from '../crypto/schedule13.ts';
import type { Actor } from '../trace/model.ts';
import type { RecordSlice } from '../wire/record.ts';
import type { CiphertextSlice } from '../wire/unified.ts';
import { type KeyRing, Opener12, type ProtectionFacts } from './keys.ts';
import { type Opened13, Opener13 } from './opener13.ts';

/** Connection IDs that are tried where nobody told how long they are; stacks make 0 to 20 bytes. */
const longestTriedCid = 20;
/** Suites that are tried, and how often: a capture without the ServerHello may have no record that opens. */
const suites13 = [0x1301, 0x1302, 0x1303] as const;
const mostTries = 256;

export class Opening {
  opened = 0;
  failed = 0;
  /** Records of each side. */
  readonly by: Readonly<Record<Actor, { opened: number; closed: number }>> = {
    client: { opened: 0, closed: 0 },
    server: { opened: 0, closed: 0 },
  };
  /** Labels of secrets that would have opened more. */
  readonly missing = new Set<string>();
  readonly #crypto: CryptoProvider;
  readonly #keys: KeyRing;
  #facts: ProtectionFacts | undefined;
  #opener: Opener12 | Opener13 | undefined;
  /** Encrypted records were met before what opens them was known. */
  #wantsAgain = false;
  #tries = 0;

  /** `known` is what an earlier reading of the same datagrams found out about the record protection. */
  constructor(crypto: CryptoProvider, keys: KeyRing, known: ProtectionFacts | undefined) {
    this.#crypto = crypto;
    this.#keys = keys;
    this.learn(known);
  }

  get facts(): ProtectionFacts | undefined {
    return this.#facts;
  }

  /** Whether anything at all can be opened. */
  get ready(): boolean {
    return this.#opener !== undefined;
  }

  learn(facts: ProtectionFacts | undefined): void {
    this.#facts = facts;
    this.#opener = this.#openerFor(facts);
  }

  /** Whether reading the same datagrams again with these facts would open more. */
  wouldOpenMore(facts: ProtectionFacts | undefined): boolean {
    return this.#wantsAgain && this.#openerFor(facts) !== undefined;
  }

  /** The content of a record of epoch 1 of DTLS 1.2 or before; `undefined` when it stays closed. */
  open12(from: Actor, slice: RecordSlice): Uint8Array | undefined {
    if (!this.#opener) this.#wantsAgain = true;
    if (!(this.#opener instanceof Opener12) || slice.epoch !== 1) {
      this.by[from].closed++;
      return undefined;
    }
    const content = this.#opener.open(from, slice);
    this.#count(from, content !== undefined);
    if (content) this.opened++;
    else this.failed++;
    return content;
  }

  /** A ciphertext of DTLS 1.3; why it stays closed otherwise. `clientRandom` of the ClientHello, if that was seen. */
  open13(from: Actor, slice: CiphertextSlice, clientRandom: Uint8Array | undefined): Opened13 | 'wrong' | 'no-key' {
    if (!this.#facts && clientRandom) this.#trySuites(from, slice, clientRandom);
    if (!this.#opener) {
      this.#wantsAgain = true;
      const label = trafficSecretLabel(from, slice.epochBits === 2 ? 2 : 3);
      if (label) this.missing.add(label);
    }
    if (!(this.#opener instanceof Opener13)) {
      this.by[from].closed++;
      return 'no-key';
    }
    const opened = this.#opener.open(from, slice);
    this.#count(from, opened !== 'wrong' && 'epoch' in opened);
    if (opened === 'wrong') this.failed++;
    else if ('missing' in opened) this.missing.add(opened.missing);
    else this.opened++;
    return opened === 'wrong' || 'epoch' in opened ? opened : 'no-key';
  }

  /** As `Opener13.isData`. */
  isData13(from: Actor, slice: CiphertextSlice): boolean {
    const isData = this.#opener instanceof Opener13 && this.#opener.isData(from, slice);
    if (!isData) return false;
    this.#count(from, true);
    this.opened++;
    return true;
  }

  /**
   * How long the connection ID is of a record that opens with one of the usual lengths; `undefined` when none does.
   * `sliceWith` gives the record as it is with an ID of that length.
   */
  cidLength(
    from: Actor,
    sliceWith: (length: number) => CiphertextSlice | undefined,
    clientRandom: Uint8Array | undefined,
  ): number | undefined {
    for (let length = 1; length <= longestTriedCid; length++) {
      const slice = sliceWith(length);
      if (!slice) continue;
      if (!this.#facts && clientRandom) this.#trySuites(from, slice, clientRandom);
      const opened = this.#opener instanceof Opener13 ? this.#opener.open(from, slice) : undefined;
      if (typeof opened === 'object' && 'epoch' in opened) return length;
    }
    return undefined;
  }

  #count(from: Actor, opened: boolean): void {
    if (opened) this.by[from].opened++;
    else this.by[from].closed++;
  }

  /** Learns the suite that opens a record, where the ServerHello that would tell it was not seen. */
  #trySuites(from: Actor, slice: CiphertextSlice, clientRandom: Uint8Array): void {
    for (const suite of suites13) {
      if (this.#tries >= mostTries) return;
      const facts = { version: '1.3', suite, clientRandom } as const;
      const opener = this.#openerFor(facts);
      if (!(opener instanceof Opener13)) return;
      this.#tries++;
      const opened = opener.open(from, slice);
      if (opened === 'wrong' || !('epoch' in opened)) continue;
      this.learn(facts);
      return;
    }
  }

  #openerFor(facts: ProtectionFacts | undefined): Opener12 | Opener13 | undefined {
    if (!facts || this.#keys.empty) return undefined;
    const secrets = this.#keys.get(facts.clientRandom);
    if (!secrets) return undefined;
    if (facts.version === '1.3') return Opener13.of(this.#crypto, facts, secrets);
    const secret = secrets.get('CLIENT_RANDOM');
    return secret && Opener12.of(this.#crypto, facts, secret);
  }
}
