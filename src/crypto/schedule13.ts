/**
 * The key schedule of DTLS 1.3 (RFC 8446 §7.1 with the labels of RFC 9147 §5.9), one function for each secret, named as the
 * RFC names it. No secret is remembered: a transcript goes in as its hash, a secret comes out. The order in which a handshake
 * asks for them:
 *
 *   early = earlySecret(psk?)            -> binderKey, clientEarlyTrafficSecret, earlyExporterSecret
 *   handshake = handshakeSecret(early, shared secret of the key exchange)
 *                                        -> handshakeTrafficSecret of both sides (ClientHello .. ServerHello)
 *   main = mainSecret(handshake)         -> applicationTrafficSecret of both sides, exporterSecret (.. server Finished),
 *                                           resumptionSecret (.. client Finished) -> resumptionPsk for each ticket
 */
import { emptyBytes } from '../base/bytes.ts';
import type { Cipher, CipherSuite } from '../wire/suites.ts';
import { hkdfExpandLabel, hkdfExtract, type LabelPrefix } from './hkdf.ts';
import type { AeadName, CryptoProvider } from './provider.ts';
import { hashLength } from './schemes.ts';

export type Side = 'client' | 'server';

/** Key, IV and record number key of one direction in one epoch (RFC 8446 §7.3, RFC 9147 §4.2.3). */
export interface TrafficKeys {
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
  readonly sn: Uint8Array;
}

/** The schedule for one hash. Arguments named `transcript` are Transcript-Hashes of the messages that the RFC names. */
export interface KeySchedule {
  /** Bytes of a digest, and of every secret. */
  readonly length: number;
  /** Early Secret, of a PSK or of none. */
  earlySecret(psk?: Uint8Array): Uint8Array;
  /** binder_key: `resumption` for a PSK of a ticket, `external` for one agreed elsewhere. */
  binderKey(early: Uint8Array, kind: 'external' | 'resumption'): Uint8Array;
  /** client_early_traffic_secret; the transcript is the ClientHello. */
  clientEarlyTrafficSecret(early: Uint8Array, transcript: Uint8Array): Uint8Array;
  /** early_exporter_master_secret; the transcript is the ClientHello. */
  earlyExporterSecret(early: Uint8Array, transcript: Uint8Array): Uint8Array;
  /** Handshake Secret; without a shared secret in psk_ke. */
  handshakeSecret(early: Uint8Array, shared?: Uint8Array): Uint8Array;
  /** {client,server}_handshake_traffic_secret; the transcript ends with ServerHello. */
  handshakeTrafficSecret(handshake: Uint8Array, side: Side, transcript: Uint8Array): Uint8Array;
  /** Master Secret (Main Secret in RFC 8446bis). */
  mainSecret(handshake: Uint8Array): Uint8Array;
  /** {client,server}_application_traffic_secret_0; the transcript ends with the server's Finished. */
  applicationTrafficSecret(main: Uint8Array, side: Side, transcript: Uint8Array): Uint8Array;
  /** exporter_master_secret; the transcript ends with the server's Finished. */
  exporterSecret(main: Uint8Array, transcript: Uint8Array): Uint8Array;
  /** resumption_master_secret; the transcript ends with the client's Finished. */
  resumptionSecret(main: Uint8Array, transcript: Uint8Array): Uint8Array;
  /** The PSK of a ticket (RFC 8446 §4.6.1). */
  resumptionPsk(resumption: Uint8Array, ticketNonce: Uint8Array): Uint8Array;
  /** application_traffic_secret_N+1, after a KeyUpdate (RFC 8446 §7.2). */
  nextTrafficSecret(secret: Uint8Array): Uint8Array;
  /**
   * verify_data of a Finished: `base` is the sender's handshake traffic secret and the transcript all that is before it
   * (RFC 8446 §4.4.4). Also a PSK binder: `base` is the binder key, the transcript ends where the binders begin (§4.2.11.2).
   */
  verifyData(base: Uint8Array, transcript: Uint8Array): Uint8Array;
  trafficKeys(secret: Uint8Array, cipher: AeadCipher): TrafficKeys;
  /** TLS-Exporter(label, context, length) of an exporter secret (RFC 8446 §7.5). No context is an empty one. */
  exportKeyingMaterial(exporter: Uint8Array, label: string, length: number, context?: Uint8Array): Uint8Array;
}

export type AeadCipher = Extract<Cipher, { kind: 'aead' }>;

type Hashes = Pick<CryptoProvider, 'hash' | 'hmac'>;

/** Schedules that were made, by provider: a handshake asks for its own at every change of keys. */
const schedules = new WeakMap<Hashes, Map<string, KeySchedule>>();

/** The schedule of a suite's hash. */
export function keySchedule(provider: Hashes, hash: CipherSuite['hash'], prefix: LabelPrefix = 'dtls13'): KeySchedule {
  const ours = schedules.get(provider) ?? new Map<string, KeySchedule>();
  const known = ours.get(prefix + hash);
  if (known) return known;
  const made = makeSchedule(provider, hash, prefix);
  schedules.set(provider, ours.set(prefix + hash, made));
  return made;
}

function makeSchedule(provider: Hashes, hash: CipherSuite['hash'], prefix: LabelPrefix): KeySchedule {
  const length = hashLength[hash];
  const zeros = new Uint8Array(length);
  const emptyHash = provider.hash(hash, emptyBytes);
  const expand = (secret: Uint8Array, label: string, context: Uint8Array, bytes: number = length): Uint8Array =>
    hkdfExpandLabel(provider, hash, secret, label, context, bytes, prefix);
  const extract = (secret: Uint8Array, keyMaterial: Uint8Array): Uint8Array =>
    hkdfExtract(provider, hash, secret, keyMaterial);
  /** Derive-Secret(Secret, "derived", ""), which leads from one stage to the next. */
  const derived = (secret: Uint8Array): Uint8Array => expand(secret, 'derived', emptyHash);
  // Without a PSK the first stage is the same in every handshake.
  const earlyWithoutPsk = extract(zeros, zeros);
  const derivedWithoutPsk = derived(earlyWithoutPsk);
  return {
    length,
    earlySecret: (psk) => (psk ? extract(zeros, psk) : earlyWithoutPsk),
    binderKey: (early, kind) => expand(early, kind === 'external' ? 'ext binder' : 'res binder', emptyHash),
    clientEarlyTrafficSecret: (early, transcript) => expand(early, 'c e traffic', transcript),
    earlyExporterSecret: (early, transcript) => expand(early, 'e exp master', transcript),
    handshakeSecret: (early, shared = zeros) =>
      extract(early === earlyWithoutPsk ? derivedWithoutPsk : derived(early), shared),
    handshakeTrafficSecret: (handshake, side, transcript) => expand(handshake, `${side[0]} hs traffic`, transcript),
    mainSecret: (handshake) => extract(derived(handshake), zeros),
    applicationTrafficSecret: (main, side, transcript) => expand(main, `${side[0]} ap traffic`, transcript),
    exporterSecret: (main, transcript) => expand(main, 'exp master', transcript),
    resumptionSecret: (main, transcript) => expand(main, 'res master', transcript),
    resumptionPsk: (resumption, ticketNonce) => expand(resumption, 'resumption', ticketNonce),
    nextTrafficSecret: (secret) => expand(secret, 'traffic upd', emptyBytes),
    verifyData: (base, transcript) => provider.hmac(hash, expand(base, 'finished', emptyBytes), transcript),
    trafficKeys: (secret, { keyLength }) => ({
      key: expand(secret, 'key', emptyBytes, keyLength),
      iv: expand(secret, 'iv', emptyBytes, ivLength),
      sn: expand(secret, 'sn', emptyBytes, keyLength),
    }),
    exportKeyingMaterial: (exporter, label, bytes, context = emptyBytes) =>
      expand(expand(exporter, label, emptyHash), 'exporter', provider.hash(hash, context), bytes),
  };
}

/** Bytes of a nonce of every AEAD here (RFC 8446 §5.3). */
const ivLength = 12;

/** What an AEAD may be used for before its keys must go (RFC 9147 §4.5.3, RFC 8446 §5.5). */
export interface AeadLimits {
  /** Most records to protect with one key. */
  readonly encrypted: number;
  /** Most records that may fail to open under one key; then the association is closed. */
  readonly failed: number;
}

/** Nobody who reads these in a real run will ever reach them; tests set their own. */
export const aeadLimits: Readonly<Record<AeadName, AeadLimits>> = {
  // 2^24.5 full-size records (RFC 8446 §5.5).
  'aes-128-gcm': { encrypted: Math.floor(2 ** 24.5), failed: 2 ** 36 },
  'aes-256-gcm': { encrypted: Math.floor(2 ** 24.5), failed: 2 ** 36 },
  // The record number ends before its limit does.
  'chacha20-poly1305': { encrypted: 2 ** 48 - 1, failed: 2 ** 36 },
};

/** The key log's name for the traffic secret of a side in an epoch (the NSS format), and nothing for epoch 0. */
export function trafficSecretLabel(side: Side, epoch: number): string | undefined {
  if (epoch === 1) return side === 'client' ? 'CLIENT_EARLY_TRAFFIC_SECRET' : undefined;
  if (epoch === 2) return `${side.toUpperCase()}_HANDSHAKE_TRAFFIC_SECRET`;
  return epoch >= 3 ? `${side.toUpperCase()}_TRAFFIC_SECRET_${epoch - 3}` : undefined;
}
