/**
 * A server for many clients: the datagrams of each address are a run of their own, with an endpoint, a link and a trace. An
 * address gets one only by a ClientHello; how many there can be is bounded, and who was heard least recently without
 * having finished its handshake makes room.
 */

import { toHex } from '../base/bytes.ts';
import type { RandomSource } from '../base/random.ts';
import type { CryptoProvider } from '../crypto/provider.ts';
import type { EndpointConfig } from '../engine/api.ts';
import type { LinkRule } from '../link/api.ts';
import type { Address, TraceHeader } from '../trace/model.ts';
import { helloRandomIn } from '../wire/helloRandom.ts';
import { splitDatagram } from '../wire/record.ts';
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
  /** Application data goes back to each client. */
  readonly echo?: boolean | undefined;
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
  /** The random of its ClientHello, by which a copy of that is told from a new one; empty until it was seen. */
  random: string;
  /** A handshake that the same address has begun anew: until it is done, both are there. */
  successor: Client | undefined;
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
    const client = begin(from);
    clients.set(from, client);
    return client;
  };

  /** The run of a client is over: whoever came after it takes its place. */
  const forget = (from: Address, client: Client): void => {
    const known = clients.get(from);
    if (known?.successor === client) known.successor = undefined;
    if (known !== client) return;
    if (client.successor) clients.set(from, client.successor);
    else clients.delete(from);
  };

  const begin = (from: Address): Client => {
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
        close: () => forget(from, client),
      },
    });
    const client: Client = {
      run,
      hear: (event) => hear(event),
      settled: false,
      random: '',
      successor: undefined,
    };
    run.subscribe((event) => {
      if (event.kind !== 'connected') return;
      client.settled = true;
      const before = clients.get(from);
      if (before?.successor !== client) return;
      clients.set(from, client);
      before.run.stop();
    });
    spec.began(run, from);
    return client;
  };

  /**
   * A client that lost everything may begin anew from the same address: what was established stays until it has proved
   * with a whole handshake that it is there, since anybody can send a ClientHello (RFC 6347 §4.2.8).
   */
  const hear = (client: Client, event: Extract<TransportEvent, { readonly kind: 'datagram' }>): void => {
    const begun = helloRandomIn(event.bytes);
    const random = begun ? toHex(begun) : '';
    client.random ||= random;
    const another = random !== '' && random !== client.random;
    if (client.settled && another && !client.successor && spec.config.faults?.liveHello !== 'ignored')
      client.successor = begin(event.from);
    const { successor } = client;
    if (successor) {
      successor.random ||= random;
      // What is in the clear belongs to the handshake that is under way; under keys either may know it.
      successor.hear(event);
      if (inTheClear(event.bytes)) return;
    }
    client.hear(event);
  };

  const everybody = (): Client[] =>
    [...clients.values()].flatMap((client) => (client.successor ? [client.successor, client] : [client]));

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
        hear(client, event);
        return;
      }
      case 'gone':
        for (const client of everybody()) client.hear(event);
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
      for (const client of everybody()) client.run.stop();
      transport.close();
    },
  };
}

/** Whether a datagram begins with a record of epoch 0. */
const inTheClear = (bytes: Uint8Array): boolean => splitDatagram(bytes).records[0]?.epoch === 0;

const startsHandshake = (bytes: Uint8Array): boolean =>
  visibleContents(bytes).fragments.some(({ message }) => message === HandshakeType.clientHello);
