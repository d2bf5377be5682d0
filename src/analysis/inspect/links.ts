/**
 * The same bytes in other buffers. A message is in the datagrams (or decrypted records) that brought it, in those that
 * repeated it, and in those that never arrived; a datagram's bytes are in the messages that were put together from them.
 * Costs as much as the messages concerned and their sendings.
 */
import { emptyBytes } from '../../base/bytes.ts';
import { RangeSet } from '../../base/ranges.ts';
import { type BufferId, derivedFrom, type Origin, type Place, sourcesOf } from '../../trace/buffers.ts';
import type { DatagramView, FragmentView, MessageView, RecordView } from '../model.ts';
import type { LinkedBy, LinkedPlace } from './model.ts';

/** One sending of a part of a message. */
export interface Carrier {
  readonly datagram: DatagramView;
  readonly record: RecordView;
  readonly fragment: FragmentView;
  /** That the fragment's places point into: the datagram, or the decrypted record. */
  readonly buffer: BufferId;
}

/** What links are made from. */
export interface LinkScene {
  datagram(id: BufferId): DatagramView | undefined;
  decrypted(id: BufferId): { readonly datagram: DatagramView; readonly record: RecordView } | undefined;
  unmasked(id: BufferId): { readonly datagram: DatagramView; readonly record: RecordView } | undefined;
  message(id: BufferId): MessageView | undefined;
  messageOf(key: string): MessageView | undefined;
  carriers(key: string): readonly Carrier[];
  originOf(id: BufferId): Origin;
  bytesOf(id: BufferId): Uint8Array | undefined;
}

/** Strongest first: where a range is linked in two ways, the stronger one holds. */
const byStrength: readonly LinkedBy[] = ['same', 'again', 'lost', 'conflict', 'sealed'];
const weaker = (a: LinkedBy, b: LinkedBy): LinkedBy => (byStrength.indexOf(a) > byStrength.indexOf(b) ? a : b);

export function linkedPlaces(place: Place, scene: LinkScene): LinkedPlace[] {
  const found = new Found(place);
  const message = scene.message(place.buffer);
  if (message) fromMessage(message, place, 'same', found, scene);
  const datagram = scene.datagram(place.buffer);
  if (datagram) for (const record of datagram.records) fromRecord(record, datagram, place, found, scene);
  const opened = scene.decrypted(place.buffer);
  if (opened) {
    for (const sealed of sealedPlaces(place, scene)) found.add(sealed, 'sealed');
    fromContent(opened.record, place, found, scene);
  }
  if (scene.unmasked(place.buffer)) for (const sealed of sealedPlaces(place, scene)) found.add(sealed, 'sealed');
  return found.places(scene);
}

/** Up from a datagram: into what a record was decrypted to, or into the messages whose parts are in it. */
function fromRecord(record: RecordView, datagram: DatagramView, place: Place, found: Found, scene: LinkScene): void {
  if (!record.content || place.end <= record.start || place.start >= record.end) return;
  if (record.content.buffer === datagram.buffer) {
    fromContent(record, place, found, scene);
    return;
  }
  if (record.unmasked !== undefined) {
    const origin = scene.originOf(record.unmasked);
    const length = scene.bytesOf(record.unmasked)?.length ?? 0;
    for (const step of derivedFrom({ id: record.unmasked, origin, length }, place)) found.add(step, 'sealed');
  }
  const touched = sealedPlaces(record.content, scene).some(({ start, end }) => place.start < end && place.end > start);
  if (!touched) return;
  found.add(record.content, 'sealed');
  for (const { messageKey, offset, length } of record.fragments) {
    const message = scene.messageOf(messageKey);
    if (message) found.add({ buffer: message.buffer, start: offset, end: offset + length }, 'sealed');
  }
}

/** Up from a record's content, and down again to the other sendings of the same bytes. */
function fromContent(record: RecordView, place: Place, found: Found, scene: LinkScene): void {
  for (const fragment of record.fragments) {
    const message = scene.messageOf(fragment.messageKey);
    const start = Math.max(place.start, fragment.start);
    const end = Math.min(place.end, fragment.end);
    if (!message || start >= end) continue;
    const by = fragment.offset - fragment.start;
    for (const { piece, how } of relations(message, place.buffer, fragment, start + by, end + by, scene)) {
      const there = { buffer: message.buffer, start: piece[0], end: piece[1] };
      found.add(there, how);
      fromMessage(message, there, how, found, scene);
    }
  }
}

/** Down from a message to all its sendings. */
function fromMessage(message: MessageView, place: Place, how: LinkedBy, found: Found, scene: LinkScene): void {
  for (const { buffer, fragment, datagram } of scene.carriers(message.key)) {
    const start = Math.max(place.start, fragment.offset);
    const end = Math.min(place.end, fragment.offset + fragment.length);
    if (start >= end) continue;
    const by = fragment.start - fragment.offset;
    for (const { piece, how: own } of relations(message, buffer, fragment, start, end, scene))
      found.add({ buffer, start: piece[0] + by, end: piece[1] + by }, weaker(how, own));
    if (buffer === datagram.buffer) continue;
    for (const sealed of sealedPlaces({ buffer, start, end }, scene)) found.add(sealed, 'sealed');
  }
}

/**
 * How [start, end) of a message and the part of a sending that holds it belong together: taken from there, missing in the
 * message, or there once more, with the same bytes or with others.
 */
function relations(
  message: MessageView,
  buffer: BufferId,
  fragment: FragmentView,
  start: number,
  end: number,
  scene: LinkScene,
): { readonly piece: readonly [number, number]; readonly how: LinkedBy }[] {
  const by = fragment.start - fragment.offset;
  const out: { readonly piece: readonly [number, number]; readonly how: LinkedBy }[] = [];
  const explained = new RangeSet();
  const made = { id: message.buffer, origin: scene.originOf(message.buffer), length: message.total };
  for (const step of derivedFrom(made, { buffer, start: start + by, end: end + by })) {
    out.push({ piece: [step.start, step.end], how: 'same' });
    explained.add(step.start, step.end);
  }
  for (const [from, to] of message.missing) {
    const piece = [Math.max(from, start), Math.min(to, end)] as const;
    if (piece[0] >= piece[1]) continue;
    out.push({ piece, how: 'lost' });
    explained.add(piece[0], piece[1]);
  }
  const bytes = scene.bytesOf(buffer) ?? emptyBytes;
  for (const [from, to] of explained.missing(start, end)) {
    for (let at = from; at < to; ) {
      const same = message.body[at] === bytes[at + by];
      const first = at;
      while (at < to && (message.body[at] === bytes[at + by]) === same) at++;
      out.push({ piece: [first, at], how: same ? 'again' : 'conflict' });
    }
  }
  return out;
}

/** The datagram's bytes that a decrypted buffer was made from: all of its record's protected fragment. */
function sealedPlaces({ buffer, start, end }: Place, scene: LinkScene): Place[] {
  if (scene.datagram(buffer)) return [{ buffer, start, end }];
  return sourcesOf(scene.originOf(buffer), start, end).flatMap((step) => sealedPlaces(step, scene));
}

/** Places found so far: ranges by buffer and by how they are linked. */
class Found {
  readonly #from: Place;
  readonly #ranges = new Map<BufferId, Map<LinkedBy, RangeSet>>();

  constructor(from: Place) {
    this.#from = from;
  }

  add({ buffer, start, end }: Place, how: LinkedBy): void {
    const ways = this.#ranges.get(buffer) ?? new Map<LinkedBy, RangeSet>();
    this.#ranges.set(buffer, ways);
    const set = ways.get(how) ?? new RangeSet();
    ways.set(how, set);
    set.add(start, end);
  }

  /** In the order of buffers, which is that of datagrams. */
  places(scene: LinkScene): LinkedPlace[] {
    const out: LinkedPlace[] = [];
    for (const [buffer, ways] of [...this.#ranges].sort(([a], [b]) => a - b)) {
      const taken = new RangeSet();
      if (buffer === this.#from.buffer) taken.add(this.#from.start, this.#from.end);
      const packet = scene.datagram(buffer)?.packet;
      const here: LinkedPlace[] = [];
      for (const how of byStrength) {
        for (const [start, end] of ways.get(how)?.ranges ?? []) {
          for (const [from, to] of taken.missing(start, end)) here.push({ buffer, start: from, end: to, how, packet });
        }
        for (const [start, end] of ways.get(how)?.ranges ?? []) taken.add(start, end);
      }
      out.push(...here.sort((a, b) => a.start - b.start));
    }
    return out;
  }
}
