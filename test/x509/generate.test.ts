import { beforeAll, describe, expect, it } from 'vitest';
import { keyName } from '../../src/crypto/keys.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { chainLinks } from '../../src/x509/chain.ts';
import { generateCredential, generateTestCredential, smallestSize } from '../../src/x509/generate.ts';
import { certificatesToPem, credentialToPem, privateKeyToPem } from '../../src/x509/import.ts';
import { publicHalf } from '../../src/x509/privateKey.ts';
import { readCertificate } from '../../src/x509/read.ts';
import { type CredentialSpec, defaultSpec, keyKinds, largestSize, parseCredentialSpec } from '../../src/x509/spec.ts';
import { environment, make, noon, openssl, opensslAnswer, opensslText, scratch, write } from './support.ts';

const path = scratch();

const specOf = (text: string): CredentialSpec => {
  const result = parseCredentialSpec(text);
  if (!result.ok) throw new Error(result.error.why);
  return result.spec;
};
const sizes = (chain: readonly Uint8Array[]): number => chain.reduce((sum, der) => sum + der.length, 0);
const subjects = (chain: readonly Uint8Array[]): string[] =>
  chain.map((der) => {
    const read = readCertificate(der);
    return read.ok ? read.certificate.subject : read.error.why;
  });

/** `openssl verify` with the last certificate trusted, at a given time (seconds since 1970). */
function verified(chain: readonly Uint8Array[], now: number): { readonly code: number | null; readonly text: string } {
  const root = chain.at(-1);
  const [leaf] = chain;
  if (!root || !leaf) throw new Error('an empty chain');
  const between = write(path('between.pem'), certificatesToPem(chain.slice(1, -1)) || certificatesToPem([root]));
  return opensslAnswer([
    ...[
      'verify',
      '-attime',
      String(Math.floor(now / 1000)),
      '-CAfile',
      write(path('root.pem'), certificatesToPem([root])),
    ],
    ...['-untrusted', between, write(path('leaf.pem'), certificatesToPem([leaf]))],
  ]);
}

describe('credentials made to order', () => {
  it('are accepted by OpenSSL, key and certificate, for every kind of key', async () => {
    for (const kind of keyKinds) {
      const { chain, key } = await make(kind, noon);
      expect(verified(chain, noon)).toEqual({ code: 0, text: `${path('leaf.pem')}: OK\n` });
      const keyFile = write(path('made.key'), privateKeyToPem(key));
      expect(opensslAnswer(['pkey', '-in', keyFile, '-check', '-noout']).text).toContain('is valid');
      const fromCertificate = opensslText(['x509', '-in', path('leaf.pem'), '-noout', '-pubkey']);
      expect(opensslText(['pkey', '-in', keyFile, '-pubout'])).toBe(fromCertificate);
      expect(openssl(['pkcs8', '-topk8', '-nocrypt', '-in', keyFile]).length).toBeGreaterThan(100);
    }
  }, 60_000);

  it('look like what browsers make for WebRTC when nothing is asked for', async () => {
    const { chain, key } = await make('', noon);
    expect(keyName(key)).toBe('ECDSA P-256');
    expect(chain.length).toBe(1);
    const said = opensslText(
      ['x509', '-inform', 'DER', '-noout', '-subject', '-dates', '-dateopt', 'iso_8601'],
      chain[0],
    );
    expect(said).toBe('subject=CN = WebRTC\nnotBefore=2026-06-14 12:00:00Z\nnotAfter=2026-07-15 12:00:00Z\n');
    const read = readCertificate(chain[0] ?? new Uint8Array(0));
    expect(read).toMatchObject({ ok: true, certificate: { version: 3, extensions: [], publicKey: publicHalf(key) } });
  });

  it('make chains of any length that verify from leaf to root', async () => {
    for (const spec of [
      'ecdsa-p256,chain=2',
      'ed25519,chain=3',
      'ecdsa-p384,chain=7',
      'ecdsa-p256,chain=20',
      'rsa-2048,chain=3',
    ]) {
      const { chain } = await make(spec, noon);
      expect(verified(chain, noon).text).toBe(`${path('leaf.pem')}: OK\n`);
      expect(new Set(subjects(chain)).size).toBe(chain.length);
    }
    const { chain } = await make('ecdsa-p256,chain=4,cn=gateway.example');
    expect(subjects(chain)).toEqual(['CN=gateway.example', 'CN=dtlscope CA 1', 'CN=dtlscope CA 2', 'CN=dtlscope root']);
  }, 60_000);

  it('can have issuers with keys of another kind', async () => {
    const { chain } = await make('ecdsa-p256,chain=3,ca=rsa-2048', noon);
    expect(verified(chain, noon).code).toBe(0);
    const names = chain.map((der) => {
      const read = readCertificate(der);
      return read.ok && `${read.certificate.keyName} ${read.certificate.signatureAlgorithm}`;
    });
    expect(names).toEqual([
      'ECDSA P-256 sha256WithRSAEncryption',
      'RSA 2048 sha256WithRSAEncryption',
      'RSA 2048 sha256WithRSAEncryption',
    ]);
  });

  it('can be expired or not yet valid, and then it is the leaf alone that is', async () => {
    const expired = await make('ecdsa-p256,chain=3,expired,days=7', noon);
    expect(verified(expired.chain, noon).text).toContain('certificate has expired');
    expect(verified(expired.chain, noon - 2 * 86_400_000).code).toBe(0);
    expect(verified(expired.chain.slice(1), noon).code).toBe(0);
    const early = await make('ecdsa-p256,not-yet-valid', noon);
    expect(verified(early.chain, noon).text).toContain('certificate is not yet valid');
    expect(verified(early.chain, noon + 2 * 86_400_000).code).toBe(0);
  });

  it('have the dates that were asked for, before 2050 and after', async () => {
    const { chain } = await make('ecdsa-p256,from=2020-02-29T01:02:03Z,until=2051-01-01');
    const said = opensslText(['x509', '-inform', 'DER', '-noout', '-dates', '-dateopt', 'iso_8601'], chain[0]);
    expect(said).toBe('notBefore=2020-02-29 01:02:03Z\nnotAfter=2051-01-01 00:00:00Z\n');
  });

  it('carry names in any script', async () => {
    const { chain } = await make('cn=Prüfstand 7\\, ひだり');
    expect(subjects(chain)).toEqual(['CN=Prüfstand 7\\, ひだり']);
    const said = opensslText(
      ['x509', '-inform', 'DER', '-noout', '-subject', '-nameopt', 'RFC2253,utf8,-esc_msb'],
      chain[0],
    );
    expect(said).toBe('subject=CN=Prüfstand 7\\, ひだり\n');
  });

  it('are never the same twice', async () => {
    const [a, b] = [await make(''), await make('')];
    expect(a.key).not.toEqual(b.key);
    const serials = [a, b].map(({ chain }) => opensslText(['x509', '-inform', 'DER', '-noout', '-serial'], chain[0]));
    expect(serials[0]).not.toBe(serials[1]);
  });

  it('use own arithmetic for Ed25519 where WebCrypto lacks it, and for nothing else', async () => {
    const lacking = environment(noon);
    const subtle = {
      generateKey: () => Promise.reject(new DOMException('no such algorithm', 'NotSupportedError')),
    } as unknown as SubtleCrypto;
    const made = await generateCredential(specOf('ed25519,chain=2'), { ...lacking, subtle });
    if (!made.ok) throw new Error(made.error.why);
    expect(verified(made.credential.chain, noon).code).toBe(0);
    expect(opensslText(['pkey', '-noout', '-text'], credentialToPem(made.credential))).toContain('ED25519 Private-Key');
    await expect(generateCredential(specOf('ecdsa-p256'), { ...lacking, subtle })).rejects.toThrow('no such algorithm');
  });
});

describe('sizes', () => {
  it('are met to the byte, for the leaf and for the chain', async () => {
    for (const bytes of [400, 1000, 3700, 16_000, 65_535, 65_536, 70_000])
      expect(sizes((await make(`ecdsa-p256,size=${bytes}`)).chain)).toBe(bytes);
    for (const bytes of [1500, 3700]) {
      const { chain } = await make(`ecdsa-p256,chain=3,size=${bytes}`, noon);
      expect(sizes(chain)).toBe(bytes);
      expect(verified(chain, noon).code).toBe(0);
      const leaf = await make(`ecdsa-p256,chain=3,leaf=${bytes}`);
      expect(leaf.chain[0]?.length).toBe(bytes);
    }
  });

  it('of 3,700 bytes are enough for three RSA-4096 certificates, and are met with RSA', async () => {
    expect(smallestSize(specOf('rsa-4096,chain=3'), noon)).toBeLessThan(3700);
    const { chain } = await make('rsa-2048,chain=3,size=3700', noon);
    expect(sizes(chain)).toBe(3700);
    expect(verified(chain, noon).code).toBe(0);
  });

  it('can be every number of bytes from the smallest on, across all places where DER lengths grow', async () => {
    const least = smallestSize({ ...defaultSpec, size: { of: 'leaf', bytes: 1 } }, Date.now());
    const around = (bytes: number, width: number): number[] => Array.from({ length: width }, (_, i) => bytes + i);
    const refused: number[] = [];
    for (const bytes of [...around(least, 150), ...around(least + 245, 40), ...around(65_400, 200)]) {
      const made = await generateCredential(specOf(`ecdsa-p256,leaf=${bytes}`), environment());
      if (!made.ok) refused.push(bytes);
      else if (made.credential.chain[0]?.length !== bytes) expect.fail(`${bytes} wanted`);
    }
    // No DER at all has 65,540 bytes: 65,535 of content have a header of 4, and one byte more a header of 5.
    expect(refused).toEqual([65_540]);
  }, 60_000);

  it('that DER cannot have are refused with the ones beside them, which can be had', async () => {
    const refusals: number[] = [];
    const least = smallestSize(specOf('ed25519'), Date.now());
    for (let bytes = least; bytes < least + 300; bytes++) {
      const made = await generateCredential(specOf(`ed25519,leaf=${bytes}`), environment());
      if (made.ok) {
        if (made.credential.chain[0]?.length !== bytes) expect.fail(`${bytes} wanted`);
        continue;
      }
      refusals.push(bytes);
      expect(made.error.why).toBe(
        `one ed25519 certificate cannot be exactly ${bytes} bytes, as a length field of DER grows there: ask for ${bytes - 1} or ${bytes + 1}`,
      );
    }
    // The whole and the signed part grow from 255 to 256 bytes of content once each.
    expect(refusals.length).toBe(2);
  }, 60_000);

  it('that are too small are refused with the smallest there is, which can be had', async () => {
    for (const spec of [
      'ecdsa-p256',
      'ecdsa-p384,chain=3',
      'ecdsa-p521,chain=2',
      'ed25519,chain=2,ca=rsa-2048',
      'rsa-2048',
    ]) {
      const smallest = smallestSize(specOf(spec), Date.now());
      const refused = await generateCredential(specOf(`${spec},size=${smallest - 1}`), environment());
      expect(refused).toMatchObject({ ok: false, error: { smallest } });
      expect(!refused.ok && refused.error.why).toMatch(`cannot be ${smallest - 1} bytes: the smallest is ${smallest}`);
      for (let i = 0; i < 3; i++) expect(sizes((await make(`${spec},size=${smallest}`)).chain)).toBe(smallest);
    }
  }, 60_000);

  it('beyond what a handshake can carry are refused, as are other orders that nobody can fill', async () => {
    const refused = async (change: Partial<CredentialSpec>): Promise<string> => {
      const made = await generateCredential({ ...defaultSpec, ...change }, environment());
      return made.ok ? 'made' : made.error.why;
    };
    expect(await refused({ size: { of: 'chain', bytes: largestSize + 1 } })).toContain('a handshake carries at most');
    expect(await refused({ chain: 0 })).toBe('a chain has 1 to 20 certificates, not 0');
    expect(await refused({ chain: 21 })).toBe('a chain has 1 to 20 certificates, not 21');
    expect(await refused({ commonName: '' })).toBe('a common name has 1 to 64 characters');
    expect(await refused({ commonName: ' x' })).toBe('a common name has no space at its ends');
  });

  it('of a megabyte are made in one go', async () => {
    const { chain } = await make('ecdsa-p256,size=1000000');
    expect(sizes(chain)).toBe(1_000_000);
    expect(readCertificate(chain[0] ?? new Uint8Array(0)).ok).toBe(true);
  });
});

describe('credentials made with public test keys', () => {
  it.each([
    'ecdsa-p256,size=5000',
    'ecdsa-p384,chain=2,size=1201',
    'ecdsa-p521,leaf=900',
    'rsa-2048,chain=3,size=3700',
    'ed25519,chain=2,expired',
  ])('are the same bytes each time, of the size that was asked for, and verify: %s', async (text) => {
    const make = () => generateTestCredential(specOf(text), nobleProvider, noon);
    const [first, second] = [await make(), await make()];
    expect(second).toEqual(first);
    const { chain } = first?.ok ? first.credential : { chain: [] };
    expect(chainLinks(chain, nodeProvider).map(({ kind }) => kind)).toEqual(chain.map(() => 'verified'));
    const { size } = specOf(text);
    if (size) expect(size.of === 'leaf' ? chain[0]?.length : sizes(chain)).toBe(size.bytes);
  });

  it('say why one can not be made, and that there is no key of RSA 3072', async () => {
    const made = (text: string) => generateTestCredential(specOf(text), nobleProvider, noon);
    expect(await made('ecdsa-p256,size=100')).toMatchObject({ ok: false, error: { smallest: expect.any(Number) } });
    expect(await made('rsa-3072')).toBeUndefined();
  });
});

describe('the links of a chain', () => {
  let chain: readonly Uint8Array[] = [];
  beforeAll(async () => {
    chain = (await make('ecdsa-p256,chain=3,ca=ecdsa-p384')).chain;
  });

  it('verify under both backends', async () => {
    for (const crypto of [nobleProvider, nodeProvider]) {
      expect(chainLinks(chain, crypto)).toEqual([
        { kind: 'verified', by: 1 },
        { kind: 'verified', by: 2 },
        { kind: 'verified', by: 2 },
      ]);
      for (const spec of ['rsa-2048,chain=2', 'ed25519,chain=2'])
        expect(chainLinks((await make(spec)).chain, crypto).map(({ kind }) => kind)).toEqual(['verified', 'verified']);
    }
  });

  it('tell a forged certificate, a missing issuer and an unreadable one apart', () => {
    const [leaf = new Uint8Array(0), ca = leaf, root = leaf] = chain;
    const forged = Uint8Array.from(leaf);
    const at = Buffer.from(leaf).indexOf('WebRTC');
    forged[at] = 0x77;
    expect(chainLinks([forged, ca], nobleProvider)).toEqual([
      { kind: 'bad-signature', by: 1 },
      { kind: 'issuer-not-next', issuer: 'CN=dtlscope root' },
    ]);
    expect(chainLinks([leaf, root], nobleProvider)[0]).toEqual({ kind: 'issuer-not-next', issuer: 'CN=dtlscope CA' });
    expect(chainLinks([leaf.subarray(0, 20)], nobleProvider)[0]).toMatchObject({ kind: 'unreadable' });
  });

  it('say which key or algorithm they cannot check', () => {
    openssl(['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:secp256k1', '-out', path('k.key')]);
    const der = openssl(['req', '-x509', '-new', '-key', path('k.key'), '-subj', '/CN=k', '-outform', 'DER']);
    expect(chainLinks([der], nobleProvider)).toEqual([{ kind: 'unsupported', by: 0, what: 'ECDSA secp256k1' }]);
  });
});
