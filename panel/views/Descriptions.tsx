/**
 * Session descriptions that a person carries between the peer and a run: the peer's offer in the form, ours and the peer's
 * answer while the run goes on. What is wrong with one is said line by line before anything is sent.
 */
import { type ReactElement, useId, useMemo, useState } from 'react';
import type { OwnDescription, RunSummary } from '../../src/bridge/panel.ts';
import { type DescriptionType, unusableBecause } from '../../src/ice/sdp.ts';
import { descriptionProblems, setField, shownProblem, touch } from '../state/form.ts';
import { CopyButton } from './CopyLine.tsx';
import { useActions, useShown, useSlice } from './context.ts';

/** Problems that are listed one by one. */
const shownProblems = 20;

/** The peer's offer, for a target of `sdp:`. */
export function OfferField(): ReactElement {
  const form = useSlice((state) => state.form);
  const { editForm } = useActions();
  const id = useId();
  const problem = shownProblem(form, 'description');
  return (
    <section className="field" data-field="description" data-wrong={problem !== undefined} aria-label="Description">
      <label htmlFor={id}>
        The peer’s offer <code className="flag">sdp:</code>
      </label>
      <textarea
        id={id}
        name="description"
        rows={6}
        spellCheck={false}
        autoComplete="off"
        placeholder="v=0, or the JSON of an RTCSessionDescription; empty: the offer is ours"
        value={form.description}
        aria-invalid={problem !== undefined}
        aria-describedby={`${id}-help ${id}-problem`}
        onChange={(event) => {
          const { value } = event.target;
          editForm((before) => setField(before, 'description', value));
        }}
        onBlur={() => editForm((before) => touch(before, 'description'))}
      />
      <p id={`${id}-help`} className="help">
        Our answer is shown when the run begins. Without an offer, ours is shown, and the run goes on when the peer’s
        answer is pasted.
      </p>
      <p id={`${id}-problem`} className="problem" role={problem === undefined ? undefined : 'alert'}>
        {problem !== undefined && <bdi>{problem}</bdi>}
      </p>
      <ProblemList text={form.description} type="offer" />
    </section>
  );
}

/** What the selected run waits for somebody to carry. */
export function Exchange(): ReactElement | null {
  const { run } = useShown();
  return run?.ours && run.state === 'running' ? <OpenExchange key={run.id} run={run} ours={run.ours} /> : null;
}

function OpenExchange({ run, ours }: { readonly run: RunSummary; readonly ours: OwnDescription }): ReactElement {
  const { answer } = useActions();
  const [given, setGiven] = useState('');
  const [tried, setTried] = useState(false);
  const id = useId();
  const why = given.trim() === '' ? 'Paste the answer first.' : unusableBecause(given, 'answer');
  return (
    <section className="exchange" aria-label="Descriptions to carry over">
      <div className="row">
        <label htmlFor={`${id}-ours`}>
          <strong>Our {ours.type}</strong>: give it to the peer
        </label>
        <CopyButton text={ours.sdp} label="Copy" name={`Copy our ${ours.type}`} />
      </div>
      <textarea id={`${id}-ours`} name="ours" rows={6} readOnly spellCheck={false} value={ours.sdp} />
      {ours.waits && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            setTried(true);
            if (why === undefined) void answer(run.id, given);
          }}
        >
          <label htmlFor={`${id}-theirs`}>
            <strong>The peer’s answer</strong>: paste it here
          </label>
          <textarea
            id={`${id}-theirs`}
            name="theirs"
            rows={6}
            spellCheck={false}
            autoComplete="off"
            value={given}
            aria-invalid={tried && why !== undefined}
            aria-describedby={`${id}-why`}
            onChange={(event) => setGiven(event.target.value)}
          />
          <p id={`${id}-why`} className="problem" role="status">
            {tried && why !== undefined && <bdi>{why}</bdi>}
          </p>
          <ProblemList text={given} type="answer" />
          <button type="submit" className="primary">
            Go on with this answer
          </button>
        </form>
      )}
    </section>
  );
}

const signs = { error: '✕', warning: '!', info: 'i' } as const;

/** Line by line. */
function ProblemList({ text, type }: { readonly text: string; readonly type: DescriptionType }): ReactElement | null {
  const problems = useMemo(() => descriptionProblems(text, type), [text, type]);
  if (problems.length === 0) return null;
  const more = problems.length - shownProblems;
  return (
    <ul className="sdp-problems" aria-label={`What is wrong with the ${type}`}>
      {problems.slice(0, shownProblems).map(({ id, severity, line, text: why }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the list is made anew with its text, and one id may come twice in a line
        <li key={`${id} ${line} ${index}`} data-severity={severity}>
          <span aria-hidden="true">{signs[severity]}</span> <span className="off-screen">{severity}: </span>
          {line !== undefined && <span className="dim">line {line}: </span>}
          <bdi>{why}</bdi>
        </li>
      ))}
      {more > 0 && <li className="dim">and {more} more</li>}
    </ul>
  );
}
