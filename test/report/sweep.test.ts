import { describe, expect, it } from 'vitest';
import { masker } from '../../src/report/addresses.ts';
import { sweepHtml } from '../../src/report/sweep/html.ts';
import { sweepMarkdown } from '../../src/report/sweep/markdown.ts';
import {
  caseOf,
  heatTables,
  rateText,
  type SweepReport,
  searchText,
  sweepTallyText,
} from '../../src/report/sweep/model.ts';
import {
  mergeSweeps,
  readState,
  type SweepPart,
  stateHead,
  stateLine,
  stateText,
} from '../../src/report/sweep/state.ts';
import { sweepSvg } from '../../src/report/sweep/svg.ts';
import { sweepText } from '../../src/report/sweep/text.ts';
import type { CellResult, SweepAxis, SweepShape } from '../../src/scenario/index.ts';

const axis = (name: string, ...labels: readonly string[]): SweepAxis => ({
  name,
  values: labels.map((label) => ({ label, fields: { [name]: label } })),
});
const shape: SweepShape = {
  name: 'Sizes',
  about: null,
  base: { target: '192.0.2.7:4433' },
  axes: [axis('mtu', '300', '1200'), axis('packing', 'packed', 'record', 'flight')],
  bisect: null,
  rounds: 50,
  expected: 'established',
  explores: true,
};
const cell = (number: number, asExpected: number, made = 50): CellResult => ({
  cell: number,
  made,
  asExpected,
  outcomes: {
    ...(asExpected > 0 && { established: asExpected }),
    ...(made > asExpected && { stalled: made - asExpected }),
  },
  timeMs: asExpected > 0 ? { least: 40, median: 43, p95: 1040, most: 3040 } : null,
  datagrams: { least: 6, median: 8, p95: 20, most: 30 },
  retransmissions: { least: 0, median: 0, p95: 2, most: 4 },
  findings:
    made > asExpected
      ? [
          {
            id: 'flight-lost',
            severity: 'error',
            title: 'A flight <b>',
            count: made - asExpected,
            leads: made - asExpected,
          },
        ]
      : [],
  bad:
    made > asExpected
      ? {
          seed: 7,
          outcome: 'stalled',
          unmet: ['the outcome should be established, and is stalled'],
          verdict: 'Stalled: 192.0.2.7:4433 said nothing.',
          commandLine: 'dtlscope probe 192.0.2.7:4433 --seed 7',
        }
      : null,
  error: null,
  traces: made > asExpected ? [`failed/cell-000${number}.sqlog`] : [],
  search: null,
});
const broken: CellResult = {
  ...cell(6, 0, 0),
  timeMs: null,
  datagrams: null,
  error: { kind: 'infrastructure', message: 'there was nobody to shake hands with: refused' },
};
const report: SweepReport = {
  file: 'sizes.yaml',
  shape,
  results: [cell(1, 50), cell(2, 37), cell(3, 0), cell(4, 49), cell(5, 12), broken],
};

const searched: SweepShape = {
  ...shape,
  axes: [axis('packing', 'packed', 'record')],
  bisect: { name: 'mtu', from: 200, to: 1500, step: 1, text: null, passRate: 1 },
  rounds: 1,
};
const point = (value: number, passes: boolean) => ({ value, passes, made: 1, asExpected: passes ? 1 : 0 });
const threshold: CellResult = {
  ...cell(1, 3, 5),
  search: {
    points: [point(200, false), point(810, false), point(811, true), point(1500, true)],
    changes: [{ below: 810, above: 811, passes: 'above' }],
    unfollowed: false,
  },
};
const backAndForth: CellResult = {
  ...cell(2, 3, 5),
  search: {
    points: [point(900, true), point(950, false), point(1000, true)],
    changes: [
      { below: 900, above: 950, passes: 'below' },
      { below: 950, above: 1000, passes: 'above' },
    ],
    unfollowed: false,
  },
};

describe('a sweep as text', () => {
  it('has a table with a sign and a count in each cell, and the figures of what did not always succeed', () => {
    expect(sweepText(report, { width: 100, colour: false })).toMatchInlineSnapshot(`
      "Sizes
      mtu \\ packing  packed   record   flight
      300            ✔ 50/50  ◑ 37/50  ✕ 0/50
      1200           ◕ 49/50  ◔ 12/50  ! nobody

      Time until established: median, and within which 95 % were:
      mtu \\ packing  packed         record         flight
      300            43 ms, 1.04 s  43 ms, 1.04 s  –
      1200           43 ms, 1.04 s  43 ms, 1.04 s  –

      ◑ mtu 300, packing record: 37/50, 74 % (60–85 %); 13 stalled; median 43 ms, 95 % within 1.04 s; 8
        datagrams; flight-lost in 13
        Kept: failed/cell-0002.sqlog
      ✕ mtu 300, packing flight: 0/50, 0 % (0–8 %); 50 stalled; 8 datagrams; flight-lost in 50
        Kept: failed/cell-0003.sqlog
      ◕ mtu 1200, packing packed: 49/50, 98 % (89–100 %); 1 stalled; median 43 ms, 95 % within 1.04 s; 8
        datagrams; flight-lost
        Kept: failed/cell-0004.sqlog
      ◔ mtu 1200, packing record: 12/50, 24 % (14–38 %); 38 stalled; median 43 ms, 95 % within 1.04 s; 8
        datagrams; flight-lost in 38
        Kept: failed/cell-0005.sqlog
      ! mtu 1200, packing flight: there was nobody to shake hands with: refused

      6 cells, 250 handshakes: 148 established; 1 of the cells in all of them; 1 cell could not be run.
      "
    `);
  });

  it('colours what the signs say, and says it in ASCII too', () => {
    const coloured = sweepText(report, { width: 100, colour: true });
    expect(coloured).toContain('\u001b[31m✕ 0/50');
    expect(coloured).toContain('\u001b[32m✔ 50/50');
    const ascii = sweepText(report, { width: 100, colour: false, ascii: true });
    expect(ascii).toMatch(/^[\n -~]*$/);
    expect(ascii).toContain('OK 50/50');
  });

  it('continues a table that is too wide below', () => {
    const wide: SweepReport = {
      ...report,
      shape: { ...shape, rounds: 1, axes: [axis('seed', ...Array.from({ length: 30 }, (_, at) => `value ${at}`))] },
    };
    const across = { ...wide, shape: { ...wide.shape, axes: [axis('mtu', '300'), ...wide.shape.axes] } };
    const lines = sweepText(across, { width: 80, colour: false }).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(lines.filter((line) => line.startsWith('mtu'))).toHaveLength(5);
  });

  it('names a threshold, and none where the outcome goes back and forth', () => {
    const text = sweepText(
      { ...report, shape: searched, results: [threshold, backAndForth] },
      { width: 120, colour: false },
    );
    expect(text).toContain('▲ ≥ 811');
    expect(text).toContain(
      'mtu: the smallest that passes is 811, the largest that fails is 810 (tried: 4 values from 200',
    );
    expect(text).toContain('not monotone: passes at 900, fails at 950, passes at 1000');
  });

  it('says so where there is nothing between the ends', () => {
    const all = {
      ...threshold,
      search: { points: [point(200, true), point(1500, true)], changes: [], unfollowed: false },
    };
    expect(searchText(all, searched)).toBe('mtu: passes everywhere it was tried, at 2 values from 200 to 1500');
  });
});

describe('the layout of a matrix', () => {
  it('has a table for each combination of the axes beyond two, with every cell once', () => {
    const three = { ...shape, axes: [axis('versions', '1.2', '1.3'), ...shape.axes] };
    const tables = heatTables(three);
    expect(tables.map(({ title }) => title)).toEqual(['versions 1.2', 'versions 1.3']);
    expect(tables[1]?.rows).toEqual([
      [7, 8, 9],
      [10, 11, 12],
    ]);
    expect(heatTables({ ...shape, axes: [] })).toMatchObject([{ title: '', rows: [[1]] }]);
    expect(heatTables({ ...shape, axes: [axis('mtu', '300', '400')] })).toMatchObject([{ rows: [[1], [2]] }]);
  });
});

describe('a rate', () => {
  it.each([
    [50, 50, '100 % (92–100 %)'],
    [37, 50, '74 % (60–85 %)'],
    [1, 1, '100 %'],
    [0, 0, '–'],
    [999, 1000, '99.9 % (99.4–100 %)'],
  ])('of %i in %i is told with its interval', (asExpected, made, text) => {
    expect(rateText({ asExpected, made })).toBe(text);
  });
});

describe('a sweep as a page', () => {
  const html = sweepHtml(report, 'masked');
  it('has cells that lead to their figures, and a section for each that did not always succeed', () => {
    expect(html).toContain('<td class="t-some"><a href="#cell-2" title="50 % and more">◑ 37/50</a></td>');
    expect(html).toContain('<section id="cell-2">');
    expect(html).toContain('<tr id="cell-1">');
    for (let number = 1; number <= 6; number++) expect(html.split(`id="cell-${number}"`)).toHaveLength(2);
    expect(html).toContain('<a href="failed/cell-0002.sqlog">');
  });
  it('has no script, no markup of strangers and no addresses', () => {
    expect(html).not.toMatch(/<script|<b>|192\.0\.2\.7/);
    expect(html).toContain('host-1:4433');
  });
});

describe('a sweep as a drawing', () => {
  it('has every cell of every table, and nothing that runs', () => {
    const svg = sweepSvg(report, masker('masked'));
    expect(svg.match(/<rect class="t-/g)).toHaveLength(6);
    expect(svg.match(/<rect class="l-/g)).toHaveLength(6);
    expect(svg).toContain('◑ 37/50</text>');
    expect(svg).not.toMatch(/<script|<b>|NaN|Infinity|undefined/);
  });
});

describe('a sweep as Markdown', () => {
  it('has the tables and the figures of every cell', () => {
    expect(sweepMarkdown(report, masker('masked'))).toMatchInlineSnapshot(`
      "# Sizes

      **6 cells, 250 handshakes: 148 established; 1 of the cells in all of them; 1 cell could not be run.**

      | mtu \\\\ packing | packed | record | flight |
      | --- | --- | --- | --- |
      | 300 | ✔ 50/50 | ◑ 37/50 | ✕ 0/50 |
      | 1200 | ◕ 49/50 | ◔ 12/50 | ! nobody |

      ## Time until established: median, and within which 95 % were

      | mtu \\\\ packing | packed | record | flight |
      | --- | --- | --- | --- |
      | 300 | 43 ms, 1.04 s | 43 ms, 1.04 s | – |
      | 1200 | 43 ms, 1.04 s | 43 ms, 1.04 s | – |

      ## Datagrams of both sides: median, and the most that 95 % needed

      | mtu \\\\ packing | packed | record | flight |
      | --- | --- | --- | --- |
      | 300 | 8, 20 | 8, 20 | 8, 20 |
      | 1200 | 8, 20 | 8, 20 | – |

      ## Figures

      | Cell | As expected | Otherwise | Time: median | 95 % within | Datagrams: median | 95 % within | Leading finding |
      | --- | --- | --- | --- | --- | --- | --- | --- |
      | mtu 300, packing packed | 50/50, 100 % (92–100 %) |  | 43 ms | 1.04 s | 8 | 20 |  |
      | mtu 300, packing record | 37/50, 74 % (60–85 %) | 13 stalled | 43 ms | 1.04 s | 8 | 20 | flight-lost in 13 |
      | mtu 300, packing flight | 0/50, 0 % (0–8 %) | 50 stalled |  |  | 8 | 20 | flight-lost in 50 |
      | mtu 1200, packing packed | 49/50, 98 % (89–100 %) | 1 stalled | 43 ms | 1.04 s | 8 | 20 | flight-lost in 1 |
      | mtu 1200, packing record | 12/50, 24 % (14–38 %) | 38 stalled | 43 ms | 1.04 s | 8 | 20 | flight-lost in 38 |
      | mtu 1200, packing flight | there was nobody to shake hands with: refused |  |  |  |  |  |  |

      dtlscope dev
      "
    `);
  });
});

describe('cells as cases of JUnit', () => {
  it('fail where the file expects something, and could not be run whether it does or not', () => {
    const results = (of: SweepReport) => of.results.map((one) => caseOf(of, one).result);
    expect(results(report)).toEqual(['held', 'held', 'held', 'held', 'held', 'error']);
    const strict = { ...report, shape: { ...shape, explores: false } };
    expect(results(strict)).toEqual(['held', 'unmet', 'unmet', 'unmet', 'unmet', 'error']);
    const [, second] = report.results;
    expect(second && caseOf(strict, second)).toMatchObject({
      name: 'mtu 300, packing record',
      unmet: [
        '13 of 50 handshakes did not come as expected; the first: the outcome should be established, and is stalled',
      ],
    });
  });
});

describe('the state of a sweep', () => {
  const part = (index: number, of: number): SweepPart => ({
    ...report,
    index,
    of,
    results: report.results.filter(({ cell: number }) => number % of === index % of),
  });
  it('comes back as it was written, also when its last line was cut off', () => {
    const text = stateText(part(1, 1));
    expect(readState(text)).toEqual(part(1, 1));
    expect(readState(text.slice(0, -20))).toMatchObject({ results: report.results.slice(0, -1) });
  });

  it('takes the last word about a cell', () => {
    const text = stateHead({ index: 1, of: 1 }, 'a', shape) + stateLine(broken) + stateLine(cell(6, 50));
    expect(readState(text)).toMatchObject({ results: [cell(6, 50)] });
  });

  it.each([
    ['', 'was not written by dtlscope sweep'],
    ['{"dtlscopeSweep":1,"fi', 'was cut off in its first line'],
    ['{}\n', 'was not written by dtlscope sweep'],
    ['{"dtlscopeSweep":2}\n', 'is of format 2, and this dtlscope reads 1'],
    ['{"dtlscopeSweep":1,"index":3,"of":2}\n', 'does not say which part of what it is'],
    [`${stateHead({ index: 1, of: 1 }, 'a', shape)}{"cell":1}\n`, 'has a result that can not be read, in line 2'],
    [
      stateHead({ index: 1, of: 1 }, 'a', shape) + stateLine(cell(7, 1)),
      'has a result that can not be read, in line 2',
    ],
  ])('is refused when it is another thing: %s', (text, why) => {
    expect(readState(text)).toBe(why);
  });

  it('makes the whole of all parts', () => {
    expect(mergeSweeps([part(2, 2), part(1, 2)])).toEqual(report);
  });

  it.each([
    [[], 'there is nothing to put together'],
    [[part(1, 2)], 'of 2 shards these are missing: 2'],
    [[part(1, 2), part(1, 2)], 'a shard is there twice'],
    [[part(1, 3), part(2, 2)], 'one is a part of 3, and another of 2'],
    [
      [part(1, 2), { ...part(2, 2), results: [] }],
      '3 of their cells are not done: a shard was stopped, and may go on with its state file',
    ],
    [[part(1, 2), { ...part(2, 2), results: report.results }], 'they hold some cells twice'],
    [
      [part(1, 2), { ...part(2, 2), shape: searched }],
      'they are parts of different sweeps: its axes were mtu, packing, and are packing',
    ],
  ])('is no whole', (parts, why) => {
    expect(mergeSweeps(parts)).toBe(why);
  });
});

describe('the count of a sweep', () => {
  it('says how many cells are done, and that some could not be run', () => {
    expect(sweepTallyText(report)).toBe(
      '6 cells, 250 handshakes: 148 established; 1 of the cells in all of them; 1 cell could not be run',
    );
    expect(sweepTallyText({ ...report, results: report.results.slice(0, 2) })).toContain(
      '2 of 6 cells, 100 handshakes',
    );
  });
});
