/**
 * Certificate fingerprints as SDP writes them (RFC 8122 §5): "sha-256 AB:CD:…". WebRTC has no other trust in a peer's
 * certificate than that its hash is the one that signalling announced.
 */
import { toHex } from '../base/bytes.ts';
import type { CryptoProvider } from '../crypto/provider.ts';
import type { ReadError } from './read.ts';

export type FingerprintHash = 'sha1' | 'sha256' | 'sha384' | 'sha512';

/** Same shape as the engine's. */
export interface Fingerprint {
  readonly hash: FingerprintHash;
  readonly value: Uint8Array;
}

/** The hash function textual names of RFC 8122 §5 that dtlscope computes. */
const sdpNames: Readonly<Record<FingerprintHash, string>> = {
  sha1: 'sha-1',
  sha256: 'sha-256',
  sha384: 'sha-384',
  sha512: 'sha-512',
};
const lengths: Readonly<Record<FingerprintHash, number>> = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 };
const hashes = Object.keys(sdpNames) as FingerprintHash[];

/** The fingerprint of a DER certificate. */
export const fingerprintOf = (
  certificate: Uint8Array,
  hash: FingerprintHash,
  crypto: Pick<CryptoProvider, 'hash'>,
): Fingerprint => ({ hash, value: crypto.hash(hash, certificate) });

/** "sha-256 AB:CD:…", what follows `a=fingerprint:` in SDP. */
export const formatFingerprint = (fingerprint: Fingerprint): string =>
  `${sdpNames[fingerprint.hash]} ${colons(fingerprint.value)}`;

/** "AB:CD:…" */
export const colons = (value: Uint8Array): string =>
  toHex(value)
    .toUpperCase()
    .replace(/..(?=.)/g, '$&:');

/**
 * Reads a fingerprint: with or without `a=fingerprint:`, any letter case, with or without colons, and without the hash's
 * name when the length tells it. `at` is the index in the text.
 */
export function parseFingerprint(
  text: string,
): { readonly ok: true; readonly fingerprint: Fingerprint } | { readonly ok: false; readonly error: ReadError } {
  if (text.length > 1000) return { ok: false, error: { why: 'too long for a fingerprint' } };
  const match = /^(\s*(?:a=)?(?:fingerprint:)?\s*)(?:([a-z0-9]*-[a-z0-9-]+|[a-z]+[0-9]+(?=\s))(\s+))?(.*?)\s*$/is.exec(
    text,
  );
  const [, prefix = '', name, gap = '', digits = ''] = match ?? [];
  const digitsAt = prefix.length + (name?.length ?? 0) + gap.length;
  const fail = (at: number, why: string): { ok: false; error: ReadError } => ({ ok: false, error: { at, why } });

  if (digits === '') return fail(digitsAt, 'a fingerprint looks like "sha-256 AB:CD:…"');
  const wrong = /[^0-9a-f:]/i.exec(digits);
  if (wrong) return fail(digitsAt + wrong.index, `"${wrong[0]}" is not a hexadecimal digit`);
  if (!/^(?:[0-9a-f]{2}(?::[0-9a-f]{2})*|(?:[0-9a-f]{2})+)$/i.test(digits))
    return fail(digitsAt, 'the digits are not pairs with a colon between each');
  const value = Uint8Array.from(digits.match(/[0-9a-f]{2}/gi) ?? [], (pair) => Number.parseInt(pair, 16));

  const hash = name === undefined ? hashes.find((h) => lengths[h] === value.length) : hashNamed(name);
  if (!hash && name !== undefined)
    return fail(prefix.length, `"${name}" is not one of ${Object.values(sdpNames).join(', ')}`);
  if (!hash) return fail(digitsAt, `${value.length} bytes are the length of no hash: sha-256 has 32`);
  if (value.length !== lengths[hash])
    return fail(digitsAt, `${sdpNames[hash]} has ${lengths[hash]} bytes, this has ${value.length}`);
  return { ok: true, fingerprint: { hash, value } };
}

const hashNamed = (name: string): FingerprintHash | undefined => {
  const plain = name.toLowerCase().replace(/-/g, '');
  return hashes.find((hash) => hash === plain);
};
