/**
 * The scenario as a file, beside the form: what is typed here is there, and the other way round. Problems stand at their
 * lines and in a list that leads to them; F8 walks them from within the text.
 */
import { type ReactElement, useEffect, useId, useLayoutEffect, useRef } from 'react';
import type { FileProblem } from '../../src/scenario/index.ts';
import { download } from '../files.ts';
import { plural } from '../layout/text.ts';
import { crossing, expectationText } from '../state/expectation.ts';
import { movedCursor, offsetOf, type ScenarioText, terminalFields } from '../state/scenario.ts';
import { CopyButton } from './CopyLine.tsx';
import { useActions, useSlice } from './context.ts';
import { OpenButton } from './OpenFiles.tsx';

/** Problems that are listed. */
const mostListed = 50;

export function ScenarioView(): ReactElement {
  const scenario = useSlice((state) => state.scenario);
  const { openEditor } = useActions();
  const known = scenario !== undefined;
  useEffect(() => {
    if (!known) void openEditor();
  }, [known, openEditor]);
  if (!scenario) return <p className="empty">Loading the editor…</p>;
  return <Editor scenario={scenario} />;
}

function Editor({ scenario }: { readonly scenario: ScenarioText }): ReactElement {
  const { start, rewriteScenario, showSide, goTo: goToPlace } = useActions();
  const area = useRef<HTMLTextAreaElement>(null);
  const side = useSlice((state) => state.side);
  const { text, problems, apart, name, about, file } = scenario;
  const goTo = ({ at }: FileProblem): void => {
    const offset = offsetOf(text, at);
    area.current?.focus();
    area.current?.setSelectionRange(offset, offset);
    scrollTo(area.current, at.line);
  };
  return (
    <div className="scenario">
      <div className="bar scenario-bar" role="toolbar" aria-label="Scenario file">
        <OpenButton label="Open…" what="a scenario file (.yaml, .json)" accept=".yaml,.yml,.json" />
        <button type="button" onClick={() => download(fileNameOf(scenario), text)}>
          Save
        </button>
        <CopyButton text={text} label="Copy" name="Copy the scenario" />
        <button
          type="button"
          onClick={rewriteScenario}
          title="Writes the text from the form; name, expectation and comments go"
        >
          Write anew
        </button>
        <span className="grow" />
        {side !== 'options' && (
          <button type="button" onClick={() => showSide('options')}>
            Show the form
          </button>
        )}
        {scenario.sweeps && (
          <button type="button" onClick={() => goToPlace('sweep')}>
            Show the sweep
          </button>
        )}
        <button
          type="button"
          className="primary"
          title={scenario.sweeps ? 'Runs what all cells have in common, once' : undefined}
          onClick={() => void start()}
        >
          Run it
        </button>
      </div>
      <div className="scenario-head">
        <p>
          {file !== undefined && (
            <>
              <bdi className="mono">{file}</bdi>
              {': '}
            </>
          )}
          {name === undefined ? (
            <span className="dim">
              The same as the form beside it, as the file that <code>npx dtlscope run</code> takes.
            </span>
          ) : (
            <strong>
              <bdi>{name}</bdi>
            </strong>
          )}
        </p>
        {about !== undefined && (
          <p>
            <bdi>{about}</bdi>
          </p>
        )}
      </div>
      <TextArea scenario={scenario} area={area} goTo={goTo} />
      {apart && (
        <div className="callout" data-tone="warn" role="status">
          <p>The form was changed while the text could not be read: they say different things. A run takes the form.</p>
        </div>
      )}
      <Problems problems={problems} goTo={goTo} />
      <Rest scenario={scenario} />
    </div>
  );
}

/** "a-large-certificate.yaml"; JSON keeps its ending. */
function fileNameOf({ file, name, text }: ScenarioText): string {
  if (file !== undefined) return file;
  const bare = (name ?? 'scenario')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);
  return `${bare || 'scenario'}.${text.trimStart().startsWith('{') ? 'json' : 'yaml'}`;
}

function scrollTo(area: HTMLTextAreaElement | null, line: number): void {
  if (!area) return;
  const height = Number.parseFloat(getComputedStyle(area).lineHeight);
  area.scrollTop = Math.max(0, (line - 1) * height - area.clientHeight / 2);
}

interface TextProps {
  readonly scenario: ScenarioText;
  readonly area: { current: HTMLTextAreaElement | null };
  readonly goTo: (problem: FileProblem) => void;
}

function TextArea({ scenario: { text, problems }, area, goTo }: TextProps): ReactElement {
  const { typeScenario } = useActions();
  const id = useId();
  const gutter = useRef<HTMLDivElement>(null);
  const before = useRef(text);
  // The form wrote: the cursor stays where the user left it. What is typed is already as it should be.
  useLayoutEffect(() => {
    const element = area.current;
    const was = before.current;
    before.current = text;
    if (!element || was === text || element.value === text) return;
    const [from, to, top] = [element.selectionStart, element.selectionEnd, element.scrollTop];
    element.value = text;
    element.setSelectionRange(movedCursor(was, text, from), movedCursor(was, text, to));
    element.scrollTop = top;
  }, [text, area]);
  const wrong = new Map<number, string>();
  for (const { at, what } of problems) wrong.set(at.line, wrong.get(at.line) ?? what);
  const lines = text.split('\n');
  return (
    <div className="editor" data-wrong={problems.length > 0}>
      <div className="gutter" aria-hidden="true" ref={gutter}>
        {lines.map((_, index) => (
          <span
            // biome-ignore lint/suspicious/noArrayIndexKey: a line has no identity but its number
            key={index}
            data-wrong={wrong.has(index + 1)}
            title={wrong.get(index + 1)}
          >
            {wrong.has(index + 1) && '✕'} {index + 1}
          </span>
        ))}
      </div>
      <textarea
        ref={area}
        name="scenario"
        aria-label="Scenario"
        aria-describedby={`${id}-keys ${problemsId}`}
        aria-invalid={problems.length > 0}
        spellCheck={false}
        autoComplete="off"
        autoCapitalize="off"
        wrap="off"
        defaultValue={text}
        onChange={(event) => typeScenario(event.target.value)}
        onScroll={(event) => {
          if (gutter.current) gutter.current.scrollTop = event.currentTarget.scrollTop;
        }}
        onKeyDown={(event) => {
          if (event.key !== 'F8' || problems.length === 0) return;
          event.preventDefault();
          const at = event.currentTarget.selectionStart;
          const places = problems.map((problem) => ({ problem, offset: offsetOf(text, problem.at) }));
          const next = event.shiftKey
            ? (places.findLast(({ offset }) => offset < at) ?? places.at(-1))
            : (places.find(({ offset }) => offset > at) ?? places[0]);
          if (next) goTo(next.problem);
        }}
      />
      <span id={`${id}-keys`} className="off-screen">
        F8 goes to the next problem, Shift+F8 to the one before.
      </span>
    </div>
  );
}

const problemsId = 'scenario-problems';

function Problems({
  problems,
  goTo,
}: {
  readonly problems: readonly FileProblem[];
  readonly goTo: (problem: FileProblem) => void;
}): ReactElement {
  const more = problems.length - mostListed;
  return (
    <section className="scenario-problems" aria-label="Problems">
      <p id={problemsId} role="status" className={problems.length > 0 ? 'problem' : 'dim'}>
        {problems.length === 0 ? '✓ No problems.' : `✕ ${plural(problems.length, 'problem')} (F8: next)`}
      </p>
      {problems.length > 0 && (
        <ol aria-label="Problems by line">
          {problems.slice(0, mostListed).map((problem, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the list is made anew with its text
            <li key={index}>
              <button type="button" className="link" onClick={() => goTo(problem)}>
                {problem.at.line}:{problem.at.column}
              </button>{' '}
              <bdi>{problem.what}</bdi>
            </li>
          ))}
          {more > 0 && <li className="dim">and {more} more</li>}
        </ol>
      )}
    </section>
  );
}

/** What is in the text and not in the form. */
function Rest({ scenario }: { readonly scenario: ScenarioText }): ReactElement | null {
  const { expectation } = scenario;
  const terminal = terminalFields(scenario);
  if (!expectation && terminal.length === 0) return null;
  return (
    <dl className="scenario-rest">
      {expectation && (
        <>
          <dt>Expects</dt>
          <dd>{expectationText(crossing(expectation))}. A run of it says whether that held.</dd>
        </>
      )}
      {terminal.length > 0 && (
        <>
          <dt>For the terminal</dt>
          <dd>
            {terminal.map((name, index) => (
              <span key={name}>
                {index > 0 && ', '}
                <code>{name}</code>
              </span>
            ))}
            : kept here; the panel makes one handshake.
          </dd>
        </>
      )}
    </dl>
  );
}
