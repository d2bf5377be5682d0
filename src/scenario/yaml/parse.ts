/**
 * YAML and JSON (which is YAML as well) as the tree that the reader of scenario files takes, with the place of every value.
 * What a configuration needs no more than a reader does (anchors, tags, several documents) is refused: such a file would
 * not say in one place what a run is made of.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, Scalar } from 'yaml';
import type { FileEntry, FileNode, FileProblem, Place } from '../file/tree.ts';

/** No scenario is longer; a mistaken path should not be read for long. Characters */
export const longestText = 1024 * 1024;
/** Groups within groups. */
const deepest = 32;

export type ParsedText =
  | { readonly ok: true; readonly root: FileNode }
  | { readonly ok: false; readonly problems: readonly FileProblem[] };

/** Reads the text of a file. */
export function parseScenarioText(text: string): ParsedText {
  const start: Place = { line: 1, column: 1 };
  if (text.length > longestText)
    return { ok: false, problems: [{ at: start, what: `is longer than ${longestText} characters` }] };
  const lineCounter = new LineCounter();
  const place = (offset: number): Place => {
    const { line, col } = lineCounter.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  let document: ReturnType<typeof parseDocument>;
  try {
    // Without pretty errors: those repeat the line, and a line may hold what nobody should read.
    document = parseDocument(text, { lineCounter, prettyErrors: false, version: '1.2', schema: 'core' });
  } catch (error) {
    // Nesting beyond the parser's own stack.
    return {
      ok: false,
      problems: [{ at: start, what: `can not be read: ${error instanceof Error ? error.name : 'too deep'}` }],
    };
  }
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0)
    return {
      ok: false,
      problems: faults.map(({ message, pos: [offset] }) => ({
        at: place(offset),
        what: `is not YAML: ${message.split('\n')[0]}`,
      })),
    };
  const problems: FileProblem[] = [];
  const wrong = (at: Place, what: string): FileNode => {
    problems.push({ at, what });
    return { kind: 'nothing', at };
  };
  const nodeOf = (node: Node | null, depth: number, otherwise: Place): FileNode => {
    const at = node?.range ? place(node.range[0]) : otherwise;
    if (depth > deepest) return wrong(at, `has more than ${deepest} groups within each other`);
    if (node === null) return { kind: 'nothing', at };
    if (isAlias(node)) return wrong(at, 'anchors and aliases are not read; write the value itself');
    if (node.anchor !== undefined) return wrong(at, 'anchors and aliases are not read; write the value itself');
    if (isScalar(node)) return scalarOf(node, at);
    if (isSeq(node))
      return { kind: 'list', at, items: node.items.map((item) => nodeOf(item as Node | null, depth + 1, at)) };
    if (!isMap(node)) return wrong(at, 'is neither a value, a list nor a group of fields');
    const entries = node.items.map(({ key, value }): FileEntry => {
      const name = isScalar(key) ? key : undefined;
      const keyAt = name?.range ? place(name.range[0]) : at;
      if (name === undefined || name.anchor !== undefined) wrong(keyAt, 'is no name of a field');
      return { name: String(name?.value ?? ''), at: keyAt, value: nodeOf(value as Node | null, depth + 1, keyAt) };
    });
    return { kind: 'map', at, entries };
  };
  const root = nodeOf(document.contents as Node | null, 0, start);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, root };
}

function scalarOf(node: Scalar, at: Place): FileNode {
  const { value, source, type } = node;
  if (value === null || value === undefined) return { kind: 'nothing', at };
  const kind =
    typeof value === 'number' || typeof value === 'bigint'
      ? 'number'
      : typeof value === 'boolean'
        ? 'boolean'
        : 'string';
  // `1.0` is the name of a version, and `0x1301` that of a suite: what was written counts.
  const text = kind === 'number' ? (source ?? String(value)) : String(value);
  const quoted = type === Scalar.QUOTE_DOUBLE || type === Scalar.QUOTE_SINGLE;
  const simple = type === Scalar.PLAIN || quoted;
  const inside = simple ? { line: at.line, column: at.column + (quoted ? 1 : 0) } : undefined;
  return { kind: 'text', text, type: kind, at, inside };
}
