/**
 * A certificate as a tree of byte ranges (RFC 5280 §4.1), for the inspector. Leaves tile the input, whatever it holds: a
 * part that is not what it should be is one leaf with its reason, and the parts around it stay readable. Every constructed
 * part begins with a leaf `header`, its tag and length; what has no parts of its own is one leaf, header included.
 */
import { contentOf, contextTag, DerError, DerReader, type Element, readInteger, readOid, Tag } from './der.ts';
import { extensionText } from './extensionText.ts';
import { readName } from './names.ts';
import { curveOf, extensionNames, Oid, otherCurves, otherKeys, signatureAlgorithms } from './oids.ts';
import { readTime } from './time.ts';

/** A part of a certificate and where it lies. The shape is that of a codec's field tree. */
export interface CertificateField {
  /** As RFC 5280 spells it. */
  readonly name: string;
  readonly start: number;
  readonly end: number;
  /** A short value as text, or bytes. */
  readonly value?: unknown;
  /** How people call the value: "CN=WebRTC", "ecdsa-with-SHA256". */
  readonly label?: string;
  readonly see?: string;
  /** Why the part could not be read. */
  readonly problem?: string;
  readonly children: readonly CertificateField[];
}

type Extra = Pick<CertificateField, 'value' | 'label' | 'see' | 'problem'>;

/** The fields of a DER certificate. Never throws; time and memory are linear in the input. */
export function certificateFields(der: Uint8Array): CertificateField {
  const see = 'RFC 5280 §4.1';
  return attempt('Certificate', see, 0, der.length, () => {
    const whole = new DerReader(der);
    const element = whole.take(Tag.sequence, 'certificate');
    const fields = parts(element, see, [
      ['tbsCertificate', tbsCertificate],
      ['signatureAlgorithm', (r, name) => algorithm(r.take(Tag.sequence, name), name, 'RFC 5280 §4.1.1.2')],
      ['signatureValue', (r, name) => bitString(r.take(Tag.bitString, name), name, 'RFC 5280 §4.1.1.3')],
    ]);
    return closed(fields, der.length, see);
  });
}

/** The text of a Name, as CertificateRequest lists them; `undefined` when it is none. */
export function nameText(der: Uint8Array): string | undefined {
  try {
    const r = new DerReader(der);
    const name = readName(r.take(Tag.sequence, 'name'));
    return r.done ? name.text : undefined;
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}

type PartReader = (r: DerReader, name: string) => CertificateField | undefined;

function tbsCertificate(outer: DerReader, name: string): CertificateField {
  const element = outer.take(Tag.sequence, name);
  const see = 'RFC 5280 §4.1.2';
  return node(
    name,
    element,
    parts(element, see, [
      ['version', version],
      ['serialNumber', serialNumber],
      ['signature', (r, part) => algorithm(r.take(Tag.sequence, part), part, 'RFC 5280 §4.1.2.3')],
      ['issuer', (r, part) => distinguishedName(r.take(Tag.sequence, part), part, 'RFC 5280 §4.1.2.4')],
      ['validity', (r, part) => validity(r.take(Tag.sequence, part), part)],
      ['subject', (r, part) => distinguishedName(r.take(Tag.sequence, part), part, 'RFC 5280 §4.1.2.6')],
      ['subjectPublicKeyInfo', (r, part) => publicKeyInfo(r.take(Tag.sequence, part), part)],
      ['issuerUniqueID', (r, part) => uniqueId(r.optional(0x81, part), part)],
      ['subjectUniqueID', (r, part) => uniqueId(r.optional(0x82, part), part)],
      ['extensions', extensions],
    ]),
    { see },
  );
}

/** Version ::= [0] EXPLICIT INTEGER; absent in v1. */
function version(r: DerReader, name: string): CertificateField | undefined {
  const tagged = r.optional(contextTag(0), name);
  if (!tagged) return undefined;
  return leafOf(name, tagged, 'RFC 5280 §4.1.2.1', () => {
    const inner = DerReader.into(tagged).take(Tag.integer, name);
    const number = readInteger(inner, name).at(-1) ?? 0;
    return { value: String(number), label: `v${number + 1}` };
  });
}

function serialNumber(r: DerReader, name: string): CertificateField {
  const element = r.take(Tag.integer, name);
  return leafOf(name, element, 'RFC 5280 §4.1.2.2', () => ({ value: readInteger(element, name) }));
}

/** AlgorithmIdentifier ::= SEQUENCE { algorithm OBJECT IDENTIFIER, parameters ANY OPTIONAL } */
function algorithm(element: Element, name: string, see: string): CertificateField {
  return constructed(name, element, see, (r) => {
    const kind = r.take(Tag.oid, name);
    const oid = readOid(kind);
    const label = algorithmNames[oid] ?? signatureAlgorithms[oid]?.name ?? otherKeys[oid];
    const children = [leafOf('algorithm', kind, see, () => ({ value: oid, ...named(label) }))];
    if (!r.done) children.push(parameters(r.any('parameters'), see));
    return { children, ...named(label) };
  });
}

const algorithmNames: Readonly<Record<string, string>> = {
  [Oid.rsaEncryption]: 'rsaEncryption',
  [Oid.rsaPss]: 'RSASSA-PSS',
  [Oid.ecPublicKey]: 'ecPublicKey',
};

/** A curve's name, NULL, or something that only its algorithm understands. */
function parameters(element: Element, see: string): CertificateField {
  return leafOf('parameters', element, see, () => {
    if (element.tag === Tag.null) return { value: 'NULL' };
    if (element.tag !== Tag.oid) return { value: contentOf(element) };
    const oid = readOid(element);
    return { value: oid, ...named(curveOf(oid) ?? otherCurves[oid]) };
  });
}

/** Name ::= SEQUENCE OF RelativeDistinguishedName, each one leaf. */
function distinguishedName(element: Element, name: string, see: string): CertificateField {
  return constructed(name, element, see, (r) => {
    const children: CertificateField[] = [];
    while (!r.done) {
      const part = r.take(Tag.set, 'relative distinguished name');
      // A Name of this one part is its text.
      const alone: Element = { ...part, contentStart: part.start };
      const at = `RelativeDistinguishedName[${children.length}]`;
      children.push(leafOf(at, part, see, () => ({ label: readName(alone).text })));
    }
    return { children, label: readName(element).text };
  });
}

function validity(element: Element, name: string): CertificateField {
  const see = 'RFC 5280 §4.1.2.5';
  return constructed(name, element, see, (r) => {
    const time = (part: string): CertificateField => {
      const at = r.any(part);
      return leafOf(part, at, see, () => ({ label: readTime(at, part) }));
    };
    const children = [time('notBefore'), time('notAfter')];
    return { children, label: children.map((child) => child.label ?? '?').join(' to ') };
  });
}

/** SubjectPublicKeyInfo; the key's own fields where it is one of RSA. */
function publicKeyInfo(element: Element, name: string): CertificateField {
  const see = 'RFC 5280 §4.1.2.7';
  return constructed(name, element, see, (r) => {
    const kind = algorithm(r.take(Tag.sequence, 'algorithm'), 'algorithm', see);
    const key = r.take(Tag.bitString, 'subjectPublicKey');
    const oid = kind.children.find((child) => child.name === 'algorithm')?.value;
    const rsa = oid === Oid.rsaEncryption || oid === Oid.rsaPss;
    const curve = kind.children.find((child) => child.name === 'parameters')?.label;
    const children = [kind, rsa ? rsaKey(key, see) : bitString(key, 'subjectPublicKey', see, pointLabel)];
    return { children, ...named(curve ?? kind.label) };
  });
}

/** RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER } (RFC 8017 §A.1.1), inside a BIT STRING. */
function rsaKey(element: Element, outerSee: string): CertificateField {
  const see = 'RFC 8017 §A.1.1';
  return attempt('subjectPublicKey', outerSee, element.start, element.end, () => {
    const inner = new DerReader(element.bytes, element.contentStart + 1, element.end).take(Tag.sequence, 'RSA key');
    const integer =
      (describe: (magnitude: Uint8Array) => Extra): PartReader =>
      (r, part) => {
        const at = r.take(Tag.integer, part);
        return leafOf(part, at, see, () => describe(withoutSign(readInteger(at, part))));
      };
    const key = node(
      'RSAPublicKey',
      inner,
      parts(inner, see, [
        ['modulus', integer((n) => ({ value: n, label: `${bitLength(n)} bits` }))],
        ['publicExponent', integer((e) => (e.length > 4 ? { value: e } : { value: String(numberOf(e)) }))],
      ]),
      { see },
    );
    return closed([header(element, element.contentStart + 1), key], element.end, outerSee);
  });
}

const withoutSign = (integer: Uint8Array): Uint8Array =>
  integer[0] === 0 && integer.length > 1 ? integer.subarray(1) : integer;
const numberOf = (magnitude: Uint8Array): number => magnitude.reduce((sum, byte) => sum * 256 + byte, 0);
const bitLength = (magnitude: Uint8Array): number =>
  magnitude.length === 0 ? 0 : 8 * magnitude.length - Math.clz32(magnitude[0] ?? 0) + 24;

const pointLabel = (key: Uint8Array): string | undefined =>
  key[0] === 4 && key.length % 2 === 1 ? 'uncompressed point' : undefined;

/** A BIT STRING: its header with the count of unused bits, and its bytes. */
function bitString(
  element: Element,
  name: string,
  see: string,
  label: (bytes: Uint8Array) => string | undefined = () => undefined,
): CertificateField {
  return attempt(name, see, element.start, element.end, () => {
    const start = element.contentStart + 1;
    if (start > element.end) throw new DerError(element.contentStart, `${name}: bit string without content`);
    const bytes = element.bytes.subarray(start, element.end);
    const content = { name: 'bytes', start, end: element.end, value: bytes, see, ...named(label(bytes)), children: [] };
    return [header(element, start), content];
  });
}

const uniqueId = (element: Element | undefined, name: string): CertificateField | undefined =>
  element && leafOf(name, element, 'RFC 5280 §4.1.2.8', () => ({ value: contentOf(element) }));

/** Extensions ::= [3] EXPLICIT SEQUENCE OF Extension */
function extensions(r: DerReader, name: string): CertificateField | undefined {
  const tagged = r.optional(contextTag(3), name);
  if (!tagged) return undefined;
  const see = 'RFC 5280 §4.1.2.9';
  return attempt(name, see, tagged.start, tagged.end, () => {
    const list = DerReader.into(tagged).take(Tag.sequence, name);
    const inner = DerReader.into(list);
    const out = [header(tagged, list.contentStart)];
    while (!inner.done) out.push(extension(inner.take(Tag.sequence, 'extension'), `Extension[${out.length - 1}]`));
    return closed(out, tagged.end, see);
  });
}

function extension(element: Element, name: string): CertificateField {
  const see = 'RFC 5280 §4.2';
  return constructed(name, element, see, (r) => {
    const kind = r.take(Tag.oid, 'extension type');
    const oid = readOid(kind);
    const flag = r.optional(Tag.boolean, 'critical');
    const value = r.take(Tag.octetString, 'extension value');
    const label = extensionNames[oid] ?? oid;
    const children = [leafOf('extnID', kind, see, () => ({ value: oid, ...named(extensionNames[oid]) }))];
    if (flag) children.push(leafOf('critical', flag, see, () => ({ label: contentOf(flag)[0] ? 'true' : 'false' })));
    const own = extensionSections[oid] ?? see;
    children.push(
      leafOf('extnValue', value, own, () => ({
        value: contentOf(value),
        ...named(extensionText(oid, value)),
      })),
    );
    return { children, label };
  });
}

/** RFC 5280 §4.2.1 and §4.2.2, and others where they define an extension. */
const extensionSections: Readonly<Record<string, string>> = {
  '2.5.29.14': 'RFC 5280 §4.2.1.2',
  '2.5.29.15': 'RFC 5280 §4.2.1.3',
  '2.5.29.17': 'RFC 5280 §4.2.1.6',
  '2.5.29.18': 'RFC 5280 §4.2.1.7',
  '2.5.29.19': 'RFC 5280 §4.2.1.9',
  '2.5.29.30': 'RFC 5280 §4.2.1.10',
  '2.5.29.31': 'RFC 5280 §4.2.1.13',
  '2.5.29.32': 'RFC 5280 §4.2.1.4',
  '2.5.29.35': 'RFC 5280 §4.2.1.1',
  '2.5.29.37': 'RFC 5280 §4.2.1.12',
  '1.3.6.1.5.5.7.1.1': 'RFC 5280 §4.2.2.1',
  '1.3.6.1.4.1.11129.2.4.2': 'RFC 6962 §3.3',
};

// Building blocks.

const named = (label: string | undefined): { readonly label?: string } => (label === undefined ? {} : { label });

const node = (
  name: string,
  { start, end }: { readonly start: number; readonly end: number },
  children: readonly CertificateField[],
  extra: Extra,
): CertificateField => ({ name, start, end, ...extra, children });

/** Tag and length of an element, up to `end` where more than its own header stands before the content. */
const header = (element: Element, end = element.contentStart): CertificateField => ({
  name: 'header',
  start: element.start,
  end,
  label: `${tagName(element.tag)}, ${element.end - element.contentStart} bytes`,
  see: 'X.690 §8.1',
  children: [],
});

const tagNames: ReadonlyMap<number, string> = new Map([
  [Tag.sequence, 'SEQUENCE'],
  [Tag.set, 'SET'],
  [Tag.bitString, 'BIT STRING'],
  [Tag.octetString, 'OCTET STRING'],
]);
const tagName = (tag: number): string => tagNames.get(tag) ?? `[${tag & 0x1f}]`;

const unread = (start: number, end: number, problem: string, see: string): CertificateField => ({
  name: 'unparsed',
  start,
  end,
  problem,
  see,
  children: [],
});

/** A whole element as a leaf; what it says, or why that can't be read. */
function leafOf(name: string, { start, end }: Element, see: string, read: () => Extra): CertificateField {
  try {
    return { name, start, end, see, ...read(), children: [] };
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    return { name, start, end, see, problem: error.message, children: [] };
  }
}

/** An element with its fields, or one leaf with the reason when they can't be read. */
function attempt(
  name: string,
  see: string,
  start: number,
  end: number,
  read: () => readonly CertificateField[],
): CertificateField {
  try {
    return { name, start, end, see, children: read() };
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    return { name, start, end, see, problem: error.message, children: [] };
  }
}

/** A constructed element: header, fields, and what they leave over. */
function constructed(
  name: string,
  element: Element,
  see: string,
  read: (r: DerReader) => { readonly children: readonly CertificateField[]; readonly label?: string },
): CertificateField {
  let label: string | undefined;
  const field = attempt(name, see, element.start, element.end, () => {
    const r = DerReader.into(element);
    const inner = read(r);
    label = inner.label;
    return closed([header(element), ...inner.children], element.end, see);
  });
  return { ...field, ...named(label) };
}

/** The header and the parts of an element, in order; from the first part that can't be read on, one leaf with the reason. */
function parts(
  element: Element,
  see: string,
  readers: readonly (readonly [string, PartReader])[],
): readonly CertificateField[] {
  const r = DerReader.into(element);
  const out = [header(element)];
  for (const [name, read] of readers) {
    const at = r.pos;
    try {
      const part = read(r, name);
      if (part) out.push(part);
    } catch (error) {
      if (!(error instanceof DerError)) throw error;
      return at < element.end ? [...out, unread(at, element.end, error.message, see)] : out;
    }
  }
  return closed(out, element.end, see);
}

/** The fields, and what they leave over up to `end`. */
function closed(fields: readonly CertificateField[], end: number, see: string): readonly CertificateField[] {
  const at = fields.at(-1)?.end ?? end;
  return at < end ? [...fields, unread(at, end, `${end - at} bytes left over`, see)] : fields;
}
