/** Records that an endpoint of a pair could have sealed, and would not: for tests of what an authenticated peer may do. */

import { nodeProvider } from '../../src/crypto/node/index.ts';
import { recordProtection12 } from '../../src/crypto/protection12.ts';
import { cipherSuite } from '../../src/wire/suites.ts';
import type { Pair } from './pair.ts';
import { rawFragments, rawRecord, rawRecords } from './raw.ts';

let next = 40;

/** A record of epoch 1 as if `from` had sent it, under its keys; the pair's secret must be known already. */
export function sealFrom(
  pair: Pair,
  from: 'client' | 'server',
  type: number,
  plaintext: Uint8Array,
  number: number = next++,
): Uint8Array {
  const [secret] = pair.client.of('secret');
  const hello = pair.server.sent
    .flatMap(({ bytes }) => rawRecords(bytes))
    .filter((record) => record.type === 22 && record.epoch === 0)
    .flatMap(({ body }) => rawFragments(body))
    .find((fragment) => fragment.type === 2);
  const chosen = hello && cipherSuite((hello.body[35] ?? 0) * 256 + (hello.body[36] ?? 0));
  if (!secret || !hello || !chosen) throw new Error('the pair has no keys yet');
  const { [from]: cipher } = recordProtection12({
    provider: nodeProvider,
    suite: chosen,
    version: '1.2',
    masterSecret: secret.secret,
    clientRandom: secret.clientRandom,
    serverRandom: hello.body.subarray(2, 34),
    encryptThenMac: false,
  });
  const header = { type, version: 0xfefd, epoch: 1, sequenceNumber: number };
  return rawRecord({ ...header, number, body: cipher.protect(header, plaintext) });
}
