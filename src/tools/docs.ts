/** `npm run docs`: makes the parts of the documents that are made from data, in place. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { scenarioSchema } from '../scenario/index.ts';
import { withCheckTable } from './checkTable.ts';
import { taggedTests, withConformance } from './conformance.ts';
import { stateDrawings } from './drawStates.ts';
import { withFindings } from './findingsTable.ts';
import { withLinkTable } from './linkTable.ts';
import { withPresets } from './presetTable.ts';
import { withProfiles } from './profileTable.ts';
import { withQuirkTable } from './quirkTable.ts';
import { withStepTable } from './stepTable.ts';

export async function docs(_args: readonly string[], root: string): Promise<number> {
  const states = join(root, 'docs', 'states');
  const drawings = stateDrawings();
  await mkdir(states, { recursive: true });
  // Those of tables that are gone.
  for (const file of await readdir(states))
    if (file.endsWith('.svg') && !drawings.has(file)) await rm(join(states, file));
  for (const [file, svg] of drawings) await writeFile(join(states, file), svg);
  const profiles = join(root, 'docs', 'profiles.md');
  await writeFile(profiles, withProfiles(await readFile(profiles, 'utf8')));
  const findings = join(root, 'docs', 'findings.md');
  await writeFile(findings, withFindings(await readFile(findings, 'utf8')));
  const quirks = join(root, 'docs', 'quirks.md');
  await writeFile(quirks, withQuirkTable(await readFile(quirks, 'utf8')));
  const presets = join(root, 'docs', 'presets.md');
  await writeFile(presets, withPresets(await readFile(presets, 'utf8')));
  const checks = join(root, 'docs', 'checks.md');
  await writeFile(checks, withCheckTable(await readFile(checks, 'utf8')));
  const link = join(root, 'docs', 'link.md');
  await writeFile(link, withLinkTable(await readFile(link, 'utf8')));
  const scenarios = join(root, 'docs', 'scenarios.md');
  await writeFile(scenarios, withStepTable(await readFile(scenarios, 'utf8')));
  await writeFile(join(root, 'docs', 'scenario.schema.json'), schemaText());
  const conformance = join(root, 'docs', 'conformance.md');
  await writeFile(conformance, withConformance(await readFile(conformance, 'utf8'), await taggedTests(root)));
  return 0;
}

/** The schema of scenario files, as its file has it. */
export const schemaText = (): string => `${JSON.stringify(scenarioSchema(), null, 2)}\n`;
