/** Which steps can't be done in a scenario, and why: known before anything is sent. */
import type { Options } from './options.ts';
import { bad, type Problem } from './problem.ts';
import { formatStep, payloadLength, type Step } from './stepGrammar.ts';
import { isSignalled, type Target } from './target.ts';

interface Refusal {
  readonly what: string;
  readonly allowed?: string;
}

/** Every step that makes no sense where it stands, by its text. */
export function impossibleSteps(target: Target | undefined, options: Options): readonly Problem[] {
  const problems: Problem[] = [];
  let closed = false;
  let leastMs = 0;
  for (const step of options.steps) {
    leastMs += step.kind === 'idle' ? step.ms : 0;
    const why = refusal(step, { target, options, closed, leastMs });
    if (why)
      problems.push(...bad('--step', formatStep(step), why.what, why.allowed ? { allowed: why.allowed } : {}).problems);
    if (step.kind === 'close') closed = true;
    else if (step.kind === 'restart') closed = false;
  }
  return problems;
}

interface Place {
  readonly target: Target | undefined;
  readonly options: Options;
  /** A step before it has closed the association. */
  readonly closed: boolean;
  /** What it takes at least, with all before it. */
  readonly leastMs: number;
}

function refusal(step: Step, { target, options, closed, leastMs }: Place): Refusal | undefined {
  if (closed && step.kind !== 'restart' && step.kind !== 'idle')
    return { what: 'stands behind close', allowed: 'restart or idle there' };
  switch (step.kind) {
    case 'send': {
      const length = payloadLength(step.payload);
      if (!step.aboveMtu && options.packing !== 'flight' && length > options.mtu)
        return { what: `is more than the MTU, ${options.mtu} bytes`, allowed: 'less, or with above-mtu' };
      return step.echoMs !== undefined && isSignalled(target)
        ? {
            what: 'waits for an echo, and a WebRTC peer sends none: it takes application data for SCTP',
            allowed: 'without echo',
          }
        : undefined;
    }
    case 'key-update':
      return options.versions.includes('1.3')
        ? undefined
        : { what: 'is of DTLS 1.3 alone: no older version has KeyUpdate', allowed: 'with --versions 1.3' };
    case 'restart':
      // Signalling may give us either role.
      return options.role === 'server' && !isSignalled(target)
        ? { what: 'means nothing for a server: only a client can begin', allowed: 'with --role client' }
        : undefined;
    case 'idle':
      return leastMs >= options.timeout
        ? { what: `ends after ${leastMs} ms at the earliest, and --timeout ends the run after ${options.timeout} ms` }
        : undefined;
    case 'wait':
    case 'close':
      return undefined;
  }
}
