import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/random.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { type ListenerSpec, listen, type Run } from '../../src/run/index.ts';
import type { TraceEvent } from '../../src/trace/model.ts';
import { header, MemoryNetwork, runOver, serverConfig } from './memory.ts';

const server = '192.0.2.2:4433';

function listening(changes: Partial<ListenerSpec> = {}) {
  const network = new MemoryNetwork();
  const began: { readonly run: Run; readonly client: string; readonly events: TraceEvent[] }[] = [];
  const gone: string[] = [];
  const listener = listen({
    config: serverConfig,
    rules: [],
    seed: 1,
    transport: network.socket(server, ''),
    clock: network.clock,
    crypto: nobleProvider,
    random: new Prng(9).bytes,
    lingerMs: 60_000,
    timeoutMs: 120_000,
    maxClients: 4,
    header: (client, number) => ({ ...header, localRole: 'server', title: `${number} ${client}` }),
    began: (run, client) => {
      const events: TraceEvent[] = [];
      run.subscribe((event) => events.push(event));
      began.push({ run, client, events });
    },
    gone: (why) => gone.push(why),
    ...changes,
  });
  const connect = (n: number) => {
    const local = `192.0.2.1:${n}`;
    return runOver(network, network.socket(local, server));
  };
  return { network, began, gone, listener, connect };
}
const has = (events: readonly TraceEvent[], kind: TraceEvent['kind']): boolean =>
  events.some((event) => event.kind === kind);

describe('a listener', () => {
  it('gives each client a handshake and a trace of its own', () => {
    const { network, began, connect } = listening();
    const clients = [1, 2, 3].map(connect);
    network.run();
    for (const { events } of clients) expect(has(events, 'connected')).toBe(true);
    expect(began.map(({ client }) => client)).toEqual(['192.0.2.1:1', '192.0.2.1:2', '192.0.2.1:3']);
    expect(began.map(({ run }) => run.header.title)).toEqual(['1 192.0.2.1:1', '2 192.0.2.1:2', '3 192.0.2.1:3']);
    for (const { events, client } of began) {
      expect(has(events, 'connected')).toBe(true);
      expect(events.at(-1)).toMatchObject({ kind: 'end', how: 'done' });
      for (const event of events) if (event.kind === 'datagram') expect([event.src, event.dst]).toContain(client);
    }
  });

  it('takes a client that comes back for a new one', () => {
    const { network, began, connect } = listening();
    connect(1);
    network.run();
    const again = connect(1);
    network.run();
    expect(began).toHaveLength(2);
    expect(has(again.events, 'connected')).toBe(true);
  });

  it('begins nothing for datagrams that begin nothing', () => {
    const { network, began } = listening();
    network.deliver('192.0.2.1:1', server, new Uint8Array(50));
    network.deliver('192.0.2.1:1', server, Uint8Array.of(21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0));
    network.run();
    expect(began).toEqual([]);
  });

  it('makes room for a new client by ending the oldest that has not finished', () => {
    const { network, began, connect } = listening();
    const hello = (n: number): void => {
      const local = `192.0.2.9:${n}`;
      // A client that says hello and is never heard again.
      const { events, run } = runOver(network, { ...network.socket(local, server), listen: () => {} });
      expect(has(events, 'datagram')).toBe(true);
      run.stop();
    };
    for (let n = 1; n <= 4; n++) hello(n);
    network.run(20);
    const late = connect(1);
    network.run(200);
    expect(has(late.events, 'connected')).toBe(true);
    expect(began).toHaveLength(5);
    expect(began[0]?.events.at(-1)).toMatchObject({ kind: 'end', how: 'cancelled' });
    expect(has(began[1]?.events ?? [], 'end')).toBe(false);
  });

  it('turns nobody out who is established', () => {
    const { network, began, connect } = listening({ maxClients: 2 });
    connect(1);
    connect(2);
    network.run(500);
    connect(3);
    network.run(500);
    expect(began).toHaveLength(2);
  });

  it('ends all of them when it stops', () => {
    const { network, began, connect, listener } = listening();
    connect(1);
    network.run(500);
    const waiting = network.socket('192.0.2.9:1', server);
    runOver(network, { ...waiting, listen: () => {} }).run.stop();
    network.run(20);
    listener.stop();
    expect(began.map(({ events }) => events.at(-1))).toMatchObject([
      { kind: 'end', how: 'done' },
      { kind: 'end', how: 'cancelled' },
    ]);
  });

  it('ends all of them as interrupted when the socket is gone', () => {
    const { network, began, connect, gone } = listening();
    connect(1);
    network.run(500);
    network.tell(server, { kind: 'gone', why: 'no more network' });
    expect(began[0]?.events.at(-1)).toMatchObject({ kind: 'end', how: 'interrupted', why: 'no more network' });
    expect(gone).toEqual(['no more network']);
  });
});
