/**
 * Trace events and headers as plain JSON, for crossing a port between parts of the same dtlscope version. Files use qlog
 * (`src/trace`); this form is shorter, keeps every field as it is, and is never stored. Byte strings become
 * `{ "$bytes": base64 }`, wherever they stand.
 */
import { fromBase64, toBase64 } from '../base/bytes.ts';
import type { TraceEvent, TraceHeader } from '../trace/model.ts';

export type JsonEvent = { readonly kind: string; readonly at: number };
export type JsonHeader = { readonly tool: string; readonly kind: string };

const bytesKey = '$bytes';
/** Deeper than any event of ours; stops hostile nesting from overflowing the stack. */
const maxDepth = 32;

/** An event as JSON. Fields that are undefined are left out. */
export function encodeEvent(event: TraceEvent): JsonEvent {
  return encode(event) as JsonEvent;
}

/** Reads `encodeEvent`'s form; undefined when it is not an event. */
export function decodeEvent(value: unknown): TraceEvent | undefined {
  const event = decode(value, 0);
  return isEvent(event) ? event : undefined;
}

/** Whether a value with real byte strings, as the background stores them, is an event that a reader can take. */
export function isEvent(event: unknown): event is TraceEvent {
  if (!isRecord(event) || typeof event['at'] !== 'number' || !Number.isFinite(event['at'])) return false;
  const kind = event['kind'];
  // What ended says how.
  if (kind === 'step' && event['state'] !== 'begun' && !kinded(event['result'])) return false;
  if (typeof kind !== 'string' || !Object.hasOwn(required, kind)) return false;
  return Object.entries(required[kind as TraceEvent['kind']]).every(([field, test]) => test(event[field]));
}

/** Bounds of one message of events. */
const batchEvents = 500;
const batchBytes = 1024 * 1024;

/** Where a message of events that begins with number `from` should end, so that it stays far below what a port carries. */
export function batchEnd(events: readonly TraceEvent[], from: number): number {
  let bytes = 0;
  let end = from;
  while (end < events.length && end - from < batchEvents && bytes < batchBytes) {
    const event = events[end];
    bytes += 300;
    if (event?.kind === 'datagram') bytes += event.bytes.length * 1.4;
    // A session description can be as long as a conference is large.
    if (event?.kind === 'signalling')
      for (const value of Object.values(event.fact)) if (typeof value === 'string') bytes += value.length;
    end += 1;
  }
  return end;
}

/** A trace's header as JSON. */
export function encodeHeader(header: TraceHeader): JsonHeader {
  return encode(header) as JsonHeader;
}

/** Reads `encodeHeader`'s form; undefined when it is not a header. */
export function decodeHeader(value: unknown): TraceHeader | undefined {
  if (!isRecord(value)) return undefined;
  const { tool, kind, startedAt, title, localRole, commandLine } = value;
  if (typeof tool !== 'string') return undefined;
  if (kind !== 'run' && kind !== 'simulation' && kind !== 'capture') return undefined;
  return {
    tool,
    kind,
    startedAt: typeof startedAt === 'number' ? startedAt : undefined,
    title: typeof title === 'string' ? title : undefined,
    localRole: localRole === 'client' || localRole === 'server' ? localRole : undefined,
    commandLine: typeof commandLine === 'string' ? commandLine : undefined,
  };
}

type Test = (value: unknown) => boolean;
const text: Test = (value) => typeof value === 'string';
const number: Test = (value) => typeof value === 'number';
const bytes: Test = (value) => value instanceof Uint8Array;
const record: Test = (value) => isRecord(value);
/** A fact of `src/trace/pathFacts.ts`: a kind and plain values, which came from the same version of dtlscope. */
const kinded: Test = (value) =>
  isRecord(value) && text(value['kind']) && Object.values(value).every((part) => typeof part !== 'object');
const actor: Test = (value) => value === 'client' || value === 'server';

const stepState: Test = (value) => value === 'begun' || value === 'done' || value === 'failed';

/** The fields without which a reader of the trace would stumble. */
const required: Readonly<Record<TraceEvent['kind'], Readonly<Record<string, Test>>>> = {
  datagram: { packet: number, src: text, dst: text, bytes, length: number },
  link: { packet: number, action: record, rule: text },
  timer: { actor, action: text, flight: number, attempt: number, durationMs: number },
  state: { actor, from: text, to: text, because: text },
  dropped: { actor, reason: text },
  secret: { label: text, clientRandom: bytes, secret: bytes },
  alert: { actor, direction: text, level: number, description: number },
  connected: { actor, parameters: record },
  failed: { actor, failure: record },
  closed: { actor, by: text },
  fingerprint: { of: actor, hash: text, value: bytes },
  refused: { by: text, why: text },
  ice: { fact: kinded },
  turn: { fact: kinded },
  signalling: { fact: kinded },
  data: { actor, direction: text, length: number },
  step: { actor, number, count: number, step: text, state: stepState },
  note: { text },
  end: { how: text },
};

function encode(value: unknown): unknown {
  if (value instanceof Uint8Array) return { [bytesKey]: toBase64(value) };
  if (Array.isArray(value)) return value.map(encode);
  if (!isRecord(value)) return value;
  const out: Record<string, unknown> = {};
  for (const [name, part] of Object.entries(value)) if (part !== undefined) out[name] = encode(part);
  return out;
}

function decode(value: unknown, depth: number): unknown {
  if (depth > maxDepth) return undefined;
  if (Array.isArray(value)) return value.map((part) => decode(part, depth + 1));
  if (!isRecord(value)) return value;
  const base64 = value[bytesKey];
  if (typeof base64 === 'string') return fromBase64(base64);
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, decode(part, depth + 1)]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}
