/** The last datagrams of a capture, so that an ICMP error can be laid to the very one that it quotes. */

/** An ICMP error comes within a round trip. */
const kept = 1024;

export class RecentDatagrams {
  readonly #packets = new Float64Array(kept);
  readonly #sources: string[] = new Array<string>(kept).fill('');
  readonly #destinations: string[] = new Array<string>(kept).fill('');
  /** Length and checksum of the UDP header. */
  readonly #marks = new Uint32Array(kept);
  #count = 0;

  add(packet: number, src: string, dst: string, length: number, checksum: number): void {
    const slot = this.#count++ % kept;
    this.#packets[slot] = packet;
    this.#sources[slot] = src;
    this.#destinations[slot] = dst;
    this.#marks[slot] = ((length & 0xffff) << 16) | checksum;
  }

  /** The newest that has these addresses, length and checksum. */
  find(src: string, dst: string, udp: { readonly length: number; readonly checksum: number }): number | undefined {
    const mark = (((udp.length & 0xffff) << 16) | udp.checksum) >>> 0;
    for (let back = 1; back <= Math.min(this.#count, kept); back++) {
      const slot = (this.#count - back) % kept;
      if (this.#marks[slot] === mark && this.#sources[slot] === src && this.#destinations[slot] === dst)
        return this.#packets[slot];
    }
    return undefined;
  }
}
