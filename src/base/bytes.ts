/**
 * Byte strings. All of dtlscope passes `Uint8Array` views around without copying; what keeps bytes for longer than a
 * call copies them (`copy`), because a socket may reuse its buffer.
 */

export const emptyBytes: Uint8Array = new Uint8Array(0);

/** One new array holding all parts in order. */
export const concat = (...parts: readonly Uint8Array[]): Uint8Array => concatAll(parts);

/** `concat` for any number of parts: an argument list ends at about a hundred thousand. */
export function concatAll(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** A copy that shares no memory with its source. */
export const copy = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes);

/** Same length and content; stops at the first difference, so not for secrets. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Same length and content, in time that depends on the lengths alone: for MACs, verify data and cookies. */
export function equalConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

const hexDigits: readonly string[] = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));

/** Two lower-case hexadecimal digits. */
export const hexByte = (byte: number): string => hexDigits[byte] ?? '';

/** Lower-case hexadecimal without separators. */
export function toHex(bytes: Uint8Array): string {
  let out = '';
  for (const byte of bytes) out += hexDigits[byte];
  return out;
}

/** Reads hexadecimal digits (either case, white space and colons between pairs ignored); `undefined` when it is not that. */
export function fromHex(text: string): Uint8Array | undefined {
  const out = new Uint8Array(text.length >> 1);
  let length = 0;
  for (let i = 0; i < text.length; ) {
    const high = hexValue(text.charCodeAt(i));
    if (high < 0) {
      if (!/[\s:]/.test(text.charAt(i++))) return undefined;
      continue;
    }
    const low = hexValue(text.charCodeAt(i + 1));
    if (low < 0) return undefined;
    out[length++] = high * 16 + low;
    i += 2;
  }
  return length === out.length ? out : out.slice(0, length);
}

/** The value of a hexadecimal digit's character code; -1 for any other, and for the NaN behind the end of a text. */
function hexValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

const chunk = 0x8000;

/** Standard base64 with padding (RFC 4648 §4). */
export function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (let i = 0; i < bytes.length; i += chunk) binary += String.fromCharCode(...bytes.subarray(i, i + chunk));
  return btoa(binary);
}

/** Reads standard base64 (white space ignored); `undefined` when it is not that. */
export function fromBase64(text: string): Uint8Array | undefined {
  const compact = text.replace(/\s/g, '');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(compact) || compact.replace(/=/g, '').length % 4 === 1) return undefined;
  // `atob` takes text without padding, and throws at a part of it.
  if (compact.endsWith('=') && compact.length % 4 !== 0) return undefined;
  const binary = atob(compact);
  const out = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) out[i] = binary.charCodeAt(i);
  return out;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: false });

/** Text as UTF-8. Short ASCII, which labels are, is copied here: an encoder costs more than it. */
export function utf8(text: string): Uint8Array {
  if (text.length > 64) return encoder.encode(text);
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return encoder.encode(text);
    out[i] = code;
  }
  return out;
}
/** UTF-8 to text; malformed sequences become U+FFFD, nothing throws. */
export const fromUtf8 = (bytes: Uint8Array): string => decoder.decode(bytes);

/** `width` bytes, big endian. */
export function uintBytes(value: number, width: number): Uint8Array {
  const out = new Uint8Array(width);
  putUint(out, 0, value, width);
  return out;
}

/** Writes `value` as `width` bytes, big endian, from `at` on. */
export function putUint(out: Uint8Array, at: number, value: number, width: number): void {
  let left = value;
  for (let i = at + width - 1; i >= at; i--) {
    out[i] = left % 256;
    left = Math.floor(left / 256);
  }
}
