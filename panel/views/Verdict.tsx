/** First of all what went wrong, in one sentence that is also spoken; then the findings, worst first. */
import type { ReactElement } from 'react';
import type { Diagnosis, Finding } from '../../src/diagnosis/model.ts';
import type { PacketRange } from '../../src/trace/buffers.ts';
import { type Badge as BadgeModel, bySeverity, outcomeBadge, severityBadge } from '../layout/text.ts';
import { Badge } from './Badge.tsx';
import { useActions, useShown, useSlice } from './context.ts';

export function Verdict(): ReactElement {
  const { run, diagnosis } = useShown();
  // A run goes on for a while after the handshake is done, to answer repeats; the result stands by then.
  const running = run?.state === 'running' && diagnosis?.outcome !== 'established';
  return (
    // While a run grows, the sentence changes many times: shown, but not spoken until it is the last one.
    <div className="verdict" role="status" aria-label="Verdict" aria-live={running ? 'off' : 'polite'}>
      {run ? (
        <>
          <Badge badge={running ? outcomeBadge('running') : diagnosis ? outcomeBadge(diagnosis.outcome) : ended} />
          <p>
            <bdi>
              {diagnosis?.verdict ?? run.verdict ?? (running ? 'Waiting for the first datagram.' : 'No datagram.')}
            </bdi>
          </p>
        </>
      ) : (
        <p className="dim">
          Nothing has run yet. Enter the HOST:PORT of a DTLS peer, or leave <code>sim</code>, and press Run. Or drop a
          capture, a trace or a key log: files are read here, and nothing is sent anywhere.
        </p>
      )}
    </div>
  );
}

const ended: BadgeModel = { text: 'ended', tone: 'quiet', shape: 'ring' };

export function Findings({ diagnosis }: { readonly diagnosis: Diagnosis }): ReactElement | null {
  const findings = bySeverity(diagnosis.findings);
  const selected = useSlice((state) => state.selection.finding);
  if (findings.length === 0) return null;
  return (
    <ul className="findings" aria-label="Findings">
      {findings.map((finding, index) => (
        // A rule may speak twice, so its id alone is no key; the list is rebuilt as a whole.
        // biome-ignore lint/suspicious/noArrayIndexKey: findings have no identity beyond their place
        <FindingItem key={`${finding.id}/${index}`} finding={finding} index={index} lit={selected === index} />
      ))}
    </ul>
  );
}

interface ItemProps {
  readonly finding: Finding;
  readonly index: number;
  readonly lit: boolean;
}

function FindingItem({ finding, index, lit }: ItemProps): ReactElement {
  return (
    <li className="finding" data-tone={severityBadge(finding.severity).tone} data-lit={lit}>
      <details open={finding.severity !== 'info'}>
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
        </p>
      </details>
    </li>
  );
}

/** Links enough to walk; the rest is lit all the same. */
const linksShown = 12;

function Evidence({ finding, index }: Omit<ItemProps, 'lit'>): ReactElement | null {
  const { selectEvidence } = useActions();
  const packets = new Map<number, PacketRange>();
  for (const range of finding.evidence) if (!packets.has(range.packet)) packets.set(range.packet, range);
  if (packets.size === 0) return null;
  const links = [...packets.values()];
  return (
    <span className="evidence">
      <span className="dim">Datagrams </span>
      {links.slice(0, linksShown).map((range) => (
        <button
          type="button"
          className="link"
          key={range.packet}
          aria-label={`Show datagram ${range.packet}`}
          onClick={() => selectEvidence(index, finding.evidence, range)}
        >
          {range.packet}
        </button>
      ))}
      {links.length > linksShown && <span className="dim"> and {links.length - linksShown} more</span>}
    </span>
  );
}
