import { describe, expect, it } from 'vitest';
import type { LinkRule } from '../../src/link/index.ts';
import { formatLinkRule, hiddenInbound, linkKinds, parseLinkRule } from '../../src/scenario/linkGrammar.ts';
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
    ['in:mtu=1200', { direction: 'in', kind: 'mtu', bytes: 1200 }],
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
        '--link: this has no rule "lost"; allowed: loss, delay, rate, duplicate, reorder, corrupt, mtu, truncate, drop',
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
    const alphabet = ['out:', 'in:', '=', ',', '#', '@', '%', '±', '..', '+', '1', '0', '.', 'ms', 'KB', ...linkKinds];
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
  it('excludes the encrypted Finished that comes in', () => {
    expect(hiddenInbound(read('in:drop=finished'), ['1.2'])).toBe('finished');
    expect(hiddenInbound(read('drop=finished'), ['1.2'])).toBe('finished');
    expect(hiddenInbound(read('out:drop=finished'), ['1.2'])).toBeUndefined();
    expect(hiddenInbound(read('in:drop=certificate'), ['1.2'])).toBeUndefined();
    expect(hiddenInbound(read('in:drop=certificate'), ['1.2', '1.3'])).toBe('certificate');
    expect(hiddenInbound(read('in:drop=3'), ['1.3'])).toBeUndefined();
  });
});
