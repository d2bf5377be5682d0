/**
 * The heat tables of a sweep: real tables, whose cells are buttons with one tab stop among them; arrow keys walk, Enter opens
 * a handshake. What is told by colour is told by sign and words too.
 */
import { type KeyboardEvent, type ReactElement, useState } from 'react';
import {
  cellText,
  figureLevel,
  figuresText,
  figureText,
  type HeatTable,
  heatTables,
  leastFigure,
  type Measure,
  measuresOf,
  toneOf,
  toneSigns,
  toneWords,
} from '../../src/report/sweep/model.ts';
import { cellCount, cellName } from '../../src/scenario/index.ts';
import type { ShownSweep } from '../state/model.ts';
import { useActions } from './context.ts';

const measureNames: Readonly<Record<Measure, string>> = {
  rate: 'As expected',
  time: 'Time: median, 95 %',
  datagrams: 'Datagrams: median, 95 %',
};

export function HeatTables({ sweep }: { readonly sweep: ShownSweep }): ReactElement {
  const { shape, results } = sweep;
  const [measure, setMeasure] = useState<Measure>('rate');
  const [at, goTo] = useState(1);
  const measures = measuresOf(shape);
  const shown = measures.includes(measure) ? measure : 'rate';
  const cell = Math.min(at, cellCount(shape));
  return (
    <>
      {measures.length > 1 && (
        <p className="row">
          <label>
            Show{' '}
            <select
              value={shown}
              onChange={(event) => setMeasure(measures.find((one) => one === event.target.value) ?? 'rate')}
            >
              {measures.map((one) => (
                <option key={one} value={one}>
                  {measureNames[one]}
                </option>
              ))}
            </select>
          </label>
        </p>
      )}
      {heatTables(shape).map((table) => (
        <Table key={table.title} table={table} sweep={sweep} measure={shown} at={cell} goTo={goTo} />
      ))}
      <Key sweep={sweep} />
      <Chosen sweep={sweep} cell={cell} />
      {results.size === 0 && <p className="dim">No cell is done yet.</p>}
    </>
  );
}

interface TableProps {
  readonly table: HeatTable;
  readonly sweep: ShownSweep;
  readonly measure: Measure;
  /** The cell that has the tab stop. */
  readonly at: number;
  readonly goTo: (cell: number) => void;
}

function Table({ table, sweep, measure, at, goTo }: TableProps): ReactElement {
  const { title, down, across, rows } = table;
  const { shape } = sweep;
  const corner = [down?.name, across?.name].filter((name) => name !== undefined).join(' \\ ');
  const name = title === '' ? corner || 'Sweep' : title;
  const onKeyDown = (event: KeyboardEvent): void => {
    const row = rows.findIndex((cells) => cells.includes(at));
    const cells = rows[row];
    if (!cells) return;
    const column = cells.indexOf(at);
    const to = {
      ArrowLeft: cells[column - 1],
      ArrowRight: cells[column + 1],
      ArrowUp: rows[row - 1]?.[column],
      ArrowDown: rows[row + 1]?.[column],
      Home: cells[0],
      End: cells.at(-1),
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    goTo(to);
    document.getElementById(`cell-${to}`)?.focus();
  };
  return (
    <div className="heat-scroll">
      <table className="heat">
        <caption className={title === '' ? 'off-screen' : undefined}>{name}</caption>
        <thead>
          <tr>
            <th scope="col" className="dim">
              {corner}
            </th>
            {(across?.values ?? [{ label: shape.bisect?.name ?? 'Result' }]).map(({ label }) => (
              <th key={label} scope="col">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody onKeyDown={onKeyDown}>
          {rows.map((cells, index) => (
            <tr key={cells[0]}>
              <th scope="row">{down?.values[index]?.label ?? 'all'}</th>
              {cells.map((cell) => (
                <Cell key={cell} cell={cell} sweep={sweep} measure={measure} first={cell === at} goTo={goTo} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface CellProps extends Pick<TableProps, 'sweep' | 'measure' | 'goTo'> {
  readonly cell: number;
  readonly first: boolean;
}

function Cell({ cell, sweep, measure, first, goTo }: CellProps): ReactElement {
  const { openCell } = useActions();
  const { shape, results } = sweep;
  const result = results.get(cell);
  const tone = toneOf(result);
  const level =
    measure === 'rate' ? undefined : figureLevel(result, measure, leastFigure([...results.values()], measure));
  return (
    <td data-tone={measure === 'rate' ? tone : undefined} data-level={level}>
      <button
        type="button"
        id={`cell-${cell}`}
        tabIndex={first ? 0 : -1}
        aria-disabled={!result}
        title={result ? figuresText(result, shape) : toneWords.open}
        onFocus={() => goTo(cell)}
        onClick={() => {
          goTo(cell);
          if (result) void openCell(cell);
        }}
      >
        <span aria-hidden="true">{toneSigns[tone]}</span>{' '}
        {measure === 'rate' ? cellText(result, shape) : figureText(result, measure)}
        <span className="off-screen">, {toneWords[tone]}</span>
      </button>
    </td>
  );
}

/** What the signs that occur mean. */
function Key({ sweep: { shape, results } }: { readonly sweep: ShownSweep }): ReactElement {
  const tones = new Set([...results.values()].map(toneOf));
  if (results.size < cellCount(shape)) tones.add('open');
  const known = (Object.keys(toneSigns) as (keyof typeof toneSigns)[]).filter((tone) => tones.has(tone));
  return (
    <ul className="heat-key" aria-label="Signs">
      {known.map((tone) => (
        <li key={tone}>
          <span data-tone={tone} aria-hidden="true">
            {toneSigns[tone]}
          </span>{' '}
          {toneWords[tone]}
        </li>
      ))}
    </ul>
  );
}

/** The figures of the cell that has the tab stop. */
function Chosen({ sweep, cell }: { readonly sweep: ShownSweep; readonly cell: number }): ReactElement {
  const { openCell } = useActions();
  const { shape, results } = sweep;
  const result = results.get(cell);
  return (
    <section className="heat-chosen" aria-label="Chosen cell">
      <h3>
        <bdi>{cellName(shape, cell)}</bdi>
      </h3>
      <p>
        <bdi>{result ? figuresText(result, shape) : toneWords.open}</bdi>
      </p>
      {result?.bad && (
        <p>
          <span className="dim">The first that was not as expected, with seed {result.bad.seed}: </span>
          <bdi>{result.bad.verdict}</bdi>
        </p>
      )}
      {result && !result.error && (
        <p>
          <button type="button" onClick={() => void openCell(cell)}>
            Open {result.bad ? 'that handshake' : 'its first handshake'}
          </button>
        </p>
      )}
    </section>
  );
}
