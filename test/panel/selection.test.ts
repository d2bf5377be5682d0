import { describe, expect, it } from 'vitest';
import { letGo, nothing, selectEvidence, selectTarget, step, stepRecord } from '../../panel/state/selection.ts';

describe('arrow keys', () => {
  it('walk along the datagrams and stay at the ends', () => {
    const packets = [2, 5, 9];
    const at = (packet: number) => ({ kind: 'datagram', packet }) as const;
    expect(step(packets, at(2), 1)).toBe(5);
    expect(step(packets, at(9), 1)).toBe(9);
    expect(step(packets, at(2), -1)).toBe(2);
    expect(step(packets, undefined, 1)).toBe(2);
    expect(step(packets, undefined, -1)).toBe(9);
    expect(step(packets, undefined, Number.POSITIVE_INFINITY)).toBe(9);
    expect(step(packets, at(5), Number.NEGATIVE_INFINITY)).toBe(2);
    expect(step([], undefined, 1)).toBeUndefined();
  });

  it('begin anew when the selected datagram is not shown any more', () => {
    expect(step([2, 5], { kind: 'datagram', packet: 3 }, 1)).toBe(2);
  });

  it('walk records of a datagram, and back to the datagram as a whole', () => {
    const whole = { kind: 'datagram', packet: 4 } as const;
    const first = stepRecord(whole, 2, 1);
    expect(first).toEqual({ kind: 'record', packet: 4, record: 0 });
    expect(stepRecord(stepRecord(first, 2, 1), 2, 1)).toEqual({ kind: 'record', packet: 4, record: 1 });
    expect(stepRecord(first, 2, -1)).toEqual(whole);
    expect(stepRecord(whole, 0, 1)).toEqual(whole);
  });
});

describe('evidence', () => {
  const evidence = [
    { packet: 3, start: 0, end: 10 },
    { packet: 7, start: 5, end: 6 },
  ];

  it('is lit as a whole, and one piece of it selected with its details', () => {
    const selection = selectEvidence(nothing, 0, evidence, { kind: 'datagram', packet: 3 }, undefined);
    expect(selection.lit).toEqual(evidence);
    expect(selection.target).toEqual({ kind: 'datagram', packet: 3 });
    expect(selection.details).toBe(true);
  });

  it('stays lit while the user walks around', () => {
    const selection = selectTarget(selectEvidence(nothing, 0, evidence, { kind: 'datagram', packet: 3 }, undefined), {
      kind: 'datagram',
      packet: 4,
    });
    expect(selection.lit).toEqual(evidence);
  });
});

describe('Escape', () => {
  it('closes the details first, then lets go of the selection', () => {
    const open = selectTarget(nothing, { kind: 'datagram', packet: 1 }, true);
    const closed = letGo(open);
    expect(closed).toMatchObject({ details: false, target: { packet: 1 } });
    expect(letGo(closed).target).toBeUndefined();
  });
});
