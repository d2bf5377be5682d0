/**
 * One definition per message gives parsing, writing and the tree of byte ranges that the inspector highlights.
 *
 * A codec is a value that can read, write and (through the reader's tracer) describe itself. The engine reads without a
 * tracer and pays nothing for the tree; `dissect` runs the very same walk with one. Four invariants hold and are tested:
 * leaves tile the input, what is accepted re-encodes to the same bytes, any input gives a value or a `DecodeError`
 * inside it, and `decode` and `dissect` agree. Nothing here knows about DTLS.
 */
import { DecodeError, type DecodeErrorCode, type FieldNode, TreeTracer } from './tree.ts';

/** Walks a byte string inside a movable limit. Throws `DecodeError`, nothing else. */
export class Reader {
  readonly bytes: Uint8Array;
  readonly tracer: TreeTracer | undefined;
  pos: number;
  limit: number;
  /** Names of the fields that are open, and which element of a list they are (-1 for none): text only if it fails. */
  readonly #names: string[] = [];
  readonly #indices: number[] = [];
  #depth = 0;

  constructor(bytes: Uint8Array, tracer?: TreeTracer) {
    this.bytes = bytes;
    this.tracer = tracer;
    this.pos = 0;
    this.limit = bytes.length;
  }

  /** Bytes left before the limit. */
  get left(): number {
    return this.limit - this.pos;
  }

  fail(code: DecodeErrorCode, message: string, at: number = this.pos): never {
    const path: string[] = [];
    for (let i = 0; i < this.#depth; i++) path.push(elementName(this.#names[i] ?? '', this.#indices[i] ?? -1));
    throw new DecodeError(code, at, path.join('.'), message);
  }

  /** An unsigned big-endian integer of 1 to 6 bytes. */
  uint(width: number): number {
    const at = this.pos;
    if (this.limit - at < width) this.fail('short', `needs ${width} bytes, has ${this.left}`);
    this.pos = at + width;
    // The engine reads hellos made of little else than 16-bit numbers.
    if (width === 2) return ((this.bytes[at] ?? 0) << 8) | (this.bytes[at + 1] ?? 0);
    let value = 0;
    for (let i = at; i < at + width; i++) value = value * 256 + (this.bytes[i] ?? 0);
    return value;
  }

  /** A view of the next `length` bytes. */
  take(length: number): Uint8Array {
    if (this.left < length) this.fail('short', `needs ${length} bytes, has ${this.left}`);
    const out = this.bytes.subarray(this.pos, this.pos + length);
    this.pos += length;
    return out;
  }

  /** Runs `body` with the end of input moved in to `length` bytes from here; it must use them all. */
  within<T>(length: number, body: () => T): T {
    if (this.left < length) this.fail('short', `declares ${length} bytes, has ${this.left}`);
    const outer = this.limit;
    this.limit = this.pos + length;
    const value = body();
    if (this.left > 0) this.fail('trailing', `${this.left} bytes left over`);
    this.limit = outer;
    return value;
  }

  /**
   * Reads one named field: the name goes into error paths and, with a tracer, into the tree. `index` tells the elements
   * of a list apart.
   */
  field<T>(name: string, codec: Pick<Codec<T>, 'read' | 'label' | 'see'>, index = -1): T {
    const depth = this.#depth++;
    this.#names[depth] = name;
    this.#indices[depth] = index;
    const { tracer } = this;
    if (tracer) tracer.enter(elementName(name, index), this.pos, codec.see);
    const value = codec.read(this);
    if (tracer) tracer.leave(this.pos, value, codec.label?.(value));
    this.#depth = depth;
    return value;
  }
}

const elementName = (name: string, index: number): string => (index < 0 ? name : `${name}[${index}]`);

/** The first number that no longer fits into as many bytes. */
const limits: readonly number[] = Array.from({ length: 7 }, (_, width) => 2 ** (8 * width));

/** Collects bytes in a growing buffer. Throws `RangeError` when a value does not fit its field: a programmer's mistake. */
export class Writer {
  #buffer = new Uint8Array(1024);
  #length = 0;

  #reserve(extra: number): void {
    if (this.#length + extra <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(this.#buffer.length * 2, this.#length + extra));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }

  uint(value: number, width: number): void {
    if (!Number.isSafeInteger(value) || value < 0 || value >= (limits[width] ?? 0))
      throw new RangeError(`${value} does not fit in ${width} bytes`);
    this.#reserve(width);
    this.#patch(this.#length, value, width);
    this.#length += width;
  }

  put(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Writes what `codec` makes of `value` behind a length prefix of `width` bytes. */
  prefixed<T>(width: number, codec: Codec<T>, value: T): void {
    const at = this.#length;
    this.uint(0, width);
    codec.write(this, value);
    const length = this.#length - at - width;
    if (length >= (limits[width] ?? 0)) throw new RangeError(`length ${length} does not fit in ${width} bytes`);
    this.#patch(at, length, width);
  }

  #patch(at: number, value: number, width: number): void {
    if (width === 2) {
      this.#buffer[at] = value >> 8;
      this.#buffer[at + 1] = value;
      return;
    }
    let left = value;
    for (let i = at + width - 1; i >= at; i--) {
      this.#buffer[i] = left % 256;
      left = Math.floor(left / 256);
    }
  }

  /** Bytes of the buffer, whatever stands in it. */
  get room(): number {
    return this.#buffer.length;
  }

  /** A copy of all that was written; the writer is empty again. */
  done(): Uint8Array {
    const out = this.#buffer.slice(0, this.#length);
    this.#length = 0;
    return out;
  }
}

/** How one kind of value is laid out. `see` is the RFC section that says so; `label` is how people call a value. */
export interface Codec<T> {
  read(r: Reader): T;
  write(w: Writer, value: T): void;
  label?(value: T): string | undefined;
  readonly see?: string;
}
export type Infer<C> = C extends Codec<infer T> ? T : never;

const uint = (width: number): Codec<number> => ({
  read: (r) => r.uint(width),
  write: (w, value) => w.uint(value, width),
});
export const u8 = uint(1);
export const u16 = uint(2);
export const u24 = uint(3);
export const u32 = uint(4);
export const u48 = uint(6);

/** Exactly `length` bytes. */
export const bytes = (length: number): Codec<Uint8Array> => ({
  read: (r) => r.take(length),
  write: (w, value) => {
    if (value.length !== length) throw new RangeError(`expected ${length} bytes, got ${value.length}`);
    w.put(value);
  },
});

/** All bytes up to the limit. */
export const rest: Codec<Uint8Array> = { read: (r) => r.take(r.left), write: (w, value) => w.put(value) };

/** The same layout, citing the RFC section that defines it (shown beside the field). */
export const cite = <T>(see: string, inner: Codec<T>): Codec<T> => ({ ...inner, see });

/** The same layout, with text for its value (shown beside the field, never parsed). */
export const labelled = <T>(inner: Codec<T>, label: (value: T) => string | undefined): Codec<T> => ({
  ...inner,
  label,
});

/** An integer whose values have names; an unknown value is kept and shown in hexadecimal. */
export const named = (inner: Codec<number>, name: (value: number) => string): Codec<number> => labelled(inner, name);

/** Width in bytes of the length prefix of `<min..max>`: it follows from max (RFC 8446 §3.4). */
const prefixWidth = (max: number): number => (max < 2 ** 8 ? 1 : max < 2 ** 16 ? 2 : 3);

/** `inner` behind its length in bytes, as in `T name<min..max>` (RFC 8446 §3.4). */
export const vector = <T>(min: number, max: number, inner: Codec<T>): Codec<T> => {
  const width = prefixWidth(max);
  const length: Codec<number> = {
    read(r) {
      const at = r.pos;
      const value = r.uint(width);
      if (value < min || value > max) r.fail('bad-length', `length ${value} is outside ${min}..${max}`, at);
      return value;
    },
    write: (w, value) => w.uint(value, width),
  };
  return {
    read: (r) => r.within(r.field('length', length), () => inner.read(r)),
    write: (w, value) => w.prefixed(width, inner, value),
    ...(inner.label && { label: inner.label }),
    ...(inner.see && { see: inner.see }),
  };
};

const leaf = <T>(name: string, inner: Codec<T>): Codec<T> => ({ ...inner, read: (r) => r.field(name, inner) });

/** `opaque name<min..max>`. */
export const opaque = (min: number, max: number): Codec<Uint8Array> => vector(min, max, leaf('data', rest));

/** As many `inner` as fit before the limit. `inner` must use at least one byte. */
export const many = <T>(name: string, inner: Codec<T>): Codec<T[]> => ({
  read(r) {
    const out: T[] = [];
    while (r.left > 0) {
      const at = r.pos;
      out.push(r.field(name, inner, out.length));
      if (r.pos === at) r.fail('bad-value', 'an element of no bytes would repeat for ever');
    }
    return out;
  },
  write: (w, values) => {
    for (const value of values) inner.write(w, value);
  },
});

// biome-ignore lint/suspicious/noExplicitAny: the bound of a generic codec is the one place where `any` is honest
type AnyCodec = Codec<any>;
type Shape = Readonly<Record<string, AnyCodec>>;
type Struct<S extends Shape> = { [K in keyof S]: Infer<S[K]> };

/** Named fields, one after the other, in the order they are written down. */
export const struct = <S extends Shape>(shape: S): Codec<Struct<S>> => {
  const fields = Object.entries(shape).map(([name, codec]) => ({ name, codec }));
  return {
    read(r) {
      const out: Record<string, unknown> = {};
      for (let i = 0; i < fields.length; i++) {
        const field = fields[i];
        if (field) out[field.name] = r.field(field.name, field.codec);
      }
      return out as Struct<S>;
    },
    write(w, value) {
      for (let i = 0; i < fields.length; i++) {
        const field = fields[i];
        if (field) field.codec.write(w, value[field.name]);
      }
    },
  };
};

/** Present only when bytes remain (the trailing extensions block of a hello, RFC 5246 §7.4.1.2). */
export const tail = <T>(inner: Codec<T>): Codec<T | undefined> => ({
  read: (r) => (r.left > 0 ? inner.read(r) : undefined),
  write: (w, value) => {
    if (value !== undefined) inner.write(w, value);
  },
  ...(inner.see && { see: inner.see }),
});

type Variants = Readonly<Record<string, readonly [code: number, body: AnyCodec]>>;
/** One of the named variants, or an unknown code with its body kept byte for byte. */
export type Selected<V extends Variants> =
  | { [K in keyof V & string]: { readonly kind: K; readonly body: Infer<V[K][1]> } }[keyof V & string]
  | { readonly kind: 'unknown'; readonly code: number; readonly body: Uint8Array };

/**
 * A code, a length (up to `max`) and a body whose layout depends on the code; unknown bodies survive byte for byte.
 * `fields` is what the two are called in trees and error paths.
 */
export const select = <V extends Variants>(
  code: Codec<number>,
  max: number,
  variants: V,
  name: (code: number) => string,
  fields: readonly [code: string, body: string] = ['type', 'body'],
): Codec<Selected<V>> => {
  type Known = { readonly kind: string; readonly body: AnyCodec };
  const byCode = new Map<number, Known>();
  const writers = new Map<string, { readonly code: number; readonly body: AnyCodec }>();
  for (const [kind, [number, inner]] of Object.entries(variants)) {
    const body = vector(0, max, inner);
    byCode.set(number, { kind, body });
    writers.set(kind, { code: number, body });
  }
  const raw = opaque(0, max);
  const codeField = labelled(code, name);
  const [codeName, bodyName] = fields;
  return {
    read(r) {
      const number = r.field(codeName, codeField);
      const known = byCode.get(number);
      if (!known) return { kind: 'unknown', code: number, body: r.field(bodyName, raw) };
      return { kind: known.kind, body: r.field(bodyName, known.body) } as Selected<V>;
    },
    write(w, value) {
      if (value.kind === 'unknown') {
        const { code: number, body } = value as { readonly code: number; readonly body: Uint8Array };
        code.write(w, number);
        raw.write(w, body);
        return;
      }
      const known = writers.get(value.kind);
      if (!known) throw new RangeError(`no variant ${value.kind}`);
      code.write(w, known.code);
      known.body.write(w, value.body);
    },
    label: (value) => (value.kind === 'unknown' ? name((value as { readonly code: number }).code) : value.kind),
  };
};

/** Reads a whole byte string as one value. Throws `DecodeError` with the offset and path of the fault. */
export function decode<T>(codec: Codec<T>, input: Uint8Array): T {
  const r = new Reader(input);
  const value = codec.read(r);
  if (r.left > 0) r.fail('trailing', `${r.left} bytes left over`);
  return value;
}

/** Like `decode`, with the error as a value. */
export function tryDecode<T>(
  codec: Codec<T>,
  input: Uint8Array,
): { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: DecodeError } {
  try {
    return { ok: true, value: decode(codec, input) };
  } catch (error) {
    if (error instanceof DecodeError) return { ok: false, error };
    throw error;
  }
}

/** The writer that `encode` last used: a new buffer for every header would cost more than what is written to it. */
let spare: Writer | undefined;

/** The bytes of a value. Throws `RangeError` when a value does not fit its field. */
export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  // Taken and not borrowed: a codec may encode while it writes, and a writer that threw is let go.
  const w = spare ?? new Writer();
  spare = undefined;
  codec.write(w, value);
  const out = w.done();
  if (w.room <= mostSpare) spare = w;
  return out;
}
const mostSpare = 2 ** 16;

export type Dissection<T> = { readonly root: FieldNode } & (
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: DecodeError }
);

/** The tree of byte ranges of an input; when decoding fails, the tree up to the fault with the rest as one leaf. */
export function dissect<T>(codec: Codec<T>, name: string, input: Uint8Array): Dissection<T> {
  const tracer = new TreeTracer();
  const r = new Reader(input, tracer);
  try {
    // Not through `field`: the root's name is the caller's, and error paths are those of `decode`.
    tracer.enter(name, 0, codec.see);
    const value = codec.read(r);
    tracer.leave(r.pos, value, codec.label?.(value));
    if (r.left > 0) r.fail('trailing', `${r.left} bytes left over`);
    return { ok: true, value, root: tracer.root };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    tracer.abandon(r.pos, input.length);
    return { ok: false, error, root: tracer.root };
  }
}
