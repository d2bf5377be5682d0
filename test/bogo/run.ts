/** A whole run of the shim: all connections that the flags ask for, and the exit code that tells the runner how they went. */
import { instant } from '../../src/base/time.ts';
import { draw } from '../../src/crypto/node/random.ts';
import type { Memory } from './endpointConfig.ts';
import { type Clock, exchange } from './exchange.ts';
import { NotImplemented, parseFlags } from './flags.ts';

/** `failed` may be just what the runner wants: the text says why. */
export const exitCodes = { ok: 0, failed: 1, notImplemented: 89 } as const;

export interface Outcome {
  readonly code: (typeof exitCodes)[keyof typeof exitCodes];
  /** For standard error; nothing when all went well. */
  readonly text: string;
}

export async function run(args: readonly string[]): Promise<Outcome> {
  try {
    await connections(args);
    return { code: exitCodes.ok, text: '' };
  } catch (error) {
    const code = error instanceof NotImplemented ? exitCodes.notImplemented : exitCodes.failed;
    return { code, text: error instanceof Error ? error.message : String(error) };
  }
}

async function connections(args: readonly string[]): Promise<void> {
  const { initial, resumed } = parseFlags(args);
  const memory: Memory = { ticketKey: draw(32), sessions: new Map(), ticket: undefined };
  // Any time will do, but 0: a clock that starts there hides mistakes.
  const clock: Clock = { now: instant(1_000_000) };
  for (let nth = 0; nth <= initial.resumeCount; nth++) {
    const resuming = nth > 0;
    const settings = resuming ? resumed : initial;
    await exchange(settings, memory, clock, resuming);
    clock.now = instant(clock.now + settings.resumptionDelayS * 1000);
  }
}
