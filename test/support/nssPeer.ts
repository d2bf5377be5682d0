/**
 * NSS as a DTLS peer on loopback: the libraries of Debian's firefox-esr, driven by a small program of ours (nss/peer.c) that is
 * compiled once for all. Without compiler, headers (libnss3-dev) or Firefox the tests that need it say so and stop.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Credential } from '../../src/crypto/keys.ts';
import { privateKeyDer } from '../../src/x509/privateKey.ts';
import { compiled, flagsOf } from './compiled.ts';

const libraries = '/usr/lib/firefox-esr';

/** The flags for headers and libraries; `undefined` where the means are not here. */
const flags = existsSync(join(libraries, 'libssl3.so')) ? flagsOf('nss') : undefined;
export const hasNss = flags !== undefined;

const folder = mkdtempSync(join(tmpdir(), 'dtlscope-nss-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

export interface NssOptions {
  /** 0 for all. */
  readonly suite?: number;
  readonly groups?: readonly number[];
  readonly auth?: 'none' | 'request' | 'require';
  /** One after the other. */
  readonly connections?: number;
}

export class NssPeer {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<unknown>;
  readonly #waiting = new Set<() => void>();
  #output = '';
  #read = 0;

  /** `own`: an ECDSA P-256 credential. A client connects to `port`; a server listens, and says where. */
  constructor(role: 'client' | 'server', port: number, own: Credential, options: NssOptions = {}) {
    const { key, chain } = own;
    if (key.kind !== 'ec') throw new Error('the NSS peer takes ECDSA keys');
    const file = (name: string, bytes: Uint8Array): string => {
      const path = join(folder, name);
      writeFileSync(path, bytes);
      return path;
    };
    const groups = options.groups ?? [4588, 29, 23, 24];
    this.#process = spawn(
      compiled('nss/peer.c', [...(flags ?? []), '-lpthread']),
      [
        role,
        String(port),
        file('cert', chain[0] ?? new Uint8Array()),
        file('key', privateKeyDer(key)),
        file('point', key.point),
        (options.suite ?? 0).toString(16),
        groups.join(','),
        String(['none', 'request', 'require'].indexOf(options.auth ?? 'none')),
        String(options.connections ?? 1),
      ],
      { stdio: 'pipe', env: { ...process.env, LD_LIBRARY_PATH: libraries } },
    );
    this.#ended = once(this.#process, 'exit').then(() => this.#wake());
    for (const stream of [this.#process.stdout, this.#process.stderr])
      stream.on('data', (chunk: Buffer) => {
        this.#output += chunk.toString();
        this.#wake();
      });
  }

  /** What follows a word on the first line that begins with it, behind all that was waited for before. */
  async said(word: string): Promise<string> {
    for (;;) {
      const lines = this.#output.split('\n').slice(0, -1);
      const at = lines.findIndex((line, i) => i >= this.#read && line.startsWith(`${word} `));
      if (at >= 0) {
        this.#read = at + 1;
        return (lines[at] ?? '').slice(word.length + 1);
      }
      const failed = lines.findIndex((line, i) => i >= this.#read && line.startsWith('FAILED'));
      if (failed >= 0 || this.#process.exitCode !== null || this.#process.signalCode !== null)
        throw new Error(`the NSS peer did not say ${word}:\n${this.#output}`);
      await new Promise<void>((wake) => this.#waiting.add(wake));
    }
  }

  tell(line: string): void {
    this.#process.stdin.write(`${line}\n`);
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) this.#process.kill();
    await this.#ended;
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}
