/**
 * A client of RFC 6455 for loopback, as far as browsers' debugging ports need it: text messages, whole or in fragments,
 * pings, a close. Node 20 has none, and the tests need no more than this.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { get } from 'node:http';
import type { Socket } from 'node:net';

const opcode = { continuation: 0, text: 1, close: 8, ping: 9, pong: 10 } as const;

export class WebSocketClient {
  readonly #socket: Socket;
  readonly #hear: (text: string) => void;
  #bytes: Buffer = Buffer.alloc(0);
  #parts: Buffer[] = [];

  private constructor(socket: Socket, first: Buffer, hear: (text: string) => void) {
    this.#socket = socket;
    this.#hear = hear;
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
    this.#read(first);
  }

  /** `url` is ws://HOST:PORT/PATH; `hear` gets every text message. Rejects when the other side speaks no WebSocket. */
  static async open(url: string, hear: (text: string) => void): Promise<WebSocketClient> {
    const request = get(url.replace(/^ws:/, 'http:'), {
      headers: {
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
        'Sec-WebSocket-Version': '13',
      },
    });
    const answered = once(request, 'response').then(([response]: { statusCode?: number }[]) => {
      throw new Error(`${url} answered ${response?.statusCode} and no upgrade`);
    });
    const [, socket, first] = (await Promise.race([once(request, 'upgrade'), answered])) as [unknown, Socket, Buffer];
    return new WebSocketClient(socket, first, hear);
  }

  send(text: string): void {
    this.#write(opcode.text, Buffer.from(text));
  }

  close(): void {
    this.#write(opcode.close, Buffer.alloc(0));
    this.#socket.end();
  }

  /** A client masks what it sends (RFC 6455 §5.3). */
  #write(code: number, payload: Buffer): void {
    const { length } = payload;
    const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8;
    const head = Buffer.alloc(2 + extended + 4);
    head[0] = 0x80 | code;
    head[1] = 0x80 | (extended === 0 ? length : extended === 2 ? 126 : 127);
    if (extended === 2) head.writeUInt16BE(length, 2);
    if (extended === 8) head.writeBigUInt64BE(BigInt(length), 2);
    const mask = randomBytes(4);
    mask.copy(head, 2 + extended);
    this.#socket.write(Buffer.concat([head, payload.map((byte, i) => byte ^ (mask[i % 4] ?? 0))]));
  }

  #read(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    for (let frame = this.#frame(); frame; frame = this.#frame()) {
      if (frame.code === opcode.ping) this.#write(opcode.pong, frame.payload);
      else if (frame.code === opcode.close) this.#socket.end();
      else if (frame.code === opcode.text || frame.code === opcode.continuation) {
        this.#parts.push(frame.payload);
        if (!frame.last) continue;
        const text = Buffer.concat(this.#parts).toString('utf8');
        this.#parts = [];
        this.#hear(text);
      }
    }
  }

  /** The next frame, once all of it is here. A server masks nothing (RFC 6455 §5.1). */
  #frame(): { readonly code: number; readonly last: boolean; readonly payload: Buffer } | undefined {
    const bytes = this.#bytes;
    const [first, second] = bytes;
    if (first === undefined || second === undefined) return undefined;
    const short = second & 0x7f;
    const head = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length < head) return undefined;
    const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    if (bytes.length < head + length) return undefined;
    this.#bytes = bytes.subarray(head + length);
    return { code: first & 0x0f, last: (first & 0x80) !== 0, payload: bytes.subarray(head, head + length) };
  }
}
