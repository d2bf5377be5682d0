/** The ClientHello that reaches a server, read beside the engine: flags ask what was in it, and the engine does not tell. */
import { tryDecode } from '../../src/codec/codec.ts';
import { type ClientHello, clientHello, handshakeHeader, handshakeHeaderLength } from '../../src/wire/handshake.ts';
import { MessageAssembly } from '../../src/wire/reassembly.ts';
import { splitDatagram } from '../../src/wire/record.ts';
import { ContentType, HandshakeType } from '../../src/wire/registry.ts';

export class OfferedHello {
  #assembly: MessageAssembly | undefined;
  /** The last one that came whole. */
  hello: ClientHello | undefined;

  /** Looks at a datagram of the client's. */
  look(datagram: Uint8Array): void {
    for (const record of splitDatagram(datagram).records)
      if (record.epoch === 0 && record.type === ContentType.handshake) this.#fragments(record.fragment);
  }

  #fragments(bytes: Uint8Array): void {
    for (let at = 0; at + handshakeHeaderLength <= bytes.length; ) {
      const header = tryDecode(handshakeHeader, bytes.subarray(at, at + handshakeHeaderLength));
      if (!header.ok) return;
      const { msg_type, length, message_seq, fragment_offset, fragment_length } = header.value;
      const start = at + handshakeHeaderLength;
      at = start + fragment_length;
      const inside = at <= bytes.length && fragment_offset + fragment_length <= length;
      if (msg_type !== HandshakeType.clientHello || !inside || length > 65_536) continue;
      const known = this.#assembly;
      const assembly =
        known?.messageSeq === message_seq && known.total === length
          ? known
          : new MessageAssembly(msg_type, message_seq, length);
      this.#assembly = assembly;
      assembly.add(fragment_offset, bytes.subarray(start, at));
      const read = assembly.complete ? tryDecode(clientHello, assembly.body) : undefined;
      if (read?.ok) this.hello = read.value;
    }
  }
}
