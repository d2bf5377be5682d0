/**
 * A server for many clients: the datagrams of each address are a run of their own, with an endpoint, a link and a trace. An
 * address gets one only by a ClientHello; how many there can be is bounded, and who was heard least recently without
 * having finished its handshake makes room.
 */

import type { RandomSource } from '../base/random.ts';
import type { CryptoProvider } from '../crypto/provider.ts';
import type { EndpointConfig } from '../engine/api.ts';
import type { LinkRule } from '../link/api.ts';
import type { Address, TraceHeader } from '../trace/model.ts';
import { HandshakeType } from '../wire/registry.ts';
import type { Clock, Run, Transport, TransportEvent } from './api.ts';
import { visibleContents } from './contents.ts';
import { startRun } from './driver.ts';

export interface ListenerSpec {
  readonly config: EndpointConfig;
  readonly rules: readonly LinkRule[];
  readonly seed: number;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly crypto: CryptoProvider;
  readonly random: RandomSource;
  readonly lingerMs: number;
  readonly timeoutMs: number;
  /** Clients at once. */
  readonly maxClients: number;
  /** Each handshake's header, by its client and its number (from 1). */
  readonly header: (client: Address, number: number) => TraceHeader;
  /** A client has begun; its run ends by itself. */
  readonly began: (run: Run, client: Address) => void;
  /** The socket is gone, and with it all runs. */
  readonly gone: (why: string) => void;
}

export interface Listener {
  /** Ends all runs as `cancelled`, and the socket. */
  stop(): void;
}

interface Client {
  readonly run: Run;
  hear: (event: TransportEvent) => void;
  settled: boolean;
}

/** Starts to listen; throws a `RangeError` for a configuration that no endpoint could work with. */
export function listen(spec: ListenerSpec): Listener {
  const { transport } = spec;
  // In order of when each was heard last: a Map keeps the order of insertion.
  const clients = new Map<Address, Client>();
  let number = 0;

  const admit = (from: Address): Client | undefined => {
    if (clients.size >= spec.maxClients) {
      const waiting = [...clients].find(([, client]) => !client.settled);
      if (!waiting) return undefined;
      waiting[1].run.stop();
    }
    let hear: (event: TransportEvent) => void = () => {};
    const run = startRun({
      ...spec,
      header: spec.header(from, ++number),
      // Each client has its own network, with dice of its own.
      seed: (spec.seed + number - 1) >>> 0,
      transport: {
        local: transport.local,
        remote: from,
        send: (bytes, to, packet) => transport.send(bytes, to, packet),
        listen: (callback) => {
          hear = callback;
        },
        close: () => clients.delete(from),
      },
    });
    const client: Client = { run, hear: (event) => hear(event), settled: false };
    clients.set(from, client);
    run.subscribe((event) => {
      if (event.kind === 'connected') client.settled = true;
    });
    spec.began(run, from);
    return client;
  };

  transport.listen((event) => {
    switch (event.kind) {
      case 'datagram': {
        const known = clients.get(event.from);
        // Late repeats and alerts of an association that has ended are not the beginning of another.
        if (!known && !startsHandshake(event.bytes)) return;
        const client = known ?? admit(event.from);
        if (!client) return;
        clients.delete(event.from);
        clients.set(event.from, client);
        client.hear(event);
        return;
      }
      case 'gone':
        for (const client of [...clients.values()]) client.hear(event);
        return spec.gone(event.why);
      case 'refused':
      case 'too-big':
      case 'path':
      case 'ended':
      case 'sent':
        // An unconnected socket does not say whose datagram it was.
        return;
    }
  });
  return {
    stop: () => {
      for (const client of [...clients.values()]) client.run.stop();
      transport.close();
    },
  };
}

const startsHandshake = (bytes: Uint8Array): boolean =>
  visibleContents(bytes).fragments.some(({ message }) => message === HandshakeType.clientHello);
