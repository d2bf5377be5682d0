/**
 * The scenario as the text of a file, beside the form: two views of one thing. A change of the form changes its fields in the
 * text and nothing else there; what is typed in the text is in the form at once, right or wrong. What only a file has (name,
 * expectation, comments, fields of the terminal) stays in the text. All of it pure; the parser comes in from outside, since
 * the panel loads it only when somebody looks.
 */
import {
  type Expectation,
  type FileNode,
  type FileProblem,
  fieldLines,
  fileOptions,
  type OptionName,
  ownFields,
  parseTurnUrl,
  type ReadFile,
  readScenarioFile,
  type Surroundings,
  sweepField,
  textsOf,
} from '../../src/scenario/index.ts';
import type { editFields } from '../../src/scenario/yaml/edit.ts';
import type { parseScenarioText } from '../../src/scenario/yaml/parse.ts';
import { type Axes, axisLines } from './axes.ts';
import { type FormState, formFromTexts, formTexts, inForm } from './form.ts';

/** What is loaded late. */
export interface TextTools {
  readonly parse: typeof parseScenarioText;
  readonly edit: typeof editFields;
}

export interface ScenarioText {
  readonly text: string;
  /** Undefined while the text can't be read at all. */
  readonly root: FileNode | undefined;
  readonly problems: readonly FileProblem[];
  readonly name: string | undefined;
  readonly about: string | undefined;
  /** What the file expects of its run; undefined when it says nothing of it, or is wrong. */
  readonly expectation: Expectation | undefined;
  /** It has a field that makes it a sweep; `problems` are then those of what all its cells have. */
  readonly sweeps: boolean;
  /** The form was changed while the text could not be read, and is ahead of it. */
  readonly apart: boolean;
  /** The file that it was read from. */
  readonly file: string | undefined;
}

/** Where a new field belongs. */
const order: readonly string[] = [...new Set(['$schema', ...ownFields, ...fileOptions, sweepField])];

/** The text of a form that has none yet. */
export function writtenAnew(form: FormState, tools: TextTools): ScenarioText {
  const text = `version: 1\n${fieldLines('target', [targetOf(form)])[0]}\n`;
  return take(tools.edit(text, editsBetween(undefined, form), order) ?? text, form, tools, undefined);
}

/** The text after a change of the form. */
export function followedBy(
  scenario: ScenarioText,
  before: FormState,
  after: FormState,
  tools: TextTools,
): ScenarioText {
  const edits = editsBetween(before, after);
  if (edits.size === 0) {
    // A pasted key or a secret is no text of the file, and may be what it lacked.
    return before.values === after.values ? scenario : { ...take(scenario.text, after, tools, scenario.file) };
  }
  const text = tools.edit(scenario.text, edits, order);
  return text === undefined ? { ...scenario, apart: true } : take(text, after, tools, scenario.file);
}

/** What is typed, and the form that says the same. An unreadable text leaves the form as it is. */
export function typedText(
  text: string,
  form: FormState,
  tools: TextTools,
  file?: string,
): { readonly scenario: ScenarioText; readonly form: FormState } {
  const parsed = tools.parse(text);
  if (!parsed.ok || parsed.root.kind !== 'map') return { scenario: take(text, form, tools, file), form };
  const next = formFromTexts(form, textsOf(parsed.root));
  return { scenario: take(text, next, tools, file), form: next };
}

function take(text: string, form: FormState, tools: TextTools, file: string | undefined): ScenarioText {
  const nothing = { name: undefined, about: undefined, expectation: undefined, sweeps: false, apart: false, file };
  const parsed = tools.parse(text);
  if (!parsed.ok) return { text, root: undefined, problems: parsed.problems, ...nothing };
  const { root } = parsed;
  const { fields } = textsOf(root);
  const sweeps = fields.has(sweepField);
  const read: ReadFile = readScenarioFile(sweeps ? withoutSweep(root) : root, around(root, form));
  if (!read.ok) return { text, root, problems: read.problems, ...nothing, sweeps };
  const { name, about, expectation } = read.file;
  const expects = fields.has('expect');
  return {
    ...{ text, root, problems: [], name, about, sweeps, apart: false, file },
    expectation: expects ? expectation : undefined,
  };
}

/** Fields that the panel keeps in the text and does not follow. */
export function terminalFields({ root }: ScenarioText): readonly string[] {
  if (root === undefined) return [];
  const { fields } = textsOf(root);
  return fileOptions.filter((name) => fields.has(name) && !inForm(name) && name !== 'expect');
}

/** Characters; a longer text is not remembered. */
const longestRemembered = 20_000;

/**
 * What may be kept between openings: a text that the reader has taken, in which no secret is, and in which something is that
 * no form has.
 */
export function rememberableText(scenario: ScenarioText | undefined): string | undefined {
  if (scenario?.root === undefined || scenario.problems.length > 0 || scenario.text.length > longestRemembered)
    return undefined;
  const { fields } = textsOf(scenario.root);
  const own = [...fields].some((name) => name !== 'version' && name !== 'target' && !inForm(name));
  return own || scenario.text.includes('#') ? scenario.text : undefined;
}

/** What all cells have, with the first value of what is varied and not there besides: a scenario of its own. */
function withoutSweep(root: FileNode): FileNode {
  if (root.kind !== 'map') return root;
  const entries = root.entries.filter(({ name }) => name !== sweepField);
  const sweep = root.entries.find(({ name }) => name === sweepField)?.value;
  const first = (sweep?.kind === 'map' ? sweep.entries : []).flatMap(({ name, at, value }) => {
    const item = value.kind === 'list' ? value.items[0] : undefined;
    const wanted = name === 'target' && item?.kind === 'text' && !entries.some((entry) => entry.name === name);
    return wanted ? [{ name, at, value: item }] : [];
  });
  return { ...root, entries: [...entries, ...first] };
}

/** The text with other axes; undefined when it can't be edited. */
export function withAxes(
  scenario: ScenarioText,
  axes: Axes,
  form: FormState,
  tools: TextTools,
): ScenarioText | undefined {
  const text = tools.edit(scenario.text, new Map([[sweepField, axisLines(axes)]]), order);
  return text === undefined ? undefined : take(text, form, tools, scenario.file);
}

/** The fields of which the form says something else than before; all that it says when there is no before. */
function editsBetween(
  before: FormState | undefined,
  after: FormState,
): ReadonlyMap<string, readonly string[] | undefined> {
  const was = before ? formTexts(before) : new Map<OptionName, readonly string[]>();
  const is = formTexts(after);
  const edits = new Map<string, readonly string[] | undefined>();
  if (before && targetOf(before) !== targetOf(after)) edits.set('target', fieldLines('target', [targetOf(after)]));
  for (const name of fileOptions) {
    const [old, now] = [was.get(name), is.get(name)].map((texts) => texts && linesOf(name, texts).join('\n'));
    if (old !== now) edits.set(name, now?.split('\n'));
  }
  return edits;
}

/** What a form holds of certificates and keys is pasted; a file names the file that it has to be saved in. */
const linesOf = (name: OptionName, texts: readonly string[]): readonly string[] =>
  name === 'cert' || name === 'key' ? [`${name}: ${name}.pem`] : fieldLines(name, texts);

const targetOf = ({ target }: FormState): string => (target.trim() === 'sdp:' ? 'sdp:-' : target.trim());

/** What the file refers to: secrets and keys are in the form, since a panel has neither environment nor files. */
export function around(root: FileNode, form: FormState): Surroundings {
  const fields = new Map(root.kind === 'map' ? root.entries.map(({ name, value }) => [name, value] as const) : []);
  const within = (node: FileNode | undefined, ...path: readonly string[]): FileNode | undefined =>
    path.reduce<FileNode | undefined>(
      (at, name) => (at?.kind === 'map' ? at.entries.find((entry) => entry.name === name)?.value : undefined),
      node,
    );
  const says = (node: FileNode | undefined, text: string): boolean =>
    node?.kind === 'text' ? node.text === text : node?.kind === 'list' && node.items.some((item) => says(item, text));
  const relay = parseTurnUrl(form.values.turn ?? '');
  return {
    env: (name) => {
      if (says(within(fields.get('token'), 'env'), name)) return form.values.token || undefined;
      const password = within(fields.get('turn'), 'password', 'env');
      return says(password, name) && relay.ok ? relay.server.password : undefined;
    },
    file: (path) => {
      const pasted = (['cert', 'key'] as const).find((name) => says(fields.get(name), path));
      return { path, found: pasted === undefined || (form.values[pasted] ?? '').trim() !== '' };
    },
    lacks: {
      env: (name) => `a panel has no environment with ${name}; type the secret into the form`,
      file: (path) => `a panel reads no files; paste what ${path} holds into the form, under Certificate`,
    },
  };
}

/**
 * Where the cursor belongs when a text was replaced: at the same characters. What is in between of what changed goes to the
 * beginning of it.
 */
export function movedCursor(before: string, after: string, at: number): number {
  const shorter = Math.min(before.length, after.length);
  let front = 0;
  while (front < shorter && before[front] === after[front]) front++;
  if (at <= front) return at;
  let back = 0;
  while (back < shorter - front && before[before.length - 1 - back] === after[after.length - 1 - back]) back++;
  return at >= before.length - back ? at + after.length - before.length : front;
}

/** The offset of a line and column in a text, both from 1; the nearest that there is. */
export function offsetOf(text: string, { line, column }: FileProblem['at']): number {
  const lines = text.split('\n');
  const above = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  return Math.min(above + Math.min(column - 1, lines[line - 1]?.length ?? 0), text.length);
}
