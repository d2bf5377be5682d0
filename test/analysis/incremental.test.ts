/** One reader for live runs and files: however the events come, the reading is the same. */
import { describe, expect, it } from 'vitest';
import { Analysis } from '../../src/analysis/analysis.ts';
import type { Snapshot } from '../../src/analysis/model.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { project } from '../../src/trace/buffers.ts';
import type { Trace, TraceEvent } from '../../src/trace/model.ts';
import { captureNames } from '../support/fixtures.ts';
import { analysisOf, captureTrace, snapshotOf } from '../support/reading.ts';
import { captureAt, simulated } from '../support/traces.ts';

/** All that views are made from, the revision left out: it counts events. */
const readings = ({ handshakes, unrelated, notes }: Snapshot) => ({ handshakes, unrelated, notes });

function eventByEvent(trace: Trace): Snapshot {
  const analysis = new Analysis({ crypto: nodeProvider, header: trace.header });
  for (const event of trace.events) {
    analysis.push(event);
    analysis.snapshot();
  }
  return analysis.snapshot();
}

const isSecret = (event: TraceEvent): boolean => event.kind === 'secret';
const keysLast = ({ header, events }: Trace): Trace => ({
  header,
  events: [...events.filter((event) => !isSecret(event)), ...events.filter(isSecret)],
});

const lossy = ['loss=20%', 'delay=20ms±15ms', 'duplicate=10%', 'truncate=1000', 'corrupt=5%'];
const simulations = [1, 2, 3, 4, 5, 6].map((seed) =>
  simulated({ rules: lossy, seed, server: { mtu: 300, clientAuth: 'require' } }),
);
const traces: readonly (readonly [string, Trace])[] = [
  ...captureNames.map((name) => [name, captureTrace(name, 'with keys')] as const),
  ...simulations.map((trace, i) => [`simulation ${i + 1}`, trace] as const),
  ...simulations.map(
    (trace, i) => [`capture at the client of simulation ${i + 1}`, captureAt(trace, 'client')] as const,
  ),
];

describe('a reading', () => {
  it.each(traces)('is the same event by event, with a snapshot after each, as in one go: %s', (_, trace) => {
    expect(readings(eventByEvent(trace))).toEqual(readings(snapshotOf(trace)));
  });

  it.each(traces)('is the same when the keys come last as when they come first: %s', (_, trace) => {
    const late = keysLast(trace);
    expect(readings(snapshotOf(late))).toEqual(readings(snapshotOf(trace)));
    expect(readings(eventByEvent(late))).toEqual(readings(snapshotOf(trace)));
  });

  it('gives the same places in datagrams whenever the keys come', () => {
    for (const [, trace] of traces) {
      const [early, late] = [analysisOf(trace), analysisOf(keysLast(trace))];
      late.snapshot();
      for (const { messages } of early.snapshot().handshakes)
        for (const { buffer, total } of messages)
          expect(project(late.origins, buffer, 0, total)).toEqual(project(early.origins, buffer, 0, total));
    }
  });
});

describe('a snapshot', () => {
  it('is the same object until something is pushed', () => {
    const analysis = analysisOf(captureTrace('good_ecdhe_rsa', 'with keys'));
    expect(analysis.snapshot()).toBe(analysis.snapshot());
  });

  it('keeps the identity of handshakes that an event does not touch', () => {
    const analysis = new Analysis({ crypto: nodeProvider });
    const push = (trace: Trace) => {
      for (const event of trace.events) analysis.push(event);
    };
    push(captureTrace('good_ecdhe_rsa', 'without keys'));
    push(captureTrace('hole', 'without keys'));
    const before = analysis.snapshot().handshakes;
    const [first] = captureTrace('chromium_janus_srtp', 'without keys').events;
    if (!first) throw new Error('no event');
    analysis.push(first);
    push(captureTrace('dtls10_rsa_cbc', 'with keys'));
    const after = analysis.snapshot().handshakes;
    expect(after).toHaveLength(3);
    expect(after.slice(0, 2).map((handshake, i) => handshake === before[i])).toEqual([true, true]);
  });

  it('does not change under its reader', () => {
    for (const [, trace] of traces.slice(0, captureNames.length)) {
      const analysis = new Analysis({ crypto: nodeProvider });
      const taken: { readonly snapshot: Snapshot; readonly text: string }[] = [];
      for (const event of trace.events.slice(0, 40)) {
        analysis.push(event);
        const snapshot = analysis.snapshot();
        taken.push({ snapshot, text: JSON.stringify(snapshot) });
      }
      for (const { snapshot, text } of taken) expect(JSON.stringify(snapshot)).toBe(text);
    }
  });

  it('grows its revision with every event', () => {
    const analysis = new Analysis({ crypto: nodeProvider });
    const revisions = captureTrace('good_ecdhe_rsa', 'with keys').events.map((event) => {
      analysis.push(event);
      return analysis.snapshot().revision;
    });
    expect(revisions.every((revision, i) => revision > (revisions[i - 1] ?? 0))).toBe(true);
  });
});
