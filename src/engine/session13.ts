/**
 * What both roles of DTLS 1.3 do alike: certificates and their proof, and what is left of a handshake when it is done
 * (RFC 8446 §4.4, §7).
 */
import { emptyBytes } from '../base/bytes.ts';
import { decode, encode } from '../codec/codec.ts';
import type { Credential } from '../crypto/keys.ts';
import type { Side } from '../crypto/schedule13.ts';
import { schemeFits13 } from '../crypto/schemes.ts';
import { certificateVerifyContent } from '../crypto/transcript13.ts';
import { certificate13, certificateVerify13, finished13 } from '../wire/handshake.ts';
import { HandshakeType } from '../wire/registry.ts';
import type { CipherSuite } from '../wire/suites.ts';
import type { Parameters } from './api.ts';
import type { Association } from './association.ts';
import type { Message, Refusal } from './machine.ts';
import { refuse } from './machine.ts';
import { type SignatureVerified, verifySignature } from './proofs.ts';
import { illegal, malformed, type Outbox, type ShownCertificate } from './session.ts';
import type { Transcript13 } from './transcript.ts';

/** What the hellos, and what follows them, agreed. */
export interface Agreed13 {
  readonly suite: CipherSuite;
  readonly group: number;
  readonly resumed: boolean;
  readonly srtpProfile: number | undefined;
  readonly alpn: string | undefined;
}

/** Puts Certificate and, unless it is empty, CertificateVerify into a flight (RFC 8446 §4.4.2, §4.4.3). */
export function showCertificate(
  house: Association,
  side: Side,
  outbox: Outbox,
  transcript: Transcript13,
  own: { readonly credential: Credential; readonly scheme: number } | undefined,
): void {
  const chain = own?.credential.chain ?? [];
  const body = encode(certificate13, {
    certificate_request_context: emptyBytes,
    certificate_list: chain.map((cert_data) => ({ cert_data, extensions: [] })),
  });
  outbox.message(2, HandshakeType.certificate, body);
  if (!own) return;
  const content = certificateVerifyContent(side, transcript.digest());
  const signature = house.env.crypto.sign(own.credential.key, own.scheme, content, house.env.random);
  outbox.message(2, HandshakeType.certificateVerify, encode(certificateVerify13, { algorithm: own.scheme, signature }));
}

/** The chain of a Certificate; in a handshake its context is empty (RFC 8446 §4.4.2). */
export function readChain(message: Message): { readonly chain: readonly Uint8Array[] } | Refusal {
  const { certificate_request_context, certificate_list } = decode(certificate13, message.body);
  if (certificate_request_context.length > 0)
    return illegal('certificate', 'certificate_request_context is not empty in a handshake');
  // RFC 8446 §4.4.2: only what was asked for, and we ask for nothing there.
  if (certificate_list.some(({ extensions }) => extensions.length > 0))
    return illegal('certificate', 'an extension that was not asked for');
  return { chain: certificate_list.map(({ cert_data }) => cert_data) };
}

/** The peer's CertificateVerify; `transcript` ends with its Certificate. */
export function checkCertificateVerify(
  house: Association,
  side: Side,
  shown: ShownCertificate,
  transcript: Transcript13,
  message: Message,
): { readonly verified: SignatureVerified; readonly scheme: number } | Refusal {
  const { algorithm, signature } = decode(certificateVerify13, message.body);
  const name = `0x${algorithm.toString(16).padStart(4, '0')}`;
  if (!house.config.signatureSchemes.includes(algorithm))
    return illegal('certificate_verify', `signed with ${name}, which was not offered`);
  // RFC 8446 §4.4.3: no PKCS1, and of ECDSA the scheme of the key's own curve.
  if (!schemeFits13(shown.key, algorithm))
    return illegal('certificate_verify', `signed with ${name}, which is not for this key in DTLS 1.3`);
  const content = certificateVerifyContent(side, transcript.digest());
  const verified = verifySignature(house.env.crypto, shown.key, algorithm, content, signature);
  return verified
    ? { verified, scheme: algorithm }
    : refuse({ fault: 'peer', code: 'bad-signature', message: 'certificate_verify' });
}

/** verify_data of a received Finished, whose length the suite's hash gives. */
export const readFinished = (suite: CipherSuite, message: Message): Uint8Array =>
  decode(finished13[suite.hash], message.body).verify_data;
export const finishedBody = (suite: CipherSuite, verify_data: Uint8Array): Uint8Array =>
  encode(finished13[suite.hash], { verify_data });

/** RFC 8446 §4.4.2.4: a server always has a certificate. */
export const emptyChain = (): Refusal => malformed('certificate', 'a server must show one');

export const parameters13 = (agreed: Agreed13, peerSignature: number | undefined): Parameters => ({
  version: '1.3',
  cipherSuite: agreed.suite.code,
  group: agreed.group,
  peerSignature,
  srtpProfile: agreed.srtpProfile,
  alpn: agreed.alpn,
  // What the extension brought to DTLS 1.2, version 1.3 has by itself (RFC 8446 §D).
  extendedMasterSecret: true,
  resumed: agreed.resumed,
});
