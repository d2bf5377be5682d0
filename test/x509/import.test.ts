import { beforeAll, describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/random.ts';
import { keyName } from '../../src/crypto/keys.ts';
import {
  certificatesToPem,
  credentialToPem,
  importCertificates,
  importCredential,
  importMaterial,
  importPrivateKey,
  privateKeyToPem,
} from '../../src/x509/import.ts';
import { privateKeyDer } from '../../src/x509/privateKey.ts';
import { make, openssl, opensslAnswer, opensslText, read, scratch, write } from './support.ts';

const path = scratch();
const text = (file: string): string => new TextDecoder().decode(read(path(file)));

/** A key and its certificate, made by OpenSSL: `NAME.key` (PKCS#8) and `NAME.pem`. */
function made(name: string, ...algorithm: readonly string[]): void {
  openssl(['genpkey', ...algorithm, '-out', path(`${name}.key`)]);
  openssl(['req', '-x509', '-new', '-key', path(`${name}.key`), '-subj', `/CN=${name}`, '-out', path(`${name}.pem`)]);
}

beforeAll(() => {
  made('ec', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256');
  made('ec384', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384');
  made('ec521', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-521');
  made('other', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256');
  made('rsa', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048');
  made('ed', '-algorithm', 'ED25519');
});

/** What an import says when it fails. */
const complaint = (result: { ok: true } | { ok: false; error: { why: string; fix?: string } }): string =>
  result.ok
    ? 'accepted'
    : result.error.fix === undefined
      ? result.error.why
      : `${result.error.why}: ${result.error.fix}`;
const complaintAbout = (input: string | Uint8Array): string => complaint(importMaterial(input));

describe('importing what OpenSSL writes', () => {
  const names = ['ec', 'ec384', 'ec521', 'rsa', 'ed'];
  const kinds = ['ECDSA P-256', 'ECDSA P-384', 'ECDSA P-521', 'RSA 2048', 'Ed25519'];

  it('takes PKCS#8 as PEM and DER, and writes back the very same bytes', () => {
    for (const [i, name] of names.entries()) {
      const der = openssl(['pkey', '-in', path(`${name}.key`), '-outform', 'DER']);
      const pkcs8 = openssl(['pkcs8', '-topk8', '-nocrypt', '-in', path(`${name}.key`), '-outform', 'DER']);
      for (const input of [text(`${name}.key`), read(path(`${name}.key`)), pkcs8]) {
        const result = importPrivateKey(input);
        if (!result.ok) throw new Error(result.error.why);
        expect(keyName(result.key)).toBe(kinds[i]);
        expect(privateKeyDer(result.key)).toEqual(pkcs8);
        expect(privateKeyToPem(result.key)).toBe(text(`${name}.key`));
      }
      // `openssl pkey -outform DER` writes PKCS#8 or the older form, as the version has it: either is good.
      expect(complaint(importPrivateKey(der))).toBe('accepted');
    }
  });

  it('takes the older forms: EC PRIVATE KEY and RSA PRIVATE KEY, as PEM and DER', () => {
    for (const name of ['ec', 'ec384', 'ec521', 'rsa']) {
      const tool = name === 'rsa' ? ['rsa', '-traditional'] : ['ec'];
      const traditional = opensslText([...tool, '-in', path(`${name}.key`)]);
      expect(traditional).toContain(name === 'rsa' ? 'BEGIN RSA PRIVATE KEY' : 'BEGIN EC PRIVATE KEY');
      const der = openssl([...tool, '-in', path(`${name}.key`), '-outform', 'DER']);
      const modern = importPrivateKey(text(`${name}.key`));
      expect(importPrivateKey(traditional)).toEqual(modern);
      expect(importPrivateKey(der)).toEqual(modern);
    }
  });

  it('takes EC keys with parameters before them, without public half, and with a compressed one', () => {
    const modern = importPrivateKey(text('ec.key'));
    const parameters = opensslText(['ecparam', '-name', 'prime256v1']);
    const traditional = opensslText(['ec', '-in', path('ec.key')]);
    expect(importPrivateKey(parameters + traditional)).toEqual(modern);
    expect(importPrivateKey(opensslText(['ec', '-in', path('ec.key'), '-no_public']))).toEqual(modern);
    expect(importPrivateKey(opensslText(['ec', '-in', path('ec.key'), '-conv_form', 'compressed']))).toEqual(modern);
  });

  it('takes certificates as PEM, DER, trusted PEM, and base64 without its armour', () => {
    const der = openssl(['x509', '-in', path('ec.pem'), '-outform', 'DER']);
    const expected = { ok: true, chain: [der] };
    expect(importCertificates(text('ec.pem'))).toEqual(expected);
    expect(importCertificates(der)).toEqual(expected);
    expect(
      importCertificates(opensslText(['x509', '-in', path('ec.pem'), '-trustout', '-addtrust', 'serverAuth'])),
    ).toEqual(expected);
    expect(importCertificates(text('ec.pem').replace(/-----.*-----/g, ''))).toEqual(expected);
  });

  it('finds blocks in any text: bag attributes, certificate printouts, CRLF, indentation, quotes, UTF-16', () => {
    const both = openssl([
      ...['pkcs12', '-export', '-inkey', path('rsa.key'), '-in', path('rsa.pem'), '-passout', 'pass:x'],
      ...['-out', path('both.p12')],
    ]);
    expect(both.length).toBe(0);
    const bags = opensslText(['pkcs12', '-in', path('both.p12'), '-nodes', '-passin', 'pass:x']);
    expect(bags).toContain('Bag Attributes');
    const printed = opensslText(['x509', '-in', path('rsa.pem'), '-text']) + text('rsa.key');
    const plain = text('rsa.pem') + text('rsa.key');
    const expected = importCredential(plain);
    expect(expected.ok).toBe(true);
    const utf16 = new Uint8Array([0xff, 0xfe, ...Buffer.from(plain, 'utf16le')]);
    const json = JSON.stringify(plain);
    for (const input of [
      bags,
      printed,
      plain.replace(/\n/g, '\r\n'),
      plain.replace(/\n/g, '\r'),
      plain.replace(/^/gm, '    '),
      plain.replace(/^/gm, '> '),
      json,
      utf16,
      new TextEncoder().encode(`\ufeff${plain}`),
      text('rsa.key') + text('rsa.pem'),
    ])
      expect(importCredential(input)).toEqual(expected);
  });
});

describe('pairing a key with its certificate', () => {
  it('takes two files, one file for both, and the two swapped', () => {
    const expected = importCredential(text('ec.pem'), text('ec.key'));
    expect(expected.ok).toBe(true);
    expect(importCredential(text('ec.key'), text('ec.pem'))).toEqual(expected);
    expect(importCredential(text('ec.key') + text('ec.pem'))).toEqual(expected);
    expect(importCredential(read(path('ec.pem')), read(path('ec.key')))).toEqual(expected);
  });

  it('says which kinds of key do not belong together', () => {
    expect(complaint(importCredential(text('ec.pem'), text('rsa.key')))).toBe(
      'the key does not belong to this certificate: CN=ec is for ECDSA P-256, the key is RSA 2048: give the key that the certificate was made with, or have dtlscope make both',
    );
    expect(complaint(importCredential(text('ec.pem'), text('other.key')))).toContain(
      'the key does not belong to this certificate: both are ECDSA P-256, but CN=ec is for another key',
    );
  });

  it('says which half is missing', () => {
    expect(complaint(importCredential(text('ec.pem')))).toBe(
      'there is no private key: this is a certificate: give the key as well, or a file that holds both',
    );
    expect(complaint(importCredential(text('ec.key')))).toBe('there is no certificate: this is a private key');
    expect(complaint(importCredential(text('ec.pem'), text('rsa.pem')))).toBe(
      'there is no private key: the file given as key is a certificate, the other is a certificate',
    );
    expect(complaint(importCertificates(text('ec.key')))).toBe('this is a private key, not a certificate');
    expect(complaint(importPrivateKey(text('ec.pem')))).toBe('this is a certificate, not a key');
    expect(complaint(importPrivateKey(text('ec.key') + text('rsa.key')))).toBe(
      'this is 2 private keys: which one is meant?',
    );
    expect(complaint(importCredential('garbage', text('ec.key')))).toMatch(/^certificate: this is neither PEM nor DER/);
    expect(complaint(importCredential(text('ec.pem'), 'garbage'))).toMatch(/^key: this is neither PEM nor DER/);
  });

  it('keeps the order of a chain whose first certificate the key belongs to, and else puts the leaf first', async () => {
    const { chain, key } = await make('ecdsa-p256,chain=4');
    const [leaf, first, second, root] = chain;
    if (!leaf || !first || !second || !root) throw new Error('a chain of four');
    const keyText = privateKeyToPem(key);
    const order = (...certificates: Uint8Array[]): unknown => {
      const result = importCredential(certificatesToPem(certificates) + keyText);
      return result.ok ? result.credential.chain : result.error;
    };
    expect(order(leaf, first, second, root)).toEqual(chain);
    expect(order(leaf, root, second, first)).toEqual([leaf, root, second, first]);
    expect(order(root, second, first, leaf)).toEqual(chain);
    expect(order(second, leaf, root, first)).toEqual(chain);
    expect(order(root, leaf)).toEqual([leaf, root]);
  });

  it('reads back what it writes', async () => {
    for (const spec of ['ecdsa-p256', 'ecdsa-p384,chain=2', 'rsa-2048', 'ed25519,chain=3']) {
      const credential = await make(spec);
      expect(importCredential(credentialToPem(credential))).toEqual({ ok: true, credential });
    }
  });
});

describe('what cannot be used is named for what it is', () => {
  it('encrypted keys, of the old kind and the new', () => {
    const encrypted = opensslText(['pkcs8', '-topk8', '-in', path('ec.key'), '-passout', 'pass:secret']);
    const expected =
      'this key is encrypted: decrypt it with `openssl pkey -in KEY -out key.pem` (it asks for the pass phrase)';
    expect(complaintAbout(encrypted)).toBe(expected);
    expect(
      complaintAbout(openssl(['pkcs8', '-topk8', '-in', path('ec.key'), '-passout', 'pass:s', '-outform', 'DER'])),
    ).toBe(expected);
    const old = opensslText(['rsa', '-traditional', '-in', path('rsa.key'), '-aes128', '-passout', 'pass:secret']);
    expect(old).toContain('Proc-Type');
    expect(complaintAbout(old)).toBe(expected);
  });

  it('and the advice given for them works', () => {
    write(path('encrypted.key'), openssl(['pkcs8', '-topk8', '-in', path('ec.key'), '-passout', 'pass:secret']));
    openssl(['pkey', '-in', path('encrypted.key'), '-passin', 'pass:secret', '-out', path('plain.key')]);
    expect(importPrivateKey(text('plain.key'))).toEqual(importPrivateKey(text('ec.key')));
  });

  it('requests, public keys, PKCS#12, PKCS#7, revocation lists', () => {
    const request = openssl(['req', '-new', '-key', path('ec.key'), '-subj', '/CN=x']);
    const requestDer = openssl(['req', '-new', '-key', path('ec.key'), '-subj', '/CN=x', '-outform', 'DER']);
    for (const input of [request, requestDer])
      expect(complaintAbout(input)).toMatch(
        /^this is a certificate request: have it signed, or sign it with its own key/,
      );

    const publicPem = openssl(['pkey', '-in', path('rsa.key'), '-pubout']);
    const publicDer = openssl(['pkey', '-in', path('rsa.key'), '-pubout', '-outform', 'DER']);
    const publicOld = openssl(['rsa', '-in', path('rsa.key'), '-RSAPublicKey_out']);
    for (const input of [publicPem, publicDer, publicOld])
      expect(complaintAbout(input)).toBe('this is a public key: give the private key that belongs to it');

    openssl([
      'pkcs12',
      '-export',
      '-inkey',
      path('ec.key'),
      '-in',
      path('ec.pem'),
      '-passout',
      'pass:',
      '-out',
      path('x.p12'),
    ]);
    expect(complaintAbout(read(path('x.p12')))).toBe(
      'this is a PKCS#12 file (.p12, .pfx): export it with `openssl pkcs12 -in FILE -nodes -out both.pem`',
    );
    for (const form of ['PEM', 'DER'])
      expect(complaintAbout(openssl(['crl2pkcs7', '-nocrl', '-certfile', path('ec.pem'), '-outform', form]))).toMatch(
        /^this is a PKCS#7 file \(\.p7b\), which never holds a key: take the certificates out/,
      );

    write(path('db'), '');
    write(path('ca.cnf'), `[ca]\ndefault_ca=d\n[d]\ndatabase=${path('db')}\ndefault_md=sha256\ndefault_crl_days=1\n`);
    const list = ['ca', '-gencrl', '-config', path('ca.cnf'), '-keyfile', path('ec.key'), '-cert', path('ec.pem')];
    expect(complaintAbout(openssl(list))).toBe('this is a certificate revocation list: give the certificate itself');
  });

  it('keys on other curves and for other algorithms', () => {
    const key = (...algorithm: string[]): Uint8Array => openssl(['genpkey', ...algorithm]);
    expect(complaintAbout(key('-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:secp256k1'))).toBe(
      'this private key cannot be used: a key on secp256k1: only P-256, P-384 and P-521 can be used',
    );
    expect(complaintAbout(key('-algorithm', 'X25519'))).toBe(
      'this private key cannot be used: a private key for X25519, which WebRTC certificates do not use',
    );
  });

  it('certificates and keys under the wrong label', () => {
    expect(complaintAbout(text('ec.pem').replaceAll('CERTIFICATE', 'PRIVATE KEY'))).toBe(
      'the block says PRIVATE KEY, but what is in it is DER of a certificate, not a key',
    );
    expect(complaintAbout(text('ec.key').replaceAll('PRIVATE KEY', 'CERTIFICATE'))).toBe(
      'the block says CERTIFICATE, but what is in it is DER of a private key, not a certificate',
    );
  });

  it('other formats altogether', () => {
    expect(complaintAbout('{"kty":"EC","crv":"P-256"}')).toMatch(/^this is a JSON Web Key/);
    expect(complaintAbout('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA me@host')).toMatch(/^this is an OpenSSH public key/);
    expect(
      complaintAbout('-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk=\n-----END OPENSSH PRIVATE KEY-----'),
    ).toMatch(/^this is an OpenSSH private key/);
    expect(complaintAbout(Uint8Array.of(0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2))).toMatch(/^this is a Java keystore/);
    expect(complaintAbout('PuTTY-User-Key-File-3: ssh-rsa')).toMatch(/^this is a PuTTY key/);
    expect(complaintAbout('server.pem')).toBe('this is the name of a file (server.pem), not what is in it');
    expect(complaintAbout('hello')).toMatch(/^this is neither PEM nor DER/);
    expect(complaintAbout('0 is also the first byte of DER')).toMatch(/^this is neither PEM nor DER/);
    expect(complaintAbout('')).toBe('this is empty');
    expect(complaintAbout(opensslText(['ecparam', '-name', 'prime256v1']))).toBe(
      'this holds only EC PARAMETERS, neither a certificate nor a key',
    );
  });

  it('damaged input, with the place', () => {
    const pem = text('ec.pem');
    expect(complaintAbout(pem.replace(/-----END[\s\S]*$/, ''))).toMatch(
      /^the CERTIFICATE block on line 1 has no END line/,
    );
    expect(complaintAbout(pem.replace('-----BEGIN CERTIFICATE-----', ''))).toMatch(
      /^there is an END line without its BEGIN/,
    );
    expect(complaintAbout(`\n\n${pem.replace(/\n[A-Za-z0-9+]/, '\n*')}`)).toMatch(
      /^the CERTIFICATE block on line 3 holds something other than base64/,
    );
    expect(complaintAbout(pem.replace('END CERTIFICATE', 'END PRIVATE KEY'))).toMatch(/ends as PRIVATE KEY, on line/);
    const lines = pem.split('\n');
    expect(complaintAbout([...lines.slice(0, 3), ...lines.slice(4)].join('\n'))).toBe(
      'the CERTIFICATE block is not DER: part of it is missing or was changed',
    );
    const der = openssl(['x509', '-in', path('ec.pem'), '-outform', 'DER']);
    expect(complaintAbout(der.subarray(0, 50))).toBe(
      `this begins like DER, but is not: the whole: declares ${der.length - 4} bytes, 46 are left`,
    );
    // The second of two blocks is the bad one, and is named.
    expect(complaintAbout(`${text('ec.key')}${opensslText(['pkey', '-in', path('ec.key'), '-pubout'])}`)).toBe(
      'block PUBLIC KEY on line 6: this is a public key: give the private key that belongs to it',
    );
  });

  it('keys whose numbers do not belong together', () => {
    const ec = importPrivateKey(text('ec.key'));
    const other = importPrivateKey(text('other.key'));
    if (!ec.ok || !other.ok || ec.key.kind !== 'ec' || other.key.kind !== 'ec') throw new Error('two EC keys');
    expect(complaintAbout(privateKeyDer({ ...ec.key, point: other.key.point }))).toBe(
      'this private key cannot be used: its public half does not belong to its private half',
    );
    const rsa = importPrivateKey(text('rsa.key'));
    if (!rsa.ok || rsa.key.kind !== 'rsa') throw new Error('an RSA key');
    const spoiled = { ...rsa.key, dp: rsa.key.dq };
    expect(
      opensslAnswer(['rsa', '-check', '-noout', '-in', write(path('bad.der'), privateKeyDer(spoiled))]).text,
    ).not.toContain('RSA key ok');
    expect(complaintAbout(privateKeyDer(spoiled))).toBe(
      'this private key cannot be used: its numbers do not belong together: the file is damaged',
    );
    expect(complaintAbout(privateKeyDer({ ...ec.key, d: new Uint8Array(32) }))).toBe(
      'this private key cannot be used: the private scalar is not one for secp256r1',
    );
  });
});

describe('hostile imports', () => {
  it('end in a value, whatever was changed or cut', () => {
    const prng = new Prng('imports');
    const samples = ['ec.key', 'rsa.key', 'ed.key', 'ec.pem'].flatMap((file) => {
      const pem = read(path(file));
      const body = importMaterial(pem);
      if (!body.ok) throw new Error(body.error.why);
      const [key] = body.keys;
      return [pem, key ? privateKeyDer(key) : (body.certificates[0] ?? pem)];
    });
    const ways = new Set<string>();
    for (const sample of samples) {
      for (let i = 0; i < 600; i++) {
        const input = Uint8Array.from(sample);
        for (let k = prng.int(3); k >= 0; k--) input[prng.int(input.length)] = prng.int(256);
        const result = importMaterial(input.subarray(0, i % 2 === 0 ? input.length : prng.int(input.length)));
        ways.add(result.ok ? 'accepted' : result.error.why.replace(/\d+/g, 'N'));
      }
    }
    expect(ways.size).toBeGreaterThan(20);
  });

  it('cost no more than their size warrants', () => {
    // Linear work on 10 MB takes well under a second; quadratic work runs into the time limit of the test.
    const fillers = [' ', '\n', '-----BEGIN A-----\n', 'a:', '"', '\\n', '=', '{', '-', '-----END '];
    for (const filler of fillers) expect(importMaterial(filler.repeat(Math.ceil(1e6 / filler.length))).ok).toBe(false);
    expect(importMaterial(`-----BEGIN A-----\n${' '.repeat(1e6)}x`).ok).toBe(false);
    expect(complaintAbout('A'.repeat(2 ** 24 + 1))).toBe('16777217 bytes are too many for certificates and keys');
  });
});
