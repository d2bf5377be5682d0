/**
 * The gate of every port: what comes in is a message of the protocol or an error value, never a guess. Unknown fields are
 * dropped (a newer end may send more), unknown kinds are errors. Sizes are bounded before anything is kept.
 */
import * as v from 'valibot';
import { type FromHelper, helperRequestBytes, sendBatchDatagrams, type ToHelper } from './messages.ts';
import { pageConnectionSchema, pageStateSchema } from './pageParse.ts';
import {
  type BackgroundNotice,
  type FromBackground,
  type JsonValue,
  longestDescription,
  longestSweep,
  type RunSummary,
  type ToBackground,
} from './panel.ts';

export type Parsed<T> =
  | { readonly ok: true; readonly message: T }
  /** `id` is that of the request, where it could be read, so that its sender can be answered. */
  | { readonly ok: false; readonly id: number | undefined; readonly why: string };

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const port = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65535));
const time = v.pipe(v.number(), v.finite());
const short = v.pipe(v.string(), v.maxLength(256));
const long = v.pipe(v.string(), v.maxLength(10_000));
const family = v.picklist([4, 6]);
/** Whether the bytes are too many for a datagram is for the receiver to say, with its own error number. */
const base64 = v.pipe(v.string(), v.maxLength(helperRequestBytes), v.regex(/^[A-Za-z0-9+/]*={0,2}$/, 'not base64'));
const protocol = v.object({ major: count, minor: count });

const toHelper = v.variant('kind', [
  v.object({ kind: v.literal('hello'), protocol, client: short }),
  v.object({ kind: v.literal('resolve'), id: count, host: v.pipe(v.string(), v.minLength(1), v.maxLength(253)) }),
  v.object({ kind: v.literal('clock'), id: count }),
  v.object({
    kind: v.literal('open'),
    id: count,
    socket: count,
    family,
    bind: v.exactOptional(short),
    port: v.exactOptional(port),
    peer: v.exactOptional(v.object({ address: short, port })),
  }),
  v.object({
    kind: v.literal('send'),
    socket: count,
    datagrams: v.pipe(
      v.array(v.object({ packet: count, address: short, port, data: base64 })),
      v.maxLength(sendBatchDatagrams),
    ),
  }),
  v.object({ kind: v.literal('close'), id: count, socket: count }),
]);

const socketEvent = v.variant('kind', [
  v.object({ kind: v.literal('received'), at: time, address: short, port, data: base64 }),
  v.object({ kind: v.literal('sent'), at: time, packet: count }),
  v.object({ kind: v.literal('failed'), at: time, packet: count, code: count, message: long }),
]);
const limits = v.object({
  datagramBytes: count,
  sockets: count,
  unansweredDatagrams: count,
  unansweredBytes: count,
  datagramsPerSecond: count,
});
const capabilities = v.pipe(v.array(short), v.maxLength(100));
const signalName = v.pipe(v.string(), v.regex(/^SIG[A-Z0-9+-]{1,20}$/, 'not a signal'));

const fromHelper = v.variant('kind', [
  v.object({ kind: v.literal('hello'), protocol, helper: short, capabilities, platform: short, now: time, limits }),
  v.object({
    kind: v.literal('ok'),
    id: count,
    addresses: v.exactOptional(v.pipe(v.array(v.object({ address: short, family })), v.maxLength(1000))),
    local: v.exactOptional(v.object({ address: short, port })),
    now: v.exactOptional(time),
  }),
  v.object({
    kind: v.literal('error'),
    id: v.exactOptional(count),
    socket: v.exactOptional(count),
    code: count,
    message: long,
  }),
  v.object({
    kind: v.literal('events'),
    socket: count,
    events: v.pipe(v.array(socketEvent), v.maxLength(100_000)),
    counters: v.object({
      sentDatagrams: count,
      sentBytes: count,
      receivedDatagrams: count,
      receivedBytes: count,
      droppedDatagrams: count,
    }),
  }),
  v.object({
    kind: v.literal('exited'),
    reason: v.picklist(['node-missing', 'helper-missing', 'ended']),
    code: v.nullable(count),
    signal: v.nullable(signalName),
    stderr: v.pipe(v.string(), v.maxLength(20_000), v.regex(/^(?:[0-9a-f]{2})*$/, 'not hexadecimal')),
  }),
]);

/** The part of a greeting that every version of the protocol has. */
const greeting = v.object({ kind: v.literal('hello'), protocol, helper: v.fallback(short, 'unknown') });

const json: v.GenericSchema<JsonValue> = v.lazy(() =>
  v.union([v.string(), v.number(), v.boolean(), v.null(), v.array(json), v.record(v.string(), json)]),
);
const header = v.looseObject({ tool: v.string(), kind: v.string() });
// The insides of both are for `decodeHeader` and `decodeEvent`.
const events = v.array(v.looseObject({ kind: v.string(), at: v.number() }));
const reading = v.object({
  outcome: v.exactOptional(short),
  verdict: v.exactOptional(long),
  durationMs: v.exactOptional(time),
  retransmissions: v.exactOptional(count),
  version: v.exactOptional(short),
});
const description = v.pipe(v.string(), v.maxLength(longestDescription));
const ids = v.pipe(v.array(short), v.maxLength(1000));
const bounds = v.object({ least: v.exactOptional(count), most: v.exactOptional(count) });
const bothSides = v.object({ client: bounds, server: bounds });
const expectation = v.object({
  outcome: short,
  findings: v.object({ must: ids, mustNot: ids }),
  datagrams: bothSides,
  retransmissions: bothSides,
  steps: v.exactOptional(v.union([v.literal('all'), count])),
});
const request = v.object({
  target: long,
  options: v.record(v.pipe(v.string(), v.maxLength(100)), json),
  description: v.exactOptional(description),
  tab: v.exactOptional(count),
  name: v.exactOptional(long),
  expectation: v.exactOptional(expectation),
});

const textsByName = v.record(
  v.pipe(v.string(), v.maxLength(1000)),
  v.pipe(v.string(), v.maxLength(longestDescription)),
);
const sweepText = v.pipe(v.string(), v.maxLength(longestSweep));
const sweepRequest = v.object({
  text: sweepText,
  root: json,
  file: short,
  secrets: textsByName,
  files: textsByName,
});
const sweepStatus = v.object({
  number: count,
  state: v.picklist(['running', 'stopped', 'done', 'failed']),
  why: v.exactOptional(long),
  at: v.exactOptional(v.object({ cell: count, made: count, of: count })),
  handshakes: count,
});

const demand = v.picklist(['MUST', 'SHOULD', 'habit']);
const cost = { handshakes: count, datagrams: count, seconds: time };
const checkHead = { id: short, section: short, title: long, demand, how: long };
const measured = v.union([v.number(), long, v.array(long)]);
const checkPlan = v.object({ checks: v.pipe(v.array(v.object(checkHead)), v.maxLength(1000)), cost: v.object(cost) });
const checkOutcome = v.object({
  ...checkHead,
  group: short,
  see: long,
  status: v.picklist(['fail', 'unclear', 'pass', 'not-applicable']),
  says: long,
  numbers: v.record(short, measured),
  findings: v.array(short),
  shown: v.array(v.object({ trial: count, what: long, packets: v.array(count) })),
  scenario: v.exactOptional(v.string()),
});
const checkStatus = v.object({
  number: count,
  target: long,
  thorough: v.boolean(),
  state: v.picklist(['running', 'stopped', 'done', 'nobody', 'failed']),
  why: v.exactOptional(long),
  reached: v.exactOptional(long),
  version: v.exactOptional(short),
  at: v.exactOptional(v.object({ title: long, number: count, of: count })),
  spent: v.object({ ...cost, bytes: count }),
});

const toBackground = v.variant('kind', [
  v.object({ kind: v.literal('hello'), protocol, panel: short }),
  v.object({ kind: v.literal('ping') }),
  v.object({ kind: v.literal('check-helper'), id: count }),
  v.object({ kind: v.literal('start'), id: count, request }),
  v.object({ kind: v.literal('stop'), id: count, run: short }),
  v.object({ kind: v.literal('delete'), id: count, run: short }),
  v.object({ kind: v.literal('answer'), id: count, run: short, sdp: description }),
  v.object({ kind: v.literal('delete-all'), id: count }),
  v.object({ kind: v.literal('undo-delete'), id: count }),
  v.object({
    kind: v.literal('import'),
    id: count,
    transfer: count,
    file: v.pipe(v.string(), v.minLength(1), v.maxLength(1000)),
    header,
    from: count,
    events,
    last: v.boolean(),
    reading: v.exactOptional(reading),
  }),
  v.object({ kind: v.literal('subscribe'), id: count, run: short, from: count }),
  v.object({ kind: v.literal('unsubscribe'), id: count, run: short }),
  v.object({ kind: v.literal('page-watch'), id: count, tab: count, connection: v.exactOptional(short) }),
  v.object({ kind: v.literal('page-unwatch'), id: count }),
  v.object({ kind: v.literal('page-arm'), id: count, origin: long }),
  v.object({ kind: v.literal('page-disarm'), id: count, origin: long }),
  v.object({
    kind: v.literal('page-allow'),
    id: count,
    session: short,
    destinations: v.pipe(v.array(long), v.maxLength(1000)),
  }),
  v.object({ kind: v.literal('page-stop'), id: count, session: short }),
  v.object({ kind: v.literal('sweep-start'), id: count, sweep: sweepRequest }),
  v.object({ kind: v.literal('sweep-stop'), id: count }),
  v.object({ kind: v.literal('sweep-resume'), id: count }),
  v.object({ kind: v.literal('sweep-clear'), id: count }),
  v.object({ kind: v.literal('sweep-open'), id: count, sweep: count, cell: count }),
  v.object({ kind: v.literal('check-plan'), id: count, thorough: v.boolean() }),
  v.object({ kind: v.literal('check-start'), id: count, request, thorough: v.boolean() }),
  v.object({ kind: v.literal('check-stop'), id: count }),
  v.object({ kind: v.literal('check-clear'), id: count }),
  v.object({ kind: v.literal('check-open'), id: count, check: count, trial: count }),
  v.object({ kind: v.literal('page-tab'), id: count, tab: count, origin: long }),
]);

const helperStatus = v.variant('kind', [
  v.object({ kind: v.literal('unknown') }),
  v.object({ kind: v.literal('connecting') }),
  v.object({ kind: v.literal('ready'), version: short, protocol, capabilities, platform: short, limits }),
  v.object({ kind: v.literal('not-installed'), message: long }),
  v.object({ kind: v.literal('forbidden'), message: long }),
  v.object({
    kind: v.literal('exited'),
    message: long,
    when: v.exactOptional(v.picklist(['start', 'work'])),
    exit: v.exactOptional(
      v.object({
        reason: v.picklist(['node-missing', 'helper-missing', 'ended']),
        code: v.exactOptional(count),
        signal: v.exactOptional(signalName),
        stderr: long,
      }),
    ),
  }),
  v.object({
    kind: v.literal('version-mismatch'),
    helper: short,
    theirs: protocol,
    ours: protocol,
    update: v.picklist(['helper', 'extension']),
  }),
  v.object({ kind: v.literal('failed'), message: long }),
]);
const runSummary = v.object({
  id: short,
  number: count,
  startedAt: time,
  request,
  file: v.exactOptional(v.string()),
  state: v.picklist(['running', 'ended']),
  ours: v.exactOptional(v.object({ type: v.picklist(['offer', 'answer']), sdp: description, waits: v.boolean() })),
  events: count,
  ...reading.entries,
});
const notice = v.object({
  code: v.picklist(['dropped', 'not-kept', 'cut', 'unreadable']),
  message: long,
  runs: v.array(short),
});
const failure = v.object({
  code: v.picklist([
    'bad-message',
    'protocol-mismatch',
    'invalid-request',
    'unknown-run',
    'unreadable-run',
    'too-large',
    'nothing-deleted',
    'no-job',
    'helper-unavailable',
    'start-failed',
    'not-permitted',
    'disconnected',
  ]),
  message: v.string(),
  problems: v.exactOptional(v.array(v.object({ option: v.string(), message: v.string() }))),
  helper: v.exactOptional(helperStatus),
});

const fromBackground = v.variant('kind', [
  v.object({
    kind: v.literal('hello'),
    protocol,
    background: short,
    helper: helperStatus,
    runs: v.array(runSummary),
    deleted: count,
  }),
  v.object({
    kind: v.literal('ok'),
    id: count,
    run: v.exactOptional(runSummary),
    helper: v.exactOptional(helperStatus),
    plan: v.exactOptional(checkPlan),
  }),
  v.object({ kind: v.literal('error'), id: v.exactOptional(count), error: failure }),
  v.object({ kind: v.literal('helper'), helper: helperStatus }),
  v.object({ kind: v.literal('runs'), runs: v.array(runSummary), deleted: count }),
  v.object({ kind: v.literal('notice'), notice }),
  v.object({ kind: v.literal('events'), run: short, header, from: count, events, ended: v.boolean() }),
  v.object({
    kind: v.literal('sweep'),
    sweep: v.nullable(sweepStatus),
    plan: v.exactOptional(v.object({ text: sweepText, head: v.string() })),
    from: count,
    // The insides are for `readState`.
    lines: v.array(v.string()),
  }),
  v.object({
    kind: v.literal('check'),
    check: v.nullable(checkStatus),
    from: count,
    results: v.pipe(v.array(checkOutcome), v.maxLength(1000)),
  }),
  v.object({ kind: v.literal('page'), page: pageStateSchema }),
  v.object({ kind: v.literal('page-connection'), tab: count, connection: pageConnectionSchema }),
]);

/** What the helper was told. */
export const parseToHelper = (value: unknown): Parsed<ToHelper> => parse(toHelper, value);
/** What the helper says. */
export const parseFromHelper = (value: unknown): Parsed<FromHelper> => parse(fromHelper, value);
/** Who greets in another major version, whatever else it says; undefined when it is no greeting. */
export function parseForeignHello(value: unknown): v.InferOutput<typeof greeting> | undefined {
  const result = v.safeParse(greeting, value);
  return result.success ? result.output : undefined;
}
/** What a panel asks of the background. */
export const parseToBackground = (value: unknown): Parsed<ToBackground> => parse(toBackground, value);
/** What the background says to a panel. */
export const parseFromBackground = (value: unknown): Parsed<FromBackground> => parse(fromBackground, value);
/** A run's summary, and a notice, as they were stored. */
export const parseRunSummary = (value: unknown): Parsed<RunSummary> => parse(runSummary, value);
export const parseNotice = (value: unknown): Parsed<BackgroundNotice> => parse(notice, value);

function parse<T>(schema: v.GenericSchema<unknown, T>, value: unknown): Parsed<T> {
  try {
    const result = v.safeParse(schema, value, { abortEarly: true });
    if (result.success) return { ok: true, message: result.output };
    return { ok: false, id: idOf(value), why: describe(result.issues[0]) };
  } catch {
    // The one thing that a schema of ours throws on: JSON nested so deeply that the stack ends.
    return { ok: false, id: idOf(value), why: 'nested too deeply' };
  }
}

function idOf(value: unknown): number | undefined {
  if (typeof value !== 'object' || value === null || !('id' in value)) return undefined;
  return typeof value.id === 'number' && Number.isSafeInteger(value.id) && value.id >= 0 ? value.id : undefined;
}

function describe(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  return path === null ? issue.message : `${path}: ${issue.message}`;
}
