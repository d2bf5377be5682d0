/** What a sweep varies: a row for each field, its values one a line. What rows can't say stands in the text. */
import { type ReactElement, useId, useState } from 'react';
import { type Axes, type Axis, axisFields, noAxes, suggestions } from '../state/axes.ts';

interface Props {
  readonly axes: Axes;
  /** Whether there is a text that can be edited. */
  readonly readable: boolean;
  readonly change: (axes: Axes) => void;
}

export function AxesForm({ axes, readable, change }: Props): ReactElement {
  const id = useId();
  const rows = axes.axes;
  const set = (index: number, axis: Axis | undefined): void =>
    change({ ...axes, axes: rows.flatMap((one, at) => (at === index ? (axis ?? []) : one)) });
  const [chosen, choose] = useState('');
  const add = (): void => {
    change({ ...axes, axes: [...rows, { name: chosen, values: examples[chosen] ?? ['1'] }] });
    choose('');
  };
  const free = axisFields.filter(({ name }) => !rows.some((row) => row.name === name));
  if (axes.more)
    return (
      <p className="axes dim">
        The text says more of what to vary than rows can show: ranges, groups or a search. It is edited there.
      </p>
    );
  return (
    <section className="axes" aria-label="What to vary">
      {rows.length === 0 && (
        <p className="row">
          <span className="dim">Begin with</span>
          {suggestions.map(({ title, axes: suggested }) => (
            <button type="button" key={title} disabled={!readable} onClick={() => change(suggested)}>
              {title}
            </button>
          ))}
        </p>
      )}
      <div className="axis-rows">
        {rows.map((row, index) => (
          <Row
            // biome-ignore lint/suspicious/noArrayIndexKey: the name of a row changes while it is edited
            key={index}
            row={row}
            free={free}
            change={(next) => set(index, next)}
          />
        ))}
      </div>
      <div className="row">
        <label htmlFor={`${id}-add`}>{rows.length === 0 ? 'or vary' : 'Vary also'}</label>
        <select id={`${id}-add`} value={chosen} disabled={!readable} onChange={(event) => choose(event.target.value)}>
          <option value="">Choose a field…</option>
          {free.map(({ name, label }) => (
            <option key={name} value={name}>
              {label} ({name})
            </option>
          ))}
        </select>
        <button type="button" disabled={!readable || !free.some(({ name }) => name === chosen)} onClick={add}>
          Add
        </button>
        {rows.length > 0 && (
          <>
            <label htmlFor={`${id}-seeds`}>Handshakes in a cell</label>
            <input
              id={`${id}-seeds`}
              type="text"
              inputMode="numeric"
              name="seeds"
              className="short"
              placeholder="1"
              value={axes.seeds}
              onChange={(event) => change({ ...axes, seeds: event.target.value })}
            />
            <button type="button" onClick={() => change(noAxes)}>
              Vary nothing
            </button>
          </>
        )}
      </div>
    </section>
  );
}

/** What a field may be varied by, to begin with. */
const examples: Readonly<Record<string, readonly string[]>> = {
  target: ['sim', 'sim:no-retransmission'],
  role: ['client', 'server'],
  as: ['dtlscope', 'chromium-156', 'firefox-153'],
  versions: ['1.2', '1.3'],
  certGen: ['ecdsa-p256', 'rsa-2048', 'rsa-4096'],
  mtu: ['300', '600', '1200'],
  packing: ['packed', 'record', 'flight'],
  fragment: ['100', '500'],
  rto: ['100', '400', '1000'],
  link: ['loss=0%', 'loss=10%', 'loss=30%'],
  seed: ['1', '2', '3'],
};

interface RowProps {
  readonly row: Axis;
  readonly free: typeof axisFields;
  readonly change: (axis: Axis | undefined) => void;
}

function Row({ row, free, change }: RowProps): ReactElement {
  const id = useId();
  const own = axisFields.filter(({ name }) => name === row.name);
  const known = own.length > 0 ? own : [{ name: row.name, label: row.name }];
  return (
    <fieldset className="axis-row">
      <legend className="off-screen">{row.name}</legend>
      <div>
        <select aria-label="Field" value={row.name} onChange={(event) => change({ ...row, name: event.target.value })}>
          {[...known, ...free].map(({ name, label }) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </select>
        <button type="button" aria-label={`Do not vary ${row.name}`} onClick={() => change(undefined)}>
          ✕
        </button>
      </div>
      <label htmlFor={id} className="off-screen">
        Values of {row.name}, one a line
      </label>
      <textarea
        id={id}
        name={`axis-${row.name}`}
        spellCheck={false}
        placeholder="One value a line"
        rows={Math.min(8, Math.max(2, row.values.length))}
        value={row.values.join('\n')}
        onChange={(event) => change({ ...row, values: event.target.value.split('\n') })}
      />
    </fieldset>
  );
}
