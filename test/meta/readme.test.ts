import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/**
 * Types what the README tells people to type, in its order. `sh` blocks are for typing; `text` blocks are not run here:
 * they clone and start the product, which is what this very test run has done.
 */
const root = join(import.meta.dirname, '..', '..');
const launcher = join(root, 'src', 'tools', 'dtlscope.mjs');

async function commands(): Promise<string[]> {
  const text = await readFile(join(root, 'README.md'), 'utf8');
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map((match) => match[1] ?? '');
  return blocks.flatMap((block) => block.split('\n').filter((line) => line.trim() !== ''));
}

interface Ended {
  readonly code: number | null;
  readonly said: string;
}

describe('the README', () => {
  let folder: string;
  const servers: ChildProcess[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dtlscope-readme-'));
    // The commands name files of the checkout and write files of their own.
    for (const name of ['test', 'docs']) await symlink(join(root, name), join(folder, name));
  });
  afterAll(async () => {
    await Promise.all(servers.map(ended));
    await rm(folder, { recursive: true });
  });

  const start = (command: string): ChildProcess =>
    spawn(
      'bash',
      ['-c', `dtlscope() { exec "${process.execPath}" "${launcher}" "$@"; }; ${command.replace(/^npx /, '')}`],
      {
        cwd: folder,
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );

  const toEnd = (child: ChildProcess): Promise<Ended> =>
    new Promise((resolve, reject) => {
      let said = '';
      for (const stream of [child.stdout, child.stderr])
        stream?.setEncoding('utf8').on('data', (text) => (said += text));
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, said }));
    });

  const listening = (child: ChildProcess): Promise<void> =>
    new Promise((resolve, reject) => {
      let said = '';
      for (const stream of [child.stdout, child.stderr])
        stream?.setEncoding('utf8').on('data', (text: string) => {
          said += text;
          if (said.includes('Listening on')) resolve();
        });
      child.once('close', (code) => reject(new Error(`serve ended with ${code}: ${said}`)));
    });

  it('has commands that start with npx dtlscope, and nothing else to type', async () => {
    const all = await commands();
    expect(all.length).toBeGreaterThan(8);
    expect(all.filter((line) => !line.startsWith('npx dtlscope '))).toEqual([]);
  });

  it('tells people to type what works', async () => {
    // The ports of the README may be taken on this machine.
    const ports = new Map<string, number>();
    for (const written of ['4433', '4434', '4435']) ports.set(written, await freePort());
    for (const written of await commands()) {
      const command = written.replace(/\b443[345]\b/g, (port) => String(ports.get(port)));
      const child = start(command);
      if (/^npx dtlscope serve /.test(command)) {
        servers.push(child);
        await listening(child);
        continue;
      }
      const { code, said } = await toEnd(child);
      expect(code, `${command}\n${said}`).toBe(0);
    }
  }, 300_000);
});

/** A UDP port that nobody has at this moment. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.once('error', reject);
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.kill('SIGTERM');
  await gone;
}
