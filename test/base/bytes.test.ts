import { describe, expect, it } from 'vitest';
import {
  concat,
  copy,
  equal,
  equalConstantTime,
  fromBase64,
  fromHex,
  fromUtf8,
  toBase64,
  toHex,
  uintBytes,
  utf8,
} from '../../src/base/bytes.ts';
import { Prng } from '../../src/base/random.ts';

describe('hexadecimal', () => {
  it('comes back as it was, and agrees with Node', () => {
    const prng = new Prng('hex');
    for (let length = 0; length < 300; length++) {
      const bytes = prng.bytes(length);
      expect(toHex(bytes)).toBe(Buffer.from(bytes).toString('hex'));
      expect(fromHex(toHex(bytes))).toEqual(bytes);
    }
  });

  it('is read in either case, with white space and colons between pairs', () => {
    const bytes = Uint8Array.of(0xab, 0xcd, 0x01);
    for (const text of ['abcd01', 'ABCD01', 'AB:CD:01', ' ab cd\n01 ', 'ab : cd\t01'])
      expect(fromHex(text)).toEqual(bytes);
    expect(fromHex('')).toEqual(new Uint8Array(0));
  });

  it('is refused when it is something else', () => {
    for (const text of ['a', 'abc', 'xy', '0x12', 'a:b', 'a b', 'ab:c', 'a\u{1F600}', 'é0', '-1', '１２'])
      expect(fromHex(text)).toBeUndefined();
  });
});

describe('base64', () => {
  it('comes back as it was, and agrees with Node, also beyond the length of an argument list', () => {
    const prng = new Prng('base64');
    for (const length of [0, 1, 2, 3, 4, 5, 100, 0x7fff, 0x8000, 0x8001, 300_000]) {
      const bytes = prng.bytes(length);
      expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
      expect(equal(fromBase64(toBase64(bytes)) ?? new Uint8Array(0), bytes)).toBe(true);
    }
  });

  it('is read across lines and without padding', () => {
    expect(fromBase64('SGVs\r\n bG8=')).toEqual(utf8('Hello'));
    expect(fromBase64('SGVsbG8')).toEqual(utf8('Hello'));
  });

  it('is refused, never thrown at, when it is something else', () => {
    for (const text of ['QQ=', 'QQ===', '=', '==', 'Q', 'Q===', 'QUI==', 'A=A=', 'QUFB=', 'QUFB==', 'Q-_=', 'é'])
      expect({ text, read: fromBase64(text) }).toEqual({ text, read: undefined });
  });
});

describe('byte strings', () => {
  it('are compared by length and content', () => {
    const bytes = Uint8Array.of(1, 2, 3);
    for (const same of [equal, equalConstantTime]) {
      expect(same(bytes, Uint8Array.of(1, 2, 3))).toBe(true);
      expect(same(bytes, Uint8Array.of(1, 2))).toBe(false);
      expect(same(Uint8Array.of(1, 2), bytes)).toBe(false);
      expect(same(bytes, Uint8Array.of(1, 2, 3, 0))).toBe(false);
      expect(same(Uint8Array.of(1, 2, 3, 0), bytes)).toBe(false);
      expect(same(bytes, Uint8Array.of(0x81, 2, 3))).toBe(false);
      expect(same(new Uint8Array(0), new Uint8Array(0))).toBe(true);
    }
  });

  it('are put together in order, and copies share no memory', () => {
    expect(concat(Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3))).toEqual(Uint8Array.of(1, 2, 3));
    const source = Uint8Array.of(1, 2);
    const other = copy(source.subarray(1));
    source[1] = 9;
    expect(other).toEqual(Uint8Array.of(2));
  });

  it('hold integers big endian, up to six bytes', () => {
    expect(uintBytes(0x0102, 3)).toEqual(Uint8Array.of(0, 1, 2));
    expect(uintBytes(2 ** 48 - 2, 6)).toEqual(Uint8Array.of(255, 255, 255, 255, 255, 254));
  });

  it('are text without ever throwing', () => {
    expect(fromUtf8(utf8('ひだり'))).toBe('ひだり');
    expect(fromUtf8(Uint8Array.of(0x41, 0xff, 0x42))).toBe('A\ufffdB');
  });
});
