/**
 * What DTLS 1.3 hashes and signs (RFC 8446 §4.4). A message counts with the header of TLS, type and length, and without
 * what DTLS adds to it (RFC 9147 §5.2); a ClientHello that a HelloRetryRequest answered counts as its hash.
 */
import { concat, utf8 } from '../base/bytes.ts';
import { HandshakeType } from '../wire/registry.ts';
import type { CryptoProvider, HashName } from './provider.ts';
import type { Side } from './schedule13.ts';

/** The header under which a message is in the transcript: type and length. */
export const transcriptHeader = (type: number, length: number): Uint8Array =>
  Uint8Array.of(type, length >> 16, (length >> 8) & 0xff, length & 0xff);

/** A message as it is in the transcript. */
export const transcriptMessage = (type: number, body: Uint8Array): Uint8Array =>
  concat(transcriptHeader(type, body.length), body);

/** What stands for the first ClientHello once there was a HelloRetryRequest (RFC 8446 §4.4.1): `hello` is its body. */
export const messageHash = (provider: Pick<CryptoProvider, 'hash'>, hash: HashName, hello: Uint8Array): Uint8Array =>
  transcriptMessage(
    HandshakeType.messageHash,
    provider.hash(hash, transcriptMessage(HandshakeType.clientHello, hello)),
  );

/**
 * The part of a ClientHello that its PSK binders cover: all before their list, under the header of the whole
 * (RFC 8446 §4.2.11.2). `bindersLength` of the extension says how long the list is.
 */
export const truncatedHello = (body: Uint8Array, bindersLength: number): Uint8Array =>
  concat(transcriptHeader(HandshakeType.clientHello, body.length), body.subarray(0, body.length - bindersLength));

/** What a CertificateVerify signs (RFC 8446 §4.4.3): the transcript ends with the signer's Certificate. */
export const certificateVerifyContent = (signer: Side, transcript: Uint8Array): Uint8Array =>
  concat(spaces, utf8(`TLS 1.3, ${signer} CertificateVerify`), Uint8Array.of(0), transcript);

const spaces = new Uint8Array(64).fill(0x20);
