/**
 * Sweep and check outlive the background's process, as runs do: what was found is written now and then while they go on, and
 * when they do not any more. One that went on when the process ended comes back as stopped. What can't be stored stays where it
 * was: plans with secrets in them, and the handshakes that results point at.
 */
import type { FromBackground } from '../src/bridge/panel.ts';
import type { Schedule } from '../src/bridge/port.ts';
import type { Checks } from './checks.ts';
import type { Sweeps } from './sweeps.ts';

/** Each as a panel that knows nothing would be told of it. */
export type StoredJob = Extract<FromBackground, { readonly kind: 'sweep' | 'check' }>;

export interface JobArchive {
  loadJobs(): Promise<readonly StoredJob[]>;
  /** In place of the one of its kind that was stored before. */
  keepJob(job: StoredJob): Promise<void>;
}

/** While it goes on. ms */
const everyMs = 2000;

export interface KeptJobsOptions {
  readonly archive: JobArchive;
  readonly sweeps: Pick<Sweeps, 'kept' | 'onChange' | 'restore'>;
  readonly checks: Pick<Checks, 'kept' | 'onChange' | 'restore'>;
  readonly schedule: Schedule;
  readonly complain: (what: string, error: unknown) => void;
}

/** Begins to store; resolves when what was stored is back. */
export async function keepJobs({ archive, sweeps, checks, schedule, complain }: KeptJobsOptions): Promise<void> {
  const restoring = archive.loadJobs().then(
    (stored) => {
      for (const job of stored) {
        if (job.kind === 'check') {
          if (job.check && !checks.kept) checks.restore({ status: stopped(job.check), results: job.results });
        } else if (job.sweep && job.plan && !sweeps.kept) {
          const { text, head } = job.plan;
          sweeps.restore({ status: stopped(job.sweep), text, head, lines: job.lines });
        }
      }
    },
    (error: unknown) => complain('sweep and check were not read back', error),
  );
  follow(sweeps, () => {
    const { kept } = sweeps;
    return kept
      ? { kind: 'sweep', sweep: kept.status, plan: { text: kept.text, head: kept.head }, from: 0, lines: kept.lines }
      : { kind: 'sweep', sweep: null, from: 0, lines: [] };
  });
  follow(checks, () => {
    const { kept } = checks;
    return { kind: 'check', check: kept?.status ?? null, from: 0, results: kept?.results ?? [] };
  });
  await restoring;

  function follow(of: typeof sweeps | typeof checks, stored: () => StoredJob): void {
    let cancel: (() => void) | undefined;
    const write = (): void => {
      cancel?.();
      cancel = undefined;
      const job = stored();
      archive.keepJob(job).catch((error: unknown) => complain(`a ${job.kind} was not stored`, error));
    };
    of.onChange(() => {
      if (of.kept?.status.state === 'running') cancel ??= schedule(everyMs, write);
      else write();
    });
  }
}

function stopped<S extends { readonly state: string; readonly at?: unknown }>(status: S): S {
  if (status.state !== 'running') return status;
  const { at: _, ...rest } = status;
  return { ...rest, state: 'stopped' } as S;
}
