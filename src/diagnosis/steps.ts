/** What became of a step after the handshake, in words: one place, so that ladder, facts, findings and exit codes agree. */
import type { StepView } from '../analysis/model.ts';
import { unreachable } from '../base/unreachable.ts';
import type { StepResult } from '../trace/stepFacts.ts';
import { count, duration } from './words.ts';

/** "the echo of 1000 bytes did not come within 2 s": how a step ended, without a full stop. */
export function stepResultText(result: StepResult): string {
  switch (result.kind) {
    case 'sent':
      return `${bytes(result.bytes)} sent`;
    case 'echoed':
      return `the echo of ${bytes(result.bytes)} came after ${duration(result.ms)}${
        result.records > 1 ? `, in ${count(result.records, 'record')}` : ''
      }`;
    case 'received':
      return `${bytes(result.bytes)} came ${result.ms > 0 ? `after ${duration(result.ms)}` : 'before'}`;
    case 'updated':
      return `our keys of epoch ${result.epoch} are in use after ${duration(result.ms)}${
        result.peerEpoch === undefined ? '' : `, and the peer's of epoch ${result.peerEpoch}`
      }`;
    case 'idled':
      return `${duration(result.ms)} passed, ${
        result.records === 0
          ? 'and no data came'
          : `and ${bytes(result.bytes)} came in ${count(result.records, 'record')}`
      }`;
    case 'restarted':
      return `the new handshake took ${duration(result.ms)}${resumptionText(result)}`;
    case 'closed':
      return 'close_notify sent';
    case 'answered':
      return `the peer answered with its close_notify after ${duration(result.ms)}`;
    case 'no-echo':
      return `the echo of ${bytes(result.bytes)} did not come within ${duration(result.withinMs)}${others(result.others)}`;
    case 'no-data':
      return `no such data came within ${duration(result.withinMs)}${others(result.others)}`;
    case 'too-large':
      return `${bytes(result.bytes)} do not fit into a record, which holds ${result.most} here`;
    case 'no-key-update':
      return `DTLS ${result.version} was agreed, which has no KeyUpdate`;
    case 'unacknowledged':
      return `the peer did not acknowledge our KeyUpdate within ${duration(result.withinMs)}`;
    case 'keys-kept':
      return `the peer was asked to change its keys, and did not within ${duration(result.withinMs)}`;
    case 'no-handshake':
      return `the new handshake was not complete within ${duration(result.withinMs)}`;
    case 'no-answer':
      return `the peer did not answer our close_notify within ${duration(result.withinMs)}`;
    case 'not-client':
      return 'we are the server, and only a client can begin';
    case 'over':
      return result.why;
    case 'cut-short':
      return `the run ended before: ${result.why}`;
    default:
      return unreachable(result);
  }
}

/** "step 2 (send=1000,echo): the echo of 1000 bytes did not come within 2 s". */
export function stepText({ number, step, state, result }: StepView): string {
  const what = result === undefined ? 'was begun, and has no end' : stepResultText(result);
  return `step ${number} (${step})${state === 'failed' ? ' failed' : ''}: ${what}`;
}

/** Steps that failed, or that the trace does not show the end of. */
export const stepsNotDone = (steps: readonly StepView[]): readonly StepView[] =>
  steps.filter(({ state }) => state !== 'done');

const bytes = (n: number): string => (n === 1 ? '1 byte' : `${n} bytes`);
const others = (n: number): string => (n === 0 ? '' : `; ${count(n, 'other record')} came`);

function resumptionText({ offered, resumed }: Extract<StepResult, { kind: 'restarted' }>): string {
  if (resumed) return ', and resumed the session';
  return offered ? ', in full: the server did not take up the session' : '';
}
