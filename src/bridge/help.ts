/**
 * What to do about a helper that is not there: one sentence or two and, where one mends it, one command that can be pasted
 * as it is. The panel shows it, the terminal's doctor says the same.
 */
import { version } from '../base/version.ts';
import { exitText, telling } from './exit.ts';
import { chromiumExtensionId, firefoxExtensionId, helperName } from './identity.ts';
import type { HelperExit, HelperStatus } from './panel.ts';

export interface HelperHelp {
  readonly title: string;
  readonly text: string;
  /** To be typed into a terminal. */
  readonly command: string | undefined;
  /** What the helper printed before it ended, to be shown as it is (lines, monospaced). */
  readonly output?: string;
}

/** How the command line names the installer. */
export const installCommand = 'npx dtlscope helper install';
export const doctorCommand = 'npx dtlscope helper doctor';

/**
 * What a status means for the user; undefined when all is well or nobody asked yet. `extensionId` is what the browser
 * calls this extension (`runtime.id`): a private build has an id of its own, which the installer must be told.
 */
export function helperHelp(status: HelperStatus, extensionId: string = chromiumExtensionId): HelperHelp | undefined {
  const released = extensionId === chromiumExtensionId || extensionId === firefoxExtensionId;
  // The browser's own id goes into a command line: let nothing pass that would need quoting.
  const own = released || !/^[\w@.{}-]+$/.test(extensionId) ? '' : ` --extension-id '${extensionId}'`;
  const install = `${installCommand}${own}`;
  const doctor = `${doctorCommand}${own}`;
  switch (status.kind) {
    case 'unknown':
    case 'connecting':
    case 'ready':
      return undefined;
    case 'not-installed':
      return {
        title: 'The helper is not installed',
        text: `The browser finds no native messaging host ${helperName}. A browser that was started with --user-data-dir looks only there: add the same option to the command. Runs against sim, and files, work without the helper.`,
        command: install,
      };
    case 'forbidden':
      return {
        title: 'The helper is installed for another extension',
        text: `Its manifest does not name this extension (${extensionId}). Installing it again writes one that does.`,
        command: install,
      };
    case 'exited':
      return exitedHelp(status, install, doctor);
    case 'version-mismatch': {
      const theirs = `The helper is of dtlscope ${status.helper} and speaks protocol ${status.theirs.major}`;
      const ours = `this extension is of ${version} and speaks protocol ${status.ours.major}`;
      return status.update === 'helper'
        ? {
            title: 'The helper is too old',
            text: `${theirs}; ${ours}. Update dtlscope to ${version} or newer where you install the helper from, and install it again.`,
            command: install,
          }
        : {
            title: 'The extension is too old',
            text: `${theirs}; ${ours}. Update the extension and reload it; or put the helper back to the extension’s version.`,
            command: install.replace('dtlscope', `dtlscope@${version}`),
          };
    }
    case 'failed':
      return { title: 'The helper cannot be reached', text: status.message, command: doctor };
  }
}

function exitedHelp(
  { when, exit }: Extract<HelperStatus, { kind: 'exited' }>,
  install: string,
  doctor: string,
): HelperHelp {
  if (exit === undefined) {
    return when === 'work'
      ? { title: 'The helper has ended', text: 'It worked before. The next run starts it again.', command: doctor }
      : {
          title: 'The helper starts and ends at once',
          text: 'Most often Node or dtlscope has moved since it was installed. Installing it again finds them.',
          command: install,
        };
  }
  const output = exit.stderr.trim() === '' ? {} : { output: exit.stderr.trimEnd() };
  switch (exit.reason) {
    case 'node-missing':
      return {
        title: 'The helper’s Node is gone',
        text: `${exit.stderr.trim()}. Installing the helper again takes the Node that runs the command.`,
        command: install,
      };
    case 'helper-missing':
      return {
        title: 'The helper’s file is gone',
        text: `${exit.stderr.trim()}. Installing the helper again writes it.`,
        command: install,
      };
    case 'ended':
      return when === 'work'
        ? {
            title: `The helper has ended (${exitText(exit)})`,
            text: `${sentence(exit, 'It worked before, and the next run starts it again.')} Should it happen again, the doctor looks for the reason.`,
            command: doctor,
            ...output,
          }
        : {
            title: `The helper starts and ends at once (${exitText(exit)})`,
            text: sentence(exit, 'Installing it again writes it anew.'),
            command: install,
            ...output,
          };
  }
}

/** What it said last, in front of what to do. */
function sentence(exit: HelperExit, advice: string): string {
  const said = telling(exit.stderr);
  return said === undefined ? advice : `Its last words: “${said}”. ${advice}`;
}
