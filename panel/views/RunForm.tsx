/**
 * The options of a run, generated from the option table: a field's kind decides its control, its command-line name stands
 * beside its label. What is wrong is said under the field, in words.
 */
import { type ReactElement, useId, useState } from 'react';
import { type Choice, presets } from '../../src/scenario/index.ts';
import {
  applyPreset,
  changedIn,
  chosenIn,
  clearOptions,
  commandLineOf,
  type Field,
  type FieldGroup,
  type FormState,
  fieldGroups,
  isCarried,
  isSimulated,
  linesIn,
  quirkChoices,
  scenarioTextOf,
  setCertificate,
  setField,
  shownProblem,
  toggle,
  toggleLine,
  touch,
} from '../state/form.ts';
import { CopyButton, CopyLine } from './CopyLine.tsx';
import { useActions, useSlice } from './context.ts';
import { OfferField } from './Descriptions.tsx';

/** Groups open at first; the rest unfolds. */
const openAtFirst: readonly string[] = ['role', 'certificate', 'datagrams', 'network'];

export function RunForm(): ReactElement {
  const form = useSlice((state) => state.form);
  const { start } = useActions();
  const commandLine = commandLineOf(form);
  const scenario = scenarioTextOf(form);
  return (
    <form
      className="run-form"
      aria-label="Run options"
      onSubmit={(event) => {
        event.preventDefault();
        void start();
      }}
    >
      <PresetField />
      <HelperNote />
      {isCarried(form) && <OfferField />}
      {fieldGroups(form).map((group) => (
        <Group key={group.id} group={group} form={form} />
      ))}
      <section className="command-line" aria-label="As a command line">
        <h3>The same in a terminal</h3>
        {form.target.trim() === 'browser' ? (
          <p className="dim">
            A terminal has no WebRTC stack of a browser. Its gateway, <code>npx dtlscope serve --whip</code>, can be
            visited by any.
          </p>
        ) : form.target.trim() === 'page' ? (
          <p className="dim">
            A terminal has no page. Its gateway can be tried there by <code>whip:</code> or <code>sdp:</code>.
          </p>
        ) : commandLine === undefined ? (
          <p className="dim">Mend the marked fields first.</p>
        ) : (
          <>
            <CopyLine text={commandLine} name="the command line" />
            {scenario !== undefined && (
              <p className="row">
                <CopyButton text={scenario} label="Copy as scenario" />
                <span className="dim">
                  a file for <code>npx dtlscope run</code>
                </span>
              </p>
            )}
          </>
        )}
      </section>
      {/* Enter in a field starts the run, as in any form. */}
      <button type="submit" className="off-screen" tabIndex={-1} aria-hidden="true">
        Run
      </button>
    </form>
  );
}

/** A chooser and a button: walking the list with arrow keys must not overwrite the form at each step. */
function PresetField(): ReactElement {
  const filled = useSlice((state) => state.form.filled);
  const { editForm, goTo } = useActions();
  const [chosen, choose] = useState('');
  const id = useId();
  const help = chosen === 'defaults' ? 'all options at their defaults' : presets.find((one) => one.id === chosen)?.help;
  return (
    <section className="preset" aria-label="Presets">
      <div className="row">
        <label htmlFor={id}>Preset</label>
        <select id={id} value={chosen} aria-describedby={`${id}-help`} onChange={(event) => choose(event.target.value)}>
          <option value="" disabled>
            Choose…
          </option>
          <option value="defaults">Defaults</option>
          {presets.map((preset) => (
            <option key={preset.id} value={preset.id}>
              {preset.label}
            </option>
          ))}
        </select>
        <button
          type="button"
          disabled={chosen === ''}
          onClick={() => editForm((form) => (chosen === 'defaults' ? clearOptions(form) : applyPreset(form, chosen)))}
        >
          Fill in
        </button>
      </div>
      <p id={`${id}-help`} className="help">
        {help}
      </p>
      <p className="help">
        Failures from the field, failing and mended:{' '}
        <button type="button" className="link" onClick={() => goTo('failures')}>
          Known failures
        </button>
      </p>
      <div role="status">
        {filled && (
          <div className="filled">
            <p>
              <strong>{filled.title}</strong>
              {filled.changes.length === 0 ? ': the form was so already.' : ' changed:'}
            </p>
            <ul>
              {filled.changes.map(({ flag, from, to }) => (
                <li key={flag}>
                  <code className="flag">{flag}</code> <bdi>{to}</bdi> <span className="dim">(was {from})</span>
                </li>
              ))}
            </ul>
          </div>
        )}
      </div>
    </section>
  );
}

/** Without the helper only real targets are out of reach, and nobody should have to find that out. */
function HelperNote(): ReactElement | null {
  const ready = useSlice((state) => state.helper.kind === 'ready');
  const simulated = useSlice((state) => isSimulated(state.form));
  if (ready) return null;
  return (
    <p className="help">
      {simulated
        ? 'This run needs no helper: both ends are in this browser.'
        : 'A target on the network needs the helper, a small program beside the browser.'}{' '}
      Without it all but such targets works: <code>sim</code> with every option, files, reading and export.
    </p>
  );
}

function Group({ group, form }: { readonly group: FieldGroup; readonly form: FormState }): ReactElement {
  const changed = changedIn(form, group);
  const wrong = group.fields.filter((field) => shownProblem(form, field.name) !== undefined).length;
  return (
    <details className="group" open={openAtFirst.includes(group.id) || wrong > 0}>
      <summary>
        {group.title}
        {changed > 0 && <span className="dim"> ({changed} set)</span>}
        {wrong > 0 && <span className="problem-count"> {wrong} to mend</span>}
      </summary>
      {group.id === 'certificate' && <CertificateSource form={form} />}
      {group.fields.map((field) => (
        <FieldView key={field.name} field={field} form={form} />
      ))}
    </details>
  );
}

function CertificateSource({ form }: { readonly form: FormState }): ReactElement {
  const { editForm } = useActions();
  const name = useId();
  return (
    <fieldset className="row choices">
      <legend className="off-screen">Where our certificate comes from</legend>
      {(['made', 'pasted'] as const).map((source) => (
        <label key={source}>
          <input
            type="radio"
            name={name}
            checked={form.certificate === source}
            onChange={() => editForm((before) => setCertificate(before, source))}
          />{' '}
          {source === 'made' ? 'Made to order' : 'Pasted'}
        </label>
      ))}
    </fieldset>
  );
}

function FieldView({ field, form }: { readonly field: Field; readonly form: FormState }): ReactElement {
  const id = useId();
  const problem = shownProblem(form, field.name);
  const { description } = field;
  if (description.kind === 'several')
    return <Several field={field} choices={quirkChoices(form, description.choices)} form={form} />;
  return (
    <div className="field" data-field={field.name} data-wrong={problem !== undefined}>
      <label htmlFor={id}>
        {field.label} <code className="flag">{field.flag}</code>
      </label>
      <Control id={id} field={field} description={description} form={form} wrong={problem !== undefined} />
      <p id={`${id}-help`} className="help">
        {helpOf(field, form)}
      </p>
      <p id={`${id}-problem`} className="problem" role={problem === undefined ? undefined : 'alert'}>
        {problem !== undefined && <bdi>{problem}</bdi>}
      </p>
    </div>
  );
}

/** A box for each, with its explanation, under the headings of the table. */
function Several({
  field,
  choices,
  form,
}: {
  readonly field: Field;
  readonly choices: readonly Choice[];
  readonly form: FormState;
}): ReactElement {
  const { editForm } = useActions();
  const id = useId();
  const problem = shownProblem(form, field.name);
  const chosen = chosenIn(form, field.name);
  const groups = [...new Set(choices.map(({ group = '' }) => group))];
  return (
    <div className="field" data-field={field.name} data-wrong={problem !== undefined}>
      <p id={`${id}-help`} className="help">
        {chosen.length === 0 ? 'Nothing chosen: we behave.' : `${chosen.length} chosen.`} Each stands for a{' '}
        <code className="flag">{field.flag}</code>; a simulated peer gets its own in the target, as in{' '}
        <code>sim:cookie-once</code>.
      </p>
      {groups.map((group) => (
        <fieldset key={group} className="several" aria-describedby={`${id}-help ${id}-problem`}>
          <legend>{group}</legend>
          {choices
            .filter((choice) => (choice.group ?? '') === group)
            .map(({ value, help }) => (
              <label key={value}>
                <input
                  type="checkbox"
                  name={field.name}
                  value={value}
                  checked={chosen.includes(value)}
                  onChange={() => editForm((before) => touch(toggle(before, field.name, value), field.name))}
                />
                <span>
                  <code>{value}</code> <span className="help">{help}</span>
                </span>
              </label>
            ))}
        </fieldset>
      ))}
      <p id={`${id}-problem`} className="problem" role={problem === undefined ? undefined : 'alert'}>
        {problem !== undefined && <bdi>{problem}</bdi>}
      </p>
    </div>
  );
}

/** Sets of rules with a name: a box for each writes its line, or takes it away. */
function Ready({
  field,
  title,
  named,
  form,
}: {
  readonly field: Field;
  readonly title: string;
  readonly named: readonly Choice[];
  readonly form: FormState;
}): ReactElement {
  const { editForm } = useActions();
  const there = linesIn(form, field.name);
  return (
    <fieldset className="several">
      <legend>{title}</legend>
      {named.map(({ value, help }) => (
        <label key={value}>
          <input
            type="checkbox"
            checked={there.includes(value)}
            onChange={() => editForm((before) => touch(toggleLine(before, field.name, value), field.name))}
          />
          <span>
            <code>{value}</code> <span className="help">{help}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

/** A choice explains what is chosen; everything else what it is for. */
function helpOf(field: Field, form: FormState): string {
  if (field.description.kind !== 'choice') return field.help;
  const value = form.values[field.name] || field.placeholder;
  return field.description.choices.find((choice) => choice.value === value)?.help ?? field.help;
}

interface ControlProps {
  readonly id: string;
  readonly field: Field;
  readonly description: Exclude<Field['description'], { readonly kind: 'several' }>;
  readonly form: FormState;
  readonly wrong: boolean;
}

function Control({ id, field, description, form, wrong }: ControlProps): ReactElement {
  const { editForm } = useActions();
  const value = form.values[field.name] ?? '';
  const shared = {
    id,
    name: field.name,
    value,
    'aria-describedby': `${id}-help ${id}-problem`,
    'aria-invalid': wrong,
    onChange: (event: { readonly target: { readonly value: string } }) => {
      const text = event.target.value;
      editForm((before) => setField(before, field.name, text));
    },
    onBlur: () => editForm((before) => touch(before, field.name)),
  };
  switch (description.kind) {
    case 'choice':
      return (
        <select {...shared} value={value || field.placeholder}>
          {description.choices.map((choice) => (
            <option key={choice.value} value={choice.value}>
              {choice.value}
            </option>
          ))}
        </select>
      );
    case 'files':
      return (
        <textarea
          {...shared}
          rows={4}
          spellCheck={false}
          autoComplete="off"
          placeholder={field.name === 'key' ? '-----BEGIN PRIVATE KEY-----' : '-----BEGIN CERTIFICATE-----'}
        />
      );
    case 'rules':
      return (
        <>
          <textarea {...shared} rows={2} spellCheck={false} placeholder={`One a line, as in ${description.example}`} />
          <Ready field={field} title={description.title} named={description.named} form={form} />
        </>
      );
    case 'fingerprints':
      return <textarea {...shared} rows={2} spellCheck={false} placeholder="One a line, as in sha-256 4A:AD:…" />;
    case 'integer':
    case 'number':
      return (
        <span className="row">
          <input {...shared} type="text" inputMode="numeric" spellCheck={false} placeholder={field.placeholder} />
          {'unit' in description && description.unit !== undefined && <span className="dim">{description.unit}</span>}
        </span>
      );
    case 'list':
      return (
        <textarea {...shared} rows={1} spellCheck={false} placeholder={field.placeholder || 'none'} className="grows" />
      );
    case 'text':
      return (
        <>
          <input
            {...shared}
            type="text"
            spellCheck={false}
            list={field.name === 'certGen' ? `${id}-list` : undefined}
            placeholder={field.placeholder || examples[field.name] || ''}
          />
          {field.name === 'certGen' && (
            <datalist id={`${id}-list`}>
              {specs.map((spec) => (
                <option key={spec} value={spec} />
              ))}
            </datalist>
          )}
        </>
      );
  }
}

const examples: Readonly<Partial<Record<string, string>>> = { certGen: 'ecdsa-p256', bind: 'any' };
const specs = [
  'ecdsa-p256',
  'ecdsa-p384',
  'ecdsa-p521',
  'rsa-2048',
  'rsa-4096',
  'ed25519',
  'rsa-4096,chain=3,size=3700',
  'expired',
];
