/**
 * What an observer without keys sees of a datagram's handshake messages: the fragments in its unencrypted records. Link
 * rules on what the peer sends go by this.
 */
import type { LinkContents } from '../link/api.ts';
import type { DatagramContents } from '../trace/facts.ts';
import { splitDatagram } from '../wire/record.ts';
import { ContentType } from '../wire/registry.ts';

/** Bytes of a DTLS handshake header (RFC 6347 §4.2.2). */
const handshakeHeader = 12;
type Fragment = LinkContents['fragments'][number];

/** The fragments of our own datagram, encrypted or not. */
export const ownContents = (contents: DatagramContents): LinkContents => ({
  fragments: contents.records.flatMap((record) => record.fragments),
});

/** The fragments of a datagram that somebody else sent, as far as they are in the clear. */
export function visibleContents(datagram: Uint8Array): LinkContents {
  const fragments: Fragment[] = [];
  for (const record of splitDatagram(datagram).records) {
    // In DTLS 1.2 all of epoch 0 is in the clear, and nothing else (RFC 6347 §4.1).
    if (record.type !== ContentType.handshake || record.epoch !== 0) continue;
    const { fragment: bytes } = record;
    const uint24 = (at: number): number => ((bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0)) * 256 + (bytes[at + 2] ?? 0);
    for (let at = 0; at + handshakeHeader <= bytes.length; ) {
      const length = uint24(at + 9);
      if (at + handshakeHeader + length > bytes.length) break;
      fragments.push({ message: bytes[at] ?? 0, offset: uint24(at + 6), length, total: uint24(at + 1) });
      at += handshakeHeader + length;
    }
  }
  return { fragments };
}
