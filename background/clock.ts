/** The worker's monotonic clock and timers, as runs take them. */
import { type Instant, instant } from '../src/base/time.ts';
import type { Schedule } from '../src/bridge/port.ts';
import type { Clock } from '../src/run/api.ts';

/** Longer waits would overflow the browser's timers. ms */
const longestWait = 2 ** 31 - 1;

export const schedule: Schedule = (ms, wake) => {
  // Rounded up: timers count whole milliseconds and would otherwise come early.
  const timer = setTimeout(wake, Math.min(longestWait, Math.max(0, Math.ceil(ms))));
  return () => clearTimeout(timer);
};

const now = (): Instant => instant(performance.now());

export const workerClock: Clock = { now, schedule: (at, wake) => schedule(at - now(), wake) };
