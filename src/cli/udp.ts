/**
 * UDP for runs. A probe's socket is connected, because only such a socket hears that a port is closed or a path too
 * narrow; a listener's is not. On Linux an error of the network comes with a later send, which then was not made: it is
 * made again. Node can not set DF, so what is larger than the path's MTU is cut by IP, not refused.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { smallerPayload, type Transport, type TransportEvent } from '../run/index.ts';
import { formatAddress, parseBind } from '../scenario/index.ts';
import { nodeNow } from './clock.ts';
import { Exit, reason, Stop, systemCode } from './exit.ts';

/** What the kernel keeps for us while we compute. Bytes. */
const receiveBufferBytes = 1024 * 1024;
/** Sends that one pending error may replace. */
const repeats = 2;

/** Finds the address of a host; throws a `Stop` that says what to do. */
export async function resolve(host: string, family: 4 | 6 | undefined): Promise<{ address: string; family: 4 | 6 }> {
  try {
    const found = await lookup(host, { all: true, verbatim: true, ...(family !== undefined && { family }) });
    const [first] = found;
    if (first) return { address: first.address, family: first.family === 6 ? 6 : 4 };
    throw new Error('it has no address');
  } catch (error) {
    const code = systemCode(error);
    const known = isIP(host.split('%')[0] ?? '') !== 0;
    if (known)
      throw new Stop(Exit.usage, `${host} is IPv${isIP(host)}, but --bind is IPv${family}: give both of one family.`);
    const why =
      code === 'ENOTFOUND' || code === 'ENODATA'
        ? 'no such host is known'
        : code === 'EAI_AGAIN'
          ? 'the name server does not answer'
          : reason(error);
    throw new Stop(
      Exit.infrastructure,
      `The host "${host}" was not found${family === undefined ? '' : ` as an IPv${family} address`}: ${why}.`,
      'Check its spelling and your network, or give an IP address.',
    );
  }
}

/** A socket that talks to one peer. */
export async function openConnected(host: string, port: number, bind: string | undefined): Promise<Transport> {
  const local = bind === undefined ? undefined : parseBind(bind);
  const localFamily = local && (isIP(local.host.split('%')[0] ?? '') === 6 ? 6 : 4);
  const { address, family } = await resolve(host, localFamily);
  const socket = create(family);
  await bound(socket, local?.host, local?.port ?? 0);
  const remote = formatAddress(address, port);
  try {
    await new Promise<void>((done, failed) => {
      socket.once('error', failed);
      socket.connect(port, address, () => {
        socket.off('error', failed);
        done();
      });
    });
  } catch (error) {
    socket.close();
    throw new Stop(
      Exit.infrastructure,
      `There is no way to ${remote}: ${explain(error)}.`,
      'Check the address and your network.',
    );
  }
  const own = socket.address();
  return new SocketTransport(socket, formatAddress(own.address, own.port), remote, true);
}

/** A socket that hears everybody. Its `local` has the port that it got. */
export async function openListening(host: string, port: number): Promise<Transport> {
  const socket = create(isIP(host.split('%')[0] ?? '') === 6 ? 6 : 4);
  await bound(socket, host, port);
  const own = socket.address();
  return new SocketTransport(socket, formatAddress(own.address, own.port), '', false);
}

const create = (family: 4 | 6): Socket =>
  createSocket(family === 6 ? { type: 'udp6', ipv6Only: false } : { type: 'udp4' });

async function bound(socket: Socket, host: string | undefined, port: number): Promise<void> {
  try {
    await new Promise<void>((done, failed) => {
      socket.once('error', failed);
      socket.bind({ port, ...(host !== undefined && { address: host }) }, () => {
        socket.off('error', failed);
        done();
      });
    });
  } catch (error) {
    socket.close();
    const where = formatAddress(host ?? '', port);
    const advice: Readonly<Record<string, string>> = {
      EADDRINUSE: 'Something else uses it. Choose another port; 0 takes any that is free.',
      EADDRNOTAVAIL: 'No interface of this machine has that address.',
      EACCES: 'Ports below 1024 need privileges. Choose a higher one.',
    };
    throw new Stop(
      Exit.infrastructure,
      `Can not use the local address ${where}: ${explain(error)}.`,
      advice[systemCode(error) ?? ''],
    );
  }
  try {
    socket.setRecvBufferSize(receiveBufferBytes);
  } catch {
    // A wish, not a need.
  }
}

function explain(error: unknown): string {
  switch (systemCode(error)) {
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
      return 'the system has no route there';
    case 'EADDRINUSE':
      return 'it is in use';
    case 'EADDRNOTAVAIL':
      return 'it is not an address of this machine';
    case 'EACCES':
    case 'EPERM':
      return 'the system does not allow it';
    default:
      return reason(error);
  }
}

class SocketTransport implements Transport {
  readonly local: string;
  readonly remote: string;
  readonly #socket: Socket;
  readonly #connected: boolean;
  /** Events from before anybody listened. */
  #early: TransportEvent[] = [];
  #hear: ((event: TransportEvent) => void) | undefined;
  #closed = false;
  /** Datagrams that Node has not handed to the system yet. */
  #pending = 0;
  /** Sizes sent lately, for saying which was too big. */
  #largestRecent = 0;

  constructor(socket: Socket, local: string, remote: string, connected: boolean) {
    this.#socket = socket;
    this.local = local;
    this.remote = remote;
    this.#connected = connected;
    socket.on('message', (bytes: Buffer, from: RemoteInfo) =>
      this.#tell({ kind: 'datagram', bytes, from: formatAddress(from.address, from.port), at: nodeNow() }),
    );
    socket.on('error', (error) => this.#failed(error));
  }

  listen(hear: (event: TransportEvent) => void): void {
    this.#hear = hear;
    const early = this.#early;
    this.#early = [];
    for (const event of early) hear(event);
  }

  send(bytes: Uint8Array, to: string, packet: number): void {
    if (!this.#closed) this.#sendAgain(bytes, to, packet, repeats);
  }

  #sendAgain(bytes: Uint8Array, to: string, packet: number, left: number): void {
    const at = nodeNow();
    this.#pending++;
    const sent = (error: Error | null): void => {
      this.#pending--;
      if (this.#closed) {
        this.#closeWhenSent();
        return;
      }
      if (error === null) {
        this.#largestRecent = Math.max(this.#largestRecent, bytes.length);
        this.#tell({ kind: 'sent', packet, at });
        return;
      }
      const late = this.#connected && systemCode(error) === 'ECONNREFUSED';
      this.#failed(error, bytes.length);
      if (late && left > 0 && !this.#closed) this.#sendAgain(bytes, to, packet, left - 1);
    };
    if (this.#connected) this.#socket.send(bytes, sent);
    else {
      const colon = to.lastIndexOf(':');
      this.#socket.send(bytes, Number(to.slice(colon + 1)), to.slice(0, colon).replace(/^\[|\]$/g, ''), sent);
    }
  }

  #failed(error: Error, size?: number): void {
    const event = this.#eventOf(error, size);
    if (event) this.#tell(event);
  }

  #eventOf(error: Error, size: number | undefined): TransportEvent | undefined {
    const by = this.remote;
    switch (systemCode(error)) {
      case 'ECONNREFUSED':
      case 'ECONNRESET':
        return { kind: 'refused', by, why: 'ICMP port unreachable: nobody listens on that port' };
      case 'EHOSTUNREACH':
      case 'ENETUNREACH':
        return { kind: 'refused', by, why: 'there is no route to it' };
      case 'EACCES':
      case 'EPERM':
        return {
          kind: 'refused',
          by: 'this system',
          why: 'it does not let us send there (a firewall, or a broadcast address)',
        };
      case 'EMSGSIZE': {
        const blamed = size ?? this.#largestRecent;
        return { kind: 'too-big', size: smallerPayload(blamed) };
      }
      default:
        // A listener goes on: the error is one client's.
        return this.#connected ? { kind: 'gone', why: reason(error) } : undefined;
    }
  }

  #tell(event: TransportEvent): void {
    if (this.#closed) return;
    if (this.#hear) this.#hear(event);
    else this.#early.push(event);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#closeWhenSent();
  }

  /** What was said last, close_notify, still goes out. */
  #closeWhenSent(): void {
    if (this.#pending === 0) this.#socket.close();
  }
}
