/** First of all what went wrong, in one sentence that is also spoken; then the findings, worst first. */
import type { ReactElement } from 'react';
import type { Diagnosis, Finding } from '../../src/diagnosis/model.ts';
import { capitalised } from '../../src/diagnosis/words.ts';
import { evidenceChoice, evidenceLinks } from '../layout/evidence.ts';
import { type Badge as BadgeModel, bySeverity, outcomeBadge, severityBadge } from '../layout/text.ts';
import { expectationText, missed } from '../state/expectation.ts';
import { Badge } from './Badge.tsx';
import { breakable } from './breakable.tsx';
import { useActions, useShown, useSlice } from './context.ts';

export function Verdict(): ReactElement {
  const { run, diagnosis } = useShown();
  // A run goes on for a while after the handshake is done, to answer repeats; the result stands by then.
  const running = run?.state === 'running' && diagnosis?.outcome !== 'established';
  const badge = running ? outcomeBadge('running') : diagnosis ? outcomeBadge(diagnosis.outcome) : ended;
  return (
    // While a run grows, the sentence changes many times: shown, but not spoken until it is the last one.
    <div
      className="verdict"
      role="status"
      aria-label="Verdict"
      aria-live={running ? 'off' : 'polite'}
      data-tone={run ? badge.tone : undefined}
    >
      {run ? (
        <>
          <Badge badge={badge} />
          <p>
            <bdi>
              {breakable(
                diagnosis?.verdict ?? run.verdict ?? (running ? 'Waiting for the first datagram.' : 'No datagram.'),
              )}
            </bdi>
          </p>
        </>
      ) : (
        <p className="dim">Nothing has run yet.</p>
      )}
    </div>
  );
}

/** Whether a run came as its scenario expects. */
export function Expected(): ReactElement | null {
  const { run, reading } = useShown();
  const asked = run?.request.expectation;
  if (!run || !asked || run.state === 'running') return null;
  const failures = missed(asked, reading?.handshakes ?? []);
  const held = failures.length === 0;
  return (
    <section className="expected" data-tone={held ? 'good' : 'bad'} aria-label="Expectation">
      <p>
        <Badge
          badge={{
            text: held ? 'as expected' : 'not as expected',
            tone: held ? 'good' : 'bad',
            shape: held ? 'check' : 'cross',
          }}
        />{' '}
        {run.request.name !== undefined && (
          <>
            <strong>
              <bdi>{run.request.name}</bdi>
            </strong>
            {': '}
          </>
        )}
        <span className="dim">{expectationText(asked)}</span>
      </p>
      {!held && (
        <ul>
          {failures.map((failure) => (
            <li key={failure}>{capitalised(failure)}.</li>
          ))}
        </ul>
      )}
    </section>
  );
}

const ended: BadgeModel = { text: 'ended', tone: 'quiet', shape: 'ring' };

export function Findings({ diagnosis }: { readonly diagnosis: Diagnosis }): ReactElement | null {
  const findings = bySeverity(diagnosis.findings);
  const good = diagnosis.outcome === 'established';
  const selected = useSlice((state) => state.selection.finding);
  if (findings.length === 0) return null;
  return (
    <ul className="findings" aria-label="Findings">
      {findings.map((finding, index) => (
        // A rule may speak twice, so its id alone is no key; the list is rebuilt as a whole.
        <FindingItem
          // biome-ignore lint/suspicious/noArrayIndexKey: findings have no identity beyond their place
          key={`${finding.id}/${index}`}
          finding={finding}
          index={index}
          lit={selected === index}
          // What stopped the handshake is read at once; what did not costs no room until it is asked for.
          open={finding.severity === 'error' || (index === 0 && !good && finding.severity === 'warning')}
        />
      ))}
    </ul>
  );
}

interface ItemProps {
  readonly finding: Finding;
  readonly index: number;
  readonly lit: boolean;
  /** Unfolded at first. */
  readonly open: boolean;
}

function FindingItem({ finding, index, lit, open }: ItemProps): ReactElement {
  return (
    <li className="finding" data-tone={severityBadge(finding.severity).tone} data-lit={lit}>
      <details open={open}>
        <summary>
          <Badge badge={severityBadge(finding.severity)} />
          <strong>{finding.title}</strong>
          <code className="dim">{finding.id}</code>
        </summary>
        <p>
          <bdi>{finding.why}</bdi>
        </p>
        {finding.fix !== '' && (
          <p>
            <span className="dim">What to do: </span>
            <bdi>{finding.fix}</bdi>
          </p>
        )}
        <p className="row">
          <Evidence finding={finding} index={index} />
          {finding.see !== '' && <span className="dim">See {finding.see}</span>}
          <a href={`findings.html#${finding.id}`} target="_blank" rel="noreferrer">
            About {finding.id}
          </a>
        </p>
      </details>
    </li>
  );
}

/** Links enough to walk; the rest is lit all the same. */
const linksShown = 12;

function Evidence({ finding, index }: Pick<ItemProps, 'finding' | 'index'>): ReactElement | null {
  const { selectEvidence } = useActions();
  const { handshake } = useShown();
  const links = evidenceLinks(finding.evidence);
  if (links.length === 0 || !handshake) return null;
  return (
    <span className="evidence">
      <span className="dim">
        {new Set(links.map(({ range }) => range.packet)).size === 1 ? 'Datagram' : 'Datagrams'}{' '}
      </span>
      {links.slice(0, linksShown).map(({ range, text, name }) => (
        <button
          type="button"
          className="link"
          key={text}
          aria-label={name}
          onClick={() => {
            const { target, field } = evidenceChoice(handshake, range);
            selectEvidence(index, finding.evidence, target, field);
          }}
        >
          {text}
        </button>
      ))}
      {links.length > linksShown && <span className="dim"> and {links.length - linksShown} more</span>}
    </span>
  );
}
