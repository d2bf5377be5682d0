/**
 * A real DTLS 1.3 handshake between two NSS, with client certificate and X25519MLKEM768: every record opens with the key
 * log on both backends, and what the handshake proves (Finished, signatures) comes out right from the transcript.
 */
import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { concatAll, equal, toHex } from '../../src/base/bytes.ts';
import { decode, encode } from '../../src/codec/codec.ts';
import { recordProtection13 } from '../../src/crypto/protection13.ts';
import { keySchedule, type Side } from '../../src/crypto/schedule13.ts';
import { certificateVerifyContent, transcriptMessage } from '../../src/crypto/transcript13.ts';
import { findExtension } from '../../src/wire/extensions.ts';
import {
  bodyCodec,
  certificate13,
  certificateVerify13,
  clientHello,
  encryptedExtensions,
  handshakeTypeName,
  serverHello,
} from '../../src/wire/handshake.ts';
import { ack } from '../../src/wire/unified.ts';
import { type Message13, readCapture13 } from '../support/dtls13.ts';
import { backends, present, publicFromJwk } from './support.ts';

/** The Transcript-Hash up to, and not with, the first message that `ends` says. */
function transcriptBefore(
  hash: (bytes: Uint8Array) => Uint8Array,
  messages: readonly Message13[],
  from: Side,
  type: number,
): Uint8Array {
  const end = messages.findIndex((message) => message.from === from && message.type === type);
  if (end < 0) throw new Error(`no ${type} of the ${from}`);
  return hash(concatAll(messages.slice(0, end).map((message) => transcriptMessage(message.type, message.body))));
}

const leafKey = (messages: readonly Message13[], from: Side) => {
  const message = present(messages.find((one) => one.from === from && one.type === 11));
  const { cert_data } = present(decode(certificate13, message.body).certificate_list[0]);
  return publicFromJwk(new X509Certificate(cert_data).publicKey.export({ format: 'jwk' }));
};

describe.each(backends)('on $name', (provider) => {
  const read = readCapture13(provider);
  const hash = (bytes: Uint8Array): Uint8Array => provider.hash(read.suite.hash, bytes);

  it('every record opens, with consecutive numbers', () => {
    expect(read.suite.name).toBe('TLS_AES_128_GCM_SHA256');
    expect(
      read.opened.map(({ from, epoch, record }) => `${from} ${epoch}/${record?.sequenceNumber} ${record?.type}`),
    ).toEqual([
      ...[0, 1, 2, 3, 4, 5].map((number) => `server 2/${number} 22`),
      ...[0, 1, 2].map((number) => `client 2/${number} 22`),
      'client 3/0 23',
      'server 3/0 26',
      'server 3/1 23',
      'client 3/1 21',
      'server 3/2 21',
    ]);
    const application = read.opened.flatMap(({ record }) => (record?.type === 23 ? [toHex(record.content)] : []));
    expect(application).toEqual(['70696e67', '70696e67']);
  });

  it('the messages are those of a handshake with client certificate', () => {
    expect(
      read.messages.map(({ from, epoch, seq, type }) => `${from} ${epoch} ${seq} ${handshakeTypeName(type)}`),
    ).toEqual([
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

  it('both Finished are the HMACs of the transcript', () => {
    const schedule = keySchedule(provider, read.suite.hash);
    for (const side of ['client', 'server'] as const) {
      const secret = present(read.secrets.get(`${side.toUpperCase()}_HANDSHAKE_TRAFFIC_SECRET`));
      const finished = present(read.messages.find(({ from, type }) => from === side && type === 20));
      const expected = schedule.verifyData(secret, transcriptBefore(hash, read.messages, side, 20));
      expect(toHex(finished.body), side).toBe(toHex(expected));
    }
  });

  it('both CertificateVerify are signatures over the transcript, and over nothing else', () => {
    for (const side of ['client', 'server'] as const) {
      const message = present(read.messages.find(({ from, type }) => from === side && type === 15));
      const { algorithm, signature } = decode(certificateVerify13, message.body);
      const transcript = transcriptBefore(hash, read.messages, side, 15);
      const key = leafKey(read.messages, side);
      const signed = certificateVerifyContent(side, transcript);
      expect(algorithm).toBe(0x0403);
      expect(provider.verify(key, algorithm, signed, signature), side).toBe(true);
      const other = certificateVerifyContent(side === 'client' ? 'server' : 'client', transcript);
      expect(provider.verify(key, algorithm, other, signature)).toBe(false);
      expect(
        provider.verify(
          key,
          algorithm,
          certificateVerifyContent(
            side,
            transcript.map((b) => b ^ 1),
          ),
          signature,
        ),
      ).toBe(false);
    }
  });

  it('records of ours, made of the same content and numbers, are the very same bytes', () => {
    for (const { from, epoch, slice, record } of read.opened) {
      const label = `${from.toUpperCase()}_${epoch === 2 ? 'HANDSHAKE_' : ''}TRAFFIC_SECRET${epoch === 2 ? '' : '_0'}`;
      const secret = present(read.secrets.get(label));
      const cipher = recordProtection13({ provider, suite: read.suite, secret, epoch });
      const { type, sequenceNumber, content } = present(record);
      const ours = cipher.protect({ type, sequenceNumber }, content);
      expect(toHex(ours)).toBe(toHex(slice.header) + toHex(slice.fragment));
      expect(ours).toHaveLength(cipher.recordLength(content.length));
    }
  });

  it('stays shut with any other secret', () => {
    for (const { epoch, slice } of read.opened) {
      for (const [label, right] of read.secrets) {
        const secret = right.map((byte, i) => (i === 31 ? byte ^ 1 : byte));
        const cipher = recordProtection13({ provider, suite: read.suite, secret, epoch });
        expect(cipher.unprotect(slice, 0), label).toBeUndefined();
      }
    }
  });
});

describe('its messages', () => {
  const { messages, opened, suite } = readCapture13(backends[1]);
  const bodyOf = (type: number): Uint8Array => present(messages.find((message) => message.type === type)).body;

  it('are read and written back byte for byte', () => {
    for (const { type, body } of messages) {
      const codec = bodyCodec(type, { version: '1.3', keyExchange: undefined, hash: suite.hash });
      expect(equal(encode(codec, decode(codec, body)), body), handshakeTypeName(type)).toBe(true);
    }
  });

  it('agree on X25519MLKEM768, with shares of the lengths that the draft has', () => {
    const shares = findExtension(decode(clientHello, bodyOf(1)).extensions, 'key_share')?.client_shares ?? [];
    expect(shares.map(({ group, key_exchange }) => [group, key_exchange.length])).toEqual([[0x11ec, 1216]]);
    const server = findExtension(decode(serverHello, bodyOf(2)).extensions, 'key_share')?.server_share;
    expect([server?.group, server?.key_exchange.length]).toEqual([0x11ec, 1120]);
    // Whatever our backends make of the real share of NSS, they make something of it.
    for (const provider of backends) {
      const answer = provider.respond(0x11ec, present(shares[0]).key_exchange, (length) =>
        new Uint8Array(length).fill(7),
      );
      expect(answer?.share).toHaveLength(1120);
      expect(answer?.secret).toHaveLength(64);
    }
  });

  it('say version and limits in the extensions of 1.3', () => {
    expect(findExtension(decode(serverHello, bodyOf(2)).extensions, 'supported_versions')).toEqual({
      selected_version: 0xfefc,
    });
    const encrypted = decode(encryptedExtensions, bodyOf(8)).extensions;
    expect(encrypted.map(({ kind }) => kind)).toEqual(['supported_groups', 'record_size_limit']);
  });

  it('of the client are acknowledged one by one, by their record numbers', () => {
    const record = opened.find((one) => one.record?.type === 26)?.record;
    expect(decode(ack, present(record).content).record_numbers).toEqual([
      { epoch: 2, sequence_number: 0 },
      { epoch: 2, sequence_number: 1 },
      { epoch: 2, sequence_number: 2 },
    ]);
  });
});
