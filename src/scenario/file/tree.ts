/**
 * A scenario file as it was written: values with the place of each. Whatever the notation was (YAML, JSON), the reader sees
 * this; so `src/scenario` needs no parser of either, and every problem has its line and column.
 */

/** Both from 1, as editors count. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export type FileNode = FileText | FileList | FileMap | { readonly kind: 'nothing'; readonly at: Place };
/** A scalar, as it is spelt: `1.0` stays "1.0". */
export interface FileText {
  readonly kind: 'text';
  readonly text: string;
  /** What the notation takes it for. */
  readonly type: 'string' | 'number' | 'boolean';
  readonly at: Place;
  /** The characters of `text` stand there one by one from this place on; undefined where escapes part them. */
  readonly inside: Place | undefined;
}
export interface FileList {
  readonly kind: 'list';
  readonly items: readonly FileNode[];
  readonly at: Place;
}
export interface FileMap {
  readonly kind: 'map';
  readonly entries: readonly FileEntry[];
  readonly at: Place;
}
export interface FileEntry {
  readonly name: string;
  /** Of the name. */
  readonly at: Place;
  readonly value: FileNode;
}

/** What is wrong with a file, and where. One line, without the value of anything secret. */
export interface FileProblem {
  readonly at: Place;
  readonly what: string;
}

/** What a node is, for people. */
export function kindOf(node: FileNode): string {
  switch (node.kind) {
    case 'text':
      return node.type === 'string' ? 'text' : `a ${node.type}`;
    case 'list':
      return 'a list';
    case 'map':
      return 'a group of fields';
    case 'nothing':
      return 'nothing';
  }
}
