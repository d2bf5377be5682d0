import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

/** Folders whose code may touch the world: clocks, timers, randomness, the process. */
const worldly = ['src/cli', 'src/helper', 'src/tools', 'background', 'panel'];

/** What a pure layer takes as a parameter instead. */
const impure: readonly (readonly [RegExp, string])[] = [
  [/\bDate\.now\b|\bnew Date\(\)/, 'reads the wall clock'],
  [/\bperformance\.now\b/, 'reads a clock'],
  [/\bset(Timeout|Interval|Immediate)\b/, 'sets a timer'],
  [/\bMath\.random\b/, 'draws randomness'],
  [/\bgetRandomValues\b/, 'draws randomness'],
  [/\bprocess\.(env|argv|exit|stdout|stderr|hrtime)\b/, 'touches the process'],
  [/\bBuffer\./, "uses Node's Buffer"],
  [/\bconsole\./, 'prints'],
];

/** Exceptions, each with its reason. */
const allowed: readonly (readonly [file: string, pattern: string, reason: string])[] = [];

const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '');

describe('the pure layers', () => {
  it('read no clock, set no timer, draw no randomness and print nothing by themselves', async () => {
    const found: string[] = [];
    for (const top of ['src', 'background', 'panel']) {
      for (const entry of await readdir(join(root, top), { withFileTypes: true, recursive: true })) {
        if (!entry.isFile() || !/\.tsx?$/.test(entry.name)) continue;
        const path = relative(root, join(entry.parentPath, entry.name));
        if (worldly.some((dir) => path.startsWith(`${dir}/`))) continue;
        const text = withoutComments(await readFile(join(root, path), 'utf8'));
        for (const [pattern, what] of impure) {
          if (path.startsWith('src/crypto/node/') && pattern.source.includes('Buffer')) continue;
          if (allowed.some(([file, source]) => file === path && source === pattern.source)) continue;
          if (pattern.test(text)) found.push(`${path} ${what}`);
        }
      }
    }
    expect(found).toEqual([]);
  });
});
