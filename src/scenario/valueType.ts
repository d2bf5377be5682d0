/**
 * Kinds of option values: how the command line spells one, what is accepted, and what a form needs to know to offer it.
 * A value is a list of texts on the command line, one for each time the flag stands there; most kinds want exactly one.
 */
import type { Fingerprint } from '../engine/api.ts';
import type { LinkRule } from '../link/api.ts';
import { numberIn, type Registry } from '../wire/registry.ts';
import { formatFingerprint, parseFingerprint } from '../x509/fingerprint.ts';
import { formatLink, linkPresetIds, linkPresets, parseLink } from './linkPresets.ts';
import { alternatives, nearest, suggest } from './nearest.ts';
import { bad, good, type Parsed, type Problem } from './problem.ts';
import { formatStep, mostSteps, parseStep, type Step } from './stepGrammar.ts';
import { stepForms, stepKinds } from './stepTable.ts';
import { formatTurnUrl, parseTurnUrl, type TurnServer } from './turnUrl.ts';

/** What a form shows; plain data. */
export type ValueDescription =
  | {
      readonly kind: 'integer';
      readonly min: number;
      readonly max: number;
      readonly unit: Unit | undefined;
      readonly optional: boolean;
    }
  | { readonly kind: 'number'; readonly min: number; readonly max: number }
  | { readonly kind: 'choice'; readonly choices: readonly Choice[] }
  /** Several of these, in order of preference, separated by commas; "none" for an empty list. */
  | { readonly kind: 'list'; readonly choices: readonly string[]; readonly open: boolean }
  | { readonly kind: 'text'; readonly optional: true }
  /** Given several times: file names on the command line, the PEM text itself in a form. */
  | { readonly kind: 'files' }
  /** Any of these, each given by itself or several with commas between them. */
  | { readonly kind: 'several'; readonly choices: readonly Choice[] }
  | { readonly kind: 'fingerprints' }
  /** One a line; `named` are ready-made ones, or sets of them, which a form offers under `title`. */
  | {
      readonly kind: 'rules';
      readonly named: readonly Choice[];
      readonly title: string;
      readonly example: string;
    };
export type Unit = 'ms' | 'bytes';
export interface Choice {
  readonly value: string;
  readonly help: string;
  /** What a long list is parted by. */
  readonly group?: string;
}

export interface ValueType<T> {
  readonly description: ValueDescription;
  /** What stands for the value in usage lines: `<bytes>`. */
  readonly placeholder: string;
  /** What the flag means where it stands alone, as it does on a command line; without this, a value has to follow. */
  readonly bare?: string;
  /** `where` is the flag, for the problem. An empty list never comes here: it means the default. */
  parse(texts: readonly string[], where: string): Parsed<T>;
  /** The texts that `parse` reads back; none for "not set". */
  format(value: T): readonly string[];
}

/** Lets `parse` of one text refuse a flag that stands there twice: neither value could be ignored in good faith. */
const single =
  <T>(parse: (text: string, where: string) => Parsed<T>): ValueType<T>['parse'] =>
  (texts, where) => {
    const [text, second] = texts;
    if (second !== undefined) return bad(where, texts.join(' '), 'is given more than once');
    return parse(text ?? '', where);
  };

/** Reads all texts, and reports the problems of all. */
const each =
  <T>(parse: (text: string, where: string) => Parsed<T>): ValueType<readonly T[]>['parse'] =>
  (texts, where) => {
    const values: T[] = [];
    const problems: Problem[] = [];
    for (const text of texts) {
      const parsed = parse(text, where);
      if (parsed.ok) values.push(parsed.value);
      else problems.push(...parsed.problems);
    }
    return problems.length > 0 ? { ok: false, problems } : good(values);
  };

const units: Readonly<Record<Unit, Readonly<Record<string, number>>>> = {
  ms: { ms: 1, s: 1000, min: 60_000 },
  bytes: { B: 1, KB: 1000, KiB: 1024 },
};

function parseInteger(text: string, where: string, min: number, max: number, unit: Unit | undefined): Parsed<number> {
  const allowed = `${min} to ${max}${unit === undefined ? '' : ` ${unit}`}`;
  const [, digits = '', suffix = ''] = /^(\d+(?:\.\d+)?)([A-Za-z]*)$/.exec(text) ?? [];
  const scale = suffix === '' ? 1 : unit && units[unit][suffix];
  if (digits === '') return bad(where, text, 'is not a whole number', { allowed });
  if (scale === undefined) {
    const known = unit ? `; units: ${Object.keys(units[unit]).join(', ')}` : '';
    return bad(where, text, 'has a unit that is not known', { allowed: `${allowed}${known}` });
  }
  const value = Number(digits) * scale;
  if (!Number.isInteger(value)) return bad(where, text, 'is not a whole number', { allowed });
  if (value < min) return bad(where, text, 'is too small', { allowed });
  if (value > max) return bad(where, text, 'is too large', { allowed });
  return good(value);
}

/** A whole number in [min, max]; times may be written `2s`, sizes `1KB`. */
export const integer = (min: number, max: number, unit?: Unit): ValueType<number> => ({
  description: { kind: 'integer', min, max, unit, optional: false },
  placeholder: unit ?? 'n',
  parse: single((text, where) => parseInteger(text, where, min, max, unit)),
  format: (value) => [String(value)],
});

/** A whole number that may be left out. */
export const optionalInteger = (min: number, max: number, unit?: Unit): ValueType<number | undefined> => ({
  description: { kind: 'integer', min, max, unit, optional: true },
  placeholder: unit ?? 'n',
  parse: single((text, where) => parseInteger(text, where, min, max, unit)),
  format: (value) => (value === undefined ? [] : [String(value)]),
});

/** A decimal number in [min, max]. */
export const decimal = (min: number, max: number): ValueType<number> => ({
  description: { kind: 'number', min, max },
  placeholder: 'factor',
  parse: single((text, where) => {
    const allowed = `${min} to ${max}`;
    if (!/^\d+(\.\d+)?$/.test(text)) return bad(where, text, 'is not a number', { allowed });
    const value = Number(text);
    return value < min || value > max
      ? bad(where, text, `is too ${value < min ? 'small' : 'large'}`, { allowed })
      : good(value);
  }),
  format: (value) => [String(value)],
});

/** One of a closed set. */
export const choice = <C extends string>(help: Readonly<Record<C, string>>): ValueType<C> => {
  const values = Object.keys(help) as C[];
  return {
    description: { kind: 'choice', choices: values.map((value) => ({ value, help: help[value] })) },
    placeholder: values.length <= 3 ? values.join('|') : 'name',
    parse: single((text, where) => {
      const found = values.find((value) => value === text.toLowerCase());
      return found === undefined
        ? bad(where, text, `is not known${suggest(text, values)}`, { allowed: values.join(', ') })
        : good(found);
    }),
    format: (value) => [value],
  };
};

/** One of a closed set, or nothing. */
export const optionalChoice = <C extends string>(help: Readonly<Record<C, string>>): ValueType<C | undefined> => {
  const inner = choice(help);
  return { ...inner, format: (value) => (value === undefined ? [] : inner.format(value)) };
};

/**
 * Any of a closed set, in any number: with commas between them, or the flag given again. What is not known is refused with
 * the names that are nearest, and with where all of them are explained.
 */
export const several = <C extends string>(
  choices: readonly (Choice & { readonly value: C })[],
  explained: string,
): ValueType<readonly C[]> => {
  const values = choices.map(({ value }) => value);
  const one = (text: string, where: string): Parsed<C> => {
    const found = values.find((value) => value === text.toLowerCase());
    if (found !== undefined) return good(found);
    const near = nearest(text, values, 3);
    return bad(where, text, `is not known${near.length > 0 ? ` (did you mean ${alternatives(near)}?)` : ''}`, {
      allowed: explained,
    });
  };
  return {
    description: { kind: 'several', choices },
    placeholder: 'name',
    parse: (texts, where) => {
      const parsed = each(one)(texts.flatMap(items), where);
      return parsed.ok ? good([...new Set(parsed.value)]) : parsed;
    },
    format: (value) => value,
  };
};

/** `on` or `off`. */
export const onOff = (on: string, off: string): ValueType<boolean> => {
  const inner = choice({ on, off });
  return {
    description: inner.description,
    placeholder: inner.placeholder,
    parse: (texts, where) => {
      const parsed = inner.parse(texts, where);
      return parsed.ok ? good(parsed.value === 'on') : parsed;
    },
    format: (value) => [value ? 'on' : 'off'],
  };
};

/** A flag that says "on" by standing there. */
export const flag = (on: string, off: string): ValueType<boolean> => ({ ...onOff(on, off), bare: 'on' });

const items = (text: string): string[] => (text === 'none' ? [] : text.split(',').map((item) => item.trim()));
const joined = (parts: readonly string[]): readonly string[] => [parts.length === 0 ? 'none' : parts.join(',')];

/** A list of words from a closed set, in order of preference. */
export const words = <C extends string>(known: readonly C[], least: number): ValueType<readonly C[]> => ({
  description: { kind: 'list', choices: known, open: false },
  placeholder: 'list',
  parse: single((text, where) => {
    const values: C[] = [];
    for (const item of items(text)) {
      const found = known.find((word) => word === item);
      if (found === undefined) return bad(where, item, 'is not known', { allowed: known.join(', ') });
      values.push(found);
    }
    return values.length < least ? bad(where, text, 'is an empty list', { allowed: known.join(', ') }) : good(values);
  }),
  format: joined,
});

/**
 * A list of numbers from an IANA registry, by name or as `0x…`. `offered` are those that a form offers; any other name of
 * the registry and any number is accepted, since what a peer makes of it may be the question.
 */
export const codes = (registry: Registry, offered: readonly number[], least: number): ValueType<readonly number[]> => {
  const names = Object.values(registry);
  const name = (code: number): string => registry[code] ?? `0x${code.toString(16).padStart(4, '0')}`;
  return {
    description: { kind: 'list', choices: offered.map(name), open: true },
    placeholder: 'names',
    parse: single((text, where) => {
      const allowed = `IANA names (${offered.slice(0, 2).map(name).join(', ')}…) or numbers such as 0x${(offered[0] ?? 0).toString(16).padStart(4, '0')}`;
      const values: number[] = [];
      for (const item of items(text)) {
        const code = /^0x[0-9a-f]{1,4}$/i.test(item) ? Number.parseInt(item.slice(2), 16) : numberIn(registry, item);
        if (code === undefined) return bad(where, item, `is not known${suggest(item, names)}`, { allowed });
        if (values.includes(code)) return bad(where, item, 'is in the list twice');
        values.push(code);
      }
      return values.length < least ? bad(where, text, 'is an empty list', { allowed }) : good(values);
    }),
    format: (value) => joined(value.map(name)),
  };
};

/** Free words separated by commas (ALPN names): 1 to 255 bytes of printable ASCII each. */
export const names: ValueType<readonly string[]> = {
  description: { kind: 'list', choices: [], open: true },
  placeholder: 'names',
  parse: single((text, where) => {
    for (const item of items(text))
      if (!/^[\x21-\x2b\x2d-\x7e]{1,255}$/.test(item))
        return bad(where, item, 'is not a protocol name', { allowed: '1 to 255 printable characters' });
    return good(items(text));
  }),
  format: joined,
};

/** A fault in a text, as the readers below `x509` report it. */
interface TextFault {
  readonly at?: number | undefined;
  readonly why: string;
}
const badRead = (where: string, given: string, { at, why }: TextFault): Parsed<never> =>
  bad(where, given, `is not right: ${why}`, at === undefined ? {} : { at });

/** Text with a grammar of its own: `check` answers what is wrong with it. */
export const text = (
  placeholder: string,
  check: (text: string) => TextFault | undefined,
): ValueType<string | undefined> => ({
  description: { kind: 'text', optional: true },
  placeholder,
  parse: single((given, where) => {
    const fault = given === '' ? { why: 'it is empty' } : check(given);
    return fault === undefined ? good(given) : badRead(where, given, fault);
  }),
  format: (value) => (value === undefined ? [] : [value]),
});

/** A bearer token or the like: taken, and never written again, so no form and no command line repeats it. */
export const secret: ValueType<string | undefined> = {
  description: { kind: 'text', optional: true },
  placeholder: 'token',
  parse: single((given, where) =>
    /^[\x21-\x7e]{1,8192}$/.test(given)
      ? good(given)
      : bad(where, '', 'is not one word of printable characters', { allowed: 'at most 8192 of them' }),
  ),
  format: () => [],
};

/** A TURN server with its credentials; its password is never written again. */
export const turnServer: ValueType<TurnServer | undefined> = {
  description: { kind: 'text', optional: true },
  placeholder: 'url',
  parse: single((given, where) => {
    const parsed = parseTurnUrl(given);
    return parsed.ok ? good(parsed.server) : bad(where, withoutPassword(given), `is no TURN server: ${parsed.why}`);
  }),
  format: (value) => (value === undefined ? [] : [formatTurnUrl(value)]),
};

/** For a problem that repeats what was given. */
const withoutPassword = (url: string): string => url.replace(/:[^:@]*@/, ':…@');

/** Files, in the order in which the flag stands there. */
export const files: ValueType<readonly string[]> = {
  description: { kind: 'files' },
  placeholder: 'file',
  parse: each((given, where) => (given === '' ? bad(where, given, 'is not a file') : good(given))),
  format: (value) => value,
};

/** As SDP writes them (RFC 8122 §5): `sha-256 AA:BB:…`; without a name the length decides. */
export const fingerprints: ValueType<readonly Fingerprint[]> = {
  description: { kind: 'fingerprints' },
  placeholder: 'hash',
  parse: each((given, where) => {
    const parsed = parseFingerprint(given);
    return parsed.ok ? good(parsed.fingerprint) : badRead(where, given, parsed.error);
  }),
  format: (value) => value.map(formatFingerprint),
};

/** Steps after the handshake, in their order, one for each time the flag stands there. */
export const steps: ValueType<readonly Step[]> = {
  description: {
    kind: 'rules',
    named: stepKinds.flatMap((kind) => stepForms[kind].map(({ example, about }) => ({ value: example, help: about }))),
    title: 'Steps to add',
    example: 'send=1000,echo=2s',
  },
  placeholder: 'step',
  parse: (texts, where) =>
    texts.length > mostSteps
      ? bad(where, '', `is given ${texts.length} times`, { allowed: `at most ${mostSteps} steps` })
      : each(parseStep)(texts, where),
  format: (value) => value.map(formatStep),
};

/** Link rules, one for each time the flag stands there, or networks by their names. */
export const linkRules: ValueType<readonly LinkRule[]> = {
  description: {
    kind: 'rules',
    named: linkPresetIds.map((value) => ({ value, help: linkPresets[value].about })),
    title: 'Networks with a name',
    example: 'loss=30%',
  },
  placeholder: 'rule',
  parse: (texts, where) => {
    const parsed = each(parseLink)(texts, where);
    return parsed.ok ? good(parsed.value.flat()) : parsed;
  },
  format: formatLink,
};
