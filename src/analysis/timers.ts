/**
 * Retransmission timers as a capture shows them: the pause before a flight is sent again. A flight that is sent again
 * because the other side asked again shows no timer (RFC 6347 §4.2.4: a repeated flight is answered at once): what comes
 * soon after the other side's repetition is an answer, what comes a whole pause later is a timer.
 */
import type { Actor, TraceTime } from '../trace/model.ts';
import type { Flights } from './flights.ts';
import type { TimerView } from './model.ts';

/** No stack has a shorter timer (NSS begins with 50 ms); what repeats sooner answers something. Milliseconds. */
const shortestTimerMs = 20;

/** The timers that fired at ends which do not tell of their own. */
export function inferredTimers(flights: Flights, ours: readonly Actor[]): TimerView[] {
  const resends = { client: resendTimes(flights, 'client'), server: resendTimes(flights, 'server') };
  const timers: TimerView[] = [];
  for (const { from, number, sendings } of flights.all) {
    if (ours.includes(from)) continue;
    const asked = resends[from === 'client' ? 'server' : 'client'];
    sendings.forEach(({ attempt, startedAt: at, afterAck }, index) => {
      const before = sendings[index - 1]?.startedAt;
      // An ACK makes its receiver send the rest at once (RFC 9147 §7.2).
      if (before === undefined || afterAck || anyWithin(asked, (before + at) / 2, at)) return;
      const durationMs = at - before;
      if (durationMs < shortestTimerMs) return;
      timers.push({ at, actor: from, action: 'fired', flight: number, attempt, durationMs, inferred: true });
    });
  }
  return timers.sort((a, b) => a.at - b.at);
}

const resendTimes = (flights: Flights, from: Actor): readonly TraceTime[] =>
  flights.all
    .filter((flight) => flight.from === from)
    .flatMap(({ sendings }) => sendings.slice(1).map(({ startedAt }) => startedAt))
    .sort((a, b) => a - b);

/** Whether a sorted list has a value in (after, upTo]. */
function anyWithin(times: readonly number[], after: number, upTo: number): boolean {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) <= after) low = middle + 1;
    else high = middle;
  }
  return (times[low] ?? Number.POSITIVE_INFINITY) <= upTo;
}
