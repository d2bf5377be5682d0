/** The terminal as commands see it: results on stdout, messages for people on stderr, and one line that may change. */
export interface Terminal {
  /** A result. Nothing else goes to stdout. */
  print(text: string): void;
  /** A line for people, on stderr. */
  say(line: string): void;
  /** Shows lines that the next ones replace; nothing where stderr is no terminal. `undefined` takes them away. */
  progress(lines: string | undefined): void;
  /** Whether a line on stderr may change: there is a terminal. */
  readonly lively: boolean;
  /** Lines that progress may have; undefined where there is no terminal. */
  readonly rows: number | undefined;
  /** Columns of stdout; undefined where it is no terminal. */
  readonly columns: number | undefined;
  readonly color: boolean;
  /** Only ASCII can be shown. */
  readonly ascii: boolean;
}

/** The process's own. */
export function processTerminal(): Terminal {
  const { stdout, stderr, env } = process;
  // A reader that went away (`| head`) is no error of ours.
  for (const stream of [stdout, stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit();
      throw error;
    });
  let shown = 0;
  const clear = (): void => {
    // To the first of the lines, and all away from there on (ECMA-48 §8.3.22, §8.3.39).
    if (shown > 0) stderr.write(`\r${shown > 1 ? `\x1b[${shown - 1}A` : ''}\x1b[J`);
    shown = 0;
  };
  return {
    print: (text) => {
      clear();
      stdout.write(text);
    },
    say: (line) => {
      clear();
      stderr.write(`${line}\n`);
    },
    progress: (text) => {
      if (!stderr.isTTY) return;
      clear();
      if (text === undefined) return;
      const lines = text.split('\n').map((line) => line.slice(0, Math.max(0, (stderr.columns ?? 80) - 1)));
      stderr.write(lines.join('\n'));
      shown = lines.length;
    },
    lively: stderr.isTTY === true,
    rows: stderr.isTTY ? stderr.rows : undefined,
    columns: stdout.isTTY ? stdout.columns : undefined,
    // https://no-color.org
    color: stdout.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb',
    ascii: !speaksUtf8(env),
  };
}

/** By the locale that counts (POSIX §8.2); where none is set, as in containers, UTF-8 is what is there. */
function speaksUtf8(env: NodeJS.ProcessEnv): boolean {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'];
  return !locale || locale === 'C' || locale === 'POSIX' || /utf-?8/i.test(locale);
}
