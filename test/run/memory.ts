/** Transports in memory on a virtual clock, for driving runs against each other without sockets. */

import { Prng } from '../../src/base/random.ts';
import { after, type Instant } from '../../src/base/time.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import type { EndpointConfig } from '../../src/engine/api.ts';
import { defaultConfig } from '../../src/engine/index.ts';
import { type RunSpec, startRun, type Transport, type TransportEvent, VirtualClock } from '../../src/run/index.ts';
import type { TraceEvent, TraceHeader } from '../../src/trace/model.ts';
import { bundledTestCredential } from '../../src/x509/bundled.ts';

export const header: TraceHeader = {
  tool: 'test',
  kind: 'run',
  startedAt: undefined,
  title: undefined,
  localRole: 'client',
  commandLine: undefined,
};

/** A network of named sockets; a datagram takes 5 ms. */
export class MemoryNetwork {
  readonly clock = new VirtualClock();
  readonly #sockets = new Map<string, (event: TransportEvent) => void>();
  /** Datagrams that were handed to the network, in order. */
  readonly sent: { readonly from: string; readonly to: string; readonly bytes: Uint8Array; readonly at: Instant }[] =
    [];

  socket(local: string, remote: string): Transport & { readonly closed: () => boolean } {
    let closed = false;
    return {
      local,
      remote,
      listen: (hear) => this.#sockets.set(local, hear),
      send: (bytes, to) => this.deliver(local, to, bytes),
      close: () => {
        closed = true;
        this.#sockets.delete(local);
      },
      closed: () => closed,
    };
  }

  deliver(from: string, to: string, bytes: Uint8Array): void {
    const copied = Uint8Array.from(bytes);
    const at = after(this.clock.now(), 5);
    this.sent.push({ from, to, bytes: copied, at: this.clock.now() });
    this.clock.schedule(at, () => this.tell(to, { kind: 'datagram', bytes: copied, from, at }));
  }

  tell(socket: string, event: TransportEvent): void {
    this.#sockets.get(socket)?.(event);
  }

  /** Runs until nothing is left to happen, or until `ms` have passed. */
  run(ms = Infinity): void {
    const end = this.clock.now() + ms;
    // A probe of our own marks the end without letting time run past it.
    if (ms !== Infinity) this.clock.schedule(after(this.clock.now(), ms), () => {});
    for (let steps = 0; steps < 100_000 && this.clock.now() < end; steps++) if (!this.clock.advance()) return;
  }
}

export const clientConfig: EndpointConfig = {
  ...defaultConfig('client'),
  versions: ['1.2'],
  credentials: [bundledTestCredential('ecdsa-p256-a')],
};
export const serverConfig: EndpointConfig = {
  ...defaultConfig('server'),
  versions: ['1.2'],
  credentials: [bundledTestCredential('ecdsa-p256-b')],
  clientAuth: 'request',
};

/** A run over `transport` with everything at its default, and its events. */
export function runOver(network: MemoryNetwork, transport: Transport, changes: Partial<RunSpec> = {}) {
  const run = startRun({
    header,
    config: clientConfig,
    rules: [],
    seed: 1,
    transport,
    clock: network.clock,
    crypto: nobleProvider,
    random: new Prng(`${transport.local}`).bytes,
    lingerMs: 1000,
    timeoutMs: 30_000,
    ...changes,
  });
  const events: TraceEvent[] = [];
  run.subscribe((event) => events.push(event));
  return { run, events, kinds: (): string[] => events.map(({ kind }) => kind) };
}
