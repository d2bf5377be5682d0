/**
 * The handshake layer of DTLS (RFC 6347 §4.2.2): the 12-byte header, and one definition for each message body.
 * Where a body's layout depends on what was negotiated, `bodyCodec` picks it.
 */
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
  struct,
  tail,
  u8,
  u16,
  u24,
  u32,
  vector,
} from '../codec/codec.ts';
import { extensionsOf, random } from './extensions.ts';
import {
  clientCertificateTypes,
  groups,
  handshakeTypes,
  nameIn,
  signatureSchemes,
  type Version,
  versions,
} from './registry.ts';
import { cipherSuiteName, type KeyExchange } from './suites.ts';

const version = named(u16, nameIn(versions));
const suite = named(u16, cipherSuiteName);
const scheme = named(u16, nameIn(signatureSchemes));
const compressionMethod = named(u8, nameIn({ 0: 'null' }, 2));

export const handshakeTypeName = nameIn(handshakeTypes, 2);

/** Bytes of a handshake header. */
export const handshakeHeaderLength = 12;

export const handshakeHeader = cite(
  'RFC 6347 §4.2.2',
  struct({
    msg_type: named(u8, handshakeTypeName),
    length: u24,
    message_seq: u16,
    fragment_offset: cite('RFC 6347 §4.2.3', u24),
    fragment_length: cite('RFC 6347 §4.2.3', u24),
  }),
);
export type HandshakeHeader = Infer<typeof handshakeHeader>;

/** DTLS adds the cookie (RFC 6347 §4.2.1); all else is the ClientHello of TLS. */
export const clientHello = cite(
  'RFC 5246 §7.4.1.2',
  struct({
    client_version: version,
    random,
    session_id: opaque(0, 32),
    cookie: cite('RFC 6347 §4.2.1', opaque(0, 255)),
    cipher_suites: vector(2, 0xfffe, many('suite', suite)),
    compression_methods: vector(1, 255, many('method', compressionMethod)),
    extensions: tail(extensionsOf('client_hello')),
  }),
);
export type ClientHello = Infer<typeof clientHello>;

export const serverHello = cite(
  'RFC 5246 §7.4.1.3',
  struct({
    server_version: version,
    random,
    session_id: opaque(0, 32),
    cipher_suite: suite,
    compression_method: compressionMethod,
    extensions: tail(extensionsOf('server_hello')),
  }),
);
export type ServerHello = Infer<typeof serverHello>;

export const helloVerifyRequest = cite('RFC 6347 §4.2.1', struct({ server_version: version, cookie: opaque(0, 255) }));
export type HelloVerifyRequest = Infer<typeof helloVerifyRequest>;

export const certificate = cite(
  'RFC 5246 §7.4.2',
  struct({ certificate_list: vector(0, 0xffffff, many('certificate', opaque(1, 0xffffff))) }),
);
export type Certificate = Infer<typeof certificate>;

/** `digitally-signed` with its algorithm, as in 1.2; before it the algorithm was implied (RFC 5246 §4.7, RFC 4346 §4.7). */
const signed12 = {
  algorithm: cite('RFC 5246 §7.4.1.4.1', scheme),
  signature: cite('RFC 5246 §4.7', opaque(0, 0xffff)),
};
const signed10 = { signature: cite('RFC 4346 §4.7', opaque(0, 0xffff)) };

const namedCurveType: Codec<number> = {
  read(r) {
    const at = r.pos;
    const value = r.uint(1);
    if (value !== 3) r.fail('bad-value', `curve_type ${value} is not named_curve(3)`, at);
    return value;
  },
  write: (w, value) => w.uint(value, 1),
  label: () => 'named_curve',
};
/** ServerECDHParams, the part of ServerKeyExchange that is signed (RFC 8422 §5.4). */
export const ecdhParams = cite(
  'RFC 8422 §5.4',
  struct({
    curve_type: namedCurveType,
    named_curve: cite('RFC 8422 §5.1.1', named(u16, nameIn(groups))),
    public: opaque(1, 255),
  }),
);
export const serverKeyExchange12 = cite('RFC 8422 §5.4', struct({ params: ecdhParams, ...signed12 }));
export const serverKeyExchange10 = cite('RFC 8422 §5.4', struct({ params: ecdhParams, ...signed10 }));
export type ServerKeyExchange12 = Infer<typeof serverKeyExchange12>;

/** ServerDHParams: no engine of ours runs it, but captures of old peers hold it. */
const dhParams = cite(
  'RFC 5246 §7.4.3',
  struct({ dh_p: opaque(1, 0xffff), dh_g: opaque(1, 0xffff), dh_Ys: opaque(1, 0xffff) }),
);
export const serverKeyExchangeDhe12 = cite('RFC 5246 §7.4.3', struct({ params: dhParams, ...signed12 }));
export const serverKeyExchangeDhe10 = cite('RFC 4346 §7.4.3', struct({ params: dhParams, ...signed10 }));

const certificateTypes = vector(1, 255, many('type', named(u8, nameIn(clientCertificateTypes, 2))));
const authorities = vector(0, 0xffff, many('authority', opaque(1, 0xffff)));
export const certificateRequest12 = cite(
  'RFC 5246 §7.4.4',
  struct({
    certificate_types: certificateTypes,
    supported_signature_algorithms: cite('RFC 5246 §7.4.1.4.1', vector(2, 0xfffe, many('scheme', scheme))),
    certificate_authorities: authorities,
  }),
);
export type CertificateRequest12 = Infer<typeof certificateRequest12>;
export const certificateRequest10 = cite(
  'RFC 4346 §7.4.4',
  struct({ certificate_types: certificateTypes, certificate_authorities: authorities }),
);

export const certificateVerify12 = cite('RFC 5246 §7.4.8', struct(signed12));
export const certificateVerify10 = cite('RFC 4346 §7.4.8', struct(signed10));

export const clientKeyExchangeEcdhe = cite('RFC 8422 §5.7', struct({ ecdh_Yc: opaque(1, 255) }));
export const clientKeyExchangeRsa = cite(
  'RFC 5246 §7.4.7.1',
  struct({ encrypted_pre_master_secret: opaque(0, 0xffff) }),
);

export const clientKeyExchangeDhe = cite('RFC 5246 §7.4.7.2', struct({ dh_Yc: opaque(1, 0xffff) }));

export const newSessionTicket12 = cite(
  'RFC 5077 §3.3',
  struct({ ticket_lifetime_hint: labelled(u32, (s) => `${s} s`), ticket: opaque(0, 0xffff) }),
);
export const finished12 = cite('RFC 5246 §7.4.9', struct({ verify_data: bytes(12) }));
const finished10 = cite('RFC 4346 §7.4.9', struct({ verify_data: bytes(12) }));
const none = struct({});
const raw = cite('RFC 5246 §7.4', struct({ data: rest }));

/** What decides the layout of a message body. */
export interface BodyContext {
  readonly version: Version | undefined;
  readonly keyExchange: KeyExchange | undefined;
}

/** The layout of a message's body; raw bytes where the context does not tell or the message is not known. */
// biome-ignore lint/suspicious/noExplicitAny: the bound of a generic codec
export function bodyCodec(type: number, context: BodyContext): Codec<any> {
  const legacy = context.version === '1.0';
  switch (handshakeTypes[type as keyof typeof handshakeTypes]) {
    case 'hello_request':
      return cite('RFC 5246 §7.4.1.1', none);
    case 'client_hello':
      return clientHello;
    case 'server_hello':
      return serverHello;
    case 'hello_verify_request':
      return helloVerifyRequest;
    case 'new_session_ticket':
      return newSessionTicket12;
    case 'certificate':
      return certificate;
    case 'server_key_exchange':
      if (context.keyExchange === 'dhe') return legacy ? serverKeyExchangeDhe10 : serverKeyExchangeDhe12;
      if (context.keyExchange !== 'ecdhe') return raw;
      return legacy ? serverKeyExchange10 : serverKeyExchange12;
    case 'certificate_request':
      return legacy ? certificateRequest10 : certificateRequest12;
    case 'server_hello_done':
      return cite('RFC 5246 §7.4.5', none);
    case 'certificate_verify':
      return legacy ? certificateVerify10 : certificateVerify12;
    case 'client_key_exchange':
      if (context.keyExchange === 'ecdhe') return clientKeyExchangeEcdhe;
      if (context.keyExchange === 'dhe') return clientKeyExchangeDhe;
      return context.keyExchange === 'rsa' ? clientKeyExchangeRsa : raw;
    case 'finished':
      return legacy ? finished10 : finished12;
    default:
      return raw;
  }
}
