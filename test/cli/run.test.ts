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

const count = /^\d+$/;
const seconds = /^\d+(\.\d+)?$/;
const any = /[\s\S]*/;
/**
 * What Jenkins' schema (junit-10.xsd) says of each element that we write: the attributes that it may have and must have, with
 * their types, and its children. Ant's own wants the machine's name and the time of day as well, which we leave out: the same
 * results are the same file wherever they were made.
 */
const rules: Readonly<
  Record<
    string,
    {
      readonly may: Readonly<Record<string, RegExp>>;
      readonly must: readonly string[];
      readonly holds: readonly string[];
    }
  >
> = {
  testsuites: {
    may: { name: any, time: seconds, tests: count, failures: count, disabled: count, errors: count },
    must: [],
    holds: ['testsuite'],
  },
  testsuite: {
    may: {
      name: any,
      tests: count,
      failures: count,
      errors: count,
      skipped: count,
      time: seconds,
      timestamp: any,
      hostname: any,
      id: any,
      package: any,
    },
    must: ['name', 'tests', 'failures', 'errors'],
    holds: ['testsuite', 'properties', 'testcase', 'system-out', 'system-err'],
  },
  testcase: {
    may: { name: any, classname: any, time: seconds, status: any, assertions: count, file: any, line: count },
    must: ['name'],
    holds: ['skipped', 'error', 'failure', 'system-out', 'system-err'],
  },
  failure: { may: { type: any, message: any }, must: [], holds: [] },
  error: { may: { type: any, message: any }, must: [], holds: [] },
};

/** What of a JUnit file is against the rules; throws when it is no XML. */
function broken(xml: string): readonly string[] {
  const document = new DOMParser({
    onError: (level, message) => {
      throw new Error(`${level}: ${message}`);
    },
  }).parseFromString(xml, 'text/xml');
  const found: string[] = [];
  for (const element of document.getElementsByTagName('*')) {
    const { tagName, attributes, childNodes } = element;
    const rule = rules[tagName];
    if (!rule) {
      found.push(`there is no ${tagName}`);
      continue;
    }
    for (const { name, value } of attributes)
      if (rule.may[name]?.test(value) !== true) found.push(`${tagName} has ${name}="${value}"`);
    for (const name of rule.must) if (!element.hasAttribute(name)) found.push(`${tagName} has no ${name}`);
    for (const { nodeName, nodeType } of childNodes)
      if (nodeType === 1 && !rule.holds.includes(nodeName)) found.push(`${tagName} holds ${nodeName}`);
  }
  const [suite] = [...document.getElementsByTagName('testsuite')];
  for (const [attribute, name] of [
    ['tests', 'testcase'],
    ['failures', 'failure'],
    ['errors', 'error'],
  ] as const)
    if (suite?.getAttribute(attribute) !== String(document.getElementsByTagName(name).length))
      found.push(`wrong count of ${attribute}`);
  return found;
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

  it('answers 2 and the place for everything that can be wrong in a file', async () => {
    const mistakes: readonly (readonly [what: string, lines: string, told: string | RegExp])[] = [
      ['a field that is not known', 'target: sim\nmtuu: 300', '3:1: "mtuu" is not a field (did you mean mtu?)'],
      ['another type', 'target: sim\nmtu: [300]', '3:6: mtu: is a list, and should be one value'],
      [
        'no such choice',
        'target: sim\npacking: loose',
        '3:10: packing: "loose" is not known; allowed: packed, record, flight',
      ],
      [
        'a certificate that is not there',
        'target: sim\ncert: missing.pem',
        /^3:7: cert: there is no file \S*missing\.pem$/,
      ],
      [
        'a step with a mistake',
        'target: sim\nsteps:\n  - idle=1s\n  - restrt',
        /^5:5: steps: "restrt" has no step "restrt"; allowed: send,/,
      ],
      [
        'a step where it means nothing',
        'target: sim\nversions: [1.2]\nsteps: [key-update]',
        /^4:9: steps: "key-update" is of DTLS 1\.3 alone/,
      ],
      [
        'a secret',
        'target: whip:https://g.example/w\ntoken: s3cret',
        /^3:8: token: holds a secret, which has no place in a file;/,
      ],
      ['no YAML', 'target: [sim', /^3:1: is not YAML/],
      ['fields that contradict', 'target: sim\nrto: 2s\nrtoMax: 1s', '4:9: rtoMax: "1000" is less than rto, 2000 ms'],
    ];
    const names = mistakes.map(([, lines], index) => file(`wrong-${index}.yaml`, lines));
    const { code, stdout, stderr } = await cli.run('run', ...names);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    for (const [index, [what, , told]] of mistakes.entries()) {
      const start = `wrong-${index}.yaml:`;
      const said =
        stderr
          .split('\n')
          .find((line) => line.startsWith(start))
          ?.slice(start.length) ?? 'nothing';
      expect(said, what).toMatch(
        typeof told === 'string' ? new RegExp(`^${told.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`) : told,
      );
    }
  });

  it('answers 2 and the place for a version that it does not know', async () => {
    writeFileSync(cli.path('newer.yaml'), 'target: sim\nversion: 2\n');
    expect(await cli.run('run', 'newer.yaml')).toEqual({
      ...{ code: 2, stdout: '' },
      stderr: 'newer.yaml:2:10: version: "2" is not known; this dtlscope reads version: 1\n',
    });
  });

  it('writes JUnit that keeps to the rules of its readers, whatever became of the runs', async () => {
    file('closed.yaml', 'target: 127.0.0.1:9', 'timeout: 1s', 'name: "]]> <b> \\u0001 &"');
    await cli.run('run', ...all, 'closed.yaml', '--junit', 'rules.xml');
    expect(broken(text('rules.xml'))).toEqual([]);
    // The rules can tell: what they forbid is found.
    expect(broken('<testsuites><testsuite tests="x"><testcase/><nothing/></testsuite></testsuites>')).toHaveLength(10);
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
