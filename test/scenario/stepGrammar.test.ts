import { describe, expect, it } from 'vitest';
import {
  describeProblem,
  formatStep,
  type GivenOptions,
  parseCommandLine,
  parseStep,
  readScenario,
  type Step,
  stepForms,
  stepKinds,
  toCommandLine,
  toScenarioText,
} from '../../src/scenario/index.ts';

const step = (text: string): Step => {
  const parsed = parseStep(text);
  if (!parsed.ok) throw new Error(parsed.problems.map(describeProblem).join('\n'));
  return parsed.value;
};

describe('a step', () => {
  it.each<[string, Step]>([
    ['send=1000', { kind: 'send', payload: { kind: 'bytes', length: 1000 }, echoMs: undefined, aboveMtu: false }],
    [
      'send=4KB,above-mtu',
      { kind: 'send', payload: { kind: 'bytes', length: 4000 }, echoMs: undefined, aboveMtu: true },
    ],
    ['send=ping,echo', { kind: 'send', payload: { kind: 'text', text: 'ping' }, echoMs: 2000, aboveMtu: false }],
    [
      'send="a, \\"b\\"=c\\n",echo=500ms',
      { kind: 'send', payload: { kind: 'text', text: 'a, "b"=c\n' }, echoMs: 500, aboveMtu: false },
    ],
    ['wait=5s', { kind: 'wait', ms: 5000, payload: undefined }],
    ['wait=250ms,for=100', { kind: 'wait', ms: 250, payload: { kind: 'bytes', length: 100 } }],
    ['key-update', { kind: 'key-update', ask: false, withinMs: 10_000 }],
    ['key-update,ask,within=3s', { kind: 'key-update', ask: true, withinMs: 3000 }],
    ['idle=30s', { kind: 'idle', ms: 30_000 }],
    ['restart,resume', { kind: 'restart', resume: true, withinMs: 10_000 }],
    ['close,answer=1s', { kind: 'close', answerMs: 1000 }],
  ])('%s is read, and written back', (text, meant) => {
    expect(step(text)).toEqual(meant);
    expect(step(formatStep(meant))).toEqual(meant);
  });

  it('is read in every form that the documents show', () => {
    for (const kind of stepKinds)
      for (const { example } of stepForms[kind]) expect(step(formatStep(step(example)))).toEqual(step(example));
  });

  it.each([
    ['', 0, 'begins with no step'],
    ['sent=5', 0, 'has no step "sent"'],
    ['send', 3, 'says nothing behind "send"'],
    ['send=', 5, 'is an empty text'],
    ['send=0', 5, 'is too small'],
    ['send=20000', 5, 'is too large'],
    ['send=two words', 8, 'needs quotes'],
    ['send="open', 5, 'has a quote that is not closed'],
    ['send="a"b', 8, 'goes on behind its quote'],
    ['send="\\x"', 5, 'is no text in quotes'],
    ['send=5,echo=0', 12, 'is too small'],
    ['send=5,echo=2m', 13, 'is not a time'],
    ['send=5,twice', 7, 'is not PARAMETER=VALUE'],
    ['send=5,for=3', 7, 'has no place for "for"'],
    ['wait', 3, 'says nothing behind "wait"'],
    ['wait=soon', 5, 'is not a time'],
    ['key-update=5', 11, 'stands behind "key-update", which has no value'],
    ['idle=700s', 5, 'is too large'],
    ['restart,resume=1', 8, 'has no place for "resume"'],
  ])('%s is refused at character %i: it %s', (text, at, what) => {
    const parsed = parseStep(text);
    expect(parsed.ok).toBe(false);
    if (parsed.ok) return;
    expect(parsed.problems).toHaveLength(1);
    expect(parsed.problems[0]?.what).toContain(what);
    expect(parsed.problems[0]?.at).toBe(at);
  });
});

const problems = (target: string, given: GivenOptions): string[] => {
  const read = readScenario('probe', target, given);
  return read.ok ? [] : read.problems.map(describeProblem);
};

describe('steps of a scenario', () => {
  it.each<[string, GivenOptions, RegExp]>([
    ['sim', { steps: ['key-update'], versions: ['1.2'] }, /key-update.* is of DTLS 1\.3 alone/],
    [
      'whip:https://gw.example/whip',
      { steps: ['send=5,echo'] },
      /a WebRTC peer sends none: it takes application data for SCTP/,
    ],
    ['sdp:offer.sdp', { steps: ['send=5,echo'] }, /WebRTC peer/],
    ['sim', { steps: ['restart'], role: ['server'] }, /only a client can begin/],
    ['sim', { steps: ['close', 'send=5'] }, /stands behind close; allowed: restart or idle/],
    ['sim', { steps: ['send=1201'] }, /is more than the MTU, 1200 bytes/],
    ['sim', { steps: ['idle=20s', 'idle=20s'] }, /ends after 40000 ms at the earliest/],
    ['sim:live-hello-ignored', {}, /with serve, or for sim: with --step restart/],
  ])('of %s with %j are refused', (target, given, why) => {
    expect(problems(target, given).join('\n')).toMatch(why);
  });

  it.each<[string, GivenOptions]>([
    ['sim', { steps: ['close', 'idle=1s', 'restart', 'send=5'] }],
    ['sim', { steps: ['send=4000,above-mtu'] }],
    ['sim:live-hello-ignored', { steps: ['restart'] }],
    ['whip:https://gw.example/whip', { steps: ['send=5', 'wait=1s', 'restart'], role: ['server'] }],
  ])('of %s with %j are taken', (target, given) => {
    expect(problems(target, given)).toEqual([]);
  });

  it('stand in the command line and in the file that repeat a run', () => {
    const texts = ['send="a, b",echo', 'key-update,ask', 'idle=2s', 'restart,resume'];
    const read = readScenario('probe', 'sim', { steps: texts });
    if (!read.ok) throw new Error('refused');
    const line = toCommandLine(read.value);
    expect(line).toContain(`--step 'send="a, b",echo' --step key-update,ask --step idle=2s`);
    expect(parseCommandLine(line)).toEqual(read);
    expect(toScenarioText(read.value)).toContain('steps: ["send=\\"a, b\\",echo", "key-update,ask", "idle=2s"');
  });

  it('an echo is the server’s, and not the gateway’s', () => {
    expect(readScenario('serve', undefined, { echo: ['on'] }).ok).toBe(true);
    expect(readScenario('serve', undefined, { echo: ['on'], whip: ['on'] }).ok).toBe(false);
  });
});
