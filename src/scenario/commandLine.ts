/**
 * A scenario as the command line that repeats it, and back. What stands there runs verbatim in a POSIX shell; only options
 * that differ from their default are named.
 */
import { type Command, type OptionName, optionNames, optionTable } from './options.ts';
import { bad, type Parsed } from './problem.ts';
import { formOf, type GivenOptions, readScenario, type Scenario } from './scenario.ts';
import { formatTarget } from './target.ts';

/** `dtlscope probe 127.0.0.1:4433 --mtu 300 --link 'drop=certificate#1'` */
export function toCommandLine(scenario: Scenario): string {
  const target = scenario.target === undefined ? [] : [formatTarget(scenario.target)];
  const given = formOf(scenario);
  const flags = optionNames.flatMap((name) =>
    (given[name] ?? []).flatMap((text) => {
      const value = fileFor(name, text);
      const { flag, type } = optionTable[name];
      if (type.bare === value) return [flag];
      // A value that begins with a dash would be taken for a flag.
      return value.startsWith('-') ? [`${flag}=${value}`] : [flag, value];
    }),
  );
  return ['dtlscope', scenario.command, ...target, ...flags].map(quote).join(' ');
}

/** A form holds the PEM text itself, which no command line should; the file is for the reader to save. */
export const fileFor = (name: OptionName, text: string): string =>
  (name === 'cert' || name === 'key') && text.includes('-----BEGIN') ? `${name}.pem` : text;

/** One word for a POSIX shell. */
export const quote = (word: string): string =>
  /^[\w@%+:,./=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** Splits a line as a POSIX shell does, without expansions; `undefined` when a quote is not closed. */
export function splitWords(line: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let at = 0;
  const add = (text: string): void => {
    word = (word ?? '') + text;
  };
  while (at < line.length) {
    const char = line[at] ?? '';
    if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      at++;
    } else if (char === "'" || char === '"') {
      const end = char === "'" ? line.indexOf("'", at + 1) : closingQuote(line, at + 1);
      if (end < 0) return undefined;
      const inner = line.slice(at + 1, end);
      add(char === "'" ? inner : inner.replace(/\\([\\"$`])/g, '$1'));
      at = end + 1;
    } else if (char === '\\' && at + 1 < line.length) {
      add(line[at + 1] === '\n' ? '' : (line[at + 1] ?? ''));
      at += 2;
    } else {
      add(char);
      at++;
    }
  }
  return word === undefined ? words : [...words, word];
}

function closingQuote(line: string, from: number): number {
  for (let at = from; at < line.length; at++) {
    if (line[at] === '\\') at++;
    else if (line[at] === '"') return at;
  }
  return -1;
}

/** Reads a line that `toCommandLine` (or a person) wrote; `npx` before it is allowed. */
export function parseCommandLine(line: string): Parsed<Scenario> {
  const where = 'command line';
  const words = splitWords(line.trim().replace(/^\$\s+/, ''));
  if (words === undefined) return bad(where, line, 'has a quote that is not closed');
  if (words[0] === 'npx') words.shift();
  if (words.shift() !== 'dtlscope') return bad(where, line, 'does not begin with dtlscope');
  const command = words.shift();
  if (command !== 'probe' && command !== 'serve')
    return bad(where, command ?? '', 'is not a run', { allowed: 'probe, serve' });
  return readWords(command, words);
}

function readWords(command: Command, words: readonly string[]): Parsed<Scenario> {
  const given: Partial<Record<OptionName, string[]>> = {};
  let target: string | undefined;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (!word.startsWith('-')) {
      if (target !== undefined || command === 'serve') return bad('command line', word, 'is one word too many');
      target = word;
      continue;
    }
    const [flag, inline] = word.includes('=')
      ? [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]
      : [word, undefined];
    const name = optionNames.find((known) => optionTable[known].flag === flag);
    if (name === undefined) return bad('command line', word, 'is not an option');
    const { bare } = optionTable[name].type;
    // A target may follow such a flag, so no other word is taken for its value.
    const follows = bare === undefined || ['on', 'off'].includes(words[at + 1] ?? '');
    const value = inline ?? (follows ? words[++at] : bare);
    if (value === undefined) return bad(flag, '', 'needs a value');
    given[name] = [...(given[name] ?? []), value];
  }
  return readScenario(command, target, given satisfies GivenOptions);
}
