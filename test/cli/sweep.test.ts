import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { merge } from '../../src/cli/commands/merge.ts';
import { sweep } from '../../src/cli/commands/sweep.ts';
import { TestCli } from '../support/buildCli.ts';
import { commandHere } from '../support/commandHere.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dtlscope-sweep-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);
const text = (name: string): string => readFileSync(at(name), 'utf8');
const file = (name: string, ...lines: readonly string[]): string => {
  writeFileSync(at(name), ['version: 1', 'target: sim', 'versions: "1.2"', ...lines, ''].join('\n'));
  return at(name);
};

const outputs = (name: string) => ({
  junit: at(`${name}.xml`),
  output: ['html', 'md', 'json'].map((end) => at(`${name}.${end}`)),
});
const written = (name: string) => ['xml', 'html', 'md', 'json'].map((ending) => text(`${name}.${ending}`));

describe('sweep', () => {
  it('runs every cell, and is the same in four shards put together, byte for byte', async () => {
    const path = file(
      'matrix.yaml',
      'timeout: 3s',
      'sweep: { mtu: [300, 1200], link: ["mtu=600", "loss=40%"], seeds: 2 }',
    );
    const traces = at('failed');
    const whole = await commandHere((terminal) => sweep(path, { ...outputs('whole'), traces }, terminal));
    expect(whole.code, whole.stderr).toBe(0);
    expect(whole.stdout).toContain('✔ 2/2');
    expect(whole.stdout).toMatch(/4 cells, 8 handshakes: \d established/);
    expect(whole.stderr).toContain('[4/4] ');
    expect(readdirSync(traces)).toContain('cell-0002.sqlog');
    for (const index of [1, 2, 3, 4]) {
      const flags = { shard: `${index}/4`, blob: at(`shard-${index}`), traces, quiet: true };
      expect((await commandHere((terminal) => sweep(path, flags, terminal))).code).toBe(0);
    }
    const parts = [3, 1, 4, 2].map((index) => at(`shard-${index}`));
    const merged = await commandHere((terminal) => merge(parts, outputs('merged'), terminal));
    expect(merged.code, merged.stderr).toBe(0);
    expect(merged.stdout).toBe(whole.stdout);
    expect(written('merged')).toEqual(written('whole'));
    expect(await commandHere((terminal) => merge([at('shard-1'), at('shard-3')], {}, terminal))).toMatchObject({
      code: 2,
      stderr: 'These parts make no whole: of 4 shards these are missing: 2, 4.',
    });
  });

  it('answers 1 when the file expects what does not hold in a cell', async () => {
    const path = file('strict.yaml', 'expect: established', 'timeout: 2s', 'sweep: { link: [[], "in:drop=all"] }');
    expect((await commandHere((terminal) => sweep(path, { quiet: true }, terminal))).code).toBe(1);
  });

  it('looks for a threshold', async () => {
    // What the path takes: with records of up to 410 bytes this flight has no datagram of more than 400.
    const path = file(
      'limit.yaml',
      'timeout: 900ms',
      'link: ["out:mtu=400"]',
      'sweep: { bisect: { mtu: { from: 200, to: 600, step: 10 } } }',
    );
    const { code, stdout } = await commandHere((terminal) => sweep(path, {}, terminal));
    expect(code).toBe(0);
    expect(stdout).toContain('≤ 410');
    expect(stdout).toContain('mtu: the largest that passes is 410, the smallest that fails is 420');
  });

  it('tells what is wrong with a file by line and column, and what a cell can not be', async () => {
    const wrong = file('wrong.yaml', 'sweep:', '  mtu: [300, 20]');
    expect(await commandHere((terminal) => sweep(wrong, {}, terminal))).toMatchObject({
      code: 2,
      stderr: `${wrong}:5:14: mtu: "20" is too small; allowed: 64 to 65507 bytes`,
    });
    const small = file('small.yaml', 'sweep: { certGen: ["ecdsa-p256,size=100"] }');
    const ended = await commandHere((terminal) => sweep(small, {}, terminal));
    expect(ended.code).toBe(2);
    expect(ended.stdout).toContain('That certificate can not be made');
    expect((await commandHere((terminal) => sweep(small, { output: ['x.pdf'] }, terminal))).stderr).toBe(
      '-o x.pdf: a summary is written as .html, .svg, .md, .json.',
    );
  });
});

describe('a sweep that is interrupted', () => {
  let cli: TestCli;
  beforeAll(async () => {
    cli = await TestCli.build();
  });
  afterAll(() => cli.dispose());

  it('keeps what is done, goes on with the rest, and refuses the state of another plan by name', async () => {
    const axis = 'sweep: { mtu: { from: 300, to: 1200, step: 30 } }';
    const path = file('long.yaml', axis);
    const state = at('long.state');
    const done = (): number => (existsSync(state) ? text('long.state').split('\n').length - 2 : 0);
    const begun = cli.start('sweep', path, '--state', state, '--json');
    while (done() < 2) await new Promise((resolve) => setTimeout(resolve, 10));
    begun.child.kill('SIGINT');
    const stopped = await begun.ended;
    expect(stopped.code).toBe(3);
    const { cells } = JSON.parse(stopped.stdout) as { cells: { cell: number }[] };
    expect(cells.length).toBeGreaterThan(1);
    expect(cells.length).toBeLessThan(31);
    expect(stopped.stderr).toContain('The same command goes on with the rest');
    const rest = await commandHere((terminal) => sweep(path, { state, json: true }, terminal));
    expect(rest.stderr).toContain(`${cells.length} cells were done before; ${31 - cells.length} are left.`);
    const all = JSON.parse(rest.stdout) as { cells: { cell: number }[] };
    expect(all.cells.map(({ cell }) => cell)).toEqual(Array.from({ length: 31 }, (_, index) => index + 1));
    expect(all.cells.slice(0, cells.length)).toEqual(cells);
    file('long.yaml', 'rto: 500ms', axis);
    const refused = await commandHere((terminal) => sweep(path, { state }, terminal));
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('holds results of another sweep: rto was not set, and is 500ms.');
  });
});
