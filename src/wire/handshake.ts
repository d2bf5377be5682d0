/**
 * The handshake layer of DTLS (RFC 6347 §4.2.2, RFC 9147 §5.2): the 12-byte header, and one definition for each message
 * body. Where versions lay a message out differently, the name ends in the version it is for; where a body's layout
 * depends on what was negotiated, `bodyCodec` picks it.
 */
import { equal, fromHex } from '../base/bytes.ts';
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
  certificateCompressions,
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

/** SHA-256 of "HelloRetryRequest": the random by which a ServerHello is one (RFC 8446 §4.1.3). */
export const helloRetryRandom: Uint8Array =
  fromHex('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c') ?? new Uint8Array(32);

/** A ServerHello by its type and layout, with other extensions (RFC 8446 §4.1.4). */
export const helloRetryRequest = cite(
  'RFC 8446 §4.1.4',
  struct({
    server_version: version,
    random,
    session_id: opaque(0, 32),
    cipher_suite: suite,
    compression_method: compressionMethod,
    extensions: tail(extensionsOf('hello_retry_request')),
  }),
);
export type HelloRetryRequest = Infer<typeof helloRetryRequest>;

/** Whether the body of a ServerHello, well-formed or not, is that of a HelloRetryRequest. */
export const isHelloRetryBody = (body: Uint8Array): boolean => equal(body.subarray(2, 34), helloRetryRandom);
/** The same of what `serverHelloOrRetry` read. */
export const isHelloRetryRequest = (hello: ServerHello | HelloRetryRequest): hello is HelloRetryRequest =>
  equal(hello.random, helloRetryRandom);

/** A message of type server_hello, whichever of the two it is. */
export const serverHelloOrRetry: Codec<ServerHello | HelloRetryRequest> = {
  read: (r) =>
    isHelloRetryBody(r.bytes.subarray(r.pos, Math.min(r.limit, r.pos + 34)))
      ? helloRetryRequest.read(r)
      : serverHello.read(r),
  write: (w, value) => (isHelloRetryRequest(value) ? helloRetryRequest.write(w, value) : serverHello.write(w, value)),
  label: (value) => (isHelloRetryRequest(value) ? 'HelloRetryRequest' : undefined),
  see: 'RFC 8446 §4.1.3',
};

/**
 * What stands in the last eight bytes of a ServerHello's random when a server of a newer version agrees on an older one
 * (RFC 8446 §4.1.3): a client that offered the newer one answers illegal_parameter.
 */
export const downgradeSentinel = {
  '1.2': fromHex('444f574e47524401') ?? new Uint8Array(8),
  '1.0': fromHex('444f574e47524400') ?? new Uint8Array(8),
} as const satisfies Partial<Record<Version, Uint8Array>>;

export const helloVerifyRequest = cite('RFC 6347 §4.2.1', struct({ server_version: version, cookie: opaque(0, 255) }));
export type HelloVerifyRequest = Infer<typeof helloVerifyRequest>;

export const certificate = cite(
  'RFC 5246 §7.4.2',
  struct({ certificate_list: vector(0, 0xffffff, many('certificate', opaque(1, 0xffffff))) }),
);
export type Certificate = Infer<typeof certificate>;

/** In 1.3 with the context of its request, and extensions for each certificate (RFC 8446 §4.4.2). */
export const certificate13 = cite(
  'RFC 8446 §4.4.2',
  struct({
    certificate_request_context: opaque(0, 255),
    certificate_list: vector(
      0,
      0xffffff,
      many('entry', struct({ cert_data: opaque(1, 0xffffff), extensions: extensionsOf('certificate') })),
    ),
  }),
);
export type Certificate13 = Infer<typeof certificate13>;

/** A Certificate in short form; the message inside is only decompressed by who knows how long it may become. */
export const compressedCertificate = cite(
  'RFC 8879 §4',
  struct({
    algorithm: named(u16, nameIn(certificateCompressions)),
    uncompressed_length: u24,
    compressed_certificate_message: opaque(1, 0xffffff),
  }),
);

export const encryptedExtensions = cite(
  'RFC 8446 §4.3.1',
  struct({ extensions: extensionsOf('encrypted_extensions') }),
);
export type EncryptedExtensions = Infer<typeof encryptedExtensions>;

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
/** Bytes of ServerECDHParams with this share. */
export const ecdhParamsLength = (share: Uint8Array): number => 4 + share.length;
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

export const certificateRequest13 = cite(
  'RFC 8446 §4.3.2',
  struct({
    certificate_request_context: opaque(0, 255),
    extensions: extensionsOf('certificate_request', 2),
  }),
);
export type CertificateRequest13 = Infer<typeof certificateRequest13>;

export const certificateVerify13 = cite('RFC 8446 §4.4.3', struct({ algorithm: scheme, signature: opaque(0, 0xffff) }));
export type CertificateVerify13 = Infer<typeof certificateVerify13>;
export const certificateVerify12 = cite('RFC 5246 §7.4.8', struct(signed12));
export const certificateVerify10 = cite('RFC 4346 §7.4.8', struct(signed10));

export const clientKeyExchangeEcdhe = cite('RFC 8422 §5.7', struct({ ecdh_Yc: opaque(1, 255) }));
export const clientKeyExchangeRsa = cite(
  'RFC 5246 §7.4.7.1',
  struct({ encrypted_pre_master_secret: opaque(0, 0xffff) }),
);

export const clientKeyExchangeDhe = cite('RFC 5246 §7.4.7.2', struct({ dh_Yc: opaque(1, 0xffff) }));

const seconds = labelled(u32, (s) => `${s} s`);
export const newSessionTicket12 = cite(
  'RFC 5077 §3.3',
  struct({ ticket_lifetime_hint: seconds, ticket: opaque(0, 0xffff) }),
);
export const newSessionTicket13 = cite(
  'RFC 8446 §4.6.1',
  struct({
    ticket_lifetime: seconds,
    ticket_age_add: u32,
    ticket_nonce: opaque(0, 255),
    ticket: opaque(1, 0xffff),
    extensions: extensionsOf('new_session_ticket', 0, 0xfffe),
  }),
);
export type NewSessionTicket13 = Infer<typeof newSessionTicket13>;

export const finished12 = cite('RFC 5246 §7.4.9', struct({ verify_data: bytes(12) }));
/** An HMAC with the suite's hash. */
export const finished13 = {
  sha256: cite('RFC 8446 §4.4.4', struct({ verify_data: bytes(32) })),
  sha384: cite('RFC 8446 §4.4.4', struct({ verify_data: bytes(48) })),
} as const;
/** For a reader that does not know the suite. */
const finishedOfAnyLength = cite('RFC 8446 §4.4.4', struct({ verify_data: rest }));

export const keyUpdate = cite(
  'RFC 8446 §4.6.3',
  struct({ request_update: named(u8, nameIn({ 0: 'update_not_requested', 1: 'update_requested' }, 2)) }),
);
export type KeyUpdate = Infer<typeof keyUpdate>;

export const requestConnectionId = cite('RFC 9147 §9', struct({ num_cids: u8 }));
export const newConnectionId = cite(
  'RFC 9147 §9',
  struct({
    cids: vector(0, 0xffff, many('cid', opaque(0, 255))),
    usage: named(u8, nameIn({ 0: 'cid_immediate', 1: 'cid_spare' }, 2)),
  }),
);
export type NewConnectionId = Infer<typeof newConnectionId>;

const finished10 = cite('RFC 4346 §7.4.9', struct({ verify_data: bytes(12) }));
const none = struct({});
const raw = cite('RFC 5246 §7.4', struct({ data: rest }));

/** What decides the layout of a message body. */
export interface BodyContext {
  readonly version: Version | undefined;
  readonly keyExchange: KeyExchange | undefined;
  /** Of the suite; it decides how long a Finished of 1.3 is. */
  readonly hash?: 'sha256' | 'sha384' | undefined;
}

/** The layout of a message's body; raw bytes where the context does not tell or the message is not known. */
// biome-ignore lint/suspicious/noExplicitAny: the bound of a generic codec
export function bodyCodec(type: number, context: BodyContext): Codec<any> {
  return (context.version === '1.3' && bodyCodec13(type, context)) || bodyCodec12(type, context);
}

/** What DTLS 1.3 has of its own; `undefined` for what it shares with 1.2 or does not have. */
// biome-ignore lint/suspicious/noExplicitAny: the bound of a generic codec
function bodyCodec13(type: number, context: BodyContext): Codec<any> | undefined {
  switch (handshakeTypes[type as keyof typeof handshakeTypes]) {
    case 'new_session_ticket':
      return newSessionTicket13;
    case 'end_of_early_data':
      return cite('RFC 8446 §4.5', none);
    case 'encrypted_extensions':
      return encryptedExtensions;
    case 'request_connection_id':
      return requestConnectionId;
    case 'new_connection_id':
      return newConnectionId;
    case 'certificate':
      return certificate13;
    case 'certificate_request':
      return certificateRequest13;
    case 'certificate_verify':
      return certificateVerify13;
    case 'finished':
      return context.hash ? finished13[context.hash] : finishedOfAnyLength;
    case 'key_update':
      return keyUpdate;
    case 'compressed_certificate':
      return compressedCertificate;
    // Messages of older versions: a 1.3 peer that sends one is in the wrong, and its bytes are shown as they are.
    case 'hello_request':
    case 'server_key_exchange':
    case 'server_hello_done':
    case 'client_key_exchange':
      return raw;
    default:
      return undefined;
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the bound of a generic codec
function bodyCodec12(type: number, context: BodyContext): Codec<any> {
  const legacy = context.version === '1.0';
  switch (handshakeTypes[type as keyof typeof handshakeTypes]) {
    case 'hello_request':
      return cite('RFC 5246 §7.4.1.1', none);
    case 'client_hello':
      return clientHello;
    case 'server_hello':
      return context.version === undefined || context.version === '1.3' ? serverHelloOrRetry : serverHello;
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
