/**
 * A tree of fields as rows: which are open, what a key does, which bytes belong to which row. Pure; the view draws a
 * window of the rows. Keys are those of the tree pattern of WAI-ARIA.
 */
import type { FieldTree } from '../../src/analysis/inspect/model.ts';
import { pathTo } from '../../src/analysis/inspect/select.ts';

export interface FieldRow {
  readonly field: FieldTree;
  /** From 1, as aria-level counts. */
  readonly level: number;
  /** Undefined for a field without parts. */
  readonly open: boolean | undefined;
  /** Place among its siblings, from 1, and how many they are. */
  readonly place: number;
  readonly siblings: number;
}

/** The rows of a tree with these fields open; linear in the rows. */
export function fieldRows(tree: FieldTree, open: ReadonlySet<string>): FieldRow[] {
  const out: FieldRow[] = [];
  const walk = (field: FieldTree, level: number, place: number, siblings: number): void => {
    const isOpen = field.children.length === 0 ? undefined : open.has(field.id);
    out.push({ field, level, open: isOpen, place, siblings });
    if (!isOpen) return;
    for (const [i, child] of field.children.entries()) walk(child, level + 1, i + 1, field.children.length);
  };
  walk(tree, 1, 1, 1);
  return out;
}

/** A field that wraps everything below it into one part says little: it is opened along. */
const few = 12;

/** What is open when nobody chose: the root, and below it what is short enough to be read at a glance. */
export function openAtFirst(tree: FieldTree): ReadonlySet<string> {
  const out = new Set<string>([tree.id]);
  for (const child of tree.children) {
    if (child.children.length === 0 || child.children.length > few) continue;
    if (tree.children.length <= few) out.add(child.id);
  }
  return out;
}

/** The same, with the way to a field open as well; the same set when it was. */
export function openTo(tree: FieldTree, id: string, open: ReadonlySet<string>): ReadonlySet<string> {
  const way = pathTo(tree, id).slice(0, -1);
  if (way.every((field) => open.has(field.id))) return open;
  return new Set([...open, ...way.map((field) => field.id)]);
}

export function toggled(open: ReadonlySet<string>, id: string, to = !open.has(id)): ReadonlySet<string> {
  const next = new Set(open);
  if (to) next.add(id);
  else next.delete(id);
  return next;
}

export type TreeStep =
  | { readonly kind: 'go'; readonly id: string }
  | { readonly kind: 'open' | 'close'; readonly id: string };

const page = 10;

/** What a key does in the tree; undefined when it is not the tree's. `current` is the selected row's id. */
export function treeKey(rows: readonly FieldRow[], current: string | undefined, key: string): TreeStep | undefined {
  const at = rows.findIndex(({ field }) => field.id === current);
  const row = rows[at];
  const go = (index: number): TreeStep | undefined => {
    const next = rows[Math.min(Math.max(index, 0), rows.length - 1)];
    return next && { kind: 'go', id: next.field.id };
  };
  switch (key) {
    case 'ArrowDown':
      return go(at + 1);
    case 'ArrowUp':
      return go(at < 0 ? rows.length - 1 : at - 1);
    case 'PageDown':
      return go(at + page);
    case 'PageUp':
      return go(at - page);
    case 'Home':
      return go(0);
    case 'End':
      return go(rows.length - 1);
    case 'ArrowRight':
      if (!row) return go(0);
      if (row.open === false) return { kind: 'open', id: row.field.id };
      return row.open ? go(at + 1) : { kind: 'go', id: row.field.id };
    case 'ArrowLeft': {
      if (!row) return go(0);
      if (row.open) return { kind: 'close', id: row.field.id };
      const parent = rows.slice(0, at).findLastIndex(({ level }) => level < row.level);
      return go(parent < 0 ? at : parent);
    }
    default:
      return key.length === 1 && key !== ' ' ? typed(rows, at, key) : undefined;
  }
}

/** The next row, around the end, whose name begins with the letter. */
function typed(rows: readonly FieldRow[], at: number, letter: string): TreeStep | undefined {
  const wanted = letter.toLowerCase();
  for (let i = 1; i <= rows.length; i++) {
    const row = rows[(at + i + rows.length) % rows.length];
    if (row?.field.name.toLowerCase().startsWith(wanted)) return { kind: 'go', id: row.field.id };
  }
  return undefined;
}

/** A field in one line, for those who hear it: as it is read, then where its bytes are and what is wrong with it. */
export function fieldLabel({ name, label, value, problem, see, start, end }: FieldTree): string {
  const size = end - start;
  const bytes = size === 0 ? 'no bytes' : size === 1 ? `byte ${start}` : `bytes ${start} to ${end - 1}`;
  return [name, label, value, see, bytes, problem].filter((part) => part !== undefined && part !== '').join(', ');
}
