/**
 * A run's transport over the helper: datagrams out through the native port, what the helper tells as the run's events,
 * all times on the run's clock.
 */
import { fromBase64 } from '../src/base/bytes.ts';
import type { Instant } from '../src/base/time.ts';
import { unreachable } from '../src/base/unreachable.ts';
import { helperErrors, type SocketEvent } from '../src/bridge/messages.ts';
import { smallerPayload, type Transport, type TransportEvent } from '../src/run/index.ts';
import { formatAddress } from '../src/scenario/index.ts';
import type { Address } from '../src/trace/model.ts';
import type { HelperSocket, OpenOptions } from './helperLink.ts';

export interface HelperTransportOptions {
  readonly family: 4 | 6;
  readonly bind: string | undefined;
  readonly port: number | undefined;
  readonly peer: { readonly address: string; readonly port: number };
}

/** What the transport needs of the helper's link. */
export interface SocketOpener {
  open(options: OpenOptions): Promise<HelperSocket>;
  toLocal(helperTime: number): Instant;
}

/** Sizes of the last datagrams that are remembered, for errors that come later. */
const rememberedSizes = 256;

/** Opens a socket for one run. Rejects with `HelperUnavailable` or `HelperRefused`. */
export async function openHelperTransport(link: SocketOpener, options: HelperTransportOptions): Promise<Transport> {
  const { peer, family } = options;
  const transport = new HelperTransport(family, formatAddress(peer.address, peer.port), link);
  const socket = await link.open({
    ...options,
    hear: (event) => transport.hear(event),
    gone: (why) => transport.gone(why),
  });
  transport.attach(socket);
  return transport;
}

class HelperTransport implements Transport {
  readonly remote: Address;
  readonly #family: 4 | 6;
  readonly #link: SocketOpener;
  readonly #sizes = new Map<number, number>();
  #socket: HelperSocket | undefined;
  #hear: ((event: TransportEvent) => void) | undefined;
  /** What happened before anybody listened. */
  #early: TransportEvent[] = [];
  #closed = false;

  constructor(family: 4 | 6, remote: Address, link: SocketOpener) {
    this.#family = family;
    this.remote = remote;
    this.#link = link;
  }

  get local(): Address {
    const { address, port } = this.#socket?.local ?? { address: this.#family === 4 ? '0.0.0.0' : '::', port: 0 };
    return formatAddress(address, port);
  }

  attach(socket: HelperSocket): void {
    this.#socket = socket;
  }

  listen(hear: (event: TransportEvent) => void): void {
    this.#hear = hear;
    const early = this.#early;
    this.#early = [];
    for (const event of early) hear(event);
  }

  send(bytes: Uint8Array, to: Address, packet: number): void {
    const target = splitAddress(to);
    if (this.#closed || target === undefined) return;
    this.#sizes.set(packet, bytes.length);
    if (this.#sizes.size > rememberedSizes) {
      for (const oldest of this.#sizes.keys()) {
        this.#sizes.delete(oldest);
        break;
      }
    }
    this.#socket?.send(packet, bytes, target);
  }

  close(): void {
    this.#closed = true;
    this.#socket?.close();
  }

  gone(why: string): void {
    this.#tell({ kind: 'gone', why });
  }

  hear(event: SocketEvent): void {
    if (this.#closed) return;
    switch (event.kind) {
      case 'received': {
        const bytes = fromBase64(event.data);
        // The gate let only base64 pass; what is left is a length that base64 cannot have.
        if (bytes === undefined) return;
        const from = formatAddress(event.address, event.port);
        this.#tell({ kind: 'datagram', bytes, from, at: this.#link.toLocal(event.at) });
        return;
      }
      case 'sent':
        this.#tell({ kind: 'sent', packet: event.packet, at: this.#link.toLocal(event.at) });
        return;
      case 'failed':
        this.#tell(this.#failure(event));
        return;
      default:
        unreachable(event);
    }
  }

  #failure({ packet, code, message }: Extract<SocketEvent, { kind: 'failed' }>): TransportEvent {
    switch (code) {
      case helperErrors.refused:
        return { kind: 'refused', by: this.remote, why: message };
      case helperErrors.tooBig:
        return { kind: 'too-big', size: smallerPayload(this.#sizes.get(packet) ?? this.#largest()) };
      case helperErrors.forbiddenAddress:
        return { kind: 'refused', by: 'the helper', why: message };
      case helperErrors.sendFailed:
        return { kind: 'refused', by: 'this system', why: message };
      // The helper's limits: this datagram stays away, the next one may pass.
      default:
        return { kind: 'unsent', packet, why: message };
    }
  }

  #largest(): number {
    return Math.max(0, ...this.#sizes.values());
  }

  #tell(event: TransportEvent): void {
    if (this.#hear === undefined) this.#early.push(event);
    else this.#hear(event);
  }
}

/** "192.0.2.1:5000" or "[2001:db8::1]:5000" in its parts. */
export function splitAddress(address: Address): { readonly address: string; readonly port: number } | undefined {
  const [, v6, v4, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(address) ?? [];
  const host = v6 ?? v4;
  return host === undefined || port === undefined ? undefined : { address: host, port: Number(port) };
}
