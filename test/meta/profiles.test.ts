import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { profiles } from '../../src/profiles/index.ts';
import { withProfiles } from '../../src/tools/profileTable.ts';

const root = join(import.meta.dirname, '..', '..');

describe('the page of the profiles', () => {
  it('says what the profiles say now: npm run docs writes it', async () => {
    const page = await readFile(join(root, 'docs', 'profiles.md'), 'utf8');
    expect(withProfiles(page)).toBe(page);
    for (const { id } of profiles) expect(page).toContain(`| \`${id}\` |`);
  });

  it('is refused a document without the place for it, rather than left as it was', () => {
    expect(() => withProfiles('# Profiles\n')).toThrow('made from src/profiles');
  });
});
