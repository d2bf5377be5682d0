/** Object identifiers of certificates and keys, with the names that people (and OpenSSL) use for them. */
import type { CurveName } from '../crypto/keys.ts';

export const Oid = {
  rsaEncryption: '1.2.840.113549.1.1.1',
  rsaPss: '1.2.840.113549.1.1.10',
  ecPublicKey: '1.2.840.10045.2.1',
  ed25519: '1.3.101.112',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  ecdsaWithSha384: '1.2.840.10045.4.3.3',
  ecdsaWithSha512: '1.2.840.10045.4.3.4',
  sha256WithRsa: '1.2.840.113549.1.1.11',
  commonName: '2.5.4.3',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
} as const;

export const curveOids: Readonly<Record<CurveName, string>> = {
  secp256r1: '1.2.840.10045.3.1.7',
  secp384r1: '1.3.132.0.34',
  secp521r1: '1.3.132.0.35',
};
/** Bytes of a field element. */
export const curveBytes: Readonly<Record<CurveName, number>> = { secp256r1: 32, secp384r1: 48, secp521r1: 66 };

const curvesByOid: ReadonlyMap<string, CurveName> = new Map(
  (Object.keys(curveOids) as CurveName[]).map((name) => [curveOids[name], name]),
);
/** One of the curves that TLS certificates use here, by its object identifier. */
export const curveOf = (oid: string): CurveName | undefined => curvesByOid.get(oid);

/** Curves that can only be named. */
export const otherCurves: Readonly<Record<string, string>> = {
  '1.3.132.0.10': 'secp256k1',
  '1.3.132.0.33': 'secp224r1',
  '1.2.840.10045.3.1.1': 'secp192r1',
  '1.3.36.3.3.2.8.1.1.7': 'brainpoolP256r1',
  '1.3.36.3.3.2.8.1.1.11': 'brainpoolP384r1',
  '1.3.36.3.3.2.8.1.1.13': 'brainpoolP512r1',
  '1.2.156.10197.1.301': 'SM2',
};

/** Key algorithms that can only be named. */
export const otherKeys: Readonly<Record<string, string>> = {
  '1.2.840.10040.4.1': 'DSA',
  '1.2.840.10046.2.1': 'Diffie-Hellman',
  '1.2.840.113549.1.3.1': 'Diffie-Hellman',
  '1.3.101.110': 'X25519',
  '1.3.101.111': 'X448',
  '1.3.101.113': 'Ed448',
  '2.16.840.1.101.3.4.3.17': 'ML-DSA-44',
  '2.16.840.1.101.3.4.3.18': 'ML-DSA-65',
  '2.16.840.1.101.3.4.3.19': 'ML-DSA-87',
};

/**
 * Certificate signature algorithms, with the SignatureScheme (IANA number) that checks the same thing. The 1.2 reading of
 * an ECDSA scheme applies: a hash, with whatever curve the key has.
 */
export const signatureAlgorithms: Readonly<Record<string, { readonly name: string; readonly scheme?: number }>> = {
  '1.2.840.113549.1.1.4': { name: 'md5WithRSAEncryption' },
  '1.2.840.113549.1.1.5': { name: 'sha1WithRSAEncryption', scheme: 0x0201 },
  '1.2.840.113549.1.1.14': { name: 'sha224WithRSAEncryption' },
  '1.2.840.113549.1.1.11': { name: 'sha256WithRSAEncryption', scheme: 0x0401 },
  '1.2.840.113549.1.1.12': { name: 'sha384WithRSAEncryption', scheme: 0x0501 },
  '1.2.840.113549.1.1.13': { name: 'sha512WithRSAEncryption', scheme: 0x0601 },
  '1.2.840.10045.4.1': { name: 'ecdsa-with-SHA1', scheme: 0x0203 },
  '1.2.840.10045.4.3.1': { name: 'ecdsa-with-SHA224' },
  '1.2.840.10045.4.3.2': { name: 'ecdsa-with-SHA256', scheme: 0x0403 },
  '1.2.840.10045.4.3.3': { name: 'ecdsa-with-SHA384', scheme: 0x0503 },
  '1.2.840.10045.4.3.4': { name: 'ecdsa-with-SHA512', scheme: 0x0603 },
  '1.3.101.112': { name: 'Ed25519', scheme: 0x0807 },
  '1.3.101.113': { name: 'Ed448' },
  '1.2.840.10040.4.3': { name: 'dsa-with-SHA1' },
  '2.16.840.1.101.3.4.3.2': { name: 'dsa-with-SHA256' },
  '2.16.840.1.101.3.4.3.17': { name: 'ML-DSA-44' },
  '2.16.840.1.101.3.4.3.18': { name: 'ML-DSA-65' },
  '2.16.840.1.101.3.4.3.19': { name: 'ML-DSA-87' },
};

/** Hashes that RSASSA-PSS parameters name (RFC 4055 §2.1), with the scheme whose salt is as long as the hash. */
export const pssHashes: Readonly<
  Record<string, { readonly name: string; readonly salt: number; readonly scheme: number }>
> = {
  '2.16.840.1.101.3.4.2.1': { name: 'SHA256', salt: 32, scheme: 0x0804 },
  '2.16.840.1.101.3.4.2.2': { name: 'SHA384', salt: 48, scheme: 0x0805 },
  '2.16.840.1.101.3.4.2.3': { name: 'SHA512', salt: 64, scheme: 0x0806 },
};

/** Short names of name attributes (RFC 4514 §3, and what OpenSSL prints). */
export const attributeNames: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.4': 'SN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'street',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.12': 'title',
  '2.5.4.13': 'description',
  '2.5.4.15': 'businessCategory',
  '2.5.4.17': 'postalCode',
  '2.5.4.41': 'name',
  '2.5.4.42': 'GN',
  '2.5.4.43': 'initials',
  '2.5.4.44': 'generationQualifier',
  '2.5.4.46': 'dnQualifier',
  '2.5.4.65': 'pseudonym',
  '2.5.4.97': 'organizationIdentifier',
  '0.9.2342.19200300.100.1.1': 'UID',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.2.840.113549.1.9.1': 'emailAddress',
};

/** Names of certificate extensions (RFC 5280 §4.2). */
export const extensionNames: Readonly<Record<string, string>> = {
  '2.5.29.14': 'subjectKeyIdentifier',
  '2.5.29.15': 'keyUsage',
  '2.5.29.17': 'subjectAltName',
  '2.5.29.18': 'issuerAltName',
  '2.5.29.19': 'basicConstraints',
  '2.5.29.30': 'nameConstraints',
  '2.5.29.31': 'cRLDistributionPoints',
  '2.5.29.32': 'certificatePolicies',
  '2.5.29.35': 'authorityKeyIdentifier',
  '2.5.29.37': 'extKeyUsage',
  '1.3.6.1.5.5.7.1.1': 'authorityInfoAccess',
  '1.3.6.1.4.1.11129.2.4.2': 'signedCertificateTimestampList',
};
