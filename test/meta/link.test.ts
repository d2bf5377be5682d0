import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { linkKinds, linkPresetIds, stepKinds } from '../../src/scenario/index.ts';
import { withLinkTable } from '../../src/tools/linkTable.ts';
import { withStepTable } from '../../src/tools/stepTable.ts';

describe('the page of the link rules', () => {
  it('says what the table says now: npm run docs writes it', async () => {
    const page = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'link.md'), 'utf8');
    expect(withLinkTable(page)).toBe(page);
    for (const id of linkPresetIds) expect(page).toContain(`| \`${id}\` |`);
    for (const kind of linkKinds) expect(page).toContain(`| \`${kind}=`);
  });
});

describe('the page of scenario files', () => {
  it('says of steps what the table says now: npm run docs writes it', async () => {
    const page = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'scenarios.md'), 'utf8');
    expect(withStepTable(page)).toBe(page);
    for (const kind of stepKinds) expect(page).toContain(`| \`${kind}`);
  });
});
