import { describe, expect, it } from 'vitest';
import { type BothEnds, bothEnds, type Recording } from '../../src/analysis/bothEnds.ts';
import type { Handshake } from '../../src/analysis/model.ts';
import { Prng } from '../../src/base/random.ts';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import { bothEndsText } from '../../src/report/bothEnds.ts';
import type { Actor, DatagramEvent, Trace, TraceEvent } from '../../src/trace/model.ts';
import { analysisOf, onlyHandshake, snapshotOf } from '../support/reading.ts';
import { captureAt, type Simulated, simulated } from '../support/traces.ts';

/** The capture of one end, by a clock of its own that is so far ahead, from its first packet on. */
function recorded(trace: Trace, name: string, aheadMs = 0): Recording {
  const started = trace.events.find(({ kind }) => kind === 'datagram')?.at ?? 0;
  const own: Trace = {
    header: { ...trace.header, startedAt: Date.UTC(2026, 10, 22) + started + aheadMs },
    events: trace.events.map((event) => (event.kind === 'secret' ? event : { ...event, at: event.at - started })),
  };
  const { handshakes, until } = analysisOf(own).snapshot();
  const [handshake] = handshakes;
  if (!handshake) throw new Error('no handshake');
  return { name, handshake, until };
}

const ends = (run: Trace, aheadMs = 0) => ({
  client: recorded(captureAt(run, 'client'), 'c.pcap'),
  server: recorded(captureAt(run, 'server'), 's.pcap', aheadMs),
});

function joined(run: Trace, aheadMs = 0): BothEnds {
  const { client, server } = ends(run, aheadMs);
  const found = bothEnds(client, server, 'test');
  if (!found) throw new Error('not put together');
  return found;
}

const datagrams = ({ events }: Trace): readonly DatagramEvent[] => events.filter((event) => event.kind === 'datagram');
const linked = ({ events }: Trace) => events.filter((event) => event.kind === 'link');
const isGone = ({ kind }: Extract<TraceEvent, { kind: 'link' }>['action']): boolean =>
  kind === 'lost' || kind === 'too-large' || kind === 'queue-full';
/** Numbers of the datagrams that never came. */
const gone = (trace: Trace): readonly number[] =>
  linked(trace).flatMap(({ packet, action }) => (isGone(action) ? [packet] : []));
const read = ({ trace }: BothEnds): Handshake => onlyHandshake(trace);

const networks: Readonly<Record<string, Simulated>> = {
  'a quiet network': { rules: ['delay=15ms'] },
  'loss in both directions': { rules: ['delay=20ms', 'loss=30%'] },
  'another way back, and jitter': { rules: ['out:delay=5ms', 'in:delay=80ms±10ms', 'loss=20%'] },
  'a slow line': { rules: ['delay=5ms', 'rate=64kbit/s,queue=20KB', 'loss=10%'] },
};

describe('captures of both ends', () => {
  it.each(Object.entries(networks))('tell what was lost between them, as the network knows it: %s', (_, options) => {
    for (let seed = 1; seed <= 25; seed++) {
      const run = simulated({ ...options, seed });
      const both = joined(run, seed % 2 === 0 ? 3_600_000 : -700);
      const truth = datagrams(run);
      const said = datagrams(both.trace);
      expect(said.map(({ bytes }) => bytes)).toEqual(truth.map(({ bytes }) => bytes));
      expect(gone(both.trace)).toEqual(gone(run));
      const { client, server } = both.sent;
      expect(client.lost + server.lost).toBe(gone(run).length);
      expect(client.all + server.all).toBe(truth.length);
    }
  });

  it('tell which is nearer to the client, whichever is named first, and however wrong the clocks are', () => {
    for (const ahead of [0, -86_400_000, 250])
      for (const seed of [1, 2, 3]) {
        const { client, server } = ends(simulated({ rules: ['delay=2ms', 'loss=20%'], seed }), ahead);
        for (const found of [bothEnds(client, server, 'test'), bothEnds(server, client, 'test')]) {
          const { estimates } = onlyHandshake(found?.trace ?? simulated());
          expect(estimates.vantage).toBeUndefined();
          // Two ways of 2 ms, for who waits for an answer.
          expect(estimates.roundTrip.server?.ms).toBeCloseTo(4, 3);
          expect(found?.near.client.name).toBe('c.pcap');
          expect(found?.near.server.name).toBe('s.pcap');
          expect(found?.serverAheadMs).toBeCloseTo(ahead, 3);
          expect(found?.roundTripMs).toBeCloseTo(4, 3);
        }
      }
  });

  it('tell it where only one direction gets through', () => {
    const run = simulated({ rules: ['in:loss=100%'], timeoutMs: 20_000 });
    const both = joined(run, 5000);
    expect(both.near.client.name).toBe('c.pcap');
    expect(both.sent.server).toMatchObject({ lost: both.sent.server.all });
    const { outcome, verdict } = diagnose(read(both));
    expect(outcome).toBe('no-answer');
    expect(verdict).toContain('the path took');
  });

  it('tell a path that drops by size from one that drops by something else', () => {
    const stopped = (rule: string) =>
      diagnose(read(joined(simulated({ rules: ['delay=5ms', rule], timeoutMs: 12_000 }))));
    const bySize = stopped('in:mtu=500');
    expect(bySize.findings[0]?.id).toBe('large-datagrams-vanish');
    expect(bySize.findings[0]?.why).toMatch(/The smallest that did not come has 53\d bytes/);
    expect(bySize.findings.map(({ id }) => id)).not.toContain('flight-lost');
    const byContent = stopped('out:drop=client_key_exchange');
    expect(byContent.verdict).toContain("the path took away every sending of the client's flight 3");
    expect(byContent.findings[0]).toMatchObject({
      id: 'flight-lost',
      fix: expect.stringContaining('that are as large'),
    });
  });

  it('tell what a side got and made nothing of from what never came to it', () => {
    const run = simulated({ rules: ['delay=5ms', 'in:drop=server_hello'], timeoutMs: 12_000 });
    const came: Trace = {
      header: run.header,
      events: run.events.filter((event) => event.kind !== 'link' || !isGone(event.action)),
    };
    const found = bothEnds(
      recorded(captureAt(came, 'client'), 'c.pcap'),
      recorded(captureAt(came, 'server'), 's.pcap'),
      'test',
    );
    expect(found?.sent.server.lost).toBe(0);
    const { findings } = diagnose(onlyHandshake(found?.trace ?? run));
    expect(findings[0]).toMatchObject({
      id: 'flight-lost',
      why: expect.stringContaining('it was recorded there as well'),
    });
    expect(findings[0]?.fix).toContain('Look into the log of the client');
  });

  it('tell that a silent side was reached: by clocks that are right, or by addresses behind a NAT', () => {
    const run = simulated({ rules: ['delay=5ms', 'in:drop=all'], timeoutMs: 12_000 });
    const silent = (end: Actor): Trace => {
      const { header, events } = captureAt(run, end, false);
      return { header, events: events.filter((event) => event.kind === 'datagram' && event.dst.endsWith(':4433')) };
    };
    const [client, server] = [recorded(silent('client'), 'c.pcap'), recorded(silent('server'), 's.pcap')];
    for (const found of [bothEnds(client, server, 'test'), bothEnds(server, client, 'test')]) {
      expect(found?.near.client.name).toBe('c.pcap');
      const { verdict, findings } = diagnose(onlyHandshake(found?.trace ?? run));
      expect(verdict).toMatch(/^No answer: .* nothing came back, though all of it came to the server\.$/);
      expect(findings[0]).toMatchObject({ id: 'peer-silent', fix: expect.stringContaining('It is not the path') });
    }
    const wrong = recorded(silent('server'), 's.pcap', 86_400_000);
    expect(bothEnds(client, wrong, 'test')).toBeUndefined();
    const inside = { ...client, handshake: { ...client.handshake, client: '192.168.1.7:50000' } };
    expect(bothEnds(inside, wrong, 'test')?.near.client.name).toBe('c.pcap');
    expect(bothEnds(wrong, inside, 'test')?.near.client.name).toBe('c.pcap');
  });

  it('explain a handshake that recovered like the run itself', () => {
    const run = simulated({ rules: ['delay=10ms', 'in:drop=certificate#1'] });
    const own = diagnose(onlyHandshake(run));
    const both = diagnose(read(joined(run, 1234)));
    expect(both.findings.map(({ id }) => id)).toEqual(own.findings.map(({ id }) => id));
    for (const { verdict } of [own, both])
      expect(verdict).toMatch(/one datagram with .* was lost and resent after 1 s\.$/);
  });

  it('find what was cut on the way, and what came with other bytes', () => {
    const run = simulated({ rules: ['delay=10ms', 'in:truncate=400'], timeoutMs: 20_000 });
    const cut = joined(run);
    expect(cut.sent.server.harmed).toBeGreaterThan(0);
    expect(linked(cut.trace).filter(({ action }) => action.kind === 'truncated').length).toBe(cut.sent.server.harmed);
    expect(diagnose(read(cut)).findings.map(({ id }) => id)).toContain('datagram-truncated');

    const quiet = simulated({ rules: ['delay=10ms'] });
    const client = captureAt(quiet, 'client');
    const other = { ...client, events: client.events.map(changed) };
    const found = bothEnds(recorded(other, 'c.pcap'), ends(quiet).server, 'test');
    expect(found?.sent.server).toMatchObject({ harmed: 1, lost: 0 });
    expect(linked(found?.trace ?? client).filter(({ action }) => action.kind === 'corrupted')).toHaveLength(1);
  });

  it('may hold anything: nothing throws, nothing is counted twice, and time goes on', () => {
    const run = simulated({ rules: ['delay=5ms', 'loss=20%'], seed: 3, client: { mtu: 300 }, server: { mtu: 300 } });
    for (let seed = 1; seed <= 150; seed++) {
      const random = new Prng(seed);
      const spoilt = (end: Actor): Trace => {
        const { header, events } = captureAt(run, end);
        const kept = events.flatMap((event): TraceEvent[] => {
          if (event.kind !== 'datagram') return [event];
          const chance = random.int(10);
          if (chance === 0) return [];
          if (chance === 1) return [event, event];
          if (chance > 4) return [event];
          const bytes = event.bytes.slice(0, chance === 2 ? random.int(event.bytes.length + 1) : undefined);
          if (bytes.length > 0) bytes[random.int(bytes.length)] = random.int(256);
          return [{ ...event, at: event.at + random.int(40) - 20, bytes, length: bytes.length }];
        });
        return { header, events: kept };
      };
      const [client, server] = [snapshotOf(spoilt('client')), snapshotOf(spoilt('server'))];
      for (const one of client.handshakes)
        for (const other of server.handshakes) {
          const recording = (name: string, handshake: Handshake) => ({ name, handshake, until: 5000 });
          const found = bothEnds(recording('c', one), recording('s', other), 'test');
          if (!found) continue;
          const { client: c, server: s } = found.sent;
          const made = datagrams(found.trace);
          expect(made).toHaveLength(c.all + s.all);
          expect(made.map(({ packet }) => packet)).toEqual(made.map((_, i) => i + 1));
          expect(made.every(({ at }, i) => at >= 0 && at >= (made[i - 1]?.at ?? 0))).toBe(true);
          expect(linked(found.trace)).toHaveLength(made.length);
          for (const handshake of snapshotOf(found.trace).handshakes) expect(diagnose(handshake).verdict).not.toBe('');
        }
    }
  });

  it('of one place are none, though one of them began later and nobody answers', () => {
    const run = simulated({ rules: ['out:drop=all'], timeoutMs: 12_000 });
    const whole = captureAt(run, 'client', false);
    const datagramsOfIt = datagrams(whole);
    const rest: Trace = { header: whole.header, events: datagramsOfIt.slice(1) };
    expect(datagramsOfIt.length).toBeGreaterThan(2);
    expect(bothEnds(recorded(whole, 'a.pcap'), recorded(rest, 'b.pcap'), 'test')).toBeUndefined();
  });

  it('keep what signalling announced and what a run of ours told of its path, whichever end is ours', () => {
    const { client, server } = ends(simulated({ rules: ['delay=5ms'] }));
    const run: Handshake = {
      ...server.handshake,
      localRole: 'server',
      fingerprints: [{ of: 'client', hash: 'sha-256', value: new Uint8Array(32).fill(1), matches: undefined }],
      path: [
        {
          kind: 'signalling',
          at: server.handshake.startedAt,
          fact: { kind: 'roles', result: 'decided', client: 'offerer', ours: 'server', note: undefined },
        },
      ],
    };
    const found = bothEnds(client, { ...server, handshake: run }, 'test');
    expect(found?.trace.events).toContainEqual(expect.objectContaining({ kind: 'signalling' }));
    const { fingerprints, localRole } = onlyHandshake(found?.trace ?? simulated());
    expect(fingerprints).toMatchObject([{ of: 'client', hash: 'sha-256' }]);
    expect(localRole).toBe('server');
  });

  it('say in words what they show', () => {
    const run = simulated({ rules: ['delay=10ms', 'in:drop=certificate#1'] });
    const text = bothEndsText(joined(run, 90_000));
    expect(text).toContain('c.pcap, nearer to the client, and s.pcap, nearer to the server, hold one handshake');
    expect(text).toMatch(/of the server's \d+ datagrams 1 did not come/);
    expect(text).toContain('The way between them takes 20 ms there and back.');
    expect(text).toContain('The clock of s.pcap is 90.0 s ahead.');
  });

  it('are not put together when they are of two handshakes, or of one place', () => {
    const one = ends(simulated({ rules: ['delay=10ms'], seed: 1 }));
    const other = ends(simulated({ rules: ['delay=10ms'], seed: 2 }));
    expect(bothEnds(one.client, other.server, 'test')).toBeUndefined();
    expect(bothEnds(one.client, one.client, 'test')).toBeUndefined();
    expect(bothEnds(one.client, { ...one.client, name: 'again.pcap' }, 'test')).toBeUndefined();
  });
});

/** The datagram that begins with a ServerHello, with another byte in its middle. */
function changed(event: TraceEvent): TraceEvent {
  if (event.kind !== 'datagram' || event.bytes[13] !== 2) return event;
  const bytes = event.bytes.slice();
  bytes[200] = (bytes[200] ?? 0) ^ 0xff;
  return { ...event, bytes };
}
