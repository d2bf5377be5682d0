/**
 * The inspector of one handshake, as it was at one snapshot: what a datagram, a record, a message or a certificate is made
 * of, and where else the same bytes are. It keeps no tree; what it returns costs as much as the messages and datagrams
 * that it is about, after one walk over the handshake for each message. Views make one for each handshake view and drop
 * it with it.
 */
import { equal } from '../../base/bytes.ts';
import type { Range } from '../../base/ranges.ts';
import { tryDecode } from '../../codec/codec.ts';
import type { BufferId, Origin, Place } from '../../trace/buffers.ts';
import type { PacketNumber } from '../../trace/model.ts';
import { type BodyContext, handshakeHeaderLength, serverHello } from '../../wire/handshake.ts';
import { HandshakeType, type Version } from '../../wire/registry.ts';
import { cipherSuite } from '../../wire/suites.ts';
import type { DatagramView, Handshake, MessageView, RecordView } from '../model.ts';
import { bodyFields } from './body.ts';
import type { Scene } from './content.ts';
import { datagramFields, type Protection, plaintextFields, unmaskedFields } from './datagram.ts';
import { type Draft, finish } from './draft.ts';
import { type Carrier, type LinkScene, linkedPlaces } from './links.ts';
import { Lookup } from './lookup.ts';
import { markMissing } from './missing.ts';
import type { FieldTree, InspectedBuffer, Inspection, LinkedPlace, Subject } from './model.ts';
import { structureName } from './text.ts';

/** Where buffers come from and what they hold; an `Analysis` is one. */
export interface BufferSource {
  readonly origins: ReadonlyMap<BufferId, Origin>;
  bytesOf(buffer: BufferId): Uint8Array | undefined;
}

export class Inspector {
  readonly #handshake: Handshake;
  readonly #source: BufferSource;
  readonly #lookup: Lookup;
  #madeScene: (Scene & { readonly protection: Protection }) | undefined;

  constructor(handshake: Handshake, source: BufferSource) {
    this.#handshake = handshake;
    this.#source = source;
    this.#lookup = new Lookup(handshake);
  }

  /** The tabs for a subject; `undefined` when the handshake has no such thing. */
  inspect(subject: Subject): Inspection | undefined {
    switch (subject.kind) {
      case 'datagram':
        return this.#inspectDatagram(subject.packet);
      case 'record':
        return this.#inspectRecord(subject.packet, subject.record);
      case 'fragment':
        return this.#inspectFragment(subject.packet, subject.record, subject.fragment);
      case 'message': {
        const message = this.#lookup.messageOf(subject.key);
        return message && this.#inspectMessage(message, [0, message.total]);
      }
      case 'alert':
        return this.#inspectAlert(subject.alert);
      case 'certificate':
        return this.#inspectCertificate(subject.of, subject.certificate);
    }
  }

  /** A single buffer of this handshake. */
  buffer(id: BufferId): InspectedBuffer | undefined {
    const datagram = this.#lookup.datagram(id);
    if (datagram) return this.#datagramBuffer(datagram);
    const opened = this.#lookup.decrypted(id);
    if (opened) return this.#decryptedBuffer(opened.datagram, opened.record);
    const header = this.#lookup.unmasked(id);
    if (header) return this.#unmaskedBuffer(header.datagram, header.record);
    const message = this.#lookup.message(id);
    return message && this.#messageBuffer(message);
  }

  /**
   * Where else the bytes of a place are: in datagrams, decrypted records and messages, and in other sendings of the same
   * message. Never the place itself. Headers are nowhere else.
   */
  placesOf(place: Place): LinkedPlace[] {
    return linkedPlaces(place, this.#links);
  }

  get #scene(): Scene & { readonly protection: Protection } {
    this.#madeScene ??= sceneOf(this.#handshake, this.#lookup);
    return this.#madeScene;
  }

  get #links(): LinkScene {
    const lookup = this.#lookup;
    return {
      datagram: (id) => lookup.datagram(id),
      decrypted: (id) => lookup.decrypted(id),
      unmasked: (id) => lookup.unmasked(id),
      message: (id) => lookup.message(id),
      messageOf: (key) => lookup.messageOf(key),
      carriers: (key) => lookup.carriers(key),
      originOf: (id) => this.#source.origins.get(id) ?? nowhere,
      bytesOf: (id) => lookup.datagram(id)?.bytes ?? lookup.message(id)?.body ?? this.#source.bytesOf(id),
    };
  }

  #inspectDatagram(packet: PacketNumber): Inspection | undefined {
    const datagram = this.#lookup.packet(packet);
    if (!datagram) return undefined;
    const buffers = this.#withContents(datagram, datagram.records);
    return { buffers, focus: { buffer: datagram.buffer, start: 0, end: datagram.bytes.length } };
  }

  #inspectRecord(packet: PacketNumber, index: number): Inspection | undefined {
    const datagram = this.#lookup.packet(packet);
    const record = datagram?.records[index];
    if (!datagram || !record) return undefined;
    const header = this.#unmaskedBuffer(datagram, record);
    const buffers = [...this.#withContents(datagram, [record]), ...(header ? [header] : [])];
    return { buffers, focus: { buffer: datagram.buffer, start: record.start, end: record.end } };
  }

  #inspectFragment(packet: PacketNumber, index: number, which: number): Inspection | undefined {
    const datagram = this.#lookup.packet(packet);
    const record = datagram?.records[index];
    const fragment = record?.fragments[which];
    if (!datagram || !record?.content || !fragment) return undefined;
    const { buffer } = record.content;
    const buffers = this.#withContents(datagram, [{ ...record, fragments: [fragment] }]);
    const focus = { buffer, start: fragment.start - handshakeHeaderLength, end: fragment.end };
    return { buffers: firstOf(buffers, buffer), focus };
  }

  #inspectAlert(which: number): Inspection | undefined {
    const where = this.#handshake.alerts[which]?.where;
    const datagram = where && this.#lookup.packet(where.packet);
    const record = datagram?.records.find(({ start, end }) => where && start <= where.start && where.end <= end);
    if (!datagram || !record) return undefined;
    const buffers = this.#withContents(datagram, [record]);
    const focus = record.content ?? { buffer: datagram.buffer, start: record.start, end: record.end };
    return { buffers: firstOf(buffers, focus.buffer), focus };
  }

  #inspectCertificate(of: 'client' | 'server', which: number): Inspection | undefined {
    const wanted = this.#handshake.certificates[of][which]?.der;
    if (!wanted) return undefined;
    for (const message of this.#handshake.messages) {
      if (message.from !== of || message.message !== HandshakeType.certificate || !message.complete) continue;
      const found = certificatesIn(this.#messageBuffer(message).tree)[which];
      if (!found || !equal(message.body.subarray(found.start, found.end), wanted)) continue;
      return this.#inspectMessage(message, [found.start, found.end]);
    }
    return undefined;
  }

  /** A message, and the datagrams and records that brought it; those that only repeated it have no tab. */
  #inspectMessage(message: MessageView, [start, end]: Range): Inspection {
    const buffers = [this.#messageBuffer(message)];
    const seen = new Set<BufferId>();
    const add = ({ datagram, record }: Carrier): void => {
      if (record.content && record.content.buffer !== datagram.buffer && !seen.has(record.content.buffer)) {
        seen.add(record.content.buffer);
        buffers.push(this.#decryptedBuffer(datagram, record));
      }
      if (seen.has(datagram.buffer)) return;
      seen.add(datagram.buffer);
      buffers.push(this.#datagramBuffer(datagram));
    };
    const sources = new Set(this.#sourcesOf(message));
    for (const carrier of this.#lookup.carriers(message.key)) {
      const { fragment } = carrier;
      const neverArrived = message.missing.some(
        ([from, to]) => from < fragment.offset + fragment.length && to > fragment.offset,
      );
      if (sources.has(carrier.buffer) || neverArrived || (message.total === 0 && buffers.length === 1)) add(carrier);
    }
    return { buffers, focus: { buffer: message.buffer, start, end } };
  }

  /** Buffers that a message's bytes were taken from. */
  #sourcesOf({ buffer }: MessageView): readonly BufferId[] {
    const origin = this.#source.origins.get(buffer);
    return origin?.kind === 'reassembled' ? origin.parts.map(({ from }) => from) : [];
  }

  /** The datagram, what of the records was decrypted, and the messages that have only a part there. */
  #withContents(datagram: DatagramView, records: readonly RecordView[]): InspectedBuffer[] {
    const out = [this.#datagramBuffer(datagram)];
    const keys = new Set<string>();
    for (const record of records) {
      const whole = datagram.records[record.index] ?? record;
      if (whole.content && whole.content.buffer !== datagram.buffer) out.push(this.#decryptedBuffer(datagram, whole));
      for (const { messageKey, length, total } of record.fragments) if (length < total) keys.add(messageKey);
    }
    for (const key of keys) {
      const message = this.#lookup.messageOf(key);
      if (message) out.push(this.#messageBuffer(message));
    }
    return out;
  }

  #datagramBuffer(datagram: DatagramView): InspectedBuffer {
    const { packet, buffer, bytes } = datagram;
    return new Tab({
      id: buffer,
      kind: 'datagram',
      title: `Datagram ${packet}`,
      packet,
      bytes,
      missing: [],
      origin: { kind: 'datagram', packet },
      draft: () => datagramFields(datagram, this.#scene, this.#scene.protection),
    });
  }

  #decryptedBuffer(datagram: DatagramView, record: RecordView): InspectedBuffer {
    const id = record.content?.buffer ?? datagram.buffer;
    const bytes = this.#source.bytesOf(id) ?? new Uint8Array(0);
    return new Tab({
      id,
      kind: 'decrypted',
      title: `Record ${datagram.packet}.${record.index + 1}, decrypted`,
      packet: datagram.packet,
      bytes,
      missing: [],
      origin: this.#source.origins.get(id) ?? nowhere,
      draft: () => plaintextFields(record, bytes, this.#scene),
    });
  }

  #unmaskedBuffer(datagram: DatagramView, record: RecordView): InspectedBuffer | undefined {
    if (record.unmasked === undefined) return undefined;
    const bytes = this.#source.bytesOf(record.unmasked) ?? new Uint8Array(0);
    return new Tab({
      id: record.unmasked,
      kind: 'unmasked',
      title: `Record ${datagram.packet}.${record.index + 1}, header unmasked`,
      packet: datagram.packet,
      bytes,
      missing: [],
      origin: this.#source.origins.get(record.unmasked) ?? nowhere,
      draft: () => unmaskedFields(record, bytes),
    });
  }

  #messageBuffer(message: MessageView): InspectedBuffer {
    const { buffer, body, missing } = message;
    const origin = this.#source.origins.get(buffer) ?? nowhere;
    const inParts = missing.length > 0 || (origin.kind === 'reassembled' && origin.parts.length > 1);
    const name = structureName(message.name);
    return new Tab({
      id: buffer,
      kind: 'message',
      title: inParts ? `${name}, ${missing.length > 0 ? 'incomplete' : 'reassembled'}` : name,
      packet: undefined,
      bytes: body,
      missing,
      origin,
      draft: () => markMissing(bodyFields(message.message, this.#scene.context, body, [0, body.length]), missing),
    });
  }
}

/** Of a buffer that the trace does not know: made from nothing. */
const nowhere: Origin = { kind: 'reassembled', parts: [] };

const firstOf = (buffers: readonly InspectedBuffer[], id: BufferId): readonly InspectedBuffer[] => [
  ...buffers.filter((buffer) => buffer.id === id),
  ...buffers.filter((buffer) => buffer.id !== id),
];

/** The certificates of a Certificate message, in order. */
const certificatesIn = (tree: FieldTree): readonly FieldTree[] =>
  tree.name === 'Certificate' ? [tree] : tree.children.flatMap(certificatesIn);

type TabFacts = Omit<InspectedBuffer, 'tree'> & { readonly draft: () => Draft };

/** A buffer whose tree is made when somebody opens it. */
class Tab implements InspectedBuffer {
  readonly id: BufferId;
  readonly kind: InspectedBuffer['kind'];
  readonly title: string;
  readonly packet: PacketNumber | undefined;
  readonly bytes: Uint8Array;
  readonly missing: readonly Range[];
  readonly origin: Origin;
  readonly #draft: () => Draft;
  #tree: FieldTree | undefined;

  constructor(facts: TabFacts) {
    this.id = facts.id;
    this.kind = facts.kind;
    this.title = facts.title;
    this.packet = facts.packet;
    this.bytes = facts.bytes;
    this.missing = facts.missing;
    this.origin = facts.origin;
    this.#draft = facts.draft;
  }

  get tree(): FieldTree {
    this.#tree ??= finish(this.#draft());
    return this.#tree;
  }
}

const knownVersions: ReadonlySet<string> = new Set(['1.0', '1.2', '1.3']);
const isVersion = (text: string | undefined): text is Version => text !== undefined && knownVersions.has(text);

/** What decides the layout of a handshake's messages. */
export function bodyContextOf({ parameters: { version, cipherSuite: number } }: Handshake): BodyContext {
  const suite = number === undefined ? undefined : cipherSuite(number);
  return { version: isVersion(version) ? version : undefined, keyExchange: suite?.keyExchange, hash: suite?.hash };
}

function sceneOf(handshake: Handshake, lookup: Lookup): Scene & { readonly protection: Protection } {
  const { version, cipherSuite: number } = handshake.parameters;
  const suite = number === undefined ? undefined : cipherSuite(number);
  return {
    context: bodyContextOf(handshake),
    message: (key) => lookup.messageOf(key),
    record(packet, index) {
      const datagram = lookup.packet(packet);
      const record = datagram?.records[index];
      return datagram && record && { buffer: datagram.buffer, start: record.start, end: record.end };
    },
    protection: {
      cipher: version === '1.3' ? undefined : suite?.cipher,
      encryptThenMac: agreedEncryptThenMac(handshake),
    },
  };
}

/** A server answers encrypt_then_mac only when it will do so (RFC 7366 §2). */
function agreedEncryptThenMac({ messages }: Handshake): boolean {
  const hello = messages.find(
    ({ from, message, complete }) => from === 'server' && message === HandshakeType.serverHello && complete,
  );
  const read = hello && tryDecode(serverHello, hello.body);
  return read?.ok === true && (read.value.extensions ?? []).some(({ kind }) => kind === 'encrypt_then_mac');
}
