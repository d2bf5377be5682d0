/**
 * The other end of the shim for our own tests: listens as BoringSSL's runner does, and plays the peer with an endpoint of ours.
 * Every order of the contract can be given; what the shim sends is taken one by one.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { after, type Instant, instant } from '../../src/base/time.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { draw } from '../../src/crypto/node/random.ts';
import {
  createEndpoint,
  defaultConfig,
  type EndpointConfig,
  type EngineEvent,
  type InspectableEndpoint,
} from '../../src/engine/index.ts';

const never = 0xffff_ffff_ffff_ffffn;

/** What the shim sends: a datagram, or that it has taken a timeout. */
export type FromShim = { readonly kind: 'packet'; readonly bytes: Uint8Array } | { readonly kind: 'timeout-ack' };

/** One connection of the shim. */
export class ShimConnection {
  readonly #socket: Socket;
  readonly #chunks: AsyncIterator<Buffer>;
  #pending = Buffer.alloc(0);
  readonly endpoint: InspectableEndpoint;
  readonly events: EngineEvent[] = [];
  #now: Instant = instant(5000);

  constructor(socket: Socket, config: Partial<EndpointConfig> & Pick<EndpointConfig, 'role'>) {
    this.#socket = socket;
    this.#chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    this.endpoint = createEndpoint(
      { ...defaultConfig(config.role), ...config },
      { crypto: nodeProvider, random: draw, peer: 'shim' },
    );
  }

  /** The first eight bytes, when the shim was given `-shim-id`. */
  async shimId(): Promise<bigint | undefined> {
    return (await this.#take(8))?.readBigUInt64LE();
  }

  /** The next thing that the shim sends; `undefined` when it has closed. */
  async next(): Promise<FromShim | undefined> {
    const opcode = (await this.#take(1))?.toString('latin1');
    if (opcode === undefined) return undefined;
    if (opcode === 't') return { kind: 'timeout-ack' };
    if (opcode !== 'P') throw new Error(`the shim sent opcode ${opcode}`);
    const length = (await this.#take(4))?.readUInt32BE() ?? 0;
    const bytes = await this.#take(length);
    if (!bytes) throw new Error('the shim closed in the middle of a datagram');
    return { kind: 'packet', bytes: Uint8Array.from(bytes) };
  }

  /** Gives our endpoint what the shim sends, and the shim what our endpoint answers, until `done`. False when it closed. */
  async until(done: () => boolean): Promise<boolean> {
    while (!done()) {
      const got = await this.next();
      if (!got) return false;
      if (got.kind === 'packet') this.input({ kind: 'datagram', bytes: got.bytes, from: 'shim' });
    }
    return true;
  }

  /** Shakes hands. */
  async connect(): Promise<void> {
    this.input({ kind: 'start' });
    if (!(await this.until(() => this.endpoint.state === 'connected'))) throw new Error('the shim closed');
  }

  /** Sends data, and gives what comes back. */
  async ask(bytes: Uint8Array): Promise<Uint8Array | undefined> {
    const before = this.of('data').length;
    this.input({ kind: 'send', bytes });
    await this.until(() => this.of('data').length > before);
    return this.of('data')[before]?.bytes;
  }

  input(input: Parameters<InspectableEndpoint['handle']>[0]): void {
    this.endpoint.handle(input, this.#now);
    for (;;) {
      const output = this.endpoint.poll();
      if (output.kind === 'wait') return;
      if (output.kind === 'event') this.events.push(output.event);
      else this.#order('P', output.bytes, 4);
    }
  }

  of<K extends EngineEvent['kind']>(kind: K): Extract<EngineEvent, { kind: K }>[] {
    return this.events.filter((event): event is Extract<EngineEvent, { kind: K }> => event.kind === kind);
  }

  /** The orders of the contract; ms. */
  advance(ms: number): void {
    this.#now = after(this.#now, ms);
    this.#order('T', u64(BigInt(ms) * 1_000_000n));
  }
  setMtu(size: number): void {
    this.#order('M', u32(size));
  }
  expectTimeout(ms: number | undefined): void {
    this.#order('E', u64(ms === undefined ? never : BigInt(ms) * 1_000_000n));
  }

  close(): void {
    this.#socket.end();
  }

  #order(opcode: string, body: Uint8Array, lengthWidth = 0): void {
    const length = lengthWidth > 0 ? u32(body.length) : Buffer.alloc(0);
    this.#socket.write(Buffer.concat([Buffer.from(opcode, 'latin1'), length, body]));
  }

  async #take(length: number): Promise<Buffer | undefined> {
    while (this.#pending.length < length) {
      const { value, done } = await this.#chunks.next();
      if (done) return undefined;
      this.#pending = Buffer.concat([this.#pending, value]);
    }
    const taken = this.#pending.subarray(0, length);
    this.#pending = this.#pending.subarray(length);
    return taken;
  }
}

const u32 = (value: number): Buffer => {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(value);
  return out;
};
const u64 = (value: bigint): Buffer => {
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(value);
  return out;
};

/** Where the shim connects to. */
export class TinyRunner {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async listen(): Promise<TinyRunner> {
    const server = createServer({ allowHalfOpen: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TinyRunner(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The shim's next connection, with our endpoint for it. */
  async accept(config: Partial<EndpointConfig> & Pick<EndpointConfig, 'role'>): Promise<ShimConnection> {
    const [socket] = (await once(this.#server, 'connection')) as [Socket];
    return new ShimConnection(socket, config);
  }

  close(): void {
    this.#server.close();
  }
}
