import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/random.ts';
import { after, instant } from '../../src/base/time.ts';
import { type Clock, runLimits } from '../../src/run/index.ts';
import type { TraceEvent } from '../../src/trace/model.ts';
import { clientConfig, header, MemoryNetwork, runOver, serverConfig } from './memory.ts';

const client = '192.0.2.1:1000';
const server = '192.0.2.2:4433';

function pair(changes: Parameters<typeof runOver>[2] = {}) {
  const network = new MemoryNetwork();
  const theirs = runOver(network, network.socket(server, client), {
    header: { ...header, localRole: 'server' },
    config: serverConfig,
    lingerMs: 60_000,
  });
  const transport = network.socket(client, server);
  const ours = runOver(network, transport, changes);
  return { network, ours, theirs, transport };
}
const last = (events: readonly TraceEvent[]): TraceEvent | undefined => events.at(-1);
const only = <K extends TraceEvent['kind']>(events: readonly TraceEvent[], kind: K) =>
  events.filter((event): event is Extract<TraceEvent, { kind: K }> => event.kind === kind);

describe('a run', () => {
  it('records a handshake, lingers, closes, and ends', async () => {
    const { network, ours, theirs, transport } = pair();
    network.run();
    expect(only(ours.events, 'connected')).toMatchObject([{ actor: 'client', at: 20 }]);
    // One second of linger after 20 ms, and close_notify at once.
    expect(last(ours.events)).toEqual({ kind: 'end', at: 1020, how: 'done', why: undefined });
    expect(only(ours.events, 'closed')).toMatchObject([{ by: 'us', at: 1020 }]);
    expect(only(theirs.events, 'closed')).toMatchObject([{ by: 'peer', at: 1025 }]);
    expect(transport.closed()).toBe(true);
    await ours.run.finished;
  });

  it('numbers its datagrams in order and knows who sent them', () => {
    const { network, ours } = pair();
    network.run();
    const datagrams = only(ours.events, 'datagram');
    expect(datagrams.map(({ packet }) => packet)).toEqual(datagrams.map((_, i) => i + 1));
    for (const { from, src, contents } of datagrams) {
      expect(src).toBe(from === 'client' ? client : server);
      expect(contents !== undefined).toBe(from === 'client');
    }
    expect(new Set(datagrams.map(({ from }) => from))).toEqual(new Set(['client', 'server']));
  });

  it('never goes back in time', () => {
    const { network, ours } = pair({ rules: [{ kind: 'delay', ms: 30, jitterMs: 30, direction: undefined }] });
    network.run();
    const times = ours.events.map(({ at }) => at);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it('tells late listeners everything, and each thing once', () => {
    const { network, ours } = pair();
    network.run(12);
    const late: TraceEvent[] = [];
    ours.run.subscribe((event) => late.push(event));
    network.run();
    expect(late).toEqual(ours.events);
  });

  it('announces the fingerprints it expects, and records the mismatch', () => {
    const { network, ours } = pair({
      config: {
        ...clientConfig,
        trust: { kind: 'fingerprints', fingerprints: [{ hash: 'sha256', value: new Uint8Array(32) }] },
      },
    });
    network.run();
    expect(ours.events[0]).toMatchObject({ kind: 'fingerprint', of: 'server', hash: 'sha256' });
    expect(only(ours.events, 'failed')[0]?.failure.code).toBe('fingerprint-mismatch');
    expect(only(ours.events, 'alert')).toMatchObject([{ direction: 'sent', level: 2, description: 42 }]);
    expect(last(ours.events)).toMatchObject({ kind: 'end', how: 'done' });
  });
});

describe('the link of a run', () => {
  it('drops what a rule names, both ways, and says so', () => {
    const nothing = { nth: undefined, message: undefined, byte: undefined };
    const { network, ours } = pair({
      rules: [
        {
          kind: 'script',
          action: { kind: 'drop' },
          match: { ...nothing, message: 'certificate', nth: [1] },
          direction: 'in',
        },
        {
          kind: 'script',
          action: { kind: 'drop' },
          match: { ...nothing, message: 'finished', nth: [1] },
          direction: 'out',
        },
      ],
    });
    network.run();
    expect(only(ours.events, 'connected')).toHaveLength(1);
    expect(only(ours.events, 'link').map(({ rule, action }) => `${rule} ${action.kind}`)).toEqual([
      'in:drop=certificate#1 lost',
      'out:drop=finished#1 lost',
    ]);
    // What was dropped on the way in is in the trace, and reached nobody; what was dropped on the way out was never sent.
    const lostOut = only(ours.events, 'link')[1]?.packet;
    const bytes = only(ours.events, 'datagram').find(({ packet }) => packet === lostOut)?.bytes;
    expect(network.sent.filter(({ from }) => from === client).map((sent) => sent.bytes)).not.toContainEqual(bytes);
  });

  it('delays on the clock of the run', () => {
    const { network, ours } = pair({ rules: [{ kind: 'delay', ms: 70, jitterMs: 0, direction: 'out' }] });
    network.run();
    expect(network.sent[0]).toMatchObject({ from: client, at: 70 });
    expect(only(ours.events, 'link')[0]).toMatchObject({ at: 0, packet: 1, action: { kind: 'delivered', at: 70 } });
    expect(only(ours.events, 'connected')).toHaveLength(1);
  });

  it('delivers at once what was made while time went on', () => {
    // A real clock moves between the call for close_notify and its sending.
    const network = new MemoryNetwork();
    let extra = 0;
    const clock: Clock = {
      now: () => {
        extra += 0.001;
        return after(network.clock.now(), extra);
      },
      schedule: (at, wake) => network.clock.schedule(at, wake),
    };
    const theirs = runOver(network, network.socket(server, client), { config: serverConfig, clock, lingerMs: 60_000 });
    const ours = runOver(network, network.socket(client, server), { clock });
    network.run(500);
    expect(only(ours.events, 'connected')).toHaveLength(1);
    ours.run.stop();
    network.run(500);
    expect(only(theirs.events, 'closed')).toMatchObject([{ by: 'peer' }]);
  });

  it('still delivers the last datagrams of an ended endpoint', () => {
    const { network, theirs, ours } = pair({ rules: [{ kind: 'delay', ms: 70, jitterMs: 0, direction: 'out' }] });
    network.run();
    expect(only(theirs.events, 'closed')).toMatchObject([{ by: 'peer' }]);
    expect(only(ours.events, 'end')).toHaveLength(1);
  });
});

describe('the end of a run', () => {
  const alone = (changes: Parameters<typeof runOver>[2] = {}) => {
    const network = new MemoryNetwork();
    const transport = network.socket(client, server);
    return { network, transport, ...runOver(network, transport, changes) };
  };

  it('comes with its time', () => {
    const { network, events } = alone({ timeoutMs: 5000 });
    network.run();
    expect(last(events)).toEqual({ kind: 'end', at: 5000, how: 'done', why: 'the time of 5000 ms was up' });
    // At 0, 1 and 3 s.
    expect(only(events, 'datagram').map(({ at }) => at)).toEqual([0, 1000, 3000]);
  });

  it('comes when the endpoint gives up', () => {
    const retransmission = { start: 100, growth: 2, cap: 60_000, attempts: 2 };
    const { network, events } = alone({ config: { ...clientConfig, retransmission } });
    network.run();
    expect(only(events, 'failed')).toMatchObject([{ failure: { code: 'timed-out' } }]);
    expect(last(events)).toMatchObject({ kind: 'end', how: 'done', at: 700 });
  });

  it('is cancelled by stop, at once, and nothing comes after', async () => {
    const { network, run, events, transport } = alone();
    network.run(500);
    run.stop();
    expect(last(events)).toEqual({ kind: 'end', at: 500, how: 'cancelled', why: undefined });
    expect(transport.closed()).toBe(true);
    await run.finished;
    const count = events.length;
    run.stop();
    network.tell(client, { kind: 'gone', why: 'late' });
    network.run();
    expect(events).toHaveLength(count);
  });

  it('is no cancellation once the handshake is established: the peer is told, and the outcome stays', () => {
    const { network, ours, theirs } = pair();
    network.run(500);
    ours.run.stop();
    expect(last(ours.events)).toMatchObject({ kind: 'end', at: 500, how: 'done' });
    network.run();
    expect(only(theirs.events, 'closed')).toMatchObject([{ by: 'peer', at: 505 }]);
  });

  it('is an interruption when the transport is gone', () => {
    const { network, events } = alone();
    network.run(100);
    network.tell(client, { kind: 'gone', why: 'the helper exited' });
    expect(last(events)).toEqual({ kind: 'end', at: 100, how: 'interrupted', why: 'the helper exited' });
  });

  it('comes with the first refusal when nobody ever answered', () => {
    const { network, events } = alone();
    network.run(10);
    network.tell(client, { kind: 'refused', by: server, why: 'port unreachable' });
    expect(events.slice(-2)).toEqual([
      { kind: 'refused', at: 10, by: server, why: 'port unreachable' },
      { kind: 'end', at: 10, how: 'done', why: 'port unreachable' },
    ]);
  });

  it('does not come with one refusal of a peer that has answered', () => {
    const { network, ours } = pair();
    network.run(12);
    network.tell(client, { kind: 'refused', by: server, why: 'port unreachable' });
    expect(only(ours.events, 'end')).toEqual([]);
    network.tell(client, { kind: 'refused', by: server, why: 'port unreachable' });
    expect(only(ours.events, 'end')).toHaveLength(1);
  });

  it('comes when more datagrams arrive than a run keeps', () => {
    const { network, events } = alone();
    const noise = new Uint8Array(20);
    for (let i = 0; i <= runLimits.datagrams; i++)
      network.tell(client, { kind: 'datagram', bytes: noise, from: '203.0.113.9:9', at: instant(1) });
    expect(last(events)).toMatchObject({ kind: 'end', how: 'done', why: 'more datagrams came than a run keeps' });
    expect(only(events, 'datagram').length).toBeLessThanOrEqual(runLimits.datagrams + 1);
  });
});

describe('the timer of a run', () => {
  it('counts from when a flight left, however long its making took', () => {
    const network = new MemoryNetwork();
    // A machine on which a ClientHello takes 900 ms to make.
    let behind = 0;
    const { clock } = network;
    const slow: Clock = {
      now: () => instant(clock.now() + behind),
      schedule: (at, wake) => clock.schedule(instant(at - behind), wake),
    };
    const { bytes } = new Prng('slow');
    let making = true;
    const { events } = runOver(network, network.socket(client, server), {
      clock: slow,
      random: (length) => {
        if (making) behind = 900;
        making = false;
        return bytes(length);
      },
      timeoutMs: 5000,
    });
    network.run();
    const [first, second] = only(events, 'datagram');
    expect(first?.at).toBe(900);
    expect(only(events, 'timer').slice(0, 2)).toMatchObject([
      { action: 'set', durationMs: 1000, at: 900 },
      { action: 'fired', at: 1900 },
    ]);
    expect(second?.at).toBe(1900);
  });
});

describe('what a run makes of noise', () => {
  it('is a drop with the number of its datagram, and not from the peer', () => {
    const { network, ours } = pair();
    network.tell(client, { kind: 'datagram', bytes: new Uint8Array(40), from: '203.0.113.9:9', at: instant(1) });
    const stranger = only(ours.events, 'datagram').find(({ src }) => src === '203.0.113.9:9');
    expect(stranger?.from).toBeUndefined();
    expect(only(ours.events, 'dropped')).toMatchObject([{ packet: stranger?.packet, reason: 'other-peer' }]);
    network.run();
    expect(only(ours.events, 'connected')).toHaveLength(1);
  });

  it('[68] is a note and smaller datagrams when the system finds one too big', () => {
    const { network, ours } = pair();
    network.tell(client, { kind: 'too-big', size: 300 });
    network.run();
    expect(only(ours.events, 'note')[0]?.text).toContain('300 bytes');
    expect(only(ours.events, 'connected')).toHaveLength(1);
    const sizes = only(ours.events, 'datagram').flatMap(({ from, length }) => (from === 'client' ? [length] : []));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(300);
  });
});
