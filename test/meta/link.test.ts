import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { linkKinds, linkPresetIds } from '../../src/scenario/index.ts';
import { withLinkTable } from '../../src/tools/linkTable.ts';

describe('the page of the link rules', () => {
  it('says what the table says now: npm run docs writes it', async () => {
    const page = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'link.md'), 'utf8');
    expect(withLinkTable(page)).toBe(page);
    for (const id of linkPresetIds) expect(page).toContain(`| \`${id}\` |`);
    for (const kind of linkKinds) expect(page).toContain(`| \`${kind}=`);
  });
});
