/**
 * `openssl s_server` and `s_client` as DTLS peers on loopback, each in a directory of its own. A peer listens on a port
 * that the system gives, is waited for by its output (never by time), and is ended by the test that started it.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Credential } from '../../src/crypto/keys.ts';
import { pem } from '../../src/x509/pem.ts';
import { privateKeyDer } from '../../src/x509/privateKey.ts';

export class OpensslPeer {
  readonly directory: string;
  readonly #process: ChildProcessWithoutNullStreams;
  #output = '';
  readonly #waiting = new Set<() => void>();
  readonly #ended: Promise<unknown>;

  constructor(directory: string, args: readonly string[], program = 'openssl') {
    this.directory = directory;
    this.#process = spawn(program, args, { stdio: 'pipe' });
    this.#ended = once(this.#process, 'exit').then(() => this.#wake());
    for (const stream of [this.#process.stdout, this.#process.stderr])
      stream.on('data', (chunk: Buffer) => {
        this.#output += chunk.toString('latin1');
        this.#wake();
      });
  }

  /** Everything it has printed. */
  get output(): string {
    return this.#output;
  }

  /** Resolves with the match once the output has it; rejects when the process ends without. */
  async waitFor(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.#output);
      if (found) return found;
      if (this.#process.exitCode !== null || this.#process.signalCode !== null)
        throw new Error(`openssl ended without ${pattern}:\n${this.#output}`);
      await new Promise<void>((wake) => this.#waiting.add(wake));
    }
  }

  /** Types a line, which it sends to the other side as application data. */
  type(line: string): void {
    this.#process.stdin.write(`${line}\n`);
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) this.#process.kill();
    await this.#ended;
    rmSync(this.directory, { recursive: true, force: true });
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}

function filesFor(own: Credential | undefined): { readonly directory: string; readonly args: string[] } {
  const directory = mkdtempSync(join(tmpdir(), 'dtlscope-openssl-'));
  if (!own) return { directory, args: [] };
  const file = (name: string, text: string): string => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };
  const [leaf, ...issuers] = own.chain.map((der) => pem('CERTIFICATE', der));
  const args = [
    '-cert',
    file('leaf.pem', leaf ?? ''),
    '-key',
    file('key.pem', pem('PRIVATE KEY', privateKeyDer(own.key))),
  ];
  if (issuers.length > 0) args.push('-cert_chain', file('chain.pem', issuers.join('')));
  return { directory, args };
}

/** OpenSSL takes one version flag. */
const versionArgs = (args: readonly string[]): readonly string[] => (args.includes('-dtls1') ? [] : ['-dtls1_2']);

/** A server on loopback that is ready for a client. It ends with the first connection that its peer closes, or with `stop`. */
export async function opensslServer(
  own: Credential,
  args: readonly string[] = [],
): Promise<{ readonly peer: OpensslPeer; readonly port: number }> {
  const { directory, args: files } = filesFor(own);
  const peer = new OpensslPeer(directory, [
    's_server',
    ...versionArgs(args),
    '-accept',
    '127.0.0.1:0',
    '-timeout',
    '-keymatexport',
    'EXPORTER-dtlscope',
    '-keymatexportlen',
    '32',
    ...files,
    ...args,
  ]);
  const [, port] = await peer.waitFor(/ACCEPT 127\.0\.0\.1:(\d+)/);
  return { peer, port: Number(port) };
}

/** A client that connects to a port on loopback. */
export function opensslClient(port: number, own: Credential | undefined, args: readonly string[] = []): OpensslPeer {
  const { directory, args: files } = filesFor(own);
  return new OpensslPeer(directory, [
    's_client',
    ...versionArgs(args),
    '-connect',
    `127.0.0.1:${port}`,
    '-timeout',
    '-keymatexport',
    'EXPORTER-dtlscope',
    '-keymatexportlen',
    '32',
    ...files,
    ...args,
  ]);
}
