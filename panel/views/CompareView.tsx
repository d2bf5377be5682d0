/**
 * The shown handshake beside a pinned one: what differs first leads, and what both have is said to be no reason. Whoever has
 * a run that works pins it, and then looks at those that do not.
 */
import { type ReactElement, useMemo } from 'react';
import type { Handshake } from '../../src/analysis/model.ts';
import { compareHandshakes } from '../../src/compare/compare.ts';
import type { Comparison, Difference } from '../../src/compare/model.ts';
import { placeText } from '../../src/compare/verdict.ts';
import type { ReadHandshake } from '../../src/diagnosis/lead.ts';
import type { Diagnosis } from '../../src/diagnosis/model.ts';
import { capitalised } from '../../src/diagnosis/words.ts';
import { outcomeBadge } from '../layout/text.ts';
import { Badge } from './Badge.tsx';
import { breakable } from './breakable.tsx';
import { useActions, usePanel, useReading, useShown, useSlice } from './context.ts';

interface Props {
  readonly handshake: Handshake;
  readonly diagnosis: Diagnosis;
  /** Wall clock of the trace's time 0, ms since 1970. */
  readonly startedAt: number | undefined;
}

export function CompareView({ handshake, diagnosis, startedAt }: Props): ReactElement {
  const { run } = useShown();
  const { pin } = useActions();
  const { book } = usePanel();
  const baseline = useSlice((state) => state.baseline);
  const pinned = useSlice((state) => state.runs.find(({ id }) => id === state.baseline?.run));
  const reading = useReading(pinned?.id);
  const known = reading?.handshakes.find((one) => one.handshake.id === baseline?.handshake);
  const pinnedAt = pinned && book.startedAt(pinned.id);
  const found = useMemo(
    () => known && compareHandshakes({ ...known, startedAt: pinnedAt }, { handshake, diagnosis, startedAt }),
    [known, pinnedAt, handshake, diagnosis, startedAt],
  );
  const isBaseline = known?.handshake === handshake;
  const pinThis = (
    <button type="button" onClick={() => run && pin({ run: run.id, handshake: handshake.id })}>
      Pin this as baseline
    </button>
  );
  if (!known || !pinned || !run)
    return (
      <div className="compare">
        <p>
          No baseline is pinned. Pin a handshake that is known, one that works best of all; then choose another one from
          the list, and see here what differs first.
        </p>
        <p>{pinThis}</p>
      </div>
    );
  return (
    <div className="compare">
      <div className="compare-sides">
        <Side letter="A" what={isBaseline ? 'this one, pinned' : 'pinned'} name={nameOf(pinned)} read={known} />
        {!isBaseline && <Side letter="B" what="shown" name={nameOf(run)} read={{ handshake, diagnosis }} />}
      </div>
      <p className="row">
        {!isBaseline && pinThis}
        <button type="button" onClick={() => pin(undefined)}>
          Let the baseline go
        </button>
      </p>
      {isBaseline ? (
        <p>This is the baseline. Choose another run or handshake to compare it with.</p>
      ) : (
        found && <Found found={found} />
      )}
    </div>
  );
}

const nameOf = ({
  number,
  request,
}: {
  readonly number: number;
  readonly request: { readonly target: string; readonly name?: string };
}): string => `#${number} ${request.name ?? request.target}`;

interface SideProps {
  readonly letter: string;
  readonly what: string;
  readonly name: string;
  readonly read: ReadHandshake;
}

function Side({ letter, what, name, read: { handshake, diagnosis } }: SideProps): ReactElement {
  return (
    <p className="row">
      <strong>{letter}</strong> <span className="dim">{what}</span>
      <bdi>
        {name}, {handshake.id}
      </bdi>
      <Badge badge={outcomeBadge(diagnosis.outcome)} />
    </p>
  );
}

/** Differences that are listed; more are counted. */
const mostListed = 60;

function Found({ found }: { readonly found: Comparison }): ReactElement {
  const { verdict, first, differences, inBoth, expected, notes } = found;
  const others = differences.filter((one) => one !== first);
  return (
    <>
      <p role="status">
        <strong>
          <bdi>{breakable(verdict)}</bdi>
        </strong>
      </p>
      {notes.map((note) => (
        <p key={note} className="callout" data-tone="warn">
          {note}
        </p>
      ))}
      {first && (
        <section aria-label="First difference">
          <h2>First difference</h2>
          <One difference={first} first />
        </section>
      )}
      {others.length > 0 && (
        <section aria-label="Other differences">
          <h2>Other differences, in the order of the handshake</h2>
          <ul>
            {others.slice(0, mostListed).map((one) => (
              <li key={`${placeText(one)}/${one.a}/${one.b}`}>
                <One difference={one} first={false} />
              </li>
            ))}
          </ul>
          {others.length > mostListed && <p className="dim">and {others.length - mostListed} more</p>}
        </section>
      )}
      {inBoth.length > 0 && (
        <section aria-label="The same in both">
          <h2>The same in both</h2>
          <ul>
            {inBoth.map((text) => (
              <li key={text}>
                <bdi>{breakable(text)}</bdi>
              </li>
            ))}
          </ul>
        </section>
      )}
      {expected.length > 0 && <p className="dim">Different in every handshake, and left out: {expected.join('; ')}.</p>}
    </>
  );
}

function One({ difference, first }: { readonly difference: Difference; readonly first: boolean }): ReactElement {
  const { selectTarget, setView } = useActions();
  const { a, b, packets, weight } = difference;
  const show = (packet: number): void => {
    setView({ drawing: 'ladder' });
    selectTarget({ kind: 'datagram', packet }, true);
  };
  return (
    <div className="difference" data-first={first}>
      <p>
        {breakable(capitalised(placeText(difference)))}
        {weight === 'minor' && <span className="dim"> (minor)</span>}
      </p>
      <table>
        <tbody>
          <tr>
            <th scope="row">A</th>
            <td>
              <bdi>{breakable(a)}</bdi>
            </td>
          </tr>
          <tr>
            <th scope="row">B</th>
            <td>
              <bdi>{breakable(b)}</bdi>{' '}
              {packets.b !== undefined && (
                <button
                  type="button"
                  className="link"
                  aria-label={`Show datagram ${packets.b}`}
                  onClick={() => packets.b !== undefined && show(packets.b)}
                >
                  #{packets.b}
                </button>
              )}
            </td>
          </tr>
        </tbody>
      </table>
    </div>
  );
}
