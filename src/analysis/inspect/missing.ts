/**
 * Trees of messages that are not all there. They are read with zeros in place of what is missing, so a field may only be
 * believed as long as nothing that decides the layout (a length, a type) is among the missing bytes; behind such a one
 * reading goes on where an enclosing length, which did come, says that the enclosing field ends.
 */
import type { Range } from '../../base/ranges.ts';
import { type Draft, leaf, unread } from './draft.ts';
import { rangeText } from './text.ts';

/** Leaves on whose value the layout of what follows depends. */
const decisive: ReadonlySet<string> = new Set(['length', 'extension_type', 'header']);
/** Those of them that say where the field around them ends. */
const delimiting: ReadonlySet<string> = new Set(['length', 'header']);

const lost = 'depends on bytes that are missing';

/** The tree with its missing ranges as leaves, and without what would rest on them. `missing` is sorted. */
export function markMissing(root: Draft, missing: readonly Range[]): Draft {
  if (missing.length === 0) return root;
  const { draft } = masked(root, missing, true);
  return draft;
}

/** `sure` is false when nobody can tell what follows `draft`. */
function masked(
  draft: Draft,
  missing: readonly Range[],
  endKnown: boolean,
): { readonly draft: Draft; readonly sure: boolean } {
  const holes = within(missing, draft.start, draft.end);
  if (holes.length === 0) return { draft, sure: true };
  if (draft.children.length === 0) return { draft: pierced(draft, holes), sure: !decisive.has(draft.name) };

  const children: Draft[] = [];
  let sure = true;
  let at = draft.start;
  for (const child of draft.children) {
    if (child.name === 'unparsed') sure = false;
    if (!sure) break;
    const inner = masked(child, missing, hasOwnEnd(child, missing));
    children.push(inner.draft);
    sure = inner.sure;
    at = inner.draft.end;
  }
  // What a whole says of itself would be said of zeros.
  const whole = { ...draft, value: undefined, label: undefined, problem: undefined };
  if (sure) return { draft: { ...whole, children: joined(children) }, sure };
  if (!endKnown) {
    const [only, ...more] = joined(children);
    const nothing = only?.kind === 'missing' && more.length === 0;
    return { draft: nothing ? only : { ...whole, end: at, children: joined(children) }, sure };
  }
  return { draft: { ...whole, children: joined([...children, ...pieces(at, draft.end, missing)]) }, sure: true };
}

/** Whether a field's own length, at its beginning, came. */
function hasOwnEnd({ children: [first] }: Draft, missing: readonly Range[]): boolean {
  return first !== undefined && delimiting.has(first.name) && within(missing, first.start, first.end).length === 0;
}

const within = (missing: readonly Range[], start: number, end: number): readonly Range[] =>
  missing
    .filter(([from, to]) => from < end && to > start)
    .map(([from, to]) => [Math.max(from, start), Math.min(to, end)]);

const gone = ([start, end]: Range): Draft =>
  leaf(`missing ${rangeText(start, end)}`, start, end, { kind: 'missing', problem: 'these bytes were never seen' });

/** A leaf that misses bytes: what is left of it, between what is not. */
function pierced(draft: Draft, holes: readonly Range[]): Draft {
  const [first] = holes;
  if (first && first[0] === draft.start && first[1] === draft.end) return gone(first);
  const children: Draft[] = [];
  let at = draft.start;
  const present = (to: number): void => {
    const value =
      draft.value instanceof Uint8Array ? draft.value.subarray(at - draft.start, to - draft.start) : undefined;
    if (at < to) children.push(leaf(`bytes ${rangeText(at, to)}`, at, to, { value }));
  };
  for (const hole of holes) {
    present(hole[0]);
    children.push(gone(hole));
    at = hole[1];
  }
  present(draft.end);
  return { ...draft, value: undefined, label: undefined, children };
}

/** Bytes whose meaning is lost, and those that are missing. */
function pieces(start: number, end: number, missing: readonly Range[]): Draft[] {
  const out: Draft[] = [];
  let at = start;
  for (const hole of within(missing, start, end)) {
    if (at < hole[0]) out.push(unread(at, hole[0], lost));
    out.push(gone(hole));
    at = hole[1];
  }
  if (at < end) out.push(unread(at, end, lost));
  return out;
}

/** Neighbours that are missing are missing as one. */
function joined(drafts: readonly Draft[]): readonly Draft[] {
  const out: Draft[] = [];
  for (const draft of drafts) {
    const last = out.at(-1);
    if (last?.kind === 'missing' && draft.kind === 'missing' && last.end === draft.start)
      out[out.length - 1] = gone([last.start, draft.end]);
    else out.push(draft);
  }
  return out;
}
