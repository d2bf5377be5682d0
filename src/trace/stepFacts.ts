/**
 * How a step after the handshake ended: each way is a kind and a few plain fields, described once here. Sentences are made
 * of them by who shows them. Times are ms, sizes bytes of application data.
 */
import { type FactOf, readFact, type Shape, shapeOf } from './factShapes.ts';

const doneShapes = {
  /** Handed to the network; nobody said that it arrived. */
  sent: { bytes: 'number' },
  /** `records`: in so many of them, which need not be the one that went out. */
  echoed: { bytes: 'number', records: 'number', ms: 'number' },
  received: { bytes: 'number', ms: 'number' },
  /** Our new keys are in use, from this epoch on; `peerEpoch` where the peer was asked to change its own. */
  updated: { epoch: 'number', peerEpoch: 'number?', ms: 'number' },
  /** What came in the meantime, in records of application data. */
  idled: { ms: 'number', records: 'number', bytes: 'number' },
  /** `offered`: with a session of before. */
  restarted: { ms: 'number', offered: 'flag', resumed: 'flag' },
  closed: {},
  answered: { ms: 'number' },
} as const;

const failedShapes = {
  /** `others`: records of other data that came instead. */
  'no-echo': { bytes: 'number', withinMs: 'number', others: 'number' },
  'no-data': { withinMs: 'number', others: 'number' },
  /** No record holds so much here. */
  'too-large': { bytes: 'number', most: 'number' },
  /** The version that was agreed has no KeyUpdate. */
  'no-key-update': { version: 'text' },
  /** The peer never acknowledged our KeyUpdate. */
  unacknowledged: { withinMs: 'number' },
  /** It acknowledged ours, and did not send its own. */
  'keys-kept': { withinMs: 'number' },
  'no-handshake': { withinMs: 'number' },
  'no-answer': { withinMs: 'number' },
  /** Only a client can begin. */
  'not-client': {},
  /** There is no association to do it in. */
  over: { why: 'text' },
  /** The run ended in the middle of it. */
  'cut-short': { why: 'text' },
} as const;

export type StepDone = FactOf<typeof doneShapes>;
export type StepFailed = FactOf<typeof failedShapes>;
export type StepResult = StepDone | StepFailed;

/** How a step stands; `begun` has no result yet. */
export type StepState = 'begun' | 'done' | 'failed';

const tables = { done: doneShapes, failed: failedShapes } as const;

/** The ways in which a step is done, or failed. */
export const stepResultKinds = (state: 'done' | 'failed'): readonly string[] => Object.keys(tables[state]);
/** The fields of a result, for tests and documents. */
export const stepResultShape = (state: 'done' | 'failed', kind: string): Shape | undefined =>
  shapeOf(tables[state], kind);

/** A result from plain data; or the name of the field that is wrong. */
export const readStepResult = (
  state: 'done' | 'failed',
  data: Readonly<Record<string, unknown>>,
): { readonly ok: true; readonly fact: StepResult } | { readonly ok: false; readonly field: string } =>
  readFact<StepResult>(tables[state], data);
