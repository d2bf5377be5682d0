/**
 * The TCP connection to the runner, on which datagrams and orders are framed (BoringSSL's ssl/test/PORTING.md): an opcode, and
 * what belongs to it. Nothing here knows DTLS.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What the runner sends. Times in ms. */
export type Order =
  | { readonly kind: 'packet'; readonly bytes: Uint8Array }
  /** So much time goes by. */
  | { readonly kind: 'advance'; readonly ms: number }
  | { readonly kind: 'mtu'; readonly size: number }
  /** When our next timeout must be, from now; `undefined` when there must be none. */
  | { readonly kind: 'expect-timeout'; readonly ms: number | undefined }
  /** The first value of the retransmission timer from now on. */
  | { readonly kind: 'initial-timeout'; readonly ms: number };

const opcodes = { packet: 0x50, timeout: 0x54, timeoutAck: 0x74, mtu: 0x4d, expectTimeout: 0x45, initialTimeout: 0x55 };
const never = 0xffff_ffff_ffff_ffffn;
const nsPerMs = 1_000_000n;

export class RunnerConnection {
  readonly #socket: Socket;
  readonly #chunks: AsyncIterator<Buffer>;
  #pending: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /** Connects. The older contract has no `-shim-id`, and its runner listens on ::1 where there is such an address. */
  static async open(to: {
    readonly port: number;
    readonly ipv6: boolean;
    readonly shimId: bigint | undefined;
  }): Promise<RunnerConnection> {
    const { port, ipv6, shimId } = to;
    if (shimId === undefined && !ipv6) {
      const socket = await dial('::1', port).catch(() => dial('127.0.0.1', port));
      return new RunnerConnection(socket);
    }
    const socket = await dial(ipv6 ? '::1' : '127.0.0.1', port);
    if (shimId !== undefined) {
      const id = Buffer.alloc(8);
      id.writeBigUInt64LE(shimId);
      socket.write(id);
    }
    return new RunnerConnection(socket);
  }

  /** The next order; `undefined` when the runner has closed. A time that goes by is acknowledged here. */
  async next(): Promise<Order | undefined> {
    const opcode = (await this.#take(1))?.[0];
    if (opcode === undefined) return undefined;
    switch (opcode) {
      case opcodes.packet: {
        const length = (await this.#whole(4)).readUInt32BE();
        return { kind: 'packet', bytes: Uint8Array.from(await this.#whole(length)) };
      }
      case opcodes.timeout: {
        const ms = milliseconds((await this.#whole(8)).readBigUInt64BE());
        this.#socket.write(Uint8Array.of(opcodes.timeoutAck));
        return { kind: 'advance', ms };
      }
      case opcodes.mtu:
        return { kind: 'mtu', size: (await this.#whole(4)).readUInt32BE() };
      case opcodes.expectTimeout: {
        const ns = (await this.#whole(8)).readBigUInt64BE();
        return { kind: 'expect-timeout', ms: ns === never ? undefined : milliseconds(ns) };
      }
      case opcodes.initialTimeout:
        return { kind: 'initial-timeout', ms: (await this.#whole(4)).readUInt32BE() };
      default:
        throw new Error(`unknown opcode ${opcode}`);
    }
  }

  /** Sends a datagram. */
  send(bytes: Uint8Array): void {
    const framed = Buffer.alloc(5 + bytes.length);
    framed.writeUInt8(opcodes.packet, 0);
    framed.writeUInt32BE(bytes.length, 1);
    framed.set(bytes, 5);
    this.#socket.write(framed);
  }

  /** Closes our direction, and waits until the runner has closed its own: what is under way must not meet a reset. */
  async close(): Promise<void> {
    if (this.#socket.destroyed) return;
    this.#socket.end();
    while (await this.#more());
    this.#socket.destroy();
  }

  /** So many bytes, or `undefined` at the end. */
  async #take(length: number): Promise<Buffer | undefined> {
    while (this.#pending.length < length) if (!(await this.#more())) return undefined;
    const taken = this.#pending.subarray(0, length);
    this.#pending = this.#pending.subarray(length);
    return taken;
  }

  async #whole(length: number): Promise<Buffer> {
    const taken = await this.#take(length);
    if (!taken) throw new Error('the runner closed in the middle of an order');
    return taken;
  }

  async #more(): Promise<boolean> {
    try {
      const { value, done } = await this.#chunks.next();
      if (done) return false;
      this.#pending = Buffer.concat([this.#pending, value]);
      return true;
    } catch {
      // A reset is an end, too.
      return false;
    }
  }
}

const milliseconds = (ns: bigint): number => Number(ns / nsPerMs) + Number(ns % nsPerMs) / 1e6;

async function dial(host: string, port: number): Promise<Socket> {
  const socket = connect({ host, port, noDelay: true, allowHalfOpen: true });
  // Errors while it runs are seen by who reads.
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}
