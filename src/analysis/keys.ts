/** Secrets from key logs and runs, by client random, and the opening of records up to DTLS 1.2 with them. */
import { toHex } from '../base/bytes.ts';
import { type RecordCipher, recordProtection12 } from '../crypto/protection12.ts';
import type { CryptoProvider } from '../crypto/provider.ts';
import type { Actor } from '../trace/model.ts';
import type { RecordSlice } from '../wire/record.ts';
import { cipherSuite } from '../wire/suites.ts';

/** All secrets of a trace. */
export class KeyRing {
  readonly #secrets = new Map<string, Map<string, Uint8Array>>();

  /** Adds a line of a key log; false when it was there already. */
  add(label: string, clientRandom: Uint8Array, secret: Uint8Array): boolean {
    const id = toHex(clientRandom);
    const known = this.#secrets.get(id) ?? new Map<string, Uint8Array>();
    this.#secrets.set(id, known);
    if (known.has(label)) return false;
    known.set(label, secret);
    return true;
  }

  /** Client randoms that secrets are known for. */
  get size(): number {
    return this.#secrets.size;
  }

  has(random: string): boolean {
    return this.#secrets.has(random);
  }

  get empty(): boolean {
    return this.#secrets.size === 0;
  }

  get(clientRandom: Uint8Array): ReadonlyMap<string, Uint8Array> | undefined {
    return this.#secrets.get(toHex(clientRandom));
  }
}

/** What the record protection of a handshake follows from; all of it stands in the clear. */
export type ProtectionFacts = ProtectionFacts12 | ProtectionFacts13;

export interface ProtectionFacts12 {
  readonly version: '1.0' | '1.2';
  readonly suite: number;
  readonly clientRandom: Uint8Array;
  readonly serverRandom: Uint8Array;
  readonly encryptThenMac: boolean;
}

export interface ProtectionFacts13 {
  readonly version: '1.3';
  readonly suite: number;
  readonly clientRandom: Uint8Array;
}

/** Opens records of epoch 1. */
export class Opener12 {
  readonly #sides: Readonly<Record<Actor, RecordCipher>>;

  private constructor(sides: Readonly<Record<Actor, RecordCipher>>) {
    this.#sides = sides;
  }

  /** `undefined` when the suite is one that dtlscope can only name, or the secret is none of this version. */
  static of(crypto: CryptoProvider, facts: ProtectionFacts12, masterSecret: Uint8Array): Opener12 | undefined {
    const suite = cipherSuite(facts.suite);
    if (!suite?.versions.includes(facts.version) || masterSecret.length !== 48) return undefined;
    const { version, clientRandom, serverRandom, encryptThenMac } = facts;
    const inputs = { provider: crypto, suite, version, masterSecret, clientRandom, serverRandom, encryptThenMac };
    return new Opener12(recordProtection12(inputs));
  }

  /** The record's content, or `undefined` when the key is not the right one or the bytes were changed. */
  open(from: Actor, record: RecordSlice): Uint8Array | undefined {
    return this.#sides[from].unprotect(record, record.fragment);
  }
}
