import { describe, expect, it } from 'vitest';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import type { PeerTrust } from '../../src/engine/index.ts';
import { HandshakeType } from '../../src/wire/registry.ts';
import { credential } from '../support/credentials.ts';
import { carries, faithful, Pair } from '../support/pair.ts';
import { rawFragment, rawFragments, rawRecord, rawRecords } from '../support/raw.ts';

const ecdsa = await credential('ecdsa-p256');
const another = await credential('ecdsa-p256,cn=another');
const ecdsa384 = await credential('ecdsa-p384');
const rsa = await credential('rsa-2048');
const ed25519 = await credential('ed25519');
const all = [rsa, ecdsa384, ed25519, ecdsa];

const leafShown = (pair: Pair): Uint8Array | undefined => pair.client.of('peer-certificate')[0]?.chain[0];
const leaf = (own: typeof ecdsa): Uint8Array => own.chain[0] ?? new Uint8Array();

describe('a server with several credentials', () => {
  it.each([
    ['an RSA suite', { cipherSuites: [0xc02f] }, rsa],
    [
      'an ECDSA suite, P-256 alone among the groups',
      { cipherSuites: [0xc02b], groups: [23], signatureSchemes: [0x0403] },
      ecdsa,
    ],
    ['an ECDSA suite and SHA-384', { cipherSuites: [0xc02b], signatureSchemes: [0x0503] }, ecdsa384],
    ['Ed25519 signatures alone', { cipherSuites: [0xc02b], signatureSchemes: [0x0807] }, ed25519],
    ['RSA signatures and both kinds of suite', { cipherSuites: [0xc02b, 0xc02f], signatureSchemes: [0x0804] }, rsa],
  ])('shows the one that fits %s', (_, client, fitting) => {
    const pair = new Pair({ client, server: { credentials: all } }).run();
    expect(pair.agreed, pair.describe()).toBe(true);
    expect(leafShown(pair)).toEqual(leaf(fitting));
  });

  it('prefers the suite that comes first in its own list', () => {
    const suites = [0xc030, 0xc02b];
    const pair = new Pair({ client: {}, server: { credentials: all, cipherSuites: suites } }).run();
    expect(pair.client.parameters?.cipherSuite).toBe(0xc030);
  });

  it('signs with the scheme of its curve where the client takes several', () => {
    const pair = new Pair({ server: { credentials: [ecdsa384] } }).run();
    expect(pair.client.parameters?.peerSignature).toBe(0x0503);
  });
});

describe('a server that finds nothing in common', () => {
  it.each([
    [
      'suites',
      { cipherSuites: [0xc02b] },
      { credentials: [ecdsa], cipherSuites: [0xc02c] },
      { fault: 'mismatch', code: 'no-common-suite', offered: [0xc02b], supported: [0xc02c] },
    ],
    [
      'suites that its key fits',
      { cipherSuites: [0xc02f, 0xc030] },
      { credentials: [ecdsa] },
      { code: 'no-common-suite', supported: [0xc02b, 0xcca9, 0xc02c] },
    ],
    [
      'groups',
      { groups: [24] },
      { credentials: [rsa], groups: [29, 23] },
      { code: 'no-common-group', offered: [24], supported: [29, 23] },
    ],
    [
      'signature schemes',
      { signatureSchemes: [0x0804] },
      { credentials: [ecdsa] },
      { code: 'no-common-signature', offered: [0x0804] },
    ],
    ['curves for its certificate', { groups: [29] }, { credentials: [ecdsa] }, { code: 'no-common-signature' }],
  ])('says so: %s', (_, client, server, failure) => {
    const pair = new Pair({ client, server }).run();
    expect(pair.server.failure).toMatchObject(failure);
    expect(pair.client.failure).toEqual({ fault: 'peer', code: 'alert', level: 2, description: 40 });
  });
});

describe('schemes to sign with', () => {
  it.each(['1.2', '1.3'] as const)(
    'are not those that the peer may sign with, and have an order of their own: %s',
    (version) => {
      const pair = new Pair({
        client: {
          versions: [version],
          credentials: [rsa],
          signingSchemes: [0x0806, 0x0804],
          signatureSchemes: [0x0403],
        },
        server: {
          versions: [version],
          credentials: [ecdsa],
          clientAuth: 'require',
          signingSchemes: [0x0503, 0x0403],
          signatureSchemes: [0x0804, 0x0806],
        },
      }).run();
      expect(pair.agreed, pair.describe()).toBe(true);
      expect(pair.client.parameters?.peerSignature).toBe(0x0403);
      expect(pair.server.parameters?.peerSignature).toBe(0x0806);
    },
  );
});

describe('a client that is asked for its certificate', () => {
  it('shows the first that the server takes', () => {
    const pair = new Pair({
      client: { credentials: [rsa, ecdsa] },
      server: { credentials: [ecdsa], clientAuth: 'require', signatureSchemes: [0x0403] },
    }).run();
    expect(pair.agreed).toBe(true);
    expect(pair.server.of('peer-certificate')[0]?.chain[0]).toEqual(leaf(ecdsa));
    expect(pair.server.parameters?.peerSignature).toBe(0x0403);
  });

  it('shows none when none fits, which a server may accept', () => {
    const pair = new Pair({
      client: { credentials: [rsa] },
      server: { credentials: [ecdsa], clientAuth: 'request', signatureSchemes: [0x0403] },
    }).run();
    expect(pair.agreed).toBe(true);
    expect(pair.server.of('peer-certificate')).toEqual([]);
    expect(pair.server.parameters?.peerSignature).toBeUndefined();
  });

  it('shows none when certificate_types lacks the kind of its key, whatever the algorithms say', () => {
    const pair = new Pair({
      client: { credentials: [ecdsa] },
      server: { credentials: [ecdsa], clientAuth: 'require' },
      link: (sent) =>
        carries(sent, HandshakeType.certificateRequest) ? [{ bytes: rsaOnly(sent.bytes) }] : faithful(sent),
    }).run();
    expect(pair.server.failure).toEqual({ fault: 'peer', code: 'certificate-missing' });
    expect(pair.client.failure).toMatchObject({ code: 'alert', description: 40 });
  });

  it('fails a server that requires one when it has none', () => {
    const pair = new Pair({ server: { credentials: [ecdsa], clientAuth: 'require' } }).run();
    expect(pair.server.failure).toEqual({ fault: 'peer', code: 'certificate-missing' });
    expect(pair.client.failure).toMatchObject({ code: 'alert', description: 40 });
  });

  it('fails a server that would check a fingerprint when it has none', () => {
    const trust: PeerTrust = { kind: 'fingerprints', fingerprints: [{ hash: 'sha256', value: new Uint8Array(32) }] };
    const pair = new Pair({ server: { credentials: [ecdsa], clientAuth: 'request', trust } }).run();
    expect(pair.server.failure).toEqual({ fault: 'peer', code: 'certificate-missing' });
  });

  it('is not asked by a server that does not want to know', () => {
    const pair = new Pair({ client: { credentials: [ecdsa] }, server: { credentials: [ecdsa] } }).run();
    expect(pair.sent.some((sent) => carries(sent, HandshakeType.certificateRequest))).toBe(false);
    expect(pair.server.of('peer-certificate')).toEqual([]);
  });
});

/** A CertificateRequest whose certificate_types are two times rsa_sign, so that all lengths stay. */
function rsaOnly(datagram: Uint8Array): Uint8Array {
  const records = rawRecords(datagram).map((record) => {
    if (record.type !== 22 || record.epoch !== 0) return rawRecord(record);
    const [fragment] = rawFragments(record.body);
    if (fragment?.type !== HandshakeType.certificateRequest) return rawRecord(record);
    const body = Uint8Array.from(fragment.body);
    body.fill(1, 1, 1 + (body[0] ?? 0));
    return rawRecord({ ...record, body: rawFragment({ ...fragment, body }) });
  });
  return Uint8Array.from(records.flatMap((bytes) => [...bytes]));
}

describe('fingerprints', () => {
  const right = (hash: 'sha1' | 'sha256' | 'sha384' | 'sha512', own = ecdsa) => ({
    hash,
    value: nodeProvider.hash(hash, leaf(own)),
  });
  const wrong = { hash: 'sha256', value: new Uint8Array(32) } as const;
  const trusting = (...fingerprints: (ReturnType<typeof right> | typeof wrong)[]) => ({
    trust: { kind: 'fingerprints', fingerprints } as const,
  });

  it.each(['sha1', 'sha256', 'sha384', 'sha512'] as const)(
    'of %s let the right certificate in, on both sides',
    (hash) => {
      const pair = new Pair({
        client: { credentials: [ecdsa], ...trusting(right(hash)) },
        server: { credentials: [ecdsa], clientAuth: 'require', ...trusting(right(hash)) },
      }).run();
      expect(pair.agreed).toBe(true);
      expect(pair.client.of('peer-certificate')[0]?.fingerprintMatched).toBe(true);
      expect(pair.server.of('peer-certificate')[0]?.fingerprintMatched).toBe(true);
    },
  );

  it('need only one match among several', () => {
    const pair = new Pair({ client: trusting(wrong, right('sha512')), server: { credentials: [ecdsa] } }).run();
    expect(pair.agreed).toBe(true);
  });

  it('[4] keep a client from a server with another certificate', () => {
    const pair = new Pair({
      client: trusting(right('sha256', ecdsa384), wrong),
      server: { credentials: [ecdsa] },
    }).run();
    expect(pair.client.failure).toMatchObject({ fault: 'peer', code: 'fingerprint-mismatch' });
    expect(pair.client.of('peer-certificate')[0]?.fingerprintMatched).toBe(false);
    expect(pair.client.alerts).toEqual(['sent 2 42']);
    expect(pair.server.failure).toEqual({ fault: 'peer', code: 'alert', level: 2, description: 42 });
  });

  it('[4] keep a server from a client with another certificate', () => {
    const pair = new Pair({
      client: { credentials: [ecdsa384] },
      server: { credentials: [ecdsa], clientAuth: 'require', ...trusting(right('sha256')) },
    }).run();
    expect(pair.server.failure).toMatchObject({ code: 'fingerprint-mismatch' });
    expect(pair.client.failure).toMatchObject({ code: 'alert', description: 42 });
  });

  it('are not looked at when anybody is trusted', () => {
    const pair = new Pair({ server: { credentials: [ecdsa] } }).run();
    expect(pair.client.of('peer-certificate')[0]?.fingerprintMatched).toBeUndefined();
  });
});

describe('a certificate', () => {
  it('with the key of another is caught by the signature', () => {
    const stolen = { chain: ecdsa.chain, key: another.key };
    const pair = new Pair({ server: { credentials: [stolen] } }).run();
    expect(pair.client.failure).toEqual({ fault: 'peer', code: 'bad-signature', message: 'server_key_exchange' });
    expect(pair.server.failure).toMatchObject({ code: 'alert', description: 51 });
    const client = new Pair({
      client: { credentials: [stolen] },
      server: { credentials: [ecdsa], clientAuth: 'require' },
    }).run();
    expect(client.server.failure).toEqual({ fault: 'peer', code: 'bad-signature', message: 'certificate_verify' });
  });

  it('of a kind that the suite does not name is refused', () => {
    const mixed = { chain: rsa.chain, key: ecdsa.key };
    const pair = new Pair({ client: { cipherSuites: [0xc02b] }, server: { credentials: [mixed] } }).run();
    expect(pair.client.failure).toMatchObject({ code: 'illegal-parameter', message: 'certificate' });
  });

  it('that is none is refused, and so is a chain that is too long', () => {
    const garbage = { chain: [Uint8Array.of(1, 2, 3)], key: ecdsa.key };
    const pair = new Pair({ server: { credentials: [garbage] } }).run();
    expect(pair.client.failure).toMatchObject({ code: 'bad-certificate' });
    const long = { chain: Array.from({ length: 11 }, () => leaf(ecdsa)), key: ecdsa.key };
    const other = new Pair({ server: { credentials: [long] } }).run();
    expect(other.client.failure).toMatchObject({ code: 'bad-certificate' });
  });
});
