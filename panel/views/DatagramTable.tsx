/** The ladder's twin as a table: the same facts in the same order, for those who hear or search them. Drawn in windows. */
import { memo, type ReactElement, useMemo, useRef } from 'react';
import type { DatagramView, Handshake, StunView } from '../../src/analysis/model.ts';
import { stunText } from '../../src/report/stun.ts';
import { keptOf } from '../layout/kept.ts';
import { inferredText, leftOutText } from '../layout/notes.ts';
import { clock, recordText, statusTexts } from '../layout/text.ts';
import { useActions, useSlice } from './context.ts';
import { useKeep } from './FilterBox.tsx';
import { useWindow } from './useWindow.ts';

const rowHeight = 24;

export function DatagramTable({ handshake }: { readonly handshake: Handshake }): ReactElement {
  const keep = useKeep();
  const target = useSlice((state) => state.selection.target);
  const stun = useSlice((state) => state.view.stun);
  const rows = useMemo(() => {
    const kept = keptOf(handshake.datagrams, keep);
    return stun && handshake.stun.length > 0
      ? [...kept, ...handshake.stun].sort((a, b) => a.at - b.at || a.packet - b.packet)
      : kept;
  }, [handshake, keep, stun]);
  const body = useRef<HTMLTableSectionElement>(null);
  const view = useWindow(body, rows.length * rowHeight);
  const start = Math.max(Math.floor(view.top / rowHeight) - 10, 0);
  const end = Math.min(Math.ceil(view.bottom / rowHeight) + 10, rows.length);
  const notes = [inferredText(handshake), leftOutText(handshake)].filter((note) => note !== undefined);
  return (
    <>
      <p className="notes dim">
        {notes.map((note) => (
          <span key={note}>{note}</span>
        ))}
      </p>
      <table className="datagram-table" aria-rowcount={rows.length + 1} aria-label="Datagrams">
        <thead>
          <tr>
            {['#', 'Time', 'From', 'Flight', 'Size', 'Holds', 'What happened'].map((title) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body}>
          {start > 0 && <Spacer height={start * rowHeight} />}
          {rows
            .slice(start, end)
            .map((row, index) =>
              'transaction' in row ? (
                <StunRow key={row.packet} stun={row} place={start + index} handshake={handshake} />
              ) : (
                <Row
                  key={row.packet}
                  datagram={row}
                  place={start + index}
                  startedAt={handshake.startedAt}
                  selected={row.packet === target?.packet}
                />
              ),
            )}
          {end < rows.length && <Spacer height={(rows.length - end) * rowHeight} />}
        </tbody>
      </table>
    </>
  );
}

interface RowProps {
  readonly datagram: DatagramView;
  /** Among those shown, from 0. */
  readonly place: number;
  readonly startedAt: number;
  readonly selected: boolean;
}

/** Drawn again only when something of its own changed: while the user scrolls, most rows stay. */
const Row = memo(function Row({ datagram, place, startedAt, selected }: RowProps): ReactElement {
  const { selectTarget } = useActions();
  const { packet, at, from, flight, size, records } = datagram;
  const happened = statusTexts(datagram).join('; ');
  const select = (): void => selectTarget({ kind: 'datagram', packet }, true);
  return (
    <tr aria-rowindex={place + 2} aria-selected={selected} onClick={select}>
      <td>
        <button type="button" className="link" aria-label={`Details of datagram ${packet}`} onClick={select}>
          {packet}
        </button>
      </td>
      <td className="number">{clock(at - startedAt)}</td>
      <td>{from}</td>
      <td className="number">{flight ?? '–'}</td>
      <td className="number">{size} B</td>
      <td className="mono">{records.map(recordText).join(', ')}</td>
      <td title={happened}>
        <bdi>{happened}</bdi>
      </td>
    </tr>
  );
});

/** A STUN message: there to be read, not to be taken apart. */
function StunRow({
  stun,
  place,
  handshake,
}: {
  readonly stun: StunView;
  readonly place: number;
  readonly handshake: Handshake;
}): ReactElement {
  const { packet, at, src, size } = stun;
  const from = src === handshake.client ? 'client' : src === handshake.server ? 'server' : src;
  const text = stunText(stun);
  return (
    <tr aria-rowindex={place + 2} className="dim">
      <td>{packet}</td>
      <td className="number">{clock(at - handshake.startedAt)}</td>
      <td>{from}</td>
      <td className="number">–</td>
      <td className="number">{size} B</td>
      <td className="mono" title={text}>
        STUN <bdi>{text}</bdi>
      </td>
      <td />
    </tr>
  );
}

function Spacer({ height }: { readonly height: number }): ReactElement {
  return (
    <tr>
      <td colSpan={7} style={{ height, padding: 0 }} />
    </tr>
  );
}
