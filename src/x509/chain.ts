/**
 * Whether the certificates of a chain hang together (RFC 5280 §6.1.3 a.1 and a.4, and nothing of the rest): each signed by
 * the next. WebRTC trusts a fingerprint, not a chain; this is for people who wonder what a gateway sends.
 */
import { equal } from '../base/bytes.ts';
import type { CryptoProvider } from '../crypto/provider.ts';
import { schemeUnderKey } from '../crypto/schemes.ts';
import { type Certificate, readCertificate } from './read.ts';

/** How a certificate is signed. */
export type Link =
  /** The issuer's key, in the certificate at `by` (its own index when self-signed), made the signature. */
  | { readonly kind: 'verified'; readonly by: number }
  | { readonly kind: 'bad-signature'; readonly by: number }
  /** The issuer's name is not that of the next certificate, or there is no next one. */
  | { readonly kind: 'issuer-not-next'; readonly issuer: string }
  /** The issuer's key or the signature algorithm is one that dtlscope does not compute with. */
  | { readonly kind: 'unsupported'; readonly by: number; readonly what: string }
  | { readonly kind: 'unreadable'; readonly why: string };

/** For each certificate of a chain (DER, leaf first): does its signature verify under the next; the last one, under itself. */
export function chainLinks(chain: readonly Uint8Array[], crypto: Pick<CryptoProvider, 'verify'>): Link[] {
  const read = chain.map((der) => readCertificate(der));
  return read.map((result, index): Link => {
    if (!result.ok) return { kind: 'unreadable', why: result.error.why };
    const { certificate } = result;
    const next = read[index + 1];
    if (next?.ok && equal(certificate.issuerRaw, next.certificate.subjectRaw))
      return link(certificate, next.certificate, index + 1, crypto);
    if (equal(certificate.issuerRaw, certificate.subjectRaw)) return link(certificate, certificate, index, crypto);
    return { kind: 'issuer-not-next', issuer: certificate.issuer };
  });
}

function link(certificate: Certificate, issuer: Certificate, by: number, crypto: Pick<CryptoProvider, 'verify'>): Link {
  if (!issuer.publicKey) return { kind: 'unsupported', by, what: issuer.keyName };
  if (certificate.signatureScheme === undefined)
    return { kind: 'unsupported', by, what: certificate.signatureAlgorithm };
  const scheme = schemeUnderKey(issuer.publicKey, certificate.signatureScheme);
  const good = crypto.verify(issuer.publicKey, scheme, certificate.tbs, certificate.signature);
  return good ? { kind: 'verified', by } : { kind: 'bad-signature', by };
}
