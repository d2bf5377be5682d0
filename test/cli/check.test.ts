/** `dtlscope check` as users have it: what it prints and writes, and how it ends. What each check finds is in test/run/check. */
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checks } from '../../src/run/check/index.ts';
import { TestCli } from '../support/buildCli.ts';

let cli: TestCli;
beforeAll(async () => {
  cli = await TestCli.build();
});
afterAll(() => cli?.dispose());

const text = (name: string): string => readFileSync(cli.path(name), 'utf8');

describe('check', () => {
  it('lists all that there is to try, and sends nothing for that', async () => {
    const { code, stdout } = await cli.run('check', 'sim', '--only', 'list');
    expect(code).toBe(0);
    const ids = [...stdout.matchAll(/^ {2}(\S+)/gm)].map(([, id]) => id);
    expect(ids.toSorted()).toEqual(checks.map(({ id }) => id).toSorted());
  });

  it('says what it would send, and does not', async () => {
    // Nobody is there: to send anything would end with 3.
    const { code, stdout, stderr } = await cli.run(
      ...['check', '127.0.0.1:9', '--dry-run', '--only', 'retransmits,last-flight'],
    );
    expect(code).toBe(0);
    expect(stderr).toMatch(/^2 checks of 127\.0\.0\.1 port 9: at most \d+ handshakes, \d+ datagrams of ours, /);
    expect([...stdout.matchAll(/^ {2}(\S+)/gm)].map(([, id]) => id)).toEqual(['retransmits', 'last-flight']);
  });

  it('answers 0 for a peer that keeps to what RFCs demand, of the checks that were chosen, by comma or by flag', async () => {
    const chosen = ['--only', 'retransmits, last-flight', '--only', 'reordering'];
    const { code, stdout, stderr } = await cli.run('check', 'sim', '--versions', '1.2', ...chosen, '--json');
    expect(code, stderr).toBe(0);
    const found = JSON.parse(stdout) as {
      readonly ended: string;
      readonly results: readonly { readonly id: string }[];
    };
    expect(found.ended).toBe('done');
    expect(found.results.map(({ id }) => id).toSorted()).toEqual(['last-flight', 'reordering', 'retransmits']);
  });

  it('answers 1 for one that does not, and writes page, Markdown, JSON, traces and scenarios that show it', async () => {
    const files = ['html', 'md', 'json'].flatMap((ending) => ['-o', `found.${ending}`]);
    const peer = cli.start('serve', '--port', '0', '--quirk', 'no-retransmission');
    const target = `127.0.0.1:${(await peer.waitFor(/:(\d+)/))[1]}`;
    const { code, stdout, stderr } = await cli.run(
      ...['check', target, '--versions', '1.2', '--only', 'retransmits,reordering', ...files],
      ...['--traces', 'traces', '--write', 'scenarios', '--addresses'],
    );
    expect(code, stderr).toBe(1);
    const summary = 'It fails 1 of 2 things that the RFCs demand.';
    expect(stdout).toContain(summary);
    expect(stdout).toMatch(/✕ MUST {3}it /);
    expect(stdout).toContain(`dtlscope check ${target} --only retransmits --traces DIR`);
    for (const name of ['found.html', 'found.md', 'found.json']) {
      expect(stderr).toContain(`Written: ${name}`);
      expect(text(name)).toContain(summary);
    }
    const { results } = JSON.parse(text('found.json')) as {
      readonly results: readonly {
        readonly id: string;
        readonly status: string;
        readonly evidence: readonly { readonly trial: number }[];
      }[];
    };
    const failed = results.find(({ status }) => status === 'fail');
    expect(failed?.id).toBe('retransmits');
    const trial = String(failed?.evidence[0]?.trial).padStart(3, '0');
    expect(readdirSync(cli.path('traces')).some((name) => name.startsWith(`${trial}-`))).toBe(true);
    expect(readdirSync(cli.path('scenarios'))).toEqual(['retransmits.yaml']);
    // The scenario says what should be so, and that is what fails.
    expect((await cli.run('run', 'scenarios/retransmits.yaml')).code).toBe(1);
    // A trace is one like any other.
    expect((await cli.run('read', `traces/${readdirSync(cli.path('traces'))[0]}`)).code).toBe(0);
  });

  it('counts what is only recommended when asked to', async () => {
    const chosen = ['check', 'sim:timer-at-once', '--versions', '1.2', '--only', 'timer-growth', '--quiet'];
    const lenient = await cli.run(...chosen);
    const strict = await cli.run(...chosen, '--strict');
    expect([lenient.code, strict.code], lenient.stderr).toEqual([0, 1]);
  });

  it('answers 2 for what means nothing, and says what does', async () => {
    for (const [flags, says] of [
      [['sim', '--only', 'retransmit'], '--only: "retransmit" is no check.'],
      [['sim', '--repeat', '3'], '--repeat means nothing for a check'],
      [['sim', '-o', 'found.pcapng'], 'a check is written as .html, .md or .json; traces go to --traces.'],
      [['browser'], 'browser can not be checked'],
    ] as const) {
      const { code, stdout, stderr } = await cli.run('check', ...flags);
      expect(code, stderr).toBe(2);
      expect(stderr).toContain(says);
      expect(stdout).toBe('');
    }
  });

  it('answers 3 when nobody is there', async () => {
    const { code, stdout, stderr } = await cli.run('check', '127.0.0.1:9', '--only', 'handshake');
    expect(code, stderr).toBe(3);
    expect(stdout).toContain('Nothing could be checked: ');
  });
});
