/**
 * What BoringSSL calls a failure of ours. The runner looks for its own stack's names on standard error. Its config file could
 * translate them, but older and newer runners want that in two forms which exclude each other, so the shim says both names.
 */
import type { Failure } from '../../src/engine/index.ts';
import { alertDescriptions } from '../../src/wire/registry.ts';

/** BoringSSL's reasons (without the colons), and which of our failures mean the same. */
const names: Readonly<Record<string, readonly Failure['code'][]>> = {
  APPLICATION_DATA_INSTEAD_OF_HANDSHAKE: ['unexpected-message'],
  BAD_ALERT: ['malformed'],
  BAD_CHANGE_CIPHER_SPEC: ['malformed'],
  BAD_ECC_CERT: ['bad-certificate', 'illegal-parameter'],
  BAD_ECPOINT: ['illegal-parameter'],
  BAD_HANDSHAKE_RECORD: ['malformed', 'unexpected-message'],
  BAD_HELLO_REQUEST: ['malformed'],
  BAD_SIGNATURE: ['bad-signature'],
  BAD_SRTP_MKI_VALUE: ['illegal-parameter'],
  BAD_SRTP_PROTECTION_PROFILE_LIST: ['illegal-parameter', 'malformed'],
  CANNOT_PARSE_LEAF_CERT: ['bad-certificate'],
  CERTIFICATE_VERIFY_FAILED: ['fingerprint-mismatch'],
  DECODE_ERROR: ['malformed', 'illegal-parameter', 'missing-extension'],
  DIGEST_CHECK_FAILED: ['bad-finished', 'bad-signature'],
  DUPLICATE_EXTENSION: ['malformed'],
  DUPLICATE_KEY_SHARE: ['illegal-parameter'],
  EMPTY_HELLO_RETRY_REQUEST: ['illegal-parameter'],
  ERROR_PARSING_EXTENSION: ['malformed', 'illegal-parameter'],
  EXCESS_HANDSHAKE_DATA: ['unexpected-message', 'illegal-parameter'],
  FRAGMENT_MISMATCH: ['illegal-parameter'],
  INCONSISTENT_CLIENT_HELLO: ['illegal-parameter'],
  INVALID_ALPN_PROTOCOL: ['illegal-parameter', 'malformed'],
  INVALID_COMPRESSION_LIST: ['illegal-parameter'],
  MISSING_EXTENSION: ['missing-extension'],
  MISSING_KEY_SHARE: ['missing-extension'],
  NO_APPLICATION_PROTOCOL: ['no-application-protocol'],
  NO_CERTIFICATE_SET: ['no-common-suite', 'no-common-signature'],
  NO_COMMON_SIGNATURE_ALGORITHMS: ['no-common-signature'],
  NO_RENEGOTIATION: ['unexpected-message'],
  NO_SHARED_CIPHER: ['no-common-suite'],
  NO_SHARED_GROUP: ['no-common-group', 'no-common-suite'],
  OLD_SESSION_CIPHER_NOT_RETURNED: ['illegal-parameter'],
  OLD_SESSION_PRF_HASH_MISMATCH: ['illegal-parameter'],
  OLD_SESSION_VERSION_NOT_RETURNED: ['illegal-parameter'],
  PARSE_TLSEXT: ['malformed', 'illegal-parameter'],
  PEER_DID_NOT_RETURN_A_CERTIFICATE: ['certificate-missing', 'malformed'],
  PEER_ERROR_UNSUPPORTED_CERTIFICATE_TYPE: ['bad-certificate'],
  PRE_SHARED_KEY_MUST_BE_LAST: ['illegal-parameter'],
  PSK_IDENTITY_BINDER_COUNT_MISMATCH: ['illegal-parameter', 'malformed'],
  PSK_IDENTITY_NOT_FOUND: ['illegal-parameter'],
  READ_TIMEOUT_EXPIRED: ['timed-out'],
  RENEGOTIATION_MISMATCH: ['unsupported'],
  RESUMED_EMS_SESSION_WITHOUT_EMS_EXTENSION: ['no-extended-master-secret'],
  RESUMED_NON_EMS_SESSION_WITH_EMS_EXTENSION: ['illegal-parameter'],
  SECOND_SERVERHELLO_VERSION_MISMATCH: ['illegal-parameter'],
  SERVER_ECHOED_INVALID_SESSION_ID: ['illegal-parameter'],
  TLS13_DOWNGRADE: ['illegal-parameter'],
  TOO_MANY_KEY_UPDATES: ['key-worn-out', 'sequence-exhausted'],
  UNEXPECTED_EXTENSION: ['unsupported-extension', 'illegal-parameter'],
  UNEXPECTED_MESSAGE: ['unexpected-message'],
  UNEXPECTED_RECORD: ['unexpected-message'],
  UNKNOWN_ALERT_TYPE: ['illegal-parameter'],
  UNSUPPORTED_COMPRESSION_ALGORITHM: ['illegal-parameter'],
  UNSUPPORTED_PROTOCOL: ['version', 'illegal-parameter', 'unsupported-extension'],
  WRONG_CERTIFICATE_TYPE: ['illegal-parameter'],
  WRONG_CIPHER_RETURNED: ['illegal-parameter'],
  WRONG_CURVE: ['illegal-parameter'],
  WRONG_SIGNATURE_TYPE: ['illegal-parameter', 'bad-signature'],
  WRONG_VERSION_NUMBER: ['version', 'illegal-parameter'],
};

/** All the names that BoringSSL might have for it, as they stand in its error messages. */
export function boringNames(failure: Failure): string {
  const found = Object.keys(names).filter((name) => names[name]?.includes(failure.code));
  if (failure.code === 'alert') {
    // By the version of TLS that brought the alert.
    const alert = (alertDescriptions as Readonly<Record<number, string>>)[failure.description]?.toUpperCase();
    found.push(`TLSV1_ALERT_${alert}`, `SSLV3_ALERT_${alert}`);
    if (alert === 'HANDSHAKE_FAILURE') found.push('HANDSHAKE_FAILURE_ON_CLIENT_HELLO');
  }
  return found.map((name) => `:${name}:`).join(' ');
}
