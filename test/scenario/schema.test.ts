/**
 * The published schema against a validator that is not ours, and against our own reader: what we take, the schema takes; what
 * it takes and we refuse is refused for a reason that a schema can't know, and those are named here.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { Prng } from '../../src/base/random.ts';
import { readScenarioFile, readSweepFile } from '../../src/scenario/index.ts';
import { parseScenarioText } from '../../src/scenario/yaml/parse.ts';

const docs = join(import.meta.dirname, '..', '..', 'docs');
const validate = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true }).compile(
  JSON.parse(readFileSync(join(docs, 'scenario.schema.json'), 'utf8')) as object,
);
const around = { env: () => 'secret', file: (path: string) => ({ path, found: !path.startsWith('nope') }) };

/** What is wrong with a text by the schema, as an editor sees it; empty when nothing is. */
const bySchema = (text: string): readonly string[] =>
  validate(parse(text)) ? [] : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
/** And by our reader. */
function byReader(text: string): readonly string[] {
  const parsed = parseScenarioText(text);
  if (!parsed.ok) return parsed.problems.map(({ what }) => what);
  const read = /^sweep:|^"?sweep"?:|"sweep":/m.test(text)
    ? readSweepFile(parsed.root, around)
    : readScenarioFile(parsed.root, around);
  return read.ok ? [] : read.problems.map(({ what }) => what);
}

const examples = [
  ...readdirSync(join(docs, 'examples'), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ya?ml|json)$/.test(name))
    .map((name) => [name, readFileSync(join(docs, 'examples', name), 'utf8')] as const),
  ...['scenarios.md', 'sweeps.md'].flatMap((page) =>
    [...readFileSync(join(docs, page), 'utf8').matchAll(/^```yaml\n(version: 1\n[\s\S]*?)^```/gm)].map(
      ([, text = ''], index) => [`${page} ${index + 1}`, text] as const,
    ),
  ),
];

/** Files with something of everything. */
const bases: readonly string[] = [
  'version: 1\ntarget: sim\nname: one\nabout: what\nversions: ["1.2"]\nmtu: 300\npacking: record\nrto: 400ms\nrtoGrowth: 1.5\nlink: [loss=30%, "out:mtu=1200"]\nseed: 7\nallowWeak: true\nquirk: [no-ems]\nexpect: { outcome: stalled, findings: { must: flight-lost, mustNot: [peer-silent] }, datagrams: { client: 3, server: { most: 9, least: 1 } } }\n',
  'version: 1\ntarget: whip:https://g.example/w\ntoken: { env: TOKEN }\nturn: { url: "turn:u@r.example", password: { env: P } }\ncert: chain.pem\nkey: [key.pem]\nsetup: active\nexpect: established\n',
  'version: 1\ntarget: 192.0.2.1:4433\nrole: server\ncookie: true\nclientAuth: require\nalpn: [webrtc]\nsrtp: none\nrepeat: 5\nuntil: stalled\nparallel: 2\nsuites: TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\ngroups: [x25519, 0x0017]\nbind: 127.0.0.1\n',
  'version: 1\ntarget: sim\nas: chromium-156\ncertGen: rsa-4096\nsteps: ["send=5,echo", key-update, idle=1s]\ntimeout: 60s\nlinger: 0\nexpect: { steps: all, retransmissions: { client: { most: 3 } } }\n',
];

type Value = string | number | boolean | null | readonly Value[] | { readonly [name: string]: Value };
type Path = readonly (string | number)[];

/** Every place in a value, the whole one first. */
function places(value: Value, at: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [at];
  const inner = Array.isArray(value)
    ? value.flatMap((item: Value, index) => places(item, [...at, index]))
    : Object.entries(value).flatMap(([name, item]) => places(item as Value, [...at, name]));
  return [at, ...inner];
}

/** The value with another one at a place; `undefined` takes it away. */
function replaced(value: Value, [head, ...rest]: Path, by: (before: Value) => Value | undefined): Value | undefined {
  if (head === undefined) return by(value);
  if (Array.isArray(value))
    return value.flatMap((item: Value, index) => {
      const made = index === head ? replaced(item, rest, by) : item;
      return made === undefined ? [] : [made];
    });
  return Object.fromEntries(
    Object.entries(value as Readonly<Record<string, Value>>).flatMap(([name, item]) => {
      const made = name === head ? replaced(item, rest, by) : item;
      return made === undefined ? [] : [[name, made]];
    }),
  );
}

const strange: readonly Value[] = [
  ...['', 'x', '300', '0', '-1', '5x', '2s', 'on', 'none', 'sim', 'stalled', 'record', '1.2', 'nope.pem', 'loss=3%'],
  ...[0, 1, -1, 2, 64, 1.5, 300, 70_000, 1e9, true, false, null],
  ...[
    [],
    [1],
    ['x'],
    [[]],
    {},
    { x: 1 },
    { env: 'A' },
    { env: '1-' },
    { least: 2, most: 1 },
    { client: 3 },
    ['1.2', '1.2'],
  ],
];

/** A file with one thing changed: another value, a field gone, a field more, a field by another name. */
function mutated(random: Prng): Value {
  const base = parse(bases[random.int(bases.length)] ?? '') as Value;
  const all = places(base);
  const at = all[1 + random.int(all.length - 1)] ?? [];
  const other = strange[random.int(strange.length)] ?? null;
  switch (random.int(4)) {
    case 0:
      return replaced(base, at, () => undefined) ?? null;
    case 1: {
      const parent = at.slice(0, -1);
      const name = String(at.at(-1));
      const named = random.int(2) === 0 ? `${name}x` : (fields[random.int(fields.length)] ?? name);
      return replaced(base, parent, (before) =>
        Array.isArray(before) ? [...before, other] : { ...(before as object), [named]: other },
      ) as Value;
    }
    default:
      return replaced(base, at, () => other) ?? null;
  }
}
const fields = [
  'mtu',
  'rto',
  'link',
  'quirk',
  'role',
  'suites',
  'fingerprint',
  'steps',
  'expect',
  'sweep',
  'resume',
  'key',
];

/** What only the reader knows: why no schema could, and how the reader says it. */
const beyond: readonly { readonly name: string; readonly why: string; readonly says: RegExp }[] = [
  {
    name: 'grammar',
    why: 'a text has a grammar of its own',
    says: /is not right|has no (rule|step)|is no network with a name|is not KIND=VALUE|direction|says nothing behind|begins with no|needs (quotes|its)|is not a (whole number|time|TURN|protocol)|no TURN server|goes on behind|is an empty|stands behind|has no place for|is not (known|PARAMETER)|has a unit/,
  },
  { name: 'target', why: 'what a target may be', says: /^target: / },
  {
    name: 'contradiction',
    why: 'two fields that can not be had together',
    says: /contradicts|means nothing|has no cert|is less than|is more than|holds DTLS 1\.0|is for DTLS over|is of DTLS|behind close|no line to share|can not be|ends after|given more than once/,
  },
  { name: 'range', why: 'a number in a text, with or without its unit', says: /is too (small|large)/ },
  {
    name: 'names',
    why: 'lists of names that grow, or that a stranger may extend',
    says: /is no finding|is in the list twice|is an empty list|must appear and must not|names no user|no user in the URL/,
  },
];

describe('the schema of scenario files', () => {
  it.each(examples)('takes the example %s, as our reader does', (_, text) => {
    expect({ schema: bySchema(text), reader: byReader(text) }).toEqual({ schema: [], reader: [] });
  });

  it.each(bases)('takes %j', (text) => {
    expect({ schema: bySchema(text), reader: byReader(text) }).toEqual({ schema: [], reader: [] });
  });

  it.each([
    ['target: sim'],
    ['version: 2\ntarget: sim'],
    ['version: 1'],
    ['version: 1\ntarget: sim\nmtuu: 300'],
    ['version: 1\ntarget: sim\nrto-growth: 2'],
    ['version: 1\ntarget: sim\nmtu: [300]'],
    ['version: 1\ntarget: sim\nmtu: { bytes: 3 }'],
    ['version: 1\ntarget: sim\nmtu: big'],
    ['version: 1\ntarget: sim\nmtu: 3'],
    ['version: 1\ntarget: sim\npacking: loose'],
    ['version: 1\ntarget: sim\nexpect: well'],
    ['version: 1\ntarget: sim\nexpect: { outcom: stalled }'],
    ['version: 1\ntarget: sim\nexpect: { steps: most }'],
    ['version: 1\ntarget: sim\nexpect: { datagrams: { client: { least: -1 } } }'],
    ['version: 1\ntarget: whip:https://g.example/w\ntoken: s3cret'],
    ['version: 1\ntarget: whip:https://g.example/w\ntoken: { env: s3-cret }'],
    ['version: 1\ntarget: 192.0.2.1:1\nturn: { password: { env: A } }'],
  ])('refuses %j, as our reader does', (text) => {
    expect(bySchema(text)).not.toEqual([]);
    expect(byReader(text)).not.toEqual([]);
  });

  it('and our reader agree over 400 changed files, but for what no schema can know', () => {
    const seen = new Map<string, string>();
    const counts = { both: 0, neither: 0, readerAlone: 0 };
    for (let seed = 1; seed <= 400; seed++) {
      const text = JSON.stringify(mutated(new Prng(seed)));
      const [schema, reader] = [bySchema(text), byReader(text)];
      // What we take, an editor must not mark.
      if (reader.length === 0) expect(schema, text).toEqual([]);
      if (reader.length === 0) counts.both++;
      else if (schema.length > 0) counts.neither++;
      else {
        counts.readerAlone++;
        for (const what of reader) {
          const known = beyond.find(({ says }) => says.test(what));
          expect(known?.name, `${what} in ${text}`).toBeDefined();
          if (known) seen.set(known.name, what);
        }
      }
    }
    // Reasons and verdicts come up; of a reason that never does nobody would know whether it still holds.
    expect(seen.size).toBeGreaterThan(3);
    for (const count of Object.values(counts)) expect(count).toBeGreaterThan(50);
  });
});
