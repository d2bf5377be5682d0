/** The terminal as commands see it: results on stdout, messages for people on stderr, and one line that may change. */
export interface Terminal {
  /** A result. Nothing else goes to stdout. */
  print(text: string): void;
  /** A line for people, on stderr. */
  say(line: string): void;
  /** Shows a line that the next one replaces; nothing where stderr is no terminal. `undefined` takes it away. */
  progress(line: string | undefined): void;
  /** Whether a line on stderr may change: there is a terminal. */
  readonly lively: boolean;
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
  let shown = false;
  const clear = (): void => {
    if (shown) stderr.write('\r\x1b[K');
    shown = false;
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
    progress: (line) => {
      if (!stderr.isTTY) return;
      clear();
      if (line === undefined) return;
      stderr.write(line.slice(0, Math.max(0, (stderr.columns ?? 80) - 1)));
      shown = true;
    },
    lively: stderr.isTTY === true,
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
