import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { DOMParser } from '@xmldom/xmldom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestCli } from '../support/buildCli.ts';

let cli: TestCli;
const file = (name: string, ...lines: readonly string[]): string => {
  writeFileSync(cli.path(name), ['version: 1', ...lines, ''].join('\n'));
  return name;
};
const text = (name: string): string => readFileSync(cli.path(name), 'utf8');
const all = ['a.yaml', 'b.yaml', 'c.json', 'd.yaml'] as const;

beforeAll(async () => {
  cli = await TestCli.build();
  file('a.yaml', 'name: good <&> "quoted"', 'target: sim');
  file('b.yaml', 'target: sim:last-flight-once', 'versions: [1.2]', 'link: ["in:drop=finished#1"]', 'timeout: 5s');
  writeFileSync(
    cli.path('c.json'),
    JSON.stringify({ version: 1, target: 'sim', expect: { findings: { mustNot: ['flight-lost'] } } }),
  );
  file(
    'd.yaml',
    'target: sim',
    'link: [loss=30%]',
    'attempts: 1',
    'seed: 10',
    'repeat: 20',
    'until: stalled',
    'expect: stalled',
  );
});
afterAll(() => cli.dispose());

/** The test cases of a JUnit file, as a standard parser reads it. */
function cases(xml: string) {
  const document = new DOMParser({
    onError: (level, message) => {
      throw new Error(`${level}: ${message}`);
    },
  }).parseFromString(xml, 'text/xml');
  const [suite] = [...document.getElementsByTagName('testsuite')];
  return {
    counts: ['tests', 'failures', 'errors'].map((name) => suite?.getAttribute(name)),
    cases: [...document.getElementsByTagName('testcase')].map((one) => ({
      name: one.getAttribute('name'),
      file: one.getAttribute('classname'),
      failure: one.getElementsByTagName('failure')[0]?.getAttribute('message'),
    })),
  };
}

describe('run', () => {
  it('answers 1 when something was not as expected, and says what in summary, JUnit, page and traces', async () => {
    const { code, stdout, stderr } = await cli.run(
      'run',
      ...all,
      '--junit',
      'all.xml',
      '-o',
      'all.html',
      '--traces',
      'failed',
    );
    expect(code).toBe(1);
    expect(stdout).toContain('✕ b.yaml: stalled\n    the outcome should be established, and is stalled.\n');
    expect(stdout).toMatch(/\n3 of 4 as expected, 1 not\.\n$/);
    expect(stderr).toContain('[1/4] ✔ good <&> "quoted" (a.yaml): established\n');
    expect(cases(text('all.xml'))).toEqual({
      counts: ['4', '1', '0'],
      cases: [
        { name: 'good <&> "quoted"', file: 'a.yaml', failure: undefined },
        { name: 'b.yaml', file: 'b.yaml', failure: 'the outcome should be established, and is stalled' },
        { name: 'c.json', file: 'c.json', failure: undefined },
        { name: 'd.yaml', file: 'd.yaml', failure: undefined },
      ],
    });
    expect(text('all.html')).toContain('3 of 4 as expected, 1 not');
    expect(readdirSync(cli.path('failed'))).toEqual(['002-b.sqlog']);
    expect((await cli.run('read', 'failed/002-b.sqlog', '--quiet')).stdout).toContain('Stalled');
  });

  it('in parts that are put together is the same as in one, byte for byte', async () => {
    const whole = await cli.run('run', ...all, '--junit', 'whole.xml', '-o', 'whole.html', '--json');
    for (const part of [1, 2, 3]) await cli.run('run', ...all, '--shard', `${part}/3`, '--blob', `${part}.blob`);
    const merged = await cli.run(
      'merge',
      '3.blob',
      '1.blob',
      '2.blob',
      '--junit',
      'merged.xml',
      '-o',
      'merged.html',
      '--json',
    );
    expect([merged.code, merged.stdout]).toEqual([whole.code, whole.stdout]);
    for (const ending of ['xml', 'html']) expect(text(`merged.${ending}`)).toBe(text(`whole.${ending}`));
    const missing = await cli.run('merge', '1.blob', '3.blob');
    expect(missing).toEqual({
      code: 2,
      stdout: '',
      stderr: 'These parts make no whole: of 3 shards these are missing: 2.\n',
    });
    writeFileSync(cli.path('torn.blob'), text('1.blob').replace('"result":"held"', '"result":"fine"'));
    expect((await cli.run('merge', 'torn.blob', '2.blob', '3.blob')).stderr).toMatch(/^torn\.blob has a result that/);
  });

  it('prints the handshakes as JSON, with the results beside them', async () => {
    const { code, stdout } = await cli.run('run', 'a.yaml', 'd.yaml', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      dtlscope: '1.2.3',
      handshakes: [
        { id: 'a.yaml#h1', outcome: 'established' },
        { id: 'd.yaml#h1', outcome: 'stalled' },
      ],
      cases: [
        { file: 'a.yaml', result: 'held', repeat: null },
        { file: 'd.yaml', result: 'held', repeat: { outcomes: { stalled: 1 } } },
      ],
    });
  });

  it('answers 2 for bad files, all of them told with line and column, before anything runs', async () => {
    file('bad.yaml', 'target: sim', 'mtu: 3', 'tokne: x');
    const { code, stdout, stderr } = await cli.run('run', 'a.yaml', 'bad.yaml', 'none.yaml');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toBe(
      [
        'bad.yaml:3:6: mtu: "3" is too small; allowed: 64 to 65507 bytes',
        'bad.yaml:4:1: "tokne" is not a field (did you mean token?)',
        'Can not read the scenario none.yaml: there is no such file or folder.',
        '',
      ].join('\n'),
    );
  });

  it('answers 3 when a run could not be made', async () => {
    file('closed.yaml', 'target: 127.0.0.1:9', 'timeout: 1s');
    const { code, stdout } = await cli.run('run', 'closed.yaml', 'a.yaml');
    expect([code, stdout.split('\n').at(-2)]).toEqual([3, '1 of 2 as expected, 1 could not be made.']);
  });

  it('refuses parts and numbers that are none', async () => {
    for (const [flag, value] of [
      ['--shard', '3/2'],
      ['--shard', 'x'],
      ['--jobs', '0'],
    ] as const)
      expect((await cli.run('run', 'a.yaml', flag, value)).code).toBe(2);
  });
});

describe('probe --repeat', () => {
  const hunting = [
    'probe',
    'sim',
    '--link',
    'loss=30%',
    '--attempts',
    '1',
    '--seed',
    '10',
    '--repeat',
    '20',
    '--until',
    'stalled',
  ];

  it('keeps the last good one and the first bad one, and shows their difference', async () => {
    const { code, stdout } = await cli.run(...hunting, '-o', 'hunt.sqlog');
    expect(code).toBe(1);
    const [, number = '', seed = ''] = /The first stalled is number (\d+), with --seed (\d+)\./.exec(stdout) ?? [];
    expect(stdout).toContain('First difference');
    const again = await cli.run(
      'probe',
      'sim',
      '--link',
      'loss=30%',
      '--attempts',
      '1',
      '--seed',
      seed,
      '--expect',
      'stalled',
    );
    expect([Number(number) + 9, again.code]).toEqual([Number(seed), 0]);
    expect((await cli.run('diff', 'hunt-good.sqlog', 'hunt-bad.sqlog', '--quiet')).stdout).toContain('B as stalled');
  });

  it('has JSON of both, and an exit code by what was expected', async () => {
    const { code, stdout } = await cli.run(...hunting, '--expect', 'stalled', '--json', '--parallel', '2');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      handshakes: [{ id: 'good#h1' }, { id: 'bad#h1', outcome: 'stalled' }],
      difference: { same: false },
    });
  });
});
