import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/random.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { type ListenerSpec, listen, type Run, type RunSpec } from '../../src/run/index.ts';
import { withQuirks } from '../../src/scenario/index.ts';
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
  const connect = (n: number, changes: Partial<RunSpec> = {}) => {
    const local = `192.0.2.1:${n}`;
    return runOver(network, network.socket(local, server), changes);
  };
  /** From an address that is connected already, by a client that has forgotten it. */
  const connectAnew = (n: number) => connect(n, { random: new Prng(77).bytes });
  return { network, began, gone, listener, connect, connectAnew };
}
const has = (events: readonly TraceEvent[], kind: TraceEvent['kind']): boolean =>
  events.some((event) => event.kind === kind);

describe('a listener', () => {
  it('gives each client a handshake and a trace of its own', () => {
    const { network, began, connect } = listening();
    const clients = [1, 2, 3].map((n) => connect(n));
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

  it('[86] lets a client begin anew from a live address, and keeps what was until that is done', () => {
    const { network, began, connect, connectAnew } = listening();
    connect(1, { lingerMs: 60_000 });
    network.run(500);
    // It forgets everything: nothing of it is heard any more, and the same address says hello.
    const again = connectAnew(1);
    network.run(7);
    expect(has(began[0]?.events ?? [], 'end')).toBe(false);
    network.run(500);
    expect(has(again.events, 'connected')).toBe(true);
    expect(began.map(({ events }) => has(events, 'connected'))).toEqual([true, true]);
    expect(began[0]?.events.at(-1)).toMatchObject({ kind: 'end', how: 'done' });
    expect(has(began[1]?.events ?? [], 'end')).toBe(false);
  });

  it('[86] is not moved by a hello from a live address that nothing follows', () => {
    const { network, began, connect } = listening();
    const live = connect(1);
    network.run(500);
    const hello = runOver(network, { ...network.socket('192.0.2.9:9', server), listen: () => {} });
    const sent = hello.events.find((event) => event.kind === 'datagram');
    hello.run.stop();
    if (sent?.kind === 'datagram') network.deliver('192.0.2.1:1', server, sent.bytes);
    live.run.stop();
    network.run(500);
    // Its close_notify still arrives.
    expect(began[0]?.events.some((event) => event.kind === 'closed' && event.by === 'peer')).toBe(true);
  });

  it('ignores who begins anew, with the quirk for that', () => {
    const { network, began, connect, connectAnew } = listening({
      config: withQuirks(serverConfig, ['live-hello-ignored']),
    });
    connect(1, { lingerMs: 60_000 });
    network.run(500);
    const again = connectAnew(1);
    network.run(5000);
    expect(has(again.events, 'connected')).toBe(false);
    expect(again.events.some((event) => event.kind === 'datagram' && event.from === 'server')).toBe(false);
    expect(began).toHaveLength(1);
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
