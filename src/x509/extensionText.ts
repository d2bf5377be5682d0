/** What the usual certificate extensions say, in a line of text (RFC 5280 §4.2.1). */
import { toHex } from '../base/bytes.ts';
import { contentOf, DerReader, type Element, readOid, Tag } from './der.ts';
import { Oid } from './oids.ts';
import { readAlternativeNames, readBasicConstraints } from './read.ts';

const extKeyUsage = '2.5.29.37';

/** The text of an extension's value (its OCTET STRING); `undefined` for one that has none here. Throws `DerError`. */
export function extensionText(oid: string, value: Element): string | undefined {
  const r = DerReader.into(value);
  switch (oid) {
    case Oid.basicConstraints: {
      const { ca, pathLength } = readBasicConstraints(r);
      return `CA: ${ca}${pathLength === undefined ? '' : `, at most ${pathLength} CAs below`}`;
    }
    case Oid.keyUsage:
      return bitNames(r.take(Tag.bitString, 'keyUsage'), keyUsages);
    case extKeyUsage:
      return oidNames(r.enter(Tag.sequence, 'extKeyUsage'));
    case Oid.subjectAltName:
      return readAlternativeNames(r)
        .map((name) => `${name.kind}:${name.value}`)
        .join(', ');
    case Oid.subjectKeyIdentifier:
      return toHex(contentOf(r.take(Tag.octetString, 'subjectKeyIdentifier')));
    case Oid.authorityKeyIdentifier: {
      const key = r.enter(Tag.sequence, 'authorityKeyIdentifier').optional(0x80, 'keyIdentifier');
      return key && toHex(contentOf(key));
    }
    default:
      return undefined;
  }
}

/** RFC 5280 §4.2.1.3, bit 0 first. */
const keyUsages = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;

function bitNames(element: Element, names: readonly string[]): string {
  const [, ...bytes] = contentOf(element);
  return names.filter((_, bit) => ((bytes[bit >> 3] ?? 0) << (bit & 7)) & 0x80).join(', ');
}

/** RFC 5280 §4.2.1.12. */
const purposes: Readonly<Record<string, string>> = {
  '2.5.29.37.0': 'anyExtendedKeyUsage',
  '1.3.6.1.5.5.7.3.1': 'serverAuth',
  '1.3.6.1.5.5.7.3.2': 'clientAuth',
  '1.3.6.1.5.5.7.3.3': 'codeSigning',
  '1.3.6.1.5.5.7.3.4': 'emailProtection',
  '1.3.6.1.5.5.7.3.8': 'timeStamping',
  '1.3.6.1.5.5.7.3.9': 'OCSPSigning',
};

function oidNames(list: DerReader): string {
  const out: string[] = [];
  while (!list.done) {
    const oid = readOid(list.take(Tag.oid, 'extKeyUsage'));
    out.push(purposes[oid] ?? oid);
  }
  return out.join(', ');
}
