import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/random.ts';
import { encodeFrame, type Frame, FrameReader } from '../../src/helper/frames.ts';

const header = (length: number, littleEndian = true): Uint8Array => {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, length, littleEndian);
  return out;
};
const text = (body: string): Uint8Array => new TextEncoder().encode(body);
const join = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

describe('frames', () => {
  it.each([true, false])('carry JSON in either byte order (little: %s)', (littleEndian) => {
    const value = { kind: 'hello', text: 'Grüße 🛰', list: [1, null] };
    const frame = encodeFrame(value, littleEndian);
    expect(new DataView(frame.buffer).getUint32(0, littleEndian)).toBe(frame.length - 4);
    expect(new FrameReader(littleEndian).push(frame)).toEqual([{ kind: 'message', value }]);
  });

  it('are found however the stream is chopped', () => {
    const values = [...Array(50).keys()].map((i) => ({ i, pad: 'ü'.repeat(i * 3) }));
    const stream = join(...values.map((value) => encodeFrame(value, true)));
    for (let seed = 0; seed < 50; seed++) {
      const prng = new Prng(seed);
      const reader = new FrameReader(true);
      const frames: Frame[] = [];
      for (let at = 0; at < stream.length; ) {
        const size = prng.int(40);
        frames.push(...reader.push(stream.subarray(at, at + size)));
        at += size;
      }
      expect(frames).toEqual(values.map((value) => ({ kind: 'message', value })));
      expect(reader.idle).toBe(true);
    }
  });

  it('of exactly the largest size are read, one byte more is not', () => {
    const reader = new FrameReader(true, 10);
    const ten = text('"12345678"');
    expect(reader.push(join(header(10), ten))).toEqual([{ kind: 'message', value: '12345678' }]);
    expect(reader.push(header(11))).toEqual([{ kind: 'too-large', bytes: 11 }]);
  });

  it('that are too large are told at once, skipped, and the next one is read', () => {
    const reader = new FrameReader(true, 100);
    expect(reader.push(join(header(1000), new Uint8Array(400)))).toEqual([{ kind: 'too-large', bytes: 1000 }]);
    expect(reader.idle).toBe(false);
    expect(reader.push(new Uint8Array(599))).toEqual([]);
    expect(reader.push(join(new Uint8Array(1), encodeFrame(7, true)))).toEqual([{ kind: 'message', value: 7 }]);
  });

  it('that claim four gigabytes take no memory and produce one answer', () => {
    const reader = new FrameReader(true);
    expect(reader.push(header(0xffff_ffff))).toHaveLength(1);
    for (let i = 0; i < 1000; i++) expect(reader.push(new Uint8Array(65536))).toEqual([]);
  });

  it.each([
    ['nothing', new Uint8Array(0)],
    ['no JSON', text('{"a":')],
    ['no UTF-8', Uint8Array.of(0x22, 0xff, 0x22)],
  ])('that hold %s are told as bad, and the next one is read', (_what, body) => {
    const reader = new FrameReader(true);
    const frames = reader.push(join(header(body.length), body, encodeFrame(1, true)));
    expect(frames.map(({ kind }) => kind)).toEqual(['bad', 'message']);
  });

  it('that are random bytes give answers and never an exception', () => {
    for (let seed = 0; seed < 300; seed++) {
      const prng = new Prng(seed);
      const reader = new FrameReader(true, 64);
      for (let i = 0; i < 20; i++) reader.push(join(header(prng.int(80)), prng.bytes(prng.int(80))));
    }
  });
});
