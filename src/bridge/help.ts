/**
 * What to do about a helper that is not there: one sentence and, where one mends it, one command. The panel shows it, the
 * terminal's doctor says the same.
 */
import { helperName } from './identity.ts';
import type { HelperStatus } from './panel.ts';

export interface HelperHelp {
  readonly title: string;
  readonly text: string;
  /** To be typed into a terminal. */
  readonly command: string | undefined;
}

/** How the command line names the installer. */
export const installCommand = 'npx dtlscope helper install';
export const doctorCommand = 'npx dtlscope helper doctor';

/** What a status means for the user; undefined when all is well or nobody asked yet. */
export function helperHelp(status: HelperStatus): HelperHelp | undefined {
  switch (status.kind) {
    case 'unknown':
    case 'connecting':
    case 'ready':
      return undefined;
    case 'not-installed':
      return {
        title: 'The helper is not installed',
        text: `The browser finds no native messaging host ${helperName}. Runs against sim work without it.`,
        command: installCommand,
      };
    case 'forbidden':
      return {
        title: 'The helper is installed for another extension',
        text: 'Its manifest does not name this extension. Installing it again writes the right one.',
        command: installCommand,
      };
    case 'exited':
      return {
        title: 'The helper starts and ends at once',
        text: 'Most often Node or dtlscope has moved since it was installed. The doctor says which.',
        command: doctorCommand,
      };
    case 'version-mismatch':
      return status.update === 'helper'
        ? {
            title: 'The helper is too old',
            text: `It speaks protocol ${status.theirs.major}, this extension ${status.ours.major}.`,
            command: installCommand,
          }
        : {
            title: 'The extension is too old',
            text: `It speaks protocol ${status.ours.major}, the helper ${status.theirs.major}. Update the extension.`,
            command: undefined,
          };
    case 'failed':
      return { title: 'The helper cannot be reached', text: status.message, command: doctorCommand };
  }
}
