/** A trace read: its handshakes with their diagnosis, and what `read` and a run's report show of them. */
import { Analysis } from '../analysis/analysis.ts';
import type { Handshake } from '../analysis/model.ts';
import { version } from '../base/version.ts';
import { nodeProvider } from '../crypto/node/index.ts';
import type { Diagnosis, Outcome } from '../diagnosis/model.ts';
import type { Trace } from '../trace/model.ts';
import type { Terminal } from './terminal.ts';

/** Who made a trace, and who reads one. */
export const tool = `dtlscope ${version}`;

export interface Reading {
  /** What to call it when there are several: the file, the client. */
  readonly name: string | undefined;
  readonly handshakes: readonly { readonly handshake: Handshake; readonly diagnosis: Diagnosis }[];
  /** Of the first handshake: in a run there is only that one. */
  readonly outcome: Outcome;
  readonly verdicts: readonly string[];
  readonly durationMs: number | undefined;
  /** " 12 STUN, 30 RTP": what else was in the trace. */
  readonly unrelated: string;
}

export function readTrace(trace: Trace, name?: string): Reading {
  const analysis = new Analysis({ crypto: nodeProvider, header: trace.header });
  for (const event of trace.events) analysis.push(event);
  const { handshakes, unrelated } = analysis.snapshot();
  const diagnose = (h: Handshake): Diagnosis => ({
    outcome:
      h.establishedAt !== undefined
        ? 'established'
        : h.refused.length > 0
          ? 'refused'
          : h.end?.how === 'cancelled'
            ? 'cancelled'
            : 'no-answer',
    lastMessage: undefined,
    verdict: 'stub',
    findings: [],
  });
  const read = handshakes.map((handshake) => ({ handshake, diagnosis: diagnose(handshake) }));
  const [first] = read;
  const other = Object.entries(unrelated).map(([kind, count]) => `${count} ${kind}`);
  return {
    name,
    handshakes: read,
    outcome: first?.diagnosis.outcome ?? 'no-answer',
    verdicts: read.map(({ diagnosis }) => diagnosis.verdict),
    durationMs:
      first?.handshake.establishedAt === undefined
        ? undefined
        : first.handshake.establishedAt - first.handshake.startedAt,
    unrelated: other.length === 0 ? '' : ` Other datagrams: ${other.join(', ')}.`,
  };
}

export function jsonOf(readings: readonly Reading[]): string {
  return `${JSON.stringify({ dtlscope: version, handshakes: readings.flatMap(({ handshakes }) => handshakes.map(({ diagnosis }) => diagnosis)) })}\n`;
}

export const textOf = (reading: Reading, _terminal: Terminal): string => `${reading.verdicts.join('\n')}\n`;
