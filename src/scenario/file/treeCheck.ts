/** Whether what came over a port is the tree of a file: it was made by a parser elsewhere, and nothing else may be in it. */
import type { FileNode, Place } from './tree.ts';

/** Groups within groups. */
const deepest = 40;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isPlace = (value: unknown): value is Place =>
  isRecord(value) && Number.isSafeInteger(value['line']) && Number.isSafeInteger(value['column']);

export function isFileTree(value: unknown, depth = 0): value is FileNode {
  if (!isRecord(value) || depth > deepest || !isPlace(value['at'])) return false;
  const { kind, text, type, inside, items, entries } = value;
  switch (kind) {
    case 'nothing':
      return true;
    case 'text':
      return (
        typeof text === 'string' &&
        (type === 'string' || type === 'number' || type === 'boolean') &&
        (inside === undefined || isPlace(inside))
      );
    case 'list':
      return Array.isArray(items) && items.every((item) => isFileTree(item, depth + 1));
    case 'map':
      return (
        Array.isArray(entries) &&
        entries.every(
          (entry) =>
            isRecord(entry) &&
            typeof entry['name'] === 'string' &&
            isPlace(entry['at']) &&
            isFileTree(entry['value'], depth + 1),
        )
      );
    default:
      return false;
  }
}
