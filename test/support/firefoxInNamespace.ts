/**
 * Firefox without a window in a network namespace, opened on one address and left to itself: a page there signals by HTTP.
 * It writes its DTLS secrets to a key log, which tells whether both sides have the same.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFirefox } from '../../src/tools/peers.ts';
import { writePreferences } from './firefoxPreferences.ts';
import type { Namespace } from './namespace.ts';

export class FirefoxInNamespace {
  readonly #process: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, folder: string) {
    this.#process = child;
    this.#folder = folder;
  }

  /** Throws when there is no Firefox: a test that needs one must not pass without it. */
  static async open(url: string, { enter }: Namespace): Promise<FirefoxInNamespace> {
    const executable = findFirefox();
    if (executable === undefined)
      throw new Error('there is no Firefox: install firefox-esr, or name it by FIREFOX_PATH');
    const folder = await mkdtemp(join(tmpdir(), 'dtlscope-firefox-'));
    await writePreferences(folder);
    const [command = '', ...args] = [...enter, executable, '--headless', '--no-remote', '--profile', folder, url];
    const child = spawn(command, args, {
      stdio: 'ignore',
      // A group of its own, so that its content processes can be stopped with it.
      detached: true,
      env: { ...process.env, HOME: folder, MOZ_CRASHREPORTER_DISABLE: '1', SSLKEYLOGFILE: join(folder, 'keys') },
    });
    await once(child, 'spawn');
    return new FirefoxInNamespace(child, folder);
  }

  /** Lines of the key log so far. */
  async keys(): Promise<string[]> {
    return (await readFile(join(this.#folder, 'keys'), 'utf8')).split('\n').filter((line) => /^[A-Z]/.test(line));
  }

  /** Ends it and all its processes, and removes its profile. */
  async close(): Promise<void> {
    const { pid, exitCode, signalCode } = this.#process;
    if (exitCode === null && signalCode === null && pid !== undefined) {
      const gone = once(this.#process, 'exit');
      this.#process.kill('SIGTERM');
      const kill = setTimeout(() => this.#process.kill('SIGKILL'), 10_000);
      await gone;
      clearTimeout(kill);
    }
    // Content processes go when their parent does; one that hangs is ended with the group.
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL');
    } catch {
      // The group is empty.
    }
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
