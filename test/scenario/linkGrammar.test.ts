import { describe, expect, it } from 'vitest';
import type { LinkRule } from '../../src/link/index.ts';
import { readScenario, type Scenario, toCommandLine } from '../../src/scenario/index.ts';
import { formatLinkRule, loadWithoutRate, onlySimulated, parseLinkRule } from '../../src/scenario/linkGrammar.ts';
import { formatLink, linkPresetIds, linkPresets, parseLink } from '../../src/scenario/linkPresets.ts';
import { linkForms, linkKinds } from '../../src/scenario/linkTable.ts';
import { describeProblem } from '../../src/scenario/problem.ts';

function read(text: string): LinkRule {
  const parsed = parseLinkRule(text);
  if (!parsed.ok) throw new Error(parsed.problems.map(describeProblem).join('\n'));
  return parsed.value;
}
function problem(text: string): string {
  const parsed = parseLinkRule(text);
  if (parsed.ok) throw new Error(`accepted ${text}`);
  return parsed.problems.map(describeProblem).join('\n');
}
/** What the caret stands under. */
function pointsAt(text: string): string {
  const parsed = parseLinkRule(text);
  if (parsed.ok) throw new Error(`accepted ${text}`);
  return text.slice(parsed.problems[0]?.at ?? 0);
}
const both = { direction: undefined };
const nothing = { nth: undefined, message: undefined, byte: undefined };

describe('a link rule', () => {
  it.each<[string, LinkRule]>([
    ['loss=30%', { ...both, kind: 'loss', probability: 0.3 }],
    ['loss=0.07', { ...both, kind: 'loss', probability: 0.07 }],
    ['out:corrupt=1%', { direction: 'out', kind: 'corrupt', probability: 0.01 }],
    ['out:delay=70ms±20', { direction: 'out', kind: 'delay', ms: 70, jitterMs: 20 }],
    ['delay=70+-20', { ...both, kind: 'delay', ms: 70, jitterMs: 20 }],
    ['delay=1.5s,jitter=20ms', { ...both, kind: 'delay', ms: 1500, jitterMs: 20 }],
    ['rate=225kbit/s,queue=20KB', { ...both, kind: 'rate', kbps: 225, queueBytes: 20_000 }],
    ['rate=1.5Mbit/s,queue=64KiB', { ...both, kind: 'rate', kbps: 1500, queueBytes: 65_536 }],
    ['rate=225kbit/s', { ...both, kind: 'rate', kbps: 225, queueBytes: 20_000 }],
    ['in:mtu=1200', { direction: 'in', kind: 'mtu', bytes: 1200, notice: false }],
    ['mtu=1200,notice', { ...both, kind: 'mtu', bytes: 1200, notice: true }],
    ['burst=5%,length=4', { ...both, kind: 'burst', share: 0.05, length: 4, inside: 1, outside: 0 }],
    [
      'in:burst=20%,outside=0.5%,length=2.5,inside=80%',
      { direction: 'in', kind: 'burst', share: 0.2, length: 2.5, inside: 0.8, outside: 0.005 },
    ],
    ['load=1Mbit/s', { ...both, kind: 'load', kbps: 1000, streams: 1, bytes: 1000 }],
    ['out:load=340kbit/s,streams=2,size=1KiB', { direction: 'out', kind: 'load', kbps: 340, streams: 2, bytes: 1024 }],
    ['truncate=1600', { ...both, kind: 'truncate', bytes: 1600 }],
    ['duplicate=5%', { ...both, kind: 'duplicate', probability: 0.05 }],
    ['duplicate=.05', { ...both, kind: 'duplicate', probability: 0.05 }],
    ['reorder=10%', { ...both, kind: 'reorder', probability: 0.1, ms: 20 }],
    ['drop=3', { ...both, kind: 'script', action: { kind: 'drop' }, match: { ...nothing, nth: [3] } }],
    ['drop=5+1..3', { ...both, kind: 'script', action: { kind: 'drop' }, match: { ...nothing, nth: [1, 2, 3, 5] } }],
    ['drop=all', { ...both, kind: 'script', action: { kind: 'drop' }, match: nothing }],
    [
      'drop=certificate#1',
      { ...both, kind: 'script', action: { kind: 'drop' }, match: { ...nothing, message: 'certificate', nth: [1] } },
    ],
    [
      'out:drop=client_key_exchange',
      {
        direction: 'out',
        kind: 'script',
        action: { kind: 'drop' },
        match: { ...nothing, message: 'client_key_exchange' },
      },
    ],
    [
      'truncate=certificate@500#2,to=600',
      {
        ...both,
        kind: 'script',
        action: { kind: 'truncate', bytes: 600 },
        match: { message: 'certificate', byte: 500, nth: [2] },
      },
    ],
    ['duplicate=3', { ...both, kind: 'script', action: { kind: 'duplicate' }, match: { ...nothing, nth: [3] } }],
    [
      'delay=3,by=500ms',
      { ...both, kind: 'script', action: { kind: 'delay', ms: 500 }, match: { ...nothing, nth: [3] } },
    ],
  ])('%s is read, and written back so that it reads the same', (text, rule) => {
    expect(read(text)).toEqual(rule);
    expect(read(formatLinkRule(rule))).toEqual(rule);
  });

  it('has one canonical spelling', () => {
    const spellings = ['delay=70±20', 'delay=70ms+-20ms', 'delay=0.07s,jitter=20', 'delay=70ms±20ms'];
    expect(new Set(spellings.map((text) => formatLinkRule(read(text))))).toEqual(new Set(['delay=70ms±20ms']));
    expect(formatLinkRule(read('drop=finished#3+1..2'))).toBe('drop=finished#1+2+3');
    expect(formatLinkRule(read('drop=1+2+3+4+7+9..30'))).toBe('drop=1..4+7+9..30');
  });

  it('survives the round trip for every whole percentage and every size', () => {
    for (let percent = 0; percent <= 100; percent++) {
      const rule = read(`loss=${percent}%`);
      expect(formatLinkRule(rule)).toBe(`loss=${percent}%`);
      expect(read(formatLinkRule(rule))).toEqual(rule);
    }
    for (let queue = 1; queue < 100_000; queue = queue * 3 + 1) {
      const rule = read(`rate=10kbit/s,queue=${queue}`);
      expect(read(formatLinkRule(rule))).toEqual(rule);
    }
  });
});

describe('a link rule that is wrong', () => {
  it('is shown with a caret under the character', () => {
    expect(problem('out:lost=30%')).toBe(
      [
        '--link: this has no rule "lost"; allowed: loss, burst, rate, load, delay, reorder, duplicate, corrupt, mtu, truncate, drop',
        '  out:lost=30%',
        '      ^',
      ].join('\n'),
    );
  });

  it.each([
    ['loss=30x', 'x'],
    ['loss=130%', '130%'],
    ['loss=1', '1'],
    ['loss', 'loss'],
    ['loss=', ''],
    ['up:loss=3%', 'up:loss=3%'],
    ['out:', ''],
    ['delay=70ms±x', 'x'],
    ['delay=70ms±20ms,by', 'by'],
    ['delay=-5', '-5'],
    ['rate=225', '5'],
    ['rate=225kbps', 'kbps'],
    ['rate=0kbit/s', '0kbit/s'],
    ['rate=225kbit/s,queue=20XB', 'XB'],
    ['rate=225kbit/s,limit=20KB', 'limit=20KB'],
    ['mtu=1200,by=3', 'by=3'],
    ['mtu=12.5', '12.5'],
    ['mtu=1200,notise', 'notise'],
    ['mtu=1200,notice=yes', 'notice=yes'],
    ['mtu=1200,notice,notice', 'notice'],
    ['loss=3%,notice', 'notice'],
    ['burst=5%', '5%'],
    ['burst=90%,length=2', '90%,length=2'],
    ['burst=5%,length=0.5', '0.5'],
    ['burst=5%,length=4,inside=x', 'x'],
    ['load=340', '0'],
    ['load=200Mbit/s', '200Mbit/s'],
    ['load=340kbit/s,streams=0', '0'],
    ['load=340kbit/s,streams=1.5', '1.5'],
    ['load=340kbit/s,size=0', '0'],
    ['load=340kbit/s,queue=3', 'queue=3'],
    ['mtu=99999999', '99999999'],
    ['drop=certificat', 'certificat'],
    ['drop=certificate#0', '0'],
    ['drop=certificate#x', 'x'],
    ['drop=certificate@', ''],
    ['drop=5..2', '2'],
    ['drop=1..5000', '5000'],
    ['drop=1+', ''],
    ['delay=1e3ms', 'e3ms'],
  ])('%s is refused at "%s"', (text, rest) => {
    expect(pointsAt(text)).toBe(rest);
  });

  it('of no kind ever throws', () => {
    const alphabet = [
      ...['out:', 'in:', '=', ',', '#', '@', '%', '±', '..', '+', '1', '0', '.', 'ms', 'KB'],
      ...['notice', 'length=', 'streams=', 'kbit/s', ...linkKinds],
    ];
    let state = 1;
    for (let i = 0; i < 20_000; i++) {
      let text = '';
      for (let length = 0; length < 6; length++) {
        state = (state * 48271) % 2147483647;
        text += alphabet[state % alphabet.length];
      }
      const parsed = parseLinkRule(text);
      if (parsed.ok) expect(read(formatLinkRule(parsed.value))).toEqual(parsed.value);
      else expect(parsed.problems[0]?.at).toBeLessThanOrEqual(text.length);
    }
  });
});

describe('what a rule can see of a real peer', () => {
  const refused = (text: string, versions: readonly ('1.2' | '1.3')[]) => onlySimulated(read(text), versions)?.what;
  it('excludes the encrypted Finished that comes in', () => {
    expect(refused('in:drop=finished', ['1.2'])).toContain('"finished" comes in encrypted');
    expect(refused('drop=finished', ['1.2'])).toContain('"finished"');
    expect(refused('out:drop=finished', ['1.2'])).toBeUndefined();
    expect(refused('in:drop=certificate', ['1.2'])).toBeUndefined();
    expect(refused('in:drop=certificate', ['1.2', '1.3'])).toContain('"certificate"');
    expect(refused('in:drop=3', ['1.3'])).toBeUndefined();
  });

  it('and telling that peer that it sends too much', () => {
    expect(refused('in:mtu=1200,notice', ['1.2'])).toContain('only the network itself can tell the peer');
    expect(refused('mtu=1200,notice', ['1.2'])).toBeDefined();
    expect(refused('out:mtu=1200,notice', ['1.2'])).toBeUndefined();
    expect(refused('in:mtu=1200', ['1.2'])).toBeUndefined();
  });
});

describe('load', () => {
  const unshared = (...texts: string[]) => loadWithoutRate(texts.map(read));
  it('needs a line in its direction', () => {
    expect(unshared('load=1Mbit/s')).toMatchObject({ kind: 'load' });
    expect(unshared('out:load=1Mbit/s', 'in:rate=1Mbit/s')).toMatchObject({ direction: 'out' });
    expect(unshared('out:load=1Mbit/s', 'rate=1Mbit/s')).toBeUndefined();
    expect(unshared('load=1Mbit/s', 'out:rate=1Mbit/s')).toBeUndefined();
  });

  it('without one is refused, and told what is missing', () => {
    const scenario = readScenario('probe', 'sim', { link: ['out:load=1Mbit/s'] });
    expect(scenario.ok ? '' : scenario.problems.map(describeProblem).join()).toBe(
      '--link: "out:load=1000kbit/s,streams=1,size=1KB" has no line to share; allowed: with a rate for the same direction, as in rate=225kbit/s,queue=20KB',
    );
  });
});

describe('the table of rules', () => {
  it('has examples that are read, each as its own kind, for every kind', () => {
    for (const kind of linkKinds) {
      expect(linkForms[kind].length).toBeGreaterThan(0);
      for (const { example } of linkForms[kind]) {
        expect(example.startsWith(`${kind}=`)).toBe(true);
        expect(formatLinkRule(read(example))).toBeTruthy();
      }
    }
  });
});

describe('a network with a name', () => {
  const link = (text: string): readonly LinkRule[] => {
    const parsed = parseLink(text);
    if (!parsed.ok) throw new Error(parsed.problems.map(describeProblem).join('\n'));
    return parsed.value;
  };
  const refusal = (text: string): string => {
    const parsed = parseLink(text);
    return parsed.ok ? 'accepted' : parsed.problems.map(describeProblem).join('\n');
  };

  it.each(linkPresetIds)('%s stands for its rules, and can stand alone', (id) => {
    expect(link(id)).toEqual(linkPresets[id].rules.map(read));
    const scenario = readScenario('probe', 'sim', { link: [id] });
    if (!scenario.ok) throw new Error(scenario.problems.map(describeProblem).join('\n'));
    expect(scenario.value.options.link).toEqual(link(id));
  });

  it('of several rules is written back by its name, with what stands around it', () => {
    const texts = ['loss=1%', 'licode-uplink', 'out:drop=2'];
    expect(formatLink(texts.flatMap(link))).toEqual(texts);
    expect(toCommandLine(scenarioOf(texts))).toBe(
      'dtlscope probe sim --link loss=1% --link licode-uplink --link out:drop=2',
    );
    // Not all of its rules are not it.
    const part = link('licode-uplink').slice(1);
    expect(formatLink(part)).toEqual(part.map(formatLinkRule));
  });

  it('may be taken for one direction alone', () => {
    expect(link('out:licode-uplink').map(formatLinkRule)).toEqual([
      'out:rate=225kbit/s,queue=20KB',
      'out:load=340kbit/s,streams=2,size=1KB',
      'out:delay=70ms',
    ]);
    expect(link('in:vpn-1280').map(formatLinkRule)).toEqual(['in:mtu=1252']);
  });

  it('that nobody knows is met with the nearest, and with where all stand', () => {
    expect(refusal('out:licode')).toBe(
      [
        '--link: this is no network with a name (did you mean licode-uplink?), and not KIND=VALUE; allowed: 3g, lossy-wifi, licode-uplink, vpn-1280, turn-1600; or a rule, of which --link list shows all',
        '  out:licode',
        '      ^',
      ].join('\n'),
    );
    // A kind alone has only lost its value.
    expect(refusal('loss')).toContain('is not KIND=VALUE');
    expect(refusal('4g=3')).toContain('has no rule "4g"');
  });
});

function scenarioOf(texts: readonly string[]): Scenario {
  const scenario = readScenario('probe', 'sim', { link: texts });
  if (!scenario.ok) throw new Error(scenario.problems.map(describeProblem).join('\n'));
  return scenario.value;
}
