import { describe, expect, it } from 'vitest';
import { equal } from '../../src/base/bytes.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { bundledNames, bundledTestCredential, expiredCheckedAt } from '../../src/x509/bundled.ts';
import { chainLinks } from '../../src/x509/chain.ts';
import { credentialToPem, importCredential } from '../../src/x509/import.ts';
import { readCertificate } from '../../src/x509/read.ts';

const namesOf = (chain: readonly Uint8Array[]): string[] =>
  chain.map((der) => {
    const read = readCertificate(der);
    return read.ok ? `${read.certificate.subject} ${read.certificate.keyName}` : read.error.why;
  });

describe('the bundled test credentials', () => {
  it('are what their names say', () => {
    const table = bundledNames.map((name) => [name, namesOf(bundledTestCredential(name).chain)]);
    expect(Object.fromEntries(table)).toEqual({
      'ecdsa-p256-a': ['CN=WebRTC ECDSA P-256'],
      'ecdsa-p256-b': ['CN=WebRTC ECDSA P-256'],
      'ecdsa-p256-expired': ['CN=WebRTC ECDSA P-256'],
      'rsa-2048': ['CN=WebRTC RSA 2048'],
      'rsa-4096': ['CN=WebRTC RSA 4096'],
      'chain-2700': ['CN=WebRTC ECDSA P-256', 'CN=dtlscope CA RSA 2048', 'CN=dtlscope root RSA 2048'],
      'chain-3700': ['CN=gateway.example ECDSA P-256', 'CN=dtlscope CA RSA 4096', 'CN=dtlscope root RSA 4096'],
    });
    const bytesOf = (name: 'chain-2700' | 'chain-3700'): number =>
      bundledTestCredential(name).chain.reduce((sum, der) => sum + der.length, 0);
    expect(bytesOf('chain-2700')).toBe(2700);
    expect(bytesOf('chain-3700')).toBe(3700);
  });

  it('have keys that belong to their certificates, and chains that verify', () => {
    for (const name of bundledNames) {
      const credential = bundledTestCredential(name);
      expect(importCredential(credentialToPem(credential))).toEqual({ ok: true, credential });
      expect(chainLinks(credential.chain, nobleProvider).every(({ kind }) => kind === 'verified')).toBe(true);
    }
  });

  it('are different for the two ends', () => {
    const [a, b] = [bundledTestCredential('ecdsa-p256-a'), bundledTestCredential('ecdsa-p256-b')];
    expect(equal(a.chain[0] ?? new Uint8Array(0), b.chain[0] ?? new Uint8Array(0))).toBe(false);
  });

  it('are valid for as long as anybody will use this, but for the one that has expired', () => {
    const [expired] = bundledTestCredential('ecdsa-p256-expired').chain.map(readCertificate);
    expect(expired?.ok && expired.certificate.notAfter).toBe('2021-01-01T00:00:00Z');
    expect(expiredCheckedAt - Date.parse('2021-01-01')).toBe(24 * 60 * 60 * 1000);
    for (const name of bundledNames.filter((one) => one !== 'ecdsa-p256-expired'))
      for (const der of bundledTestCredential(name).chain) {
        const read = readCertificate(der);
        if (!read.ok) throw new Error(read.error.why);
        expect([read.certificate.notBefore?.slice(0, 4), read.certificate.notAfter?.slice(0, 4)]).toEqual([
          '2020',
          '2049',
        ]);
      }
  });
});
