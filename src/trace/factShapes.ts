/**
 * Facts that are a kind and a few plain fields: a table describes each once, which gives the type, and reads what a file or a
 * port brings.
 */

/** Kinds of fields; a question mark allows `undefined`. */
type FieldType = 'text' | 'number' | 'flag' | 'text?' | 'number?';
export type Shape = Readonly<Record<string, FieldType>>;
export type Table = Readonly<Record<string, Shape>>;
type Value<F extends FieldType> = F extends 'text'
  ? string
  : F extends 'number'
    ? number
    : F extends 'flag'
      ? boolean
      : F extends 'text?'
        ? string | undefined
        : number | undefined;
/** The union of facts that a table describes. */
export type FactOf<T extends Table> = {
  readonly [K in keyof T]: { readonly kind: K } & { readonly [N in keyof T[K]]: Value<T[K][N]> };
}[keyof T];

/** The fields of a fact; `undefined` for a kind that the table does not have. */
export const shapeOf = (table: Table, kind: string): Shape | undefined =>
  Object.hasOwn(table, kind) ? table[kind] : undefined;

/** The longest text of a fact that is read: a session description of a large conference. */
const longestText = 1024 * 1024;

/** A fact from plain data; or the name of the field that is wrong. Fields that it does not have are left out. */
export function readFact<F>(
  table: Table,
  data: Readonly<Record<string, unknown>>,
): { readonly ok: true; readonly fact: F } | { readonly ok: false; readonly field: string } {
  const kind = data['kind'];
  const shape = typeof kind === 'string' ? shapeOf(table, kind) : undefined;
  if (!shape) return { ok: false, field: 'kind' };
  const fact: Record<string, unknown> = { kind };
  for (const [name, type] of Object.entries(shape)) {
    const value = Object.hasOwn(data, name) ? (data[name] ?? undefined) : undefined;
    if (!fits(type, value)) return { ok: false, field: name };
    fact[name] = value;
  }
  // Built from the very shape that the type is made of.
  return { ok: true, fact: fact as F };
}

function fits(type: FieldType, value: unknown): boolean {
  if (value === undefined) return type.endsWith('?');
  if (type.startsWith('text')) return typeof value === 'string' && value.length <= longestText;
  if (type.startsWith('number')) return typeof value === 'number' && Number.isFinite(value);
  return typeof value === 'boolean';
}
