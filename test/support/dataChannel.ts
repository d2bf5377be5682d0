/**
 * The least of SCTP (RFC 9260) and DCEP (RFC 8832) that lets a browser's data channel open and a text cross: it answers the
 * browser's INIT, acknowledges what comes, and sends short messages. No retransmission, no fragments: what carries it here
 * loses nothing, and nothing of this is in dtlscope itself.
 */
import { fromUtf8, utf8 } from '../../src/base/bytes.ts';

const Chunk = {
  data: 0,
  init: 1,
  initAck: 2,
  sack: 3,
  heartbeat: 4,
  heartbeatAck: 5,
  abort: 6,
  shutdown: 7,
  shutdownAck: 8,
  cookieEcho: 10,
  cookieAck: 11,
} as const;
const stateCookie = 7;
const Ppid = { dcep: 50, text: 51 } as const;
const Dcep = { ack: 2, open: 3 } as const;
const window = 1 << 20;
/** A whole message: first and last fragment in one (RFC 9260 §3.3.1). */
const whole = 3;

export class DataChannels {
  /** Labels of the channels that the browser opened. */
  readonly opened: string[] = [];
  onMessage: (text: string) => void = () => {};
  aborted = false;
  readonly #transmit: (bytes: Uint8Array) => void;
  readonly #tag = 0x64746c73;
  #theirTag = 0;
  #port = 5000;
  #tsn = 1000;
  #theirTsn = 0;
  /** The next number of each stream. */
  readonly #sequence = new Map<number, number>();
  #stream: number | undefined;

  constructor(transmit: (bytes: Uint8Array) => void) {
    this.#transmit = transmit;
  }

  /** Sends a text on the channel that was opened last. */
  say(text: string): void {
    if (this.#stream === undefined) throw new Error('no channel is open');
    this.#data(this.#stream, Ppid.text, utf8(text));
  }

  /** Takes one SCTP packet. */
  receive(bytes: Uint8Array): void {
    const view = viewOf(bytes);
    if (bytes.length < 16) throw new Error(`an SCTP packet of ${bytes.length} bytes`);
    this.#port = view.getUint16(2);
    for (let at = 12; at + 4 <= bytes.length; ) {
      const length = view.getUint16(at + 2);
      if (length < 4) throw new Error('a chunk of no length');
      this.#chunk(view.getUint8(at), bytes.subarray(at + 4, at + length));
      at += (length + 3) & ~3;
    }
  }

  #chunk(type: number, body: Uint8Array): void {
    const view = viewOf(body);
    switch (type) {
      case Chunk.init: {
        this.#theirTag = view.getUint32(0);
        this.#theirTsn = (view.getUint32(12) - 1) >>> 0;
        const cookie = utf8('dtlscope');
        const answer = new Uint8Array(16 + 4 + cookie.length);
        const out = viewOf(answer);
        out.setUint32(0, this.#tag);
        out.setUint32(4, window);
        out.setUint16(8, 0xffff);
        out.setUint16(10, 0xffff);
        out.setUint32(12, this.#tsn);
        out.setUint16(16, stateCookie);
        out.setUint16(18, 4 + cookie.length);
        answer.set(cookie, 20);
        this.#send(Chunk.initAck, 0, answer);
        break;
      }
      case Chunk.cookieEcho:
        this.#send(Chunk.cookieAck, 0, new Uint8Array(0));
        break;
      case Chunk.heartbeat:
        this.#send(Chunk.heartbeatAck, 0, body);
        break;
      case Chunk.data: {
        const tsn = view.getUint32(0);
        // Nothing is lost on the way, so all that is not next is a repeat.
        const fresh = tsn === (this.#theirTsn + 1) >>> 0;
        if (fresh) this.#theirTsn = tsn;
        const sack = new Uint8Array(12);
        viewOf(sack).setUint32(0, this.#theirTsn);
        viewOf(sack).setUint32(4, window);
        this.#send(Chunk.sack, 0, sack);
        if (fresh) this.#message(view.getUint16(4), view.getUint32(8), body.subarray(12));
        break;
      }
      case Chunk.shutdown:
        this.#send(Chunk.shutdownAck, 0, new Uint8Array(0));
        break;
      case Chunk.abort:
        this.aborted = true;
        break;
    }
  }

  #message(stream: number, ppid: number, data: Uint8Array): void {
    if (ppid === Ppid.text) this.onMessage(fromUtf8(data));
    if (ppid !== Ppid.dcep || data[0] !== Dcep.open) return;
    this.#stream = stream;
    this.opened.push(fromUtf8(data.subarray(12, 12 + viewOf(data).getUint16(8))));
    this.#data(stream, Ppid.dcep, Uint8Array.of(Dcep.ack));
  }

  #data(stream: number, ppid: number, data: Uint8Array): void {
    const sequence = this.#sequence.get(stream) ?? 0;
    this.#sequence.set(stream, (sequence + 1) & 0xffff);
    const body = new Uint8Array(12 + data.length);
    const view = viewOf(body);
    view.setUint32(0, this.#tsn);
    this.#tsn = (this.#tsn + 1) >>> 0;
    view.setUint16(4, stream);
    view.setUint16(6, sequence);
    view.setUint32(8, ppid);
    body.set(data, 12);
    this.#send(Chunk.data, whole, body);
  }

  #send(type: number, flags: number, body: Uint8Array): void {
    const length = 4 + body.length;
    const packet = new Uint8Array(12 + ((length + 3) & ~3));
    const view = viewOf(packet);
    view.setUint16(0, this.#port);
    view.setUint16(2, this.#port);
    view.setUint32(4, this.#theirTag);
    view.setUint8(12, type);
    view.setUint8(13, flags);
    view.setUint16(14, length);
    packet.set(body, 16);
    // RFC 9260 §6.8, appendix A: CRC32c over the packet with a checksum of zero, least significant byte first.
    view.setUint32(8, crc32c(packet), true);
    this.#transmit(packet);
  }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
