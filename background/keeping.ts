/** How much is kept, for how long, and how soon it is stored: every bound of kept runs, in one place. */

import type { RunRequest } from '../src/bridge/panel.ts';
import type { Schedule } from '../src/bridge/port.ts';
import { formatTurnUrl, parseTurnUrl } from '../src/scenario/index.ts';
import type { TraceEvent } from '../src/trace/model.ts';

export interface Keeping {
  /** Runs and imported files together; the oldest makes room. */
  readonly runs: number;
  /** All events together, as `sizeOf` counts them. */
  readonly bytes: number;
  /** Events are gathered for so long, then stored and shown: three pictures of a 60 Hz screen. ms */
  readonly gatherMs: number;
  /** A browser that takes longer for one write will not store this run any more. ms */
  readonly patienceMs: number;
  /** A deletion can be undone for so long after the last panel was closed (it may be reloading). ms */
  readonly undoMs: number;
  /** What was deleted longer ago than this when the background starts is gone. ms */
  readonly undoAcrossRestartMs: number;
}

export const keeping: Keeping = {
  runs: 50,
  bytes: 64 * 1024 * 1024,
  gatherMs: 50,
  patienceMs: 5000,
  // Less than the 30 s after which Chromium stops an idle worker, and the timer with it.
  undoMs: 20_000,
  undoAcrossRestartMs: 10 * 60_000,
};

/** "64 MiB". */
export const inMiB = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MiB`;

/** What an event takes in the store, roughly: byte strings and texts by length, everything else by the piece. Bytes. */
export function sizeOf(event: TraceEvent): number {
  return sizeOfValue(event);
}

function sizeOfValue(value: unknown): number {
  if (value instanceof Uint8Array) return 16 + value.length;
  if (typeof value === 'string') return 4 + value.length;
  if (typeof value !== 'object' || value === null) return 8;
  let size = 8;
  for (const [name, part] of Object.entries(value)) size += name.length + sizeOfValue(part);
  return size;
}

/**
 * An event as it may be stored: the browser stores the whole buffer under a byte string, so one that is a part of a larger
 * buffer (a datagram in a file that was read as a whole) is copied out first.
 */
export const storable = (event: TraceEvent): TraceEvent => compact(event) as TraceEvent;

function compact(value: unknown): unknown {
  if (value instanceof Uint8Array) return value.length === value.buffer.byteLength ? value : value.slice();
  if (Array.isArray(value)) return value.map(compact);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, compact(part)]));
}

/** A run's request as it may be stored: pasted private keys, tokens, passwords and descriptions stay in memory. */
export function withoutSecrets({ description: _, ...request }: RunRequest): RunRequest {
  const { key: _key, token: _token, turn, ...options } = request.options;
  const server = typeof turn === 'string' ? parseTurnUrl(turn) : undefined;
  return { ...request, options: server?.ok ? { ...options, turn: formatTurnUrl(server.server) } : options };
}

/** What the store promised, or an error after so many ms: a browser's store has been known to fall silent. */
export function inTime(work: Promise<void>, ms: number, schedule: Schedule): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = schedule(ms, () => reject(new Error(`it was not stored within ${ms / 1000} s`)));
    work.then(resolve, reject).finally(cancel);
  });
}
