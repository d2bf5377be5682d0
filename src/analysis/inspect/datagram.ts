/** A datagram as fields: records, their headers, and what they hold as far as it can be read. */
import type { Range } from '../../base/ranges.ts';
import type { Place } from '../../trace/buffers.ts';
import { handshakeHeaderLength } from '../../wire/handshake.ts';
import { recordHeader, recordHeaderLength } from '../../wire/record.ts';
import { ContentType, contentTypes, nameIn } from '../../wire/registry.ts';
import type { Cipher } from '../../wire/suites.ts';
import { isUnified, unifiedBits, unifiedHeader } from '../../wire/unified.ts';
import type { DatagramView, RecordView } from '../model.ts';
import { contentFields, cutFragment, type Scene } from './content.ts';
import { type Draft, fieldsOf, leaf, unread } from './draft.ts';
import { countText, rangeText } from './text.ts';

/** What epoch 1 is protected with, as far as the hellos tell. */
export interface Protection {
  readonly cipher: Cipher | undefined;
  readonly encryptThenMac: boolean;
}

const typeName = nameIn(contentTypes, 2);

export function datagramFields(datagram: DatagramView, scene: Scene, protection: Protection): Draft {
  const { bytes, records, leftover } = datagram;
  const children = records.map((record) => recordFields(record, datagram, scene, protection));
  if (leftover) children.push(leftoverFields(datagram, leftover));
  const cut = datagram.size > bytes.length;
  return {
    name: 'datagram',
    start: 0,
    end: bytes.length,
    label: `${countText(datagram.size, 'byte')} of UDP payload`,
    problem: cut ? `the capture kept ${bytes.length} of ${datagram.size} bytes` : undefined,
    see: 'RFC 6347 §4.1.1',
    // A payload of which nothing could be read has no fields of its own.
    children: children.length === 0 && bytes.length > 0 ? [unread(0, bytes.length, 'not a DTLS record')] : children,
  };
}

/** A record's content decrypted, as a buffer of its own; in 1.3 with its type and padding behind it (RFC 8446 §5.2). */
export function plaintextFields(record: RecordView, bytes: Uint8Array, scene: Scene): Draft {
  const unified = isUnified(record.type);
  const end = unified ? Math.min(record.content?.end ?? bytes.length, bytes.length) : bytes.length;
  const type = record.contentType ?? record.type;
  const content = contentFields(record, bytes, [0, end], scene);
  const behind =
    end < bytes.length
      ? [
          leaf('type', end, end + 1, { value: type, label: typeName(type) }),
          leaf('zeros', end + 1, bytes.length, { label: `${countText(bytes.length - end - 1, 'byte')} of padding` }),
        ]
      : [];
  return {
    name: unified ? 'DTLSInnerPlaintext' : 'fragment',
    start: 0,
    end: bytes.length,
    label: `${typeName(type)}, decrypted`,
    see: unified ? 'RFC 8446 §5.2' : 'RFC 5246 §6.2.1',
    children: [...content, ...behind],
  };
}

function recordFields(record: RecordView, datagram: DatagramView, scene: Scene, protection: Protection): Draft {
  const name = `record[${record.index}]`;
  // Types below 32 have the header of DTLS 1.2; 001xxxxx is the unified header of 1.3 (RFC 9147 §4).
  if (isUnified(record.type)) return unifiedRecord(name, record, datagram);
  if (record.type === ContentType.tls12Cid) return connectionIdRecord(name, record, datagram.bytes);
  const { bytes } = datagram;
  const start = record.start + recordHeaderLength;
  const header = fieldsOf(recordHeader, name, bytes, [record.start, start]).draft;
  const inClear = record.content !== undefined && record.content.buffer === datagram.buffer;
  const children = inClear
    ? contentFields(record, bytes, [start, record.end], scene)
    : protectedFields(record, bytes, [start, record.end], protection);
  const fragment: Draft = {
    name: 'fragment',
    start,
    end: record.end,
    see: inClear ? 'RFC 5246 §6.2.1' : 'RFC 5246 §6.2.3',
    leadsTo: decryptedPlace(record, datagram),
    children,
  };
  return { ...header, end: record.end, label: recordLabel(record), children: [...header.children, fragment] };
}

const decryptedPlace = ({ content }: RecordView, { buffer }: DatagramView): Place | undefined =>
  content && content.buffer !== buffer ? content : undefined;

function recordLabel(record: RecordView): string {
  const type = typeName(record.type);
  if (record.protection === 'encrypted') return `${type}, encrypted`;
  if (record.protection === 'undecryptable') return `${type}, encrypted, not opened by the keys at hand`;
  const parts = record.fragments.slice(0, 4).map(({ name, offset, length, total }) => {
    return length === total ? name : `${name} ${rangeText(offset, offset + length)} of ${total}`;
  });
  if (record.fragments.length > parts.length) parts.push('…');
  const held = parts.length > 0 ? `: ${parts.join(', ')}` : '';
  return `${type}${record.protection === 'decrypted' ? ', decrypted' : ''}${held}`;
}

/** The parts of a protected fragment that can be told apart without its key. */
function protectedFields(
  record: RecordView,
  bytes: Uint8Array,
  [start, end]: Range,
  protection: Protection,
): readonly Draft[] {
  const [before, after] = record.epoch === 1 ? surroundings(protection) : [undefined, undefined];
  const contentStart = start + (before?.length ?? 0);
  const contentEnd = end - (after?.length ?? 0);
  if (contentStart > contentEnd) return [sealed(record, start, end)];
  return [
    ...(before
      ? [leaf(before.name, start, contentStart, { see: before.see, value: bytes.subarray(start, contentStart) })]
      : []),
    sealed(record, contentStart, contentEnd),
    ...(after ? [leaf(after.name, contentEnd, end, { see: after.see, value: bytes.subarray(contentEnd, end) })] : []),
  ];
}

interface Surrounding {
  readonly name: string;
  readonly length: number;
  readonly see: string;
}

const macLengths = { sha1: 20, sha256: 32, sha384: 48 } as const;

/** What stands before and behind the encrypted bytes. */
function surroundings({
  cipher,
  encryptThenMac,
}: Protection): readonly [Surrounding | undefined, Surrounding | undefined] {
  if (!cipher) return [undefined, undefined];
  if (cipher.kind === 'cbc') {
    const mac = { name: 'MAC', length: macLengths[cipher.mac], see: 'RFC 7366 §3' };
    return [{ name: 'IV', length: 16, see: 'RFC 5246 §6.2.3.2' }, encryptThenMac ? mac : undefined];
  }
  const chacha = cipher.aead === 'chacha20-poly1305';
  const tag = { name: 'tag', length: 16, see: chacha ? 'RFC 7905 §2' : 'RFC 5288 §3' };
  return [chacha ? undefined : { name: 'nonce_explicit', length: 8, see: 'RFC 5288 §3' }, tag];
}

const sealed = (record: RecordView, start: number, end: number): Draft =>
  leaf('encrypted', start, end, {
    kind: 'encrypted',
    label: sealedLabel(record, start, end),
    leadsTo: record.protection === 'decrypted' ? record.content : undefined,
  });

function sealedLabel({ protection }: RecordView, start: number, end: number): string {
  const why =
    protection === 'decrypted'
      ? 'decrypted beside'
      : protection === 'encrypted'
        ? 'no keys'
        : 'the keys at hand do not open it';
  return `${countText(end - start, 'byte')}, ${why}`;
}

/** Unified header and ciphertext (RFC 9147 §4). How long a connection ID is, only its receiver knows. */
function unifiedRecord(name: string, record: RecordView, datagram: DatagramView): Draft {
  const { start, end, cidLength } = record;
  const { bytes } = datagram;
  const unknownCid = ((bytes[start] ?? 0) & unifiedBits.cid) !== 0 && cidLength === undefined;
  const headerEnd = unknownCid ? start + 1 : end - record.length;
  const header = unifiedHeaderFields(record, bytes, [start, headerEnd], maskedNumber(record));
  const content = leaf('encrypted_record', headerEnd, end, {
    kind: 'encrypted',
    label: unknownCid ? 'connection ID, number, length and content' : sealedLabel(record, headerEnd, end),
    leadsTo: decryptedPlace(record, datagram),
  });
  const first = unknownCid ? leaf('first_byte', start, headerEnd, { value: bytes[start] }) : header;
  return { name, start, end, label: ciphertextLabel(record), see: 'RFC 9147 §4', children: [first, content] };
}

function ciphertextLabel({ protection, epoch, sequenceNumber, contentType, likely, fragments }: RecordView): string {
  if (protection === 'undecryptable') return 'DTLS 1.3 ciphertext, not opened by the keys at hand';
  if (protection === 'encrypted')
    return `DTLS 1.3 ciphertext${likely === undefined || likely === 'handshake' ? '' : `, by its size ${likely}`}`;
  const held = fragments.length > 0 ? `: ${[...new Set(fragments.map((one) => one.name))].join(', ')}` : '';
  return `DTLS 1.3 ciphertext ${epoch}/${sequenceNumber}, ${typeName(contentType ?? 0)}${held}`;
}

/** What the number in a header means: the low bits of the record's, behind a mask until the record was opened. */
const maskedNumber = ({ protection, epoch, sequenceNumber }: RecordView): string =>
  protection === 'decrypted' ? `masked; the record is ${epoch}/${sequenceNumber}` : 'masked (RFC 9147 §4.2.3)';

function unifiedHeaderFields(record: RecordView, bytes: Uint8Array, range: Range, number: string): Draft {
  const { draft } = fieldsOf(unifiedHeader(record.cidLength ?? 0), 'unified_header', bytes, range);
  const children = draft.children.map((field) =>
    field.name === 'sequence_number' ? { ...field, label: number } : field,
  );
  return { ...draft, children };
}

/** A unified header with its mask taken off, as a buffer of its own: what was authenticated. */
export function unmaskedFields(record: RecordView, bytes: Uint8Array): Draft {
  const { epoch, sequenceNumber } = record;
  const number = `low bits of ${sequenceNumber} (RFC 9147 §4.2.2)`;
  const header = unifiedHeaderFields(record, bytes, [0, bytes.length], number);
  return { ...header, label: `record ${epoch}/${sequenceNumber}, unmasked`, see: 'RFC 9147 §4.2.3' };
}

/** A record of type tls12_cid: the connection ID before `length` has a length that only its receiver knows. */
function connectionIdRecord(name: string, record: RecordView, bytes: Uint8Array): Draft {
  const { start, end } = record;
  const header = fieldsOf(recordHeader, name, bytes, [start, start + recordHeaderLength]).draft;
  const fixed = header.children.slice(0, 4);
  const cidAt = start + 11;
  if (record.cidLength === undefined) {
    const closed = leaf('encrypted', cidAt, end, { kind: 'encrypted', label: 'connection ID, length and content' });
    return { ...header, end, label: 'tls12_cid', see: 'RFC 9146 §4', children: [...fixed, closed] };
  }
  const lengthAt = cidAt + record.cidLength;
  const children = [
    ...fixed,
    leaf('connection_id', cidAt, lengthAt, { value: bytes.subarray(cidAt, lengthAt) }),
    leaf('length', lengthAt, lengthAt + 2, { value: record.length }),
    sealed(record, lengthAt + 2, end),
  ];
  return { ...header, end, label: 'tls12_cid', see: 'RFC 9146 §4', children };
}

/** Bytes behind the last whole record: a record that was cut, with what can be told of it, or no record at all. */
function leftoverFields(
  { bytes, size }: DatagramView,
  { start, reason, declared }: NonNullable<DatagramView['leftover']>,
): Draft {
  const end = bytes.length;
  const contentStart = start + recordHeaderLength;
  if (reason === 'unexpected-cid') return unread(start, end, 'a connection ID, and none was agreed');
  if (declared === undefined || (end < contentStart && !isUnified(bytes[start] ?? 0))) {
    const text = countText(end - start, 'byte');
    if (reason === 'short-header')
      return unread(start, end, `${text}: less than a record header (${recordHeaderLength})`);
    return unread(start, end, reason === 'snap-length' ? 'cut off by the capture' : 'not a DTLS record');
  }
  if (isUnified(bytes[start] ?? 0)) {
    const whole = `the record needs ${countText(declared, 'byte')}, ${end - start} are here`;
    return {
      ...unread(start, end, `${size > end ? 'cut off by the capture' : 'truncated'}: ${whole}`),
      name: 'record',
    };
  }
  const here = `the header says ${countText(declared - recordHeaderLength, 'byte')}, ${end - contentStart} are here`;
  const problem = size > end ? `cut off by the capture: ${here}` : `truncated: ${here}`;
  const { draft, value } = fieldsOf(recordHeader, 'record', bytes, [start, contentStart]);
  const readable =
    value?.type === ContentType.handshake && value.epoch === 0 && end - contentStart >= handshakeHeaderLength;
  const content = readable
    ? cutFragment('handshake[0]', bytes, [contentStart, end], () => problem)
    : leaf('fragment', contentStart, end, { kind: 'unread', value: bytes.subarray(contentStart, end), problem });
  return {
    ...draft,
    end,
    label: value && `${typeName(value.type)}, cut off`,
    problem,
    children: [...draft.children, content],
  };
}
