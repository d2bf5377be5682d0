/** The real helper as a child process: built once per test file, spoken to in frames. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { endianness, tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { chromiumExtensionId, chromiumOrigin } from '../../src/bridge/identity.ts';
import { type FromHelper, protocolVersion, type SocketEvent, type ToHelper } from '../../src/bridge/messages.ts';
import { parseFromHelper } from '../../src/bridge/parse.ts';
import { encodeFrame, FrameReader } from '../../src/helper/frames.ts';

export const littleEndian = endianness() === 'LE';
const root = join(import.meta.dirname, '..', '..');

/** Bundles the helper into a fresh folder, as the build does. */
export async function buildHelper(): Promise<{ readonly dir: string; readonly file: string; dispose(): void }> {
  const dir = mkdtempSync(join(tmpdir(), 'dtlscope-helper-'));
  const file = join(dir, 'dtlscope-helper.mjs');
  await build({
    entryPoints: [join(root, 'src', 'helper', 'main.ts')],
    outfile: file,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    define: { DTLSCOPE_VERSION: '"9.9.9"' },
    logLevel: 'error',
  });
  return { dir, file, dispose: () => rmSync(dir, { recursive: true, force: true }) };
}

/** Whether a process is there. Who has ended and was not collected by its parent yet is not. */
export function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Processes of this machine that have this path among their arguments. */
export function pidsWith(path: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(path);
      } catch {
        return false;
      }
    })
    .map(Number);
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class HelperProcess {
  readonly child: ChildProcessWithoutNullStreams;
  readonly messages: FromHelper[] = [];
  /** What came out of stdout and is not a message of the protocol. */
  readonly strays: string[] = [];
  stderr = '';
  readonly exited: Promise<Exit>;
  readonly #reader = new FrameReader(littleEndian);
  readonly #waiters = new Set<() => void>();
  largest = 0;

  /** `interpreter`: Node for the helper itself, a shell for its launcher. */
  constructor(
    file: string,
    args: readonly string[] = [chromiumOrigin(chromiumExtensionId)],
    interpreter: string = process.execPath,
    env: NodeJS.ProcessEnv = process.env,
  ) {
    this.child = spawn(interpreter, [file, ...args], { stdio: ['pipe', 'pipe', 'pipe'], env });
    this.child.stdin.on('error', () => {});
    this.child.stderr.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    this.child.stdout.on('data', (chunk: Buffer) => {
      for (const frame of this.#reader.push(chunk)) {
        const parsed = frame.kind === 'message' ? parseFromHelper(frame.value) : undefined;
        if (frame.kind === 'message' && parsed?.ok) {
          this.messages.push(parsed.message);
          this.largest = Math.max(this.largest, encodeFrame(frame.value, littleEndian).length - 4);
        } else this.strays.push(JSON.stringify(frame));
      }
      this.#wake();
    });
    this.exited = new Promise((resolve) => {
      this.child.on('close', (code, signal) => {
        resolve({ code, signal });
        this.#wake();
      });
    });
  }

  send(message: ToHelper): void {
    this.raw(encodeFrame(message, littleEndian));
  }

  raw(bytes: Uint8Array): void {
    this.child.stdin.write(bytes);
  }

  /** Resolves with the first message that `pick` gives something for; rejects when the helper ends without one. */
  async until<T>(pick: (message: FromHelper) => T | undefined): Promise<T> {
    let seen = 0;
    for (;;) {
      for (; seen < this.messages.length; seen++) {
        const message = this.messages[seen];
        const picked = message === undefined ? undefined : pick(message);
        if (picked !== undefined) return picked;
      }
      if (this.child.exitCode !== null || this.child.signalCode !== null) {
        throw new Error(`the helper ended: ${this.stderr}; it said ${JSON.stringify(this.messages.slice(-5))}`);
      }
      await new Promise<void>((resolve) => this.#waiters.add(resolve));
    }
  }

  reply(id: number): Promise<Extract<FromHelper, { kind: 'ok' | 'error' }>> {
    return this.until((message) =>
      (message.kind === 'ok' || message.kind === 'error') && message.id === id ? message : undefined,
    );
  }

  /** The next `error` with that code. */
  error(code: number): Promise<Extract<FromHelper, { kind: 'error' }>> {
    return this.until((message) => (message.kind === 'error' && message.code === code ? message : undefined));
  }

  event(pick: (event: SocketEvent) => boolean): Promise<SocketEvent> {
    return this.until((message) => (message.kind === 'events' ? message.events.find(pick) : undefined));
  }

  get events(): readonly SocketEvent[] {
    return this.messages.flatMap((message) => (message.kind === 'events' ? message.events : []));
  }

  async greet(): Promise<Extract<FromHelper, { kind: 'hello' }>> {
    this.send({ kind: 'hello', protocol: protocolVersion, client: 'test' });
    return this.until((message) => (message.kind === 'hello' ? message : undefined));
  }

  async open(socket: number, family: 4 | 6 = 4): Promise<{ readonly address: string; readonly port: number }> {
    const id = 1000 + socket;
    this.send({ kind: 'open', id, socket, family, bind: family === 4 ? '127.0.0.1' : '::1' });
    const reply = await this.reply(id);
    if (reply.kind === 'error' || reply.local === undefined) throw new Error(JSON.stringify(reply));
    return reply.local;
  }

  async stop(): Promise<Exit> {
    this.child.stdin.end();
    return this.exited;
  }

  #wake(): void {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const waiter of waiters) waiter();
  }
}
