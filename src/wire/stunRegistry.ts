/**
 * IANA's names for the numbers of STUN, TURN and ICE (https://www.iana.org/assignments/stun-parameters, 2026-10). The
 * ones above 0xC000 are what libwebrtc puts into its checks.
 */
import type { Registry } from './registry.ts';

/** STUN methods (RFC 8489 §18.2, RFC 8656 §17, RFC 6062 §6.1). */
export const stunMethods = {
  1: 'Binding',
  3: 'Allocate',
  4: 'Refresh',
  6: 'Send',
  7: 'Data',
  8: 'CreatePermission',
  9: 'ChannelBind',
  10: 'Connect',
  11: 'ConnectionBind',
  12: 'ConnectionAttempt',
} as const satisfies Registry;
export const StunMethod = {
  binding: 1,
  allocate: 3,
  refresh: 4,
  send: 6,
  data: 7,
  createPermission: 8,
  channelBind: 9,
} as const;

/** Classes of a message, by their two bits (RFC 8489 §5). */
export const stunClasses = { 0: 'request', 1: 'indication', 2: 'success', 3: 'error' } as const satisfies Registry;
export type StunClass = (typeof stunClasses)[keyof typeof stunClasses];

/** Error codes (RFC 8489 §14.8, RFC 8445 §7.1, RFC 8656 §19). */
export const stunErrors = {
  300: 'Try Alternate',
  400: 'Bad Request',
  401: 'Unauthenticated',
  403: 'Forbidden',
  405: 'Mobility Forbidden',
  420: 'Unknown Attribute',
  437: 'Allocation Mismatch',
  438: 'Stale Nonce',
  440: 'Address Family not Supported',
  441: 'Wrong Credentials',
  442: 'Unsupported Transport Protocol',
  443: 'Peer Address Family Mismatch',
  446: 'Connection Already Exists',
  447: 'Connection Timeout or Failure',
  486: 'Allocation Quota Reached',
  487: 'Role Conflict',
  500: 'Server Error',
  508: 'Insufficient Capacity',
} as const satisfies Registry;

/** Password algorithms of long-term credentials (RFC 8489 §18.5). */
export const passwordAlgorithms = { 1: 'MD5', 2: 'SHA-256' } as const satisfies Registry;

/** Names of attributes whose bodies `stun.ts` keeps as they came. Those that it reads are named by its table. */
export const opaqueStunAttributes = {
  32805: 'TRANSACTION_TRANSMIT_COUNTER',
  49239: 'GOOG-NETWORK-INFO',
  49240: 'GOOG-LAST-ICE-CHECK-RECEIVED',
  49241: 'GOOG-MISC-INFO',
  49242: 'GOOG-OBSOLETE-1',
  49243: 'GOOG-CONNECTION-ID',
  49244: 'GOOG-DELTA',
  49245: 'GOOG-DELTA-ACK',
  49246: 'GOOG-DELTA-SYNC-REQ',
  49248: 'GOOG-MESSAGE-INTEGRITY-32',
  49264: 'META-DTLS-IN-STUN',
  49265: 'META-DTLS-IN-STUN-ACKNOWLEDGEMENT',
} as const satisfies Registry;

/** IP protocol numbers that REQUESTED-TRANSPORT knows (RFC 8656 §18.7, RFC 6062 §6.2). */
export const transports = { 6: 'TCP', 17: 'UDP' } as const satisfies Registry;
