/** By which random the ClientHello of a datagram tells itself from another, without reading the whole of it. */
import { tryDecode } from '../codec/codec.ts';
import { handshakeHeader, handshakeHeaderLength } from './handshake.ts';
import { splitDatagram } from './record.ts';
import { ContentType, HandshakeType } from './registry.ts';

/** Bytes of client_version, and of the random behind it (RFC 5246 §7.4.1.2). */
const randomAt = handshakeHeaderLength + 2;
const randomLength = 32;

/** The random of the first ClientHello that begins in a datagram, in the clear; `undefined` when none does. */
export function helloRandomIn(datagram: Uint8Array): Uint8Array | undefined {
  for (const { type, epoch, fragment } of splitDatagram(datagram).records) {
    if (type !== ContentType.handshake || epoch > 0) continue;
    const head = tryDecode(handshakeHeader, fragment.subarray(0, handshakeHeaderLength));
    const begins = head.ok && head.value.msg_type === HandshakeType.clientHello && head.value.fragment_offset === 0;
    if (begins) return fragment.subarray(randomAt, randomAt + randomLength);
  }
  return undefined;
}
