/** The messages and extensions of DTLS 1.3, where they are not those of 1.2. */
import { describe, expect, it } from 'vitest';
import { fromHex } from '../../src/base/bytes.ts';
import { decode, dissect, encode, tryDecode } from '../../src/codec/codec.ts';
import { bindersLength, extensionCode, extensionsOf, findExtension } from '../../src/wire/extensions.ts';
import {
  bodyCodec,
  certificate13,
  certificateRequest13,
  clientHello,
  downgradeSentinel,
  encryptedExtensions,
  finished13,
  handshakeTypeName,
  helloRetryRandom,
  helloRetryRequest,
  isHelloRetryBody,
  isHelloRetryRequest,
  keyUpdate,
  newConnectionId,
  newSessionTicket13,
  serverHello,
  serverHelloOrRetry,
} from '../../src/wire/handshake.ts';
import { handshakeTypes } from '../../src/wire/registry.ts';
import { sentMessages } from '../support/messages.ts';
import { helloRetryHex, resumingHelloHex, samples13 } from '../support/samples13.ts';

const hex = (text: string): Uint8Array => {
  const bytes = fromHex(text);
  if (!bytes) throw new Error(text);
  return bytes;
};
const sample = (name: string): Uint8Array => {
  const found = samples13().find((one) => one.name === name);
  if (!found) throw new Error(`no sample ${name}`);
  return found.bytes;
};

describe('a HelloRetryRequest', () => {
  const body = hex(helloRetryHex);

  it('is a ServerHello by type, told by its random, with extensions of its own', () => {
    const read = decode(serverHelloOrRetry, body);
    if (!isHelloRetryRequest(read)) throw new Error('not seen as one');
    expect(findExtension(read.extensions, 'key_share')).toEqual({ selected_group: 0x17 });
    expect(findExtension(read.extensions, 'cookie')).toEqual({ cookie: hex('c0ffee') });
    expect(findExtension(read.extensions, 'supported_versions')).toEqual({ selected_version: 0xfefc });
    expect(read.extensions?.map((one) => extensionCode('hello_retry_request', one))).toEqual([43, 51, 44]);
    expect(read.random).toEqual(helloRetryRandom);
    expect(decode(helloRetryRequest, body)).toEqual(read);
    expect(encode(serverHelloOrRetry, read)).toEqual(body);
    expect(dissect(serverHelloOrRetry, 'server_hello', body).root.label).toBe('HelloRetryRequest');
  });

  it('is told from the bytes alone, also of a body that is cut or odd', () => {
    expect(isHelloRetryBody(body)).toBe(true);
    expect(isHelloRetryBody(body.subarray(0, 34))).toBe(true);
    expect(isHelloRetryBody(body.subarray(0, 33))).toBe(false);
    const other = body.map((byte, i) => (i === 33 ? byte ^ 1 : byte));
    expect(isHelloRetryBody(other)).toBe(false);
    expect(tryDecode(serverHelloOrRetry, body.subarray(0, 40)).ok).toBe(false);
    // With any other random it is a ServerHello, whose key_share is a whole entry.
    expect(tryDecode(serverHelloOrRetry, other).ok).toBe(false);
  });

  it('is never seen in what servers of DTLS 1.2 sent', () => {
    const hellos = sentMessages().filter(({ type }) => type === 2);
    expect(hellos.length).toBeGreaterThan(5);
    for (const { body: bytes } of hellos) {
      expect(isHelloRetryBody(bytes)).toBe(false);
      expect(decode(serverHelloOrRetry, bytes)).toEqual(decode(serverHello, bytes));
    }
  });
});

describe('a ClientHello that resumes', () => {
  const body = hex(resumingHelloHex);
  const { extensions } = decode(clientHello, body);

  it('holds nothing that is unknown', () => {
    expect(extensions?.map(({ kind }) => kind)).toEqual([
      'max_fragment_length',
      'compress_certificate',
      'early_data',
      'supported_versions',
      'cookie',
      'psk_key_exchange_modes',
      'certificate_authorities',
      'post_handshake_auth',
      'signature_algorithms_cert',
      'key_share',
      'connection_id',
      'pre_shared_key',
    ]);
  });

  it('offers PSKs with their ages, and binders whose length is known', () => {
    const psks = findExtension(extensions, 'pre_shared_key');
    expect(psks?.identities).toEqual([
      { identity: hex('7469636b6574'), obfuscated_ticket_age: 0x303a },
      { identity: hex('aa'), obfuscated_ticket_age: 0 },
    ]);
    expect(psks?.binders.map(({ length }) => length)).toEqual([48, 32]);
    if (!psks) throw new Error('no pre_shared_key');
    expect(bindersLength(psks)).toBe(2 + 49 + 33);
    // They are the last bytes of the hello, behind their length.
    expect(body.subarray(body.length - bindersLength(psks)).subarray(0, 3)).toEqual(hex('005230'));
  });

  it('is answered with the number of one of them', () => {
    const answer = decode(serverHello, sample('a ServerHello that resumes'));
    expect(findExtension(answer.extensions, 'pre_shared_key')).toEqual({ selected_identity: 1 });
    expect(findExtension(answer.extensions, 'connection_id')).toEqual({ cid: hex('01') });
  });

  it('needs binders of at least 32 bytes, and at least one of each', () => {
    const psk = (text: string): boolean => {
      const extension = `0029${hex(text).length.toString(16).padStart(4, '0')}${text}`.replace(/\s/g, '');
      const block = hex(extension).length.toString(16).padStart(4, '0') + extension;
      return tryDecode(clientHello, hex(`fefd${'00'.repeat(32)}0000000213010100${block}`)).ok;
    };
    expect(psk(`0007 0001 aa 00000000 0021 20 ${'b1'.repeat(32)}`)).toBe(true);
    expect(psk(`0007 0001 aa 00000000 0020 1f ${'b1'.repeat(31)}`)).toBe(false);
    expect(psk(`0006 0000 00000000 0021 20 ${'b1'.repeat(32)}`)).toBe(false);
    expect(psk(`0000 0021 20 ${'b1'.repeat(32)}`)).toBe(false);
    expect(psk('0007 0001 aa 00000000 0000')).toBe(false);
  });
});

describe('messages behind the ServerHello', () => {
  it('have their extensions from tables of their own', () => {
    const encrypted = decode(encryptedExtensions, sample('encrypted_extensions')).extensions;
    expect(findExtension(encrypted, 'use_srtp')).toEqual({ SRTPProtectionProfiles: [7], srtp_mki: hex('') });
    expect(findExtension(encrypted, 'early_data')).toEqual({});
    expect(findExtension(encrypted, 'record_size_limit')).toEqual({ record_size_limit: 0x4001 });
    expect(encrypted.at(-1)).toEqual({ kind: 'unknown', code: 0xfe0d, body: hex('0102') });

    const request = decode(certificateRequest13, sample('certificate_request'));
    expect(request.certificate_request_context).toEqual(hex('c0'));
    expect(findExtension(request.extensions, 'oid_filters')).toEqual({
      filters: [{ certificate_extension_oid: hex('551d25'), certificate_extension_values: hex('3000') }],
    });
    expect(findExtension(request.extensions, 'signature_algorithms')).toEqual({
      supported_signature_algorithms: [0x0403, 0x0804, 0x0807],
    });

    const chain = decode(certificate13, sample('certificate with extensions')).certificate_list;
    expect(chain.map(({ cert_data }) => cert_data)).toEqual([hex('3003020101'), hex('3000')]);
    expect(findExtension(chain[0]?.extensions, 'delegated_credential')).toMatchObject({
      valid_time: 86_400,
      dc_cert_verify_algorithm: 0x0403,
    });
    expect(chain[1]?.extensions).toEqual([]);

    const ticket = decode(newSessionTicket13, sample('new_session_ticket'));
    expect(ticket).toMatchObject({ ticket_lifetime: 604_800, ticket_age_add: 0xdeadbeef, ticket_nonce: hex('0000') });
    expect(findExtension(ticket.extensions, 'early_data')).toEqual({ max_early_data_size: 0xffff_ffff });
  });

  it('are read when nothing is offered for delegated credentials, which ends nobody’s handshake', () => {
    const offer = decode(extensionsOf('client_hello'), hex('000600220002' + '0000'));
    expect(findExtension(offer, 'delegated_credential')).toEqual({ expected_cert_verify_algorithm: [] });
  });

  it('of a CertificateRequest need a block of extensions that is not empty', () => {
    expect(tryDecode(certificateRequest13, hex('00 0000')).ok).toBe(false);
  });

  it('have a Finished as long as the hash', () => {
    expect(tryDecode(finished13.sha256, new Uint8Array(32)).ok).toBe(true);
    for (const length of [0, 12, 31, 33, 48])
      expect(tryDecode(finished13.sha256, new Uint8Array(length)).ok).toBe(false);
    expect(tryDecode(finished13.sha384, new Uint8Array(48)).ok).toBe(true);
  });

  it('keep numbers that nobody knows, for their receiver to judge', () => {
    expect(decode(keyUpdate, hex('02'))).toEqual({ request_update: 2 });
    expect(dissect(keyUpdate, 'key_update', hex('01')).root.children[0]?.label).toBe('update_requested');
    expect(decode(newConnectionId, hex('0000 07'))).toEqual({ cids: [], usage: 7 });
    expect(decode(newConnectionId, hex('0003 02 0102 00'))).toEqual({ cids: [hex('0102')], usage: 0 });
  });
});

describe('the layout of a body', () => {
  const at = (type: number, version: '1.2' | '1.3') =>
    bodyCodec(type, { version, keyExchange: 'ecdhe', hash: 'sha256' });

  it('is that of the version where the two differ, and the same where they do not', () => {
    const differing = Object.keys(handshakeTypes)
      .map(Number)
      .filter((type) => at(type, '1.2') !== at(type, '1.3'))
      .map((type) => handshakeTypeName(type));
    for (const name of ['certificate', 'certificate_request', 'certificate_verify', 'finished', 'new_session_ticket'])
      expect(differing).toContain(name);
    for (const type of [1, 3]) expect(at(type, '1.2')).toBe(at(type, '1.3'));
  });

  it('is known for every message that DTLS 1.3 has', () => {
    for (const type of [1, 2, 4, 5, 8, 9, 10, 11, 13, 15, 20, 24, 25])
      expect(at(type, '1.3').see, handshakeTypeName(type)).toMatch(/^RFC \d+ §/);
  });
});

it('the downgrade sentinels are "DOWNGRD" with a number (RFC 8446 §4.1.3)', () => {
  expect(new TextDecoder().decode(downgradeSentinel['1.2'])).toBe('DOWNGRD\u0001');
  expect(new TextDecoder().decode(downgradeSentinel['1.0'])).toBe('DOWNGRD\u0000');
});
