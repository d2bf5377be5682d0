import { describe, expect, it } from 'vitest';
import {
  bytes,
  type Codec,
  cite,
  decode,
  dissect,
  encode,
  labelled,
  many,
  named,
  opaque,
  Reader,
  rest,
  select,
  struct,
  tail,
  tryDecode,
  u8,
  u16,
  u24,
  u32,
  u48,
  vector,
  Writer,
} from '../../src/codec/codec.ts';
import { DecodeError } from '../../src/codec/tree.ts';
import { leavesOf, tilingFault } from '../support/fieldTree.ts';
import { invariantFault } from '../support/invariants.ts';

const b = (...octets: number[]): Uint8Array => Uint8Array.from(octets);
const faultOf = (codec: Codec<unknown>, input: Uint8Array): string => {
  const result = tryDecode(codec, input);
  return result.ok ? 'accepted' : `${result.error.code} ${result.error.message}`;
};

describe('integers', () => {
  it('are big endian, in one to six bytes, up to the largest value', () => {
    const all = struct({ a: u8, b: u16, c: u24, d: u32, e: u48 });
    const value = { a: 0xff, b: 0xfffe, c: 0xfffffd, d: 0xfffffffc, e: 2 ** 48 - 5 };
    const wire = b(0xff, 0xff, 0xfe, 0xff, 0xff, 0xfd, 0xff, 0xff, 0xff, 0xfc, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfb);
    expect(encode(all, value)).toEqual(wire);
    expect(decode(all, wire)).toEqual(value);
  });

  it('that do not fit are a mistake of the program, not a decode error', () => {
    for (const [codec, value] of [
      [u8, 256],
      [u16, 0x10000],
      [u48, 2 ** 48],
      [u8, -1],
      [u8, 1.5],
      [u16, Number.NaN],
    ] as const)
      expect(() => encode(codec, value)).toThrow(RangeError);
  });
});

describe('vectors', () => {
  it('have a length prefix whose width follows from the largest length (RFC 8446 §3.4)', () => {
    expect(encode(opaque(0, 255), b(7))).toEqual(b(1, 7));
    expect(encode(opaque(0, 256), b(7))).toEqual(b(0, 1, 7));
    expect(encode(opaque(0, 0xffff), b(7))).toEqual(b(0, 1, 7));
    expect(encode(opaque(0, 0x10000), b(7))).toEqual(b(0, 0, 1, 7));
  });

  it('are refused outside their bounds, with the place of the length', () => {
    const inner = struct({ id: opaque(2, 4) });
    expect(faultOf(inner, b(1, 7))).toBe('bad-length id.length at byte 0: length 1 is outside 2..4');
    expect(faultOf(inner, b(5, 1, 2, 3, 4, 5))).toBe('bad-length id.length at byte 0: length 5 is outside 2..4');
    expect(faultOf(inner, b(3, 1, 2))).toBe('short id at byte 1: declares 3 bytes, has 2');
    expect(faultOf(inner, b())).toBe('short id.length at byte 0: needs 1 bytes, has 0');
  });

  it('must be used to the last byte by what is in them', () => {
    const pair = struct({ pairs: vector(0, 255, many('pair', u16)) });
    expect(faultOf(pair, b(3, 0, 1, 2))).toBe('short pairs.pair[1] at byte 3: needs 2 bytes, has 1');
    expect(faultOf(struct({ one: vector(0, 255, u8) }), b(2, 1, 2))).toBe('trailing one at byte 2: 1 bytes left over');
    expect(decode(pair, b(4, 0, 1, 0, 2))).toEqual({ pairs: [1, 2] });
  });

  it('cannot reach past the vector that they are in', () => {
    const nested = struct({ outer: vector(0, 255, struct({ inner: opaque(0, 255) })), next: u8 });
    expect(faultOf(nested, b(2, 2, 9, 9))).toBe('short outer.inner at byte 2: declares 2 bytes, has 1');
  });

  it('longer than their prefix can say are a mistake of the program', () => {
    expect(() => encode(opaque(0, 255), new Uint8Array(256))).toThrow(RangeError);
    expect(() => encode(bytes(4), b(1, 2))).toThrow(RangeError);
  });
});

describe('lists', () => {
  it('of elements without bytes end in an error instead of never', () => {
    const empty = struct({});
    expect(faultOf(many('nothing', empty), b(1))).toMatch(/^bad-value/);
  });

  it('number their elements in paths and trees', () => {
    const list = struct({ items: vector(0, 255, many('item', struct({ id: opaque(1, 2) }))) });
    expect(faultOf(list, b(4, 1, 9, 1, 9))).toBe('accepted');
    expect(faultOf(list, b(4, 1, 9, 3, 9))).toBe(
      'bad-length items.item[1].id.length at byte 3: length 3 is outside 1..2',
    );
    const { root } = dissect(list, 'list', b(4, 1, 9, 1, 8));
    expect(root.children[0]?.children.map(({ name }) => name)).toEqual(['length', 'item[0]', 'item[1]']);
  });

  it('keep their paths apart after an element was read', () => {
    const two = struct({ first: vector(0, 9, many('a', u8)), second: opaque(0, 3) });
    expect(faultOf(two, b(2, 1, 2, 4))).toBe('bad-length second.length at byte 3: length 4 is outside 0..3');
  });
});

describe('optional tails', () => {
  const hello = struct({ version: u8, extensions: tail(opaque(0, 255)) });

  it('tell absent from empty, both ways', () => {
    expect(decode(hello, b(1))).toEqual({ version: 1, extensions: undefined });
    expect(decode(hello, b(1, 0))).toEqual({ version: 1, extensions: b() });
    for (const wire of [b(1), b(1, 0), b(1, 1, 5)]) expect(encode(hello, decode(hello, wire))).toEqual(wire);
  });
});

describe('variants', () => {
  const name = (code: number): string => ({ 1: 'one', 2: 'two' })[code] ?? `unknown (${code})`;
  const choice = select(u8, 255, { one: [1, struct({ value: u16 })], two: [2, struct({})] }, name);

  it('are read and written by their code', () => {
    expect(decode(choice, b(1, 2, 0, 7))).toEqual({ kind: 'one', body: { value: 7 } });
    expect(encode(choice, { kind: 'two', body: {} })).toEqual(b(2, 0));
  });

  it('keep what is unknown byte for byte', () => {
    const wire = b(9, 3, 1, 2, 3);
    expect(decode(choice, wire)).toEqual({ kind: 'unknown', code: 9, body: b(1, 2, 3) });
    expect(encode(choice, decode(choice, wire))).toEqual(wire);
    expect(dissect(choice, 'choice', wire).root.label).toBe('unknown (9)');
  });

  it('must use their whole body', () => {
    expect(faultOf(choice, b(2, 1, 0))).toBe('trailing body at byte 2: 1 bytes left over');
    expect(faultOf(choice, b(1, 1, 0))).toBe('short body.value at byte 2: needs 2 bytes, has 1');
  });

  it('that nobody defined are a mistake of the program', () => {
    expect(() => encode(choice as Codec<unknown>, { kind: 'three', body: {} })).toThrow(RangeError);
  });
});

describe('the tree', () => {
  const codec = cite(
    'RFC 1 §2',
    struct({
      kind: named(u8, (value) => (value === 1 ? 'first' : 'other')),
      name: labelled(opaque(0, 9), (value) => new TextDecoder().decode(value)),
      flags: struct({}),
      left: rest,
    }),
  );

  it('has names, places, values, labels and sources', () => {
    const { root } = dissect(codec, 'thing', b(1, 2, 0x68, 0x69, 7, 7));
    expect(root).toMatchObject({ name: 'thing', start: 0, end: 6, see: 'RFC 1 §2' });
    expect(root.children).toMatchObject([
      { name: 'kind', start: 0, end: 1, value: 1, label: 'first' },
      { name: 'name', start: 1, end: 4, label: 'hi' },
      { name: 'flags', start: 4, end: 4 },
      { name: 'left', start: 4, end: 6 },
    ]);
    expect(leavesOf(root).map(({ name }) => name)).toEqual(['kind', 'length', 'data', 'flags', 'left']);
  });

  it('goes up to the fault, and shows the rest as unparsed', () => {
    const seen = dissect(codec, 'thing', b(1, 10, 0x68, 0x69));
    expect(seen.ok).toBe(false);
    expect(seen.root).toMatchObject({ label: 'malformed', start: 0, end: 4 });
    expect(leavesOf(seen.root)).toMatchObject([
      { name: 'kind', label: 'first' },
      { name: 'length', label: 'malformed', start: 1, end: 2 },
      { name: 'unparsed', start: 2, end: 4 },
    ]);
  });

  it('tiles the input for every shape of root, also when bytes are left over', () => {
    const roots: readonly (readonly [Codec<unknown>, Uint8Array])[] = [
      [u8, b(1)],
      [u8, b(1, 2)],
      [u8, b()],
      [bytes(3), b(1, 2, 3, 4)],
      [struct({}), b(1)],
      [struct({}), b()],
      [rest, b(1, 2)],
      [opaque(0, 9), b(1, 2, 3)],
      [many('x', u8), b(1, 2, 3)],
      [codec, b(1)],
    ];
    for (const [root, input] of roots) {
      expect(tilingFault(dissect(root, 'root', input).root, input.length)).toBeUndefined();
      expect(invariantFault(root, input).fault).toBeUndefined();
    }
  });

  it('is not built when nobody asks', () => {
    expect(new Reader(b(1)).tracer).toBeUndefined();
  });
});

describe('errors', () => {
  it('are DecodeErrors with code, place and path, and nothing else is caught', () => {
    const result = tryDecode(struct({ a: u16 }), b(1));
    if (result.ok) throw new Error('accepted');
    expect(result.error).toBeInstanceOf(DecodeError);
    expect(result.error).toMatchObject({ code: 'short', at: 0, path: 'a' });
    const broken: Codec<number> = {
      read: () => {
        throw new TypeError('a mistake');
      },
      write: () => undefined,
    };
    expect(() => tryDecode(broken, b(1))).toThrow(TypeError);
    expect(() => dissect(broken, 'x', b(1))).toThrow(TypeError);
  });

  it('call the whole input the root', () => {
    expect(faultOf(u8, b(1, 2))).toBe('trailing (root) at byte 1: 1 bytes left over');
  });
});

describe('the writer', () => {
  it('grows as far as it must', () => {
    const w = new Writer();
    for (let i = 0; i < 1000; i++) w.uint(i, 2);
    w.put(new Uint8Array(100_000).fill(7));
    const out = w.done();
    expect(out.length).toBe(102_000);
    expect(out[1999]).toBe(999 & 0xff);
    expect(out.at(-1)).toBe(7);
  });

  it('puts lengths before what they measure, nested', () => {
    const w = new Writer();
    w.prefixed(2, opaque(0, 255), new Uint8Array(200));
    expect(w.done().subarray(0, 4)).toEqual(b(0, 201, 200, 0));
    expect(() => w.prefixed(1, rest, new Uint8Array(256))).toThrow(RangeError);
  });

  it('gives bytes that the next encoding does not touch, even one in the middle of it or after one that failed', () => {
    const inner = encode(rest, b(1, 2, 3));
    const nesting: Codec<number> = {
      read: (r) => r.uint(1),
      write: (w, value) => {
        w.uint(value, 1);
        w.put(encode(u16, 0xabcd));
      },
    };
    const outer = encode(nesting, 9);
    expect(() => encode(struct({ a: u8, b: u8 }), { a: 1, b: 256 })).toThrow(RangeError);
    expect(encode(u8, 5)).toEqual(b(5));
    expect(outer).toEqual(b(9, 0xab, 0xcd));
    expect(inner).toEqual(b(1, 2, 3));
    expect(inner.buffer.byteLength).toBe(3);
    // A large value does not leave its buffer behind for all time.
    expect(encode(rest, new Uint8Array(1_000_000))).toHaveLength(1_000_000);
    expect(encode(u8, 6)).toEqual(b(6));
  });
});
