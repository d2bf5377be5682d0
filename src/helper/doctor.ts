/**
 * Finds out why a browser does not reach the helper. Every "not detected" has one of a few reasons, and the browser tells
 * them apart badly; the doctor goes the browser's own way: manifest, launcher, Node, hello, and says for each thing that
 * is wrong the one command that mends it.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { endianness } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { version } from '../base/version.ts';
import { exitText, readExit } from '../bridge/exit.ts';
import { installCommand } from '../bridge/help.ts';
import { chromiumExtensionId, chromiumOrigin, firefoxExtensionId, helperName } from '../bridge/identity.ts';
import { type FromHelper, helperErrorName, protocolVersion } from '../bridge/messages.ts';
import { parseFromHelper } from '../bridge/parse.ts';
import { encodeFrame, FrameReader } from './frames.ts';
import { readLauncher } from './launcher.ts';
import { foundPlaces, type ManifestPlace, type Places, placeOfUserDataDir, sandboxedBrowsers } from './places.ts';

export interface DoctorOptions {
  readonly places: Places;
  readonly userDataDir?: string;
  /** The extension's id in Chromium, if it is not the released one's. */
  readonly extensionId?: string;
  /** How long the helper may take to greet. ms. */
  readonly patience?: number;
}

export interface DoctorCheck {
  readonly id:
    | 'browser'
    | 'sandbox'
    | 'policy'
    | 'manifest'
    | 'manifest-json'
    | 'path'
    | 'id'
    | 'node'
    | 'start'
    | 'hello'
    | 'version';
  /** Whose: "Chromium", or undefined for what concerns no single browser. */
  readonly browser: string | undefined;
  readonly status: 'ok' | 'problem' | 'warning';
  readonly message: string;
  /** To be typed into a terminal. */
  readonly mend: string | undefined;
}

export interface DoctorReport {
  /** At least one browser reaches the helper, and none that was checked fails to. */
  readonly healthy: boolean;
  readonly checks: readonly DoctorCheck[];
}

/** Checks the helper of every browser that is found, or of the one with the given user-data-dir. */
export async function doctor(options: DoctorOptions): Promise<DoctorReport> {
  const { places, userDataDir } = options;
  const checks: DoctorCheck[] = [];
  const found = userDataDir === undefined ? foundPlaces(places) : [placeOfUserDataDir(userDataDir)];
  if (found.length === 0 || !existsSync(found[0]?.dir ?? '')) {
    checks.push({
      id: 'browser',
      browser: undefined,
      status: 'problem',
      message:
        userDataDir === undefined
          ? `no browser's folder in ${places.configHome} or ${places.home}`
          : `${userDataDir} is not there`,
      mend: userDataDir === undefined ? 'chromium' : `chromium --user-data-dir=${shellWord(userDataDir)}`,
    });
  } else for (const place of found) checks.push(...(await checkPlace(place, options)));
  if (userDataDir === undefined) {
    for (const { title, kind, path, why } of sandboxedBrowsers(places)) {
      checks.push({
        id: 'sandbox',
        browser: `${title} (${kind})`,
        status: 'warning',
        message: `${why} (${path}); use a browser from your distribution's packages or its maker`,
        mend: title === 'Chromium' ? 'sudo apt install chromium' : undefined,
      });
    }
  }
  const greeted = checks.some(({ id, status }) => id === 'hello' && status === 'ok');
  return { healthy: greeted && !checks.some(({ status }) => status === 'problem'), checks };
}

async function checkPlace(place: ManifestPlace, options: DoctorOptions): Promise<DoctorCheck[]> {
  const { extensionId = chromiumExtensionId, patience = 10_000 } = options;
  const checks: DoctorCheck[] = [];
  const install = [
    installCommand,
    ...(place.browser === 'user-data-dir' ? ['--user-data-dir', shellWord(place.dir)] : ['--browser', place.browser]),
    ...(extensionId === chromiumExtensionId ? [] : ['--extension-id', extensionId]),
  ].join(' ');
  const say = (id: DoctorCheck['id'], status: DoctorCheck['status'], message: string, mend?: string): void =>
    void checks.push({ id, browser: place.title, status, message, mend });

  for (const problem of policyProblems(place, options.places)) say('policy', 'problem', problem);
  const manifest = readManifest(place.manifest);
  if (manifest.kind === 'missing') {
    say('manifest', 'problem', `${place.manifest} is not there: the helper is not installed`, install);
    return checks;
  }
  say('manifest', 'ok', place.manifest);
  if (manifest.kind === 'bad') {
    say('manifest-json', 'problem', `${place.manifest} ${manifest.why}`, install);
    return checks;
  }
  const { value } = manifest;
  if (value['name'] !== helperName || value['type'] !== 'stdio') {
    say('manifest-json', 'problem', `${place.manifest} does not describe ${helperName} over stdio`, install);
  } else say('manifest-json', 'ok', 'the manifest is valid');

  const wanted = place.family === 'chromium' ? chromiumOrigin(extensionId) : firefoxExtensionId;
  const allowed = value[place.family === 'chromium' ? 'allowed_origins' : 'allowed_extensions'];
  if (Array.isArray(allowed) && allowed.includes(wanted)) say('id', 'ok', `${wanted} may use it`);
  else say('id', 'problem', `the manifest does not name ${wanted}`, install);

  const path = value['path'];
  if (typeof path !== 'string' || !isAbsolute(path)) {
    say('path', 'problem', `the manifest's path, ${JSON.stringify(path)}, is not absolute`, install);
    return checks;
  }
  if (!existsSync(path)) {
    say('path', 'problem', `the launcher ${path} is not there`, install);
    return checks;
  }
  if (!isExecutable(path)) {
    say('path', 'problem', `the launcher ${path} is not executable`, `chmod +x ${shellWord(path)}`);
    return checks;
  }
  say('path', 'ok', path);
  const missing = missingPrograms(path);
  if (missing.length > 0) {
    for (const program of missing)
      say('node', 'problem', `the launcher starts ${program}, which is not there`, install);
    return checks;
  }
  say('node', 'ok', 'Node and the helper are where the launcher looks');

  const args = place.family === 'chromium' ? [wanted] : [place.manifest, wanted];
  const greeting = await greet(path, args, patience);
  if (greeting.kind === 'failed') {
    say(greeting.started ? 'hello' : 'start', 'problem', greeting.why, install);
    return checks;
  }
  say('start', 'ok', 'the helper starts');
  const { hello } = greeting;
  if (hello.protocol.major !== protocolVersion.major) {
    say('hello', 'problem', `it speaks protocol ${hello.protocol.major}, not ${protocolVersion.major}`, install);
    return checks;
  }
  say('hello', 'ok', `it answers: version ${hello.helper}, ${hello.capabilities.join(', ')}`);
  if (hello.helper === version) say('version', 'ok', `as this dtlscope, ${version}`);
  else say('version', 'warning', `the helper is ${hello.helper}, this dtlscope is ${version}`, install);
  return checks;
}

type Manifest =
  | { readonly kind: 'missing' }
  | { readonly kind: 'bad'; readonly why: string }
  | { readonly kind: 'read'; readonly value: Readonly<Record<string, unknown>> };

function readManifest(path: string): Manifest {
  if (!existsSync(path)) return { kind: 'missing' };
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return { kind: 'read', value: { ...value } };
    return { kind: 'bad', why: 'is not a JSON object' };
  } catch (error) {
    return { kind: 'bad', why: `cannot be read: ${error instanceof Error ? error.message : String(error)}` };
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What a launcher of ours would start and cannot; nothing for a launcher that somebody else wrote. */
function missingPrograms(launcher: string): string[] {
  const starts = readLauncher(readFileSync(launcher, 'utf8'));
  if (starts === undefined) return [];
  return [...(isExecutable(starts.node) ? [] : [starts.node]), ...(existsSync(starts.helper) ? [] : [starts.helper])];
}

/** What an administrator's policies forbid. Chromium and Chrome read every JSON file of their folder. */
function policyProblems(place: ManifestPlace, { etc }: Places): string[] {
  const dir = place.browser === 'chrome' ? join(etc, 'opt', 'chrome', 'policies', 'managed') : undefined;
  const dirs = place.family === 'firefox' ? [] : [dir ?? join(etc, 'chromium', 'policies', 'managed')];
  const problems: string[] = [];
  for (const folder of dirs.filter((one) => existsSync(one))) {
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
      const path = join(folder, file);
      const policy = readManifest(path);
      if (policy.kind !== 'read') continue;
      const names = (key: string): readonly unknown[] => {
        const list = policy.value[key];
        return Array.isArray(list) ? list : [];
      };
      if (policy.value['NativeMessagingUserLevelHosts'] === false) {
        problems.push(`the policy ${path} allows only helpers that an administrator installed`);
      }
      const blocked = names('NativeMessagingBlocklist');
      if (
        (blocked.includes('*') || blocked.includes(helperName)) &&
        !names('NativeMessagingAllowlist').includes(helperName)
      ) {
        problems.push(`the policy ${path} blocks ${helperName}; ask your administrator to allow it`);
      }
    }
  }
  return problems;
}

type Greeting =
  | { readonly kind: 'greeted'; readonly hello: Extract<FromHelper, { kind: 'hello' }> }
  | { readonly kind: 'failed'; readonly started: boolean; readonly why: string };

/** Starts the launcher as the browser would and greets it. */
function greet(launcher: string, args: readonly string[], patience: number): Promise<Greeting> {
  return new Promise((resolve) => {
    const littleEndian = endianness() === 'LE';
    const child = spawn(launcher, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      // As a desktop's browser would: without the shell's own PATH.
      env: { PATH: '/usr/bin:/bin' },
      // A process group of its own, so that what the launcher starts ends with it.
      detached: true,
    });
    const reader = new FrameReader(littleEndian);
    let stderr = '';
    let done = false;
    const finish = (greeting: Greeting): void => {
      if (done) return;
      done = true;
      clearTimeout(timer);
      child.stdin.end();
      killGroup(child.pid);
      resolve(greeting);
    };
    const fail = (started: boolean, why: string): void =>
      finish({ kind: 'failed', started, why: stderr.trim() === '' ? why : `${why}: ${stderr.trim().slice(-500)}` });
    const timer = setTimeout(() => fail(true, `it did not answer hello within ${patience} ms`), patience);
    child.on('error', (error) => fail(false, `it cannot be started: ${error.message}`));
    child.on('close', (code, signal) => fail(false, `it ended at once (${signal ?? `exit code ${code}`})`));
    child.stdin.on('error', () => {});
    child.stderr.on('data', (chunk: Buffer) => {
      if (stderr.length < 10_000) stderr += chunk.toString();
    });
    child.stdout.on('data', (chunk: Buffer) => {
      for (const frame of reader.push(chunk)) {
        const parsed = frame.kind === 'message' ? parseFromHelper(frame.value) : undefined;
        if (parsed?.ok && parsed.message.kind === 'hello') finish({ kind: 'greeted', hello: parsed.message });
        else if (parsed?.ok && parsed.message.kind === 'error') {
          const { code, message } = parsed.message;
          fail(true, `it says error ${code} (${helperErrorName(code) ?? 'unknown'}): ${message}`);
        } else if (parsed?.ok && parsed.message.kind === 'exited') {
          const exit = readExit(parsed.message);
          stderr = exit.stderr;
          fail(false, `it ended at once (${exitText(exit)})`);
        } else fail(true, 'it writes something to its standard output that is not our protocol');
      }
    });
    child.stdin.write(
      encodeFrame({ kind: 'hello', protocol: protocolVersion, client: `doctor ${version}` }, littleEndian),
    );
  });
}

/** It may be any program, and one that ignores milder signals. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it has ended already.
  }
}

const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
