/**
 * Changes single fields in the text of a scenario file, and leaves everything else as it was written: comments, order,
 * quotes, blank lines. So a form may stand beside the text and neither loses what only the other has.
 */
import { isMap, isScalar, type Pair, parse, parseDocument, type YAMLMap } from 'yaml';

/** A field of the file's top level: its new lines ("mtu: 300"), or nothing where it goes away. */
export type FieldEdits = ReadonlyMap<string, readonly string[] | undefined>;

interface Span {
  readonly name: string;
  readonly start: number;
  /** Behind the last character of the value. */
  readonly end: number;
}

/**
 * The text with the edits made; `order` says where a new field belongs. Undefined when the text is no group of fields that
 * could be edited.
 */
export function editFields(text: string, edits: FieldEdits, order: readonly string[]): string | undefined {
  if (edits.size === 0) return text;
  const document = parseDocument(text, { version: '1.2', schema: 'core', prettyErrors: false });
  if (document.errors.length > 0 || !isMap(document.contents)) return undefined;
  if (document.contents.flow === true) return editFlow(text, edits);
  let edited = text;
  for (const [name, lines] of edits) {
    const spans = spansOf(edited);
    if (spans === undefined) return undefined;
    edited = editBlock(edited, spans, name, lines, order);
  }
  return edited;
}

function spansOf(text: string): readonly Span[] | undefined {
  const { contents, errors } = parseDocument(text, { version: '1.2', schema: 'core', prettyErrors: false });
  if (errors.length > 0 || !isMap(contents)) return undefined;
  return (contents as YAMLMap).items.flatMap((pair) => spanOf(pair, text) ?? []);
}

function spanOf({ key, value }: Pair, text: string): Span | undefined {
  if (!isScalar(key) || !key.range) return undefined;
  const [start] = key.range;
  const range = (value as { readonly range?: readonly [number, number, number] } | null)?.range;
  // Without a value only the name and its colon stand there.
  const rough = range && range[1] > range[0] ? range[1] : text.indexOf(':', key.range[1]) + 1;
  return { name: String(key.value), start, end: start + text.slice(start, rough).trimEnd().length };
}

function editBlock(
  text: string,
  spans: readonly Span[],
  name: string,
  lines: readonly string[] | undefined,
  order: readonly string[],
): string {
  const found = spans.find((span) => span.name === name);
  if (found === undefined) return lines === undefined ? text : insert(text, spans, name, lines, order);
  const first = text.lastIndexOf('\n', found.start - 1) + 1;
  if (lines !== undefined) {
    const indent = text.slice(first, found.start);
    return text.slice(0, found.start) + lines.join(`\n${/^\s*$/.test(indent) ? indent : ''}`) + text.slice(found.end);
  }
  // Its line goes with it, and what was remarked behind it.
  return text.slice(0, first) + text.slice(lineEnd(text, found.end));
}

function insert(
  text: string,
  spans: readonly Span[],
  name: string,
  lines: readonly string[],
  order: readonly string[],
): string {
  const rank = (one: string): number => order.indexOf(one);
  const before = spans.filter((span) => rank(span.name) >= 0 && rank(span.name) < rank(name)).at(-1);
  const [anchor] = spans;
  const indent = anchor ? text.slice(text.lastIndexOf('\n', anchor.start - 1) + 1, anchor.start) : '';
  const block = lines.map((line) => `${/^\s*$/.test(indent) ? indent : ''}${line}\n`).join('');
  const at = before ? lineEnd(text, before.end) : anchor ? text.lastIndexOf('\n', anchor.start - 1) + 1 : text.length;
  const gap = at > 0 && text[at - 1] !== '\n' ? '\n' : '';
  return text.slice(0, at) + gap + block + text.slice(at);
}

/** Behind the line feed of the line in which `at` is. */
function lineEnd(text: string, at: number): number {
  const feed = text.indexOf('\n', at);
  return feed < 0 ? text.length : feed + 1;
}

/** JSON, or YAML in braces: it has no comments of its own lines, and is written anew. */
function editFlow(text: string, edits: FieldEdits): string {
  const values = [...edits].map(
    ([name, lines]) =>
      [name, lines && (parse(lines.join('\n'), { schema: 'core' }) as Record<string, unknown>)[name]] as const,
  );
  try {
    const object = new Map(Object.entries(JSON.parse(text) as Record<string, unknown>));
    for (const [name, value] of values)
      if (value === undefined) object.delete(name);
      else object.set(name, value);
    return `${JSON.stringify(Object.fromEntries(object), null, 2)}\n`;
  } catch {
    const document = parseDocument(text, { version: '1.2', schema: 'core' });
    for (const [name, value] of values)
      if (value === undefined) document.delete(name);
      else document.set(name, value);
    return document.toString({ lineWidth: 0 });
  }
}
