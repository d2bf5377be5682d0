/** One handshake of a sweep: what is kept of it, and how a simulated one is made. */
import { Analysis } from '../../analysis/analysis.ts';
import type { Handshake } from '../../analysis/model.ts';
import type { Credential } from '../../crypto/keys.ts';
import type { CryptoProvider } from '../../crypto/provider.ts';
import { diagnose } from '../../diagnosis/diagnose.ts';
import type { Diagnosis, Outcome } from '../../diagnosis/model.ts';
import type { CellFinding, CellResult, Expectation, Scenario } from '../../scenario/index.ts';
import type { Trace } from '../../trace/model.ts';
import { sanitiseHeader } from '../../trace/sanitise.ts';
import { judgedOf, unmet } from '../expectation.ts';
import { simulationFor } from '../scenario.ts';
import { simulate } from '../simulate.ts';
import { simulatedCredentials } from '../simulationCredentials.ts';

/** What a cell counts of a handshake. */
export interface Sample {
  readonly outcome: Outcome;
  /** What did not come as expected; empty for a good one. */
  readonly unmet: readonly string[];
  /** Until established; undefined where it was not. ms */
  readonly timeMs: number | undefined;
  /** Of both sides. */
  readonly datagrams: number;
  readonly retransmissions: number;
  readonly findings: readonly Pick<CellFinding, 'id' | 'severity' | 'title'>[];
  readonly verdict: string;
  readonly commandLine: string | undefined;
}

/** A handshake that was made, with whatever its maker may want to keep of it; or why it could not be. */
export type Shaken<K> =
  | { readonly ok: true; readonly sample: Sample; readonly kept: K }
  | { readonly ok: false; readonly error: NonNullable<CellResult['error']> };

/** A handshake of a trace that was read, with what is to be said of it. */
export interface ReadHandshake {
  readonly handshake: Handshake;
  readonly diagnosis: Diagnosis;
}

/** All handshakes of a trace: more than one where it was begun anew. */
export function readHandshakes(trace: Trace, crypto: CryptoProvider): readonly ReadHandshake[] {
  const analysis = new Analysis({ crypto, header: trace.header });
  for (const event of trace.events) analysis.push(event);
  return analysis.snapshot().handshakes.map((handshake) => ({ handshake, diagnosis: diagnose(handshake) }));
}

/** What is counted of a trace that was read: of its first handshake, judged with the steps behind it. */
export function sampleOf(
  trace: Trace,
  read: readonly ReadHandshake[],
  { options }: Pick<Scenario, 'options'>,
  expectation: Expectation,
): Sample {
  const judged = judgedOf(read, options.steps.length);
  const { outcome } = judged;
  const [first] = read;
  const handshake = first?.handshake;
  const findings = read.flatMap((one) => one.diagnosis.findings);
  return {
    outcome,
    unmet: unmet(expectation, judged),
    timeMs:
      handshake?.establishedAt === undefined || outcome !== 'established'
        ? undefined
        : Math.round((handshake.establishedAt - handshake.startedAt) * 1000) / 1000,
    datagrams: handshake ? handshake.traffic.client.datagrams + handshake.traffic.server.datagrams : 0,
    retransmissions: handshake ? handshake.retransmissions.client + handshake.retransmissions.server : 0,
    // One of an id may be about each of several messages.
    findings: findings.flatMap(({ id, severity, title }, at) =>
      severity === 'info' || findings.findIndex((other) => other.id === id) < at ? [] : [{ id, severity, title }],
    ),
    verdict: first?.diagnosis.verdict ?? 'Not one datagram of DTLS was seen.',
    commandLine: sanitiseHeader(trace.header).commandLine,
  };
}

export interface SimulatedShake {
  readonly scenario: Scenario;
  readonly expectation: Expectation;
  readonly tool: string;
  /** What the handshake itself calculates with: the same bytes everywhere. */
  readonly crypto: CryptoProvider;
  /** What reading the trace calculates with, where a faster one is at hand. */
  readonly reading?: CryptoProvider;
  /** Our certificates, where the scenario asks for some that are pasted, or that no test key fills. */
  readonly credentials: () => Promise<readonly Credential[]>;
}

/** Makes a simulated handshake; throws a `RangeError` for settings that no endpoint could work with. */
export async function shakeSimulated(spec: SimulatedShake): Promise<Shaken<Trace> & { readonly ok: true }> {
  const { scenario, expectation, crypto } = spec;
  const { ours, theirs } = await simulatedCredentials(scenario.options, crypto, spec.credentials);
  const simulation = simulationFor(scenario, spec.tool, ours, theirs, crypto);
  const trace = simulate(simulation);
  const read = readHandshakes(trace, spec.reading ?? crypto);
  return { ok: true, sample: sampleOf(trace, read, scenario, expectation), kept: trace };
}
