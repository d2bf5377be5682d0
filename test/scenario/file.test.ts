import { describe, expect, it } from 'vitest';
import {
  fileOptions,
  type GivenOptions,
  type OptionName,
  readScenario,
  readScenarioFile,
  type ScenarioFile,
  type Surroundings,
  toScenarioText,
} from '../../src/scenario/index.ts';
import { parseScenarioText } from '../../src/scenario/yaml/parse.ts';

const around: Surroundings = {
  env: (name) => ({ TOKEN: 's3cret', DTLSCOPE_TOKEN: 'abc', DTLSCOPE_TURN_PASSWORD: 'p:w@x' })[name],
  file: (path) => ({ path, found: !path.startsWith('nope') }),
};

/** Problems as "line:column: what", or the file. */
function read(text: string): ScenarioFile | readonly string[] {
  const parsed = parseScenarioText(text);
  const answer = parsed.ok ? readScenarioFile(parsed.root, around) : parsed;
  return answer.ok ? answer.file : answer.problems.map(({ at, what }) => `${at.line}:${at.column}: ${what}`);
}
function good(text: string): ScenarioFile {
  const answer = read(text);
  if (Array.isArray(answer)) throw new Error(answer.join('\n'));
  return answer as ScenarioFile;
}
const problems = (text: string): readonly string[] => {
  const answer = read(text);
  if (!Array.isArray(answer)) throw new Error('accepted');
  return answer;
};
const start = 'version: 1\ntarget: sim\n';

describe('a scenario file', () => {
  it('is YAML, with the fields of the option table', () => {
    const file = good(
      `${start}name: one\nversions: [1.2]\nsuites: TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\nrto: 400ms\nallowWeak: true\nlink: [loss=30%, "out:mtu=1200"]\n`,
    );
    expect(file.name).toBe('one');
    expect(file.scenario.options).toMatchObject({ versions: ['1.2'], suites: [0xc02f], rto: 400, allowWeak: true });
    expect(file.scenario.options.link).toHaveLength(2);
    expect(file.expectation.outcome).toBe('established');
  });

  it('is JSON just as well', () => {
    const text = JSON.stringify({ version: 1, target: 'sim', versions: ['1.2'], mtu: 300, expect: 'stalled' }, null, 2);
    expect(good(text).scenario.options).toMatchObject({ versions: ['1.2'], mtu: 300, expect: 'stalled' });
  });

  it('says what is expected, with bounds', () => {
    const { expectation } = good(
      `${start}expect:\n  outcome: stalled\n  findings: { must: flight-lost, mustNot: [peer-silent] }\n  datagrams: { client: 3, server: { most: 9 } }\n`,
    );
    expect(expectation).toEqual({
      outcome: 'stalled',
      findings: { must: ['flight-lost'], mustNot: ['peer-silent'] },
      datagrams: { client: { least: 3, most: 3 }, server: { least: undefined, most: 9 } },
      retransmissions: {
        client: { least: undefined, most: undefined },
        server: { least: undefined, most: undefined },
      },
    });
  });

  it('names secrets by environment variable', () => {
    const { options } = good('version: 1\ntarget: whip:https://g.example/w\ntoken: { env: TOKEN }\n').scenario;
    expect(options.token).toBe('s3cret');
    const relay =
      'version: 1\ntarget: 192.0.2.1:4433\nturn: { url: turn:u@r.example, password: { env: DTLSCOPE_TURN_PASSWORD } }\n';
    expect(good(relay).scenario.options.turn).toMatchObject({ username: 'u', password: 'p:w@x' });
  });
});

describe('a mistake in a scenario file', () => {
  it.each([
    ['', ['1:1: is nothing, and should be a group of fields that begins with version: 1']],
    ['target: sim\n', ['1:1: "version" is missing; this dtlscope writes and reads version: 1']],
    ['version: 2\ntarget: sim\nnew: 3\n', ['1:10: version: "2" is not known; this dtlscope reads version: 1']],
    [`${start}mtuu: 300\n`, ['3:1: "mtuu" is not a field (did you mean mtu?)']],
    [`${start}rto-growth: 2\n`, ['3:1: "rto-growth" is not a field (did you mean rtoGrowth?)']],
    [`${start}mtu: [300]\n`, ['3:6: mtu: is a list, and should be one value']],
    [`${start}mtu: { bytes: 3 }\n`, ['3:6: mtu: is a group of fields, and should be one value']],
    [`${start}mtu: big\n`, ['3:6: mtu: "big" is not a whole number; allowed: 64 to 65507 bytes']],
    [`${start}versions:\n  - 1.2\n  - 1.1\n`, ['4:3: versions: "1.1" is not known; allowed: 1.3, 1.2, 1.0']],
    ['version: 1\n', ['1:1: "target" is missing, as in target: sim']],
    [`${start}cert: nope.pem\n`, ['3:7: cert: there is no file nope.pem']],
    [`${start}rto: 2s\nrtoMax: 1s\n`, ['4:9: rtoMax: "1000" is less than rto, 2000 ms']],
    [`${start}cookie: true\n`, ['3:9: cookie: "on" means nothing for a client; allowed: with role server']],
    [`${start}mtu: 300\nmtu: 400\n`, ['4:1: is not YAML: Map keys must be unique']],
    [`${start}name: &a x\n`, ['3:10: anchors and aliases are not read; write the value itself']],
    [`${start}name: !tag x\n`, ['3:7: is not YAML: Unresolved tag: !tag']],
    [`${start}expect: { outcom: stalled }\n`, ['3:11: expect: "outcom" is not a field (did you mean outcome?)']],
    [
      `${start}expect: { datagrams: { client: { least: 3, most: 2 } } }\n`,
      ['3:32: expect.datagrams.client: least, 3, is more than most, 2'],
    ],
    [
      `${start}expect: { steps: most }\n`,
      ['3:18: expect.steps: "most" is neither "all" nor a whole number from 0 to 1000'],
    ],
    [`${start}until: stalled\n`, ['3:8: until: "stalled" means nothing for a single handshake; allowed: with repeat']],
  ])('in %j has its line and column', (text, told) => {
    expect(problems(text)).toEqual(told);
  });

  it('in a grammar of its own points at the character', () => {
    const [problem = ''] = problems(`${start}link:\n  - loss=30%\n  - "in:lost=3"\n`);
    expect(problem).toMatch(/^5:9: link: "in:lost=3" has no rule "lost"/);
    expect(problems(`${start}steps:\n  - idle=1s\n  - "send=5,echo=soon"\n  - restrt\n`)).toEqual([
      expect.stringMatching(/^5:18: steps: "send=5,echo=soon" is not a time/),
      expect.stringMatching(/^6:5: steps: "restrt" has no step "restrt"; allowed: send, wait/),
    ]);
    expect(problems(`${start}steps: [close, send=5]\n`)).toEqual([
      '3:16: steps: "send=5" stands behind close; allowed: restart or idle there',
    ]);
  });

  it('does not hide the next one', () => {
    expect(problems(`${start}mtuu: 3\nrto: 1x\nexpect: well\n`).map((line) => line.split(':')[0])).toEqual([
      '3',
      '4',
      '5',
    ]);
  });

  it.each([
    ['token: s3cr3t', /^3:8: token: holds a secret/],
    ['turn: turn:user:s3cr3t@relay.example', /^3:7: turn: holds a password/],
    ['turn: { url: "turn:user:s3cr3t@relay.example" }', /^3:14: turn: holds a password/],
    ['key: "-----BEGIN PRIVATE KEY-----s3cr3t"', /^3:6: key: holds a private key/],
    ['token: { env: s3-cr3t }', /^3:15: token: names no environment variable/],
    ['token: { env: MISSING }', /^3:15: token: the environment has no MISSING/],
  ])('that holds a secret is refused by name, and not repeated: %s', (line, told) => {
    const [problem = ''] = problems(`version: 1\ntarget: whip:https://g.example/w\n${line}\n`);
    expect(problem).toMatch(told);
    expect(problem).not.toContain('cr3t');
  });

  it('does not make the reader fall over', () => {
    for (const text of [
      '['.repeat(50_000),
      '{a: '.repeat(40),
      `a: ${'x'.repeat(2 ** 21)}`,
      '\u0000',
      '? [a]\n: b',
      '- 1',
      '42',
    ])
      expect(Array.isArray(read(text)), text.slice(0, 20)).toBe(true);
  });
});

describe('a scenario that is written', () => {
  const options: readonly GivenOptions[] = [
    {},
    {
      as: ['chromium-156'],
      versions: ['1.2'],
      mtu: ['300'],
      packing: ['record'],
      link: ['loss=30%', 'out:delay=70ms±20ms'],
    },
    { role: ['server'], cookie: ['on'], clientAuth: ['require'], alpn: ['webrtc'], srtp: ['none'], seed: ['9'] },
    {
      allowWeak: ['on'],
      versions: ['1.0'],
      suites: ['0xc013,TLS_RSA_WITH_AES_128_CBC_SHA'],
      rto: ['50'],
      rtoGrowth: ['1.5'],
    },
    { cert: ['a.pem', 'b.pem'], key: ['a.key', 'b.key'], quirk: ['no-retransmission'], fragment: ['100'] },
    {
      certGen: ['rsa-4096,chain=3,size=3700'],
      recordSizeLimit: ['512'],
      repeat: ['300'],
      until: ['stalled'],
      parallel: ['6'],
      expect: ['stalled'],
    },
    { linger: ['5'], steps: ['send="a, b: #c",echo', 'key-update,ask', 'idle=2s', 'close,answer'] },
    { fingerprint: [`sha-256 ${Array.from({ length: 32 }, () => 'AB').join(':')}`] },
  ];
  it.each(options)('reads back as the same run: %j', (given) => {
    const scenario = readScenario('probe', given.role ? 'sim' : 'sim:cookie-once', given);
    if (!scenario.ok) throw new Error(JSON.stringify(scenario.problems));
    expect(good(toScenarioText(scenario.value) ?? '').scenario).toEqual(scenario.value);
  });

  it('has no secret in it, and names where they are', () => {
    const scenario = readScenario('probe', 'whip:https://g.example/w', {
      token: ['abc'],
      turn: ['turn:u:p%3Aw%40x@r.example'],
    });
    if (!scenario.ok) throw new Error('refused');
    const text = toScenarioText(scenario.value) ?? '';
    expect(text).not.toMatch(/abc|p:w|p%3A/);
    expect(good(text).scenario).toEqual(scenario.value);
  });

  it('has every option that can be set', () => {
    const set = new Set<OptionName>(options.flatMap((given) => Object.keys(given) as OptionName[]));
    const rest = fileOptions.filter((name) => !set.has(name));
    expect(rest).toEqual([
      'groups',
      'sigalgs',
      'resume',
      'rtoMax',
      'attempts',
      'turn',
      'bind',
      'setup',
      'announce',
      'token',
      'timeout',
    ]);
  });
});
