/** A look at the first bytes of a datagram: which message it begins with, without reading it. */
import { handshakeHeaderLength } from '../wire/handshake.ts';
import { recordHeaderLength } from '../wire/record.ts';
import { ContentType, HandshakeType } from '../wire/registry.ts';
import { looksLikeRecord } from './demux.ts';

/** What the first record of a datagram says of its message. */
export interface PeekedMessage {
  readonly type: number;
  readonly total: number;
  readonly messageSeq: number;
  readonly recordNumber: number;
}

export interface PeekedHello {
  readonly random: Uint8Array;
  readonly recordNumber: number;
  readonly messageSeq: number;
}

/** A handshake record of epoch 0. */
const isPlainHandshake = (bytes: Uint8Array): boolean =>
  bytes[0] === ContentType.handshake && looksLikeRecord(bytes) && bytes[3] === 0 && bytes[4] === 0;

/** The message that a datagram begins with, or a part of it. */
export function peekHandshake(bytes: Uint8Array): PeekedMessage | undefined {
  if (bytes.length < recordHeaderLength + handshakeHeaderLength || !isPlainHandshake(bytes)) return undefined;
  const at = (i: number): number => bytes[i] ?? 0;
  const u24 = (i: number): number => (at(i) * 256 + at(i + 1)) * 256 + at(i + 2);
  return { type: at(13), total: u24(14), messageSeq: at(17) * 256 + at(18), recordNumber: at(7) * 2 ** 24 + u24(8) };
}

export const peekClientHello = (bytes: Uint8Array): PeekedHello | undefined =>
  peekHello(bytes, HandshakeType.clientHello);

export const peekServerHello = (bytes: Uint8Array): PeekedHello | undefined =>
  peekHello(bytes, HandshakeType.serverHello);

/** Both hellos begin with a version and a random. */
function peekHello(bytes: Uint8Array, type: number): PeekedHello | undefined {
  const body = recordHeaderLength + handshakeHeaderLength;
  const at = (i: number): number => bytes[i] ?? 0;
  if (at(13) !== type || bytes.length < body + 34 || !isPlainHandshake(bytes)) return undefined;
  const offset = at(19) + at(20) + at(21);
  const length = at(22) * 65536 + at(23) * 256 + at(24);
  if (offset !== 0 || length < 34) return undefined;
  const recordNumber = ((at(7) * 256 + at(8)) * 256 + at(9)) * 256 + at(10);
  return { random: bytes.subarray(body + 2, body + 34), recordNumber, messageSeq: at(17) * 256 + at(18) };
}
