/** How a command ends. The numbers are promises to scripts. */
export const Exit = {
  /** The expectation held; for `read`, the input was readable. */
  held: 0,
  notHeld: 1,
  /** The command line or an input is wrong: mend it and try again. */
  usage: 2,
  /** No socket, no helper, no peer process, no disk. */
  infrastructure: 3,
} as const;
export type ExitCode = (typeof Exit)[keyof typeof Exit];

/** Ends a command early with a message for people: what is wrong, and what to do. Never shown with a stack. */
export class Stop extends Error {
  readonly exit: ExitCode;

  constructor(exit: ExitCode, ...lines: readonly (string | undefined)[]) {
    super(lines.filter((line) => line !== undefined).join('\n'));
    this.name = 'Stop';
    this.exit = exit;
  }
}

/** Ends a command early because all that was asked for is a text: it goes to stdout, and nothing is wrong. */
export class Told extends Error {}

/** What an exception says, in one line. */
export const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The system's error code (`ENOENT`), where there is one. */
export const systemCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
