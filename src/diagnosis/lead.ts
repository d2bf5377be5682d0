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

/**
 * The handshake that a trace is about. Of a capture the first that failed, since that is what the capture was taken for; of a
 * run of ours, which may begin anew, the last.
 */
export const mainOf = <R extends ReadHandshake>(read: readonly R[], { kind }: TraceHeader): R | undefined =>
  (kind === 'capture' && read.find((one) => isTroubled(one) && !isUnsure(one.diagnosis.outcome))) || read.at(-1);

/** At most so many, in order: those in trouble, and others while there is room. */
export function inFull<R extends ReadHandshake>(read: readonly R[], most: number): readonly R[] {
  if (read.length <= most) return read;
  const troubled = read.filter(isTroubled).slice(0, most);
  const others = read.filter((one) => !isTroubled(one)).slice(0, most - troubled.length);
  const chosen = new Set([...troubled, ...others]);
  return read.filter((one) => chosen.has(one));
}
