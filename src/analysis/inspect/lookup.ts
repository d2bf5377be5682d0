/** What is where in a handshake: by number, buffer and key. Makes nothing of a long handshake but what was asked for. */
import type { BufferId } from '../../trace/buffers.ts';
import type { PacketNumber } from '../../trace/model.ts';
import type { DatagramView, Handshake, MessageView, RecordView } from '../model.ts';
import type { Carrier } from './links.ts';

export class Lookup {
  readonly #datagrams: readonly DatagramView[];
  readonly #byKey: ReadonlyMap<string, MessageView>;
  readonly #byBuffer: ReadonlyMap<BufferId, MessageView>;
  readonly #carriers = new Map<string, readonly Carrier[]>();

  constructor({ datagrams, messages }: Handshake) {
    this.#datagrams = datagrams;
    this.#byKey = new Map(messages.map((message) => [message.key, message]));
    this.#byBuffer = new Map(messages.map((message) => [message.buffer, message]));
  }

  packet(packet: PacketNumber): DatagramView | undefined {
    return this.#datagrams.find((datagram) => datagram.packet === packet);
  }

  messageOf(key: string): MessageView | undefined {
    return this.#byKey.get(key);
  }

  message(buffer: BufferId): MessageView | undefined {
    return this.#byBuffer.get(buffer);
  }

  /** The datagram that is this buffer. */
  datagram(buffer: BufferId): DatagramView | undefined {
    const found = this.#lastUpTo(buffer);
    return found?.buffer === buffer ? found : undefined;
  }

  /** The record that was decrypted to this buffer: buffers are numbered behind the datagram that they began in. */
  decrypted(buffer: BufferId): { readonly datagram: DatagramView; readonly record: RecordView } | undefined {
    const datagram = this.#lastUpTo(buffer);
    const record = datagram?.records.find(({ content }) => content?.buffer === buffer);
    return datagram && record && datagram.buffer !== buffer ? { datagram, record } : undefined;
  }

  /** The record whose header without its mask this buffer is. */
  unmasked(buffer: BufferId): { readonly datagram: DatagramView; readonly record: RecordView } | undefined {
    const datagram = this.#lastUpTo(buffer);
    const record = datagram?.records.find(({ unmasked }) => unmasked === buffer);
    return datagram && record && { datagram, record };
  }

  /** Every sending of every part of a message, in order. */
  carriers(key: string): readonly Carrier[] {
    const known = this.#carriers.get(key);
    if (known) return known;
    const out: Carrier[] = [];
    for (const datagram of this.#datagrams) {
      for (const record of datagram.records) {
        if (!record.content) continue;
        for (const fragment of record.fragments)
          if (fragment.messageKey === key) out.push({ datagram, record, fragment, buffer: record.content.buffer });
      }
    }
    this.#carriers.set(key, out);
    return out;
  }

  /** The last datagram whose buffer has this number or a lower one; datagrams are in the order of their buffers. */
  #lastUpTo(buffer: BufferId): DatagramView | undefined {
    let low = 0;
    let high = this.#datagrams.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#datagrams[middle]?.buffer ?? 0) <= buffer) low = middle + 1;
      else high = middle;
    }
    return this.#datagrams[low - 1];
  }
}
