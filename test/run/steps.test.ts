/** Steps after the handshake, in simulation and between two runs of the driver on a virtual clock. */
import { describe, expect, it } from 'vitest';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import { stepText } from '../../src/diagnosis/steps.ts';
import { simulate, simulationCredentials, simulationFor } from '../../src/run/index.ts';
import { describeProblem, type GivenOptions, readScenario } from '../../src/scenario/index.ts';
import type { Trace, TraceEvent } from '../../src/trace/model.ts';
import { toSqlog } from '../../src/trace/qlog/write.ts';
import { snapshotOf } from '../support/reading.ts';
import { clientConfig, MemoryNetwork, runOver, serverConfig } from './memory.ts';

const simulation = (given: GivenOptions, target = 'sim'): Trace => {
  const read = readScenario('probe', target, given);
  if (!read.ok) throw new Error(read.problems.map(describeProblem).join('\n'));
  const { ours = [], theirs } = simulationCredentials(read.value.options);
  return simulate(simulationFor(read.value, 'test', ours, theirs, nobleProvider));
};
const only = <K extends TraceEvent['kind']>({ events }: Pick<Trace, 'events'>, kind: K) =>
  events.filter((event): event is Extract<TraceEvent, { kind: K }> => event.kind === kind);
/** "1 done echoed": number, state and result of each end of a step. */
const ends = (trace: Pick<Trace, 'events'>): string[] =>
  only(trace, 'step').flatMap((event) =>
    event.state === 'begun' ? [] : [`${event.number} ${event.state} ${event.result.kind}`],
  );
const findings = (trace: Trace): string[] =>
  snapshotOf(trace).handshakes.flatMap((handshake) => diagnose(handshake).findings.map(({ id }) => id));
const outcomes = (trace: Trace): string[] =>
  snapshotOf(trace).handshakes.map((handshake) => diagnose(handshake).outcome);

const v12 = { versions: ['1.2'] };
const v13 = { versions: ['1.3'] };

describe('a simulated run', () => {
  it.each([v12, v13])(
    'does its steps in their order, and says of each when it began and how it ended: %j',
    (version) => {
      const trace = simulation({
        ...version,
        steps: ['send=1000,echo', 'send="a, b"', 'wait=1s,for="a, b"', 'idle=2s'],
      });
      expect(ends(trace)).toEqual(['1 done echoed', '2 done sent', '3 done received', '4 done idled']);
      expect(only(trace, 'step').map(({ number, state }) => `${number} ${state}`)).toEqual(
        [1, 2, 3, 4].flatMap((number) => [`${number} begun`, `${number} done`]),
      );
      expect(only(trace, 'data').map(({ actor, direction, length }) => `${actor} ${direction} ${length}`)).toEqual(
        [1000, 4].flatMap((n) => [
          `client sent ${n}`,
          `server received ${n}`,
          `server sent ${n}`,
          `client received ${n}`,
        ]),
      );
      // It lingers behind the last of them, and then closes.
      const closed = only(trace, 'closed')[0]?.at ?? 0;
      expect(closed - (only(trace, 'step').at(-1)?.at ?? 0)).toBe(1000);
      expect(outcomes(trace)).toEqual(['established']);
    },
  );

  it('is the same byte for byte, with steps too, and its file reads back', () => {
    const given = { link: ['loss=20%'], steps: ['send=100,echo', 'key-update,ask', 'restart,resume', 'send=3,echo'] };
    const file = () => toSqlog(simulation(given), { withKeys: true });
    expect(file()).toBe(file());
  });

  it('changes its keys, with and without asking the peer for its own', () => {
    const trace = simulation({ ...v13, steps: ['key-update', 'send=5,echo', 'key-update,ask', 'send=6,echo'] });
    expect(ends(trace)).toEqual(['1 done updated', '2 done echoed', '3 done updated', '4 done echoed']);
    expect(only(trace, 'step').flatMap((event) => (event.state === 'done' ? [event.result] : []))).toMatchObject([
      { epoch: 4, peerEpoch: undefined },
      {},
      { epoch: 5, peerEpoch: 4 },
      {},
    ]);
  });

  it('repeats a KeyUpdate that is lost, and its ACK, but no application data', () => {
    for (const rule of ['out:drop=4', 'in:drop=4'])
      expect(ends(simulation({ ...v13, link: [rule], steps: ['key-update'] })), rule).toEqual(['1 done updated']);
    for (const rule of ['out:drop=4', 'in:drop=4']) {
      const trace = simulation({ ...v13, link: [rule], steps: ['send=1000,echo', 'send=1000,echo'] });
      expect(ends(trace), rule).toEqual(['1 failed no-echo', '2 done echoed']);
      expect(
        only(trace, 'data').filter(({ actor, direction }) => actor === 'client' && direction === 'sent'),
      ).toHaveLength(2);
      expect(findings(trace)).toContain('step-failed');
      expect(outcomes(trace)).toEqual(['established']);
    }
  });

  it('changes its keys under loss every time, and loses as much data as the link takes', () => {
    let echoed = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const trace = simulation({
        ...v13,
        link: ['loss=25%'],
        seed: [String(seed)],
        timeout: ['300s'],
        steps: ['key-update,ask,within=200s', 'send=5,echo'],
      });
      expect(ends(trace)[0], `seed ${seed}`).toBe('1 done updated');
      if (ends(trace)[1] === '2 done echoed') echoed++;
    }
    // Two ways at 25 % each leave 56 %.
    expect(echoed).toBeGreaterThan(5);
    expect(echoed).toBeLessThan(17);
  });

  it('says why a step can not be done', () => {
    expect(ends(simulation({ mtu: ['300'], steps: ['send=290', 'send=290,above-mtu,echo'] }))).toEqual([
      '1 failed too-large',
      '2 done echoed',
    ]);
    const [step] = snapshotOf(simulation({ steps: ['send=1000,echo=5ms'] })).handshakes[0]?.steps ?? [];
    expect(step && stepText(step)).toBe(
      'step 1 (send=1000,echo=5ms) failed: the echo of 1000 bytes did not come within 5 ms',
    );
  });

  it('begins anew on a live association, and behind a close; a session is offered when there is one', () => {
    for (const version of [v12, v13]) {
      const trace = simulation({
        ...version,
        steps: ['restart', 'send=5,echo', 'close,answer', 'idle=1s', 'restart,resume', 'send=6,echo'],
      });
      expect(ends(trace)).toEqual([
        ...[
          '1 done restarted',
          '2 done echoed',
          '3 done answered',
          '4 done idled',
          '5 done restarted',
          '6 done echoed',
        ],
      ]);
      const restarts = only(trace, 'step').flatMap((event) => (event.state === 'done' ? [event.result] : []));
      expect(restarts[0]).toMatchObject({ offered: false, resumed: false });
      expect(restarts[4]).toMatchObject({ offered: true, resumed: true });
      expect(outcomes(trace)).toEqual(['established', 'established', 'established']);
      expect(snapshotOf(trace).handshakes.map(({ steps }) => steps.map(({ number }) => number))).toEqual([
        [1],
        [2, 3, 4, 5],
        [6],
      ]);
      expect(findings(trace)).not.toContain('record-number-reused');
    }
  });

  it('takes what is left of an association for that of no other', () => {
    const trace = simulation({ ...v12, steps: ['send=5,echo=5ms', 'close', 'restart', 'wait=1s'] });
    expect(ends(trace)).toEqual(['1 failed no-echo', '2 done closed', '3 done restarted', '4 failed no-data']);
    expect(findings(trace)).not.toContain('record-number-reused');
  });

  it('finds a peer that ignores a new ClientHello, and goes on to say that nothing can be done any more', () => {
    for (const version of [v12, v13]) {
      const trace = simulation({ ...version, steps: ['restart,within=8s', 'send=5,echo'] }, 'sim:live-hello-ignored');
      expect(ends(trace)).toEqual(['1 failed no-handshake', '2 failed over']);
      expect(outcomes(trace)).toEqual(['established', 'no-answer']);
      expect(findings(trace)).toContain('stale-association');
    }
  });

  it('is cut short by its own time', () => {
    const trace = simulation({ timeout: ['5s'], steps: ['wait=100s', 'send=5'] });
    expect(ends(trace)).toEqual(['1 failed cut-short']);
    expect(only(trace, 'end')[0]?.why).toBe('the time of 5000 ms was up');
  });

  it('does nothing after a handshake that failed', () => {
    const trace = simulation({ steps: ['send=5,echo'], groups: ['secp384r1'], timeout: ['5s'] }, 'sim:no-common-group');
    expect(only(trace, 'step')).toEqual([]);
  });
});

describe('a run over a network', () => {
  const meet = (steps: readonly string[], more: { readonly echo?: boolean; readonly version?: '1.2' | '1.3' } = {}) => {
    const read = readScenario('probe', '192.0.2.1:4433', { steps, timeout: ['60min'] });
    if (!read.ok) throw new Error(read.problems.map(describeProblem).join('\n'));
    const network = new MemoryNetwork();
    const versions = [more.version ?? '1.3'] as const;
    const server = runOver(network, network.socket('server', 'client'), {
      config: { ...serverConfig, versions },
      echo: more.echo ?? true,
      lingerMs: 60_000,
      timeoutMs: 3_600_000,
    });
    const client = runOver(network, network.socket('client', 'server'), {
      config: { ...clientConfig, versions },
      steps: read.value.options.steps,
      timeoutMs: 600_000,
    });
    return { network, server, client };
  };

  it.each(['1.2', '1.3'] as const)(
    'does the same steps, and the peer that echoes tells what it gave back: %s',
    (version) => {
      const steps = [
        'send=1000,echo',
        'idle=30s',
        'send=ping,echo',
        ...(version === '1.3' ? ['key-update,ask'] : []),
        'close,answer',
      ];
      const { network, client, server } = meet(steps, { version });
      network.run();
      const updated = version === '1.3' ? ['4 done updated', '5 done answered'] : ['4 done answered'];
      expect(ends(client)).toEqual(['1 done echoed', '2 done idled', '3 done echoed', ...updated]);
      expect(only(server, 'data').map(({ direction, length }) => `${direction} ${length}`)).toEqual([
        ...['received 1000', 'sent 1000', 'received 4', 'sent 4'],
      ]);
      expect(client.events.at(-1)).toMatchObject({ kind: 'end', how: 'done', why: undefined });
    },
  );

  it('keeps an echoing server for as long as data comes', () => {
    const { network, client, server } = meet(['idle=50s', 'send=1,echo', 'idle=50s', 'send=2,echo']);
    network.run();
    expect(ends(client)).toEqual(['1 done idled', '2 done echoed', '3 done idled', '4 done echoed']);
    expect(server.events.at(-1)?.at).toBeGreaterThan(100_000);
  });

  it('tells a step that the peer’s end cuts short', () => {
    const { network, client } = meet(['wait=300s', 'send=5,echo'], { echo: false });
    network.run();
    // The server lingers for a minute, and closes.
    expect(ends(client)).toEqual(['1 failed over', '2 failed over']);
    expect(only(client, 'step').at(-1)).toMatchObject({ result: { why: 'the peer closed the association' } });
  });

  it('tells a step that somebody stops', () => {
    const { network, client } = meet(['idle=300s', 'send=5,echo']);
    network.run(1000);
    client.run.stop();
    expect(ends(client)).toEqual(['1 failed cut-short']);
    expect(client.events.at(-1)).toMatchObject({ kind: 'end', how: 'done' });
  });
});
