/** What must hold for the tree of byte ranges of any input, whether it could be decoded or not. */

/** What codecs, certificates and the inspector have in common. */
export interface Ranged {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly children: readonly Ranged[];
}

/** Leaves in order. */
export function leavesOf<N extends { readonly children: readonly N[] }>(node: N): N[] {
  return node.children.length === 0 ? [node] : node.children.flatMap(leavesOf);
}

/** A node and all below it, from the top. */
export function nodesOf<N extends { readonly children: readonly N[] }>(node: N): N[] {
  return [node, ...node.children.flatMap(nodesOf)];
}

/**
 * The first place where a tree does not tile `length` bytes: leaves touch, in order, from first to last byte, and every
 * node spans exactly its children. `undefined` when all is well.
 */
export function tilingFault(root: Ranged, length: number): string | undefined {
  if (root.start !== 0 || root.end !== length) return `root is [${root.start}, ${root.end}) of ${length} bytes`;
  return spanFault(root);
}

function spanFault(node: Ranged): string | undefined {
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
