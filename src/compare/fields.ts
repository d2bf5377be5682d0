/**
 * Two messages of the same name, field by field. The fields are those of the inspector, so every message that can be looked
 * into can be compared. Lists are compared as what is in them and in which order; what is fresh in every handshake counts
 * by its length alone.
 */
import { bodyFields } from '../analysis/inspect/body.ts';
import type { Draft } from '../analysis/inspect/draft.ts';
import { valueText } from '../analysis/inspect/text.ts';
import { equal } from '../base/bytes.ts';
import type { BodyContext } from '../wire/handshake.ts';
import type { Difference } from './model.ts';

export type FieldDifference = Pick<Difference, 'weight' | 'field' | 'a' | 'b'>;

/** A message's body, and what decides its layout. */
export interface Body {
  readonly type: number;
  readonly bytes: Uint8Array;
  readonly context: BodyContext;
}

/** Differences of two bodies of one type, in the order of the fields. */
export function compareBodies(a: Body, b: Body): FieldDifference[] {
  const tree = ({ type, bytes, context }: Body): Draft => bodyFields(type, context, bytes, [0, bytes.length]);
  return compare({ draft: tree(a), bytes: a.bytes }, { draft: tree(b), bytes: b.bytes }, []);
}

interface Node {
  readonly draft: Draft;
  readonly bytes: Uint8Array;
}

/** Made anew in every handshake; their length is a choice of the stack. */
const freshWithLength = new Set(['session_id', 'cookie', 'ticket', 'key_exchange']);
/** Made anew, and as long as the mathematics made them. */
const fresh = new Set([
  'random',
  'signature',
  'verify_data',
  'public',
  'ecdh_Yc',
  'dh_Yc',
  'dh_Ys',
  'encrypted_pre_master_secret',
  'identities',
  'binders',
  'ticket_age_add',
  'ticket_nonce',
]);

function compare(a: Node, b: Node, path: readonly string[]): FieldDifference[] {
  if (equal(slice(a), slice(b))) return [];
  const { name } = a.draft;
  if (fresh.has(name)) return [{ weight: 'expected', field: pathText(path, name), a: 'fresh', b: 'fresh' }];
  if (freshWithLength.has(name)) return [freshDifference(a, b, pathText(path, name))];
  const [listA, listB] = [elements(a), elements(b)];
  if (listA.length + listB.length > 0 && (listA.length > 0 || isEmptyList(a)) && (listB.length > 0 || isEmptyList(b)))
    return compareLists(listA, listB, path);
  return compareParts(a, b, path);
}

/** Parts by their names; what only one side has is told as a whole. */
function compareParts(a: Node, b: Node, path: readonly string[]): FieldDifference[] {
  const [inA, inB] = [parts(a), parts(b)];
  if (inA.length === 0 || inB.length === 0) return [valueDifference(a, b, path)];
  const out: FieldDifference[] = [];
  const names = [...new Set([...inA, ...inB].map(({ draft }) => draft.name))];
  for (const name of names) {
    const one = inA.find(({ draft }) => draft.name === name);
    const other = inB.find(({ draft }) => draft.name === name);
    const inside = wrappers.has(name) ? path : [...path, name];
    if (one && other) out.push(...compare(one, other, inside));
    else
      out.push({
        weight: 'real',
        field: pathText(inside),
        a: presence(one),
        b: presence(other),
      });
  }
  return out;
}

const presence = (node: Node | undefined): string => {
  if (!node) return 'not there';
  const { name, start, end } = node.draft;
  return fresh.has(name) || freshWithLength.has(name) ? `${end - start} bytes` : textOf(node);
};

/** What elements are called by, their order, and then what is inside of those that both have. */
function compareLists(a: readonly Node[], b: readonly Node[], path: readonly string[]): FieldDifference[] {
  const [namesA, namesB] = [keys(a), keys(b)];
  const field = pathText(path);
  const out: FieldDifference[] = [];
  const onlyA = namesA.filter((name) => !namesB.includes(name));
  const onlyB = namesB.filter((name) => !namesA.includes(name));
  const both = (names: readonly string[], others: readonly string[]): string[] =>
    names.filter((name) => others.includes(name));
  const [commonA, commonB] = [both(namesA, namesB), both(namesB, namesA)];
  if (onlyA.length + onlyB.length > 0)
    out.push({ weight: 'real', field, a: onlyText(onlyA, commonA.length), b: onlyText(onlyB, commonB.length) });
  if (commonA.join() !== commonB.join())
    out.push({ weight: 'minor', field: `${field}, order`, a: listText(commonA), b: listText(commonB) });
  for (const [i, name] of namesA.entries()) {
    const [one, other] = [a[i], b[namesB.indexOf(name)]];
    if (one && other && one.draft.children.length > 0 && other.draft.children.length > 0)
      out.push(...compareParts(one, other, [...path, name]));
  }
  return out;
}

const onlyText = (only: readonly string[], common: number): string =>
  only.length > 0
    ? `only here: ${listText(only)}`
    : common === 0
      ? 'nothing'
      : `nothing of its own (${common} in both)`;

function freshDifference(a: Node, b: Node, field: string): FieldDifference {
  const [lengthA, lengthB] = [dataLength(a), dataLength(b)];
  const text = (length: number): string => (length === 0 ? 'none' : `${length} bytes`);
  return { weight: lengthA === lengthB ? 'expected' : 'minor', field, a: text(lengthA), b: text(lengthB) };
}

const valueDifference = (a: Node, b: Node, path: readonly string[]): FieldDifference => ({
  weight: 'real',
  field: pathText(path),
  a: textOf(a),
  b: textOf(b),
});

/** Fields around others that have no name that anybody looks for. */
const wrappers = new Set(['extension_data', 'data', 'params']);
/** What follows from the rest, or is the key of a list's element. */
const derived = new Set(['length', 'extension_type']);

const slice = ({ draft, bytes }: Node): Uint8Array => bytes.subarray(draft.start, draft.end);
const within = (node: Node, draft: Draft): Node => ({ draft, bytes: node.bytes });
const parts = (node: Node): Node[] =>
  node.draft.children.filter(({ name }) => !derived.has(name)).map((child) => within(node, child));
const elements = (node: Node): Node[] =>
  node.draft.children.filter(({ name }) => /\[\d+\]$/.test(name)).map((child) => within(node, child));
const isEmptyList = ({ draft }: Node): boolean => draft.children.every(({ name }) => name === 'length');
const dataLength = (node: Node): number =>
  parts(node)[0] === undefined
    ? node.draft.end - node.draft.start
    : parts(node).reduce((sum, { draft }) => sum + draft.end - draft.start, 0);

/** Names of a list's elements; one that comes twice is numbered. */
function keys(list: readonly Node[]): string[] {
  const seen = new Map<string, number>();
  return list.map((node) => {
    const name = keyOf(node);
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return times === 1 ? name : `${name} (${times})`;
  });
}

function keyOf(node: Node): string {
  const { label, children, start, end } = node.draft;
  const code = node.bytes[start] ?? 0;
  // RFC 8701 §2: values that are there to keep the other side tolerant, drawn anew each time.
  if (end - start >= 2 && (code & 0x0f) === 0x0a && code === node.bytes[start + 1]) return 'GREASE';
  if (label !== undefined) return label;
  const named = children.find((child) => child.label !== undefined);
  return named?.label ?? textOf(node);
}

function textOf(node: Node): string {
  const { label, value, start, end } = node.draft;
  if (label !== undefined) return label;
  const simple = value === undefined || typeof value === 'object' ? undefined : valueText(value, end - start);
  return simple ?? shortHex(slice(node));
}

const shownBytes = 16;
const shortHex = (bytes: Uint8Array): string =>
  bytes.length === 0
    ? 'nothing'
    : `${Array.from(bytes.subarray(0, shownBytes), (byte) => byte.toString(16).padStart(2, '0')).join(' ')}${bytes.length > shownBytes ? ` … (${bytes.length} bytes)` : ''}`;

const shownNames = 40;
const listText = (names: readonly string[]): string =>
  names.length > shownNames
    ? `${names.slice(0, shownNames).join(', ')} and ${names.length - shownNames} more`
    : names.join(', ');

const pathText = (path: readonly string[], last?: string): string => {
  const names = last === undefined || path.at(-1) === last ? path : [...path, last];
  return names.length === 0 ? 'the message' : names.join(', ');
};
