/**
 * Who makes handshakes in the benchmark: a process of its own that takes orders by line and answers each with a line, so
 * that nobody's garbage or compiler is on another's bill. All are tied to one core and asked in turn; what counts is the CPU
 * time that they say they took, which a busy machine changes less than the clock on the wall.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { createInterface, type Interface } from 'node:readline';

/** Handshakes and the CPU time that they took, in microseconds. */
export interface Count {
  readonly count: number;
  readonly us: number;
}

const core = availableParallelism() - 1;
/** `taskset` is Linux's; elsewhere everybody runs where they are put. */
export const pinned = spawnSync('taskset', ['-c', String(core), 'true']).status === 0;

export class Contestant {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #waiting: ((line: string) => void)[] = [];
  readonly #said: string[] = [];

  constructor(command: string, args: readonly string[]) {
    const [first, ...rest] = pinned ? ['taskset', '-c', String(core), command, ...args] : [command, ...args];
    const child = spawn(first ?? command, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout });
    this.#lines.on('line', (line) => {
      const waiting = this.#waiting.shift();
      if (waiting) waiting(line);
      else this.#said.push(line);
    });
    // Who waits for an answer of a process that is gone would wait for ever.
    child.on('exit', () => {
      for (const waiting of this.#waiting.splice(0)) waiting('');
    });
  }

  /** What it says next of its own accord; empty when it has ended. */
  async listen(): Promise<string> {
    const said = this.#said.shift();
    if (said !== undefined) return said;
    if (this.#child.exitCode !== null) return '';
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async ask(order: string): Promise<string> {
    this.#child.stdin?.write(`${order}\n`);
    const answer = await this.listen();
    if (answer === '') throw new Error(`no answer to "${order}"`);
    return answer;
  }

  async count(order: string): Promise<Count> {
    const [count, us] = (await this.ask(order)).split(' ').map(Number);
    if (!count || !us) throw new Error(`"${order}" came to nothing`);
    return { count, us };
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.stdin?.end();
    await once(this.#child, 'exit');
  }
}

/** A Node process that runs `serve(who)` of a module. */
export const nodeContestant = (module: string, who: string, flags: readonly string[] = []): Contestant =>
  new Contestant(process.execPath, [
    ...flags,
    '--input-type=module',
    '-e',
    `const { serve } = await import(${JSON.stringify(module)}); await serve(${JSON.stringify(who)});`,
  ]);

/** Answers orders from standard input until there are no more. */
export async function answer(work: (order: string) => Promise<string> | string): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) process.stdout.write(`${await work(line)}\n`);
}

const cpuTime = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

/** Does `work` until it has taken so many milliseconds of CPU time, at least once. */
export async function countFor(ms: number, work: () => Promise<void> | void): Promise<Count> {
  const start = cpuTime();
  let count = 0;
  let us = 0;
  do {
    const pending = work();
    if (pending) await pending;
    count++;
    us = cpuTime() - start;
  } while (us < ms * 1000);
  return { count, us };
}
