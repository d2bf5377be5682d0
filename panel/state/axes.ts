/**
 * What a sweep varies, as rows of a form: a field and its values, one a line. They are read from the file's tree and written
 * as its lines; what rows can't say (ranges, groups, a search) is left to the text.
 */
import { type FileNode, fileOptions, optionTable, sweepField } from '../../src/scenario/index.ts';

export interface Axis {
  /** A field, or empty while none is chosen. */
  readonly name: string;
  readonly values: readonly string[];
}

export interface Axes {
  readonly axes: readonly Axis[];
  /** Handshakes of a cell; empty for one. */
  readonly seeds: string;
  /** The text says more than rows can show. */
  readonly more: boolean;
}

export const noAxes: Axes = { axes: [], seeds: '', more: false };

/** What can be varied, in the order of the option table; the same that the reader takes. */
const kept: readonly string[] = ['repeat', 'until', 'expect', 'token', 'cert', 'key', 'turn'];
export const axisFields: readonly { readonly name: string; readonly label: string }[] = [
  { name: 'target', label: 'Target' },
  ...fileOptions.filter((name) => !kept.includes(name)).map((name) => ({ name, label: optionTable[name].label })),
];

/** Sweeps worth beginning with. */
export const suggestions: readonly { readonly title: string; readonly axes: Axes }[] = [
  {
    title: 'Packing against loss',
    axes: {
      axes: [
        { name: 'packing', values: ['packed', 'record'] },
        { name: 'link', values: ['loss=0%', 'loss=5%', 'loss=10%', 'loss=20%', 'loss=30%'] },
      ],
      seeds: '20',
      more: false,
    },
  },
  {
    title: 'Certificate against MTU',
    axes: {
      axes: [
        { name: 'certGen', values: ['ecdsa-p256', 'rsa-2048', 'rsa-4096', 'rsa-4096,chain=3'] },
        { name: 'mtu', values: ['300', '600', '1200', '1472'] },
      ],
      seeds: '1',
      more: false,
    },
  },
];

/** The rows of a file; undefined when it is no sweep. */
export function axesOf(root: FileNode | undefined): Axes | undefined {
  const sweep = root?.kind === 'map' ? root.entries.find(({ name }) => name === sweepField)?.value : undefined;
  if (sweep === undefined) return undefined;
  if (sweep.kind !== 'map') return { ...noAxes, more: sweep.kind !== 'nothing' };
  const axes: Axis[] = [];
  let seeds = '';
  let more = false;
  for (const { name, value } of sweep.entries)
    if (name === 'seeds' && value.kind === 'text') seeds = value.text;
    else if (value.kind === 'list' && value.items.every(({ kind }) => kind === 'text'))
      axes.push({ name, values: value.items.map((item) => (item.kind === 'text' ? item.text : '')) });
    else more = true;
  return { axes, seeds, more };
}

/** The lines of the file's field; undefined when nothing is varied. */
export function axisLines({ axes, seeds }: Axes): readonly string[] | undefined {
  const rows = axes.flatMap(({ name, values }) => {
    const given = values.map((value) => value.trim()).filter((value) => value !== '');
    return name === '' || given.length === 0 ? [] : [`  ${name}: [${given.map(scalar).join(', ')}]`];
  });
  if (rows.length === 0) return undefined;
  return [`${sweepField}:`, ...rows, ...(seeds.trim() === '' ? [] : [`  seeds: ${scalar(seeds.trim())}`])];
}

/** Versions are not numbers ("1.0"), and counts are. */
const scalar = (text: string): string =>
  /^\d{1,9}$/.test(text) || (/^[A-Za-z][\w+-]*$/.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text))
    ? text
    : /^(?:on|off)$/i.test(text)
      ? String(text.toLowerCase() === 'on')
      : JSON.stringify(text);
