/**
 * Why an endpoint gave up, and why it ignored something: data with the blame first, never text. The text is made at the
 * edge (diagnosis, terminal, panel). What is noise on the wire is a `Drop`; only a `Failure` ends the association.
 */
import { unreachable } from '../base/unreachable.ts';
import type { AlertName } from '../wire/registry.ts';

export type Failure =
  | {
      readonly fault: 'peer';
      readonly code: 'unexpected-message';
      readonly got: string;
      readonly expected: readonly string[];
    }
  | {
      readonly fault: 'peer';
      readonly code: 'malformed';
      readonly message: string;
      readonly at: number;
      readonly why: string;
    }
  | { readonly fault: 'peer'; readonly code: 'illegal-parameter'; readonly message: string; readonly what: string }
  | { readonly fault: 'peer'; readonly code: 'unsupported-extension'; readonly extension: number }
  /** RFC 8446 §9.2. */
  | {
      readonly fault: 'peer';
      readonly code: 'missing-extension';
      readonly message: string;
      readonly extension: number;
    }
  | { readonly fault: 'peer'; readonly code: 'bad-signature'; readonly message: string }
  | { readonly fault: 'peer'; readonly code: 'bad-finished' }
  | {
      readonly fault: 'peer';
      readonly code: 'bad-certificate';
      readonly what: string;
      /** As the settings want it told. */
      readonly alert?: AlertName;
    }
  /** DTLS 1.3 has an alert of its own for it (RFC 8446 §4.4.2.4). */
  | { readonly fault: 'peer'; readonly code: 'certificate-missing'; readonly version?: '1.3' }
  | {
      readonly fault: 'peer';
      readonly code: 'fingerprint-mismatch';
      readonly expected: readonly string[];
      readonly got: string;
      /** As the settings want it told. */
      readonly alert?: AlertName;
    }
  | { readonly fault: 'peer'; readonly code: 'alert'; readonly level: number; readonly description: number }
  | {
      readonly fault: 'mismatch';
      readonly code: 'version';
      readonly offered: readonly number[];
      readonly supported: readonly number[];
    }
  | {
      readonly fault: 'mismatch';
      readonly code: 'no-common-suite';
      readonly offered: readonly number[];
      readonly supported: readonly number[];
    }
  | {
      readonly fault: 'mismatch';
      readonly code: 'no-common-group';
      readonly offered: readonly number[];
      readonly supported: readonly number[];
    }
  | { readonly fault: 'mismatch'; readonly code: 'no-common-signature'; readonly offered: readonly number[] }
  | { readonly fault: 'mismatch'; readonly code: 'no-extended-master-secret' }
  | { readonly fault: 'mismatch'; readonly code: 'no-application-protocol'; readonly offered: readonly string[] }
  | { readonly fault: 'mismatch'; readonly code: 'unsupported'; readonly what: string }
  | { readonly fault: 'network'; readonly code: 'timed-out'; readonly flight: number; readonly attempts: number }
  | { readonly fault: 'local'; readonly code: 'sequence-exhausted' }
  /** A limit of ours: the peer chose what we had offered for shape alone. */
  | { readonly fault: 'local'; readonly code: 'unsupported'; readonly what: string }
  /** More records failed to open than the key allows (RFC 9147 §4.5.3). */
  | { readonly fault: 'local'; readonly code: 'key-worn-out'; readonly what: string }
  | { readonly fault: 'local'; readonly code: 'misuse'; readonly what: string };

/** Why a record (or what was in it) was ignored. Users ask; so every drop is an event. */
export type DropReason =
  | 'not-dtls'
  /** From an address that is not the peer's. */
  | 'other-peer'
  | 'short-header'
  | 'truncated'
  /** A connection ID, where none was agreed: where the record ends can't be known (RFC 9147 §9). */
  | 'unexpected-cid'
  | 'unknown-cid'
  | 'wrong-version'
  | 'oversized'
  | 'unknown-epoch'
  | 'replayed'
  | 'bad-mac'
  | 'malformed'
  | 'repeated-message'
  | 'too-far-ahead'
  | 'over-limit'
  | 'conflicting-fragment'
  /** Settings say that this endpoint can't put such fragments together. */
  | 'not-assembled'
  | 'unexpected-content'
  | 'after-close'
  | 'bad-cookie'
  | 'unauthenticated-alert';

/** Why something was ignored; `undefined` when it was not. */
export type Ignored = { readonly reason: DropReason; readonly detail?: string } | undefined;
export const ignored = (reason: DropReason, detail?: string): Exclude<Ignored, undefined> =>
  detail === undefined ? { reason } : { reason, detail };

/** The alert that tells the peer (RFC 5246 §7.2.2); `undefined` where none can help. */
export function alertFor(failure: Failure): AlertName | undefined {
  switch (failure.code) {
    case 'unexpected-message':
      return 'unexpected_message';
    case 'malformed':
      return 'decode_error';
    case 'illegal-parameter':
      return 'illegal_parameter';
    case 'unsupported-extension':
      return 'unsupported_extension';
    case 'missing-extension':
      return 'missing_extension';
    case 'bad-signature':
    case 'bad-finished':
      return 'decrypt_error';
    case 'bad-certificate':
    case 'fingerprint-mismatch':
      return failure.alert ?? 'bad_certificate';
    case 'certificate-missing':
      return failure.version === '1.3' ? 'certificate_required' : 'handshake_failure';
    case 'no-common-suite':
    case 'no-common-group':
    case 'no-common-signature':
    case 'no-extended-master-secret':
      return 'handshake_failure';
    case 'version':
      return 'protocol_version';
    case 'no-application-protocol':
      return 'no_application_protocol';
    case 'unsupported':
      // The peer is not to blame for a limit of ours, and no alert should say so: the outcome is `unsupported`.
      return failure.fault === 'local' ? undefined : 'handshake_failure';
    case 'sequence-exhausted':
    case 'key-worn-out':
      return 'internal_error';
    case 'alert':
    case 'timed-out':
    case 'misuse':
      return undefined;
    default:
      return unreachable(failure);
  }
}
