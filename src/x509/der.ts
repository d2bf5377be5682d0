/**
 * Reading and writing DER (X.690 §8 and §10), the little of it that certificates and keys are made of. The reader is for
 * hostile input: it walks views, never recurses on its own, takes only what DER allows (definite lengths in shortest form,
 * one-byte tags), and says at which byte it stopped. Memory and time are linear in the input.
 */
import { concat } from '../base/bytes.ts';

export const Tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** `[n] EXPLICIT`, and `[n] IMPLICIT` of something constructed. */
export const contextTag = (n: number): number => 0xa0 | n;
/** `[n] IMPLICIT` of something primitive. */
export const primitiveContextTag = (n: number): number => 0x80 | n;

/** Where DER stops being what it should be. Thrown inside this folder only; its public functions return it as a value. */
export class DerError extends Error {
  override readonly name = 'DerError';
  /** Offset in the whole input. */
  readonly at: number;

  constructor(at: number, why: string) {
    super(why);
    this.at = at;
  }
}

/** One element: its tag and where header and content lie in `bytes`. */
export interface Element {
  readonly bytes: Uint8Array;
  readonly tag: number;
  readonly start: number;
  readonly contentStart: number;
  readonly end: number;
}

/** The content octets. */
export const contentOf = (element: Element): Uint8Array => element.bytes.subarray(element.contentStart, element.end);
/** Header and content octets. */
export const encodingOf = (element: Element): Uint8Array => element.bytes.subarray(element.start, element.end);

/** Walks elements from `start` to `end`; throws `DerError`, nothing else. */
export class DerReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  pos: number;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.pos = start;
    this.end = end;
  }

  /** A reader of an element's content. */
  static into(element: Element): DerReader {
    return new DerReader(element.bytes, element.contentStart, element.end);
  }

  get done(): boolean {
    return this.pos >= this.end;
  }

  /** The next element's tag, -1 at the end. */
  get peek(): number {
    return this.pos < this.end ? (this.bytes[this.pos] ?? -1) : -1;
  }

  fail(why: string, at: number = this.pos): never {
    throw new DerError(at, why);
  }

  /** The next element, whatever it is. */
  any(what: string): Element {
    const start = this.pos;
    if (this.end - start < 2) this.fail(`${what}: ${start >= this.end ? 'missing' : 'cut off'}`);
    const tag = this.bytes[start] ?? 0;
    if ((tag & 0x1f) === 0x1f) this.fail(`${what}: tag with more than one byte`);
    let at = start + 2;
    let length = this.bytes[start + 1] ?? 0;
    if (length > 0x80) {
      const width = length & 0x7f;
      if (width > 4) this.fail(`${what}: length of ${width} bytes`, start + 1);
      if (this.end - at < width) this.fail(`${what}: cut off`, start + 1);
      length = 0;
      for (let i = 0; i < width; i++) length = length * 256 + (this.bytes[at + i] ?? 0);
      if (length < 0x80 || length < 2 ** (8 * (width - 1)))
        this.fail(`${what}: length not in its shortest form (BER, not DER)`, start + 1);
      at += width;
    } else if (length === 0x80) this.fail(`${what}: indefinite length (BER, not DER)`, start + 1);
    if (length > this.end - at) this.fail(`${what}: declares ${length} bytes, ${this.end - at} are left`, start + 1);
    this.pos = at + length;
    return { bytes: this.bytes, tag, start, contentStart: at, end: this.pos };
  }

  /** The next element, which must have this tag. */
  take(tag: number, what: string): Element {
    const start = this.pos;
    if (start < this.end && this.peek !== tag)
      this.fail(`${what}: tag ${hexByte(this.peek)} where ${hexByte(tag)} belongs`);
    return this.any(what);
  }

  /** The next element when it has this tag. */
  optional(tag: number, what: string): Element | undefined {
    return this.peek === tag ? this.any(what) : undefined;
  }

  /** A reader of the next element's content. */
  enter(tag: number, what: string): DerReader {
    return DerReader.into(this.take(tag, what));
  }

  /** Nothing may be left. */
  finish(what: string): void {
    if (!this.done) this.fail(`${what}: ${this.end - this.pos} bytes left over`);
  }
}

const hexByte = (byte: number): string => `0x${byte.toString(16).padStart(2, '0')}`;

/** Dotted decimal form of an OBJECT IDENTIFIER (X.690 §8.19). */
export function readOid(element: Element): string {
  const { bytes, contentStart, end } = element;
  if (contentStart === end) throw new DerError(contentStart, 'object identifier without content');
  let dotted = '';
  let at = contentStart;
  while (at < end) {
    const from = at;
    let value = 0;
    let byte = 0x80;
    while (byte & 0x80) {
      if (at >= end) throw new DerError(from, 'object identifier: last part cut off');
      byte = bytes[at] ?? 0;
      if (byte === 0x80 && at === from) throw new DerError(from, 'object identifier: part not in its shortest form');
      // 2^53 is far beyond any arc in use but the 128-bit UUID arc (2.25), which no certificate needs a name for.
      if (value >= 2 ** 46) throw new DerError(from, 'object identifier: part is too large');
      value = value * 128 + (byte & 0x7f);
      at++;
    }
    if (dotted === '') {
      const root = Math.min(2, Math.floor(value / 40));
      dotted = `${root}.${value - 40 * root}`;
    } else dotted += `.${value}`;
  }
  return dotted;
}

/** A non-negative INTEGER's magnitude without its sign byte. */
export function readUnsigned(element: Element, what: string): Uint8Array {
  const content = readInteger(element, what);
  if ((content[0] ?? 0) & 0x80) throw new DerError(element.start, `${what}: negative`);
  return content[0] === 0 && content.length > 1 ? content.subarray(1) : content;
}

/** An INTEGER's content octets, two's complement, in shortest form (X.690 §8.3.2). */
export function readInteger(element: Element, what: string): Uint8Array {
  const content = contentOf(element);
  if (content.length === 0) throw new DerError(element.start, `${what}: integer without content`);
  const [first = 0, second = 0] = content;
  if (content.length > 1 && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80)))
    throw new DerError(element.start, `${what}: integer not in its shortest form`);
  return content;
}

/** An INTEGER that must lie in 0..max. */
export function readSmall(element: Element, max: number, what: string): number {
  const magnitude = readUnsigned(element, what);
  if (magnitude.length > 4) throw new DerError(element.start, `${what}: too large`);
  const value = magnitude.reduce((sum, byte) => sum * 256 + byte, 0);
  if (value > max) throw new DerError(element.start, `${what}: ${value} is more than ${max}`);
  return value;
}

/** A BIT STRING of whole bytes. */
export function readBits(element: Element, what: string): Uint8Array {
  const content = contentOf(element);
  if (content.length === 0) throw new DerError(element.start, `${what}: bit string without content`);
  if (content[0] !== 0) throw new DerError(element.start, `${what}: bit string does not end on a byte`);
  return content.subarray(1);
}

/** A BOOLEAN, 00 or FF (X.690 §11.1). */
export function readBoolean(element: Element, what: string): boolean {
  const content = contentOf(element);
  if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff))
    throw new DerError(element.start, `${what}: not a boolean`);
  return content[0] === 0xff;
}

/** An element of the given tag around the given parts. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = parts.length === 1 && parts[0] ? parts[0] : concat(...parts);
  return concat(Uint8Array.of(tag, ...lengthOctets(content.length)), content);
}

const lengthOctets = (length: number): readonly number[] => {
  if (length < 0x80) return [length];
  const octets: number[] = [];
  for (let left = length; left > 0; left = Math.floor(left / 256)) octets.unshift(left % 256);
  return [0x80 | octets.length, ...octets];
};

export const sequence = (...parts: readonly Uint8Array[]): Uint8Array => der(Tag.sequence, ...parts);

/** An OBJECT IDENTIFIER from its dotted form. */
export function oid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...others] = dotted.split('.').map(Number);
  const octets: number[] = [];
  for (const part of [first * 40 + second, ...others]) {
    const groups = [part % 128];
    for (let left = Math.floor(part / 128); left > 0; left = Math.floor(left / 128))
      groups.unshift(0x80 | (left % 128));
    octets.push(...groups);
  }
  return der(Tag.oid, Uint8Array.from(octets));
}

/** A non-negative INTEGER from a magnitude of any length. */
export function unsigned(magnitude: Uint8Array): Uint8Array {
  const first = magnitude.findIndex((byte) => byte !== 0);
  const digits = first < 0 ? Uint8Array.of(0) : magnitude.subarray(first);
  return der(Tag.integer, (digits[0] ?? 0) & 0x80 ? concat(Uint8Array.of(0), digits) : digits);
}

export const octets = (content: Uint8Array): Uint8Array => der(Tag.octetString, content);
export const bits = (content: Uint8Array): Uint8Array => der(Tag.bitString, Uint8Array.of(0), content);
