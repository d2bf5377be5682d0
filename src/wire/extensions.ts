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
  vector,
} from '../codec/codec.ts';
import { extensionTypes, groups, nameIn, pointFormats, signatureSchemes, srtpProfiles, versions } from './registry.ts';

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

/** What every hello may carry with one and the same body. */
const shared = {
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
    delegated_credential: [
      34,
      cite(
        'RFC 9345 §4',
        struct({ expected_cert_verify_algorithm: vector(2, 0xfffe, many('scheme', signatureScheme)) }),
      ),
    ],
    session_ticket: [35, cite('RFC 5077 §3.2', struct({ ticket: rest }))],
    supported_versions: [43, cite('RFC 8446 §4.2.1', struct({ versions: vector(2, 254, many('version', version)) }))],
    cookie: [44, cite('RFC 8446 §4.2.2', struct({ cookie: opaque(1, 0xffff) }))],
    psk_key_exchange_modes: [
      45,
      cite(
        'RFC 8446 §4.2.9',
        struct({ ke_modes: vector(1, 255, many('mode', named(u8, nameIn({ 0: 'psk_ke', 1: 'psk_dhe_ke' }, 2)))) }),
      ),
    ],
    signature_algorithms_cert: [50, signatureAlgorithms],
    key_share: [
      51,
      cite('RFC 8446 §4.2.8', struct({ client_shares: vector(0, 0xffff, many('share', keyShareEntry)) })),
    ],
    certificate_authorities: [47, certificateAuthorities],
    ...shared,
  },
  server_hello: {
    server_name: [0, empty],
    session_ticket: [35, cite('RFC 5077 §3.2', empty)],
    supported_versions: [43, cite('RFC 8446 §4.2.1', struct({ selected_version: version }))],
    key_share: [51, cite('RFC 8446 §4.2.8', struct({ server_share: keyShareEntry }))],
    ...shared,
  },
} as const;

export type ExtensionMessage = keyof typeof tables;
type Tables = typeof tables;

const name = nameIn(extensionTypes);
const rfcNames = ['extension_type', 'extension_data'] as const;

/** The extensions block of a message, `Extension extensions<0..2^16-1>`. */
export const extensionsOf = <M extends ExtensionMessage>(message: M): Codec<Selected<Tables[M]>[]> =>
  cite(
    'RFC 8446 §4.2',
    vector(0, 0xffff, many('extension', select(u16, 0xffff, tables[message] as Tables[M], name, rfcNames))),
  );

export type Extension<M extends ExtensionMessage> = Selected<Tables[M]>;
export type ClientExtension = Extension<'client_hello'>;
export type ServerExtension = Extension<'server_hello'>;
export type KeyShareEntry = Infer<typeof keyShareEntry>;

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
