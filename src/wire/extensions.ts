/**
 * Extension bodies, one table per message: the same extension has other bodies in other messages (RFC 8446 §4.2).
 * Unknown extensions are kept byte for byte.
 */

import { fromUtf8 } from '../base/bytes.ts';
import {
  bytes,
  type Codec,
  cite,
  type Infer,
  labelled,
  many,
  named,
  opaque,
  rest,
  type Selected,
  select,
  struct,
  u8,
  u16,
  u32,
  vector,
} from '../codec/codec.ts';
import {
  certificateCompressions,
  extensionTypes,
  groups,
  maxFragmentLengths,
  nameIn,
  pointFormats,
  pskModes,
  signatureSchemes,
  srtpProfiles,
  versions,
} from './registry.ts';

const group = named(u16, nameIn(groups));
const signatureScheme = named(u16, nameIn(signatureSchemes));
const version = named(u16, nameIn(versions));
const empty: Codec<Record<never, never>> = struct({});

const serverName = cite(
  'RFC 6066 §3',
  struct({
    server_name_list: vector(
      1,
      0xffff,
      many('server_name', struct({ name_type: u8, host_name: labelled(opaque(1, 0xffff), fromUtf8) })),
    ),
  }),
);
const supportedGroups = cite('RFC 8446 §4.2.7', struct({ named_group_list: vector(2, 0xffff, many('group', group)) }));
const ecPointFormats = cite(
  'RFC 8422 §5.1.2',
  struct({ ec_point_format_list: vector(1, 255, many('format', named(u8, nameIn(pointFormats, 2)))) }),
);
const signatureAlgorithms = cite(
  'RFC 8446 §4.2.3',
  struct({ supported_signature_algorithms: vector(2, 0xfffe, many('scheme', signatureScheme)) }),
);
const useSrtp = cite(
  'RFC 5764 §4.1.1',
  struct({
    SRTPProtectionProfiles: cite(
      'RFC 5764 §4.1.2',
      vector(2, 0xffff, many('profile', named(u16, nameIn(srtpProfiles)))),
    ),
    srtp_mki: cite('RFC 5764 §4.1.3', opaque(0, 255)),
  }),
);
const alpn = cite(
  'RFC 7301 §3.1',
  struct({ protocol_name_list: vector(2, 0xffff, many('protocol', labelled(opaque(1, 255), fromUtf8))) }),
);
const renegotiationInfo = cite('RFC 5746 §3.2', struct({ renegotiated_connection: opaque(0, 255) }));
const recordSizeLimit = cite('RFC 8449 §4', struct({ record_size_limit: u16 }));
const connectionId = cite('RFC 9146 §3', struct({ cid: opaque(0, 255) }));
const keyShareEntry = struct({ group, key_exchange: opaque(1, 0xffff) });
const certificateAuthorities = cite(
  'RFC 8446 §4.2.4',
  struct({ authorities: vector(3, 0xffff, many('authority', opaque(1, 0xffff))) }),
);
const maxFragmentLength = cite(
  'RFC 6066 §4',
  struct({ max_fragment_length: named(u8, nameIn(maxFragmentLengths, 2)) }),
);
const compressCertificate = cite(
  'RFC 8879 §3',
  struct({ algorithms: vector(2, 254, many('algorithm', named(u16, nameIn(certificateCompressions)))) }),
);
const delegatedCredentialOffer = cite(
  'RFC 9345 §4.1.1',
  // At least one, says the RFC. Some clients that offer old versions alone have none, and nothing hangs on it.
  struct({ expected_cert_verify_algorithm: vector(0, 0xfffe, many('scheme', signatureScheme)) }),
);
const selectedVersion = cite('RFC 8446 §4.2.1', struct({ selected_version: version }));
const cookie = cite('RFC 8446 §4.2.2', struct({ cookie: opaque(1, 0xffff) }));
/** OfferedPsks. Its binders cover the hello up to themselves: `bindersLength`. */
const offeredPsks = cite(
  'RFC 8446 §4.2.11',
  struct({
    identities: vector(
      7,
      0xffff,
      many(
        'identity',
        struct({ identity: opaque(1, 0xffff), obfuscated_ticket_age: labelled(u32, (ms) => `${ms} ms`) }),
      ),
    ),
    binders: vector(33, 0xffff, many('binder', opaque(32, 255))),
  }),
);
export type OfferedPsks = Infer<typeof offeredPsks>;

/** What every hello may carry with one and the same body. */
const shared = {
  max_fragment_length: [1, maxFragmentLength],
  ec_point_formats: [11, ecPointFormats],
  use_srtp: [14, useSrtp],
  application_layer_protocol_negotiation: [16, alpn],
  encrypt_then_mac: [22, cite('RFC 7366 §2', empty)],
  extended_master_secret: [23, cite('RFC 7627 §5.1', empty)],
  record_size_limit: [28, recordSizeLimit],
  connection_id: [54, connectionId],
  renegotiation_info: [65281, renegotiationInfo],
} as const;

const tables = {
  client_hello: {
    server_name: [0, serverName],
    supported_groups: [10, supportedGroups],
    signature_algorithms: [13, signatureAlgorithms],
    padding: [21, cite('RFC 7685 §3', struct({ padding: rest }))],
    compress_certificate: [27, compressCertificate],
    delegated_credential: [34, delegatedCredentialOffer],
    session_ticket: [35, cite('RFC 5077 §3.2', struct({ ticket: rest }))],
    // It must be the last one (RFC 8446 §4.2.11).
    pre_shared_key: [41, offeredPsks],
    early_data: [42, cite('RFC 8446 §4.2.10', empty)],
    supported_versions: [43, cite('RFC 8446 §4.2.1', struct({ versions: vector(2, 254, many('version', version)) }))],
    cookie: [44, cookie],
    psk_key_exchange_modes: [
      45,
      cite('RFC 8446 §4.2.9', struct({ ke_modes: vector(1, 255, many('mode', named(u8, nameIn(pskModes, 2)))) })),
    ],
    certificate_authorities: [47, certificateAuthorities],
    post_handshake_auth: [49, cite('RFC 8446 §4.2.6', empty)],
    signature_algorithms_cert: [50, signatureAlgorithms],
    key_share: [
      51,
      cite('RFC 8446 §4.2.8', struct({ client_shares: vector(0, 0xffff, many('share', keyShareEntry)) })),
    ],
    ...shared,
  },
  server_hello: {
    server_name: [0, empty],
    session_ticket: [35, cite('RFC 5077 §3.2', empty)],
    pre_shared_key: [41, cite('RFC 8446 §4.2.11', struct({ selected_identity: u16 }))],
    supported_versions: [43, selectedVersion],
    key_share: [51, cite('RFC 8446 §4.2.8', struct({ server_share: keyShareEntry }))],
    ...shared,
  },
  /** A ServerHello by its type, with another table (RFC 8446 §4.1.4). */
  hello_retry_request: {
    supported_versions: [43, selectedVersion],
    cookie: [44, cookie],
    key_share: [51, cite('RFC 8446 §4.2.8', struct({ selected_group: group }))],
  },
  encrypted_extensions: {
    server_name: [0, cite('RFC 6066 §3', empty)],
    max_fragment_length: [1, maxFragmentLength],
    supported_groups: [10, supportedGroups],
    use_srtp: [14, useSrtp],
    application_layer_protocol_negotiation: [16, alpn],
    record_size_limit: [28, recordSizeLimit],
    early_data: [42, cite('RFC 8446 §4.2.10', empty)],
  },
  certificate_request: {
    signature_algorithms: [13, signatureAlgorithms],
    compress_certificate: [27, compressCertificate],
    delegated_credential: [34, delegatedCredentialOffer],
    certificate_authorities: [47, certificateAuthorities],
    oid_filters: [
      48,
      cite(
        'RFC 8446 §4.2.5',
        struct({
          filters: vector(
            0,
            0xffff,
            many(
              'filter',
              struct({ certificate_extension_oid: opaque(1, 255), certificate_extension_values: opaque(0, 0xffff) }),
            ),
          ),
        }),
      ),
    ],
    signature_algorithms_cert: [50, signatureAlgorithms],
  },
  /** Of one CertificateEntry (RFC 8446 §4.4.2). */
  certificate: {
    delegated_credential: [
      34,
      cite(
        'RFC 9345 §4',
        struct({
          valid_time: labelled(u32, (seconds) => `${seconds} s after notBefore`),
          dc_cert_verify_algorithm: signatureScheme,
          ASN1_subjectPublicKeyInfo: opaque(1, 0xffffff),
          algorithm: signatureScheme,
          signature: opaque(1, 0xffff),
        }),
      ),
    ],
  },
  new_session_ticket: {
    early_data: [42, cite('RFC 8446 §4.2.10', struct({ max_early_data_size: u32 }))],
  },
} as const;

export type ExtensionMessage = keyof typeof tables;
type Tables = typeof tables;

const name = nameIn(extensionTypes);
const rfcNames = ['extension_type', 'extension_data'] as const;

/** The extensions block of a message, `Extension extensions<min..max>`. */
export const extensionsOf = <M extends ExtensionMessage>(
  message: M,
  min = 0,
  max = 0xffff,
): Codec<Selected<Tables[M]>[]> =>
  cite(
    'RFC 8446 §4.2',
    vector(min, max, many('extension', select(u16, 0xffff, tables[message] as Tables[M], name, rfcNames))),
  );

export type Extension<M extends ExtensionMessage> = Selected<Tables[M]>;
export type ClientExtension = Extension<'client_hello'>;
export type ServerExtension = Extension<'server_hello'>;
export type KeyShareEntry = Infer<typeof keyShareEntry>;

/** Bytes that the binders take at the end of a ClientHello: what is before them is what they cover (RFC 8446 §4.2.11.2). */
export const bindersLength = (psks: Pick<OfferedPsks, 'binders'>): number =>
  psks.binders.reduce((sum, binder) => sum + 1 + binder.length, 2);

/** The number of an extension, known or not. */
export const extensionCode = (message: ExtensionMessage, extension: { readonly kind: string }): number => {
  if (extension.kind === 'unknown') return (extension as { readonly kind: string; readonly code: number }).code;
  const row = (tables[message] as Readonly<Record<string, readonly [number, unknown]>>)[extension.kind];
  if (!row) throw new RangeError(`${message} has no extension ${extension.kind}`);
  return row[0];
};

/** The body of the first extension of a kind. */
export function findExtension<E extends { readonly kind: string }, K extends E['kind']>(
  extensions: readonly E[] | undefined,
  kind: K,
): Extract<E, { readonly kind: K }> extends { readonly body: infer B } ? B | undefined : never {
  const found = extensions?.find((extension) => extension.kind === kind) as { readonly body: unknown } | undefined;
  return found?.body as never;
}

/** 32 bytes of a hello's random field. */
export const random = bytes(32);
