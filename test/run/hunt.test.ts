import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/diagnosis/model.ts';
import { attemptOf, hunt, unmet } from '../../src/run/index.ts';
import { type Expectation, expecting, readScenario } from '../../src/scenario/index.ts';

/** A hunt through outcomes that are known before. */
const through = (outcomes: readonly Outcome[], until: Outcome | undefined, wanted: Outcome, atOnce = 1) =>
  hunt<string>({
    rounds: Math.ceil(outcomes.length / atOnce),
    atOnce,
    until,
    attempt: async (number) => {
      const outcome = outcomes[number - 1] ?? 'established';
      return { outcome, unmet: outcome === wanted ? [] : [`it is ${outcome}`], result: `run ${number}` };
    },
  });

describe('a hunt', () => {
  it('stops at the outcome it is for, and keeps that one and the last good one before it', async () => {
    const found = await through(['established', 'established', 'stalled', 'established'], 'stalled', 'established');
    expect(found).toMatchObject({ made: 3, reached: true, lastGood: { number: 2 }, firstBad: { number: 3 } });
    expect(found.unmet).toEqual(['it is stalled']);
    expect(Object.fromEntries(found.outcomes)).toEqual({ established: 2, stalled: 1 });
  });

  it('that is meant to find something holds when it does, and does not when it does not', async () => {
    expect((await through(['established', 'stalled'], 'stalled', 'stalled')).unmet).toEqual([]);
    const missed = await through(['established', 'established'], 'stalled', 'stalled');
    expect(missed).toMatchObject({ reached: false, firstBad: undefined });
    expect(missed.unmet[0]).toContain('it is established (and 1 more of 2 handshakes');
  });

  it('without such an outcome goes on to the end, and keeps the first that was not as expected', async () => {
    const found = await through(['established', 'stalled', 'established', 'no-answer'], undefined, 'established');
    expect(found).toMatchObject({ made: 4, lastGood: { number: 1 }, firstBad: { number: 2 } });
  });

  it('has an established one for the good one where there is any', async () => {
    const found = await through(['established', 'no-answer', 'stalled'], 'stalled', 'established');
    expect(found).toMatchObject({ lastGood: { number: 1 }, firstBad: { number: 3 } });
  });

  it('takes a later good one when the first was bad', async () => {
    const found = await through(['stalled', 'established', 'established'], undefined, 'established');
    expect(found).toMatchObject({ firstBad: { number: 1 }, lastGood: { number: 2 } });
  });

  it('starts those of a round together, and ends after a round', async () => {
    let open = 0;
    let most = 0;
    const found = await hunt<number>({
      rounds: 3,
      atOnce: 4,
      until: 'stalled',
      attempt: async (number) => {
        most = Math.max(most, ++open);
        await Promise.resolve();
        open--;
        return { outcome: number === 6 ? 'stalled' : 'established', unmet: [], result: number };
      },
    });
    expect([most, found.made, found.firstBad?.number, found.lastGood?.number]).toEqual([4, 8, 6, 5]);
  });

  it('gives every attempt a seed of its own, the same each time', () => {
    const read = readScenario('probe', 'sim', { seed: ['4294967295'], repeat: ['3'] });
    if (!read.ok) throw new Error('refused');
    expect([1, 2].map((number) => attemptOf(read.value, number).options)).toMatchObject([
      { seed: 0xffff_ffff, repeat: 1 },
      { seed: 0, repeat: 1 },
    ]);
  });
});

describe('what an expectation says of steps', () => {
  const step = (number: number, state: 'done' | 'failed') => ({
    ...({ number, count: 3, actor: 'client', step: 'close,answer', beganAt: 0, endedAt: 9, state } as const),
    result:
      state === 'done' ? ({ kind: 'answered', ms: 1 } as const) : ({ kind: 'no-answer', withinMs: 2000 } as const),
  });
  const failed = 'step 2 (close,answer) failed: the peer did not answer our close_notify within 2 s';
  const seen = [step(1, 'done'), step(2, 'failed'), step(3, 'done')];
  it.each<[Expectation['steps'], typeof seen, readonly string[]]>([
    [undefined, seen, [failed]],
    ['all', seen, [failed]],
    [2, seen, []],
    [3, seen, [failed]],
    ['all', [step(1, 'done')], ['steps that were done: 1 of 3']],
    [2, [step(1, 'done'), step(2, 'failed')], [failed, 'steps that were done: 1 of 3 (expected at least 2)']],
  ])('%j of three', (steps, all, told) => {
    const judged = {
      handshake: undefined,
      outcome: 'established',
      findings: [],
      steps: { seen: all, wanted: 3 },
    } as const;
    expect(unmet({ ...expecting('established'), steps }, judged)).toEqual(told);
  });

  it('is nothing where the handshake is to fail', () => {
    const judged = { handshake: undefined, outcome: 'stalled', findings: [], steps: { seen: [], wanted: 3 } } as const;
    expect(unmet(expecting('stalled'), judged)).toEqual([]);
    expect(unmet({ ...expecting('stalled'), steps: 1 }, judged)).toHaveLength(1);
  });
});

describe('an expectation', () => {
  const handshake = {
    traffic: { client: { datagrams: 5, bytes: 0, largest: 0 }, server: { datagrams: 2, bytes: 0, largest: 0 } },
    retransmissions: { client: 1, server: 0 },
  } as never;
  const judged = {
    handshake,
    outcome: 'stalled',
    findings: [{ id: 'flight-lost' }],
    steps: { seen: [], wanted: 0 },
  } as const;
  const free = expecting('stalled');
  it.each<[Partial<Expectation>, readonly string[]]>([
    [{}, []],
    [{ outcome: 'established' }, ['the outcome should be established, and is stalled']],
    [{ findings: { must: ['flight-lost'], mustNot: ['peer-silent'] } }, []],
    [
      { findings: { must: ['peer-silent'], mustNot: ['flight-lost'] } },
      ['the finding peer-silent does not appear', 'the finding flight-lost appears, and must not'],
    ],
    [
      { datagrams: { client: { least: undefined, most: 4 }, server: { least: 3, most: undefined } } },
      ['datagrams of the client: 5, expected at most 4', 'datagrams of the server: 2, expected at least 3'],
    ],
    [
      { retransmissions: { client: { least: 0, most: 0 }, server: { least: 0, most: 0 } } },
      ['retransmissions of the client: 1, expected 0'],
    ],
  ])('%j is held against the handshake', (more, told) => {
    expect(unmet({ ...free, ...more }, judged)).toEqual(told);
  });
});
