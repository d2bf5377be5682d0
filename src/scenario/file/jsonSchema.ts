/**
 * The JSON Schema of scenario files, for editors and other people's checks, made from the option table. The reader knows
 * more (what contradicts what, the ids of findings, the grammars of link rules and certificates): the schema refuses nothing that it takes.
 */
import { outcomes } from '../../diagnosis/model.ts';
import { type OptionName, optionTable } from '../options.ts';
import type { Json } from '../scenario.ts';
import { mostSteps } from '../stepGrammar.ts';
import { varied } from '../sweep/read.ts';
import type { ValueDescription } from '../valueType.ts';
import { mostCounted } from './expectation.ts';
import { fileOptions, fileVersion, sweepField } from './read.ts';

type Schema = { readonly [name: string]: Json };

/** What the reader takes as it is spelt: a name may be a year, a file may be called 2. */
const text: Schema = { type: ['string', 'number', 'boolean'] };
const variable: Schema = {
  type: 'object',
  properties: {
    env: { type: 'string', pattern: '^[A-Za-z_][A-Za-z0-9_]*$', description: 'the name of an environment variable' },
  },
  required: ['env'],
  additionalProperties: false,
};
const orList = (items: Schema): Schema => ({ anyOf: [items, { type: 'array', items }] });
const group = (properties: Schema, required: readonly string[] = []): Schema => ({
  type: 'object',
  properties,
  ...(required.length > 0 && { required }),
  additionalProperties: false,
});

/** The whole schema, draft 2020-12. */
export function scenarioSchema(): Schema {
  const options = Object.fromEntries(fileOptions.map((name) => [name, optionSchema(name)]));
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'A scenario of dtlscope',
    ...group(
      {
        $schema: text,
        version: { const: fileVersion, description: 'the version of this format' },
        name: { ...text, description: 'what to call it in lists' },
        about: { ...text, description: 'what it shows' },
        target: {
          ...text,
          description: 'HOST:PORT, [IPv6]:PORT, sim, sim:QUIRK, whip:URL, whep:URL or sdp:FILE',
        },
        ...options,
        expect: expectSchema(),
        [sweepField]: sweepSchema(),
      },
      ['version', 'target'],
    ),
  };
}

/** Axes of options by their names; other names are those of fields that go together. */
function sweepSchema(): Schema {
  const number: Schema = { type: ['number', 'string'] };
  const texts = orList({ type: 'string', pattern: '\\{\\}' });
  const range = (description: string, fields: Schema): Schema => ({
    description,
    ...group({ from: number, to: number, ...fields, text: texts, label: text }, ['from', 'to']),
  });
  const stepped = range('numbers from one to another; {} in text and label is where the number goes', {
    step: number,
    factor: number,
  });
  const fieldSchema = (name: (typeof varied)[number]): Schema => (name === 'target' ? text : optionSchema(name));
  const axis = (name: (typeof varied)[number]): Schema => {
    const value = fieldSchema(name);
    const labelled = group({ label: text, value: { anyOf: [value, { type: 'null' }] } }, ['value']);
    return { anyOf: [{ type: 'array', items: { anyOf: [value, { type: 'null' }, labelled] } }, stepped] };
  };
  const fields = Object.fromEntries(varied.map((name) => [name, { anyOf: [fieldSchema(name), { type: 'null' }] }]));
  const searched = Object.fromEntries(
    varied.map((name) => [name, range('where the threshold is looked for', { step: number })]),
  );
  return {
    description: 'makes the file a sweep: a field each with its values, every combination of which is a cell',
    type: 'object',
    properties: {
      ...Object.fromEntries(varied.map((name) => [name, axis(name)])),
      seeds: {
        type: 'integer',
        minimum: 1,
        maximum: 100_000,
        description: 'handshakes of a cell, each with its own seed',
      },
      bisect: {
        description: 'a field along which to look for the value where passing turns into failing',
        ...group({ ...searched, passRate: { type: 'string', pattern: '^[0-9.]+ ?%$' } }),
      },
    },
    additionalProperties: {
      description: 'fields that go together, under a name of their own',
      type: 'array',
      items: group({ label: text, ...fields }),
    },
  };
}

function optionSchema(name: OptionName): Schema {
  const { help, type } = optionTable[name];
  const description = `${help} (${optionTable[name].flag})`;
  if (name === 'token') return { ...variable, description };
  if (name === 'turn') return { description, anyOf: [text, group({ url: text, password: variable }, ['url'])] };
  return { description, ...valueSchema(type.description) };
}

function valueSchema(description: ValueDescription): Schema {
  switch (description.kind) {
    case 'integer': {
      const { min, max, unit } = description;
      const number = { type: 'integer', minimum: min, maximum: max };
      const units = unit === 'ms' ? '(ms|s|min)' : '(B|KB|KiB)';
      return {
        anyOf: [number, { type: 'string', pattern: `^[0-9]+(\\.[0-9]+)?${unit === undefined ? '' : `${units}?`}$` }],
      };
    }
    case 'number':
      return { type: 'number', minimum: description.min, maximum: description.max };
    case 'choice': {
      const values = description.choices.map(({ value }) => value);
      const onOff = values.every((value) => value === 'on' || value === 'off');
      return { enum: onOff ? [true, false, ...values] : values };
    }
    case 'list': {
      const { choices, open } = description;
      if (choices.length === 0) return orList(text);
      // The reader takes other names and numbers as well; an editor may offer those that are usual.
      const item: Schema = { anyOf: [{ enum: choices }, open ? { type: ['string', 'number'] } : { type: 'number' }] };
      return { anyOf: [{ type: 'array', items: item }, { type: ['string', 'number'] }] };
    }
    case 'several':
      return { anyOf: [{ type: 'array', items: { enum: description.choices.map(({ value }) => value) } }, text] };
    case 'text':
      return text;
    case 'files':
    case 'fingerprints':
    case 'rules':
      return orList(text);
  }
}

function expectSchema(): Schema {
  const outcome: Schema = { enum: outcomes };
  const digits: Schema = { type: 'string', pattern: '^[0-9]{1,6}$' };
  const count: Schema = { anyOf: [{ type: 'integer', minimum: 0, maximum: mostCounted }, digits] };
  const bounds: Schema = { anyOf: [count, group({ least: count, most: count })] };
  const sides = (description: string): Schema => ({ description, ...group({ client: bounds, server: bounds }) });
  // Every release knows more of them; the reader has the list, and docs/findings.md.
  const id: Schema = { type: 'string', pattern: '^[a-z0-9]+(-[a-z0-9]+)*$' };
  const ids = (description: string): Schema => ({ description, ...orList(id) });
  return {
    description: 'what counts as success; established when left out',
    anyOf: [
      outcome,
      group({
        outcome,
        findings: group({ must: ids('findings that have to appear'), mustNot: ids('findings that must not appear') }),
        datagrams: sides('DTLS datagrams that each side may send'),
        retransmissions: sides('flights that each side may send again'),
        steps: {
          description: 'how many of the steps have to be done; all when left out',
          anyOf: [{ const: 'all' }, { type: 'integer', minimum: 0, maximum: mostSteps }, digits],
        },
      }),
    ],
  };
}
