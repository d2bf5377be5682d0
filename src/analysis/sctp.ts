/** SCTP in the application data of a handshake that keys open (RFC 8261): which chunks came, so that what follows is known. */
import type { Reading } from './reading.ts';

const chunkNames: Readonly<Record<number, string>> = {
  0: 'DATA',
  1: 'INIT',
  2: 'INIT ACK',
  3: 'SACK',
  4: 'HEARTBEAT',
  5: 'HEARTBEAT ACK',
  6: 'ABORT',
  7: 'SHUTDOWN',
  8: 'SHUTDOWN ACK',
  9: 'ERROR',
  10: 'COOKIE ECHO',
  11: 'COOKIE ACK',
  14: 'SHUTDOWN COMPLETE',
  64: 'I-DATA',
  130: 'RE-CONFIG',
  192: 'FORWARD TSN',
  194: 'I-FORWARD TSN',
};
const commonHeader = 12;
const applicationData = 23;

/** Names of the chunks, each once, in order; none when nothing was opened or it is not SCTP. */
export function sctpChunks({ views, contentOf }: Pick<Reading, 'views' | 'contentOf'>): readonly string[] {
  const names = new Set<string>();
  for (const { records } of views)
    for (const record of records) {
      if (record.contentType !== applicationData || record.protection !== 'decrypted' || !record.content) continue;
      const bytes = contentOf(record.content.buffer);
      for (const name of bytes ? chunksIn(bytes) : []) names.add(name);
    }
  return [...names];
}

/** The chunks of one packet; none unless they fill it (RFC 9260 §3). */
function chunksIn(bytes: Uint8Array): readonly string[] {
  const names: string[] = [];
  let at = commonHeader;
  while (at + 4 <= bytes.length) {
    const name = chunkNames[bytes[at] ?? -1];
    const length = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    if (name === undefined || length < 4 || at + length > bytes.length) return [];
    names.push(name);
    at += (length + 3) & ~3;
  }
  return at >= bytes.length ? names : [];
}
