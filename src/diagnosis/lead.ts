/** Which of several handshakes somebody looks for. */
import type { Handshake } from '../analysis/model.ts';
import type { TraceHeader } from '../trace/model.ts';
import type { Diagnosis, Outcome } from './model.ts';

/** A handshake and what is made of it. */
export interface ReadHandshake {
  readonly handshake: Handshake;
  readonly diagnosis: Diagnosis;
}

/** Whether somebody has to look at it. */
export const isTroubled = ({ diagnosis: { outcome, findings } }: ReadHandshake): boolean =>
  outcome !== 'established' || findings.some(({ severity }) => severity === 'error');

/** Somebody ended it on purpose, or the recording did: nothing says that it would have failed. */
export const isUnsure = (outcome: Outcome): boolean =>
  outcome === 'incomplete-capture' || outcome === 'cancelled' || outcome === 'interrupted';

/** Whether it failed: what somebody looks for first. */
const hasFailed = (one: ReadHandshake): boolean => isTroubled(one) && !isUnsure(one.diagnosis.outcome);

/**
 * The handshake that a trace is about. Of a capture the first that failed, since that is what the capture was taken for; of a
 * run of ours, which may begin anew, the last.
 */
export const mainOf = <R extends ReadHandshake>(read: readonly R[], { kind }: TraceHeader): R | undefined =>
  (kind === 'capture' && read.find(hasFailed)) || read.at(-1);

/** At most so many, in order: those that failed, then others in trouble, and the rest while there is room. */
export function inFull<R extends ReadHandshake>(read: readonly R[], most: number): readonly R[] {
  if (read.length <= most) return read;
  const failed = read.filter(hasFailed);
  const cut = read.filter((one) => isTroubled(one) && !hasFailed(one));
  const fine = read.filter((one) => !isTroubled(one));
  const chosen = new Set([...failed, ...cut, ...fine].slice(0, most));
  return read.filter((one) => chosen.has(one));
}
