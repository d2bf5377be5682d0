import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileOptions, readScenarioFile, readSweepFile } from '../../src/scenario/index.ts';
import { parseScenarioText } from '../../src/scenario/yaml/parse.ts';
import { schemaText } from '../../src/tools/docs.ts';

const docs = join(import.meta.dirname, '..', '..', 'docs');
const around = { env: () => 'secret', file: (path: string) => ({ path, found: true }) };
const read = (text: string) => {
  const parsed = parseScenarioText(text);
  if (!parsed.ok) return parsed;
  const isSweep = /^sweep:/m.test(text);
  return isSweep ? readSweepFile(parsed.root, around) : readScenarioFile(parsed.root, around);
};

describe('the schema of scenario files', () => {
  it('says what the option table says now: npm run docs writes it', async () => {
    const text = await readFile(join(docs, 'scenario.schema.json'), 'utf8');
    expect(text).toBe(schemaText());
    const { properties } = JSON.parse(text) as { properties: Record<string, unknown> };
    for (const name of fileOptions) expect(Object.keys(properties)).toContain(name);
  });
});

describe('the examples', () => {
  it('of the folder can be read', async () => {
    const names = (await readdir(join(docs, 'examples'), { recursive: true })).filter((name) => /\.ya?ml$/.test(name));
    expect(names.length).toBeGreaterThan(3);
    for (const name of names)
      expect(read(await readFile(join(docs, 'examples', name), 'utf8')), name).toMatchObject({ ok: true });
  });

  it.each(['scenarios.md', 'sweeps.md'])('of the page %s can be read', async (name) => {
    const page = await readFile(join(docs, name), 'utf8');
    const blocks = [...page.matchAll(/^```yaml\n(version: 1\n[\s\S]*?)^```/gm)].map(([, text = '']) => text);
    expect(blocks.length).toBeGreaterThan(2);
    for (const text of blocks) expect(read(text), text).toMatchObject({ ok: true });
  });
});
