/** Announced and seen fingerprints of a side, as people compare them. */
import type { Handshake } from '../analysis/model.ts';
import { toHex } from '../base/bytes.ts';
import type { Actor } from '../trace/model.ts';
import type { SignallingFact } from '../trace/pathFacts.ts';
import { hashText, list } from './words.ts';

export function announcedAndSeen(
  handshake: Handshake,
  of: Actor,
): { readonly announced: string | undefined; readonly seen: string | undefined } {
  const announced = handshake.fingerprints
    .filter((fingerprint) => fingerprint.of === of)
    .map(({ hash, value }) => `${hashName(hash)} ${hashText(toHex(value))}`);
  const leaf = handshake.certificates[of][0];
  return {
    announced: announced.length > 0 ? list(announced) : undefined,
    seen: leaf && `SHA-256 ${hashText(leaf.sha256)}`,
  };
}

/** "sha256" and "sha-256" as people write it: "SHA-256". */
const hashName = (hash: string): string => hash.toUpperCase().replace(/^SHA-?/, 'SHA-');

/** Problems of descriptions after which no certificate, or not the one that is used, fits what was announced. */
const foreboding = ['malformed-fingerprint', 'fingerprint-repeated', 'fingerprint-not-ours', 'fingerprints-differ'];

export type Foreseen = Extract<SignallingFact, { readonly kind: 'problem' }>;

/** What the descriptions said of a mismatch before there was a certificate. */
export function foreseenMismatch({ path }: Handshake): Foreseen | undefined {
  for (const { kind, fact } of path)
    if (kind === 'signalling' && fact.kind === 'problem' && fact.severity !== 'info' && foreboding.includes(fact.id))
      return fact;
  return undefined;
}
