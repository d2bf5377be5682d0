/** Inspecting traces in tests: all that a handshake has to look at, and finding fields by their path. */
import type { Analysis } from '../../src/analysis/analysis.ts';
import { Inspector } from '../../src/analysis/inspect/inspector.ts';
import type { FieldTree, InspectedBuffer, Inspection, Subject } from '../../src/analysis/inspect/model.ts';
import type { Handshake, MessageView } from '../../src/analysis/model.ts';
import type { Trace } from '../../src/trace/model.ts';
import { nodesOf } from './fieldTree.ts';
import { captureNames } from './fixtures.ts';
import { analysisOf, captureTrace } from './reading.ts';

/** Captures of DTLS 1.0 and 1.2. */
export const captures12: readonly string[] = captureNames.filter((name) => !name.startsWith('dtls13'));

export interface Inspected {
  readonly analysis: Analysis;
  readonly handshake: Handshake;
  readonly inspector: Inspector;
}

export function inspected(trace: Trace): Inspected[] {
  const analysis = analysisOf(trace);
  return analysis
    .snapshot()
    .handshakes.map((handshake) => ({ analysis, handshake, inspector: new Inspector(handshake, analysis) }));
}

/** The only handshake of a capture. */
export function inspectedCapture(name: string, keys: 'with keys' | 'without keys' = 'with keys'): Inspected {
  const [first, ...others] = inspected(captureTrace(name, keys));
  if (!first || others.length > 0) throw new Error(`not one handshake in ${name}`);
  return first;
}

/** Everything that a handshake has to look at. */
export function subjectsOf({ datagrams, messages, alerts, certificates }: Handshake): Subject[] {
  const out: Subject[] = messages.map(({ key }) => ({ kind: 'message', key }));
  for (const { packet, records } of datagrams) {
    out.push({ kind: 'datagram', packet });
    for (const { index, fragments } of records) {
      out.push({ kind: 'record', packet, record: index });
      fragments.forEach((_, fragment) => {
        out.push({ kind: 'fragment', packet, record: index, fragment });
      });
    }
  }
  alerts.forEach(({ where }, alert) => {
    if (where) out.push({ kind: 'alert', alert });
  });
  for (const of of ['client', 'server'] as const)
    certificates[of].forEach((_, certificate) => {
      out.push({ kind: 'certificate', of, certificate });
    });
  return out;
}

/** Every buffer of a handshake once. */
export function buffersOf({ handshake, inspector }: Inspected): InspectedBuffer[] {
  const out = new Map<number, InspectedBuffer>();
  for (const { packet } of handshake.datagrams)
    for (const buffer of inspector.inspect({ kind: 'datagram', packet })?.buffers ?? []) out.set(buffer.id, buffer);
  for (const { key } of handshake.messages)
    for (const buffer of inspector.inspect({ kind: 'message', key })?.buffers ?? []) out.set(buffer.id, buffer);
  return [...out.values()];
}

export function inspectedAs(inspector: Inspector, subject: Subject): Inspection {
  const inspection = inspector.inspect(subject);
  if (!inspection) throw new Error(`nothing to inspect: ${JSON.stringify(subject)}`);
  return inspection;
}

/** The first message of a type, from either side. */
export function messageOf({ messages }: Handshake, type: number, from?: 'client' | 'server'): MessageView {
  const found = messages.find((one) => one.message === type && (from === undefined || one.from === from));
  if (!found) throw new Error(`no message of type ${type}`);
  return found;
}

/** The tree of a message. */
export const treeOf = ({ inspector }: Inspected, message: MessageView): FieldTree => {
  const [buffer] = inspectedAs(inspector, { kind: 'message', key: message.key }).buffers;
  if (!buffer) throw new Error('no buffer');
  return buffer.tree;
};

/** The only field whose path ends so; anything else fails the test. */
export function field(tree: FieldTree, path: string): FieldTree {
  const found = nodesOf(tree).filter(({ id }) => id === path || id.endsWith(`.${path}`));
  const [first] = found;
  if (!first || found.length > 1) throw new Error(`${found.length} fields ${path}`);
  return first;
}
