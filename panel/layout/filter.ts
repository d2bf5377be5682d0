/**
 * Which datagrams a view shows. A filter is words with spaces between, and a datagram has to meet all of them:
 * `type:certificate flight:4 -lost:yes`. A word that means nothing is refused with a reason, so that an empty ladder is
 * never the answer to a typing mistake. Pure; a filter is data.
 */
import type { DatagramView, Handshake, RecordView } from '../../src/analysis/model.ts';
import { unreachable } from '../../src/base/unreachable.ts';
import type { Actor, PacketNumber } from '../../src/trace/model.ts';
import {
  alertDescriptions,
  ContentType,
  contentTypes,
  handshakeTypes,
  nameIn,
  numberIn,
} from '../../src/wire/registry.ts';
import { wasLost } from './text.ts';

export type Filter = readonly Term[];
export interface Term {
  readonly negated: boolean;
  readonly test: Test;
}
export type Test =
  | { readonly kind: 'message'; readonly type: number }
  | { readonly kind: 'content'; readonly type: number }
  | { readonly kind: 'flight' | 'seq'; readonly first: number; readonly last: number }
  | { readonly kind: 'side'; readonly side: Actor }
  /** UDP payload bytes, or bytes of a message's fragment. */
  | { readonly kind: 'size' | 'frag'; readonly how: Comparison; readonly bytes: number }
  | { readonly kind: 'dup' | 'lost' | 'resent'; readonly wanted: boolean }
  /** Whether its receiver ignored it or a record of it. */
  | { readonly kind: 'dropped'; readonly wanted: boolean }
  /** Undefined for any alert. */
  | { readonly kind: 'alert'; readonly description: number | undefined }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'word'; readonly word: string }
  /** `type:certificate,finished`: one of them is enough. */
  | { readonly kind: 'any'; readonly tests: readonly Test[] };
export type Comparison = '>' | '<' | '>=' | '<=' | '=';

export type ParsedFilter =
  | { readonly ok: true; readonly filter: Filter }
  /** `at` is where the refused word begins in the text. */
  | { readonly ok: false; readonly at: number; readonly why: string };

/**
 * Reads a filter; the empty text is the filter that everything passes. The same text again gives the same filter, so that
 * all views ask the same question.
 */
export function parseFilter(text: string): ParsedFilter {
  if (latest?.text !== text) latest = { text, parsed: read(text) };
  return latest.parsed;
}
let latest: { readonly text: string; readonly parsed: ParsedFilter } | undefined;

function read(text: string): ParsedFilter {
  const filter: Term[] = [];
  for (const { 0: token, index } of text.matchAll(/\S+/g)) {
    const negated = token.startsWith('-');
    const test = testOf(negated ? token.slice(1) : token);
    if (typeof test === 'string') return { ok: false, at: index, why: `“${token}”: ${test}` };
    filter.push({ negated, test });
  }
  return { ok: true, filter };
}

/** What a filter may ask that is not in the datagram itself. */
export interface Around {
  /** Datagrams that their receiver ignored, or ignored a record of. */
  readonly dropped: ReadonlySet<PacketNumber>;
}
const nothingAround: Around = { dropped: new Set() };

export function aroundOf({ drops }: Pick<Handshake, 'drops'>): Around {
  if (drops.length === 0) return nothingAround;
  const known = arounds.get(drops) ?? { dropped: new Set(drops.flatMap(({ packet }) => packet ?? [])) };
  arounds.set(drops, known);
  return known;
}
const arounds = new WeakMap<Handshake['drops'], Around>();

/** Whether a filter asks for that; without it the predicate of a run that grows stays the same one. */
export const asksAround = (filter: Filter): boolean => filter.some(({ test }) => asks(test));
const asks = (test: Test): boolean => (test.kind === 'any' ? test.tests.some(asks) : test.kind === 'dropped');

export const matches = (filter: Filter, datagram: DatagramView, around: Around = nothingAround): boolean =>
  filter.every(({ negated, test }) => meets(test, datagram, around) !== negated);

/** Whether it holds handshake bytes not seen before, or in a flight's first sending what has none: a message without a body too. */
export const bringsNews = ({ newBytes, attempt, records }: DatagramView): boolean =>
  newBytes > 0 || (attempt === 0 && records.some(({ fragments }) => fragments.every(({ total }) => total === 0)));

/** The one question that views ask of each datagram; undefined when all are to be shown. The same for the same filter. */
export function keeper(
  filter: Filter,
  onlyNew: boolean,
  around: Around = nothingAround,
): ((datagram: DatagramView) => boolean) | undefined {
  if (filter.length === 0) return onlyNew ? bringsNews : undefined;
  const known = keepers.get(filter);
  if (known?.onlyNew === onlyNew && known.around === around) return known.keep;
  const keep = (datagram: DatagramView): boolean =>
    (!onlyNew || bringsNews(datagram)) && matches(filter, datagram, around);
  keepers.set(filter, { onlyNew, around, keep });
  return keep;
}
const keepers = new WeakMap<
  Filter,
  { readonly onlyNew: boolean; readonly around: Around; readonly keep: (datagram: DatagramView) => boolean }
>();

/** What a word asks, or why it asks nothing. */
function testOf(token: string): Test | string {
  const colon = token.indexOf(':');
  if (colon < 0) return wordOf(token);
  const key = token.slice(0, colon).toLowerCase();
  const value = token.slice(colon + 1).toLowerCase();
  if (!value.includes(',')) return askedBy(key, value);
  const tests: Test[] = [];
  for (const one of value.split(',')) {
    const test = askedBy(key, one);
    if (typeof test === 'string') return test;
    tests.push(test);
  }
  return { kind: 'any', tests };
}

/** What one value of a key asks. */
function askedBy(key: string, value: string): Test | string {
  switch (key) {
    case 'type':
      return typeOf(value);
    case 'flight':
    case 'seq':
      return rangeOf(key, value);
    case 'side':
      return value === 'client' || value === 'server' ? { kind: 'side', side: value } : 'a side is client or server';
    case 'size':
    case 'frag':
      return bytesOf(key, value);
    case 'dup':
    case 'lost':
    case 'resent':
    case 'dropped':
      return value === 'yes' || value === 'no' ? { kind: key, wanted: value === 'yes' } : `${key} is yes or no`;
    case 'alert':
      return alertOf(value);
    default:
      return 'filters are type, flight, side, size, frag, dup, resent, lost, dropped, seq and alert';
  }
}

function wordOf(token: string): Test | string {
  if (token === '') return 'a minus stands before what is not wanted';
  if (!/^0x/i.test(token)) return { kind: 'word', word: token.toLowerCase() };
  const digits = token.slice(2);
  if (!/^([0-9a-f]{2})+$/i.test(digits)) return 'bytes are two hexadecimal digits each';
  return { kind: 'bytes', bytes: Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)) };
}

function typeOf(value: string): Test | string {
  const message = numberIn(handshakeTypes, value);
  if (message !== undefined) return { kind: 'message', type: message };
  const content = value === 'data' ? ContentType.applicationData : numberIn(contentTypes, value);
  if (content !== undefined) return { kind: 'content', type: content };
  return 'a type is a message as RFCs name it (client_hello, certificate…), or handshake, alert, change_cipher_spec, data';
}

function rangeOf(kind: 'flight' | 'seq', value: string): Test | string {
  const [, low, high] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(value) ?? [];
  if (low === undefined) return `${kind} is a number or a range: ${kind}:4, ${kind}:1-9`;
  const first = Number(low);
  const last = high === undefined ? first : Number(high);
  return first > last ? 'this range ends before it begins' : { kind, first, last };
}

function bytesOf(kind: 'size' | 'frag', value: string): Test | string {
  const [, sign, digits] = /^([<>]=?|=)?(\d{1,9})$/.exec(value) ?? [];
  if (digits === undefined) return `${kind} is compared with a number of bytes: ${kind}:>500, ${kind}:<100`;
  const how = (['>', '<', '>=', '<='] as const).find((one) => one === sign) ?? '=';
  return { kind, how, bytes: Number(digits) };
}

function alertOf(value: string): Test | string {
  if (value === '*') return { kind: 'alert', description: undefined };
  const description = numberIn(alertDescriptions, value);
  return description === undefined
    ? 'an alert is * for any, or named as RFCs do: close_notify, handshake_failure…'
    : { kind: 'alert', description };
}

function meets(test: Test, datagram: DatagramView, around: Around): boolean {
  const { records } = datagram;
  switch (test.kind) {
    case 'message':
      return records.some(({ fragments }) => fragments.some(({ message }) => message === test.type));
    case 'content':
      return records.some((record) => contentOf(record) === test.type);
    case 'flight':
      return datagram.flight !== undefined && datagram.flight >= test.first && datagram.flight <= test.last;
    case 'seq':
      return datagram.packet >= test.first && datagram.packet <= test.last;
    case 'side':
      return datagram.from === test.side;
    case 'size':
      return compares(datagram.size, test.how, test.bytes);
    case 'frag':
      return records.some(({ fragments }) => fragments.some(({ length }) => compares(length, test.how, test.bytes)));
    case 'dup':
      return bringsNews(datagram) !== test.wanted;
    case 'lost':
      return wasLost(datagram) === test.wanted;
    case 'resent':
      return datagram.attempt > 0 === test.wanted;
    case 'dropped':
      return around.dropped.has(datagram.packet) === test.wanted;
    case 'any':
      return test.tests.some((one) => meets(one, datagram, around));
    case 'alert':
      return records.some((record) =>
        test.description === undefined
          ? contentOf(record) === ContentType.alert
          : record.alert?.description === test.description,
      );
    case 'bytes':
      return holds(datagram.bytes, test.bytes);
    case 'word':
      return records.some((record) => isNamed(record, test.word));
    default:
      return unreachable(test);
  }
}

/** A DTLS 1.3 ciphertext hides its type until it is opened (RFC 9147 §4). */
const contentOf = ({ type, contentType }: RecordView): number => contentType ?? type;

const contentTypeName = nameIn(contentTypes, 2);
const alertName = nameIn(alertDescriptions, 2);

function isNamed(record: RecordView, word: string): boolean {
  if (contentTypeName(contentOf(record)).includes(word)) return true;
  for (const { name } of record.fragments) if (name.includes(word)) return true;
  return record.alert !== undefined && alertName(record.alert.description).includes(word);
}

function compares(size: number, how: Comparison, bytes: number): boolean {
  switch (how) {
    case '>':
      return size > bytes;
    case '<':
      return size < bytes;
    case '>=':
      return size >= bytes;
    case '<=':
      return size <= bytes;
    case '=':
      return size === bytes;
    default:
      return unreachable(how);
  }
}

function holds(bytes: Uint8Array, wanted: Uint8Array): boolean {
  const first = wanted[0] ?? 0;
  for (let at = bytes.indexOf(first); at >= 0 && at + wanted.length <= bytes.length; at = bytes.indexOf(first, at + 1))
    if (wanted.every((byte, i) => bytes[at + i] === byte)) return true;
  return false;
}
