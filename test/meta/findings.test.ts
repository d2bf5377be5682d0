import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rules } from '../../src/diagnosis/rules/index.ts';
import { withFindings } from '../../src/tools/findingsTable.ts';

const root = join(import.meta.dirname, '..', '..');

describe('the page of the findings', () => {
  it('says what the rules say now: npm run docs writes it', async () => {
    const page = await readFile(join(root, 'docs', 'findings.md'), 'utf8');
    expect(withFindings(page)).toBe(page);
    const anchors = [...page.matchAll(/^### (\S+)$/gm)].map(([, id]) => id);
    expect(anchors).toEqual(rules.map(({ id }) => id).sort());
  });

  it('says of every rule what it means and what to do', () => {
    const mute = rules.filter(({ doc }) => !/^[A-Z].{20,}\.$/.test(doc.why) || !/^[A-Z].{20,}\.$/.test(doc.fix));
    expect(mute.map(({ id }) => id)).toEqual([]);
  });

  it('is refused a document without the place for it, rather than left as it was', () => {
    expect(() => withFindings('# Findings\n')).toThrow('made from src/diagnosis/rules');
  });
});
