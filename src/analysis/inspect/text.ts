/** Values as text. What a peer sent is shown, never obeyed: control characters and direction marks become visible. */

const previewBytes = 16;
const longestText = 240;

/** "65277 (0xfefd)", "fe fd 00 … (32 bytes)", "17 items", a text; `undefined` for what only its parts can say. */
export function valueText(value: unknown, length: number): string | undefined {
  if (typeof value === 'number') return `${value} (0x${value.toString(16).padStart(2 * length, '0')})`;
  if (value instanceof Uint8Array) return bytesPreview(value);
  if (Array.isArray(value)) return countText(value.length, 'item');
  return typeof value === 'string' ? printable(value) : undefined;
}

function bytesPreview(bytes: Uint8Array): string {
  if (bytes.length === 0) return '(empty)';
  const pairs = Array.from(bytes.subarray(0, previewBytes), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return bytes.length > previewBytes ? `${pairs} … (${bytes.length} bytes)` : pairs;
}

/** Controls, marks of direction, and separators of lines, which would change the look of what stands around them. */
const unprintable = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** The text on one line, with nothing in it that acts on its surroundings; cut when it is long. */
export function printable(text: string): string {
  const shown = text
    .slice(0, longestText)
    .replace(unprintable, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}}`);
  return text.length > longestText ? `${shown}…` : shown;
}

/** "1 byte", "2 bytes". */
export const countText = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

/** "certificate" to "Certificate", "server_hello_done" to "ServerHelloDone": how RFCs call the structures. */
export const structureName = (name: string): string =>
  name.replace(/(^|_)([a-z])/g, (_, _before: string, letter: string) => letter.toUpperCase());

/** "[408, 655)". */
export const rangeText = (start: number, end: number): string => `[${start}, ${end})`;
