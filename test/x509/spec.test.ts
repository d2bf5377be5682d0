import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/random.ts';
import {
  type CredentialSpec,
  defaultSpec,
  formatCredentialSpec,
  keyKinds,
  parseCredentialSpec,
  type Validity,
} from '../../src/x509/spec.ts';

const parsed = (text: string): CredentialSpec | string => {
  const result = parseCredentialSpec(text);
  return result.ok ? result.spec : `${result.error.at}: ${result.error.why}`;
};

describe('the text of a credential to order', () => {
  it('means what browsers make when it says nothing', () => {
    expect(parsed('')).toEqual(defaultSpec);
    expect(parsed('ecdsa-p256')).toEqual(defaultSpec);
    expect(defaultSpec).toMatchObject({ key: 'ecdsa-p256', chain: 1, commonName: 'WebRTC' });
  });

  it('takes options in any order, with spaces and in any letter case', () => {
    const expected = {
      key: 'rsa-4096',
      chain: 3,
      size: { of: 'chain', bytes: 3700 },
      validity: { kind: 'expired', days: 7 },
      commonName: 'My Gateway',
    };
    expect(parsed('rsa-4096,chain=3,size=3700,expired,days=7,cn=My Gateway')).toEqual(expected);
    expect(parsed(' days = 7 , cn=My Gateway,EXPIRED, Chain=3,RSA-4096 ,size=3700')).toEqual(expected);
    expect(parsed('leaf=2000')).toMatchObject({ size: { of: 'leaf', bytes: 2000 } });
    expect(parsed('p384,chain=2,ca=RSA-2048')).toMatchObject({ key: 'ecdsa-p384', ca: 'rsa-2048' });
    expect(parsed('not-yet-valid')).toMatchObject({ validity: { kind: 'not-yet-valid', days: 30 } });
    expect(parsed('from=2024-01-01,until=2024-06-30T12:00:00Z')).toMatchObject({
      validity: { kind: 'between', notBefore: Date.UTC(2024, 0, 1), notAfter: Date.UTC(2024, 5, 30, 12) },
    });
    expect(parsed('cn=a\\,b\\\\,chain=2')).toMatchObject({ commonName: 'a,b\\', chain: 2 });
  });

  it('points at the character that is wrong', () => {
    expect(parsed('rsa')).toBe('0: rsa needs a size: rsa-2048, rsa-3072 or rsa-4096');
    expect(parsed('ecdsa-p256,rsa-1024')).toMatch(/^11: ecdsa|^11: rsa-1024 contradicts ecdsa-p256/);
    expect(parsed('chain=3,curve=x')).toMatch(/^13: curve takes no value|^8: "curve"/);
    expect(parsed('dsa')).toMatch(/^0: "dsa" is neither a kind of key \(ecdsa-p256, .*\) nor an option \(chain, /);
    expect(parsed('rsa-2048,chain=0')).toBe('15: chain is a whole number from 1 to 20, not "0"');
    expect(parsed('rsa-2048, chain=two')).toBe('16: chain is a whole number from 1 to 20, not "two"');
    expect(parsed('chain')).toBe('0: chain needs a value: chain=…');
    expect(parsed('chain=')).toBe('6: chain needs a value: chain=…');
    expect(parsed('days=30,days=31')).toBe('8: days is given twice');
    expect(parsed('size=3700,leaf=2000')).toBe('10: leaf contradicts size');
    expect(parsed('expired,not-yet-valid')).toBe('8: not-yet-valid contradicts expired');
    expect(parsed('expired=yes')).toBe('7: expired takes no value');
    expect(parsed('ca=rsa-2048')).toBe('0: ca needs a chain of two or more: add chain=2');
    expect(parsed('chain=2,ca=dsa')).toMatch(/^11: "dsa" is neither/);
    expect(parsed('from=2024-01-01')).toBe('0: from needs until=DATE beside it');
    expect(parsed('chain=2,until=2024-01-01')).toBe('8: until needs from=DATE beside it');
    expect(parsed('from=2024-01-01,until=2024-01-01')).toBe('16: until is not after from');
    expect(parsed('from=2024-01-01,until=2024-02-01,days=3')).toBe('33: days contradicts from and until');
    expect(parsed('from=2023-02-29,until=2024-01-01')).toMatch(/^5: "2023-02-29" is no date/);
    expect(parsed('rsa-2048,,chain=2')).toBe('9: nothing between commas');
    expect(parsed('rsa-2048,')).toBe('9: nothing between commas');
    expect(parsed(`cn=${'x'.repeat(65)}`)).toBe('3: a common name has 64 characters at most (RFC 5280)');
    expect(parsed('constructor')).toMatch(/^0: "constructor" is neither/);
  });

  it('survives being written and read again', () => {
    const prng = new Prng('specs');
    const pick = <T>(values: readonly T[]): T => values[prng.int(values.length)] as T;
    const validity = (): Validity =>
      prng.int(3) === 0
        ? { kind: 'between', notBefore: prng.int(2e9) * 1000, notAfter: (2e9 + prng.int(2e9)) * 1000 }
        : { kind: pick(['current', 'expired', 'not-yet-valid'] as const), days: 1 + prng.int(36_500) };
    for (let i = 0; i < 2000; i++) {
      const chain = 1 + prng.int(20);
      const spec: CredentialSpec = {
        key: pick(keyKinds),
        chain,
        ...(chain > 1 && prng.int(2) === 0 && { ca: pick(keyKinds) }),
        ...(prng.int(2) === 0 && { size: { of: pick(['chain', 'leaf'] as const), bytes: 1 + prng.int(100_000) } }),
        validity: validity(),
        commonName: pick(['WebRTC', 'a,b', '\\', 'x\\,', '=,=', 'Prüfstand', 'days=3', 'a b']),
      };
      const text = formatCredentialSpec(spec);
      if (typeof parsed(text) === 'string') expect.fail(`${text}: ${parsed(text)}`);
      expect(parsed(text)).toEqual(spec);
    }
    expect(formatCredentialSpec(defaultSpec)).toBe('ecdsa-p256');
  });

  it('never throws, and points inside the text', () => {
    const prng = new Prng('nonsense');
    const words = ['rsa-2048', 'chain', 'cn', '=', ',', '\\', ' ', '3', 'size', 'from', '2024-01-01', 'é', ''];
    for (let i = 0; i < 5000; i++) {
      const text = Array.from({ length: prng.int(8) }, () => words[prng.int(words.length)]).join('');
      const result = parseCredentialSpec(text);
      if (!result.ok && !(result.error.at >= 0 && result.error.at <= text.length))
        expect.fail(`${text}: ${result.error.at}`);
    }
  });
});
