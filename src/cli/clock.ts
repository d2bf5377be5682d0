/** Node's monotonic clock and timers, as runs take them. */
import { performance } from 'node:perf_hooks';
import { type Instant, instant } from '../base/time.ts';
import type { Clock } from '../run/index.ts';

/** Longer waits would overflow Node's timers. ms */
const longestWait = 2 ** 31 - 1;

export const nodeNow = (): Instant => instant(performance.now());

export const nodeClock: Clock = {
  now: nodeNow,
  schedule: (at, wake) => {
    // Rounded up: Node's timers count whole milliseconds and may otherwise come early.
    const wait = Math.min(longestWait, Math.max(0, Math.ceil(at - performance.now())));
    const timer = setTimeout(wake, wait);
    return () => clearTimeout(timer);
  },
};
