import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { quirkIds } from '../../src/scenario/index.ts';
import { withQuirkTable } from '../../src/tools/quirkTable.ts';

describe('the page of the quirks', () => {
  it('says what the table says now: npm run docs writes it', async () => {
    const page = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'quirks.md'), 'utf8');
    expect(withQuirkTable(page)).toBe(page);
    for (const id of quirkIds) expect(page).toContain(`| \`${id}\` |`);
  });
});
