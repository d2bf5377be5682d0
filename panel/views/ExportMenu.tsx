/**
 * Files of the selected run, in a menu. Its buttons write without keys; files with keys are a second step that first says
 * what is inside and what it lets others do.
 */
import { type ReactElement, useEffect, useId, useRef, useState } from 'react';
import type { RunSummary } from '../../src/bridge/panel.ts';
import type { Addresses } from '../../src/report/addresses.ts';
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
import { messageOf } from '../state/core.ts';
import { useActions, usePanel } from './context.ts';

export function ExportMenu({ run }: { readonly run: RunSummary }): ReactElement {
  const [open, setOpen] = useState(false);
  const place = useRef<HTMLElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!open) return;
    const outside = (event: Event): void => {
      if (event.target instanceof Node && !place.current?.contains(event.target)) setOpen(false);
    };
    document.addEventListener('pointerdown', outside);
    document.addEventListener('focusin', outside);
    return () => {
      document.removeEventListener('pointerdown', outside);
      document.removeEventListener('focusin', outside);
    };
  }, [open]);
  const close = (): void => {
    setOpen(false);
    opener.current?.focus();
  };
  return (
    <section
      className="export"
      aria-label="Export"
      ref={place}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !open) return;
        event.preventDefault();
        event.stopPropagation();
        close();
      }}
    >
      <button type="button" ref={opener} className="opens" aria-expanded={open} onClick={() => setOpen(!open)}>
        Export
      </button>
      {open && <Files run={run} onDone={close} />}
    </section>
  );
}

/** What can be written. Without keys at one click; with keys behind a second, which says what that would let out. */
function Files({ run, onDone }: { readonly run: RunSummary; readonly onDone: () => void }): ReactElement {
  const [asking, setAsking] = useState(false);
  const [addresses, setAddresses] = useState<Addresses>('masked');
  const { book } = usePanel();
  const { notify } = useActions();
  const id = useId();
  const save = (kind: FileKind, withKeys: boolean): void => {
    const trace = book.trace(run.id);
    if (!trace) return;
    try {
      const read = book.read(run.id)?.handshakes ?? [];
      const name = fileName({ number: run.number, target: run.request.target }, kind, withKeys);
      download(name, contentsOf(trace, read, kind, { withKeys, addresses }));
      notify({ text: `${name} was handed to the browser’s downloads.`, tone: 'quiet' });
      onDone();
    } catch (error) {
      notify({ text: `The file could not be made: ${messageOf(error)}`, tone: 'bad' });
    }
  };
  const menu = useRef<HTMLDivElement>(null);
  // In a low window it opens behind the lower edge.
  useEffect(() => {
    menu.current?.scrollIntoView({ block: 'nearest' });
  }, []);
  const trace = asking ? book.trace(run.id) : undefined;
  const held = trace && secretsIn(trace);
  const labels = trace ? secretLabels(trace) : [];
  return (
    <div className="menu" ref={menu}>
      <p className="dim">
        Without keys: nothing in it decrypts the run. Network addresses are in all of them but .html, .md and .svg.
      </p>
      <ul>
        {kindsWithoutKeys.map((kind) => (
          <li key={kind}>
            <button type="button" aria-describedby={`${id}-${kind}`} onClick={() => save(kind, false)}>
              .{kind}
            </button>
            <span id={`${id}-${kind}`}>{fileKinds[kind].about}</span>
          </li>
        ))}
      </ul>
      <label>
        <input
          type="checkbox"
          checked={addresses === 'shown'}
          onChange={({ target }) => setAddresses(target.checked ? 'shown' : 'masked')}
        />{' '}
        <span>Addresses in .html, .md and .svg too (otherwise host-1, host-2)</span>
      </label>
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
    </div>
  );
}
