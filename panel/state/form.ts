/**
 * The run form as a value. Its fields come from the one option table, so every option of the terminal is here under the
 * same name; what is wrong is found by the same reader. Texts are kept as typed; an empty field means the default.
 */
import { type JsonValue, longestDescription, type RunRequest } from '../../src/bridge/panel.ts';
import { type DescriptionType, readDescription, type SdpProblem, unusableBecause, unwrap } from '../../src/ice/sdp.ts';
import {
  type Choice,
  defaultOptions,
  type FileTexts,
  formatTurnUrl,
  type Json,
  misplaced,
  type OptionGroup,
  type OptionName,
  optionGroups,
  optionsOf,
  optionTable,
  ourselves,
  type Parsed,
  type Problem,
  parseTurnUrl,
  presets,
  quirkIds,
  quirks,
  readForm,
  type Scenario,
  toCommandLine,
  toScenarioText,
  type ValueDescription,
} from '../../src/scenario/index.ts';
import { importCredential } from '../../src/x509/import.ts';
import { parseCredentialSpec } from '../../src/x509/spec.ts';

export type FieldName = OptionName | 'target' | 'description';

export interface FormState {
  readonly target: string;
  /** The peer's offer, for `sdp:`; empty when the first word is ours. Never remembered: it has passwords. */
  readonly description: string;
  readonly values: Readonly<Partial<Record<OptionName, string>>>;
  /** Where our certificate comes from; the fields of the other way are kept, but not sent. */
  readonly certificate: 'made' | 'pasted';
  /** Fields whose problems may be shown: left once, or all after Run. */
  readonly touched: readonly FieldName[];
  readonly submitted: boolean;
  /** What the background said against a field; goes when the field changes. */
  readonly refused: Readonly<Partial<Record<FieldName, string>>>;
  /** What a preset has just filled in; goes with the next change by hand. */
  readonly filled?: Filled | undefined;
}

/** What a preset changed, in the words of the command line. */
export interface Filled {
  readonly title: string;
  readonly changes: readonly Change[];
}
export interface Change {
  readonly flag: string;
  /** As the field spells it; the default where it is empty. */
  readonly from: string;
  readonly to: string;
}

export interface FormProblem {
  readonly option: string;
  readonly message: string;
}

export const emptyForm = (): FormState => ({
  target: 'sim',
  description: '',
  values: {},
  certificate: 'made',
  touched: [],
  submitted: false,
  refused: {},
});

export interface Field {
  readonly name: OptionName;
  readonly flag: string;
  readonly label: string;
  readonly help: string;
  readonly description: ValueDescription;
  /** The default, as the field would spell it. */
  readonly placeholder: string;
}
export interface FieldGroup {
  readonly id: OptionGroup;
  readonly title: string;
  readonly fields: readonly Field[];
}

/** Options whose texts are one a line: each line is a value of its own. */
const perLine = (description: ValueDescription): boolean =>
  description.kind === 'rules' || description.kind === 'fingerprints';

/** The role that the form stands at. */
const roleOf = (form: FormState): string => form.values.role ?? 'client';

/** What only the panel's terminal twin has a use for: a panel has no exit code, and makes one handshake at a time. */
const notHere: readonly OptionName[] = ['expect', 'repeat', 'until', 'parallel', 'resume'];

const fieldNames = optionsOf('probe').filter((name) => !notHere.includes(name));

/** Whether a field of a scenario file has one of the form's. */
export const inForm = (name: string): boolean => fieldNames.some((one) => one === name);

/** The fields with the defaults of the stack that the form stands at, and of what may be weak: what an empty field means. */
const fieldsAs = new Map<string, readonly (Field & { readonly group: OptionGroup })[]>();
function fieldsOf(form: FormState): readonly (Field & { readonly group: OptionGroup })[] {
  const as = form.values.as || ourselves;
  const allowWeak = form.values.allowWeak === 'on';
  const slot = `${as} ${allowWeak}`;
  const made = fieldsAs.get(slot);
  if (made) return made;
  const defaults = defaultOptions('probe', as, allowWeak);
  const shown = { ...defaults, as: ourselves, allowWeak: false };
  const fields = fieldNames.map((name) => {
    const { flag, group, label, help, type } = optionTable[name];
    const format = (type as { format(value: unknown): readonly string[] }).format;
    return {
      name,
      group,
      flag,
      label,
      help,
      description: type.description,
      placeholder: format(shown[name]).join(', '),
    };
  });
  // Only stacks that exist: what was typed elsewhere must not fill a map.
  if (defaults.as === as) fieldsAs.set(slot, fields);
  return fields;
}

/** Whether the target is a peer in memory, which needs no helper. */
export const isSimulated = (form: FormState): boolean => /^\s*sim\s*(:|$)/.test(form.target);

/** The values of a field of which any may be chosen, as texts. */
export const chosenIn = (form: FormState, name: OptionName): readonly string[] =>
  (form.values[name] ?? '')
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '');

/** Chooses one of several, or takes it back. */
export function toggle(form: FormState, name: OptionName, value: string): FormState {
  const chosen = chosenIn(form, name);
  const others = chosen.filter((one) => one !== value);
  return setField(form, name, (others.length < chosen.length ? others : [...chosen, value]).join(','));
}

/** The lines of a field that takes one value a line. */
export const linesIn = (form: FormState, name: OptionName): readonly string[] => lines(form.values[name] ?? '');

/** Adds a line to such a field, or takes it away. */
export function toggleLine(form: FormState, name: OptionName, line: string): FormState {
  const there = linesIn(form, name);
  const others = there.filter((one) => one !== line);
  return setField(form, name, (others.length < there.length ? others : [...there, line]).join('\n'));
}

/** The quirks that mean something as the form stands, and those that were chosen all the same. */
export function quirkChoices(form: FormState, choices: readonly Choice[]): readonly Choice[] {
  const scenario = readForm('probe', 'sim', { role: roleOf(form), versions: form.values.versions ?? '' });
  const versions = scenario.ok ? scenario.value.options.versions : defaultOptions('probe', form.values.as).versions;
  const role = roleOf(form) === 'server' ? 'server' : 'client';
  const chosen = chosenIn(form, 'quirk');
  return choices.filter(({ value }) => {
    const id = quirkIds.find((known) => known === value);
    return (
      chosen.includes(value) || (id !== undefined && !quirks[id].listens && misplaced(id, role, versions) === undefined)
    );
  });
}

/** Whether a field means something as the form stands. */
function applies(form: FormState, name: OptionName): boolean {
  const { onlyRole } = optionTable[name];
  if (onlyRole !== undefined && onlyRole !== roleOf(form)) return false;
  if (name === 'certGen') return form.certificate === 'made';
  if (name === 'cert' || name === 'key') return form.certificate === 'pasted';
  if (name === 'bind') return !isSimulated(form);
  return true;
}

/** The form's fields by group, in the table's order, without those that mean nothing as it stands. */
export function fieldGroups(form: FormState): FieldGroup[] {
  return (Object.entries(optionGroups) as [OptionGroup, string][])
    .map(([id, title]) => ({
      id,
      title,
      fields: fieldsOf(form).filter((field) => field.group === id && applies(form, field.name)),
    }))
    .filter((group) => group.fields.length > 0);
}

/** How many fields of a group differ from their default: shown where the group is folded. */
export const changedIn = (form: FormState, group: FieldGroup): number =>
  group.fields.filter((field) => (form.values[field.name] ?? '').trim() !== '').length;

export function setField(form: FormState, name: FieldName, value: string): FormState {
  const { [name]: _, ...refused } = form.refused;
  if (name === 'target' || name === 'description') return { ...form, [name]: value, refused };
  return { ...form, filled: undefined, values: { ...form.values, [name]: value }, refused };
}

export const setCertificate = (form: FormState, certificate: FormState['certificate']): FormState => ({
  ...form,
  certificate,
  filled: undefined,
});

export const touch = (form: FormState, name: FieldName): FormState =>
  form.touched.includes(name) ? form : { ...form, touched: [...form.touched, name] };

/** A preset replaces all options; the target stays, unless the preset is about one. */
export function applyPreset(form: FormState, id: string): FormState {
  const preset = presets.find((one) => one.id === id);
  if (!preset) return form;
  const values: Partial<Record<OptionName, string>> = {};
  for (const [name, texts] of Object.entries(preset.options) as [OptionName, readonly string[]][])
    values[name] = texts.join(perLine(optionTable[name].type.description) ? '\n' : ',');
  const target = preset.target ?? form.target;
  const filled = { ...emptyForm(), target, description: form.description, values };
  const changes = changesBetween(form, filled);
  if (filled.target !== form.target)
    changes.unshift({ flag: 'Target', from: brief(form.target.trim() || 'not set'), to: filled.target });
  return { ...filled, filled: { title: preset.label, changes } };
}

/** All options at their defaults. */
export function clearOptions(form: FormState): FormState {
  const cleared = { ...emptyForm(), target: form.target, description: form.description };
  return { ...cleared, filled: { title: 'Defaults', changes: changesBetween(form, cleared) } };
}

/** Which options differ, in the order of the table. Pasted keys and certificates are named, not shown. */
function changesBetween(before: FormState, after: FormState): Change[] {
  const text = (form: FormState, name: OptionName): string => {
    const placeholder = fieldsOf(form).find((field) => field.name === name)?.placeholder ?? '';
    const value = (form.values[name] ?? '').trim();
    if (value !== '') return name === 'key' || name === 'cert' ? 'pasted' : value.replaceAll('\n', '; ');
    return placeholder === '' ? 'not set' : placeholder;
  };
  return fieldsOf(after)
    .map(({ flag, name }) => ({ flag, from: text(before, name), to: text(after, name) }))
    .filter(({ from, to }) => from !== to)
    .map(({ flag, from, to }) => ({ flag, from: brief(from), to: brief(to) }));
}

/** Characters; a longer list is counted, and stands in its field. */
const briefly = 44;

function brief(text: string): string {
  if (text.length <= briefly) return text;
  const values = text.split(/[,;]/).length;
  return values > 1 ? `${values} values` : `${text.slice(0, briefly - 1)}…`;
}

/** The texts of every field that is set and means something, by option; a list of names is one text. */
export function formTexts(form: FormState): ReadonlyMap<OptionName, readonly string[]> {
  const texts = new Map<OptionName, readonly string[]>();
  for (const { name, description } of fieldsOf(form)) {
    const text = form.values[name] ?? '';
    if (text.trim() === '' || !applies(form, name)) continue;
    if (perLine(description)) texts.set(name, lines(text));
    else if (description.kind === 'several') texts.set(name, chosenIn(form, name));
    else texts.set(name, [description.kind === 'files' ? text : text.trim()]);
  }
  return texts;
}

/** What a scenario file says of each field, in the form. What a file can't hold, secrets and pasted keys, stays. */
export function formFromTexts(form: FormState, { target, options }: Pick<FileTexts, 'target' | 'options'>): FormState {
  const values: Partial<Record<OptionName, string>> = {};
  for (const name of fieldNames) {
    const texts = options.get(name);
    const before = form.values[name];
    if (name === 'cert' || name === 'key' || (name === 'token' && texts !== undefined)) {
      if (before !== undefined) values[name] = before;
    } else if (texts !== undefined && texts.length > 0) {
      const text = texts.join(perLine(optionTable[name].type.description) ? '\n' : ',');
      values[name] = name === 'turn' ? withKnownPassword(text, before) : text;
    }
  }
  const certificate = options.has('cert') ? 'pasted' : 'made';
  const place = target === undefined ? form.target : target === 'sdp:-' ? 'sdp:' : target;
  return { ...form, target: place, values, certificate, filled: undefined, refused: {} };
}

/** A relay's URL with the password that was typed for the same user of the same relay. */
function withKnownPassword(url: string, before: string | undefined): string {
  const known = parseTurnUrl(before ?? '');
  const named = parseTurnUrl(url);
  const same = known.ok && named.ok && formatTurnUrl(known.server) === formatTurnUrl(named.server);
  return same && before !== undefined ? before : url;
}

/** What the form asks for, as it crosses to the background; nothing is checked here. */
export function rawRequest(form: FormState): RunRequest {
  const options: Record<string, JsonValue> = {};
  for (const [name, texts] of formTexts(form)) {
    const { description } = optionTable[name].type;
    options[name] = perLine(description) || description.kind === 'files' ? texts : texts.join(',');
  }
  const request = { target: form.target.trim(), options };
  return isCarried(form) && form.description.trim() !== '' ? { ...request, description: form.description } : request;
}

/** Whether descriptions are carried by hand: the target is `sdp:`. */
export const isCarried = (form: FormState): boolean => /^sdp:/.test(form.target.trim());

/** What a pasted description has wrong, in the order of its lines; what is wrong with all of it comes first. */
export function descriptionProblems(text: string, type: DescriptionType): readonly SdpProblem[] {
  if (text.trim() === '') return [];
  return [...readDescription(text, type).problems].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

const lines = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** The scenario that the form describes, or what is wrong with it. */
export function scenarioOf(form: FormState): Parsed<Scenario> {
  const { target, options } = rawRequest(form);
  return readForm('probe', target, options as Readonly<Record<string, Json>>);
}

/** The request, when the form is right. */
export const requestOf = (form: FormState): RunRequest | undefined =>
  Object.keys(foundProblems(form)).length === 0 ? rawRequest(form) : undefined;

/** The command line that does the same in a terminal; undefined while the form is wrong. */
export function commandLineOf(form: FormState): string | undefined {
  const scenario = scenarioOf(form);
  // A terminal has no page.
  if (!scenario.ok || scenario.value.target?.kind === 'page') return undefined;
  return `npx ${toCommandLine(scenario.value)}`;
}

/** The scenario file that does the same; undefined while the form is wrong, and for targets that only a browser has. */
export function scenarioTextOf(form: FormState): string | undefined {
  const scenario = scenarioOf(form);
  return scenario.ok ? toScenarioText(scenario.value) : undefined;
}

type Problems = Readonly<Partial<Record<FieldName, string>>>;

/** All problems, by field: those the readers find now, and those the background found. */
export const problemsOf = (form: FormState): Problems => ({ ...form.refused, ...foundProblems(form) });

function foundProblems(form: FormState): Problems {
  const scenario = scenarioOf(form);
  const found: Partial<Record<FieldName, string>> = { ...credentialProblems(form) };
  if (isCarried(form) && form.description.trim() !== '') {
    const why =
      form.description.length > longestDescription
        ? 'This is longer than any description'
        : unwrap(form.description).type === 'answer'
          ? 'This is an answer: run without an offer, and paste the answer to ours when it is shown'
          : unusableBecause(form.description, 'offer');
    if (why !== undefined) found.description = why;
  }
  if (!scenario.ok)
    for (const problem of scenario.problems) {
      const name = fieldOf(problem.where) ?? 'target';
      found[name] ??= problemText(problem);
    }
  return found;
}

/** What the option table leaves to whoever makes or reads certificates. */
function credentialProblems(form: FormState): Problems {
  const spec = (form.values.certGen ?? '').trim();
  if (form.certificate === 'made') {
    const parsed = spec === '' ? undefined : parseCredentialSpec(spec);
    if (!parsed || parsed.ok) return {};
    return { certGen: `At character ${parsed.error.at + 1}: ${parsed.error.why}` };
  }
  const chain = (form.values.cert ?? '').trim();
  const key = (form.values.key ?? '').trim();
  if (chain === '') return { cert: 'Paste the certificate chain, leaf first, or choose a certificate made to order' };
  const imported = importCredential(chain, key === '' ? undefined : key);
  if (imported.ok) return {};
  const { why, fix } = imported.error;
  const text = `${why.charAt(0).toUpperCase()}${why.slice(1)}${fix === undefined ? '' : ` – ${fix}`}`;
  return why.startsWith('key: ') ? { key: text.slice('key: '.length) } : { cert: text };
}

/** The problem to show beside a field now: nobody is told off while still typing for the first time. */
export function shownProblem(form: FormState, name: FieldName): string | undefined {
  if (!form.submitted && !form.touched.includes(name) && form.refused[name] === undefined) return undefined;
  return problemsOf(form)[name];
}

/** What the background said, by field; what belongs to no field stands at the target, where everybody looks. */
export function refusedFields(problems: readonly FormProblem[]): Partial<Record<FieldName, string>> {
  const found: Partial<Record<FieldName, string>> = {};
  for (const { option, message } of problems) found[fieldOf(option) ?? 'target'] ??= message;
  return found;
}

/** A field by its name, its flag, or as the reader calls the target. */
function fieldOf(where: string): FieldName | undefined {
  if (where === 'target' || where === 'TARGET') return 'target';
  if (where === 'description') return 'description';
  const bare = where.split(/[\s=]/)[0] ?? where;
  return fieldNames.find((name) => name === bare || optionTable[name].flag === bare);
}

/** `"12" is too small; allowed: 64 to 65507 bytes`. A pasted key is not repeated. */
function problemText({ given, what, allowed, at }: Problem): string {
  const short = given.length > 40 || given.includes('-----') ? 'This' : given === '' ? 'This' : `"${given}"`;
  const where = at === undefined || given === '' ? '' : ` (at character ${at + 1})`;
  return `${short} ${what}${where}${allowed === undefined ? '' : `; allowed: ${allowed}`}`;
}

/** What may be kept between openings: never a pasted key or certificate, a token, or the password of a relay. */
export function rememberable(form: FormState): Pick<FormState, 'target' | 'values'> {
  const { key: _key, cert: _cert, token: _token, turn, ...values } = form.values;
  const relay = turn === undefined ? undefined : parseTurnUrl(turn);
  // One that can't be read may hold a password anywhere.
  return { target: form.target, values: relay?.ok ? { ...values, turn: formatTurnUrl(relay.server) } : values };
}

/** Reads what was kept; whatever is not of the form's shape is dropped. */
export function remembered(kept: unknown): FormState {
  const form = emptyForm();
  if (typeof kept !== 'object' || kept === null) return form;
  const { target, values } = kept as { readonly target?: unknown; readonly values?: unknown };
  const known: Partial<Record<OptionName, string>> = {};
  if (typeof values === 'object' && values !== null)
    for (const name of fieldNames) {
      const value: unknown = (values as Record<string, unknown>)[name];
      if (typeof value === 'string' && value.length <= 2000) known[name] = value;
    }
  return {
    ...form,
    target: typeof target === 'string' && target.length <= 300 ? target : form.target,
    values: known,
  };
}
