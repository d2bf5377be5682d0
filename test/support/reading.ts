/** Reading a trace in tests: all at once, event by event, and with keys at any time. */
import { Analysis } from '../../src/analysis/analysis.ts';
import type { Handshake, Snapshot } from '../../src/analysis/model.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import type { Trace, TraceEvent } from '../../src/trace/model.ts';
import { loadCapture } from './fixtures.ts';

export function analysisOf(trace: Trace): Analysis {
  const analysis = new Analysis({ crypto: nodeProvider, header: trace.header });
  for (const event of trace.events) analysis.push(event);
  return analysis;
}

export const snapshotOf = (trace: Trace): Snapshot => analysisOf(trace).snapshot();

/** The only handshake of a trace; anything else fails the test. */
export function onlyHandshake(trace: Trace): Handshake {
  const { handshakes } = snapshotOf(trace);
  const [handshake] = handshakes;
  if (!handshake || handshakes.length !== 1) throw new Error(`${handshakes.length} handshakes`);
  return handshake;
}

const isSecret = (event: TraceEvent): boolean => event.kind === 'secret';

/** A fixture's capture with all its keys from the start, or with none. */
export function captureTrace(name: string, keys: 'with keys' | 'without keys'): Trace {
  const { header, events, secrets } = loadCapture(name);
  const rest = events.filter((event) => !isSecret(event));
  const all = [...secrets, ...events.filter(isSecret)];
  return { header, events: keys === 'with keys' ? [...all, ...rest] : rest };
}
