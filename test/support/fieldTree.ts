/** What must hold for the tree of byte ranges of any input, whether it could be decoded or not. */
import type { FieldNode } from '../../src/codec/tree.ts';

/** Leaves in order. */
export function leavesOf(node: FieldNode): FieldNode[] {
  return node.children.length === 0 ? [node] : node.children.flatMap(leavesOf);
}

/**
 * The first place where a tree does not tile `length` bytes: leaves touch, in order, from first to last byte, and every
 * node spans exactly its children. `undefined` when all is well.
 */
export function tilingFault(root: FieldNode, length: number): string | undefined {
  if (root.start !== 0 || root.end !== length) return `root is [${root.start}, ${root.end}) of ${length} bytes`;
  return spanFault(root);
}

function spanFault(node: FieldNode): string | undefined {
  if (node.children.length === 0) return undefined;
  let at = node.start;
  for (const child of node.children) {
    if (child.start !== at) return `${child.name} begins at ${child.start}, not at ${at}`;
    const fault = spanFault(child);
    if (fault) return `${node.name}.${fault}`;
    at = child.end;
  }
  return at === node.end ? undefined : `${node.name} ends at ${node.end}, its last child at ${at}`;
}
