/**
 * Registers the helper with browsers: a manifest for each browser that is there, and a launcher (launcher.ts) that starts Node
 * by its absolute path (a browser started from a desktop has no shell's PATH). `planInstall` says what would be written,
 * `installHelper` writes exactly that, and a list beside the launcher tells `uninstallHelper` what to take away.
 *
 * A user-level install copies the helper next to its launcher, so that it survives a moved checkout and npx's cache; one
 * for a given user-data-dir (tests, `npm start`) keeps everything inside that folder and points at the built file.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { endianness } from 'node:os';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { chromiumExtensionId, chromiumOrigin, firefoxExtensionId, helperName } from '../bridge/identity.ts';
import { launcherScript } from './launcher.ts';
import {
  type BrowserName,
  browserNames,
  foundPlaces,
  type ManifestPlace,
  type Places,
  placeOf,
  placeOfUserDataDir,
} from './places.ts';

export interface InstallOptions {
  readonly places: Places;
  /** Absolute path of the Node that is to run the helper. */
  readonly node: string;
  /** Absolute path of the built helper, `dist/helper/dtlscope-helper.mjs`. */
  readonly helper: string;
  /** Only these; without, every browser that is found. */
  readonly browsers?: readonly BrowserName[];
  /** Only the Chromium that is started with this --user-data-dir. Absolute. */
  readonly userDataDir?: string;
  /** Further extension ids: private builds. */
  readonly extensionIds?: readonly string[];
  /** Say what would be written, write nothing. */
  readonly dryRun?: boolean;
}

export interface PlannedFile {
  readonly path: string;
  readonly kind: 'manifest' | 'launcher' | 'helper' | 'list';
  readonly contents: string;
  readonly mode: number;
  readonly action: 'create' | 'replace' | 'unchanged';
}

export interface InstallProblem {
  readonly code: 'no-browser' | 'helper-missing' | 'bad-path' | 'bad-id' | 'no-directory' | 'cannot-write';
  readonly message: string;
}

export interface InstallResult {
  readonly files: readonly PlannedFile[];
  /** For whom. */
  readonly browsers: readonly ManifestPlace[];
  readonly problems: readonly InstallProblem[];
  /** False for a dry run, and where there were problems. */
  readonly written: boolean;
}

const launcherName = 'dtlscope-helper';
const helperFile = 'dtlscope-helper.mjs';
const listName = 'dtlscope-installed.json';
/** What may ever be deleted, whatever a list says. */
const ours: readonly string[] = [launcherName, helperFile, listName, `${helperName}.json`];

/** The host manifest as the browser wants it. */
export function hostManifest(family: 'chromium' | 'firefox', launcher: string, extraIds: readonly string[]): string {
  const common = {
    name: helperName,
    description: 'dtlscope: sends and receives UDP datagrams for the DevTools panel',
    path: launcher,
    type: 'stdio',
  };
  const chromiumIds = [chromiumExtensionId, ...extraIds.filter(isChromiumId)];
  const manifest =
    family === 'chromium'
      ? { ...common, allowed_origins: chromiumIds.map(chromiumOrigin) }
      : { ...common, allowed_extensions: [firefoxExtensionId, ...extraIds.filter((id) => !isChromiumId(id))] };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** What `installHelper` would write. Reads the disk, changes nothing. */
export function planInstall(options: InstallOptions): Omit<InstallResult, 'written'> {
  const { places, node, helper, userDataDir, extensionIds = [] } = options;
  const problems: InstallProblem[] = [];
  const wrong = (code: InstallProblem['code'], message: string): void => void problems.push({ code, message });

  for (const path of [node, helper, userDataDir ?? '/']) {
    if (!isAbsolute(path)) wrong('bad-path', `${path} is not an absolute path`);
    else if (/[\n\r\0]/.test(path)) wrong('bad-path', `${JSON.stringify(path)} has a line break`);
  }
  if (!existsSync(helper)) wrong('helper-missing', `${helper} is not there; build it first: npm run build`);
  for (const id of extensionIds) {
    if (!isChromiumId(id) && !isFirefoxId(id)) wrong('bad-id', `${JSON.stringify(id)} is not an extension id`);
  }
  const browsers = chooseBrowsers(options, wrong);
  if (problems.length > 0) return { files: [], browsers, problems };

  const own = userDataDir === undefined ? join(places.dataHome, 'dtlscope') : join(userDataDir, 'NativeMessagingHosts');
  const launcher = join(own, launcherName);
  const copied = join(own, helperFile);
  const files: PlannedFile[] = [
    ...(userDataDir === undefined ? [planned(copied, 'helper', readFileSync(helper, 'utf8'), 0o644)] : []),
    planned(
      launcher,
      'launcher',
      launcherScript({
        node,
        helper: userDataDir === undefined ? copied : helper,
        extensionIds,
        littleEndian: endianness() === 'LE',
      }),
      0o755,
    ),
    ...browsers.map(({ manifest, family }) =>
      planned(manifest, 'manifest', hostManifest(family, launcher, extensionIds), 0o644),
    ),
  ];
  const list = join(own, listName);
  // An earlier install for other browsers stays in the list, or uninstall would leave it behind.
  const earlier = readList(list).filter((path) => !files.some((file) => file.path === path) && existsSync(path));
  const paths = [...earlier, ...files.map(({ path }) => path)];
  files.push(planned(list, 'list', `${JSON.stringify({ version: 1, files: paths }, null, 2)}\n`, 0o644));
  return { files, browsers, problems };
}

/** Registers the helper. Nothing is written when anything is wrong. */
export function installHelper(options: InstallOptions): InstallResult {
  const plan = planInstall(options);
  if (plan.problems.length > 0 || options.dryRun === true) return { ...plan, written: false };
  try {
    for (const file of plan.files) if (file.action !== 'unchanged') write(file);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { ...plan, problems: [{ code: 'cannot-write', message }], written: false };
  }
  return { ...plan, written: true };
}

export interface UninstallOptions {
  readonly places: Places;
  readonly userDataDir?: string;
  readonly dryRun?: boolean;
}
export interface UninstallResult {
  /** What was removed (or would be). */
  readonly removed: readonly string[];
  readonly problems: readonly { readonly path: string; readonly message: string }[];
}

/** Takes away what `installHelper` wrote, and manifests of ours that no list knows any more. */
export function uninstallHelper({ places, userDataDir, dryRun = false }: UninstallOptions): UninstallResult {
  const own = userDataDir === undefined ? join(places.dataHome, 'dtlscope') : join(userDataDir, 'NativeMessagingHosts');
  const list = join(own, listName);
  const known =
    userDataDir === undefined
      ? browserNames.map((browser) => placeOf(browser, places).manifest)
      : [placeOfUserDataDir(userDataDir).manifest];
  const candidates = [...readList(list), ...known, join(own, launcherName), join(own, helperFile), list];
  const removed: string[] = [];
  const problems: { path: string; message: string }[] = [];
  for (const path of new Set(candidates)) {
    if (!ours.includes(basename(path)) || !existsSync(path)) continue;
    try {
      if (!dryRun) rmSync(path);
      removed.push(path);
    } catch (error) {
      problems.push({ path, message: error instanceof Error ? error.message : String(error) });
    }
  }
  if (!dryRun && existsSync(own) && readdirSync(own).length === 0) rmdirSync(own);
  return { removed, problems };
}

function chooseBrowsers(
  { places, browsers, userDataDir }: InstallOptions,
  wrong: (code: InstallProblem['code'], message: string) => void,
): ManifestPlace[] {
  if (userDataDir !== undefined) {
    if (!existsSync(userDataDir)) wrong('no-directory', `${userDataDir} is not there; start the browser with it once`);
    return [placeOfUserDataDir(userDataDir)];
  }
  if (browsers !== undefined) {
    return browsers.flatMap((browser) => {
      const place = placeOf(browser, places);
      if (existsSync(place.dir)) return [place];
      wrong('no-directory', `${place.title} was never started by this user: ${place.dir} is not there`);
      return [];
    });
  }
  const found = foundPlaces(places);
  if (found.length === 0) {
    wrong(
      'no-browser',
      `no browser's folder was found in ${places.configHome} or ${places.home}; start the browser once`,
    );
  }
  return found;
}

function planned(path: string, kind: PlannedFile['kind'], contents: string, mode: number): PlannedFile {
  if (!existsSync(path)) return { path, kind, contents, mode, action: 'create' };
  const same = (statSync(path).mode & 0o777) === mode && readFileSync(path, 'utf8') === contents;
  return { path, kind, contents, mode, action: same ? 'unchanged' : 'replace' };
}

/** Whole or not at all: a browser may read the file at any time. */
function write({ path, contents, mode }: PlannedFile): void {
  mkdirSync(dirname(path), { recursive: true });
  const fresh = `${path}.new`;
  writeFileSync(fresh, contents, { mode });
  chmodSync(fresh, mode);
  renameSync(fresh, path);
}

function readList(path: string): string[] {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof value !== 'object' || value === null || !('files' in value) || !Array.isArray(value.files)) return [];
    return value.files.filter((file): file is string => typeof file === 'string' && isAbsolute(file));
  } catch {
    return [];
  }
}

const isChromiumId = (id: string): boolean => /^[a-p]{32}$/.test(id);
const isFirefoxId = (id: string): boolean => /^([\w.-]*@[\w.-]+|\{[0-9a-fA-F-]{36}\})$/.test(id);
