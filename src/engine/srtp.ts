/** SRTP keys from a DTLS handshake (RFC 5764 §4.2): one export, cut into keys and salts, the client's first each time. */
import type { SrtpKeys } from './api.ts';
import type { Connected } from './proofs.ts';

/** Bytes of master key and master salt by profile (RFC 5764 §4.1.2, RFC 7714 §12). */
const lengths: ReadonlyMap<number, readonly [key: number, salt: number]> = new Map([
  [1, [16, 14]],
  [2, [16, 14]],
  [5, [16, 14]],
  [6, [16, 14]],
  [7, [16, 12]],
  [8, [32, 12]],
]);

export function srtpKeysOf(connected: Connected): SrtpKeys | undefined {
  const profile = connected.parameters.srtpProfile;
  const sizes = profile === undefined ? undefined : lengths.get(profile);
  if (profile === undefined || !sizes) return undefined;
  const [key, salt] = sizes;
  const material = connected.export('EXTRACTOR-dtls_srtp', undefined, 2 * (key + salt));
  return {
    profile,
    clientKey: material.slice(0, key),
    serverKey: material.slice(key, 2 * key),
    clientSalt: material.slice(2 * key, 2 * key + salt),
    serverSalt: material.slice(2 * key + salt),
  };
}
