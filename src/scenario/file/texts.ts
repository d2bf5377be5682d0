/**
 * What a file's tree says of each field, as texts and unchecked: what a form beside it shows, wrong values included. Whether
 * they are right is for the reader (`read.ts`).
 */
import { type OptionName, optionTable } from '../options.ts';
import { fileOptions } from './read.ts';
import type { FileNode } from './tree.ts';

export interface FileTexts {
  readonly target: string | undefined;
  readonly name: string | undefined;
  /** Options that are there. Secrets are named in a file, and have no text. */
  readonly options: ReadonlyMap<OptionName, readonly string[]>;
  /** All fields that are there, known or not. */
  readonly fields: ReadonlySet<string>;
}

export function textsOf(root: FileNode): FileTexts {
  const options = new Map<OptionName, readonly string[]>();
  const fields = new Map(root.kind === 'map' ? root.entries.map(({ name, value }) => [name, value] as const) : []);
  for (const name of fileOptions) {
    const node = fields.get(name);
    if (node !== undefined) options.set(name, optionTexts(name, node));
  }
  const word = (name: string): string | undefined => {
    const node = fields.get(name);
    return node?.kind === 'text' ? node.text : undefined;
  };
  return { target: word('target'), name: word('name'), options, fields: new Set(fields.keys()) };
}

function optionTexts(name: OptionName, node: FileNode): readonly string[] {
  if (name === 'token') return [];
  if (node.kind === 'map') {
    const url = name === 'turn' ? node.entries.find((entry) => entry.name === 'url')?.value : undefined;
    return url ? optionTexts(name, url) : [];
  }
  const { description } = optionTable[name].type;
  const items = node.kind === 'list' ? node.items : [node];
  const onOff = description.kind === 'choice' && description.choices.every(({ value }) => /^(?:on|off)$/.test(value));
  const texts = items.flatMap((item) =>
    item.kind !== 'text' ? [] : onOff && item.type === 'boolean' ? (item.text === 'true' ? 'on' : 'off') : item.text,
  );
  if (description.kind !== 'list') return texts;
  return [texts.length === 0 && node.kind === 'list' ? 'none' : texts.join(',')];
}
