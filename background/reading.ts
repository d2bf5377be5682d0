/** What the run list shows of an ended run: the outcome of its main handshake, as analysis and diagnosis read it. */
import { Analysis } from '../src/analysis/analysis.ts';
import type { RunReading } from '../src/bridge/panel.ts';
import type { CryptoProvider } from '../src/crypto/provider.ts';
import { diagnose } from '../src/diagnosis/diagnose.ts';
import { mainOf } from '../src/diagnosis/lead.ts';
import type { Trace } from '../src/trace/model.ts';

/** Reads a whole trace. Without a handshake there is no outcome to tell. */
export function readRun(trace: Trace, crypto: CryptoProvider): RunReading {
  const analysis = new Analysis({ crypto, header: trace.header });
  for (const event of trace.events) analysis.push(event);
  const read = analysis.snapshot().handshakes.map((handshake) => ({ handshake, diagnosis: diagnose(handshake) }));
  const main = mainOf(read, trace.header);
  if (main === undefined) return {};
  const { handshake } = main;
  const { outcome, verdict } = main.diagnosis;
  const { startedAt, establishedAt, endedAt, retransmissions, parameters } = handshake;
  const { version } = parameters;
  return {
    outcome,
    verdict,
    durationMs: (establishedAt ?? endedAt) - startedAt,
    retransmissions: retransmissions.client + retransmissions.server,
    ...(typeof version === 'string' ? { version } : {}),
  };
}
