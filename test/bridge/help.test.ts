import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { helperHelp } from '../../src/bridge/help.ts';
import { chromiumExtensionId, firefoxExtensionId } from '../../src/bridge/identity.ts';
import type { HelperStatus } from '../../src/bridge/panel.ts';
import { TestCli } from '../support/buildCli.ts';

const version = (update: 'helper' | 'extension'): HelperStatus => ({
  kind: 'version-mismatch',
  helper: '7.8.9',
  theirs: { major: update === 'helper' ? 0 : 2, minor: 0 },
  ours: { major: 1, minor: 0 },
  update,
});
const exit = (more: object, when: 'start' | 'work' = 'start'): HelperStatus => ({
  kind: 'exited',
  message: 'x',
  when,
  exit: { reason: 'ended', stderr: '', ...more },
});
const syntaxError = 'file:///x.mjs:3\nconst const;\n      ^^^^^\n\nSyntaxError: Unexpected token\n    at wrapSafe\n';

const statuses: readonly (readonly [what: string, status: HelperStatus, command: string, says: RegExp])[] = [
  ['not installed', { kind: 'not-installed', message: 'x' }, 'npx dtlscope helper install', /not installed/],
  ['forbidden', { kind: 'forbidden', message: 'x' }, 'npx dtlscope helper install', /another extension/],
  ['exited, nothing told', { kind: 'exited', message: 'x', when: 'start' }, 'npx dtlscope helper install', /at once/],
  [
    'ended in its work, nothing told',
    { kind: 'exited', message: 'x', when: 'work' },
    'npx dtlscope helper doctor',
    /ended/,
  ],
  [
    'Node gone',
    exit({ reason: 'node-missing', stderr: '/opt/node is not there any more\n' }),
    'npx dtlscope helper install',
    /Node is gone.*\/opt\/node is not there any more\. /s,
  ],
  [
    'file gone',
    exit({ reason: 'helper-missing', stderr: '/x/helper.mjs is not there any more\n' }),
    'npx dtlscope helper install',
    /file is gone.*\/x\/helper\.mjs/s,
  ],
  [
    'broken file',
    exit({ code: 1, stderr: syntaxError }),
    'npx dtlscope helper install',
    /exit code 1.*SyntaxError: Unexpected token/s,
  ],
  [
    'crashed',
    exit({ code: 1, stderr: 'Error: boom\n' }, 'work'),
    'npx dtlscope helper doctor',
    /exit code 1.*“Error: boom”/s,
  ],
  ['killed', exit({ signal: 'SIGKILL' }, 'work'), 'npx dtlscope helper doctor', /SIGKILL.*next run starts it again/s],
  [
    'older',
    version('helper'),
    'npx dtlscope helper install',
    /helper is too old.*7\.8\.9.*protocol 0.*protocol 1.*Update dtlscope/s,
  ],
  [
    'newer',
    version('extension'),
    'npx dtlscope@dev helper install',
    /extension is too old.*7\.8\.9.*protocol 2.*Update the extension/s,
  ],
  ['failed', { kind: 'failed', message: 'strange' }, 'npx dtlscope helper doctor', /strange/],
];

describe('help for a helper that is not there', () => {
  it.each(statuses)('%s: one command and what is known', (_what, status, command, says) => {
    const help = helperHelp(status);
    expect(help?.command).toBe(command);
    expect(`${help?.title}\n${help?.text}`).toMatch(says);
  });

  it('shows what the helper printed, as it was', () => {
    expect(helperHelp(exit({ code: 1, stderr: syntaxError }))?.output).toBe(syntaxError.trimEnd());
    expect(helperHelp(exit({ signal: 'SIGKILL' }))).not.toHaveProperty('output');
  });

  it('is silent while all is well', () => {
    expect(helperHelp({ kind: 'unknown' })).toBeUndefined();
    expect(helperHelp({ kind: 'connecting' })).toBeUndefined();
  });

  it('names the id of a private build, and of no released one', () => {
    const status: HelperStatus = { kind: 'forbidden', message: 'x' };
    const id = 'abcdefghijklmnopabcdefghijklmnop';
    expect(helperHelp(status, id)?.command).toBe(`npx dtlscope helper install --extension-id '${id}'`);
    expect(helperHelp(status, id)?.text).toContain(id);
    for (const released of [chromiumExtensionId, firefoxExtensionId]) {
      expect(helperHelp(status, released)?.command).toBe('npx dtlscope helper install');
    }
    expect(helperHelp(status, "x'; rm -rf ~ #")?.command).toBe('npx dtlscope helper install');
  });
});

describe('every command', () => {
  let cli: TestCli;
  beforeAll(async () => {
    cli = await TestCli.build();
  });
  afterAll(() => cli.dispose());

  const ids = [chromiumExtensionId, 'abcdefghijklmnopabcdefghijklmnop', '{12345678-1234-1234-1234-123456789abc}'];
  const commands = new Set(ids.flatMap((id) => statuses.map(([, status]) => helperHelp(status, id)?.command ?? '')));

  it.each([...commands])('%s can be pasted into a shell', async (command) => {
    const words = execFileSync('sh', ['-c', `for word in ${command}; do printf '%s\\n' "$word"; done`], {
      encoding: 'utf8',
    });
    const [npx, name, ...args] = words.trimEnd().split('\n');
    expect([npx, name?.replace(/@.*/, '')]).toEqual(['npx', 'dtlscope']);
    const { code, stderr } = await cli.run(...args, ...(args.includes('install') ? ['--dry-run'] : []));
    // No browser is installed for the test's user, which is said; the words themselves are understood.
    expect(code, stderr).toBe(3);
  });
});
