/**
 * What the hellos and the key exchange say: randoms, versions, suite, group, signature, SRTP profile, certificates. Bodies
 * are a stranger's bytes: what does not decode says nothing, and what was never seen stays undefined.
 */
import { fromUtf8, toHex } from '../base/bytes.ts';
import { type Codec, tryDecode } from '../codec/codec.ts';
import type { CryptoProvider } from '../crypto/provider.ts';
import { extensionCode, findExtension } from '../wire/extensions.ts';
import {
  type ClientHello,
  certificate,
  clientHello,
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
export const readServerHello = (body: Uint8Array): ServerHello | undefined => decoded(serverHello, body);

/** The version that a ServerHello chose (RFC 8446 §4.2.1 for 1.3). */
export function chosenVersion(hello: ServerHello): Version | undefined {
  const selected = findExtension(hello.extensions, 'supported_versions')?.selected_version;
  return versionOf(selected ?? hello.server_version);
}

/** What records of epoch 1 are protected with; undefined before both hellos are here, and in 1.3. */
export function protectionFacts(
  client: ClientHello | undefined,
  server: ServerHello | undefined,
): ProtectionFacts | undefined {
  const version = server && chosenVersion(server);
  if (!client || !server || version === undefined || version === '1.3') return undefined;
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
  chain(body: Uint8Array): readonly CertificateView[] {
    const list = decoded(certificate, body)?.certificate_list ?? [];
    return list.slice(0, maxChain).map((der) => {
      const sha256 = toHex(this.#crypto.hash('sha256', der));
      const view = this.#known.get(sha256) ?? certificateView(der, sha256);
      if (this.#known.size < maxKnown) this.#known.set(sha256, view);
      return view;
    });
  }
}

function certificateView(der: Uint8Array, sha256: string): CertificateView {
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

/** What was offered and agreed, as far as the messages say. */
export function parametersOf(
  client: ClientHello | undefined,
  server: ServerHello | undefined,
  exchange: KeyExchangeFacts | undefined,
  cookie: boolean,
): ParametersView {
  const agreed = server?.extensions;
  const version = server && chosenVersion(server);
  const protocol = findExtension(agreed, 'application_layer_protocol_negotiation')?.protocol_name_list[0];
  return {
    version,
    cipherSuite: server?.cipher_suite,
    group: findExtension(agreed, 'key_share')?.server_share.group ?? exchange?.group,
    signature: exchange?.signature,
    srtpProfile: findExtension(agreed, 'use_srtp')?.SRTPProtectionProfiles[0],
    // In 1.3 there is nothing to agree: its key schedule has what the extension gave (RFC 7627, RFC 8446 §D).
    extendedMasterSecret:
      server && version !== '1.3' ? findExtension(agreed, 'extended_master_secret') !== undefined : undefined,
    alpn: protocol && fromUtf8(protocol),
    cookie: cookie || (client?.cookie.length ?? 0) > 0,
    offer: client && offerOf(client),
  };
}

function offerOf(client: ClientHello): NonNullable<ParametersView['offer']> {
  const { extensions } = client;
  const text = (names: readonly Uint8Array[] | undefined): string[] => (names ?? []).map(fromUtf8);
  return {
    versions: findExtension(extensions, 'supported_versions')?.versions ?? [client.client_version],
    cipherSuites: client.cipher_suites,
    groups: findExtension(extensions, 'supported_groups')?.named_group_list ?? [],
    signatureSchemes: findExtension(extensions, 'signature_algorithms')?.supported_signature_algorithms ?? [],
    srtpProfiles: findExtension(extensions, 'use_srtp')?.SRTPProtectionProfiles ?? [],
    alpn: text(findExtension(extensions, 'application_layer_protocol_negotiation')?.protocol_name_list),
    extensions: (extensions ?? []).map((extension) => extensionCode('client_hello', extension)),
  };
}
