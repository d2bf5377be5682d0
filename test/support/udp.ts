/** An endpoint on a real UDP socket on loopback, with real time: for tests against other people's programs. */
import { webcrypto } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type Instant, instant } from '../../src/base/time.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { createEndpoint, type EndpointConfig, type EngineEvent, type Input } from '../../src/engine/index.ts';

export class UdpEndpoint {
  readonly endpoint: ReturnType<typeof createEndpoint>;
  readonly events: EngineEvent[] = [];
  /** Sizes of the datagrams that were sent, and how many bytes of records each had. */
  readonly sizes: number[] = [];
  readonly contents: string[] = [];
  readonly #socket: Socket;
  #timer: NodeJS.Timeout | undefined;
  readonly #waiting = new Set<() => void>();

  private constructor(config: EndpointConfig, socket: Socket, remotePort: number | undefined) {
    this.#socket = socket;
    const peer = remotePort === undefined ? 'nobody' : `127.0.0.1:${remotePort}`;
    const random = (length: number): Uint8Array => webcrypto.getRandomValues(new Uint8Array(length));
    this.endpoint = createEndpoint(config, { crypto: nodeProvider, random, peer });
    socket.on('message', (bytes, { address, port }) =>
      this.input({ kind: 'datagram', bytes: new Uint8Array(bytes), from: `${address}:${port}` }),
    );
  }

  /** Binds a socket to a free port on loopback and starts the endpoint. */
  static async start(config: EndpointConfig, remotePort?: number): Promise<UdpEndpoint> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const made = new UdpEndpoint(config, socket, remotePort);
    made.input({ kind: 'start' });
    return made;
  }

  get port(): number {
    return this.#socket.address().port;
  }
  get largest(): number {
    return Math.max(0, ...this.sizes);
  }

  input(input: Input): void {
    this.endpoint.handle(input, now());
    for (;;) {
      const output = this.endpoint.poll();
      if (output.kind === 'wait') {
        clearTimeout(this.#timer);
        if (output.until !== undefined)
          this.#timer = setTimeout(() => this.input({ kind: 'timeout' }), Math.max(0, output.until - now()));
        break;
      }
      if (output.kind === 'event') this.events.push(output.event);
      else {
        const [host, port] = output.to.split(':');
        this.sizes.push(output.bytes.length);
        this.#socket.send(output.bytes, Number(port), host);
      }
    }
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  of<K extends EngineEvent['kind']>(kind: K): Extract<EngineEvent, { kind: K }>[] {
    return this.events.filter((event): event is Extract<EngineEvent, { kind: K }> => event.kind === kind);
  }

  /** Resolves with the first event of a kind that has come or comes; rejects when the endpoint fails before. */
  async event<K extends EngineEvent['kind']>(kind: K): Promise<Extract<EngineEvent, { kind: K }>> {
    for (;;) {
      const [found] = this.of(kind);
      if (found) return found;
      const [failed] = this.of('failed');
      if (failed) throw new Error(`waited for ${kind}: ${JSON.stringify(failed.failure)}`);
      await new Promise<void>((wake) => this.#waiting.add(wake));
    }
  }

  /** Resolves once something holds; asked again after every input. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      const [failed] = this.of('failed');
      if (failed) throw new Error(`waited, and it failed: ${JSON.stringify(failed.failure)}`);
      await new Promise<void>((wake) => this.#waiting.add(wake));
    }
  }

  /** Another endpoint takes over the socket; this one is done with. */
  restart(config: EndpointConfig): UdpEndpoint {
    clearTimeout(this.#timer);
    this.#socket.removeAllListeners('message');
    const made = new UdpEndpoint(config, this.#socket, undefined);
    made.input({ kind: 'start' });
    return made;
  }

  /** Closes the endpoint, which tells the peer, and the socket. */
  async stop(): Promise<void> {
    // What comes while the socket closes would set a timer that outlives it.
    this.#socket.removeAllListeners('message');
    this.input({ kind: 'close' });
    clearTimeout(this.#timer);
    await new Promise<void>((done) => this.#socket.close(() => done()));
  }
}

const now = (): Instant => instant(performance.now());
