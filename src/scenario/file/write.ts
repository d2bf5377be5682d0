/**
 * A scenario as the text of a file that makes the same run: YAML that any of its parsers reads, in the order of the option
 * table, with what differs from the defaults alone. No secret is in it: a token and a relay's password are named by
 * environment variable, and pasted keys by the file that they have to be saved in.
 */

import { fileFor } from '../commandLine.ts';
import { type OptionName, optionTable } from '../options.ts';
import { formOf, type Scenario } from '../scenario.ts';
import { formatTarget } from '../target.ts';
import { formatTurnUrl, parseTurnUrl } from '../turnUrl.ts';
import type { BothSides, Expectation } from './expectation.ts';
import { fileVersion } from './read.ts';

/** Longer lists have a line for each item. Characters */
const longestLine = 100;

/** What a file says besides its run. */
export interface Said {
  readonly name: string;
  readonly about: string;
  readonly expectation: Expectation;
}

/** `dtlscope run` makes the same run of it. `undefined` for `serve`, and for targets that only a browser has. */
export function toScenarioText(scenario: Scenario, said?: Said): string | undefined {
  const { target, options } = scenario;
  if (target === undefined || target.kind === 'browser' || target.kind === 'page') return undefined;
  const given = formOf(scenario);
  const lines = [
    `version: ${fileVersion}`,
    ...(said ? [`name: ${scalar(said.name)}`, `about: ${scalar(said.about)}`] : []),
    `target: ${scalar(formatTarget(target))}`,
  ];
  for (const name of Object.keys(optionTable) as OptionName[]) {
    const texts = given[name];
    if (name === 'expect' && said) lines.push(...expected(said.expectation));
    else if (name === 'token' && options.token !== undefined) lines.push('token: { env: DTLSCOPE_TOKEN }');
    else if (name === 'turn' && options.turn?.password !== undefined)
      lines.push(`turn: { url: ${scalar(texts?.[0] ?? '')}, password: { env: DTLSCOPE_TURN_PASSWORD } }`);
    else if (texts !== undefined) lines.push(...field(name, texts));
  }
  return `${lines.join('\n')}\n`;
}

function expected({ outcome, findings, datagrams, retransmissions }: Expectation): readonly string[] {
  const group = (name: string, fields: readonly string[], indent: string): readonly string[] =>
    fields.length === 0 ? [] : [`${indent}${name}:`, ...fields.map((field) => `${indent}  ${field}`)];
  const ids = (name: keyof typeof findings): readonly string[] =>
    findings[name].length === 0 ? [] : [`${name}: [${findings[name].map(scalar).join(', ')}]`];
  const sides = (bounds: BothSides): readonly string[] =>
    (['client', 'server'] as const).flatMap((side) => {
      const { least, most } = bounds[side];
      const parts = [
        ...(least === undefined ? [] : [`least: ${least}`]),
        ...(most === undefined ? [] : [`most: ${most}`]),
      ];
      return parts.length === 0 ? [] : [`${side}: { ${parts.join(', ')} }`];
    });
  return group(
    'expect',
    [
      `outcome: ${outcome}`,
      ...group('findings', [...ids('must'), ...ids('mustNot')], ''),
      ...group('datagrams', sides(datagrams), ''),
      ...group('retransmissions', sides(retransmissions), ''),
    ],
    '',
  );
}

/**
 * One field as lines of a file, from the texts that a form or a command line has for it: right or wrong, they are not read
 * here. Secrets are named, as in a whole file.
 */
export function fieldLines(name: OptionName | 'target', texts: readonly string[]): readonly string[] {
  if (name === 'target') return [`target: ${scalar(texts[0] ?? '')}`];
  if (name === 'token') return ['token: { env: DTLSCOPE_TOKEN }'];
  if (name === 'turn') {
    const relay = parseTurnUrl(texts[0] ?? '');
    // One that can't be read may hold a password anywhere.
    if (!relay.ok) return ['turn: ""'];
    const url = scalar(formatTurnUrl(relay.server));
    return relay.server.password === undefined
      ? [`turn: ${url}`]
      : [`turn: { url: ${url}, password: { env: DTLSCOPE_TURN_PASSWORD } }`];
  }
  return field(name, texts);
}

function field(name: OptionName, texts: readonly string[]): readonly string[] {
  const { description } = optionTable[name].type;
  const [text = ''] = texts;
  switch (description.kind) {
    case 'integer':
    case 'number':
      return [`${name}: ${/^\d+(?:\.\d+)?(?:[A-Za-z]+)?$/.test(text) ? text : scalar(text)}`];
    case 'choice':
      // Parsers of YAML 1.1 take "on" for a boolean, others for text.
      return [`${name}: ${text === 'on' ? 'true' : text === 'off' ? 'false' : scalar(text)}`];
    case 'text':
      return [`${name}: ${scalar(text)}`];
    case 'list':
      return list(name, text === 'none' ? [] : text.split(','));
    case 'files': {
      const pasted = texts.filter((one) => one.includes('-----BEGIN'));
      const note = pasted.length > 0 ? [`# Save what was pasted as ${fileFor(name, text)}, beside this file.`] : [];
      return [
        ...note,
        ...list(
          name,
          texts.map((one) => fileFor(name, one)),
        ),
      ];
    }
    case 'several':
    case 'fingerprints':
    case 'rules':
      return list(name, texts);
  }
}

function list(name: string, items: readonly string[]): readonly string[] {
  const line = `${name}: [${items.map(scalar).join(', ')}]`;
  return line.length <= longestLine ? [line] : [`${name}:`, ...items.map((item) => `  - ${scalar(item)}`)];
}

/** A text that every YAML parser takes for just that: in quotes unless it can be nothing else. JSON's quotes are YAML's. */
const scalar = (text: string): string =>
  /^[A-Za-z][\w./@+-]*(?::[\w./@+-]+)*$/.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text)
    ? text
    : JSON.stringify(text);
