/**
 * Strict reading of JSON objects from strangers: each field is asked for by name and type, everything else is ignored. A
 * wrong field is a `FieldError`, caught where an event is read.
 */
import { fromHex } from '../../base/bytes.ts';

export type Json = Readonly<Record<string, unknown>>;

export class FieldError extends Error {
  override readonly name = 'FieldError';
}

export const isJson = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A JSON text as an object; `undefined` when it is not one. */
export function parseObject(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJson(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export class Fields {
  readonly all: Json;
  readonly #path: string;

  constructor(all: Json, path = '') {
    this.all = all;
    this.#path = path;
  }

  raw(name: string): unknown {
    // Own fields alone: "constructor" is not a field.
    return Object.hasOwn(this.all, name) ? this.all[name] : undefined;
  }

  number(name: string): number {
    const value = this.raw(name);
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    return this.#fail(name, 'a number');
  }

  /** A whole number from 0. */
  count(name: string): number {
    const value = this.raw(name);
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    return this.#fail(name, 'a whole number');
  }

  text(name: string): string {
    const value = this.raw(name);
    return typeof value === 'string' ? value : this.#fail(name, 'text');
  }

  boolean(name: string): boolean {
    const value = this.raw(name);
    return typeof value === 'boolean' ? value : this.#fail(name, 'true or false');
  }

  bytes(name: string): Uint8Array {
    const value = this.raw(name);
    const bytes = typeof value === 'string' ? fromHex(value) : undefined;
    return bytes ?? this.#fail(name, 'hexadecimal');
  }

  oneOf<const T extends string>(name: string, allowed: readonly T[]): T {
    const value = this.raw(name);
    return allowed.find((one) => one === value) ?? this.#fail(name, `one of ${allowed.join(', ')}`);
  }

  object(name: string): Fields {
    const value = this.raw(name);
    return isJson(value) ? new Fields(value, `${this.#path}${name}.`) : this.#fail(name, 'an object');
  }

  list(name: string): readonly Fields[] {
    const value = this.raw(name);
    if (!Array.isArray(value)) return this.#fail(name, 'a list');
    return value.map((item: unknown, index) =>
      isJson(item) ? new Fields(item, `${this.#path}${name}[${index}].`) : this.#fail(`${name}[${index}]`, 'an object'),
    );
  }

  texts(name: string): readonly string[] {
    const value = this.raw(name);
    if (!Array.isArray(value)) return this.#fail(name, 'a list');
    return value.map((item: unknown, index) =>
      typeof item === 'string' ? item : this.#fail(`${name}[${index}]`, 'text'),
    );
  }

  /** `undefined` when the field is absent or null, else what `read` makes of it. */
  optional<T>(name: string, read: (name: string) => T): T | undefined {
    const value = this.raw(name);
    return value === undefined || value === null ? undefined : read(name);
  }

  #fail(name: string, expected: string): never {
    const value = this.raw(name);
    throw new FieldError(`${this.#path}${name} ${value === undefined ? 'is missing' : `is not ${expected}`}`);
  }
}
