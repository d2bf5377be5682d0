/** Small C programs of ours that drive another stack's library: compiled once for a test file, against Debian's headers. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = mkdtempSync(join(tmpdir(), 'dtlscope-compiled-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** What a compiler is told of a library; `undefined` where compiler, pkg-config or headers are not here. */
export function flagsOf(library: string): readonly string[] | undefined {
  try {
    execFileSync('gcc', ['--version'], { stdio: 'ignore' });
    return execFileSync('pkg-config', ['--cflags', '--libs', library], { encoding: 'utf8', stdio: 'pipe' })
      .trim()
      .split(/\s+/);
  } catch {
    return undefined;
  }
}

const built = new Map<string, string>();

/** The program of a source beside this file ("nss/peer.c"). Throws with what the compiler says. */
export function compiled(source: string, flags: readonly string[]): string {
  const known = built.get(source);
  if (known !== undefined) return known;
  const program = join(folder, source.replaceAll('/', '-').slice(0, -'.c'.length));
  execFileSync('gcc', ['-O1', fileURLToPath(new URL(source, import.meta.url)), ...flags, '-o', program]);
  built.set(source, program);
  return program;
}
