/** A peer of DTLS 1.3 that has the keys and says something else: its encrypted messages changed, its records made odd. */
import { concat, uintBytes } from '../../src/base/bytes.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { keySchedule, trafficSecretLabel } from '../../src/crypto/schedule13.ts';
import { cipherSuite } from '../../src/wire/suites.ts';
import { carries, faithful, type LinkRule, Pair, type PairOptions } from './pair.ts';
import { rawFragment, rawFragments } from './raw.ts';
import { cipherOf, openSent } from './sealed13.ts';

/**
 * A pair whose link changes the body of one encrypted handshake message. Both ends put each record into a datagram of its
 * own, and the message must fit into one.
 */
export function resealing(options: PairOptions, message: number, change: (body: Uint8Array) => Uint8Array): Pair {
  const link: LinkRule = (sent) => {
    if (!carries(sent, message)) return faithful(sent);
    const [opened] = openSent(pair, sent);
    const [fragment] = opened ? rawFragments(opened.content) : [];
    if (!opened || !fragment || fragment.body.length < fragment.total) throw new Error('not a whole message');
    const body = change(Uint8Array.from(fragment.body));
    const record = { type: 22, sequenceNumber: opened.number };
    const content = rawFragment({ type: message, seq: fragment.seq, body });
    return [{ bytes: cipherOf(pair, sent.from, opened.epoch).protect(record, content) }];
  };
  const client = { ...options.client, packing: 'record' as const };
  const server = { ...options.server, packing: 'record' as const };
  const pair = new Pair({ ...options, client, server, link });
  return pair.run();
}

/** A record under TLS_AES_128_GCM_SHA256 whose plaintext is nothing but zeros, so that it has no content type. */
export function nothingButZeros(pair: Pair, from: 'client' | 'server', epoch: number, number: number): Uint8Array {
  const label = trafficSecretLabel(from, epoch);
  const told = [...pair.server.of('secret'), ...pair.client.of('secret')].find((one) => one.label === label);
  const cipher = cipherSuite(0x1301)?.cipher;
  if (!told || cipher?.kind !== 'aead') throw new Error('no keys');
  const { key, iv, sn } = keySchedule(nodeProvider, 'sha256').trafficKeys(told.secret, cipher);
  const numberBytes = uintBytes(number, 12);
  const nonce = iv.map((byte, i) => byte ^ (numberBytes[i] ?? 0));
  // 001, no connection ID, a number of 16 bits, a length, and the epoch's two bits.
  const header = concat(Uint8Array.of(0x2c | (epoch & 3)), uintBytes(number % 65_536, 2), uintBytes(10 + 16, 2));
  const sealed = nodeProvider.aead(cipher.aead, key).seal(nonce, header, new Uint8Array(10));
  const mask = nodeProvider.recordNumberMask(cipher.aead, sn)(sealed.subarray(0, 16));
  return concat(
    header.map((byte, i) => (i === 1 || i === 2 ? byte ^ (mask[i - 1] ?? 0) : byte)),
    sealed,
  );
}
