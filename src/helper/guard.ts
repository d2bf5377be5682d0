/**
 * What the helper refuses to send, whoever asks: datagrams to many at once, and more than a little to somebody who has
 * not answered yet. A taken-over extension must not become a cannon. Every refusal has a number of `helperErrors`.
 */
import { BlockList, isIP, SocketAddress } from 'node:net';
import { type HelperErrorCode, type HelperLimits, helperErrors } from '../bridge/messages.ts';

export interface Refusal {
  readonly code: HelperErrorCode;
  readonly message: string;
}

export const helperLimits: HelperLimits = {
  datagramBytes: 65_507,
  sockets: 16,
  unansweredDatagrams: 64,
  unansweredBytes: 64 * 1024,
  datagramsPerSecond: 2000,
};

/** Opening the next socket must not give a fresh allowance: a silent destination earns it back this slowly. */
const regainedPerSecond = { datagrams: 4, bytes: 4 * 1024 };
/** Silent destinations that are remembered; who wants more of them at once is scanning. */
const maxSilentDestinations = 1024;
/** Destinations of one socket. A run has one, a server as many as it has clients. */
const maxDestinations = 1024;

const many = new BlockList();
many.addSubnet('224.0.0.0', 4, 'ipv4');
many.addSubnet('240.0.0.0', 4, 'ipv4');
many.addSubnet('ff00::', 8, 'ipv6');
const nobody = new BlockList();
nobody.addSubnet('0.0.0.0', 8, 'ipv4');
nobody.addAddress('::', 'ipv6');

/** An IP address in its one canonical spelling (zone kept), with its family; undefined when it is none. */
export function canonical(address: string): { readonly address: string; readonly family: 4 | 6 } | undefined {
  const [plain = '', ...zone] = address.split('%');
  const family = isIP(plain);
  if (family === 4 && zone.length === 0) return { address: plain, family };
  if (family !== 6 || zone.length > 1) return undefined;
  const text = new SocketAddress({ address: plain, family: 'ipv6' }).address;
  return { address: zone.length === 0 ? text : `${text}%${zone[0]}`, family };
}

/** How a destination is counted and told apart. `address` is canonical. */
export const destinationKey = (address: string, port: number): string => `${address} ${port}`;

/** The subnet broadcast address of an interface's IPv4 address; undefined where there is none (/31, /32). */
export function broadcastAddress(address: string, netmask: string): string | undefined {
  const octets = (text: string): number[] => text.split('.').map(Number);
  const mask = octets(netmask);
  if ((mask[3] ?? 255) >= 254) return undefined;
  return octets(address)
    .map((octet, i) => octet | (~(mask[i] ?? 255) & 0xff))
    .join('.');
}

interface Bucket {
  datagrams: number;
  bytes: number;
  at: number;
}

export interface GuardOptions {
  readonly limits: HelperLimits;
  /** Monotonic, ms. */
  readonly now: () => number;
  /** Broadcast addresses of this machine's subnets, as of now. */
  readonly broadcasts: () => readonly string[];
}

export class Guard {
  readonly #options: GuardOptions;
  /** By socket, then destination: what was sent there and not answered. "answered" ends the counting. */
  readonly #sockets = new Map<number, Map<string, { datagrams: number; bytes: number } | 'answered'>>();
  readonly #silent = new Map<string, Bucket>();
  #tokens: number;
  #tokensAt: number;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#tokens = options.limits.datagramsPerSecond;
    this.#tokensAt = options.now();
  }

  /** May a datagram go to this address at all? `address` is canonical. */
  refuseAddress(address: string, family: 4 | 6, port: number): Refusal | undefined {
    const plain = address.split('%')[0] ?? '';
    const type = family === 4 ? 'ipv4' : 'ipv6';
    if (port === 0) return forbidden('port 0 belongs to nobody');
    if (many.check(plain, type)) return forbidden(`${address} is a multicast, broadcast or reserved address`);
    if (nobody.check(plain, type)) return forbidden(`${address} is not the address of a peer`);
    if (family === 4 && this.#options.broadcasts().includes(plain)) {
      return forbidden(`${address} is the broadcast address of a subnet of this machine`);
    }
    return undefined;
  }

  /** May this datagram go now? Counts it if so. */
  refuseDatagram(socket: number, destination: string, bytes: number): Refusal | undefined {
    const { limits, now } = this.#options;
    if (bytes > limits.datagramBytes) {
      return {
        code: helperErrors.datagramTooLarge,
        message: `${bytes} bytes do not fit into a datagram (at most ${limits.datagramBytes})`,
      };
    }
    const at = now();
    this.#tokens = Math.min(
      limits.datagramsPerSecond,
      this.#tokens + ((at - this.#tokensAt) * limits.datagramsPerSecond) / 1000,
    );
    this.#tokensAt = at;
    if (this.#tokens < 1) {
      return { code: helperErrors.rateExceeded, message: `more than ${limits.datagramsPerSecond} datagrams a second` };
    }
    const refusal = this.#refuseUnanswered(socket, destination, bytes, at);
    if (refusal === undefined) this.#tokens -= 1;
    return refusal;
  }

  /** Somebody sent us a datagram: the socket's allowance for it is lifted. */
  answered(socket: number, from: string): void {
    // Only for those whom we wrote to: strangers must not fill the table. A server's answer to a stranger counts then.
    const spent = this.#sockets.get(socket)?.get(from);
    if (spent === undefined || spent === 'answered') return;
    this.#sockets.get(socket)?.set(from, 'answered');
    this.#silent.delete(from);
  }

  /** Forgets a socket; what silent destinations got from it stays counted for a while. */
  closed(socket: number): void {
    this.#sockets.delete(socket);
  }

  #refuseUnanswered(socket: number, destination: string, bytes: number, at: number): Refusal | undefined {
    const { limits } = this.#options;
    let destinations = this.#sockets.get(socket);
    if (destinations === undefined) {
      destinations = new Map();
      this.#sockets.set(socket, destinations);
    }
    const spent = destinations.get(destination) ?? { datagrams: 0, bytes: 0 };
    if (spent === 'answered') return undefined;
    if (!destinations.has(destination) && destinations.size >= maxDestinations) {
      return { code: helperErrors.floodBeforeAnswer, message: `one socket writes to ${maxDestinations} peers at most` };
    }
    if (spent.datagrams + 1 > limits.unansweredDatagrams || spent.bytes + bytes > limits.unansweredBytes) {
      return {
        code: helperErrors.floodBeforeAnswer,
        message: `nothing more is sent to somebody who never answered ${spent.datagrams} datagrams (${spent.bytes} bytes)`,
      };
    }
    const bucket = this.#bucket(destination, at);
    if (bucket === undefined || bucket.datagrams < 1 || bucket.bytes < bytes) {
      return {
        code: helperErrors.floodBeforeAnswer,
        message: 'too much went to somebody who does not answer; a little may be sent again in a few seconds',
      };
    }
    bucket.datagrams -= 1;
    bucket.bytes -= bytes;
    spent.datagrams += 1;
    spent.bytes += bytes;
    destinations.set(destination, spent);
    return undefined;
  }

  /** The allowance of a destination over all sockets, as it has regrown; undefined when too many are remembered. */
  #bucket(destination: string, at: number): Bucket | undefined {
    const { unansweredDatagrams, unansweredBytes } = this.#options.limits;
    const regrow = (bucket: Bucket): Bucket => {
      const seconds = (at - bucket.at) / 1000;
      bucket.datagrams = Math.min(unansweredDatagrams, bucket.datagrams + seconds * regainedPerSecond.datagrams);
      bucket.bytes = Math.min(unansweredBytes, bucket.bytes + seconds * regainedPerSecond.bytes);
      bucket.at = at;
      return bucket;
    };
    const known = this.#silent.get(destination);
    if (known !== undefined) return regrow(known);
    if (this.#silent.size >= maxSilentDestinations) {
      for (const [key, bucket] of this.#silent) {
        const { datagrams, bytes } = regrow(bucket);
        if (datagrams >= unansweredDatagrams && bytes >= unansweredBytes) this.#silent.delete(key);
      }
      if (this.#silent.size >= maxSilentDestinations) return undefined;
    }
    const fresh: Bucket = { datagrams: unansweredDatagrams, bytes: unansweredBytes, at };
    this.#silent.set(destination, fresh);
    return fresh;
  }
}

const forbidden = (message: string): Refusal => ({ code: helperErrors.forbiddenAddress, message });
