import { describe, expect, it } from 'vitest';
import { Checks } from '../../background/checks.ts';
import { BridgeError, type RunRequest, type RunSummary } from '../../src/bridge/panel.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { checks as table } from '../../src/run/check/index.ts';
import type { Trace } from '../../src/trace/model.ts';
import { FakeRun } from './fakeRun.ts';

function setUp(ids: readonly string[]) {
  const due: (() => void)[] = [];
  const started: FakeRun[] = [];
  const kept: { readonly name: string; readonly trace: Trace }[] = [];
  let jobs = 0;
  const checks = new Checks({
    start: async () => {
      const run = new FakeRun();
      started.push(run);
      return run;
    },
    credentials: async () => [],
    crypto: nobleProvider,
    schedule: (_ms, wake) => {
      due.push(wake);
      return () => {};
    },
    now: () => 0,
    keep: async (name, trace) => {
      kept.push({ name, trace });
      return { id: 'kept' } as RunSummary;
    },
    busy: () => {
      jobs++;
      return () => void jobs--;
    },
    tool: 'dtlscope test',
    complain: (what, error) => {
      throw new Error(`${what}: ${error}`);
    },
    table: table.filter(({ id }) => ids.includes(id)),
  });
  const until = async (holds: () => boolean): Promise<void> => {
    for (let turns = 0; !holds(); turns++) {
      if (turns > 5000) throw new Error('it never came to that');
      due.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { checks, started, kept, until, jobs: () => jobs };
}

const sim = (target: string): RunRequest => ({ target, options: { versions: '1.2', groups: 'x25519' } });

describe('a check in the background', () => {
  it('says what it would try before it sends anything', () => {
    const { checks, started } = setUp(['retransmits']);
    const { checks: rows, cost } = checks.plan(false);
    expect(rows).toMatchObject([{ id: 'retransmits', section: 'Timers and repetition', demand: 'MUST' }]);
    expect(cost.handshakes).toBeGreaterThan(1);
    expect([started.length, checks.kept]).toEqual([0, undefined]);
  });

  it('judges a simulated peer, and shows the handshake that tells', async () => {
    const { checks, kept, until, jobs } = setUp(['retransmits']);
    checks.start(sim('sim:no-retransmission'), false);
    await until(() => checks.kept?.status.state === 'done');
    await until(() => jobs() === 0);
    expect(checks.kept?.results).toMatchObject([{ id: 'retransmits', status: 'fail' }]);
    const trial = checks.kept?.results[0]?.shown[0]?.trial ?? 0;
    expect(await checks.open(1, trial)).toEqual({ id: 'kept' });
    expect(kept[0]?.name).toMatch(/^sim:no-retransmission: /);
    expect(kept[0]?.trace.events.length).toBeGreaterThan(4);
    await expect(checks.open(1, 9999)).rejects.toThrow('not kept');
    await expect(checks.open(2, trial)).rejects.toThrow('This check is not here any more');
  });

  it('ends the trial that goes on when it is stopped, and begins no other', async () => {
    const { checks, started, until, jobs } = setUp(['retransmits']);
    checks.start({ target: '127.0.0.1:4433', options: {} }, false);
    await until(() => started.length === 1);
    checks.stop();
    expect([checks.kept?.status.state, started[0]?.stopped]).toEqual(['stopped', true]);
    await until(() => jobs() === 0);
    expect([started.length, checks.kept?.status.state]).toEqual([1, 'stopped']);
  });

  it('refuses what can not be checked, beside the option that says so', () => {
    const { checks } = setUp([]);
    const failure = (request: RunRequest): BridgeError['failure'] => {
      try {
        checks.start(request, false);
      } catch (error) {
        if (error instanceof BridgeError) return error.failure;
      }
      throw new Error('it was taken');
    };
    for (const target of ['page', 'sdp:', 'browser'])
      expect(failure({ target, options: {} }).problems?.[0]?.message, target).toContain('many handshakes');
    expect(failure({ target: 'sim', options: { role: 'server' } }).message).toContain('client');
    expect(failure({ target: 'sim', options: { mtu: '1' } }).problems?.[0]?.option).toBe('--mtu');
  });
});
