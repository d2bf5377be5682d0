/**
 * The Binding messages of ICE (RFC 8445 §7, §16): how checks and their answers are made, and what makes one that came in
 * acceptable. Full and lite agents answer alike, so both take the judgement from here.
 */
import { fromUtf8, toHex, utf8 } from '../base/bytes.ts';
import { parseSocketAddress, socketText } from '../base/ip.ts';
import { tryDecode } from '../codec/codec.ts';
import {
  addressBody,
  classOf,
  counted,
  errorBody,
  errorNumber,
  find,
  messageType,
  methodOf,
  notUnderstood,
  type StunAttribute,
  type StunMessage,
  socketAddress,
  stunMessage,
} from '../wire/stun.ts';
import {
  checkFingerprint,
  checkIntegrity,
  encodeStun,
  type Proof,
  type StunCrypto,
  shortTermKey,
} from '../wire/stunIntegrity.ts';
import { type StunClass, StunMethod, type stunErrors } from '../wire/stunRegistry.ts';
import type { IceCredentials, IceDrop, IceRole, TransportAddress } from './api.ts';

/** A STUN message that came in, as far as it can be judged by itself. */
export interface Arrived {
  readonly bytes: Uint8Array;
  readonly message: StunMessage;
  readonly class: StunClass;
  /** Hexadecimal. */
  readonly id: string;
}

export type Unusable = { readonly reason: IceDrop; readonly detail: string };
const unusable = (reason: IceDrop, detail: string): { readonly unusable: Unusable } => ({
  unusable: { reason, detail },
});

/** Reads a datagram that begins like STUN. */
export function readBinding(bytes: Uint8Array): Arrived | { readonly unusable: Unusable } {
  const decoded = tryDecode(stunMessage, bytes);
  if (!decoded.ok) return unusable('malformed', decoded.error.message);
  const message = decoded.value;
  if (checkFingerprint(bytes) === 'wrong') return unusable('wrong-fingerprint', 'the CRC does not fit');
  const method = methodOf(message.message_type);
  if (method !== StunMethod.binding) return unusable('unexpected-method', `method ${method} is not Binding`);
  return { bytes, message, class: classOf(message.message_type), id: toHex(message.transaction_id) };
}

export type IceErrorCode = Extract<keyof typeof stunErrors, 400 | 401 | 420 | 487 | 500>;

/** A check of the peer's that is in order. */
export interface GoodCheck {
  readonly kind: 'good';
  readonly attributes: readonly StunAttribute[];
  readonly priority: number;
  readonly useCandidate: boolean;
  readonly nomination: number | undefined;
  readonly role: IceRole | undefined;
  readonly tieBreaker: Uint8Array | undefined;
}
export interface BadCheck {
  readonly kind: 'bad';
  readonly code: IceErrorCode;
  readonly why: string;
  /** For 420. */
  readonly unknown: readonly number[];
}

/** Whether a request is a check for us: our user name, our password, nothing that we do not understand (RFC 8489 §9.1.3). */
export function judgeCheck(
  { message, bytes }: Arrived,
  local: IceCredentials,
  crypto: StunCrypto,
): GoodCheck | BadCheck {
  const bad = (code: IceErrorCode, why: string, unknown: readonly number[] = []): BadCheck => ({
    ...{ kind: 'bad', code, why, unknown },
  });
  const username = find(message.attributes, 'USERNAME');
  const { verdict } = checkIntegrity(bytes, shortTermKey(local.pwd), crypto);
  if (!username || verdict === 'absent') return bad(400, 'it has no user name or no integrity');
  if (fromUtf8(username).split(':')[0] !== local.ufrag) return bad(401, 'its user name is not ours');
  if (verdict === 'wrong') return bad(401, 'its integrity is not made with our password');
  const attributes = counted(message.attributes);
  const unknown = notUnderstood(attributes);
  if (unknown.length > 0) return bad(420, 'it has attributes that must be understood and are not', unknown);
  const controlling = find(attributes, 'ICE-CONTROLLING');
  const controlled = find(attributes, 'ICE-CONTROLLED');
  return {
    kind: 'good',
    attributes,
    // A check must have one; without, the address is worth what a peer-reflexive one is at least.
    priority: find(attributes, 'PRIORITY')?.priority ?? 110 * 2 ** 24,
    useCandidate: find(attributes, 'USE-CANDIDATE') !== undefined,
    nomination: find(attributes, 'GOOG-NOMINATION')?.nomination,
    role: controlling ? 'controlling' : controlled ? 'controlled' : undefined,
    tieBreaker: (controlling ?? controlled)?.tie_breaker,
  };
}

const proof = (pwd: string, crypto: StunCrypto): Proof => ({
  integrity: { key: shortTermKey(pwd), hashes: ['sha1'], crypto },
  fingerprint: true,
});

const type = (cls: StunClass): number => messageType(StunMethod.binding, cls);

export interface CheckDetails {
  readonly transactionId: Uint8Array;
  readonly local: IceCredentials;
  readonly remote: IceCredentials;
  readonly role: IceRole;
  readonly tieBreaker: Uint8Array;
  /** What a candidate that this check brings to light is worth (RFC 8445 §7.1.1). */
  readonly priority: number;
  readonly useCandidate: boolean;
}

/** A connectivity check (RFC 8445 §7.2.2); consent checks are made alike (RFC 7675 §5.1). */
export function checkRequest(details: CheckDetails, crypto: StunCrypto): Uint8Array {
  const { local, remote, role, tieBreaker, priority } = details;
  const attributes: StunAttribute[] = [
    { kind: 'USERNAME', body: utf8(`${remote.ufrag}:${local.ufrag}`) },
    { kind: role === 'controlling' ? 'ICE-CONTROLLING' : 'ICE-CONTROLLED', body: { tie_breaker: tieBreaker } },
    { kind: 'PRIORITY', body: { priority } },
  ];
  if (details.useCandidate) attributes.push({ kind: 'USE-CANDIDATE', body: {} });
  return encodeStun(
    { message_type: type('request'), transaction_id: details.transactionId, attributes },
    proof(remote.pwd, crypto),
  );
}

/** What a STUN server is asked for our address with. */
export const gatheringRequest = (transactionId: Uint8Array): Uint8Array =>
  encodeStun({ message_type: type('request'), transaction_id: transactionId, attributes: [] }, { fingerprint: true });

export const keepalive = (transactionId: Uint8Array): Uint8Array =>
  encodeStun(
    { message_type: type('indication'), transaction_id: transactionId, attributes: [] },
    { fingerprint: true },
  );

/** The answer to a check that is in order: where it came from (RFC 8445 §7.3.1.2). */
export function successResponse(
  request: StunMessage,
  from: TransportAddress,
  pwd: string,
  crypto: StunCrypto,
): Uint8Array | undefined {
  const address = parseSocketAddress(from);
  if (!address) return undefined;
  const { transaction_id } = request;
  const attributes: StunAttribute[] = [{ kind: 'XOR-MAPPED-ADDRESS', body: addressBody(address) }];
  return encodeStun({ message_type: type('success'), transaction_id, attributes }, proof(pwd, crypto));
}

/** A refusal. Whoever was not proved to know the password gets it without integrity (RFC 8489 §9.1.3). */
export function errorResponse(
  request: StunMessage,
  code: IceErrorCode,
  unknown: readonly number[],
  pwd: string,
  crypto: StunCrypto,
): Uint8Array {
  const attributes: StunAttribute[] = [{ kind: 'ERROR-CODE', body: errorBody(code) }];
  if (unknown.length > 0) attributes.push({ kind: 'UNKNOWN-ATTRIBUTES', body: { types: [...unknown] } });
  const message = { message_type: type('error'), transaction_id: request.transaction_id, attributes };
  return encodeStun(message, code === 400 || code === 401 ? { fingerprint: true } : proof(pwd, crypto));
}

/** Where the answer says that the request came from; RFC 3489 servers say it without XOR. */
export function mappedAddress(attributes: readonly StunAttribute[]): TransportAddress | undefined {
  const body = find(attributes, 'XOR-MAPPED-ADDRESS') ?? find(attributes, 'MAPPED-ADDRESS');
  if (!body) return undefined;
  const { ip, port } = socketAddress(body);
  return socketText(ip, port);
}

/** The error that a response says; `undefined` when it says none. */
export function errorOf(
  attributes: readonly StunAttribute[],
): { readonly number: number; readonly reason: string } | undefined {
  const body = find(attributes, 'ERROR-CODE');
  return body && { number: errorNumber(body), reason: fromUtf8(body.reason).slice(0, 128) };
}

/** Negative when tie-breaker `a` is smaller. */
export function compareTieBreakers(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < 8; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
