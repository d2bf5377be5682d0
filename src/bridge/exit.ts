/** How a helper ended, from the launcher's last message to what people read. */
import { fromHex } from '../base/bytes.ts';
import type { FromHelper } from './messages.ts';
import type { HelperExit } from './panel.ts';

/** The launcher's message as the panel gets it: its text as text, what is null left out. */
export function readExit({ reason, code, signal, stderr }: Extract<FromHelper, { kind: 'exited' }>): HelperExit {
  return {
    reason,
    ...(code === null ? {} : { code }),
    ...(signal === null ? {} : { signal }),
    stderr: plainText(fromHex(stderr) ?? new Uint8Array()),
  };
}

/** "exit code 1", "SIGKILL", or what is missing. */
export function exitText({ reason, code, signal }: HelperExit): string {
  if (reason === 'node-missing') return 'Node is not where it was when the helper was installed';
  if (reason === 'helper-missing') return 'the helper’s file is gone';
  return signal ?? (code === undefined ? 'no exit code' : `exit code ${code}`);
}

/** What is most telling in a standard error's end: the line that names the error, or the last one. */
export function telling(stderr: string): string | undefined {
  const lines = stderr.split('\n').map((line) => line.trim());
  const error = lines.find((line) => /^(?:Uncaught )?\w*(?:Error|Exception)\b.*:/.test(line));
  return (error ?? lines.findLast((line) => line !== ''))?.slice(0, 300);
}

/** Colours and other control sequences of terminals. */
const sequence = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[A-Za-z]`, 'g');

/** Text of a program: what is not UTF-8 is marked, and of control characters only line feed and tab are left. */
function plainText(bytes: Uint8Array): string {
  return (
    new TextDecoder()
      .decode(bytes)
      .replaceAll(sequence, '')
      // What is left of a character that began before the tail.
      .replace(/^\uFFFD+/, '')
      .replaceAll(/[^\n\t\P{Cc}]/gu, '')
  );
}
