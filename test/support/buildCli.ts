/**
 * The terminal tool as users have it: bundled, run as a process. Each test file builds its own copy (well under a second)
 * into a temporary folder with the layout of dist/, so that tests need no build before them and do not share one.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { terminalBundles } from '../../src/tools/build.ts';

const root = new URL('../..', import.meta.url).pathname;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that goes on. */
export interface Running {
  readonly child: ChildProcess;
  /** Resolves with the match once stdout has it; rejects when the process ends without. */
  waitFor(pattern: RegExp): Promise<RegExpExecArray>;
  readonly ended: Promise<Ended>;
}

export class TestCli {
  /** An empty folder for files; the commands run in it. */
  readonly folder: string;
  readonly #home: string;
  readonly #bundle: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #running = new Set<ChildProcess>();

  private constructor(base: string) {
    this.#home = base;
    this.folder = join(base, 'work');
    this.#bundle = join(base, 'dist', 'cli', 'dtlscope.mjs');
    this.#env = { PATH: process.env['PATH'] ?? '', HOME: join(base, 'home') };
  }

  static async build(): Promise<TestCli> {
    const base = mkdtempSync(join(tmpdir(), 'dtlscope-cli-'));
    const define = { DTLSCOPE_VERSION: '"1.2.3"', 'process.env.NODE_ENV': '"production"' };
    await Promise.all(
      terminalBundles(root, join(base, 'dist'), define).map((options) => build({ ...options, sourcemap: false })),
    );
    for (const folder of ['work', 'home']) mkdirSync(join(base, folder));
    return new TestCli(base);
  }

  /** The path of a file in the folder. */
  path(name: string): string {
    return join(this.folder, name);
  }

  /** What a shell has to start it with. */
  get command(): readonly [string, string] {
    return [process.execPath, this.#bundle];
  }

  /** Starts a command and goes on. */
  start(...args: readonly string[]): Running {
    const child = spawn(process.execPath, [this.#bundle, ...args], { cwd: this.folder, env: this.#env });
    this.#running.add(child);
    let stdout = '';
    let stderr = '';
    const waiting = new Set<() => void>();
    const wake = (): void => {
      for (const go of waiting) go();
      waiting.clear();
    };
    let over = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      wake();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const ended = new Promise<Ended>((resolve) =>
      child.on('close', (code) => {
        over = true;
        this.#running.delete(child);
        wake();
        resolve({ code, stdout, stderr });
      }),
    );
    const waitFor = async (pattern: RegExp): Promise<RegExpExecArray> => {
      for (;;) {
        const match = pattern.exec(stdout);
        if (match) return match;
        if (over) throw new Error(`ended without ${pattern}:\n${stdout}\n${stderr}`);
        await new Promise<void>((go) => waiting.add(go));
      }
    };
    return { child, waitFor, ended };
  }

  /** Runs a command to its end. */
  run(...args: readonly string[]): Promise<Ended> {
    const { child, ended } = this.start(...args);
    child.stdin?.end();
    return ended;
  }

  /** Ends what is still running, and removes the folder. */
  dispose(): void {
    for (const child of this.#running) child.kill('SIGKILL');
    rmSync(this.#home, { recursive: true, force: true });
  }
}
