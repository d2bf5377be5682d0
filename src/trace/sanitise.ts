/**
 * What leaves the machine by default: a trace without secrets. Keys never travel by accident, so every writer asks
 * `withKeys`, and this is what it does when the answer is no.
 */
import type { Trace, TraceEvent, TraceHeader } from './model.ts';

/** A writer's question that has no default: are the secrets of the trace to be written? */
export interface KeyChoice {
  readonly withKeys: boolean;
}

/** The trace without key log secrets, and without credentials in its command line. */
export const sanitise = (trace: Trace): Trace => ({
  header: sanitiseHeader(trace.header),
  events: trace.events.filter(isPublic),
});

/** Whether an event may be written without asking. */
export const isPublic = (event: TraceEvent): boolean => event.kind !== 'secret';

/** The header without bearer tokens, and without user and password in URLs of the command line. */
export const sanitiseHeader = (header: TraceHeader): TraceHeader =>
  header.commandLine === undefined
    ? header
    : {
        ...header,
        commandLine: header.commandLine
          .replace(/(--token[= ])(?:'[^']*'|"[^"]*"|\S+)/g, '$1REMOVED')
          .replace(/(\bturns?:)[^@\s'"]*@/g, '$1REMOVED@')
          .replace(/(\w:\/\/)[^@/\s'"]*@/g, '$1REMOVED@'),
      };

/** What of `withKeys` a trace holds, for the step that asks. */
export function secretsIn(trace: Trace): { readonly secrets: number; readonly handshakes: number } {
  const randoms = new Set<string>();
  let secrets = 0;
  for (const event of trace.events) {
    if (event.kind !== 'secret') continue;
    secrets++;
    randoms.add(event.clientRandom.join());
  }
  return { secrets, handshakes: randoms.size };
}
