import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rules } from '../../src/diagnosis/rules/index.ts';
import { checks } from '../../src/run/check/index.ts';
import { withCheckTable } from '../../src/tools/checkTable.ts';

describe('the page of the checks', () => {
  it('says what the table says now: npm run docs writes it', async () => {
    const page = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'checks.md'), 'utf8');
    expect(withCheckTable(page)).toBe(page);
    for (const { id } of checks) expect(page).toContain(`| \`${id}\` |`);
  });

  it('names findings that there are', () => {
    const known = new Set(rules.map(({ id }) => id));
    expect(checks.flatMap(({ findings }) => findings.filter((id) => !known.has(id)))).toEqual([]);
  });
});
