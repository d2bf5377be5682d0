import { describe, expect, it } from 'vitest';
import {
  cellAt,
  cellName,
  coordinatesOf,
  differenceOf,
  type ReadSweep,
  readScenarioFile,
  readSweepFile,
  type Surroundings,
  type SweepPlan,
  spreadOf,
  wilson,
} from '../../src/scenario/index.ts';
import { parseScenarioText } from '../../src/scenario/yaml/parse.ts';

const around: Surroundings = {
  env: (name) => (name === 'TOKEN' ? 's3cret' : undefined),
  file: (path) => ({ path, found: true }),
};
const start = 'version: 1\ntarget: sim\n';

function read(text: string): ReadSweep {
  const parsed = parseScenarioText(text);
  return parsed.ok ? readSweepFile(parsed.root, around) : parsed;
}
function plan(text: string): SweepPlan {
  const answer = read(text);
  if (!answer.ok) throw new Error(answer.problems.map(({ what }) => what).join('\n'));
  return answer.plan;
}
const problems = (text: string): readonly string[] => {
  const answer = read(text);
  if (answer.ok) throw new Error('accepted');
  return answer.problems.map(({ at, what }) => `${at.line}:${at.column}: ${what}`);
};

describe('a sweep', () => {
  it('has a cell for every combination, the last axis fastest', () => {
    const { shape, scenarios } = plan(`${start}sweep:\n  mtu: [300, 1200]\n  packing: [packed, record, flight]\n`);
    expect(scenarios.map(({ options }) => `${options.mtu} ${options.packing}`)).toEqual([
      '300 packed',
      '300 record',
      '300 flight',
      '1200 packed',
      '1200 record',
      '1200 flight',
    ]);
    expect(cellName(shape, 5)).toBe('mtu 1200, packing record');
    for (let cell = 1; cell <= 6; cell++) expect(cellAt(shape, coordinatesOf(shape, cell))).toBe(cell);
  });

  it('takes values as a scenario does: lists, nothing, and groups with a label', () => {
    const { shape, scenarios } = plan(
      [
        `${start}fragment: 100`,
        'sweep:',
        '  versions: ["1.2", ["1.3", "1.2"]]',
        '  link: [[], "loss=5%", { label: both, value: ["loss=5%", "mtu=1000"] }]',
        '  fragment: [null, 200]',
      ].join('\n'),
    );
    expect(shape.axes.map(({ values }) => values.map(({ label }) => label))).toEqual([
      ['1.2', '1.3 + 1.2'],
      ['none', 'loss=5%', 'both'],
      ['default', '200'],
    ]);
    const last = scenarios.at(-1)?.options;
    expect(last).toMatchObject({ versions: ['1.3', '1.2'], fragment: 200 });
    expect(last?.link).toHaveLength(2);
    expect(scenarios[0]?.options).toMatchObject({ link: [], fragment: undefined });
  });

  it('takes ranges by step and by factor, also inside a text', () => {
    const { shape, scenarios } = plan(
      [
        start,
        'sweep:',
        '  mtu: { from: 300, to: 1000, step: 350 }',
        '  certGen: { from: 1000, to: 8000, factor: 2, text: "ecdsa-p256,size={}", label: "{} B" }',
        '  link: { from: 0, to: 0.4, step: 0.2, text: ["loss={}%", "delay=20ms"] }',
        '  rto: { from: 100ms, to: 1s, factor: 10 }',
      ].join('\n'),
    );
    expect(shape.axes.map(({ values }) => values.map(({ label }) => label))).toEqual([
      ['300', '650', '1000'],
      ['1000 B', '2000 B', '4000 B', '8000 B'],
      ['loss=0% + delay=20ms', 'loss=0.2% + delay=20ms', 'loss=0.4% + delay=20ms'],
      ['100', '1000'],
    ]);
    expect(scenarios.at(-1)?.options).toMatchObject({ mtu: 1000, certGen: 'ecdsa-p256,size=8000', rto: 1000 });
  });

  it('varies fields that belong together under a name of their own', () => {
    const { shape, scenarios } = plan(
      [
        start,
        'sweep:',
        '  stack:',
        '    - { label: old, versions: "1.2", certGen: rsa-2048 }',
        '    - { versions: "1.3", target: "sim:hello-in-one-piece" }',
      ].join('\n'),
    );
    expect(shape.axes[0]?.values.map(({ label }) => label)).toEqual([
      'old',
      'versions 1.3, target sim:hello-in-one-piece',
    ]);
    expect(scenarios.map(({ options, target }) => [options.certGen, target?.kind === 'sim' && target.quirks])).toEqual([
      ['rsa-2048', []],
      [undefined, ['hello-in-one-piece']],
    ]);
  });

  it('counts its handshakes by seeds, or by the repeat of the scenario', () => {
    expect(plan(`${start}sweep: { mtu: [300], seeds: 50 }`).shape.rounds).toBe(50);
    expect(plan(`${start}repeat: 7\nsweep: { mtu: [300] }`).shape.rounds).toBe(7);
  });

  it('knows whether anything is expected of it', () => {
    expect(plan(`${start}sweep: { mtu: [300] }`).shape).toMatchObject({ explores: true, expected: 'established' });
    expect(plan(`${start}expect: stalled\nsweep: { mtu: [300] }`).shape).toMatchObject({
      explores: false,
      expected: 'stalled',
    });
  });

  it('looks for a threshold along one field, with the others as cells', () => {
    const { shape, searched } = plan(
      `${start}sweep:\n  packing: [packed, record]\n  bisect: { mtu: { from: 200, to: 1500, step: 10 }, passRate: 95% }\n`,
    );
    expect(shape.bisect).toEqual({ name: 'mtu', from: 200, to: 1500, step: 10, text: null, passRate: 0.95 });
    const found = searched(2, 750);
    expect(typeof found === 'string' ? found : found.options).toMatchObject({ mtu: 750, packing: 'record' });
  });

  it('has no secret in what it is told apart by', () => {
    const { shape, scenarios } = plan(
      'version: 1\ntarget: whip:https://g.example/w\ntoken: { env: TOKEN }\nsweep: { mtu: [300] }',
    );
    expect(scenarios[0]?.options.token).toBe('s3cret');
    expect(JSON.stringify(shape)).not.toContain('s3cret');
  });

  it('is no scenario for run, and a scenario is no sweep', () => {
    const parsed = parseScenarioText(`${start}sweep: { mtu: [300] }`);
    const answer = parsed.ok ? readScenarioFile(parsed.root, around) : parsed;
    expect(answer.ok ? [] : answer.problems.map(({ what }) => what)).toEqual([
      '"sweep" makes this a matrix of scenarios: dtlscope sweep runs it',
    ]);
    expect(problems(start)).toEqual([
      '1:1: "sweep" is missing: it says what to vary, as in sweep: { mtu: [300, 1200] }',
    ]);
  });
});

describe('a mistake in a sweep', () => {
  it.each([
    ['sweep: 5', ['3:8: sweep: is a number, and should be a group: a field and its values each']],
    ['sweep: {}', ['3:8: sweep: varies nothing']],
    [
      'sweep: { mut: [300] }',
      ['3:10: "mut" is not a field (did you mean mtu?); an axis with a name of its own has a list of groups of fields'],
    ],
    ['sweep: { mtu: 300 }', ['3:15: mtu: is a number, and should be a list of values, or a range: { from, to, step }']],
    ['sweep: { mtu: [] }', ['3:15: mtu: has no values']],
    ['sweep: { mtu: [300, 300] }', ['3:21: mtu: "300" is there twice']],
    ['sweep: { mtu: [300, 20] }', ['3:21: mtu: "20" is too small; allowed: 64 to 65507 bytes']],
    ['sweep: { mtu: { from: 300, to: 200, step: 10 } }', ['3:15: mtu: ends, at 200, before it begins, at 300']],
    [
      'sweep: { mtu: { from: 300, to: 400 } }',
      ['3:15: a range goes by a step or a factor, as in { from: 300, to: 1500, step: 100 }'],
    ],
    ['sweep: { mtu: { from: 300, to: 400, step: 0 } }', ['3:15: mtu: a step is more than 0']],
    ['sweep: { mtu: { from: 300, to: x, step: 1 } }', ['3:32: mtu.to: "x" is no number']],
    ['sweep: { mtu: { from: 1, to: 9, steps: 1 } }', ['3:33: mtu: "steps" is not a field (did you mean step?)']],
    [
      'sweep: { certGen: { from: 1, to: 9, step: 1 } }',
      ['3:19: certGen: is no number; say where in its text one goes, as in text: "ecdsa-p256,size={}"'],
    ],
    [
      'sweep: { link: { from: 1, to: 9, step: 1, text: "loss=5%" } }',
      ['3:49: link.text: is a text, or a list of texts, with {} where the number goes, as in "loss={}%"'],
    ],
    ['sweep: { repeat: [1, 2] }', ['3:10: repeat: can not be varied; seeds says how many handshakes a cell has']],
    [
      'repeat: 3\nsweep: { mtu: [300], seeds: 4 }',
      ['3:1: repeat: says what seeds says already, how many handshakes a cell has'],
    ],
    ['sweep: { mtu: [300], seeds: 0 }', ['3:29: seeds: "0" is no number of handshakes for a cell, from 1 to 100000']],
    ['sweep: { mtu: [300], both: [{ mtu: 400 }] }', ['3:29: mtu: is set by mtu already']],
    ['sweep: { both: [{ mtu: 400, mut: 1 }] }', ['3:29: both: "mut" is not a field (did you mean mtu?)']],
    ['sweep: { mtu: { from: 100, to: 30000, step: 1 } }', ['3:15: has more than 10000 values']],
    [
      'sweep: { mtu: { from: 100, to: 1000, step: 1 }, rto: { from: 100, to: 1000, step: 1 } }',
      ['3:8: sweep: these are 811801 cells; at most 10000 are run'],
    ],
    [
      'sweep: { mtu: { from: 100, to: 250, step: 1 }, seeds: 100000 }',
      ['3:8: sweep: these are more than 10000000 handshakes; that is the most that is made'],
    ],
    [
      'sweep: { bisect: { mtu: [300, 400] } }',
      ['3:25: bisect.mtu: is a list, and should be a range: { from, to, step }'],
    ],
    [
      'sweep: { bisect: { mtu: { from: 300, to: 400 }, rto: { from: 1, to: 2 } } }',
      ['3:10: bisect: looks along one field, as in bisect: { mtu: { from: 200, to: 1500 } }'],
    ],
    [
      'sweep: { bisect: { mtu: { from: 300, to: 400 }, passRate: 5 } }',
      ['3:59: bisect.passRate: "5" is no share of the handshakes, as 95%'],
    ],
    [
      'sweep: { bisect: { mtu: { from: 300, to: 70000 } } }',
      ['3:25: mtu: "70000" is too large; allowed: 64 to 65507 bytes'],
    ],
    [
      'until: stalled\nsweep: { mtu: [300] }',
      ['3:1: until: has no place in a sweep, where every cell has all its handshakes made'],
    ],
  ])('is told by its place: %s', (text, told) => {
    expect(problems(start + text)).toEqual(told);
  });

  it('is told with the cell when it takes two values to be one', () => {
    expect(problems(`${start}sweep:\n  mtu: [300, 1200]\n  fragment: [100, 500]\n`)).toEqual([
      '5:19: fragment: "500" is more than the MTU, 300 bytes (where mtu 300, fragment 500)',
    ]);
  });
});

describe('two plans', () => {
  const { shape } = plan(`${start}sweep: { mtu: [300, 400], seeds: 3 }`);
  it.each([
    [`${start}sweep: { mtu: [300, 400], seeds: 3 }`, undefined],
    [`name: other\n${start}sweep: { mtu: [300, 400], seeds: 3 }`, undefined],
    [`${start}rto: 5\nsweep: { mtu: [300, 400], seeds: 3 }`, 'rto was not set, and is 5'],
    [`${start}sweep: { mtu: [300, 500], seeds: 3 }`, 'the axis mtu has other values'],
    [`${start}sweep: { rto: [300, 500], seeds: 3 }`, 'its axes were mtu, and are rto'],
    [`${start}sweep: { mtu: [300, 400], seeds: 4 }`, 'a cell had 3 handshakes, and has 4'],
  ])('differ in what makes results of one none of the other', (text, difference) => {
    expect(differenceOf(shape, plan(text).shape)).toBe(difference);
  });
});

describe('the figures of a cell', () => {
  it('are figures that occurred', () => {
    expect(spreadOf([])).toBeNull();
    expect(spreadOf([7])).toEqual({ least: 7, median: 7, p95: 7, most: 7 });
    expect(spreadOf(Array.from({ length: 100 }, (_, at) => 100 - at))).toEqual({
      least: 1,
      median: 50,
      p95: 95,
      most: 100,
    });
  });

  // Figures of the R function binom::binom.confint(methods = "wilson").
  it.each([
    [37, 50, 0.6045, 0.8413],
    [0, 10, 0, 0.2775],
    [10, 10, 0.7225, 1],
  ])('have an interval for their rate: %i of %i', (asExpected, made, low, high) => {
    const interval = wilson({ made, asExpected });
    expect(interval.low).toBeCloseTo(low, 3);
    expect(interval.high).toBeCloseTo(high, 3);
  });
});
