import { describe, expect, it } from 'vitest';
import { inFull, type ReadHandshake } from '../../src/diagnosis/lead.ts';
import type { Diagnosis, Outcome } from '../../src/diagnosis/model.ts';
import { reportAs } from '../../src/report/files.ts';
import { handshakeList, mostInFull } from '../../src/report/many.ts';
import { captureHeader } from '../support/traces.ts';
import { blank, captured, handshakeOf } from './handshakes.ts';

const template = handshakeOf(captured('good_ecdhe_rsa'));
const one = (number: number, outcome: Outcome = 'established', more: Partial<Diagnosis> = {}): ReadHandshake => ({
  handshake: { ...template, id: `h${number}`, startedAt: number * 1000, client: `10.0.0.${number % 250}:4000` },
  diagnosis: { ...blank, outcome, verdict: `Verdict ${number}.`, ...more },
});
const ids = (read: readonly ReadHandshake[]): readonly string[] => read.map(({ handshake }) => handshake.id);

describe('of many handshakes', () => {
  it('those in trouble are told in full before others, all in their order', () => {
    const read = [one(1), one(2), one(3, 'stalled'), one(4), one(5, 'truncated')];
    expect(ids(inFull(read, 3))).toEqual(['h1', 'h3', 'h5']);
    expect(ids(inFull(read, 1))).toEqual(['h3']);
    expect(inFull(read, 5)).toBe(read);
  });

  it('those that the recording cut, or somebody, do not take the place of those that failed', () => {
    const read = [one(1, 'incomplete-capture'), one(2, 'cancelled'), one(3), one(4, 'stalled')];
    expect(ids(inFull(read, 1))).toEqual(['h4']);
    expect(ids(inFull(read, 3))).toEqual(['h1', 'h2', 'h4']);
  });

  it('one that got through with an error among its findings is in trouble too', () => {
    const finding = { id: 'x', severity: 'error', title: '', why: '', fix: '', see: '', evidence: [] } as const;
    const read = [one(1), one(2, 'established', { findings: [finding] })];
    expect(ids(inFull(read, 1))).toEqual(['h2']);
  });

  it('each has its time, its ends and its verdict in a list that counts how they ended', () => {
    const read = [one(9), one(10, 'stalled'), one(11), one(12, 'cancelled')];
    expect(handshakeList(read, { width: 60, colour: false })).toBe(
      [
        '4 handshakes: 2 established, 1 stalled, 1 cancelled',
        '',
        `✔ h9   9.000 s  10.0.0.9:4000 → ${template.server}`,
        '      Verdict 9.',
        `✕ h10 10.000 s  10.0.0.10:4000 → ${template.server}`,
        '      Verdict 10.',
        `✔ h11 11.000 s  10.0.0.11:4000 → ${template.server}`,
        '      Verdict 11.',
        `? h12 12.000 s  10.0.0.12:4000 → ${template.server}`,
        '      Verdict 12.',
        '',
      ].join('\n'),
    );
    expect(handshakeList(read, { width: 60, colour: false, ascii: true })).toMatch(/^[\x20-\x7e\n]+$/);
  });

  it('the list keeps to its width, with the longest addresses too', () => {
    const ip = '[2001:db8:1111:2222:3333:4444:5555:6666]:65535';
    const { handshake, diagnosis } = one(7);
    const list = handshakeList([{ handshake: { ...handshake, client: ip, server: ip }, diagnosis }], {
      ...{ width: 60, colour: false },
    });
    for (const line of list.split('\n')) expect(line.length).toBeLessThanOrEqual(60);
    expect(list.replaceAll(/\s/g, '')).toContain(`${ip}→${ip}`);
  });

  it.each(['html', 'md', 'svg'] as const)('a report as %s leaves out no trouble for want of room', (kind) => {
    const read = Array.from({ length: mostInFull + 5 }, (_, i) =>
      i === mostInFull + 3 ? one(i, 'stalled', { verdict: 'The one in trouble.' }) : one(i),
    );
    const text = reportAs(kind, read, { header: captureHeader, addresses: 'masked' });
    const full = {
      html: `<article class="handshake" id="h${mostInFull + 3}">`,
      md: '### The one in trouble.',
      svg: 'The one in trouble.',
    };
    expect(text).toContain(full[kind]);
    expect(text).not.toContain(
      { html: `id="h${mostInFull}"`, md: `### Verdict ${mostInFull}.`, svg: `Verdict ${mostInFull}.` }[kind],
    );
  });
});
