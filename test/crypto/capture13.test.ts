/**
 * Real DTLS 1.3 handshakes between two NSS, of all suites, with client certificate, HelloRetryRequest, PSK and KeyUpdates:
 * every record opens with the key log on both backends, and what the handshakes prove (Finished, signatures, binders,
 * exporters) comes out right from the transcript.
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { concat, concatAll, equal, toHex } from '../../src/base/bytes.ts';
import { Prng } from '../../src/base/random.ts';
import { decode, encode } from '../../src/codec/codec.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { recordProtection13 } from '../../src/crypto/protection13.ts';
import type { CryptoProvider } from '../../src/crypto/provider.ts';
import { keySchedule, type Side } from '../../src/crypto/schedule13.ts';
import {
  certificateVerifyContent,
  messageHash,
  transcriptMessage,
  truncatedHello,
} from '../../src/crypto/transcript13.ts';
import { bindersLength, findExtension } from '../../src/wire/extensions.ts';
import {
  bodyCodec,
  certificate13,
  certificateVerify13,
  clientHello,
  encryptedExtensions,
  handshakeTypeName,
  isHelloRetryBody,
  serverHello,
} from '../../src/wire/handshake.ts';
import { ack } from '../../src/wire/unified.ts';
import { type Reading13, readRecording, recordings } from '../support/dtls13.ts';
import { backends, hex, present, publicFromJwk } from './support.ts';

/** The Transcript-Hash up to, and not with, the message of this type and sender (RFC 8446 §4.4.1). */
function transcriptBefore(provider: CryptoProvider, read: Reading13, from: Side, type: number): Uint8Array {
  const { messages, suite } = read;
  const end = messages.findIndex((message) => message.from === from && message.type === type);
  if (end < 0) throw new Error(`no ${type} of the ${from}`);
  const retried = messages.some((message) => message.type === 2 && isHelloRetryBody(message.body));
  const parts = messages
    .slice(0, end)
    .map((message, i) =>
      i === 0 && retried
        ? messageHash(provider, suite.hash, message.body)
        : transcriptMessage(message.type, message.body),
    );
  return provider.hash(suite.hash, concatAll(parts));
}

const leafKey = ({ messages }: Reading13, from: Side) => {
  const message = present(messages.find((one) => one.from === from && one.type === 11));
  const { cert_data } = present(decode(certificate13, message.body).certificate_list[0]);
  return publicFromJwk(new X509Certificate(cert_data).publicKey.export({ format: 'jwk' }));
};

const all = recordings.flatMap((name) => backends.map((provider) => ({ name, provider, backend: provider.name })));
const expected = {
  dtls13_nss_mutual_pq: {
    suite: 'TLS_AES_128_GCM_SHA256',
    epochs: [2, 3],
    ciphertexts: 14,
    signers: ['server', 'client'],
  },
  retry_aes256: { suite: 'TLS_AES_256_GCM_SHA384', epochs: [2, 3, 4, 5], ciphertexts: 34, signers: ['server'] },
  psk_chacha20: { suite: 'TLS_CHACHA20_POLY1305_SHA256', epochs: [2, 3, 4], ciphertexts: 19, signers: [] },
} as const;

describe.each(all)('$name on $backend', ({ name, provider }) => {
  const read = readRecording(name, provider);

  it('opens record by record, through every epoch', () => {
    const { suite, epochs, ciphertexts } = expected[name];
    expect(read.suite.name).toBe(suite);
    expect(read.opened.filter(({ record }) => !record)).toEqual([]);
    expect(read.opened).toHaveLength(ciphertexts);
    expect([...new Set(read.opened.map(({ epoch }) => epoch))]).toEqual(epochs);
    const last = new Map<string, number>();
    for (const { from, epoch, record } of read.opened) {
      const number = present(record).sequenceNumber;
      expect(number).toBe((last.get(`${from} ${epoch}`) ?? -1) + 1);
      last.set(`${from} ${epoch}`, number);
    }
    const application = read.opened.flatMap(({ record }) => (record?.type === 23 ? [toHex(record.content)] : []));
    expect(new Set(application)).toEqual(new Set(['70696e67']));
  });

  it('[42, 61] has Finished of both sides that are the HMACs of the transcript', () => {
    const schedule = keySchedule(provider, read.suite.hash);
    for (const side of ['client', 'server'] as const) {
      const secret = present(read.traffic.get(`${side} 2`));
      const finished = present(read.messages.find(({ from, type }) => from === side && type === 20));
      const verifyData = schedule.verifyData(secret, transcriptBefore(provider, read, side, 20));
      expect(toHex(finished.body), side).toBe(toHex(verifyData));
    }
  });

  it('[60] has CertificateVerify that are signatures over the transcript, and over nothing else', () => {
    const signers = read.messages.flatMap(({ from, type }) => (type === 15 ? [from] : []));
    expect(signers).toEqual(expected[name].signers);
    for (const side of signers) {
      const message = present(read.messages.find(({ from, type }) => from === side && type === 15));
      const { algorithm, signature } = decode(certificateVerify13, message.body);
      const transcript = transcriptBefore(provider, read, side, 15);
      const verifies = (signed: Uint8Array): boolean =>
        provider.verify(leafKey(read, side), algorithm, signed, signature);
      expect(algorithm).toBe(0x0403);
      expect(verifies(certificateVerifyContent(side, transcript)), side).toBe(true);
      expect(verifies(certificateVerifyContent(side === 'client' ? 'server' : 'client', transcript))).toBe(false);
      expect(
        verifies(
          certificateVerifyContent(
            side,
            transcript.map((byte) => byte ^ 1),
          ),
        ),
      ).toBe(false);
      expect(verifies(transcript)).toBe(false);
    }
  });

  it('[11] exports for SRTP what both ends exported', () => {
    const exporter = present(read.secrets.get('EXPORTER_SECRET'));
    const ours = keySchedule(provider, read.suite.hash).exportKeyingMaterial(exporter, 'EXTRACTOR-dtls_srtp', 60);
    for (const theirs of read.exported.values()) expect(toHex(theirs)).toBe(toHex(ours));
    expect(read.exported.size).toBe(name === 'dtls13_nss_mutual_pq' ? 0 : 2);
  });

  it('is made again byte for byte from contents and numbers', () => {
    for (const { from, epoch, slice, record } of read.opened) {
      const secret = present(read.traffic.get(`${from} ${epoch}`));
      const cipher = recordProtection13({ provider, suite: read.suite, secret, epoch });
      const { type, sequenceNumber, content } = present(record);
      const ours = cipher.protect({ type, sequenceNumber }, content);
      expect(toHex(ours)).toBe(toHex(concat(slice.header, slice.fragment)));
      expect(ours).toHaveLength(cipher.recordLength(content.length));
    }
  });

  it('stays shut with any other secret', () => {
    const wrong = [...read.traffic.values()].map((secret) => secret.map((byte, i) => (i === 31 ? byte ^ 1 : byte)));
    for (const { epoch, slice } of read.opened.slice(0, 12)) {
      for (const secret of wrong) {
        const cipher = recordProtection13({ provider, suite: read.suite, secret, epoch });
        expect(cipher.unprotect(slice, 0)).toBeUndefined();
      }
    }
  });

  it('holds messages that are written back byte for byte', () => {
    for (const { type, body } of read.messages) {
      const codec = bodyCodec(type, { version: '1.3', keyExchange: undefined, hash: read.suite.hash });
      expect(equal(encode(codec, decode(codec, body)), body), handshakeTypeName(type)).toBe(true);
    }
  });
});

const names = ({ messages }: Reading13): string[] =>
  messages.map(({ from, epoch, seq, type }) => `${from} ${epoch} ${seq} ${handshakeTypeName(type)}`);
const bodyOf = ({ messages }: Reading13, type: number): Uint8Array =>
  present(messages.find((message) => message.type === type)).body;

describe('a handshake with client certificate and X25519MLKEM768', () => {
  const read = readRecording('dtls13_nss_mutual_pq', backends[1]);

  it('is ten messages in two epochs', () => {
    expect(names(read)).toEqual([
      'client 0 0 client_hello',
      'server 0 0 server_hello',
      'server 2 1 encrypted_extensions',
      'server 2 2 certificate_request',
      'server 2 3 certificate',
      'server 2 4 certificate_verify',
      'server 2 5 finished',
      'client 2 1 certificate',
      'client 2 2 certificate_verify',
      'client 2 3 finished',
    ]);
  });

  it('agrees with shares of the lengths that the draft has', () => {
    const shares = findExtension(decode(clientHello, bodyOf(read, 1)).extensions, 'key_share')?.client_shares ?? [];
    expect(shares.map(({ group, key_exchange }) => [group, key_exchange.length])).toEqual([[0x11ec, 1216]]);
    const server = findExtension(decode(serverHello, bodyOf(read, 2)).extensions, 'key_share')?.server_share;
    expect([server?.group, server?.key_exchange.length]).toEqual([0x11ec, 1120]);
    // Our backends can answer the share that NSS made.
    for (const provider of backends) {
      const answer = provider.respond(0x11ec, present(shares[0]).key_exchange, (length) => new Uint8Array(length));
      expect(answer?.share).toHaveLength(1120);
      expect(answer?.secret).toHaveLength(64);
    }
  });

  it('says version and limits in the extensions of 1.3', () => {
    expect(findExtension(decode(serverHello, bodyOf(read, 2)).extensions, 'supported_versions')).toEqual({
      selected_version: 0xfefc,
    });
    const encrypted = decode(encryptedExtensions, bodyOf(read, 8)).extensions;
    expect(encrypted.map(({ kind }) => kind)).toEqual(['supported_groups', 'record_size_limit']);
  });

  it('ends with an ACK of the records of the last flight', () => {
    const record = read.opened.find((one) => one.record?.type === 26)?.record;
    expect(decode(ack, present(record).content).record_numbers).toEqual([
      { epoch: 2, sequence_number: 0 },
      { epoch: 2, sequence_number: 1 },
      { epoch: 2, sequence_number: 2 },
    ]);
  });
});

describe('a handshake with a HelloRetryRequest, and KeyUpdates behind it', () => {
  const read = readRecording('retry_aes256', backends[1]);

  it('has two hellos of each side, a ticket, and new keys of both sides twice', () => {
    expect(names(read)).toEqual([
      'client 0 0 client_hello',
      'server 0 0 server_hello',
      'client 0 1 client_hello',
      'server 0 1 server_hello',
      'server 2 2 encrypted_extensions',
      'server 2 3 certificate',
      'server 2 4 certificate_verify',
      'server 2 5 finished',
      'client 2 2 finished',
      'server 3 6 new_session_ticket',
      'client 3 3 key_update',
      'server 3 7 key_update',
      'client 4 4 key_update',
      'server 4 8 key_update',
    ]);
  });

  it('[42] does not prove itself with the first hello in the transcript as it was', () => {
    const end = read.messages.findIndex(({ type }) => type === 20);
    const raw = read.messages.slice(0, end).map(({ type, body }) => transcriptMessage(type, body));
    const [provider] = backends;
    const schedule = keySchedule(provider, read.suite.hash);
    const wrong = schedule.verifyData(
      present(read.traffic.get('server 2')),
      provider.hash(read.suite.hash, concatAll(raw)),
    );
    expect(toHex(wrong)).not.toBe(toHex(bodyOf(read, 20)));
  });
});

describe('a handshake with an external PSK', () => {
  const read = readRecording('psk_chacha20', backends[1]);
  const psk = new Uint8Array(32).fill(0x5a);

  it.each(backends)('has a binder over the hello before the binders, on $name', (provider) => {
    const hello = bodyOf(read, 1);
    const offered = present(findExtension(decode(clientHello, hello).extensions, 'pre_shared_key'));
    const schedule = keySchedule(provider, 'sha256');
    const binderKey = schedule.binderKey(schedule.earlySecret(psk), 'external');
    const covered = provider.hash('sha256', truncatedHello(hello, bindersLength(offered)));
    expect(offered.binders.map(toHex)).toEqual([toHex(schedule.verifyData(binderKey, covered))]);
    const other = schedule.binderKey(schedule.earlySecret(psk), 'resumption');
    expect(toHex(schedule.verifyData(other, covered))).not.toBe(toHex(present(offered.binders[0])));
  });

  it('needs no certificates', () => {
    expect(names(read)).toEqual([
      'client 0 0 client_hello',
      'server 0 0 server_hello',
      'server 2 1 encrypted_extensions',
      'server 2 2 finished',
      'client 2 1 finished',
      'client 3 2 key_update',
      'server 3 3 key_update',
    ]);
  });
});

describe('a share that NSS answered', () => {
  const lines = readFileSync(new URL('../fixtures/dtls13/shares.txt', import.meta.url), 'utf8')
    .trim()
    .split('\n');
  const rows = lines.map((line) => line.split(' ') as [string, string, string, string]);

  it.each(rows)('of %s leads to the secret that NSS has', (name, clientBody, serverBody, secret) => {
    const client = findExtension(decode(clientHello, hex(clientBody)).extensions, 'key_share')?.client_shares[0];
    const server = findExtension(decode(serverHello, hex(serverBody)).extensions, 'key_share')?.server_share;
    const { group, key_exchange } = present(client);
    // The key as it was made for this hello.
    const ours = nobleProvider.generate(group, new Prng(`share ${name}`).bytes);
    expect(toHex(ours.share)).toBe(toHex(key_exchange));
    const shared = present(ours.agree(present(server).key_exchange));
    for (const provider of backends) {
      const schedule = keySchedule(provider, 'sha256');
      const transcript = provider.hash(
        'sha256',
        concat(transcriptMessage(1, hex(clientBody)), transcriptMessage(2, hex(serverBody))),
      );
      const handshake = schedule.handshakeSecret(schedule.earlySecret(), shared);
      expect(toHex(schedule.handshakeTrafficSecret(handshake, 'server', transcript))).toBe(secret);
    }
  });

  it('is there for every group', () => {
    expect(rows.map(([name]) => name)).toEqual(['X25519MLKEM768', 'x25519', 'secp256r1', 'secp384r1', 'secp521r1']);
  });
});
