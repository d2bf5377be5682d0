/**
 * The native messaging host's process: standard input and output carry frames and nothing else, everything for people
 * goes to standard error (which browsers throw away or log). It lives as long as the browser keeps its input open.
 */
import { Console } from 'node:console';
import { fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import { constants, endianness } from 'node:os';
import type { Writable } from 'node:stream';
import { version } from '../base/version.ts';
import { type FromHelper, helperErrors } from '../bridge/messages.ts';
import { checkCaller } from './caller.ts';
import { encodeFrame, FrameReader } from './frames.ts';
import { Host } from './host.ts';

/** What may wait for the browser to read; beyond it received datagrams are dropped and no input is taken. Bytes. */
const outputBytes = 8 * 1024 * 1024;
/** How long a helper that failed waits for the browser to read what it has said. ms */
const lastWordsMs = 150;

globalThis.console = new Console(process.stderr, process.stderr);

const littleEndian = endianness() === 'LE';
const output = openOutput();
const send = (message: FromHelper): void => {
  output.write(encodeFrame(message, littleEndian));
};
/** Exits when what was said so far is written. The output is not ended: that may end the launcher's as well. */
const exitWhenWritten = (code: number): void => {
  output.write('', () => process.exit(code));
};

const caller = checkCaller(process.argv.slice(2));
if (caller.ok) serve();
else {
  console.error(`dtlscope-helper ${version}: ${caller.why}`);
  if (process.stdout.isTTY) process.exit(2);
  send({ kind: 'error', code: helperErrors.forbiddenOrigin, message: caller.why });
  exitWhenWritten(2);
}

function serve(): void {
  const full = (): boolean => output.writableLength > outputBytes;
  const host = new Host({
    version,
    platform: `${process.platform}-${process.arch} node-${process.versions.node}`,
    now: () => performance.now(),
    send,
    full,
    soon: setImmediate,
  });
  const reader = new FrameReader(littleEndian);
  const input = process.stdin;

  const quit = (code: number): void => {
    host.close();
    // Node waits at exit for name look-ups that the system cannot abort; nothing of ours is left to lose.
    if (host.resolving > 0) process.kill(process.pid, 'SIGKILL');
    process.exit(code);
  };
  input.on('data', (chunk: Buffer) => {
    for (const frame of reader.push(chunk)) host.frame(frame);
    if (full()) input.pause();
  });
  output.on('drain', () => {
    host.drained();
    if (input.isPaused()) input.resume();
  });
  input.on('end', () => {
    if (!reader.idle) console.error('the input ended within a message');
    quit(0);
  });
  input.on('error', () => quit(0));
  output.on('error', () => quit(0));
  // As a shell names it, so that the launcher can tell which one it was.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    process.on(signal, () => quit(128 + constants.signals[signal]));
  process.on('uncaughtException', (error) => {
    console.error(error);
    host.close();
    process.exitCode = 1;
    // What was begun to be written is finished, or the launcher's last message would stand in the middle of another.
    setTimeout(() => process.exit(1), lastWordsMs);
    exitWhenWritten(1);
  });
}

/**
 * Standard output that does not block: Node writes to pipes synchronously, so a browser that does not read would stop
 * the whole helper, its signal handlers too. A socket on the same descriptor queues instead.
 */
function openOutput(): Writable {
  const stat = fstatSync(1);
  return stat.isFIFO() || stat.isSocket() ? new Socket({ fd: 1, readable: false, writable: true }) : process.stdout;
}
