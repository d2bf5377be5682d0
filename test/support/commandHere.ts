import { Stop } from '../../src/cli/exit.ts';
import type { Terminal } from '../../src/cli/terminal.ts';

/** A command in this process, which is sooner there than one of its own: what that would print, and how it would end. */
export async function commandHere(command: (terminal: Terminal) => number | Promise<number>) {
  let stdout = '';
  let stderr = '';
  const terminal: Terminal = {
    print: (words) => {
      stdout += words;
    },
    say: (line) => {
      stderr += `${line}\n`;
    },
    progress: () => {},
    lively: false,
    rows: undefined,
    columns: undefined,
    color: false,
    ascii: false,
  };
  try {
    return { code: await command(terminal), stdout, stderr };
  } catch (error) {
    if (error instanceof Stop) return { code: error.exit, stdout, stderr: error.message };
    throw error;
  }
}
