import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/random.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { chainLinks } from '../../src/x509/chain.ts';
import { DerReader } from '../../src/x509/der.ts';
import { privateKeyDer, publicHalf, readPkcs8 } from '../../src/x509/privateKey.ts';
import { readSubjectKey, subjectPublicKeyInfo } from '../../src/x509/publicKey.ts';
import { type Certificate, publicKeyOf, readCertificate } from '../../src/x509/read.ts';
import { openssl, opensslText, scratch, write } from './support.ts';

const path = scratch();

const selfSigned = (algorithm: readonly string[], ...more: readonly string[]): Uint8Array => {
  const key = path('key.pem');
  openssl(['genpkey', ...algorithm, '-out', key]);
  const subject = more.includes('-subj') ? [] : ['-subj', '/CN=WebRTC'];
  return openssl(['req', '-x509', '-new', '-key', key, '-outform', 'DER', '-days', '30', '-utf8', ...subject, ...more]);
};
const ec = (curve: string): string[] => ['-algorithm', 'EC', '-pkeyopt', `ec_paramgen_curve:${curve}`];
const rsa = (bits: number): string[] => ['-algorithm', 'RSA', '-pkeyopt', `rsa_keygen_bits:${bits}`];

const certificateOf = (der: Uint8Array): Certificate => {
  const result = readCertificate(der);
  if (!result.ok) throw new Error(result.error.why);
  return result.certificate;
};
const opensslSays = (der: Uint8Array, ...args: string[]): string =>
  opensslText(['x509', '-inform', 'DER', '-in', write(path('said.der'), der), '-noout', ...args]).trim();

const elaborate = (): Uint8Array =>
  selfSigned(
    ec('P-256'),
    '-subj',
    '/C=CH/O=Bücher, Käse + "Söhne"; <AG>/OU=#1/OU= lead and trail /CN=a\\/b',
    '-addext',
    'subjectAltName=DNS:example.org,DNS:*.example.org,IP:192.0.2.1,IP:2001:db8::1,email:a@example.org,URI:https://example.org/x',
  );

describe('reading certificates', () => {
  it('agrees with OpenSSL on names, dates, serial and key, for every kind of key that WebRTC uses', () => {
    const kinds: readonly (readonly [string[], string, string])[] = [
      [ec('P-256'), 'ECDSA P-256', 'ecdsa-with-SHA256'],
      [ec('P-384'), 'ECDSA P-384', 'ecdsa-with-SHA256'],
      [ec('P-521'), 'ECDSA P-521', 'ecdsa-with-SHA256'],
      [rsa(2048), 'RSA 2048', 'sha256WithRSAEncryption'],
      [rsa(3072), 'RSA 3072', 'sha256WithRSAEncryption'],
      [['-algorithm', 'ED25519'], 'Ed25519', 'Ed25519'],
    ];
    for (const [algorithm, keyName, signatureAlgorithm] of kinds) {
      const der = selfSigned(algorithm);
      const certificate = certificateOf(der);
      expect(certificate).toMatchObject({ version: 3, keyName, signatureAlgorithm, subject: 'CN=WebRTC', faults: [] });
      expect(certificate.basicConstraints).toEqual({ ca: true, pathLength: undefined });
      const said = opensslSays(
        der,
        '-dateopt',
        'iso_8601',
        '-dates',
        '-serial',
        '-subject',
        '-issuer',
        '-nameopt',
        'RFC2253',
      );
      expect(said.toLowerCase()).toBe(
        [
          `notBefore=${certificate.notBefore?.replace('T', ' ')}`,
          `notAfter=${certificate.notAfter?.replace('T', ' ')}`,
          `serial=${certificate.serial}`,
          `subject=${certificate.subject}`,
          `issuer=${certificate.issuer}`,
        ]
          .join('\n')
          .toLowerCase(),
      );
    }
  });

  it('gives the very key bytes that OpenSSL prints', () => {
    const der = selfSigned(ec('P-384'));
    const key = certificateOf(der).publicKey;
    const spki = openssl(['pkey', '-pubin', '-outform', 'DER'], opensslSays(der, '-pubkey'));
    expect(key).toEqual({ kind: 'ec', curve: 'secp384r1', point: spki.subarray(spki.length - 97) });
    const rsaDer = selfSigned(rsa(2048));
    const rsaKey = certificateOf(rsaDer).publicKey;
    const modulus = opensslSays(rsaDer, '-modulus').replace('Modulus=', '').toLowerCase();
    expect(rsaKey?.kind === 'rsa' && Buffer.from(rsaKey.n).toString('hex')).toBe(modulus);
  });

  it('writes odd names as RFC 4514 does, and as OpenSSL does', () => {
    const der = elaborate();
    const certificate = certificateOf(der);
    const said = opensslSays(der, '-subject', '-nameopt', 'RFC2253,-esc_msb,utf8').replace('subject=', '');
    expect(certificate.subject).toBe(said);
    expect(certificate.commonName).toBe('a/b');
  });

  it('lists alternative names of every kind', () => {
    expect(certificateOf(elaborate()).subjectAltNames).toEqual([
      { kind: 'dns', value: 'example.org' },
      { kind: 'dns', value: '*.example.org' },
      { kind: 'ip', value: '192.0.2.1' },
      { kind: 'ip', value: '2001:db8:0:0:0:0:0:1' },
      { kind: 'email', value: 'a@example.org' },
      { kind: 'uri', value: 'https://example.org/x' },
    ]);
  });

  it('escapes control characters in names, which a peer may choose freely', () => {
    const der = Uint8Array.from(selfSigned(ec('P-256'), '-subj', '/CN=evilXname'));
    const at = Buffer.from(der).lastIndexOf('evilX');
    der[at + 4] = 0x1b;
    expect(certificateOf(der).subject).toBe('CN=evil\\1Bname');
  });

  it('names keys that it does not compute with, instead of failing', () => {
    expect(certificateOf(selfSigned(ec('secp256k1')))).toMatchObject({
      keyName: 'ECDSA secp256k1',
      publicKey: undefined,
    });
    expect(certificateOf(selfSigned(['-algorithm', 'ED448']))).toMatchObject({
      keyName: 'Ed448',
      publicKey: undefined,
    });
    const explicit = selfSigned([...ec('P-256'), '-pkeyopt', 'ec_param_enc:explicit']);
    expect(certificateOf(explicit)).toMatchObject({
      keyName: 'ECDSA with explicit curve parameters',
      publicKey: undefined,
      faults: [],
    });
  });

  it('names RSA keys that are too large, or no RSA keys at all, without giving them to be computed with', () => {
    const read = (n: Uint8Array, e: Uint8Array): unknown => {
      const { key, name } = readSubjectKey(new DerReader(subjectPublicKeyInfo({ kind: 'rsa', n, e })).any('key'));
      return key ? 'usable' : name;
    };
    const modulus = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(0xff);
    const e = Uint8Array.of(1, 0, 1);
    expect(read(modulus(1024), e)).toBe('usable');
    expect(read(modulus(100_000), e)).toBe('RSA 800000');
    expect(read(modulus(256), modulus(256))).toBe('RSA 2048');
    expect(read(modulus(256).fill(0xfe), e)).toBe('RSA 2048');
    expect(read(Uint8Array.of(0), e)).toBe('RSA 0');
  });

  it('knows RSASSA-PSS keys and signatures from plain RSA ones', () => {
    const pss = certificateOf(selfSigned(['-algorithm', 'RSA-PSS', '-pkeyopt', 'rsa_keygen_bits:2048']));
    expect(pss).toMatchObject({ keyName: 'RSA 2048', pssOnly: true });
    const signed = certificateOf(
      selfSigned(rsa(2048), '-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:digest', '-sha384'),
    );
    expect(signed).toMatchObject({
      pssOnly: false,
      signatureAlgorithm: 'RSASSA-PSS with SHA384',
      signatureScheme: 0x0805,
    });
    const longSalt = certificateOf(
      selfSigned(rsa(2048), '-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:100', '-sha256'),
    );
    expect(longSalt.signatureScheme).toBeUndefined();
  });

  it('gives RSASSA-PSS keys the schemes that are theirs, from the certificate and from the key file', () => {
    const der = selfSigned(
      ['-algorithm', 'RSA-PSS', '-pkeyopt', 'rsa_keygen_bits:2048'],
      ...['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:digest', '-sha256'],
    );
    expect(chainLinks([der], nobleProvider)).toEqual([{ kind: 'verified', by: 0 }]);
    const { publicKey } = certificateOf(der);
    if (!publicKey) throw new Error('no key');
    expect(publicKey).toMatchObject({ kind: 'rsa', pssOnly: true });
    const again = readSubjectKey(new DerReader(subjectPublicKeyInfo(publicKey)).any('key'));
    expect(again).toMatchObject({ key: publicKey, pssOnly: true });
    const file = openssl(['pkcs8', '-topk8', '-nocrypt', '-in', path('key.pem'), '-outform', 'DER']);
    const key = readPkcs8(file);
    expect(publicHalf(key)).toEqual(publicKey);
    expect(readPkcs8(privateKeyDer(key))).toEqual(key);
    expect([0x0804, 0x0809].map((scheme) => nobleProvider.canSign(key, scheme))).toEqual([false, true]);
  });

  it('reads dates before 2000 and after 2049, whose encodings differ', () => {
    const request = path('old.csr');
    openssl([
      'req',
      '-new',
      '-newkey',
      'ed25519',
      '-nodes',
      '-keyout',
      path('old.key'),
      '-subj',
      '/CN=old',
      '-out',
      request,
    ]);
    // `openssl ca` is the one command of 3.0 that takes dates.
    write(
      path('ca.cnf'),
      `[ca]\ndefault_ca=d\n[d]\ndatabase=${path('db')}\nnew_certs_dir=${path('')}\ndefault_md=default\npolicy=p\nrand_serial=yes\n[p]\ncommonName=supplied\n`,
    );
    write(path('db'), '');
    openssl([
      ...['ca', '-batch', '-config', path('ca.cnf'), '-selfsign', '-keyfile', path('old.key'), '-in', request],
      ...['-startdate', '19991231235959Z', '-enddate', '20500101000000Z', '-out', path('old.pem'), '-notext'],
    ]);
    const certificate = certificateOf(openssl(['x509', '-in', path('old.pem'), '-outform', 'DER']));
    expect(certificate).toMatchObject({ notBefore: '1999-12-31T23:59:59Z', notAfter: '2050-01-01T00:00:00Z' });
  });

  it('keeps what can be read when one part cannot', () => {
    const der = Uint8Array.from(selfSigned(ec('P-256')));
    const certificate = certificateOf(der);
    const text = Buffer.from(der);
    const date = text.indexOf(certificate.notAfter?.replace(/[-:T]/g, '').slice(2) ?? '');
    expect(date).toBeGreaterThan(0);
    der[date + 2] = 0x39; // Month 9x.
    expect(certificateOf(der)).toMatchObject({
      subject: 'CN=WebRTC',
      keyName: 'ECDSA P-256',
      notAfter: undefined,
      faults: [{ at: date - 2, why: 'notAfter: no such date or time' }],
    });
  });

  it('says where it stopped', () => {
    const der = selfSigned(ec('P-256'));
    const refused = (bytes: Uint8Array): unknown => {
      const result = readCertificate(bytes);
      return result.ok ? 'accepted' : result.error;
    };
    expect(refused(new Uint8Array(0))).toEqual({ at: 0, why: 'certificate: missing' });
    expect(refused(der.subarray(0, 100))).toEqual({
      at: 1,
      why: `certificate: declares ${der.length - 4} bytes, 96 are left`,
    });
    expect(refused(Uint8Array.of(...der, 0))).toEqual({ at: der.length, why: 'certificate: 1 bytes left over' });
    expect(refused(Uint8Array.of(0x30, 0x80, 0, 0))).toEqual({
      at: 1,
      why: 'certificate: indefinite length (BER, not DER)',
    });
    expect(refused(Uint8Array.of(0x30, 0x81, 1, 0))).toEqual({
      at: 1,
      why: 'certificate: length not in its shortest form (BER, not DER)',
    });
    expect(refused(Uint8Array.of(0x30, 0x84, 0xff, 0xff, 0xff, 0xff))).toEqual({
      at: 1,
      why: 'certificate: declares 4294967295 bytes, 0 are left',
    });
  });
});

describe('hostile certificates', () => {
  const samples = (): Uint8Array[] => [
    elaborate(),
    selfSigned(rsa(2048)),
    selfSigned(['-algorithm', 'ED25519']),
    selfSigned(rsa(2048), '-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:digest', '-sha256'),
  ];

  it('never throw, whatever is cut off, and a cut certificate is never accepted', () => {
    for (const der of samples()) {
      for (let length = 0; length < der.length; length++) {
        const cut = der.subarray(0, length);
        if (readCertificate(cut).ok || publicKeyOf(cut).ok) expect.fail(`accepted the first ${length} bytes`);
      }
    }
  });

  it('never throw, whatever bytes are changed, and every fault lies inside', () => {
    const prng = new Prng('certificates');
    let accepted = 0;
    let refused = 0;
    const outside: unknown[] = [];
    const disagreeing: unknown[] = [];
    for (const sample of samples()) {
      for (let i = 0; i < 5000; i++) {
        const der = Uint8Array.from(sample);
        for (let k = prng.int(3); k >= 0; k--) der[prng.int(der.length)] = prng.int(256);
        const result = readCertificate(der);
        const key = publicKeyOf(der);
        const places = result.ok ? result.certificate.faults.map(({ at }) => at) : [result.error.at ?? -1];
        if (places.some((at) => at < 0 || at > der.length)) outside.push(places);
        if (result.ok) {
          accepted++;
          if (key.ok && JSON.stringify(key.key) !== JSON.stringify(result.certificate.publicKey)) disagreeing.push(key);
        } else refused++;
      }
    }
    expect(outside).toEqual([]);
    expect(disagreeing).toEqual([]);
    expect(accepted).toBeGreaterThan(1000);
    expect(refused).toBeGreaterThan(1000);
  });

  it('never throw on random bytes that begin like a certificate', () => {
    const prng = new Prng('noise');
    for (let i = 0; i < 5000; i++) {
      const noise = prng.bytes(prng.int(200));
      noise.set([0x30, noise.length - 2, 0x30].slice(0, noise.length));
      expect(readCertificate(noise).ok).toBe(false);
    }
  });

  it('cannot exhaust the stack by nesting', () => {
    const deep = new Uint8Array(4 * 16_000).fill(0);
    for (let at = 0; at + 4 <= deep.length; at += 4) {
      const left = deep.length - at - 4;
      deep.set([0x30, 0x82, left >> 8, left & 0xff], at);
    }
    expect(readCertificate(deep).ok).toBe(false);
  });
});
