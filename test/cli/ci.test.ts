/**
 * The snippets for CI systems in docs/scenarios.md, as they stand: their YAML is parsed, and their shell commands run with the
 * variables that such a system sets, the merge included. What the page says can't rot.
 */
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DOMParser } from '@xmldom/xmldom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { TestCli } from '../support/buildCli.ts';

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'scenarios.md'), 'utf8');
/** The block of text behind a line of the page. */
const snippet = (intro: RegExp): unknown =>
  parse(new RegExp(`${intro.source}[^\n]*\n\n\`\`\`text\n([\\s\\S]*?)\`\`\``).exec(page)?.[1] ?? '');

/** How a machine comes to have dtlscope, which every snippet does first. */
const install = 'git clone … dtlscope && npm install --global ./dtlscope';

let cli: TestCli;
let bin: string;
beforeAll(async () => {
  cli = await TestCli.build();
  bin = cli.path('bin');
  mkdirSync(bin);
  // Elsewhere than in the checkout, npx would ask a registry for whatever has the name.
  const commands = { dtlscope: `exec ${cli.command.join(' ')} "$@"`, npx: 'exit 9' };
  for (const [name, script] of Object.entries(commands)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  for (const folder of ['scenarios', 'data'])
    for (const [index, more] of [
      '',
      'versions: ["1.2"]',
      'expect: stalled',
      'link: [loss=100%]\nexpect: no-answer',
    ].entries()) {
      mkdirSync(cli.path(folder), { recursive: true });
      writeFileSync(cli.path(`${folder}/${index}.yaml`), `version: 1\ntarget: sim\ntimeout: 5s\n${more}\n`);
    }
});
afterAll(() => cli.dispose());

/** Runs a script as such a system does, in a shell that stops at nothing, and answers its exit code. */
const shell = (script: string, env: Readonly<Record<string, string>>): Promise<number> =>
  new Promise((resolve) => {
    const options = { cwd: cli.folder, env: { PATH: `${bin}:${process.env['PATH'] ?? ''}`, HOME: cli.folder, ...env } };
    execFile('sh', ['-c', script], options, (error) => resolve(error ? Number(error.code) : 0));
  });

/** What the merged results say, as a standard parser reads them. */
function results(name: string): readonly (string | null)[] {
  const document = new DOMParser().parseFromString(readFileSync(cli.path(name), 'utf8'), 'text/xml');
  const [suite] = [...document.getElementsByTagName('testsuite')];
  return ['tests', 'failures', 'errors'].map((attribute) => suite?.getAttribute(attribute) ?? null);
}
const clean = (): void => {
  for (const name of [
    'results.xml',
    'summary.html',
    'failed',
    'shard-1.json',
    'shard-2.json',
    'shard-3.json',
    'shard-4.json',
  ])
    rmSync(cli.path(name), { recursive: true, force: true });
};

describe('the snippets for CI run as they stand', () => {
  it('once dtlscope is there, of which the page says how', () => {
    expect(page).toContain(`\`\`\`text\n${install}\n\`\`\``);
  });

  it('in GitHub Actions, each shard in a job of its own, and the merge says what was not as expected', async () => {
    clean();
    const { jobs } = snippet(/GitHub Actions:/) as {
      readonly jobs: Readonly<Record<'dtls' | 'result', { readonly steps: readonly { readonly run?: string }[] }>> & {
        readonly dtls: { readonly strategy: { readonly matrix: { readonly shard: readonly number[] } } };
      };
    };
    const [before, part = ''] = jobs.dtls.steps.flatMap(({ run }) => (run === undefined ? [] : [run]));
    const [first, merge = ''] = jobs.result.steps.flatMap(({ run }) => (run === undefined ? [] : [run]));
    expect([before, first]).toEqual([install, install]);
    const { shard } = jobs.dtls.strategy.matrix;
    for (const one of shard) {
      const script = part.replaceAll(/\$\{\{ matrix\.shard \}\}/g, String(one));
      expect(script).not.toContain('${{');
      expect(await shell(script, {}), script).toBe(0);
    }
    expect(await shell(merge, {})).toBe(1);
    expect(results('results.xml')).toEqual(['4', '1', '0']);
    expect(readFileSync(cli.path('summary.html'), 'utf8')).toContain('3 of 4 as expected, 1 not');
  });

  it('in GitLab, which counts its nodes', async () => {
    clean();
    const {
      default: all,
      dtls,
      result,
    } = snippet(/GitLab:/) as {
      readonly default: { readonly before_script: string };
      readonly dtls: { readonly parallel: number; readonly script: string };
      readonly result: { readonly script: string };
    };
    expect(all.before_script).toBe(install);
    for (let node = 1; node <= dtls.parallel; node++) {
      const env = { CI_NODE_INDEX: String(node), CI_NODE_TOTAL: String(dtls.parallel) };
      expect(await shell(dtls.script, env), dtls.script).toBe(0);
    }
    expect(await shell(result.script, {})).toBe(1);
    expect(results('results.xml')).toEqual(['4', '1', '0']);
  });

  it('in a Kubernetes Indexed Job, whose indices begin at 0', async () => {
    const { spec } = snippet(/A Kubernetes Indexed Job/) as {
      readonly spec: {
        readonly completions: number;
        readonly template: {
          readonly spec: { readonly containers: readonly { readonly command: readonly string[] }[] };
        };
      };
    };
    const [shellName, flag, script = ''] = spec.template.spec.containers[0]?.command ?? [];
    expect([shellName, flag]).toEqual(['sh', '-c']);
    // The volume is a folder here.
    const here = script.replaceAll('/data/', `${cli.path('data')}/`);
    for (let index = 0; index < spec.completions; index++)
      expect(await shell(here, { JOB_COMPLETION_INDEX: String(index) }), here).toBe(0);
    expect(await shell(`dtlscope merge ${cli.path('data')}/shard-*.json --junit kubernetes.xml`, {})).toBe(1);
    expect(results('kubernetes.xml')).toEqual(['4', '1', '0']);
  });
});
