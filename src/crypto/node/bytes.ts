/** What both ways into node:crypto share: its Buffers as plain bytes, its errors as values, bytes as JWK wants them. */

/** The same bytes as a plain array: a Buffer's `slice` shares memory where every other one copies. */
export const plain = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** What OpenSSL throws on input from the peer becomes `undefined`. */
export function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/**
 * Where bytes and text of a JWK change into each other: a Buffer around a small array moves that out of V8's heap first, and
 * takes twice as long. What was in here, private keys among it, is gone when a call returns.
 */
const scratch = Buffer.alloc(128);

/** Key import and export go by JWK: in Node 20 several times faster than DER, which runs OpenSSL's generic decoders. */
export function base64url(bytes: Uint8Array): string {
  const { length } = bytes;
  if (length > scratch.length) return Buffer.from(bytes.buffer, bytes.byteOffset, length).toString('base64url');
  scratch.set(bytes);
  const text = scratch.toString('base64url', 0, length);
  scratch.fill(0, 0, length);
  return text;
}

/** The bytes of a member of a JWK that Node made; at most as many as the scratch holds. */
export function fromBase64url(text: string): Uint8Array {
  const length = scratch.write(text, 'base64url');
  const bytes = new Uint8Array(length);
  // Quicker than a view and a copy of it.
  for (let i = 0; i < length; i++) bytes[i] = scratch[i] ?? 0;
  scratch.fill(0, 0, length);
  return bytes;
}
