/**
 * Files into the panel: a button, and the whole panel as a place to drop them on. They are read here, in this page;
 * nothing of them is sent anywhere, and the place to drop says so.
 */
import { type ReactElement, useEffect, useRef, useState } from 'react';
import { messageOf } from '../state/core.ts';
import { type GivenFile, largestFile, problemText } from '../state/opening.ts';
import { useActions, usePanel, useShown, useSlice } from './context.ts';

/** What file dialogs show first; what a file is, its content says. */
const endings = '.sqlog,.qlog,.pcap,.pcapng,.cap,.keys,.keylog,.log,.txt,.yaml,.yml,.json,.gz';

/** Reads what the user chose and opens all of it together, so that a key log finds its capture. */
function useOpen(): (files: readonly File[]) => Promise<void> {
  const { openFiles, notify } = useActions();
  return async (files) => {
    const large = files.filter((file) => file.size > largestFile);
    if (large.length > 0) {
      const names = large.map(({ name }) => name).join(', ');
      const most = largestFile / 1024 / 1024;
      notify({
        text: `${names}: larger than the ${most} MiB that the panel opens. The terminal reads it: npx dtlscope read FILE`,
        tone: 'bad',
      });
      return;
    }
    try {
      const given: GivenFile[] = await Promise.all(
        files.map(async (file) => ({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) })),
      );
      await openFiles(given);
    } catch (error) {
      notify({ text: `Could not be opened: ${messageOf(error)}`, tone: 'bad' });
    }
  };
}

interface OpenProps {
  readonly label?: string;
  /** What is meant to be opened. Whatever is chosen is opened as what it is. */
  readonly what?: string;
  readonly accept?: string;
}

export function OpenButton({ label = 'Open files…', what, accept = endings }: OpenProps): ReactElement {
  const open = useOpen();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        title={`Opens ${what ?? 'captures (.pcapng, .pcap), traces (.sqlog, .qlog), key logs and scenarios (.yaml)'}. It is read here; nothing is sent anywhere.`}
        onClick={() => input.current?.click()}
      >
        {label}
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        accept={accept}
        aria-label={what ?? 'Captures, traces, key logs and scenarios to open'}
        onChange={(event) => {
          const files = [...(event.target.files ?? [])];
          // The same file may be chosen again.
          event.target.value = '';
          if (files.length > 0) void open(files);
        }}
      />
    </>
  );
}

/** Listens on the whole document, and covers the panel while files hang over it. */
export function DropPlace(): ReactElement | null {
  const open = useOpen();
  const latest = useRef(open);
  latest.current = open;
  const [over, setOver] = useState(false);
  useEffect(() => {
    const withFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;
    const drag = (event: DragEvent): void => {
      if (!withFiles(event)) return;
      event.preventDefault();
      if (event.dataTransfer) event.dataTransfer.dropEffect = 'copy';
      setOver(true);
    };
    // Leaving one element enters the next; only leaving the page leads nowhere.
    const leave = (event: DragEvent): void => {
      if (event.relatedTarget === null) setOver(false);
    };
    const drop = (event: DragEvent): void => {
      setOver(false);
      if (!withFiles(event)) return;
      event.preventDefault();
      const files = [...(event.dataTransfer?.files ?? [])];
      if (files.length > 0) void latest.current(files);
    };
    document.addEventListener('dragover', drag);
    document.addEventListener('dragleave', leave);
    document.addEventListener('drop', drop);
    return () => {
      document.removeEventListener('dragover', drag);
      document.removeEventListener('dragleave', leave);
      document.removeEventListener('drop', drop);
    };
  }, []);
  if (!over) return null;
  return (
    <div className="drop-place">
      <p>
        <strong>Drop to open</strong>
      </p>
      <p>Captures, traces, key logs and scenarios are read in this panel. Nothing is sent anywhere.</p>
    </div>
  );
}

/** What is wrong with the file of the selected run, when the good part of it is shown. */
export function FileProblems(): ReactElement | null {
  const { run } = useShown();
  const { book } = usePanel();
  const all = useSlice((state) => state.problems);
  const problems = run === undefined ? undefined : all[run.id];
  if (!run || !problems || problems.length === 0) return null;
  const events = book.count(run.id);
  return (
    <section className="callout" data-tone="warn" aria-label="What is wrong with the file">
      <p>
        <strong>
          Not all of <bdi>{run.file ?? run.request.target}</bdi> could be read.
        </strong>{' '}
        What follows is the good part of it ({events} {events === 1 ? 'fact' : 'facts'}).
      </p>
      <ul className="file-problems">
        {problems.map((problem, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the list of a file never changes
          <li key={index}>
            <bdi>{problemText(problem)}</bdi>
          </li>
        ))}
      </ul>
    </section>
  );
}
