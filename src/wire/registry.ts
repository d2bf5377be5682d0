/**
 * IANA's names for the numbers on the wire, in numeric order. A number is always kept as it came; names are only shown.
 * Sources: https://www.iana.org/assignments/tls-parameters and tls-extensiontype-values (2026-10), srtp-protection.
 */

export type Registry = Readonly<Record<number, string>>;

/** The name of a value, or `unknown (0x…)`: an unknown number is shown, never lost. */
export const nameIn =
  (registry: Registry, digits = 4) =>
  (value: number): string =>
    registry[value] ?? `unknown (0x${value.toString(16).padStart(digits, '0')})`;

/** The number that has this name, in any letter case. */
export const numberIn = (registry: Registry, name: string): number | undefined => {
  const wanted = name.toLowerCase();
  const found = Object.entries(registry).find(([, known]) => known.toLowerCase() === wanted);
  return found && Number(found[0]);
};

/** TLS ContentType (RFC 5246 §6.2.1, RFC 9147 §4, RFC 9146 §3). */
export const contentTypes = {
  20: 'change_cipher_spec',
  21: 'alert',
  22: 'handshake',
  23: 'application_data',
  24: 'heartbeat',
  25: 'tls12_cid',
  26: 'ack',
} as const satisfies Registry;
export const ContentType = {
  changeCipherSpec: 20,
  alert: 21,
  handshake: 22,
  applicationData: 23,
  tls12Cid: 25,
  ack: 26,
} as const;

/** TLS HandshakeType (RFC 5246 §7.4, RFC 6347 §4.3.2, RFC 8446 §4). */
export const handshakeTypes = {
  0: 'hello_request',
  1: 'client_hello',
  2: 'server_hello',
  3: 'hello_verify_request',
  4: 'new_session_ticket',
  5: 'end_of_early_data',
  8: 'encrypted_extensions',
  9: 'request_connection_id',
  10: 'new_connection_id',
  11: 'certificate',
  12: 'server_key_exchange',
  13: 'certificate_request',
  14: 'server_hello_done',
  15: 'certificate_verify',
  16: 'client_key_exchange',
  20: 'finished',
  21: 'certificate_url',
  22: 'certificate_status',
  23: 'supplemental_data',
  24: 'key_update',
  25: 'compressed_certificate',
  254: 'message_hash',
} as const satisfies Registry;
export type HandshakeTypeName = (typeof handshakeTypes)[keyof typeof handshakeTypes];
export const HandshakeType = {
  helloRequest: 0,
  clientHello: 1,
  serverHello: 2,
  helloVerifyRequest: 3,
  newSessionTicket: 4,
  endOfEarlyData: 5,
  encryptedExtensions: 8,
  requestConnectionId: 9,
  newConnectionId: 10,
  certificate: 11,
  serverKeyExchange: 12,
  certificateRequest: 13,
  serverHelloDone: 14,
  certificateVerify: 15,
  clientKeyExchange: 16,
  finished: 20,
  keyUpdate: 24,
  compressedCertificate: 25,
  messageHash: 254,
} as const;

/** Version numbers as they stand in records and hellos: the ones' complement of the text (RFC 6347 §4.1, RFC 9147 §5.3). */
export const versions = {
  256: 'DTLS 1.0 (OpenSSL pre-standard)',
  771: 'TLS 1.2',
  772: 'TLS 1.3',
  65276: 'DTLS 1.3',
  65277: 'DTLS 1.2',
  65279: 'DTLS 1.0',
} as const satisfies Registry;
/** A DTLS version as users write it. */
export type Version = '1.0' | '1.2' | '1.3';
export const versionNumber = { '1.0': 0xfeff, '1.2': 0xfefd, '1.3': 0xfefc } as const satisfies Record<Version, number>;
export const versionOf = (value: number): Version | undefined =>
  value === 0xfeff ? '1.0' : value === 0xfefd ? '1.2' : value === 0xfefc ? '1.3' : undefined;

/** TLS SupportedGroups. */
export const groups = {
  1: 'sect163k1',
  2: 'sect163r1',
  3: 'sect163r2',
  4: 'sect193r1',
  5: 'sect193r2',
  6: 'sect233k1',
  7: 'sect233r1',
  8: 'sect239k1',
  9: 'sect283k1',
  10: 'sect283r1',
  11: 'sect409k1',
  12: 'sect409r1',
  13: 'sect571k1',
  14: 'sect571r1',
  15: 'secp160k1',
  16: 'secp160r1',
  17: 'secp160r2',
  18: 'secp192k1',
  19: 'secp192r1',
  20: 'secp224k1',
  21: 'secp224r1',
  22: 'secp256k1',
  23: 'secp256r1',
  24: 'secp384r1',
  25: 'secp521r1',
  26: 'brainpoolP256r1',
  27: 'brainpoolP384r1',
  28: 'brainpoolP512r1',
  29: 'x25519',
  30: 'x448',
  256: 'ffdhe2048',
  257: 'ffdhe3072',
  258: 'ffdhe4096',
  259: 'ffdhe6144',
  260: 'ffdhe8192',
  4587: 'SecP256r1MLKEM768',
  4588: 'X25519MLKEM768',
  4589: 'SecP384r1MLKEM1024',
} as const satisfies Registry;

/** TLS SignatureScheme, with the TLS 1.2 pairs that have no 1.3 name (RFC 8446 §4.2.3, RFC 5246 §7.4.1.4.1). */
export const signatureSchemes = {
  513: 'rsa_pkcs1_sha1',
  514: 'dsa_sha1',
  515: 'ecdsa_sha1',
  769: 'rsa_pkcs1_sha224',
  770: 'dsa_sha224',
  771: 'ecdsa_sha224',
  1025: 'rsa_pkcs1_sha256',
  1026: 'dsa_sha256',
  1027: 'ecdsa_secp256r1_sha256',
  1281: 'rsa_pkcs1_sha384',
  1282: 'dsa_sha384',
  1283: 'ecdsa_secp384r1_sha384',
  1537: 'rsa_pkcs1_sha512',
  1538: 'dsa_sha512',
  1539: 'ecdsa_secp521r1_sha512',
  2052: 'rsa_pss_rsae_sha256',
  2053: 'rsa_pss_rsae_sha384',
  2054: 'rsa_pss_rsae_sha512',
  2055: 'ed25519',
  2056: 'ed448',
  2057: 'rsa_pss_pss_sha256',
  2058: 'rsa_pss_pss_sha384',
  2059: 'rsa_pss_pss_sha512',
} as const satisfies Registry;

/** DTLS-SRTP protection profiles (RFC 5764 §4.1.2, RFC 7714 §14.2). */
export const srtpProfiles = {
  1: 'SRTP_AES128_CM_HMAC_SHA1_80',
  2: 'SRTP_AES128_CM_HMAC_SHA1_32',
  5: 'SRTP_NULL_HMAC_SHA1_80',
  6: 'SRTP_NULL_HMAC_SHA1_32',
  7: 'SRTP_AEAD_AES_128_GCM',
  8: 'SRTP_AEAD_AES_256_GCM',
} as const satisfies Registry;

/** TLS ExtensionType. */
export const extensionTypes = {
  0: 'server_name',
  1: 'max_fragment_length',
  5: 'status_request',
  10: 'supported_groups',
  11: 'ec_point_formats',
  13: 'signature_algorithms',
  14: 'use_srtp',
  15: 'heartbeat',
  16: 'application_layer_protocol_negotiation',
  18: 'signed_certificate_timestamp',
  20: 'server_certificate_type',
  21: 'padding',
  22: 'encrypt_then_mac',
  23: 'extended_master_secret',
  27: 'compress_certificate',
  28: 'record_size_limit',
  34: 'delegated_credential',
  35: 'session_ticket',
  41: 'pre_shared_key',
  42: 'early_data',
  43: 'supported_versions',
  44: 'cookie',
  45: 'psk_key_exchange_modes',
  47: 'certificate_authorities',
  48: 'oid_filters',
  49: 'post_handshake_auth',
  50: 'signature_algorithms_cert',
  51: 'key_share',
  54: 'connection_id',
  61: 'rrc',
  65281: 'renegotiation_info',
} as const satisfies Registry;

/** TLS AlertDescription (RFC 5246 §7.2, RFC 8446 §6). */
export const alertDescriptions = {
  0: 'close_notify',
  10: 'unexpected_message',
  20: 'bad_record_mac',
  21: 'decryption_failed',
  22: 'record_overflow',
  30: 'decompression_failure',
  40: 'handshake_failure',
  41: 'no_certificate',
  42: 'bad_certificate',
  43: 'unsupported_certificate',
  44: 'certificate_revoked',
  45: 'certificate_expired',
  46: 'certificate_unknown',
  47: 'illegal_parameter',
  48: 'unknown_ca',
  49: 'access_denied',
  50: 'decode_error',
  51: 'decrypt_error',
  52: 'too_many_cids_requested',
  60: 'export_restriction',
  70: 'protocol_version',
  71: 'insufficient_security',
  80: 'internal_error',
  86: 'inappropriate_fallback',
  90: 'user_canceled',
  100: 'no_renegotiation',
  109: 'missing_extension',
  110: 'unsupported_extension',
  112: 'unrecognized_name',
  115: 'unknown_psk_identity',
  116: 'certificate_required',
  120: 'no_application_protocol',
} as const satisfies Registry;
export type AlertName = (typeof alertDescriptions)[keyof typeof alertDescriptions];
/** The name of an alert's description, which is one byte. */
export const alertName = nameIn(alertDescriptions, 2);

/** TLS ClientCertificateType (RFC 5246 §7.4.4, RFC 8422 §5.5). */
export const clientCertificateTypes = { 1: 'rsa_sign', 2: 'dss_sign', 64: 'ecdsa_sign' } as const satisfies Registry;

/** TLS PskKeyExchangeMode (RFC 8446 §4.2.9). */
export const pskModes = { 0: 'psk_ke', 1: 'psk_dhe_ke' } as const satisfies Registry;

/** TLS CertificateCompressionAlgorithm (RFC 8879 §3). */
export const certificateCompressions = { 1: 'zlib', 2: 'brotli', 3: 'zstd' } as const satisfies Registry;

/** TLS MaxFragmentLength (RFC 6066 §4). */
export const maxFragmentLengths = { 1: '512', 2: '1024', 3: '2048', 4: '4096' } as const satisfies Registry;

/** TLS ECPointFormat (RFC 8422 §5.1.2). */
export const pointFormats = {
  0: 'uncompressed',
  1: 'ansiX962_compressed_prime',
  2: 'ansiX962_compressed_char2',
} as const satisfies Registry;
