/**
 * Time as data. Nothing below `run/` reads a clock: callers hand an `Instant` in, and get deadlines back as `Instant`s.
 */

/** Milliseconds (fractions allowed) on the caller's monotonic clock; only differences and order mean anything. */
export type Instant = number & { readonly __unit: 'ms' };

/** Mark a number of milliseconds as an `Instant`. */
export const instant = (ms: number): Instant => ms as Instant;

/** `at` moved by `ms`. */
export const after = (at: Instant, ms: number): Instant => (at + ms) as Instant;

/** The earlier of two deadlines, where `undefined` means "never". */
export const earlier = (a: Instant | undefined, b: Instant | undefined): Instant | undefined => {
  if (a === undefined) return b;
  if (b === undefined) return a;
  return a <= b ? a : b;
};
