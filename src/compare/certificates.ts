/** Two chains: what kind of keys they have and what they cost may matter; whose they are differs wherever they are made anew. */
import type { CertificateView } from '../analysis/model.ts';
import type { FieldDifference } from './fields.ts';

/** Names, serial numbers and signatures make this much of a difference. Bytes. */
const similarBytes = 32;

export function compareChains(a: readonly CertificateView[], b: readonly CertificateView[]): FieldDifference[] {
  const out: FieldDifference[] = [];
  const count = (chain: readonly CertificateView[]): string =>
    chain.length === 0 ? 'none' : chain.length === 1 ? 'one certificate' : `${chain.length} certificates`;
  if (a.length !== b.length) out.push({ weight: 'real', field: 'chain', a: count(a), b: count(b) });
  for (const [i, one] of a.entries()) {
    const other = b[i];
    if (!other || one.sha256 === other.sha256) continue;
    const where = i === 0 ? '' : `issuer ${i}, `;
    const differs = (
      field: string,
      of: (view: CertificateView) => string | undefined,
      weight: FieldDifference['weight'],
    ): void => {
      const [left, right] = [of(one) ?? 'not readable', of(other) ?? 'not readable'];
      if (left !== right) out.push({ weight, field: `${where}${field}`, a: left, b: right });
    };
    differs('key', ({ key }) => key, 'real');
    differs('signature algorithm', ({ signature }) => signature, 'real');
    differs(
      'size',
      ({ bytes }) => `${bytes} bytes`,
      Math.abs(one.bytes - other.bytes) > similarBytes ? 'real' : 'expected',
    );
    differs('subject', ({ subject }) => subject, 'minor');
    differs('validity', ({ notBefore, notAfter }) => `${notBefore} to ${notAfter}`, 'expected');
    differs('fingerprint', ({ sha256 }) => sha256, 'expected');
  }
  return out;
}
