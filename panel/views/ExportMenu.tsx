/**
 * Files of the selected run. The buttons write without keys; files with keys are a second step that first says what is
 * inside and what it lets others do.
 */
import { type ReactElement, useState } from 'react';
import type { RunSummary } from '../../src/bridge/panel.ts';
import { secretsIn } from '../../src/trace/sanitise.ts';
import {
  contentsOf,
  download,
  type FileKind,
  fileKinds,
  fileName,
  kindsWithKeys,
  kindsWithoutKeys,
  secretLabels,
} from '../files.ts';
import { plural } from '../layout/text.ts';
import { messageOf } from '../state/store.ts';
import { useActions, usePanel } from './context.ts';

export function ExportMenu({ run }: { readonly run: RunSummary }): ReactElement {
  const [asking, setAsking] = useState(false);
  const { book } = usePanel();
  const { notify } = useActions();
  const save = (kind: FileKind, withKeys: boolean): void => {
    const trace = book.trace(run.id);
    if (!trace) return;
    try {
      const name = fileName({ number: run.number, target: run.request.target }, kind, withKeys);
      download(name, contentsOf(trace, book.read(run.id)?.handshakes ?? [], kind, withKeys));
      notify({ text: `${name} was handed to the browser’s downloads.`, tone: 'quiet' });
      setAsking(false);
    } catch (error) {
      notify({ text: `The file could not be made: ${messageOf(error)}`, tone: 'bad' });
    }
  };
  const trace = asking ? book.trace(run.id) : undefined;
  const held = trace && secretsIn(trace);
  const labels = trace ? secretLabels(trace) : [];
  return (
    <section className="export" aria-label="Export">
      <span className="dim">Export</span>
      {kindsWithoutKeys.map((kind) => (
        <button
          type="button"
          key={kind}
          onClick={() => save(kind, false)}
          title={`${fileKinds[kind].about}; without keys`}
        >
          .{kind}
        </button>
      ))}
      <button type="button" aria-expanded={asking} onClick={() => setAsking(!asking)}>
        With keys…
      </button>
      {held && (
        <div className="callout export-keys" data-tone="warn" role="alertdialog" aria-label="Export with keys">
          {held.secrets === 0 ? (
            <p>This run holds no secrets: a file with keys would be the same as one without.</p>
          ) : (
            <p>
              The file will hold <strong>{plural(held.secrets, 'secret')}</strong> ({labels.join(', ')}) of{' '}
              {plural(held.handshakes, 'handshake')}. Whoever has it can read everything that was encrypted in this run.
              Private keys of certificates are not in it.
            </p>
          )}
          <p className="row">
            {held.secrets > 0 &&
              kindsWithKeys.map((kind) => (
                <button type="button" key={kind} onClick={() => save(kind, true)} title={fileKinds[kind].about}>
                  .{kind} {fileKinds[kind].keys === 'only' ? 'alone' : 'with keys'}
                </button>
              ))}
            <button type="button" onClick={() => setAsking(false)}>
              Cancel
            </button>
          </p>
        </div>
      )}
    </section>
  );
}
