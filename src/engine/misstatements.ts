/**
 * Messages that say what is not so, or not allowed (`Faults.says`): changed as they are made, so that our own transcript
 * has what went out.
 */
import { decode, encode } from '../codec/codec.ts';
import type { Misstatement } from '../profiles/model.ts';
import { certificateRequest12, certificateRequest13, serverHello } from '../wire/handshake.ts';
import { HandshakeType, versionNumber } from '../wire/registry.ts';
import type { EndpointConfig } from './api.ts';

/** A message of ours, before it is sent and hashed. */
interface Draft {
  readonly epoch: number;
  readonly type: number;
  readonly body: Uint8Array;
}

/** Gives a message the body that it is sent with; `undefined` when all are sent as they are. */
export function misstatementsOf({ faults }: EndpointConfig): ((draft: Draft) => Uint8Array) | undefined {
  const says = faults?.says ?? [];
  if (says.length === 0) return undefined;
  return (draft) => says.reduce((body, one) => misstate[one]({ ...draft, body }), draft.body);
}

/** ClientCertificateType ecdsa_sign and rsa_sign (RFC 8422 §5.5, RFC 5246 §7.4.4). */
const ecdsaSign = 64;
const rsaSign = 1;
/** The extension certificate_authorities (RFC 8446 §4.2.4). */
const certificateAuthorities = 47;

const misstate: Readonly<Record<Misstatement, (draft: Draft) => Uint8Array>> = {
  'wrong-finished': ({ type, body }) => (type === HandshakeType.finished ? spoiled(body) : body),
  // Signatures stand last in their messages.
  'wrong-signature': ({ type, body }) =>
    type === HandshakeType.serverKeyExchange || type === HandshakeType.certificateVerify ? spoiled(body) : body,
  'empty-certificate-authorities': ({ epoch, type, body }) => {
    if (type !== HandshakeType.certificateRequest || epoch === 0) return body;
    const request = decode(certificateRequest13, body);
    const empty = { kind: 'unknown', code: certificateAuthorities, body: new Uint8Array(2) } as const;
    return encode(certificateRequest13, { ...request, extensions: [...request.extensions, empty] });
  },
  'no-ecdsa-sign': ({ epoch, type, body }) => {
    if (type !== HandshakeType.certificateRequest || epoch > 0) return body;
    const request = decode(certificateRequest12, body);
    const others = request.certificate_types.filter((kind) => kind !== ecdsaSign);
    return encode(certificateRequest12, { ...request, certificate_types: others.length > 0 ? others : [rsaSign] });
  },
  'version-1.0': ({ type, body }) =>
    type === HandshakeType.serverHello
      ? encode(serverHello, { ...decode(serverHello, body), server_version: versionNumber['1.0'] })
      : body,
};

/** The same bytes with another last one: a signature, a MAC or a secret that is none. */
export function spoiled(body: Uint8Array): Uint8Array {
  const other = body.slice();
  const last = other.length - 1;
  if (last >= 0) other[last] = (other[last] ?? 0) ^ 1;
  return other;
}
