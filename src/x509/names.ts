/** Distinguished names and ASN.1 strings as text (RFC 4514, RFC 5280 §4.1.2.4). Names come from the peer: controls are escaped. */
import { fromUtf8, toHex } from '../base/bytes.ts';
import { contentOf, DerReader, type Element, encodingOf, readOid, Tag } from './der.ts';
import { attributeNames, Oid } from './oids.ts';

export interface DistinguishedName {
  /** RFC 4514: most specific part first, "CN=WebRTC,O=Example". Empty for an empty name. */
  readonly text: string;
  /** The last commonName, unescaped. */
  readonly commonName: string | undefined;
}

/** Reads a Name; throws `DerError` when it is not one. */
export function readName(element: Element): DistinguishedName {
  const r = DerReader.into(element);
  const parts: string[] = [];
  let commonName: string | undefined;
  while (!r.done) {
    const set = r.enter(Tag.set, 'relative distinguished name');
    const pairs: string[] = [];
    do {
      const pair = set.enter(Tag.sequence, 'name attribute');
      const type = readOid(pair.take(Tag.oid, 'name attribute type'));
      const value = pair.any('name attribute value');
      pair.finish('name attribute');
      const name = attributeNames[type];
      const text = stringOf(value);
      // RFC 4514 §2.4: what has no string form, or no name, is written as the hexadecimal of its encoding.
      pairs.push(
        name && text !== undefined ? `${name}=${escaped(text)}` : `${name ?? type}=#${toHex(encodingOf(value))}`,
      );
      if (type === Oid.commonName && text !== undefined) commonName = text;
    } while (!set.done);
    parts.push(pairs.join('+'));
  }
  return { text: parts.reverse().join(','), commonName };
}

/** The text of one of ASN.1's string types; `undefined` for anything else. */
export function stringOf(element: Element): string | undefined {
  const content = contentOf(element);
  switch (element.tag) {
    case Tag.utf8String:
      return fromUtf8(content);
    case Tag.printableString:
    case Tag.ia5String:
    case Tag.numericString:
    case Tag.visibleString:
    case Tag.teletexString:
      return latin1(content);
    case Tag.bmpString:
      return wide(content, 2);
    case Tag.universalString:
      return wide(content, 4);
    default:
      return undefined;
  }
}

export function latin1(content: Uint8Array): string {
  let out = '';
  for (const byte of content) out += String.fromCharCode(byte);
  return out;
}

function wide(content: Uint8Array, width: 2 | 4): string | undefined {
  if (content.length % width !== 0) return undefined;
  let out = '';
  for (let i = 0; i < content.length; i += width) {
    let value = 0;
    for (let k = 0; k < width; k++) value = value * 256 + (content[i + k] ?? 0);
    out += value <= 0x10ffff ? String.fromCodePoint(value) : '\ufffd';
  }
  return out;
}

/** RFC 4514 §2.4, with control characters as hexadecimal pairs. */
function escaped(text: string): string {
  const body = text
    .replace(/[\\"+,;<>]/g, '\\$&')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
    .replace(/[\u0000-\u001f\u007f]/g, (c) => `\\${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
  return body
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ')
    .replace(/^\\\\ $/, '\\ ');
}
