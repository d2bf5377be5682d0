/** Fields by place. All of it is pure, and takes time with the depth of the tree and the number of fields found. */
import type { FieldTree } from './model.ts';

/** The fields that hold the byte at `offset`, from the root to the innermost; empty outside the tree. */
export function pathAt(tree: FieldTree, offset: number): readonly FieldTree[] {
  if (offset < tree.start || offset >= tree.end) return [];
  const out = [tree];
  for (let at: FieldTree | undefined = tree; at; ) {
    at = childAt(at.children, offset);
    if (at) out.push(at);
  }
  return out;
}

/** The innermost field at `offset`. */
export const fieldAt = (tree: FieldTree, offset: number): FieldTree | undefined => pathAt(tree, offset).at(-1);

/** The innermost field that holds all of [start, end): what a selection of bytes is a part of. */
export function fieldAround(tree: FieldTree, start: number, end: number): FieldTree | undefined {
  return pathAt(tree, start).findLast((field) => field.end >= end);
}

/**
 * The fewest fields that cover [start, end): those that lie wholly inside, as large as can be, and the innermost ones that
 * the borders cut.
 */
export function fieldsCovering(tree: FieldTree, start: number, end: number): FieldTree[] {
  if (tree.end <= start || tree.start >= end) return [];
  const inside = tree.start >= start && tree.end <= end;
  if (inside || tree.children.length === 0) return [tree];
  const out: FieldTree[] = [];
  for (let i = firstEndingBehind(tree.children, start); i < tree.children.length; i++) {
    const child = tree.children[i];
    if (!child || child.start >= end) break;
    out.push(...fieldsCovering(child, start, end));
  }
  return out;
}

/** The fields from the root to the one with this id; empty when there is none. */
export function pathTo(tree: FieldTree, id: string): readonly FieldTree[] {
  const out: FieldTree[] = [];
  for (let at: FieldTree | undefined = tree; at; at = at.children.find((child) => leads(child.id, id))) {
    if (!leads(at.id, id)) return [];
    out.push(at);
  }
  return out.at(-1)?.id === id ? out : [];
}

/** Whether `id` is this one or a path below it. */
const leads = (own: string, id: string): boolean => id === own || id.startsWith(`${own}.`);

const childAt = (children: readonly FieldTree[], offset: number): FieldTree | undefined => {
  const child = children[firstEndingBehind(children, offset)];
  return child && child.start <= offset ? child : undefined;
};

/** Index of the first child that ends behind `offset`; children are in order. */
function firstEndingBehind(children: readonly FieldTree[], offset: number): number {
  let low = 0;
  let high = children.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((children[middle]?.end ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
