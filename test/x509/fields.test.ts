/** Certificates as trees of byte ranges: OpenSSL's offsets, our reader's values, and no byte left out of any input. */
import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/random.ts';
import { bundledTestCredential } from '../../src/x509/bundled.ts';
import { type CertificateField, certificateFields, nameText } from '../../src/x509/fields.ts';
import { readCertificate } from '../../src/x509/read.ts';
import { leavesOf, nodesOf, tilingFault } from '../support/fieldTree.ts';
import { openssl, opensslText, scratch, write } from './support.ts';

const path = scratch();

const elaborate = (): Uint8Array => {
  openssl(['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-out', path('key.pem')]);
  return openssl([
    ...['req', '-x509', '-new', '-key', path('key.pem'), '-outform', 'DER', '-days', '30', '-utf8'],
    ...['-subj', '/C=CH/O=Bücher & Söhne/OU=a+OU=b/CN=example.org', '-multivalue-rdn'],
    ...['-addext', 'subjectAltName=DNS:example.org,IP:192.0.2.1,URI:https://example.org/x'],
    ...['-addext', 'keyUsage=critical,digitalSignature,keyAgreement'],
    ...['-addext', 'extendedKeyUsage=serverAuth,1.2.3.4'],
    ...['-addext', 'certificatePolicies=1.2.3.4'],
  ]);
};

const samples = (): Uint8Array[] => [
  elaborate(),
  ...(['ecdsa-p256-a', 'rsa-2048'] as const).flatMap((name) => bundledTestCredential(name).chain.map((der) => der)),
];

const at = (root: CertificateField, ...names: readonly string[]): CertificateField => {
  let field = root;
  for (const name of names) {
    const child = field.children.find((one) => one.name === name);
    if (!child) throw new Error(`${field.name} has no ${name}`);
    field = child;
  }
  return field;
};

describe('the fields of a certificate', () => {
  it('lie where OpenSSL finds their elements', () => {
    for (const der of samples()) {
      const root = certificateFields(der);
      expect(tilingFault(root, der.length)).toBeUndefined();
      const elements = new Set<string>();
      for (const line of opensslText(['asn1parse', '-inform', 'DER', '-in', write(path('c.der'), der)]).split('\n')) {
        const match = /^\s*(\d+):d=\s*\d+\s+hl=(\d+)\s+l=\s*(\d+)/.exec(line);
        if (match) elements.add(`${match[1]} ${Number(match[1]) + Number(match[2]) + Number(match[3])}`);
      }
      const inside = new Set(['header', 'bytes', 'RSAPublicKey', 'modulus', 'publicExponent']);
      const ours = nodesOf(root).filter(({ name }) => !inside.has(name));
      expect(ours.length).toBeGreaterThan(15);
      for (const { name, start, end } of ours) expect(elements.has(`${start} ${end}`), name).toBe(true);
    }
  });

  it('say what the reader of certificates says', () => {
    for (const der of samples()) {
      const root = certificateFields(der);
      const read = readCertificate(der);
      if (!read.ok) throw new Error(read.error.why);
      const { certificate } = read;
      const tbs = at(root, 'tbsCertificate');
      expect(at(tbs, 'subject').label).toBe(certificate.subject);
      expect(at(tbs, 'issuer').label).toBe(certificate.issuer);
      expect(at(tbs, 'validity', 'notBefore').label).toBe(certificate.notBefore);
      expect(at(tbs, 'validity', 'notAfter').label).toBe(certificate.notAfter);
      expect(at(tbs, 'version').label).toBe(`v${certificate.version}`);
      expect(at(root, 'signatureAlgorithm').label).toBe(certificate.signatureAlgorithm);
      expect(at(root, 'signatureValue', 'bytes').value).toEqual(certificate.signature);
      const extensions = tbs.children.find(({ name }) => name === 'extensions');
      const labels = (extensions?.children.slice(1) ?? []).map(({ label }) => label);
      expect(labels).toEqual(certificate.extensions.map(({ name, oid }) => name ?? oid));
      expect(nodesOf(root).filter(({ problem }) => problem !== undefined)).toEqual([]);
    }
  });

  it('put the usual extensions into words', () => {
    const tbs = at(certificateFields(elaborate()), 'tbsCertificate');
    const texts = Object.fromEntries(
      at(tbs, 'extensions')
        .children.slice(1)
        .map((extension) => [extension.label, at(extension, 'extnValue').label]),
    );
    expect(texts).toMatchObject({
      subjectAltName: 'dns:example.org, ip:192.0.2.1, uri:https://example.org/x',
      keyUsage: 'digitalSignature, keyAgreement',
      extKeyUsage: 'serverAuth, 1.2.3.4',
      basicConstraints: 'CA: true',
      certificatePolicies: undefined,
    });
    expect(at(tbs, 'subject').children.map(({ label }) => label)).toEqual([
      expect.stringMatching(/^SEQUENCE, \d+ bytes$/),
      'C=CH',
      'O=Bücher & Söhne',
      expect.stringMatching(/^OU=[ab]\+OU=[ab]$/),
      'CN=example.org',
    ]);
    expect(at(tbs, 'subjectPublicKeyInfo', 'subjectPublicKey', 'RSAPublicKey', 'modulus').label).toBe('2048 bits');
    expect(at(tbs, 'subjectPublicKeyInfo', 'subjectPublicKey', 'RSAPublicKey', 'publicExponent').value).toBe('65537');
  });

  it('name a Name, and nothing else', () => {
    const der = elaborate();
    const subject = at(certificateFields(der), 'tbsCertificate', 'subject');
    expect(nameText(der.subarray(subject.start, subject.end))).toBe(subject.label);
    expect(nameText(der)).toBeUndefined();
    expect(nameText(der.subarray(subject.start, subject.end - 1))).toBeUndefined();
    expect(nameText(new Uint8Array(0))).toBeUndefined();
  });
});

describe('any input', () => {
  const damaged = (der: Uint8Array, prng: Prng): Uint8Array => {
    const bytes = Uint8Array.from(der);
    for (let n = 1 + prng.int(3); n > 0; n--) bytes[prng.int(bytes.length)] = prng.int(256);
    return prng.int(4) === 0 ? bytes.subarray(0, prng.int(bytes.length + 1)) : bytes;
  };

  it('is tiled, with a reason on whatever could not be read', () => {
    const prng = new Prng('certificates');
    const all = samples();
    let faulty = 0;
    for (let round = 0; round < 2000; round++) {
      const bytes = damaged(all[round % all.length] ?? new Uint8Array(0), prng);
      const root = certificateFields(bytes);
      expect(tilingFault(root, bytes.length)).toBeUndefined();
      if (nodesOf(root).some(({ problem }) => problem !== undefined)) faulty++;
      for (const leaf of leavesOf(root)) if (leaf.name === 'unparsed') expect(leaf.problem).toMatch(/\w/);
    }
    expect(faulty).toBeGreaterThan(400);
  });

  it('keeps the parts around a part that can’t be read', () => {
    const der = Uint8Array.from(bundledTestCredential('ecdsa-p256-a').chain[0] ?? []);
    const before = at(certificateFields(der), 'tbsCertificate', 'validity', 'notBefore');
    der[before.start + 4] = 0x58;
    const root = certificateFields(der);
    expect(at(root, 'tbsCertificate', 'validity', 'notBefore').problem).toMatch(/not in the form of RFC 5280/);
    expect(at(root, 'tbsCertificate', 'validity', 'notAfter').label).toMatch(/^20/);
    expect(at(root, 'tbsCertificate', 'subject').label).toMatch(/^CN=/);
  });

  it('that is no certificate is one field with the reason', () => {
    for (const bytes of [
      new Uint8Array(0),
      Uint8Array.of(0x30),
      Uint8Array.of(0x30, 0x80, 0, 0),
      Uint8Array.of(1, 1, 1),
    ])
      expect(certificateFields(bytes)).toMatchObject({ children: [], problem: expect.stringMatching(/certificate: /) });
  });
});
