/** Bytes, and trees of fields, in the forms that people paste elsewhere. All of it is text of printable ASCII or JSON. */
import type { FieldTree } from '../analysis/inspect/model.ts';
import { toBase64, toHex } from '../base/bytes.ts';

/** The forms in which bytes can be copied, as menus list them. */
export const byteForms = ['hex', 'C array', 'base64', 'hexdump'] as const;
export type ByteForm = (typeof byteForms)[number];

/** Bytes in one of the forms. `name` is what the C array is called. */
export function bytesAs(form: ByteForm, bytes: Uint8Array, name = 'bytes'): string {
  switch (form) {
    case 'hex':
      return toHex(bytes);
    case 'C array':
      return cArray(bytes, name);
    case 'base64':
      return toBase64(bytes);
    case 'hexdump':
      return hexdump(bytes);
  }
}

const columnsOfC = 12;

/** `static const unsigned char name[3] = { 0x16, 0xfe, 0xfd };`, twelve to a line. What C does not take in a name becomes `_`. */
export function cArray(bytes: Uint8Array, name = 'bytes'): string {
  const identifier = name.replace(/[^A-Za-z0-9_]+/g, '_').replace(/^(?=\d)|^$/, '_');
  const rows: string[] = [];
  for (let at = 0; at < bytes.length; at += columnsOfC) {
    const row = Array.from(bytes.subarray(at, at + columnsOfC), (byte) => `0x${byte.toString(16).padStart(2, '0')}`);
    rows.push(`  ${row.join(', ')}`);
  }
  // C has no empty arrays.
  const size = bytes.length === 0 ? 1 : bytes.length;
  const body = rows.length === 0 ? '  0' : rows.join(',\n');
  return `static const unsigned char ${identifier}[${size}] = {\n${body}\n};\n`;
}

const columns = 16;

/**
 * Offset, sixteen bytes, and the same as ASCII, as Wireshark shows bytes. `text2pcap` takes it back: the ASCII stands
 * behind a bar, so that no two characters of it are taken for a byte.
 */
export function hexdump(bytes: Uint8Array): string {
  let out = '';
  for (let at = 0; at < bytes.length; at += columns) {
    const row = bytes.subarray(at, at + columns);
    const pairs = Array.from(row, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = Array.from(row, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    out += `${at.toString(16).padStart(6, '0')}  ${pairs.padEnd(3 * columns - 1)}  |${text}|\n`;
  }
  return out;
}

/** A field and what is in it, as data. */
interface FieldJson {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly kind?: string;
  readonly value?: string;
  readonly label?: string;
  readonly problem?: string;
  readonly see: string;
  /** Hexadecimal; on fields without parts. */
  readonly bytes?: string;
  readonly fields?: readonly FieldJson[];
}

/** A tree of fields as JSON, indented, with the bytes of every field that has no parts. `bytes` is the tree's buffer. */
export const fieldsJson = (tree: FieldTree, bytes: Uint8Array): string => JSON.stringify(asJson(tree, bytes), null, 2);

function asJson(field: FieldTree, bytes: Uint8Array): FieldJson {
  const { name, start, end, kind, value, label, problem, see, children } = field;
  return {
    name,
    start,
    end,
    ...(kind !== 'field' && { kind }),
    ...(value !== undefined && { value }),
    ...(label !== undefined && { label }),
    ...(problem !== undefined && { problem }),
    see,
    // Missing bytes have no value, and zeros would be one.
    ...(children.length === 0 && kind !== 'missing' && { bytes: toHex(bytes.subarray(start, end)) }),
    ...(children.length > 0 && { fields: children.map((child) => asJson(child, bytes)) }),
  };
}
