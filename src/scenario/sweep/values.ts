/**
 * The values of an axis as a file writes them: a list, where a value may be a group with a label; a range of numbers, which
 * may stand inside a text (`"loss={}%"`); or, for several fields that go together, a list of groups of fields.
 */
import { checkedEntries, fieldsOf } from '../file/expectation.ts';
import { type FileEntry, type FileNode, kindOf, type Place } from '../file/tree.ts';
import { type OptionName, optionNames, optionTable } from '../options.ts';
import { type SweepSearch, sweepLimits } from './shape.ts';

type Wrong = (at: Place, what: string) => void;

/** A value of an axis: what it is called, and the fields that it sets, undefined for one that is left out. */
export interface AxisValue {
  readonly label: string;
  readonly at: Place;
  readonly sets: readonly { readonly name: string; readonly entry: FileEntry | undefined }[];
}

/** The text of a node as one writes it in a line: for labels, and to tell one plan from another. */
export function lineOf(node: FileNode): string {
  switch (node.kind) {
    case 'text':
      return node.text;
    case 'list':
      return node.items.length === 0 ? 'none' : node.items.map(lineOf).join(' + ');
    case 'map':
      return node.entries.map(({ name, value }) => `${name} ${lineOf(value)}`).join(', ');
    case 'nothing':
      return 'default';
  }
}

/** The values of one field. */
export function fieldValues(name: string, entry: FileEntry, wrong: Wrong): readonly AxisValue[] {
  const { value, at } = entry;
  const one = (label: string, node: FileNode): AxisValue => ({
    label,
    at: node.at,
    sets: [{ name, entry: node.kind === 'nothing' ? undefined : { name, at, value: node } }],
  });
  if (value.kind === 'map') {
    const range = readRange(name, value, wrong);
    return range === undefined ? [] : numbersOf(range, wrong, value.at).map((number) => range.at(number, at));
  }
  if (value.kind !== 'list') {
    wrong(value.at, `${name}: is ${kindOf(value)}, and should be a list of values, or a range: { from, to, step }`);
    return [];
  }
  return value.items.flatMap((item) => {
    if (item.kind !== 'map' || !isLabelled(item)) return [one(lineOf(item), item)];
    const fields = fieldsOf(item, name, ['label', 'value'], wrong);
    const [label, node] = [fields.get('label'), fields.get('value')];
    if (node === undefined) wrong(item.at, `${name}: a value with a label is written { label: …, value: … }`);
    const text = label === undefined ? undefined : labelOf(label, name, wrong);
    return node === undefined ? [] : [one(text ?? lineOf(node), node)];
  });
}

/** Groups are values of their own for fields such as `turn`. */
const isLabelled = (node: Extract<FileNode, { kind: 'map' }>): boolean =>
  node.entries.some(({ name }) => name === 'label' || name === 'value');

/** The values of several fields that go together. */
export function togetherValues(
  name: string,
  list: Extract<FileNode, { kind: 'list' }>,
  known: readonly string[],
  wrong: Wrong,
): readonly AxisValue[] {
  return list.items.flatMap((item) => {
    if (item.kind !== 'map') {
      wrong(item.at, `${name}: is ${kindOf(item)}, and should be a group of fields, with a label`);
      return [];
    }
    const entries = checkedEntries(item, name, ['label', ...known], wrong);
    const label = entries.find((entry) => entry.name === 'label');
    const sets = entries.filter((entry) => entry !== label);
    if (sets.length === 0) wrong(item.at, `${name}: sets no field`);
    const written = sets.map((entry) => `${entry.name} ${lineOf(entry.value)}`).join(', ');
    return [
      {
        label: (label && labelOf(label.value, name, wrong)) ?? written,
        at: item.at,
        sets: sets.map((entry) => ({ name: entry.name, entry: entry.value.kind === 'nothing' ? undefined : entry })),
      },
    ];
  });
}

function labelOf(node: FileNode, name: string, wrong: Wrong): string | undefined {
  if (node.kind === 'text' && node.text.trim() !== '' && node.text.length <= sweepLimits.label) return node.text;
  wrong(node.at, `${name}: a label is a text of at most ${sweepLimits.label} characters`);
  return undefined;
}

/** Numbers from one to another, and how each becomes a value of the field. */
export interface NumberRange {
  readonly from: number;
  readonly to: number;
  readonly by: { readonly kind: 'step' | 'factor'; readonly size: number } | undefined;
  readonly text: readonly string[] | null;
  /** The value for a number; `field` is where the field's name stands. */
  readonly at: (number: number, field: Place) => AxisValue;
}

/** Reads `{ from, to, step | factor, text, label }`. */
export function readRange(
  name: string,
  node: Extract<FileNode, { kind: 'map' }>,
  wrong: Wrong,
): NumberRange | undefined {
  const fields = fieldsOf(node, name, ['from', 'to', 'step', 'factor', 'text', 'label'], wrong);
  if (fields.size < node.entries.length) return undefined;
  const text = templateOf(fields.get('text'), name, wrong);
  const label = fields.get('label');
  if (text === 'wrong') return undefined;
  const field = optionNames.find((known) => known === name);
  const description = field && optionTable[field].type.description;
  const whole = description?.kind === 'integer';
  if (text === null && !whole && description?.kind !== 'number') {
    wrong(node.at, `${name}: is no number; say where in its text one goes, as in text: "${exampleOf(name)}"`);
    return undefined;
  }
  const numberOf = (part: string, required: boolean): number | undefined => {
    const given = fields.get(part);
    if (given === undefined) {
      if (required) wrong(node.at, `${name}: a range has from and to, and "${part}" is missing`);
      return undefined;
    }
    const number =
      given.kind === 'text' ? readNumber(given.text, text === null && whole ? field : undefined) : undefined;
    if (number === undefined) wrong(given.at, `${name}.${part}: "${lineOf(given)}" is no number`);
    return number;
  };
  const [from, to] = [numberOf('from', true), numberOf('to', true)];
  const [step, factor] = [numberOf('step', false), numberOf('factor', false)];
  const shown = label && (label.kind === 'text' && label.text.includes('{}') ? label.text : undefined);
  if (label && shown === undefined) wrong(label.at, `${name}: the label of a range has {} where the number goes`);
  if (from === undefined || to === undefined || (label && shown === undefined)) return undefined;
  const complain = (what: string): undefined => void wrong(node.at, `${name}: ${what}`);
  if (to < from) return complain(`ends, at ${to}, before it begins, at ${from}`);
  if (fields.has('step') && fields.has('factor')) return complain('goes by step or by factor, not by both');
  if (fields.has('step') && !(step !== undefined && step > 0)) return complain('a step is more than 0');
  if (fields.has('factor') && !(factor !== undefined && factor > 1 && from > 0))
    return complain('a factor is more than 1, and the range begins above 0');
  const fill = (template: string, number: number): string => template.replaceAll('{}', String(number));
  return {
    from,
    to,
    by: byOf(step, factor),
    text,
    at: (number, field) => {
      const scalar = (written: string): FileNode => ({
        kind: 'text',
        text: written,
        type: 'string',
        at: node.at,
        inside: undefined,
      });
      const items = (text ?? ['{}']).map((template) => scalar(fill(template, number)));
      const value: FileNode = items.length === 1 && items[0] ? items[0] : { kind: 'list', items, at: node.at };
      const sets = [{ name, entry: { name, at: field, value } }];
      return { label: shown === undefined ? lineOf(value) : fill(shown, number), at: node.at, sets };
    },
  };
}

/** The numbers of a range, both ends included where the steps reach the last. */
export function numbersOf({ from, to, by }: NumberRange, wrong: Wrong, at: Place): readonly number[] {
  if (by === undefined) {
    wrong(at, 'a range goes by a step or a factor, as in { from: 300, to: 1500, step: 100 }');
    return [];
  }
  const whole = Number.isInteger(from) && Number.isInteger(to) && (by.kind === 'factor' || Number.isInteger(by.size));
  const numbers: number[] = [];
  for (let index = 0; numbers.length <= sweepLimits.cells; index++) {
    const exact = by.kind === 'step' ? from + index * by.size : from * by.size ** index;
    const number = whole ? Math.round(exact) : Number(exact.toPrecision(12));
    if (number > to) return numbers;
    // A small factor gives the same whole number twice.
    if (number !== numbers.at(-1)) numbers.push(number);
  }
  wrong(at, `has more than ${sweepLimits.cells} values`);
  return [];
}

/** How a search is written down; what is wrong with it goes to `wrong`. */
export function searchOf(
  name: string,
  range: NumberRange,
  passRate: number,
  at: Place,
  wrong: Wrong,
): SweepSearch | null {
  const { from, to, by, text } = range;
  if (by?.kind === 'factor') wrong(at, `bisect.${name}: a search goes by a step, which is how exact its answer is`);
  const search = { name, from, to, step: by?.size ?? 1, text, passRate };
  const count = Math.floor((to - from) / search.step) + 1;
  if (count < 2) wrong(at, `bisect.${name}: there is nothing between ${from} and ${to} in steps of ${search.step}`);
  else if (count > sweepLimits.searched)
    wrong(at, `bisect.${name}: more than ${sweepLimits.searched} values to choose from; a larger step is exact enough`);
  else return search;
  return null;
}

const byOf = (step: number | undefined, factor: number | undefined): NumberRange['by'] =>
  step !== undefined
    ? { kind: 'step', size: step }
    : factor !== undefined
      ? { kind: 'factor', size: factor }
      : undefined;

/** A plain number; of a field of whole numbers also in its unit. */
function readNumber(text: string, field: OptionName | undefined): number | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  const parsed = field && optionTable[field].type.parse([text], optionTable[field].flag);
  return parsed?.ok && typeof parsed.value === 'number' ? parsed.value : undefined;
}

function templateOf(node: FileNode | undefined, name: string, wrong: Wrong): readonly string[] | null | 'wrong' {
  if (node === undefined) return null;
  const items = node.kind === 'list' ? node.items : [node];
  const texts = items.flatMap((item) => (item.kind === 'text' ? [item.text] : []));
  if (texts.length === items.length && texts.some((text) => text.includes('{}'))) return texts;
  wrong(
    node.at,
    `${name}.text: is a text, or a list of texts, with {} where the number goes, as in "${exampleOf(name)}"`,
  );
  return 'wrong';
}

const exampleOf = (name: string): string =>
  name === 'certGen' ? 'ecdsa-p256,size={}' : name === 'link' ? 'loss={}%' : '{}';
