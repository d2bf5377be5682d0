import { describe, expect, it } from 'vitest';
import { nobleProvider } from '../../src/crypto/noble.ts';
import type { Fingerprint as EngineFingerprint } from '../../src/engine/api.ts';
import {
  type Fingerprint,
  type FingerprintHash,
  fingerprintOf,
  formatFingerprint,
  parseFingerprint,
} from '../../src/x509/fingerprint.ts';
import { make, opensslText } from './support.ts';

const hashes: readonly FingerprintHash[] = ['sha1', 'sha256', 'sha384', 'sha512'];

const parsed = (text: string): Fingerprint | string => {
  const result = parseFingerprint(text);
  return result.ok ? result.fingerprint : `${result.error.at}: ${result.error.why}`;
};

describe('fingerprints', () => {
  it('are those that OpenSSL prints, in the form that SDP has', async () => {
    const { chain } = await make('');
    const der = chain[0] ?? new Uint8Array(0);
    for (const hash of hashes) {
      const said = opensslText(['x509', '-inform', 'DER', '-noout', '-fingerprint', `-${hash}`], der).trim();
      const text = formatFingerprint(fingerprintOf(der, hash, nobleProvider));
      expect(text.replace(/^sha-(\d+) /, (_, bits) => `sha${bits} Fingerprint=`)).toBe(said);
      expect(text).toMatch(/^sha-\d+ [0-9A-F]{2}(:[0-9A-F]{2})+$/);
      expect(parsed(text)).toEqual(fingerprintOf(der, hash, nobleProvider));
    }
  });

  it("have the engine's shape", () => {
    const fingerprint: EngineFingerprint = { hash: 'sha256', value: new Uint8Array(32) } satisfies Fingerprint;
    expect(formatFingerprint(fingerprint)).toMatch(/^sha-256 00:/);
  });

  it('are read in every way that people write them', () => {
    const value = Uint8Array.from({ length: 32 }, (_, i) => 0xe0 + i);
    const text = formatFingerprint({ hash: 'sha256', value });
    const digits = text.slice(8);
    for (const variant of [
      text,
      `a=fingerprint:${text}`,
      `fingerprint: ${text}\r\n`,
      text.toLowerCase(),
      text.toUpperCase(),
      `SHA256 ${digits}`,
      digits,
      digits.replaceAll(':', ''),
      `  sha-256 \t ${digits.replaceAll(':', '').toLowerCase()} `,
    ])
      expect(parsed(variant)).toEqual({ hash: 'sha256', value });
    expect(parsed('DA:39:A3:EE:5E:6B:4B:0D:32:55:BF:EF:95:60:18:90:AF:D8:07:09')).toMatchObject({ hash: 'sha1' });
  });

  it('that are none are refused, with the place and the reason', () => {
    expect(parsed('')).toBe('0: a fingerprint looks like "sha-256 AB:CD:…"');
    expect(parsed('sha-256 ')).toMatch(/a fingerprint looks like|is not/);
    expect(parsed('sha-256 AB:CX')).toBe('12: "X" is not a hexadecimal digit');
    expect(parsed('sha-256 AB:CD')).toBe('8: sha-256 has 32 bytes, this has 2');
    expect(parsed('sha-256 AB::CD')).toBe('8: the digits are not pairs with a colon between each');
    expect(parsed('sha-256 ABC')).toBe('8: the digits are not pairs with a colon between each');
    expect(parsed('md5 AB:CD')).toBe('0: "md5" is not one of sha-1, sha-256, sha-384, sha-512');
    expect(parsed('a=fingerprint:sha-224 AB:CD')).toBe('14: "sha-224" is not one of sha-1, sha-256, sha-384, sha-512');
    expect(parsed('AB:CD')).toBe('0: 2 bytes are the length of no hash: sha-256 has 32');
    expect(parsed('A'.repeat(5000))).toBe('undefined: too long for a fingerprint');
  });
});
