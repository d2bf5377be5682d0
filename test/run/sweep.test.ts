import { describe, expect, it } from 'vitest';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { runSweep, type Sample, type Shaken, shakeSimulated } from '../../src/run/index.ts';
import { bisect } from '../../src/run/sweep/bisect.ts';
import {
  type CellResult,
  readSweepFile,
  type Scenario,
  type SearchPoint,
  type SweepPlan,
} from '../../src/scenario/index.ts';
import { parseScenarioText } from '../../src/scenario/yaml/parse.ts';

function plan(...lines: readonly string[]): SweepPlan {
  const parsed = parseScenarioText(['version: 1', 'target: sim', ...lines].join('\n'));
  const read = parsed.ok
    ? readSweepFile(parsed.root, { env: () => undefined, file: (path) => ({ path, found: true }) })
    : parsed;
  if (!read.ok) throw new Error(read.problems.map(({ what }) => what).join('\n'));
  return read.plan;
}
const cells = (of: SweepPlan): readonly number[] => of.scenarios.map((_, at) => at + 1);

const good: Sample = {
  outcome: 'established',
  unmet: [],
  timeMs: 40,
  datagrams: 6,
  retransmissions: 0,
  findings: [],
  verdict: 'Established.',
  commandLine: undefined,
};
const stalled: Sample = {
  ...good,
  outcome: 'stalled',
  unmet: ['the outcome should be established, and is stalled'],
  timeMs: undefined,
  verdict: 'Stalled.',
  findings: [{ id: 'flight-lost', severity: 'error', title: 'A flight never arrived' }],
};
const passing = (holds: boolean): Shaken<string> => ({ ok: true, sample: holds ? good : stalled, kept: 'trace' });

/** Runs a plan over handshakes that somebody made up. */
async function run(
  of: SweepPlan,
  shake: (scenario: Scenario) => Shaken<string>,
  { stopAfter = Number.POSITIVE_INFINITY, jobs = 1, of: which = cells(of) } = {},
) {
  const results: CellResult[] = [];
  const kept: number[] = [];
  let made = 0;
  await runSweep<string>({
    plan: of,
    cells: which,
    jobs,
    shake: async (scenario) => shake(scenario),
    breathe: () => Promise.resolve(),
    stopped: () => made >= stopAfter,
    made: () => made++,
    done: (result) => results.push(result),
    keep: (cell) => {
      kept.push(cell);
      return [`${cell}.sqlog`];
    },
  });
  return { results, kept, made };
}

describe('a sweep that runs', () => {
  it('counts what the handshakes of each cell came to', async () => {
    const of = plan('sweep: { mtu: [300, 400], seeds: 4 }');
    const { results, kept } = await run(of, ({ options: { mtu, seed } }) => passing(mtu === 400 || seed % 2 === 0));
    expect(results).toEqual([
      {
        cell: 1,
        made: 4,
        asExpected: 2,
        outcomes: { established: 2, stalled: 2 },
        timeMs: { least: 40, median: 40, p95: 40, most: 40 },
        datagrams: { least: 6, median: 6, p95: 6, most: 6 },
        retransmissions: { least: 0, median: 0, p95: 0, most: 0 },
        findings: [{ id: 'flight-lost', severity: 'error', title: 'A flight never arrived', count: 2, leads: 2 }],
        bad: {
          seed: 1,
          outcome: 'stalled',
          unmet: ['the outcome should be established, and is stalled'],
          verdict: 'Stalled.',
          commandLine: null,
        },
        error: null,
        traces: ['1.sqlog'],
        search: null,
      },
      expect.objectContaining({ cell: 2, made: 4, asExpected: 4, bad: null, traces: [] }),
    ]);
    expect(kept).toEqual([1]);
  });

  it('names first what explains most of what went amiss, not what is in every handshake or in few', async () => {
    const warning = { id: 'weak-parameters', severity: 'warning', title: 'Weak' } as const;
    const [lost] = stalled.findings;
    const rare = { id: 'peer-silent', severity: 'error', title: 'Silent' } as const;
    const { results } = await run(plan('sweep: { mtu: [300], seeds: 10 }'), ({ options: { seed } }) => {
      if (seed > 4) return { ok: true, sample: { ...good, findings: [warning] }, kept: '' };
      const first = seed === 1 ? rare : lost;
      return { ok: true, sample: { ...stalled, findings: first ? [first, warning] : [] }, kept: '' };
    });
    expect(results[0]?.findings.map(({ id, count, leads }) => [id, count, leads])).toEqual([
      ['flight-lost', 3, 3],
      ['peer-silent', 1, 1],
      ['weak-parameters', 10, 0],
    ]);
  });

  it('stops before the next handshake, and gives no result of a cell that is not whole', async () => {
    const { results, made } = await run(plan('sweep: { mtu: [300, 400], seeds: 4 }'), () => passing(true), {
      stopAfter: 6,
    });
    expect(results.map(({ cell }) => cell)).toEqual([1]);
    expect(made).toBe(6);
  });

  it('ends a cell whose handshakes can not be made, and goes on with the next', async () => {
    const error = { kind: 'usage', message: 'these settings can not work' } as const;
    const { results } = await run(plan('sweep: { mtu: [300, 400], seeds: 4 }'), ({ options: { mtu } }) =>
      mtu === 300 ? { ok: false, error } : passing(true),
    );
    expect(results.map((one) => [one.made, one.error])).toEqual([
      [0, error],
      [4, null],
    ]);
  });

  it('says that nobody was there, which is no answer', async () => {
    const refused: Shaken<string> = { ok: true, sample: { ...stalled, outcome: 'refused' }, kept: '' };
    const { results } = await run(plan('sweep: { mtu: [300] }'), () => refused);
    expect(results[0]?.error).toEqual({
      kind: 'infrastructure',
      message: 'there was nobody to shake hands with: refused',
    });
  });

  it('opens as many at once as the scenario says, each with a seed of its own', async () => {
    const seeds: number[] = [];
    const { results } = await run(plan('parallel: 3', 'seed: 10', 'sweep: { mtu: [300], seeds: 2 }'), ({ options }) => {
      seeds.push(options.seed);
      return passing(true);
    });
    expect(seeds).toEqual([10, 11, 12, 13, 14, 15]);
    expect(results[0]?.made).toBe(6);
  });

  it('finds a threshold in each cell', async () => {
    const of = plan('sweep: { packing: [packed, record], bisect: { mtu: { from: 200, to: 1500 } } }');
    const { results } = await run(of, ({ options: { mtu, packing } }) =>
      passing(packing === 'packed' ? mtu >= 811 : mtu <= 1232),
    );
    expect(results.map(({ search }) => search?.changes)).toEqual([
      [{ below: 810, above: 811, passes: 'above' }],
      [{ below: 1232, above: 1233, passes: 'below' }],
    ]);
  });
});

describe('a simulated sweep', () => {
  const shake = (of: SweepPlan) => (scenario: Scenario) =>
    shakeSimulated({
      scenario,
      expectation: of.expectation,
      tool: 'test',
      crypto: nobleProvider,
      reading: nodeProvider,
      credentials: () => Promise.reject(new Error('no certificate is to be made')),
    });
  const simulated = async (of: SweepPlan, which: readonly number[]): Promise<readonly CellResult[]> => {
    const results: CellResult[] = [];
    await runSweep({
      plan: of,
      cells: which,
      shake: shake(of),
      breathe: () => Promise.resolve(),
      stopped: () => false,
      done: (result) => results.push(result),
    });
    return results;
  };

  it('counts what was to be done after the handshake, too', async () => {
    const of = plan('expect: established', 'sweep: { steps: [["send=100,echo=1s"], ["wait=10ms"]] }');
    const results = await simulated(of, cells(of));
    expect(results.map(({ asExpected, outcomes }) => [asExpected, outcomes])).toEqual([
      [1, { established: 1 }],
      // The simulated peer says nothing by itself.
      [0, { established: 1 }],
    ]);
    expect(results[1]?.bad?.unmet).toHaveLength(1);
  });

  it('has its certificates made with test keys, which are the same everywhere', async () => {
    const of = plan('sweep: { certGen: ["ecdsa-p256,size=3000", "ecdsa-p256,chain=2,expired"] }');
    expect((await simulated(of, cells(of))).map(({ outcomes }) => outcomes)).toEqual([
      { established: 1 },
      { established: 1 },
    ]);
  });

  it('is the same in shards as in one piece', async () => {
    const of = plan('versions: "1.2"', 'sweep: { mtu: [300, 1200], link: ["loss=30%", "mtu=600"] }');
    const whole = await simulated(of, cells(of));
    const parts = [...(await simulated(of, [4, 2])), ...(await simulated(of, [3, 1]))];
    expect(JSON.stringify([...parts].sort((a, b) => a.cell - b.cell))).toBe(JSON.stringify(whole));
    expect(whole.map(({ cell, made }) => `${cell}: ${made}`)).toEqual(['1: 1', '2: 1', '3: 1', '4: 1']);
  });
});

/** Bisects a row of which `passes` tells. */
async function search(count: number, passes: (index: number) => boolean) {
  const tried: number[] = [];
  const found = await bisect(count, async (index): Promise<SearchPoint> => {
    tried.push(index);
    return { value: index, made: 1, asExpected: passes(index) ? 1 : 0, passes: passes(index) };
  });
  return { tried, found };
}

describe('looking for a threshold', () => {
  it.each([0, 1, 2, 499, 500, 997, 998])('finds it wherever it is: %i of 1000', async (last) => {
    const { tried, found } = await search(1000, (index) => index <= last);
    expect(found?.changes).toEqual([{ below: last, above: last + 1, passes: 'below' }]);
    expect(tried.length).toBeLessThan(25);
    expect(new Set(tried).size).toBe(tried.length);
  });

  it('finds none where everything passes, and has looked at more than the ends', async () => {
    const { tried, found } = await search(1000, () => true);
    expect(found?.changes).toEqual([]);
    expect(tried.length).toBe(9);
  });

  it('tells all changes where the outcome goes back and forth', async () => {
    const { found } = await search(1000, (index) => index < 300 || (index > 410 && index < 900));
    expect(found?.changes.map(({ below, passes }) => [below, passes])).toEqual([
      [299, 'below'],
      [410, 'above'],
      [899, 'below'],
    ]);
  });

  it('notices a single exception beside the threshold', async () => {
    const { found } = await search(1000, (index) => index <= 500 && index !== 499);
    expect(found?.changes.map(({ below, passes }) => [below, passes])).toEqual([
      [498, 'below'],
      [499, 'above'],
      [500, 'below'],
    ]);
  });

  it('follows only so many changes of what is noise', async () => {
    const { tried, found } = await search(10_000, (index) => (index * 2_654_435_761) % 7 < 3);
    expect(found?.unfollowed).toBe(true);
    expect(tried.length).toBeLessThan(200);
  });

  it('ends with no answer when it is stopped', async () => {
    let left = 5;
    const found = await bisect(100, async (value) =>
      left-- > 0 ? { value, made: 1, asExpected: 1, passes: true } : undefined,
    );
    expect(found).toBeUndefined();
  });

  it('takes a row of two', async () => {
    const { found } = await search(2, (index) => index === 1);
    expect(found?.changes).toEqual([{ below: 0, above: 1, passes: 'above' }]);
  });
});
