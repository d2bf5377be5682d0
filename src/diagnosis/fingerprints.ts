/** Announced and seen fingerprints of a side, as people compare them. */
import type { Handshake } from '../analysis/model.ts';
import { toHex } from '../base/bytes.ts';
import type { Actor } from '../trace/model.ts';
import { hashText, list } from './words.ts';

export function announcedAndSeen(
  handshake: Handshake,
  of: Actor,
): { readonly announced: string | undefined; readonly seen: string | undefined } {
  const announced = handshake.fingerprints
    .filter((fingerprint) => fingerprint.of === of)
    .map(({ hash, value }) => `${hash} ${hashText(toHex(value))}`);
  const leaf = handshake.certificates[of][0];
  return {
    announced: announced.length > 0 ? list(announced) : undefined,
    seen: leaf && `sha-256 ${hashText(leaf.sha256)}`,
  };
}
