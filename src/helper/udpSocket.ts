/**
 * One UDP socket as the browser sees it, made of several of Node's. An unconnected socket on Linux never hears that a
 * port is closed (ICMP port unreachable) or a path too narrow (ICMP fragmentation needed); a connected one does. So each
 * destination gets a connected twin on the same local port, and the unconnected main socket hears everybody else, such as
 * a gateway that answers from another address. Sharing the port needs SO_REUSEADDR, with which another process of this
 * machine could take the port over too; what it would get is what strangers send, not what the peer of a twin sends.
 *
 * An error of the network comes later than the datagram that caused it, from `recvmsg` or in place of the next send
 * (which then was not sent, and is repeated here). Measured on Node 20, Linux.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { type HelperErrorCode, helperErrors, type SocketCounters, type SocketEvent } from '../bridge/messages.ts';
import { destinationKey } from './guard.ts';

export interface UdpSocketOptions {
  readonly family: 4 | 6;
  readonly bind: string | undefined;
  readonly port: number | undefined;
  /** Whom it will write to first. Canonical, and let through by the guard. */
  readonly peer: { readonly address: string; readonly port: number } | undefined;
  /** Monotonic, ms. */
  readonly now: () => number;
  readonly hear: (event: SocketEvent) => void;
  /** True while nothing more may be queued for the browser: received datagrams are dropped and counted. */
  readonly full: () => boolean;
  /** A datagram came from there. */
  readonly answered: (from: string) => void;
}

/** A datagram to send. `address` is canonical and was let through by the guard. */
export interface Outgoing {
  readonly packet: number;
  readonly address: string;
  readonly port: number;
  readonly bytes: Uint8Array;
}

/** Twins of one socket; further destinations go without news of closed ports. */
const maxTwins = 32;
/** What the kernel keeps for us while we are busy. Bytes. */
const receiveBufferBytes = 1024 * 1024;
/** A pending error of the network takes the place of a send; more of them in a row are no coincidence. */
const maxRepeats = 3;
/** Where connected twins give what they are for. Elsewhere two sockets on a port are not told apart by their peer. */
const twinsWork = process.platform === 'linux' || process.platform === 'darwin';
/** The capability as `hello` tells it. */
export const hearsPortUnreachable = twinsWork;

interface Twin {
  readonly socket: Socket;
  /** Datagrams that wait for the twin to be connected; undefined once it is. */
  waiting: Outgoing[] | undefined;
  /** What was sent lately, oldest first, for saying what an error answers. */
  recent: { readonly packet: number; readonly bytes: number }[];
}

interface Local {
  readonly address: string;
  readonly port: number;
}

type Lookup = (
  host: string,
  options: unknown,
  callback: (error: Error | null, address: string, family: number) => void,
) => void;

export class UdpSocket {
  readonly #options: UdpSocketOptions;
  readonly #lookup: Lookup;
  readonly #main: Socket;
  readonly #twins = new Map<string, Twin>();
  readonly #counters = { sentDatagrams: 0, sentBytes: 0, receivedDatagrams: 0, receivedBytes: 0, droppedDatagrams: 0 };
  #local: Local | undefined;

  constructor(options: UdpSocketOptions) {
    this.#options = options;
    // Addresses are addresses here already; Node would ask its resolver again.
    this.#lookup = (host, _options, callback) => callback(null, host, options.family);
    this.#main = this.#create();
  }

  get counters(): SocketCounters {
    return { ...this.#counters };
  }

  /** Binds; rejects with the system's error. The answer is our address as the peer will see it, where there is one. */
  async open(): Promise<Local> {
    const bound = await this.#bind();
    this.#local = bound;
    const { peer } = this.#options;
    if (peer === undefined) return bound;
    const key = destinationKey(peer.address, peer.port);
    return new Promise((resolve) => {
      const settled = (local: Local | undefined): void => resolve(local ?? bound);
      if (this.#makeTwin(key, peer, settled) === undefined) settled(undefined);
    });
  }

  #bind(): Promise<Local> {
    const { bind, port, family } = this.#options;
    return new Promise((resolve, reject) => {
      this.#main.once('error', reject);
      this.#main.bind({ address: bind ?? (family === 4 ? '0.0.0.0' : '::'), port: port ?? 0, exclusive: true }, () => {
        this.#main.off('error', reject);
        // The main socket is not connected, so nothing of the network shows up here; what does must not end the helper.
        this.#main.on('error', (error) => console.error(`socket: ${error.message}`));
        this.#listen(this.#main);
        const { address, port: bound } = this.#main.address();
        resolve({ address, port: bound });
      });
    });
  }

  send(outgoing: Outgoing): void {
    const key = destinationKey(outgoing.address, outgoing.port);
    const twin = this.#twins.get(key) ?? this.#makeTwin(key, outgoing);
    if (twin === undefined) this.#sendOn(this.#main, undefined, outgoing, 0);
    else if (twin.waiting !== undefined) twin.waiting.push(outgoing);
    else this.#sendOn(twin.socket, twin, outgoing, 0);
  }

  close(): void {
    for (const { socket } of this.#twins.values()) closeQuietly(socket);
    this.#twins.clear();
    closeQuietly(this.#main);
  }

  #create(): Socket {
    const { family } = this.#options;
    return createSocket({
      type: family === 4 ? 'udp4' : 'udp6',
      ipv6Only: family === 6,
      reuseAddr: twinsWork,
      lookup: this.#lookup as never,
    });
  }

  #listen(socket: Socket): void {
    try {
      socket.setRecvBufferSize(receiveBufferBytes);
    } catch {
      // A wish, not a need.
    }
    socket.on('message', (data: Buffer, from: RemoteInfo) => this.#received(data, from));
  }

  #received(data: Buffer, { address, port }: RemoteInfo): void {
    const at = this.#options.now();
    this.#options.answered(destinationKey(address, port));
    if (this.#options.full()) {
      this.#counters.droppedDatagrams += 1;
      return;
    }
    this.#counters.receivedDatagrams += 1;
    this.#counters.receivedBytes += data.length;
    this.#options.hear({ kind: 'received', at, address, port, data: data.toString('base64') });
  }

  /** `settled` is told the twin's own address, or nothing if it cannot be had. */
  #makeTwin(
    key: string,
    { address, port }: Local,
    settled: (local: Local | undefined) => void = () => {},
  ): Twin | undefined {
    const local = this.#local;
    if (!twinsWork || local === undefined || this.#twins.size >= maxTwins) return undefined;
    const twin: Twin = { socket: this.#create(), waiting: [], recent: [] };
    this.#twins.set(key, twin);
    const { socket } = twin;
    /** Without a twin the datagrams go out as they would on any other system. */
    const giveUp = (): void => {
      const waiting = twin.waiting ?? [];
      twin.waiting = undefined;
      if (this.#twins.get(key) === twin) this.#twins.delete(key);
      closeQuietly(socket);
      for (const outgoing of waiting) this.#sendOn(this.#main, undefined, outgoing, 0);
      settled(undefined);
    };
    socket.once('error', giveUp);
    socket.bind({ address: local.address, port: local.port, exclusive: true }, () => {
      this.#listen(socket);
      socket.connect(port, address, (error?: Error) => {
        if (error || this.#twins.get(key) !== twin) {
          giveUp();
          return;
        }
        socket.off('error', giveUp);
        socket.on('error', (later: NodeJS.ErrnoException) => this.#networkError(twin, later));
        const waiting = twin.waiting ?? [];
        twin.waiting = undefined;
        for (const outgoing of waiting) this.#sendOn(socket, twin, outgoing, 0);
        settled({ address: socket.address().address, port: local.port });
      });
    });
    return twin;
  }

  #sendOn(socket: Socket, twin: Twin | undefined, outgoing: Outgoing, repeats: number): void {
    const { packet, address, port, bytes } = outgoing;
    const at = this.#options.now();
    const sent = (error: NodeJS.ErrnoException | null): void => {
      if (error === null) {
        this.#counters.sentDatagrams += 1;
        this.#counters.sentBytes += bytes.length;
        twin?.recent.push({ packet, bytes: bytes.length });
        if (twin !== undefined && twin.recent.length > 32) twin.recent.shift();
        this.#options.hear({ kind: 'sent', at, packet });
      } else if (twin !== undefined && repeats < maxRepeats && isLate(error, twin)) {
        this.#networkError(twin, error);
        this.#sendOn(socket, twin, outgoing, repeats + 1);
      } else this.#failed(packet, codeOf(error), explain(error, address, port));
    };
    try {
      if (twin === undefined) socket.send(bytes, port, address, sent);
      else socket.send(bytes, sent);
    } catch (error) {
      // Closed in between, or an argument that Node does not like.
      this.#failed(packet, helperErrors.sendFailed, error instanceof Error ? error.message : String(error));
    }
  }

  /** The network's answer to something that was sent earlier. */
  #networkError(twin: Twin, error: NodeJS.ErrnoException): void {
    const code = codeOf(error);
    // Too big is the largest of late; refused is any, so say the newest.
    const blamed =
      code === helperErrors.tooBig
        ? twin.recent.reduce<Twin['recent'][number] | undefined>(
            (most, one) => (most === undefined || one.bytes >= most.bytes ? one : most),
            undefined,
          )
        : twin.recent.at(-1);
    this.#failed(blamed?.packet ?? 0, code, networkAnswer(error, blamed?.bytes));
  }

  #failed(packet: number, code: HelperErrorCode, message: string): void {
    this.#options.hear({ kind: 'failed', at: this.#options.now(), packet, code, message: message.slice(0, 300) });
  }
}

/** Errors that the kernel kept from an earlier datagram. */
function isLate(error: NodeJS.ErrnoException, { recent }: Twin): boolean {
  if (recent.length === 0) return false;
  return error.code === 'ECONNREFUSED' || error.code === 'EMSGSIZE' || error.code === 'EHOSTUNREACH';
}

function codeOf(error: NodeJS.ErrnoException): HelperErrorCode {
  switch (error.code) {
    case 'ECONNREFUSED':
    case 'ECONNRESET':
      return helperErrors.refused;
    case 'EMSGSIZE':
      return helperErrors.tooBig;
    case 'EACCES':
      return helperErrors.forbiddenAddress;
    default:
      return helperErrors.sendFailed;
  }
}

function networkAnswer(error: NodeJS.ErrnoException, bytes: number | undefined): string {
  switch (codeOf(error)) {
    case helperErrors.refused:
      return 'ICMP port unreachable: nobody listens on that port';
    case helperErrors.tooBig:
      return `ICMP fragmentation needed: ${bytes ?? 'so many'} bytes are too large for the path`;
    default:
      return error.message;
  }
}

function explain(error: NodeJS.ErrnoException, address: string, port: number): string {
  switch (error.code) {
    case 'ENETUNREACH':
      return `no route to ${address} (ENETUNREACH)`;
    case 'EACCES':
    case 'EPERM':
      return `the system does not let us send to ${address}:${port} (${error.code})`;
    default:
      return error.message;
  }
}

function closeQuietly(socket: Socket): void {
  try {
    socket.close();
  } catch {
    // Closed already.
  }
}
