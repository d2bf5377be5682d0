import { describe, expect, it } from 'vitest';
import { axis, foldMs, zoomed, type zooms } from '../../panel/layout/axis.ts';

describe('the zoom of time', () => {
  it('gives real time room in proportion, and says so', () => {
    const plain = axis('real', 1000, 20);
    const close = axis('real', 1000, 20, 8);
    expect(close.space(100).pixels).toBeGreaterThan(5 * plain.space(100).pixels);
    expect(close.text).not.toBe(plain.text);
  });

  it('widens the short pauses of compressed time, and folds the long ones as before', () => {
    const at = (zoom: (typeof zooms)[number]) => axis('compressed', 1000, 20, zoom);
    expect(at(4).space(foldMs).pixels).toBe(4 * at(1).space(foldMs).pixels);
    expect(at(4).space(1000)).toEqual(at(1).space(1000));
  });

  it('goes in steps and stops at both ends', () => {
    expect(zoomed(1, 1)).toBe(2);
    expect(zoomed(1, -1)).toBe(0.5);
    expect(zoomed(8, 1)).toBe(8);
    expect(zoomed(0.25, -1)).toBe(0.25);
  });
});
