import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestCli } from '../support/buildCli.ts';

let cli: TestCli;
beforeAll(async () => {
  cli = await TestCli.build();
  mkdirSync(cli.path('profile'));
});
afterAll(() => cli.dispose());

const manifest = (): string => join(cli.path('profile'), 'NativeMessagingHosts', 'io.github.dtlscope.helper.json');

describe('dtlscope helper', () => {
  it('installs for a user-data-dir, passes its own check, and leaves nothing behind', async () => {
    const dry = await cli.run('helper', 'install', '--user-data-dir', 'profile', '--dry-run');
    expect(dry.code).toBe(0);
    expect(dry.stdout).toContain('would create ');
    expect(existsSync(manifest())).toBe(false);

    const installed = await cli.run('helper', 'install', '--user-data-dir', 'profile');
    expect(installed).toMatchObject({ code: 0, stderr: '' });
    expect(installed.stdout).toContain(`created ${manifest()}`);
    expect(JSON.parse(readFileSync(manifest(), 'utf8'))).toMatchObject({
      name: 'io.github.dtlscope.helper',
      type: 'stdio',
    });

    const healthy = await cli.run('helper', 'doctor', '--user-data-dir', 'profile');
    expect(healthy).toMatchObject({ code: 0, stderr: '' });
    expect(healthy.stdout).toMatch(/The helper can be reached\.\n$/);

    const removed = await cli.run('helper', 'uninstall', '--user-data-dir', 'profile');
    expect(removed.code).toBe(0);
    expect(removed.stdout).toContain(`removed ${manifest()}`);
    expect(existsSync(manifest())).toBe(false);
  });

  it('says what is wrong and what mends it when it is not installed', async () => {
    const sick = await cli.run('helper', 'doctor', '--user-data-dir', 'profile');
    expect(sick.code).toBe(3);
    expect(sick.stdout).toContain('PROBLEM');
    expect(sick.stdout).toContain('do: npx dtlscope helper install --user-data-dir');
    const json = await cli.run('helper', 'doctor', '--user-data-dir', 'profile', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ healthy: false });
  });

  it('says so when there is nothing to remove', async () => {
    expect(await cli.run('helper', 'uninstall', '--user-data-dir', 'profile')).toEqual({
      code: 0,
      stdout: 'Nothing was installed.\n',
      stderr: '',
    });
  });

  it('without any browser installs nothing', async () => {
    const { code, stdout, stderr } = await cli.run('helper', 'install');
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(/Nothing was installed\.\n$/);
  });

  it('refuses what is no browser and no extension', async () => {
    expect((await cli.run('helper', 'install', '--browser', 'lynx')).stderr).toContain('Allowed: chromium, chrome');
    const bad = await cli.run('helper', 'install', '--user-data-dir', 'profile', '--extension-id', 'x');
    expect(bad.code).toBe(2);
  });
});
