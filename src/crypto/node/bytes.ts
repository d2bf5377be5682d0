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

/** Key import and export go by JWK: in Node 20 several times faster than DER, which runs OpenSSL's generic decoders. */
export const base64url = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
