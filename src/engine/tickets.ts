/**
 * Tickets that a server seals for itself (RFC 8446 §4.6.1, RFC 5077 §4): all that it must know to resume, under a key
 * that never leaves it. It keeps nothing, and a ticket that does not open counts as none.
 */
import { concat } from '../base/bytes.ts';
import type { RandomSource } from '../base/random.ts';
import type { Instant } from '../base/time.ts';
import { encode, opaque, struct, tryDecode, u8, u16, u32, u48 } from '../codec/codec.ts';
import type { CryptoProvider } from '../crypto/provider.ts';
import { type Version, versionNumber } from '../wire/registry.ts';
import type { TicketPolicy } from './api.ts';

/** What a ticket says. */
export interface TicketState {
  /** Of the association that it resumes: a ticket of one version means nothing in another. */
  readonly version: Version;
  readonly suite: number;
  /** The key of DTLS 1.3; the master secret before that. */
  readonly psk: Uint8Array;
  /** How the master secret was made (RFC 7627 §5.3). */
  readonly extendedMasterSecret: boolean;
  readonly issuedAt: Instant;
  /** SHA-256 of the client's certificate; `undefined` when it showed none. */
  readonly leafHash: Uint8Array | undefined;
}

const sealed = struct({
  version: u16,
  suite: u16,
  issued_at: u48,
  lifetime_s: u32,
  psk: opaque(1, 255),
  extended_master_secret: u8,
  leaf_hash: opaque(0, 32),
});
const nonceLength = 12;
/** Keeps our tickets apart from whatever else the key might seal. */
const purpose = Uint8Array.from('dtlscope ticket 2', (letter) => letter.charCodeAt(0));

export function sealTicket(
  crypto: CryptoProvider,
  policy: TicketPolicy,
  state: TicketState,
  random: RandomSource,
): Uint8Array {
  const nonce = random(nonceLength);
  const plaintext = encode(sealed, {
    version: versionNumber[state.version],
    suite: state.suite,
    issued_at: Math.max(0, Math.floor(state.issuedAt)),
    lifetime_s: policy.lifetimeSeconds,
    psk: state.psk,
    extended_master_secret: state.extendedMasterSecret ? 1 : 0,
    leaf_hash: state.leafHash ?? new Uint8Array(0),
  });
  return concat(nonce, crypto.aead('aes-256-gcm', policy.key).seal(nonce, purpose, plaintext));
}

/** What a ticket of ours, for this version, says, unless it is too old; `undefined` for everything else. */
export function openTicket(
  crypto: CryptoProvider,
  policy: TicketPolicy,
  version: Version,
  ticket: Uint8Array,
  now: Instant,
): TicketState | undefined {
  const nonce = ticket.subarray(0, nonceLength);
  if (nonce.length < nonceLength) return undefined;
  const plaintext = crypto.aead('aes-256-gcm', policy.key).open(nonce, purpose, ticket.subarray(nonceLength));
  const read = plaintext && tryDecode(sealed, plaintext);
  if (!read?.ok) return undefined;
  const { suite, issued_at, lifetime_s, psk, leaf_hash } = read.value;
  if (read.value.version !== versionNumber[version] || now - issued_at > lifetime_s * 1000) return undefined;
  return {
    version,
    suite,
    psk,
    extendedMasterSecret: read.value.extended_master_secret === 1,
    issuedAt: issued_at as Instant,
    leafHash: leaf_hash.length > 0 ? leaf_hash : undefined,
  };
}
