/**
 * What the hellos and the key exchange say: randoms, versions, suite, group, signature, SRTP profile, certificates. Bodies
 * are a stranger's bytes: what does not decode says nothing, and what was never seen stays undefined.
 */
import { equal, fromUtf8, toHex } from '../base/bytes.ts';
import { type Codec, tryDecode } from '../codec/codec.ts';
import type { CryptoProvider } from '../crypto/provider.ts';
import { extensionCode, findExtension } from '../wire/extensions.ts';
import {
  type ClientHello,
  certificate,
  certificate13,
  certificateVerify13,
  clientHello,
  type EncryptedExtensions,
  encryptedExtensions,
  type HelloRetryRequest,
  helloRetryRequest,
  isHelloRetryBody,
  type ServerHello,
  serverHello,
  serverKeyExchange10,
  serverKeyExchange12,
} from '../wire/handshake.ts';
import { type Version, versionOf } from '../wire/registry.ts';
import { cipherSuite } from '../wire/suites.ts';
import { readCertificate } from '../x509/read.ts';
import type { ProtectionFacts } from './keys.ts';
import type { CertificateView, ParametersView } from './model.ts';

const decoded = <T>(codec: Codec<T>, body: Uint8Array): T | undefined => {
  const result = tryDecode(codec, body);
  return result.ok ? result.value : undefined;
};

export const readClientHello = (body: Uint8Array): ClientHello | undefined => decoded(clientHello, body);
export const readServerHello = (body: Uint8Array): ServerHello | undefined =>
  isHelloRetryBody(body) ? undefined : decoded(serverHello, body);
export const readHelloRetryRequest = (body: Uint8Array): HelloRetryRequest | undefined =>
  isHelloRetryBody(body) ? decoded(helloRetryRequest, body) : undefined;
export const readEncryptedExtensions = (body: Uint8Array): EncryptedExtensions | undefined =>
  decoded(encryptedExtensions, body);
/** The scheme of a CertificateVerify of 1.3. */
export const readVerifyScheme = (body: Uint8Array): number | undefined => decoded(certificateVerify13, body)?.algorithm;

/** The version that a ServerHello or HelloRetryRequest chose (RFC 8446 §4.2.1 for 1.3). */
export function chosenVersion(hello: ServerHello | HelloRetryRequest): Version | undefined {
  const selected = hello.extensions?.find((extension) => extension.kind === 'supported_versions');
  const version = selected && 'selected_version' in selected.body ? selected.body.selected_version : undefined;
  return versionOf(version ?? hello.server_version);
}

/** What the records of a handshake are protected with; undefined before both hellos are here. */
export function protectionFacts(
  client: ClientHello | undefined,
  server: ServerHello | undefined,
): ProtectionFacts | undefined {
  const version = server && chosenVersion(server);
  if (!client || !server || version === undefined) return undefined;
  if (version === '1.3') return { version, suite: server.cipher_suite, clientRandom: client.random };
  return {
    version,
    suite: server.cipher_suite,
    clientRandom: client.random,
    serverRandom: server.random,
    encryptThenMac:
      findExtension(client.extensions, 'encrypt_then_mac') !== undefined &&
      findExtension(server.extensions, 'encrypt_then_mac') !== undefined,
  };
}

/** Group and signature scheme of an ECDHE ServerKeyExchange. */
export interface KeyExchangeFacts {
  readonly group: number | undefined;
  readonly signature: number | undefined;
}

export function readServerKeyExchange(body: Uint8Array, server: ServerHello | undefined): KeyExchangeFacts {
  const nothing = { group: undefined, signature: undefined };
  const suite = server && cipherSuite(server.cipher_suite);
  if (suite && suite.keyExchange !== 'ecdhe') return nothing;
  const version = server && chosenVersion(server);
  const v12 = version === '1.0' ? undefined : decoded(serverKeyExchange12, body);
  if (v12) return { group: v12.params.named_curve, signature: v12.algorithm };
  const v10 = version === '1.2' ? undefined : decoded(serverKeyExchange10, body);
  return v10 ? { group: v10.params.named_curve, signature: undefined } : nothing;
}

/** Certificates of a chain that are shown. */
const maxChain = 64;

/** Certificates that are remembered: a gateway sends the same in every handshake. */
const maxKnown = 1000;

/** Reads chains; a certificate that came before is not read again. */
export class Certificates {
  readonly #crypto: CryptoProvider;
  readonly #known = new Map<string, CertificateView>();

  constructor(crypto: CryptoProvider) {
    this.#crypto = crypto;
  }

  /** The chain of a Certificate message, leaf first; empty when it cannot be read. */
  chain(body: Uint8Array, is13: boolean): readonly CertificateView[] {
    const list = is13
      ? (decoded(certificate13, body)?.certificate_list ?? []).map((entry) => entry.cert_data)
      : (decoded(certificate, body)?.certificate_list ?? []);
    return list.slice(0, maxChain).map((der) => {
      const sha256 = toHex(this.#crypto.hash('sha256', der));
      const view = this.#known.get(sha256) ?? certificateView(der, sha256);
      if (this.#known.size < maxKnown) this.#known.set(sha256, view);
      return view;
    });
  }
}

/** What is shown of one certificate; `sha256` is its hash, in lower-case hexadecimal. */
export function certificateView(der: Uint8Array, sha256: string): CertificateView {
  const read = readCertificate(der);
  const known = read.ok ? read.certificate : undefined;
  return {
    der,
    subject: known?.subject,
    issuer: known?.issuer,
    key: known?.keyName,
    signature: known?.signatureAlgorithm,
    bytes: der.length,
    notBefore: known?.notBefore,
    notAfter: known?.notAfter,
    sha256,
  };
}

/** What the messages of a handshake that negotiate anything say. */
export interface Negotiation {
  readonly clientHello: ClientHello | undefined;
  readonly serverHello: ServerHello | undefined;
  readonly helloRetryRequest: HelloRetryRequest | undefined;
  readonly encryptedExtensions: EncryptedExtensions | undefined;
  readonly keyExchange: KeyExchangeFacts | undefined;
  readonly helloVerifyRequest: boolean;
}

/** What was offered and agreed, as far as the messages say. */
export function parametersOf(negotiation: Negotiation): ParametersView {
  const { clientHello: client, serverHello: server, helloRetryRequest: retry, keyExchange: exchange } = negotiation;
  const chosen = server ?? retry;
  const version = chosen && chosenVersion(chosen);
  const is13 = version === '1.3';
  // In 1.3 what is not needed for the keys is encrypted (RFC 8446 §4.3.1).
  const encrypted = negotiation.encryptedExtensions?.extensions;
  const alpn = 'application_layer_protocol_negotiation';
  const protocols = is13 ? findExtension(encrypted, alpn) : findExtension(server?.extensions, alpn);
  const srtp = is13 ? findExtension(encrypted, 'use_srtp') : findExtension(server?.extensions, 'use_srtp');
  const protocol = protocols?.protocol_name_list[0];
  const asked = findExtension(retry?.extensions, 'key_share')?.selected_group;
  return {
    version,
    cipherSuite: chosen?.cipher_suite,
    group: findExtension(server?.extensions, 'key_share')?.server_share.group ?? exchange?.group ?? asked,
    signature: exchange?.signature,
    srtpProfile: srtp?.SRTPProtectionProfiles[0],
    // In 1.3 there is nothing to agree: its key schedule has what the extension gave (RFC 7627, RFC 8446 §D).
    extendedMasterSecret:
      server && !is13 ? findExtension(server.extensions, 'extended_master_secret') !== undefined : undefined,
    alpn: protocol && fromUtf8(protocol),
    cookie:
      negotiation.helloVerifyRequest ||
      (client?.cookie.length ?? 0) > 0 ||
      findExtension(retry?.extensions, 'cookie') !== undefined,
    ...(server && !is13 && client && older(client, server)),
    ...(is13 && server && { psk: findExtension(server.extensions, 'pre_shared_key') !== undefined }),
    offer: client && offerOf(client),
  };
}

/** What only hellos before DTLS 1.3 agree: a session by its id, which also stands for a ticket (RFC 5077 §3.4). */
const older = (client: ClientHello, server: ServerHello): Pick<ParametersView, 'resumed' | 'encryptThenMac'> => ({
  resumed: server.session_id.length > 0 && equal(server.session_id, client.session_id),
  encryptThenMac:
    findExtension(client.extensions, 'encrypt_then_mac') !== undefined &&
    findExtension(server.extensions, 'encrypt_then_mac') !== undefined,
});

function offerOf(client: ClientHello): NonNullable<ParametersView['offer']> {
  const { extensions } = client;
  const text = (names: readonly Uint8Array[] | undefined): string[] => (names ?? []).map(fromUtf8);
  return {
    versions: findExtension(extensions, 'supported_versions')?.versions ?? [client.client_version],
    cipherSuites: client.cipher_suites,
    groups: findExtension(extensions, 'supported_groups')?.named_group_list ?? [],
    keyShares: (findExtension(extensions, 'key_share')?.client_shares ?? []).map(({ group, key_exchange }) => ({
      group,
      bytes: key_exchange.length,
    })),
    signatureSchemes: findExtension(extensions, 'signature_algorithms')?.supported_signature_algorithms ?? [],
    srtpProfiles: findExtension(extensions, 'use_srtp')?.SRTPProtectionProfiles ?? [],
    alpn: text(findExtension(extensions, 'application_layer_protocol_negotiation')?.protocol_name_list),
    extensions: (extensions ?? []).map((extension) => extensionCode('client_hello', extension)),
  };
}
