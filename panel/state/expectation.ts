/** What a scenario expects of its run: as it crosses to the background, and held against what came. */
import type { Handshake } from '../../src/analysis/model.ts';
import type { RunBounds, RunExpectation } from '../../src/bridge/panel.ts';
import { type Diagnosis, outcomes } from '../../src/diagnosis/model.ts';
import { judgedOf, unmet } from '../../src/run/expectation.ts';
import type { BothSides, Bounds, Expectation } from '../../src/scenario/index.ts';

export function crossing({ outcome, findings, datagrams, retransmissions, steps }: Expectation): RunExpectation {
  const bounds = ({ least, most }: Bounds) => ({
    ...(least === undefined ? {} : { least }),
    ...(most === undefined ? {} : { most }),
  });
  const both = ({ client, server }: BothSides): RunBounds => ({ client: bounds(client), server: bounds(server) });
  const sides = { datagrams: both(datagrams), retransmissions: both(retransmissions) };
  return { outcome, findings, ...sides, ...(steps !== undefined && { steps }) };
}

/** Undefined when it has an outcome that this version does not know. */
function arrived({ outcome, findings, datagrams, retransmissions, steps }: RunExpectation): Expectation | undefined {
  const known = outcomes.find((one) => one === outcome);
  const both = ({ client, server }: RunBounds): BothSides => ({
    client: { least: client.least, most: client.most },
    server: { least: server.least, most: server.most },
  });
  return (
    known && { outcome: known, findings, datagrams: both(datagrams), retransmissions: both(retransmissions), steps }
  );
}

/** What was not as expected of all that a run holds, whichever of its handshakes is looked at; empty when all was. */
export function missed(
  asked: RunExpectation,
  read: readonly { readonly handshake: Handshake; readonly diagnosis: Diagnosis }[],
): readonly string[] {
  const expectation = arrived(asked);
  if (expectation === undefined) return [`"${asked.outcome}" is no outcome that this version knows`];
  return unmet(expectation, judgedOf(read));
}

/** "established, with retransmission-normal, without flight-lost": an expectation in a line. */
export function expectationText({ outcome, findings, datagrams, retransmissions, steps }: RunExpectation): string {
  const bound = (what: string, both: RunBounds): string[] =>
    (['client', 'server'] as const).flatMap((side) => {
      const { least, most } = both[side];
      if (least === undefined && most === undefined) return [];
      const count =
        least === most
          ? `${least}`
          : least === undefined
            ? `at most ${most}`
            : most === undefined
              ? `at least ${least}`
              : `${least} to ${most}`;
      return [`${count} ${what} of the ${side}`];
    });
  return [
    outcome,
    ...findings.must.map((id) => `with ${id}`),
    ...findings.mustNot.map((id) => `without ${id}`),
    ...bound('datagrams', datagrams),
    ...bound('retransmissions', retransmissions),
    ...(steps === undefined ? [] : [`${steps} steps done`]),
  ].join(', ');
}
