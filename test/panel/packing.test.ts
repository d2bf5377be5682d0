import { describe, expect, it } from 'vitest';
import type { BlockRow } from '../../panel/layout/blockRow.ts';
import { duplicatesOf, type MessageRow, type PackingRow, packing } from '../../panel/layout/packing.ts';
import { handshakeOf } from '../support/handshakes.ts';
import { inspectedCapture } from '../support/inspecting.ts';

const blocks = (rows: readonly PackingRow[]): BlockRow[] =>
  rows.filter((row): row is BlockRow => row.kind === 'datagram');
const bars = (rows: readonly PackingRow[]): MessageRow[] =>
  rows.filter((row): row is MessageRow => row.kind === 'message');
const big = inspectedCapture('bigchain_mtu300').handshake;
const blackhole = inspectedCapture('pmtu_blackhole').handshake;
const hole = inspectedCapture('hole').handshake;
const lossy = inspectedCapture('lossy_retransmit').handshake;

describe.each([
  ['bigchain_mtu300', big],
  ['hole', hole],
  ['lossy_retransmit', lossy],
] as const)('the packing of %s', (_, handshake) => {
  it.each([320, 900, 1600])('has every datagram and message once, in rows that do not overlap, at %i px', (width) => {
    const drawn = packing(handshake, { width });
    expect(
      blocks(drawn.rows)
        .map(({ packet }) => packet)
        .sort((a, b) => a - b),
    ).toEqual(handshake.datagrams.map(({ packet }) => packet));
    expect(bars(drawn.rows)).toHaveLength(handshake.messages.length);
    let bottom = 0;
    for (const row of drawn.rows) {
      expect(row.y).toBeGreaterThanOrEqual(bottom);
      bottom = row.y + row.height;
    }
    expect(drawn.height).toBeGreaterThanOrEqual(bottom);
  });

  it('keeps strips of a level apart, inside their datagram, and fragments inside their record', () => {
    const drawn = packing(handshake, { width: 1600 });
    for (const { strips } of blocks(drawn.rows)) {
      const [datagram] = strips;
      if (!datagram) throw new Error('a block without strips');
      for (const level of ['record', 'fragment', 'message'] as const) {
        let at = datagram.x;
        for (const strip of strips.filter((one) => one.level === level)) {
          expect(strip.x).toBeGreaterThanOrEqual(at - 0.01);
          at = strip.x + strip.width - 1;
          expect(strip.x + strip.width).toBeLessThanOrEqual(datagram.x + datagram.width + 1.01);
        }
      }
    }
  });
});

describe('strips', () => {
  it('put bytes where they are, whatever the width', () => {
    const drawn = packing(big, { width: 1600 });
    const fifth = blocks(drawn.rows).find(({ packet }) => packet === 5);
    const fragment = fifth?.strips.find(({ level }) => level === 'fragment');
    expect(fragment?.full).toBe('certificate 161–408 of 3746');
    expect(((fragment?.x ?? 0) - drawn.left) / drawn.scale).toBeCloseTo(13);
    expect((fragment?.width ?? 0) / drawn.scale).toBeCloseTo(259);
    expect((fragment?.head ?? 0) / drawn.scale).toBeCloseTo(12);
    expect(fragment?.target).toEqual({ kind: 'fragment', packet: 5, record: 0, fragment: 0 });
  });

  it('alternate in tint from message to message, and keep one tint through a message', () => {
    const tints = new Map<string, Set<boolean>>();
    for (const { strips } of blocks(packing(big, { width: 1600 }).rows))
      for (const { level, target, odd } of strips)
        if (level === 'message' && target.kind === 'message')
          tints.set(target.key, (tints.get(target.key) ?? new Set()).add(odd));
    expect([...tints.values()].map((one) => one.size)).toEqual([...tints].map(() => 1));
    expect([...tints.values()].slice(0, 4).map((one) => [...one][0])).toEqual([false, true, false, true]);
  });

  it('are walked from left to right and from coarse to fine', () => {
    const fourth = blocks(packing(big, { width: 1600 }).rows).find(({ packet }) => packet === 4);
    expect(fourth?.targets.map(({ kind }) => kind)).toEqual([
      'datagram',
      'record',
      'fragment',
      'message',
      'record',
      'fragment',
      'message',
    ]);
  });
});

describe('limits', () => {
  const one = (size: number) => handshakeOf([{ at: 0, from: 'client', flight: 1, size, holds: ['client_hello'] }]);

  it('draw the known sizes that are near, and the run’s own by name', () => {
    const drawn = packing(one(1400), { width: 1000, mtu: 1000 });
    expect(drawn.limits.map(({ text }) => text)).toEqual(['576', 'MTU 1000', '1200', '1280', '1500']);
    for (const { bytes, x } of drawn.limits) expect((x - drawn.left) / drawn.scale).toBeCloseTo(bytes);
  });

  it('leave out a text that would cover another, never the run’s own', () => {
    const texts = (width: number, mtu: number) => packing(one(1400), { width, mtu }).limits.map(({ text }) => text);
    expect(texts(900, 600)).toEqual(['', 'MTU 600', '1200', '1280', '1500']);
    expect(texts(320, 1200)).toEqual(['576', 'MTU 1200', '', '1500']);
  });

  it('hatch what is past the run’s MTU, and say how much it is', () => {
    const drawn = packing(one(1400), { width: 1000, mtu: 1200 });
    const [row] = blocks(drawn.rows);
    expect(row?.past?.text).toBe('200 B past the MTU');
    expect(((row?.past?.x ?? 0) - drawn.left) / drawn.scale).toBeCloseTo(1200);
    expect((row?.past?.width ?? 0) / drawn.scale).toBeCloseTo(200);
    expect(row?.text).toContain('200 B past the MTU of 1200');
    expect(row?.label).toContain('200 B past the MTU of 1200');
  });

  it('hatch nothing up to the MTU, nor where no MTU is known', () => {
    expect(blocks(packing(one(1200), { width: 1000, mtu: 1200 }).rows)[0]?.past).toBeUndefined();
    expect(blocks(packing(one(1400), { width: 1000 }).rows)[0]?.past).toBeUndefined();
  });
});

describe('reassembly', () => {
  it('says which bytes of a message are missing', () => {
    const row = bars(packing(blackhole, { width: 1600 }).rows).find(({ parts }) =>
      parts.some(({ kind }) => kind === 'missing'),
    );
    const message = blackhole.messages.find(({ missing }) => missing.length > 0);
    const [start, end] = message?.missing[0] ?? [0, 0];
    expect(row?.text).toContain(`missing ${start}–${end}`);
    expect(row?.label).toContain(`missing ${start}–${end}`);
    expect(row?.parts.find(({ kind }) => kind === 'missing')?.text).toBe(`missing ${start}–${end}`);
  });

  it('says which bytes came more than once, as the reader counts them', () => {
    const twice = duplicatesOf(lossy);
    for (const message of lossy.messages) {
      const bytes = (twice.get(message.key) ?? []).reduce((sum, [start, end]) => sum + end - start, 0);
      expect(bytes > 0).toBe(message.duplicateBytes > 0);
      expect(bytes).toBeLessThanOrEqual(message.duplicateBytes);
    }
    const row = bars(packing(lossy, { width: 1600 }).rows).find(({ text }) => text.includes('more than once'));
    expect(row?.parts.some(({ kind }) => kind === 'duplicate')).toBe(true);
  });
});
