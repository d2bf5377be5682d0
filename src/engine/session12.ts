/**
 * What both roles of DTLS 1.2 and 1.0 do alike once hellos are exchanged: checks of signatures, and the step from a shared
 * secret to keys (RFC 5246 §8, RFC 4346 §8, RFC 7627 §4, RFC 5764 §4.2).
 */
import { concat } from '../base/bytes.ts';
import { keyName, type PublicKey } from '../crypto/keys.ts';
import {
  exportKeyingMaterial,
  extendedMasterSecret,
  masterSecret,
  type PrfHash,
  prfHash,
  verifyData,
} from '../crypto/prf12.ts';
import { type RecordCipher, recordProtection12 } from '../crypto/protection12.ts';
import type { CipherSuite } from '../wire/suites.ts';
import type { OldVersion, Parameters } from './api.ts';
import type { Association } from './association.ts';
import { impliedScheme, keyFits } from './choose.ts';
import type { Failure } from './failure.ts';
import { spoiled } from './misstatements.ts';
import { type SignatureVerified, verifySignature } from './proofs.ts';
import type { ShownCertificate } from './session.ts';
import type { Transcript } from './transcript.ts';

/** TLS_EMPTY_RENEGOTIATION_INFO_SCSV, which says what an empty renegotiation_info says (RFC 5746 §3.3). */
export const renegotiationSuite = 0x00ff;

/** What the hellos agreed. */
export interface Agreed {
  readonly version: OldVersion;
  readonly suite: CipherSuite;
  readonly clientRandom: Uint8Array;
  readonly serverRandom: Uint8Array;
  readonly extendedMasterSecret: boolean;
  readonly encryptThenMac: boolean;
  readonly srtpProfile: number | undefined;
  readonly alpn: string | undefined;
}

/** Keys, once both shares are known. */
export interface Keys {
  readonly master: Uint8Array;
  readonly client: RecordCipher;
  readonly server: RecordCipher;
}

/** The key in a server's certificate must be of the kind that the suite names (RFC 5246 §7.4.2). */
export const keyMismatch = (key: PublicKey, { suite, version }: Agreed): Failure | undefined =>
  keyFits(key, suite, version)
    ? undefined
    : {
        fault: 'peer',
        code: 'illegal-parameter',
        message: 'certificate',
        what: `a key of kind ${keyName(key)} with ${suite.name}`,
      };

/**
 * A peer's `digitally-signed` value: by a scheme that we named, or, without a scheme, the one that DTLS 1.0 implies; and by the
 * key that it showed.
 */
export function checkSignature(
  house: Association,
  shown: ShownCertificate,
  message: string,
  signed: Uint8Array,
  { algorithm: named, signature }: { readonly algorithm?: number; readonly signature: Uint8Array },
): { readonly verified: SignatureVerified } | { readonly refused: Failure } {
  const algorithm = named ?? impliedScheme(shown.key);
  if (algorithm === undefined) return { refused: { fault: 'peer', code: 'bad-signature', message } };
  // RFC 5246 §7.4.3 and §7.4.8: one of those in signature_algorithms or CertificateRequest.
  if (named !== undefined && !house.config.signatureSchemes.includes(named)) {
    const what = `signed with 0x${algorithm.toString(16).padStart(4, '0')}, which was not offered`;
    return { refused: { fault: 'peer', code: 'illegal-parameter', message, what } };
  }
  // RFC 8446 §4.2.3: a PSS-only key has schemes of its own.
  const verified = shown.pssOnly
    ? undefined
    : verifySignature(house.env.crypto, shown.key, algorithm, signed, signature);
  return verified ? { verified } : { refused: { fault: 'peer', code: 'bad-signature', message } };
}

/** Master secret and record keys; tells the key log. `transcript` ends with ClientKeyExchange. */
export function deriveKeys(house: Association, agreed: Agreed, premaster: Uint8Array, transcript: Transcript): Keys {
  const provider = house.env.crypto;
  const { clientRandom, serverRandom } = agreed;
  const hash = hashOf(agreed);
  const master = agreed.extendedMasterSecret
    ? extendedMasterSecret(provider, hash, premaster, transcript.digest())
    : masterSecret(provider, hash, premaster, clientRandom, serverRandom);
  return keysOf(house, agreed, master);
}

/** Record keys of a master secret, which a session may have brought; tells the key log. */
export function keysOf(house: Association, agreed: Agreed, master: Uint8Array): Keys {
  const { crypto: provider, random } = house.env;
  const { version, suite, clientRandom, serverRandom, encryptThenMac } = agreed;
  house.event({ kind: 'secret', label: 'CLIENT_RANDOM', clientRandom, secret: master });
  const masterSecret = house.config.faults?.keys === 'wrong' ? spoiled(master) : master;
  const { client, server } = recordProtection12({
    provider,
    suite,
    version,
    masterSecret,
    clientRandom,
    serverRandom,
    encryptThenMac,
    random,
  });
  return { master, client, server };
}

/** PRF, and hash of the transcript. */
export const hashOf = ({ version, suite }: Pick<Agreed, 'version' | 'suite'>): PrfHash => prfHash(version, suite);

/** verify_data of one side's Finished, over all messages so far (RFC 5246 §7.4.9). */
export const finishedData = (
  house: Association,
  agreed: Agreed,
  keys: Keys,
  sender: 'client' | 'server',
  transcript: Transcript,
): Uint8Array => verifyData(house.env.crypto, hashOf(agreed), keys.master, sender, transcript.digest());

/** The exporter of a completed handshake (RFC 5705 §4). */
export const exporter =
  (house: Association, agreed: Agreed, keys: Keys) =>
  (label: string, context: Uint8Array | undefined, length: number): Uint8Array =>
    exportKeyingMaterial(
      house.env.crypto,
      hashOf(agreed),
      keys.master,
      label,
      agreed.clientRandom,
      agreed.serverRandom,
      length,
      context,
    );

/** `peerSignature`: what the peer named; DTLS 1.0 names nothing. */
export const parametersOf = (
  agreed: Agreed,
  group: number | undefined,
  peerSignature: number | undefined,
  resumed: boolean,
): Parameters => ({
  version: agreed.version,
  cipherSuite: agreed.suite.code,
  group,
  peerSignature,
  resumed,
  encryptThenMac: agreed.encryptThenMac && agreed.suite.cipher.kind === 'cbc',
  srtpProfile: agreed.srtpProfile,
  alpn: agreed.alpn,
  extendedMasterSecret: agreed.extendedMasterSecret,
});

/** What a server signs in ServerKeyExchange: both randoms and the parameters as they stand on the wire (RFC 8422 §5.4). */
export const signedParams = (agreed: Agreed, params: Uint8Array): Uint8Array =>
  concat(agreed.clientRandom, agreed.serverRandom, params);
