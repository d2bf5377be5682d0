/**
 * Reads a scenario file: `version: 1`, a target, options by their names in the option table, and what is expected. Values
 * are checked by the table's own readers, so that a file, a command line and a form mean the same and say the same of the
 * same mistake. No secret stands in a file: tokens and passwords are named by environment variable, keys by file.
 */
import { type OptionName, optionNames, optionsOf, optionTable } from '../options.ts';
import type { Problem } from '../problem.ts';
import { type GivenOptions, readScenario, type Scenario } from '../scenario.ts';
import { parseTurnUrl } from '../turnUrl.ts';
import { checkedEntries, collector, type Expectation, expecting, fieldsOf, readExpectation } from './expectation.ts';
import { type FileEntry, type FileMap, type FileNode, type FileProblem, kindOf, type Place } from './tree.ts';

/** The version of the format that is written, and the only one that is read. */
export const fileVersion = 1;

/** Fields that are no options. */
export const ownFields = ['version', 'name', 'about', 'target', '$schema'] as const;

/** What makes a scenario file a sweep; `src/scenario/sweep` reads it. */
export const sweepField = 'sweep';

/** The options that a file may set, in the order of the table. */
export const fileOptions: readonly OptionName[] = optionsOf('probe');

export interface ScenarioFile {
  /** What to call it in lists. */
  readonly name: string | undefined;
  /** What it shows, for whoever reads the file or its report. */
  readonly about: string | undefined;
  readonly scenario: Scenario;
  readonly expectation: Expectation;
}

/** What a file refers to and does not hold. */
export interface Surroundings {
  /** The value of an environment variable. */
  readonly env: (name: string) => string | undefined;
  /** Where a file is that is named relative to the scenario's, and whether it is there. */
  readonly file: (path: string) => { readonly path: string; readonly found: boolean };
  /** What is said when one of them is missing, where that is not a terminal's word. */
  readonly lacks?: { readonly env: (name: string) => string; readonly file: (path: string) => string };
}

export type ReadFile =
  | { readonly ok: true; readonly file: ScenarioFile }
  | { readonly ok: false; readonly problems: readonly FileProblem[] };

/** Reads a file's tree; everything that is wrong is reported at once, in the order of the file. */
export function readScenarioFile(root: FileNode, around: Surroundings): ReadFile {
  if (root.kind !== 'map')
    return refuse(root.at, `is ${kindOf(root)}, and should be a group of fields that begins with version: 1`);
  const version = root.entries.find(({ name }) => name === 'version');
  if (!version) return refuse(root.at, `"version" is missing; this dtlscope writes and reads version: ${fileVersion}`);
  const { value } = version;
  const sweep = root.entries.find(({ name }) => name === sweepField);
  if (sweep) return refuse(sweep.at, `"${sweepField}" makes this a matrix of scenarios: dtlscope sweep runs it`);
  // In a file of another version other fields may mean other things.
  if (value.kind !== 'text' || value.text !== String(fileVersion)) {
    const given = value.kind === 'text' ? `"${value.text}" is not known` : `is ${kindOf(value)}`;
    return refuse(value.at, `version: ${given}; this dtlscope reads version: ${fileVersion}`);
  }
  return new Reader(root, around).read();
}

const refuse = (at: Place, what: string): ReadFile => ({ ok: false, problems: [{ at, what }] });

/** The texts of a field, each with the node that it stands in. */
interface Given {
  readonly entry: FileEntry;
  readonly texts: readonly { readonly text: string; readonly node: FileNode }[];
}

class Reader {
  readonly #root: FileMap;
  readonly #around: Surroundings;
  readonly #collected = collector();
  readonly #given = new Map<string, Given>();

  constructor(root: FileMap, around: Surroundings) {
    this.#root = root;
    this.#around = around;
  }

  read(): ReadFile {
    const known = [...ownFields, ...fileOptions];
    let expectation = expecting('established');
    let name: string | undefined;
    let about: string | undefined;
    for (const entry of checkedEntries(this.#root, '', known, this.#wrong)) {
      if (entry.name === 'name') name = this.#words(entry);
      else if (entry.name === 'about') about = this.#words(entry);
      else if (entry.name === '$schema') this.#words(entry);
      else if (entry.name === 'expect') expectation = readExpectation(entry.value, this.#wrong);
      else if (entry.name === 'target') this.#target(entry);
      else {
        const option = fileOptions.find((one) => one === entry.name);
        if (option !== undefined) this.#option(option, entry);
      }
    }
    if (!this.#root.entries.some((entry) => entry.name === 'target'))
      this.#wrong(this.#root.at, '"target" is missing, as in target: sim');
    const scenario = this.#scenario(expectation);
    const { problems } = this.#collected;
    if (problems.length > 0 || scenario === undefined)
      return { ok: false, problems: [...problems].sort((a, b) => a.at.line - b.at.line || a.at.column - b.at.column) };
    return { ok: true, file: { name, about, scenario, expectation } };
  }

  readonly #wrong = (at: Place, what: string): void => this.#collected.wrong(at, what);

  #words({ name, value }: FileEntry): string | undefined {
    if (value.kind === 'text') return value.text;
    this.#wrong(value.at, `${name}: is ${kindOf(value)}, and should be text`);
    return undefined;
  }

  #target(entry: FileEntry): void {
    const text = this.#words(entry);
    if (text === undefined) return;
    // A description is found beside the scenario, as certificates are.
    const description = /^sdp:(?!-$)(.+)$/s.exec(text)?.[1];
    const place = description === undefined ? text : `sdp:${this.#around.file(description).path}`;
    this.#given.set('target', { entry, texts: [{ text: place, node: entry.value }] });
  }

  #option(name: OptionName, entry: FileEntry): void {
    const { description } = optionTable[name].type;
    const { value } = entry;
    const keep = (texts: Given['texts']): void => void this.#given.set(name, { entry, texts });
    if (name === 'token') {
      const token = this.#reference(entry, 'DTLSCOPE_TOKEN');
      if (token !== undefined) keep([{ text: token, node: value }]);
      return;
    }
    if (name === 'turn') {
      const turn = this.#turn(entry);
      if (turn !== undefined) keep([{ text: turn, node: value }]);
      return;
    }
    const many = description.kind !== 'choice' && description.kind !== 'text' && !('unit' in description);
    const items = value.kind === 'list' && many && description.kind !== 'number' ? value.items : [value];
    const texts = items.flatMap((node) => {
      if (node.kind !== 'text') {
        const wanted = many && node === value ? 'text, or a list of texts' : 'one value';
        this.#wrong(node.at, `${name}: is ${kindOf(node)}, and should be ${wanted}`);
        return [];
      }
      // What a flag says by standing there, a file says with true.
      const text = node.type === 'boolean' && isOnOff(name) ? (node.text === 'true' ? 'on' : 'off') : node.text;
      return [{ text: description.kind === 'files' ? this.#file(name, text, node) : text, node }];
    });
    if (texts.length < items.length) return;
    // An empty list of rules or quirks means none of them, which is what leaving the field out means.
    if (description.kind === 'list' && value.kind === 'list')
      keep([{ text: texts.length === 0 ? 'none' : texts.map(({ text }) => text).join(','), node: value }]);
    else keep(texts);
  }

  /** A secret by the name of its environment variable. */
  #reference({ name, value }: FileEntry, example: string): string | undefined {
    const how = `name the environment variable that has it: ${name}: { env: ${example} }`;
    if (value.kind === 'text') {
      this.#wrong(value.at, `${name}: holds a secret, which has no place in a file; ${how}`);
      return undefined;
    }
    const variable = fieldsOf(value, name, ['env'], this.#wrong).get('env');
    if (value.kind !== 'map') return undefined;
    if (variable?.kind !== 'text' || variable.type !== 'string' || !/^[A-Za-z_]\w*$/.test(variable.text)) {
      this.#wrong((variable ?? value).at, `${name}: names no environment variable; ${how}`);
      return undefined;
    }
    const found = this.#around.env(variable.text);
    if (found === undefined || found === '')
      this.#wrong(
        variable.at,
        `${name}: ${this.#around.lacks?.env(variable.text) ?? `the environment has no ${variable.text}`}`,
      );
    return found === '' ? undefined : found;
  }

  /** `turn: URL`, or `{ url, password: { env } }`; the URL has no password in it. */
  #turn(entry: FileEntry): string | undefined {
    const { value } = entry;
    const fields = value.kind === 'map' ? fieldsOf(value, 'turn', ['url', 'password'], this.#wrong) : undefined;
    const url = fields === undefined ? value : fields.get('url');
    if (url?.kind !== 'text') {
      this.#wrong((url ?? value).at, 'turn: has no URL, as in turn:USER@HOST:PORT');
      return undefined;
    }
    const parsed = parseTurnUrl(url.text);
    if (
      !parsed.ok ? url.text.includes('@') && /:[^:@/]+:[^@]*@/.test(url.text) : parsed.server.password !== undefined
    ) {
      this.#wrong(
        url.at,
        'turn: holds a password, which has no place in a file; write turn: { url: "turn:USER@HOST:PORT", password: { env: DTLSCOPE_TURN_PASSWORD } }',
      );
      return undefined;
    }
    const password = fields?.get('password');
    if (password === undefined || !parsed.ok) return url.text;
    const { username } = parsed.server;
    if (username === undefined) {
      this.#wrong(password.at, 'turn.password: there is no user in the URL that it could be of');
      return undefined;
    }
    const secret = this.#reference(
      { name: 'turn.password', at: password.at, value: password },
      'DTLSCOPE_TURN_PASSWORD',
    );
    if (secret === undefined) return undefined;
    return url.text.replace(/@(?=[^@]*$)/, `:${encodeURIComponent(secret)}@`);
  }

  #file(name: OptionName, text: string, node: FileNode): string {
    if (text.includes('-----BEGIN')) {
      const what = name === 'key' ? 'holds a private key itself, which has no place in a file' : 'holds PEM text';
      this.#wrong(node.at, `${name}: ${what}; give the name of the file that has it`);
      return '';
    }
    const { path, found } = this.#around.file(text);
    if (!found) this.#wrong(node.at, `${name}: ${this.#around.lacks?.file(path) ?? `there is no file ${path}`}`);
    return path;
  }

  /** The options as a whole; what is wrong with them is told where the field stands. */
  #scenario(expectation: Expectation): Scenario | undefined {
    if (this.#collected.problems.length > 0) {
      // Values are checked all the same, one by one: who mends a file wants to know everything.
      for (const name of fileOptions) this.#checkAlone(name);
      return undefined;
    }
    const given: Partial<Record<OptionName, readonly string[]>> = { expect: [expectation.outcome] };
    for (const name of fileOptions) {
      const texts = this.#given.get(name)?.texts.map(({ text }) => text);
      if (texts !== undefined && texts.length > 0) given[name] = texts;
    }
    const target = this.#given.get('target')?.texts[0]?.text;
    const read = readScenario('probe', target, given satisfies GivenOptions);
    if (read.ok) return read.value;
    for (const problem of read.problems) this.#tell(problem);
    return undefined;
  }

  #checkAlone(name: OptionName): void {
    const texts = this.#given.get(name)?.texts.map(({ text }) => text);
    if (texts === undefined || texts.length === 0) return;
    const parsed = optionTable[name].type.parse(texts, optionTable[name].flag);
    if (!parsed.ok) for (const problem of parsed.problems) this.#tell(problem);
  }

  #tell({ where, given, what, allowed, at }: Problem): void {
    const field =
      where === 'TARGET' ? 'target' : (optionNames.find((name) => optionTable[name].flag === where) ?? where);
    const found = this.#given.get(field);
    const item = found?.texts.find(({ text }) => text === given)?.node ?? found?.entry.value;
    const shown = given === '' ? 'nothing' : `"${given}"`;
    const said = `${field}: ${shown} ${what}${allowed === undefined ? '' : `; allowed: ${allowed}`}`;
    this.#wrong(placeIn(item, at) ?? this.#root.at, asFields(said));
  }
}

const isOnOff = (name: OptionName): boolean => {
  const { description } = optionTable[name].type;
  return description.kind === 'choice' && description.choices.every(({ value }) => value === 'on' || value === 'off');
};

/** Where in a text something is wrong. */
function placeIn(node: FileNode | undefined, at: number | undefined): Place | undefined {
  if (node?.kind !== 'text' || at === undefined || node.inside === undefined) return node?.at;
  return { line: node.inside.line, column: node.inside.column + at };
}

/** Flags are called by what they are called in a file. */
const asFields = (text: string): string =>
  text.replace(/--[a-z]+(?:-[a-z]+)*/g, (flag) => optionNames.find((name) => optionTable[name].flag === flag) ?? flag);
