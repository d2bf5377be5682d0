import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/random.ts';
import { decode } from '../../src/codec/codec.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { findTurnPath, type Run, startPathRun } from '../../src/run/index.ts';
import type { TraceEvent } from '../../src/trace/model.ts';
import { classify } from '../../src/wire/demux.ts';
import { find, stunMessage } from '../../src/wire/stun.ts';
import { checkFingerprint } from '../../src/wire/stunIntegrity.ts';
import { SimulatedTurnServer, type TurnServerOptions, turnServerDefaults } from '../support/turnServer.ts';
import { clientConfig, header, MemoryNetwork, runOver, serverConfig } from './memory.ts';

const peer = '198.51.100.7:4433';
const ours = '192.0.2.1:40000';
const relayed = `${turnServerDefaults.relayIp}:50000`;

interface World {
  readonly network: MemoryNetwork;
  readonly server: SimulatedTurnServer;
  readonly run: Run;
  readonly events: TraceEvent[];
  /** Lets time pass, promises included. */
  pass(ms: number): Promise<void>;
}

function world(
  options: Partial<TurnServerOptions> & { readonly answers?: boolean } = {},
  password = turnServerDefaults.password,
  timeoutMs = 30_000,
): World {
  const network = new MemoryNetwork();
  const server = new SimulatedTurnServer(options);
  // The peer is another run of ours, a server that waits.
  runOver(network, network.socket(peer, relayed), { config: serverConfig, header: { ...header, localRole: 'server' } });
  for (const address of [turnServerDefaults.address, relayed])
    network.socket(address, '').listen((event) => {
      if (event.kind !== 'datagram' || options.answers === false) return;
      for (const out of server.handle({ from: event.from, to: address, bytes: event.bytes }, network.clock.now()))
        network.deliver(out.from, out.to, out.bytes);
    });
  const random = new Prng('turn').bytes;
  const run = startPathRun({
    header,
    rules: [],
    seed: 1,
    clock: network.clock,
    crypto: nobleProvider,
    random,
    lingerMs: 1000,
    timeoutMs,
    find: (search) =>
      findTurnPath(
        {
          server: network.socket(ours, turnServerDefaults.address),
          credentials: { username: turnServerDefaults.username, password },
          peer,
          config: clientConfig,
          crypto: nobleProvider,
          random,
        },
        search,
      ),
  });
  const events: TraceEvent[] = [];
  run.subscribe((event) => events.push(event));
  return {
    network,
    server,
    run,
    events,
    pass: async (ms) => {
      const end = network.clock.now() + ms;
      network.clock.schedule(end as ReturnType<typeof network.clock.now>, () => {});
      for (let steps = 0; steps < 10_000 && network.clock.now() < end; steps++) {
        if (!network.clock.advance()) break;
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

const kinds = (events: readonly TraceEvent[]): string[] => events.map(({ kind }) => kind);

describe('a run through a relay', () => {
  it('is one trace: the relay first, then the handshake, on one clock', async () => {
    const { events, run, pass, server } = world();
    await pass(5000);
    await run.finished;
    expect(kinds(events)).toContain('connected');
    expect(events.at(-1)).toMatchObject({ kind: 'end', how: 'done' });
    const times = events.map(({ at }) => at);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    const first = events.find((event) => event.kind === 'datagram' && event.from !== undefined);
    expect(first).toMatchObject({ src: relayed, dst: peer, from: 'client' });
    // Two round trips for the allocation, one for the channel: nothing was sent before the peer was permitted.
    expect(first?.at).toBe(30);
    expect(server.allocations.size).toBe(0);
  });

  it('tells what the framing costs, once in each direction', async () => {
    const { events, pass } = world();
    await pass(5000);
    const costs = events.flatMap((event) =>
      event.kind === 'turn' && event.fact.kind === 'overhead' ? [event.fact] : [],
    );
    expect(costs).toEqual([
      { kind: 'overhead', peer, direction: 'sent', bytes: 4, form: 'channel' },
      { kind: 'overhead', peer, direction: 'received', bytes: 4, form: 'channel' },
    ]);
  });

  it('ends as refused, with the server’s reason, when the password is wrong', async () => {
    const { events, run, pass } = world({}, 'wrong');
    await pass(1000);
    await run.finished;
    expect(events.find(({ kind }) => kind === 'refused')).toMatchObject({
      by: `TURN server ${turnServerDefaults.address}`,
      why: expect.stringContaining('does not accept this user and password'),
    });
    expect(events.at(-1)).toMatchObject({ kind: 'end', how: 'done' });
    // What was said to the server, and by it, is all that was sent.
    const datagrams = events.flatMap((event) => (event.kind === 'datagram' ? [event] : []));
    expect(datagrams.map(({ packet }) => packet)).toEqual([1, 2, 3, 4]);
    for (const { src, dst, bytes } of datagrams) {
      expect([src, dst]).toContain(turnServerDefaults.address);
      expect(classify(bytes)).toBe('stun');
    }
  });

  it('keeps no HMAC from which the password could be guessed', async () => {
    const { events, pass } = world();
    await pass(5000);
    const proofs = events.flatMap((event) => {
      if (event.kind !== 'datagram' || classify(event.bytes) !== 'stun') return [];
      const { attributes } = decode(stunMessage, event.bytes);
      expect(checkFingerprint(event.bytes)).not.toBe('wrong');
      return find(attributes, 'MESSAGE-INTEGRITY') ?? find(attributes, 'MESSAGE-INTEGRITY-SHA256') ?? [];
    });
    expect(proofs.length).toBeGreaterThan(3);
    for (const { hmac } of proofs) expect(hmac.every((byte) => byte === 0)).toBe(true);
  });

  it('ends as refused when the peer is forbidden, and gives the allocation back', async () => {
    const { events, run, pass, server } = world({ denied: ['198.51.100.7'] });
    await pass(5000);
    await run.finished;
    expect(events.find(({ kind }) => kind === 'refused')).toMatchObject({
      why: `the TURN server gives no permission to reach ${peer} (403)`,
    });
    expect(server.allocations.size).toBe(0);
  });

  it('says how far it came when the server is silent until its time is up', async () => {
    const { events, run, pass } = world({ answers: false }, undefined, 5000);
    await pass(6000);
    await run.finished;
    expect(events.find(({ kind }) => kind === 'refused')).toMatchObject({
      why: 'the TURN server answered none of 4 Allocate requests in 5000 ms',
    });
    expect(events.at(-1)).toMatchObject({ kind: 'end', how: 'done', why: 'the time of 5000 ms was up' });
  });

  it('is cancelled in the middle of the search, and leaves nothing behind', async () => {
    const { events, run, pass, server } = world();
    await pass(12);
    run.stop();
    await run.finished;
    await pass(5000);
    expect(events.at(-1)).toMatchObject({ kind: 'end', how: 'cancelled' });
    expect(server.allocations.size).toBe(0);
  });
});
