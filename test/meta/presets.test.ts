import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stories } from '../../src/scenario/index.ts';
import { withPresets } from '../../src/tools/presetTable.ts';

describe('the page of the known failures', () => {
  it('says what the table says now: npm run docs writes it', async () => {
    const page = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'presets.md'), 'utf8');
    expect(withPresets(page)).toBe(page);
    for (const { id } of stories) expect(page).toContain(`\n### ${id}\n`);
  });
});
