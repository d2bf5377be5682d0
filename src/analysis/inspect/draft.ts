/**
 * Trees on their way to the inspector. A draft may leave gaps, empty fields and sections out; `finish` fills gaps, drops
 * what has no bytes, gives each field its path, its section (its own or the nearest ancestor's) and its sentence of help.
 */
import type { Range } from '../../base/ranges.ts';
import { type Codec, dissect } from '../../codec/codec.ts';
import type { FieldNode } from '../../codec/tree.ts';
import type { Place } from '../../trace/buffers.ts';
import { fieldHelp } from '../../wire/fieldHelp.ts';
import type { FieldKind, FieldTree } from './model.ts';
import { printable, valueText } from './text.ts';

export interface Draft {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly kind?: FieldKind;
  /** As decoded; turned into text at the end. */
  readonly value?: unknown;
  readonly label?: string | undefined;
  readonly problem?: string | undefined;
  readonly see?: string | undefined;
  readonly leadsTo?: Place | undefined;
  readonly children: readonly Draft[];
}

/** A field without parts. */
export const leaf = (name: string, start: number, end: number, more: Omit<Partial<Draft>, 'children'> = {}): Draft => ({
  ...more,
  name,
  start,
  end,
  children: [],
});

/** Bytes that could not be understood. */
export const unread = (start: number, end: number, problem: string): Draft =>
  leaf('unparsed', start, end, { kind: 'unread', problem });

/** A field tree that begins `shift` bytes into its buffer. */
export const shifted = (node: FieldNode & { readonly problem?: string }, shift: number): Draft => ({
  ...node,
  start: node.start + shift,
  end: node.end + shift,
  children: node.children.map((child) => shifted(child, shift)),
});

/**
 * What a codec reads in [start, end) of a buffer. When it fails, the fields up to the fault, and one leaf that says why
 * the rest could not be read.
 */
export function fieldsOf<T>(
  codec: Codec<T>,
  name: string,
  bytes: Uint8Array,
  [start, end]: Range,
): { readonly draft: Draft; readonly value: T | undefined } {
  const result = dissect(codec, name, bytes.subarray(start, end));
  const root = shifted(result.root, start);
  if (result.ok) return { draft: { ...root, end }, value: result.value };
  return { draft: { ...blamed(root, result.error.message), end }, value: undefined };
}

/** The tracer calls what a failed walk left open `malformed`, and what was not read `unparsed`. */
function blamed(draft: Draft, why: string): Draft {
  const children = draft.children.map((child) => blamed(child, why));
  if (draft.name === 'unparsed') return { ...draft, kind: 'unread', problem: why, children };
  return draft.label === 'malformed' ? { ...draft, label: undefined, problem: why, children } : { ...draft, children };
}

/** Names without the number of an element, or the range of a piece. */
const bare = (name: string): string => name.replace(/\[\d+\]$| \[\d+, \d+\)$/, '');

/** The tree that views show. */
export function finish(root: Draft): FieldTree {
  return finished(root, '', root.see ?? 'RFC 6347', []);
}

function finished(draft: Draft, parent: string, inherited: string, names: readonly string[], ordinal = 0): FieldTree {
  const own = ordinal === 0 ? draft.name : `${draft.name}#${ordinal + 1}`;
  const id = parent === '' ? own : `${parent}.${own}`;
  const see = draft.see ?? inherited;
  const path = [...names.slice(-1), bare(draft.name)];
  const children = withoutGaps(draft);
  const used = new Map<string, number>();
  return {
    id,
    name: draft.name,
    start: draft.start,
    end: draft.end,
    kind: draft.kind ?? 'field',
    value: valueText(draft.value, draft.end - draft.start),
    label: draft.label === undefined ? undefined : printable(draft.label),
    problem: draft.problem === undefined ? undefined : printable(draft.problem),
    see,
    help: fieldHelp(path, draft.label),
    leadsTo: draft.leadsTo,
    children: children.map((child) => {
      const before = used.get(child.name) ?? 0;
      used.set(child.name, before + 1);
      return finished(child, id, see, path, before);
    }),
  };
}

/** Children without empty ones, with a leaf for every byte between and behind them. */
function withoutGaps(draft: Draft): readonly Draft[] {
  const out: Draft[] = [];
  let at = draft.start;
  for (const child of draft.children) {
    if (child.end <= child.start) continue;
    if (child.start > at) out.push(unread(at, child.start, 'not part of any field'));
    out.push(child);
    at = child.end;
  }
  if (out.length > 0 && at < draft.end) out.push(unread(at, draft.end, 'not part of any field'));
  return out;
}
