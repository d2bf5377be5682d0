/** The ladder's twin as a table: the same facts in the same order, for those who hear or search them. Drawn in windows. */
import { type ReactElement, useMemo, useRef } from 'react';
import type { Handshake } from '../../src/analysis/model.ts';
import { inferredText, leftOutText } from '../layout/notes.ts';
import { clock, recordText, statusTexts } from '../layout/text.ts';
import { useActions, useSlice } from './context.ts';
import { useKeep } from './FilterBox.tsx';
import { useWindow } from './useWindow.ts';

const rowHeight = 24;

export function DatagramTable({ handshake }: { readonly handshake: Handshake }): ReactElement {
  const keep = useKeep();
  const target = useSlice((state) => state.selection.target);
  const { selectTarget } = useActions();
  const rows = useMemo(() => (keep ? handshake.datagrams.filter(keep) : handshake.datagrams), [handshake, keep]);
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
          {rows.slice(start, end).map((datagram, index) => (
            <tr
              key={datagram.packet}
              aria-rowindex={start + index + 2}
              aria-selected={datagram.packet === target?.packet}
              onClick={() => selectTarget({ kind: 'datagram', packet: datagram.packet }, true)}
            >
              <td>
                <button
                  type="button"
                  className="link"
                  aria-label={`Details of datagram ${datagram.packet}`}
                  onClick={() => selectTarget({ kind: 'datagram', packet: datagram.packet }, true)}
                >
                  {datagram.packet}
                </button>
              </td>
              <td className="number">{clock(datagram.at - handshake.startedAt)}</td>
              <td>{datagram.from}</td>
              <td className="number">{datagram.flight ?? '–'}</td>
              <td className="number">{datagram.size} B</td>
              <td className="mono">{datagram.records.map(recordText).join(', ')}</td>
              <td>
                <bdi>{statusTexts(datagram).join('; ')}</bdi>
              </td>
            </tr>
          ))}
          {end < rows.length && <Spacer height={(rows.length - end) * rowHeight} />}
        </tbody>
      </table>
    </>
  );
}

function Spacer({ height }: { readonly height: number }): ReactElement {
  return (
    <tr>
      <td colSpan={7} style={{ height, padding: 0 }} />
    </tr>
  );
}
