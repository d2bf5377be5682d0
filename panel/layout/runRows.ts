/**
 * Rows of the run list, from summaries and, where the panel holds a run's events, from their reading. Newest first; a
 * failed run is never hidden.
 */
import type { RunSummary } from '../../src/bridge/panel.ts';
import { inFull, type ReadHandshake } from '../../src/diagnosis/lead.ts';
import { type Outcome, outcomes } from '../../src/diagnosis/model.ts';
import { defaultOptions } from '../../src/scenario/index.ts';
import type { Reading } from '../state/runBook.ts';
import { type Badge, duration, outcomeBadge, plural } from './text.ts';

export interface RunRow {
  readonly id: string;
  readonly number: number;
  readonly target: string;
  readonly badge: Badge;
  /** What its scenario is called. */
  readonly name: string | undefined;
  /** What is known of duration, retransmissions, MTU and version, each with its unit. */
  readonly figures: readonly string[];
  /** "14:03:21", local time. */
  readonly startedAt: string;
  /** All of it in words. */
  readonly label: string;
}

/** Made once: to make one takes longer than all else of a row. */
const timeOfDay = new Intl.DateTimeFormat([], { hour: 'numeric', minute: 'numeric', second: 'numeric', hour12: false });

/** What is not known is left out, never guessed. */
export function runRow(run: RunSummary, reading: Reading | undefined): RunRow {
  const main = reading?.main;
  const running = run.state === 'running';
  const outcome = running ? 'running' : (main?.diagnosis.outcome ?? knownOutcome(run.outcome));
  const badge: Badge =
    outcome === undefined ? { text: run.outcome ?? 'ended', tone: 'quiet', shape: 'ring' } : outcomeBadge(outcome);
  const ms = main ? handshakeMs(main.handshake) : run.durationMs;
  const resent = main
    ? main.handshake.retransmissions.client + main.handshake.retransmissions.server
    : run.retransmissions;
  const mtu = run.request.options['mtu'];
  const version = main?.handshake.parameters.version ?? run.version;
  const figures = [
    ...(ms === undefined ? [] : [duration(ms)]),
    ...(resent === undefined ? [] : [plural(resent, 'retransmission')]),
    // A file was recorded at whatever MTU it was.
    ...(run.file === undefined ? [`MTU ${typeof mtu === 'number' || typeof mtu === 'string' ? mtu : defaultMtu}`] : []),
    ...(version === undefined ? [] : [`DTLS ${version}`]),
  ];
  const { target } = run.request;
  const startedAt = timeOfDay.format(run.startedAt);
  return {
    id: run.id,
    number: run.number,
    target,
    badge,
    name: run.request.name,
    figures,
    startedAt,
    // As it is read, so that what is seen can be said to a machine that listens (WCAG 2.5.3); then what is only meant.
    label: [
      target,
      badge.text,
      ...(run.request.name === undefined ? [] : [run.request.name]),
      `#${run.number} ${startedAt}`,
      ...figures,
      run.file === undefined ? 'run' : 'file',
    ].join(', '),
  };
}

export interface ListRow {
  readonly key: string;
  readonly run: string;
  /** Undefined for the run itself. */
  readonly handshake: ReadHandshake | undefined;
}

/** Handshakes of one capture that are listed, those in trouble first of all; every one can be chosen above the ladder. */
export const mostListed = 50;

/** Runs, and under those with several handshakes each of them, in order of time. */
export const listRows = (
  runs: readonly { readonly run: string; readonly handshakes: readonly ReadHandshake[] }[],
): ListRow[] =>
  runs.flatMap(({ run, handshakes }) => [
    { key: run, run, handshake: undefined },
    ...(handshakes.length < 2 ? [] : inFull(handshakes, mostListed)).map((handshake) => ({
      key: `${run}/${handshake.handshake.id}`,
      run,
      handshake,
    })),
  ]);

export interface HandshakeRow {
  readonly id: string;
  /** "192.0.2.1:5000 → 192.0.2.2:4433", client first. */
  readonly ends: string;
  readonly badge: Badge;
  readonly label: string;
}

export function handshakeRow({ handshake, diagnosis }: ReadHandshake): HandshakeRow {
  const badge = outcomeBadge(diagnosis.outcome);
  const { id, client, server } = handshake;
  const ends = `${client} → ${server}`;
  return { id, ends, badge, label: `${id} ${ends}, ${badge.text}, handshake` };
}

const defaultMtu = defaultOptions('probe').mtu;

/** First datagram to establishment, or to the end of what was seen. Milliseconds. */
export const handshakeMs = (handshake: {
  readonly startedAt: number;
  readonly establishedAt: number | undefined;
  readonly endedAt: number;
}): number => (handshake.establishedAt ?? handshake.endedAt) - handshake.startedAt;

/** An outcome from an other version of dtlscope may have a name that we do not know. */
const knownOutcome = (name: string | undefined): Outcome | undefined => outcomes.find((outcome) => outcome === name);
