import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { chromiumExtensionId, firefoxExtensionId, helperName } from '../../src/bridge/identity.ts';
import {
  type DoctorCheck,
  doctor,
  type InstallOptions,
  installHelper,
  type Places,
  placesOf,
  uninstallHelper,
} from '../../src/helper/index.ts';
import { buildHelper, runs } from './process.ts';

let built: Awaited<ReturnType<typeof buildHelper>>;
let home: string;
let places: Places;

beforeAll(async () => {
  built = await buildHelper();
});
afterAll(() => built.dispose());
beforeEach(() => {
  // Spaces and quotes are in people's paths.
  home = mkdtempSync(join(tmpdir(), "dtlscope it's home "));
  places = { ...placesOf({}, home), etc: join(home, 'etc'), snapBin: join(home, 'snap') };
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const chromiumDir = (): string => join(home, '.config', 'chromium');
const manifestPath = (): string => join(chromiumDir(), 'NativeMessagingHosts', `${helperName}.json`);
const launcherPath = (): string => join(home, '.local', 'share', 'dtlscope', 'dtlscope-helper');

function options(more: Partial<InstallOptions> = {}): InstallOptions {
  return { places, node: process.execPath, helper: built.file, ...more };
}
function withBrowsers(...dirs: readonly string[]): void {
  for (const dir of dirs) mkdirSync(join(home, dir), { recursive: true });
}
const allFiles = (): string[] =>
  readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
const readJson = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;

describe('installing', () => {
  it('registers with every browser that is there and with no other', () => {
    withBrowsers('.config/chromium', '.config/google-chrome', '.mozilla');
    const result = installHelper(options());
    expect(result.problems).toEqual([]);
    expect(result.written).toBe(true);
    expect(result.browsers.map(({ browser }) => browser)).toEqual(['chromium', 'chrome', 'firefox']);
    expect(allFiles()).toEqual(result.files.map(({ path }) => path).sort());
    expect(readJson(manifestPath())).toEqual({
      name: helperName,
      description: expect.any(String),
      path: launcherPath(),
      type: 'stdio',
      allowed_origins: [`chrome-extension://${chromiumExtensionId}/`],
    });
    const firefox = readJson(join(home, '.mozilla', 'native-messaging-hosts', `${helperName}.json`));
    expect(firefox).toMatchObject({ allowed_extensions: [firefoxExtensionId] });
    expect(firefox).not.toHaveProperty('allowed_origins');
    expect(existsSync(join(home, '.config', 'microsoft-edge'))).toBe(false);
  });

  it('writes a launcher that starts the helper as a browser would, without a PATH', async () => {
    withBrowsers('.config/chromium');
    installHelper(options());
    expect(statSync(launcherPath()).mode & 0o777).toBe(0o755);
    expect(readFileSync(launcherPath(), 'utf8')).toMatch(/^#!\/bin\/sh\n/);
    const report = await doctor({ places });
    expect(report.checks.find(({ id }) => id === 'hello')).toMatchObject({ status: 'ok' });
  });

  it('survives that the checkout is moved, by a copy of the helper', () => {
    withBrowsers('.config/chromium');
    installHelper(options());
    expect(readFileSync(launcherPath(), 'utf8')).not.toContain(built.dir);
    expect(readFileSync(`${launcherPath()}.mjs`, 'utf8')).toBe(readFileSync(built.file, 'utf8'));
  });

  it('for a user-data-dir stays inside it', async () => {
    withBrowsers('profile', '.config/chromium');
    const userDataDir = join(home, 'profile');
    const result = installHelper(options({ userDataDir }));
    expect(result.problems).toEqual([]);
    expect(allFiles().every((path) => path.startsWith(`${userDataDir}/`))).toBe(true);
    const report = await doctor({ places, userDataDir });
    expect(report.healthy).toBe(true);
    expect(uninstallHelper({ places, userDataDir }).removed).toHaveLength(3);
    expect(allFiles()).toEqual([]);
  });

  it('again changes nothing, and after a change mends it', () => {
    withBrowsers('.config/chromium');
    installHelper(options());
    expect(installHelper(options()).files.map(({ action }) => action)).toEqual(Array(4).fill('unchanged'));
    writeFileSync(manifestPath(), '{}');
    chmodSync(launcherPath(), 0o644);
    const mended = installHelper(options());
    expect(mended.files.filter(({ action }) => action === 'replace').map(({ kind }) => kind)).toEqual([
      'launcher',
      'manifest',
    ]);
    expect(statSync(launcherPath()).mode & 0o777).toBe(0o755);
  });

  it('as a dry run tells the exact files and writes none', () => {
    withBrowsers('.config/chromium');
    const dry = installHelper(options({ dryRun: true }));
    expect(dry.written).toBe(false);
    expect(allFiles()).toEqual([]);
    const real = installHelper(options());
    expect(dry.files).toEqual(real.files);
    for (const { path, contents, mode } of dry.files) {
      expect(readFileSync(path, 'utf8')).toBe(contents);
      expect(statSync(path).mode & 0o777).toBe(mode);
    }
  });

  it('allows a private build’s id in the manifest and in the helper', async () => {
    withBrowsers('.config/chromium');
    const id = 'abcdefghijklmnopabcdefghijklmnop';
    installHelper(options({ extensionIds: [id] }));
    expect(readJson(manifestPath())['allowed_origins']).toEqual([
      `chrome-extension://${chromiumExtensionId}/`,
      `chrome-extension://${id}/`,
    ]);
    const report = await doctor({ places, extensionId: id });
    expect(report.checks.filter(({ status }) => status === 'problem')).toEqual([]);
  });

  it.each<[string, Partial<InstallOptions>, string]>([
    ['no browser was found', {}, 'no-browser'],
    ['a named browser is not there', { browsers: ['brave'] }, 'no-directory'],
    ['the user-data-dir is not there', { userDataDir: '/nonexistent/profile' }, 'no-directory'],
    ['the helper was not built', { helper: '/nonexistent/helper.mjs' }, 'helper-missing'],
    ['a path is relative', { node: 'node' }, 'bad-path'],
    ['an id is not one', { extensionIds: ['x"; rm -rf /'] }, 'bad-id'],
  ])('writes nothing when %s', (_what, more, code) => {
    if (code !== 'no-browser' && code !== 'no-directory') withBrowsers('.config/chromium');
    const result = installHelper(options(more));
    expect(result.problems.map((problem) => problem.code)).toContain(code);
    expect(result.written).toBe(false);
    expect(allFiles()).toEqual([]);
  });

  it('follows XDG folders where they are set', () => {
    const moved = { ...placesOf({ XDG_CONFIG_HOME: join(home, 'c'), XDG_DATA_HOME: join(home, 'd') }, home) };
    withBrowsers('c/chromium', '.config/chromium');
    const { files } = installHelper(options({ places: moved }));
    expect(files.map(({ path }) => path.slice(home.length + 1).split('/')[0])).toEqual(['d', 'd', 'c', 'd']);
  });
});

describe('uninstalling', () => {
  it('takes away all that was written, also by earlier installs, and nothing else', () => {
    withBrowsers('.config/chromium', '.config/google-chrome');
    const other = join(dirname(manifestPath()), 'com.example.other.json');
    mkdirSync(dirname(other), { recursive: true });
    writeFileSync(other, '{}');
    installHelper(options({ browsers: ['chrome'] }));
    installHelper(options({ browsers: ['chromium'] }));
    const dry = uninstallHelper({ places, dryRun: true });
    expect(dry.removed).toHaveLength(5);
    const result = uninstallHelper({ places });
    expect(result).toEqual(dry);
    expect(allFiles()).toEqual([other]);
    expect(existsSync(dirname(launcherPath()))).toBe(false);
  });

  it('finds our manifests even when the list is lost', () => {
    withBrowsers('.config/chromium');
    installHelper(options());
    rmSync(join(dirname(launcherPath()), 'dtlscope-installed.json'));
    uninstallHelper({ places });
    expect(allFiles()).toEqual([]);
  });

  it('deletes no file of others, whatever the list says', () => {
    withBrowsers('.config/chromium');
    const precious = join(home, 'precious.txt');
    writeFileSync(precious, 'x');
    installHelper(options());
    writeFileSync(
      join(dirname(launcherPath()), 'dtlscope-installed.json'),
      JSON.stringify({ version: 1, files: [precious, '/etc/passwd', '../x', 7] }),
    );
    uninstallHelper({ places });
    expect(existsSync(precious)).toBe(true);
  });

  it('of what is not installed removes nothing', () => {
    expect(uninstallHelper({ places })).toEqual({ removed: [], problems: [] });
  });
});

describe('the doctor', () => {
  const problems = (checks: readonly DoctorCheck[]): DoctorCheck[] =>
    checks.filter(({ status }) => status === 'problem');

  it('finds nothing wrong after an install, having greeted the helper', async () => {
    withBrowsers('.config/chromium', '.mozilla');
    installHelper(options());
    const { healthy, checks } = await doctor({ places });
    expect(problems(checks)).toEqual([]);
    expect(healthy).toBe(true);
    expect(checks.filter(({ id, status }) => id === 'hello' && status === 'ok').map(({ browser }) => browser)).toEqual([
      'Chromium',
      'Firefox',
    ]);
    expect(checks.filter(({ id }) => id === 'version')).toMatchObject([{ status: 'warning' }, { status: 'warning' }]);
  });

  const damages: [string, () => void, DoctorCheck['id'], RegExp][] = [
    ['no manifest', () => rmSync(manifestPath()), 'manifest', /^npx dtlscope helper install --browser chromium$/],
    ['a manifest that is no JSON', () => writeFileSync(manifestPath(), '{"name":'), 'manifest-json', /install/],
    ['a manifest of something else', () => change({ name: 'com.example' }), 'manifest-json', /install/],
    ['a relative path', () => change({ path: './helper' }), 'path', /install/],
    ['a launcher that is gone', () => rmSync(launcherPath()), 'path', /install/],
    [
      'a launcher that is not executable',
      () => chmodSync(launcherPath(), 0o644),
      'path',
      /^chmod \+x '.*dtlscope-helper'$/,
    ],
    ['another extension’s id', () => change({ allowed_origins: ['chrome-extension://x/'] }), 'id', /install/],
    ['a Node that has moved', () => rewrite(process.execPath, '/opt/node-14/bin/node'), 'node', /install/],
    ['a helper that is gone', () => rmSync(`${launcherPath()}.mjs`), 'node', /install/],
    ['a helper that ends at once', () => writeFileSync(`${launcherPath()}.mjs`, 'process.exit(3)'), 'start', /install/],
    [
      'a helper that prints',
      () => writeFileSync(`${launcherPath()}.mjs`, 'console.log("hello, world")'),
      'hello',
      /install/,
    ],
    [
      'a helper that says nothing',
      () => writeFileSync(`${launcherPath()}.mjs`, 'process.stdin.resume()'),
      'hello',
      /install/,
    ],
  ];
  const change = (part: Record<string, unknown>): void =>
    writeFileSync(manifestPath(), JSON.stringify({ ...readJson(manifestPath()), ...part }));
  const rewrite = (from: string, to: string): void =>
    writeFileSync(launcherPath(), readFileSync(launcherPath(), 'utf8').replace(from, to));

  it.each(damages)('names %s, with the one command that mends it', async (what, damage, id, mend) => {
    withBrowsers('.config/chromium');
    installHelper(options());
    damage();
    // Little patience only where it runs out by design: a busy machine starts Node slowly.
    const { healthy, checks } = await doctor({
      places,
      patience: what === 'a helper that says nothing' ? 1000 : 20_000,
    });
    expect(healthy).toBe(false);
    expect(problems(checks).map((check) => check.id)).toEqual([id]);
    expect(problems(checks)[0]?.mend).toMatch(mend);
    expect(problems(checks)[0]?.message).not.toBe('');
  });

  it('says that a helper speaks another protocol', async () => {
    withBrowsers('.config/chromium');
    installHelper(options());
    const limits = { datagramBytes: 1, sockets: 1, unansweredDatagrams: 1, unansweredBytes: 1, datagramsPerSecond: 1 };
    const hello = {
      kind: 'hello',
      protocol: { major: 9, minor: 0 },
      helper: '9',
      capabilities: [],
      platform: 'x',
      now: 0,
      limits,
    };
    writeFileSync(
      `${launcherPath()}.mjs`,
      `const body = Buffer.from(${JSON.stringify(JSON.stringify(hello))});
       const head = Buffer.alloc(4); new DataView(head.buffer, head.byteOffset).setUint32(0, body.length, true);
       process.stdout.write(Buffer.concat([head, body])); process.stdin.resume();`,
    );
    const { checks } = await doctor({ places });
    expect(problems(checks)).toMatchObject([{ id: 'hello', message: expect.stringContaining('protocol 9') }]);
  });

  it('says that no browser is there, and that a sandboxed one cannot reach it', async () => {
    withBrowsers('.var/app/org.chromium.Chromium', 'snap');
    writeFileSync(join(home, 'snap', 'chromium'), '');
    const { healthy, checks } = await doctor({ places });
    expect(healthy).toBe(false);
    expect(problems(checks).map(({ id }) => id)).toEqual(['browser']);
    expect(checks.filter(({ id }) => id === 'sandbox').map(({ browser }) => browser)).toEqual([
      'Chromium (snap)',
      'Chromium (flatpak)',
    ]);
  });

  it('says that a policy forbids it', async () => {
    withBrowsers('.config/chromium', 'etc/chromium/policies/managed');
    installHelper(options());
    const policy = join(home, 'etc', 'chromium', 'policies', 'managed', 'a.json');
    writeFileSync(policy, JSON.stringify({ NativeMessagingUserLevelHosts: false, NativeMessagingBlocklist: ['*'] }));
    const blocked = await doctor({ places });
    expect(problems(blocked.checks).map(({ id }) => id)).toEqual(['policy', 'policy']);
    writeFileSync(policy, JSON.stringify({ NativeMessagingBlocklist: ['*'], NativeMessagingAllowlist: [helperName] }));
    expect((await doctor({ places })).healthy).toBe(true);
  });

  it('leaves no process behind', async () => {
    withBrowsers('.config/chromium');
    installHelper(options());
    writeFileSync(
      `${launcherPath()}.mjs`,
      `import { writeFileSync } from 'node:fs';
       writeFileSync(${JSON.stringify(join(home, 'pid'))}, String(process.pid));
       console.log('not a frame');
       setInterval(() => {}, 1000);`,
    );
    await doctor({ places });
    const pid = Number(readFileSync(join(home, 'pid'), 'utf8'));
    await expect.poll(() => runs(pid), { timeout: 10_000 }).toBe(false);
  });
});
