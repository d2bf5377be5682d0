/** Steps after the handshake, put together from what a trace says of them. */
import type { StepEvent, TraceEvent } from '../trace/model.ts';
import type { StepView } from './model.ts';

/** The steps of a whole trace, whichever handshake they were begun in. */
export const stepsIn = (events: readonly TraceEvent[]): readonly StepView[] =>
  stepViews(events.filter((event) => event.kind === 'step'));

/** Each step from its beginning to its end. */
export function stepViews(events: readonly StepEvent[]): readonly StepView[] {
  const steps = new Map<number, StepView>();
  for (const event of events) {
    const { number, count, actor, step, at, state } = event;
    const beganAt = steps.get(number)?.beganAt ?? at;
    const head = { number, count, actor, step, beganAt, state };
    const ended = state === 'begun' ? undefined : event.result;
    steps.set(number, { ...head, endedAt: ended && at, result: ended });
  }
  return [...steps.values()].sort((a, b) => a.number - b.number);
}
