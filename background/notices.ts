/** What the user is told about kept runs without having asked, as sentences. */
import type { RunSummary } from '../src/bridge/panel.ts';

/** "Run 3 (127.0.0.1:4433)". */
export const nameOf = ({ number, request, file }: RunSummary): string =>
  `${file === undefined ? 'Run' : 'File'} ${number} (${request.target})`;

/** `why` says what is kept instead. */
export function droppedText(runs: readonly RunSummary[], why: string): string {
  const names = runs.map(nameOf);
  const last = names.pop() ?? '';
  return names.length === 0 ? `${last} was dropped: ${why}.` : `${names.join(', ')} and ${last} were dropped: ${why}.`;
}

/** Why a run that was found without an end was cut off. `lastWritten`: wall clock, ms since 1970. */
export function interruptedBecause(lastWritten: number): string {
  const [day, time] = new Date(lastWritten).toISOString().split(/[T.]/);
  return `the extension’s background was stopped, not before ${day} ${time} UTC`;
}
