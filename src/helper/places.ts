/**
 * Where browsers look for native messaging hosts on Linux, and which browsers cannot reach one. Everything hangs on
 * folders that are given, so that tests have a home of their own.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { helperName } from '../bridge/identity.ts';

export interface Places {
  readonly home: string;
  /** Where browsers keep their profiles: $XDG_CONFIG_HOME or ~/.config. */
  readonly configHome: string;
  /** Where the launcher and the helper are put: $XDG_DATA_HOME or ~/.local/share. */
  readonly dataHome: string;
  /** /etc, for policies. */
  readonly etc: string;
  /** Where snap keeps its commands. */
  readonly snapBin: string;
}

/** The places of a user, from the environment. */
export function placesOf(env: Readonly<Record<string, string | undefined>>, home: string): Places {
  const { XDG_CONFIG_HOME: config, XDG_DATA_HOME: data } = env;
  return {
    home,
    configHome: config?.startsWith('/') ? config : join(home, '.config'),
    dataHome: data?.startsWith('/') ? data : join(home, '.local', 'share'),
    etc: '/etc',
    snapBin: '/snap/bin',
  };
}

export const browserNames = [
  'chromium',
  'chrome',
  'chrome-beta',
  'chrome-unstable',
  'edge',
  'brave',
  'vivaldi',
  'firefox',
] as const;
export type BrowserName = (typeof browserNames)[number];

/** A place for a manifest. `family` decides what the manifest says. */
export interface ManifestPlace {
  readonly browser: BrowserName | 'user-data-dir';
  readonly title: string;
  readonly family: 'chromium' | 'firefox';
  /** The browser's own folder: only where it exists the browser is (or was) used. */
  readonly dir: string;
  readonly manifest: string;
}

const titles: Readonly<Record<BrowserName, string>> = {
  chromium: 'Chromium',
  chrome: 'Google Chrome',
  'chrome-beta': 'Google Chrome Beta',
  'chrome-unstable': 'Google Chrome Dev',
  edge: 'Microsoft Edge',
  brave: 'Brave',
  vivaldi: 'Vivaldi',
  firefox: 'Firefox',
};
const chromiumDirs: Readonly<Record<Exclude<BrowserName, 'firefox'>, string>> = {
  chromium: 'chromium',
  chrome: 'google-chrome',
  'chrome-beta': 'google-chrome-beta',
  'chrome-unstable': 'google-chrome-unstable',
  edge: 'microsoft-edge',
  brave: 'BraveSoftware/Brave-Browser',
  vivaldi: 'vivaldi',
};

/** Where one browser of this user looks. */
export function placeOf(browser: BrowserName, places: Places): ManifestPlace {
  const title = titles[browser];
  if (browser === 'firefox') {
    const dir = join(places.home, '.mozilla');
    return {
      browser,
      title,
      family: 'firefox',
      dir,
      manifest: join(dir, 'native-messaging-hosts', `${helperName}.json`),
    };
  }
  const dir = join(places.configHome, chromiumDirs[browser]);
  return {
    browser,
    title,
    family: 'chromium',
    dir,
    manifest: join(dir, 'NativeMessagingHosts', `${helperName}.json`),
  };
}

/** Where a Chromium looks that was started with `--user-data-dir=DIR`: only there. */
export const placeOfUserDataDir = (dir: string): ManifestPlace => ({
  browser: 'user-data-dir',
  title: `the profile in ${dir}`,
  family: 'chromium',
  dir,
  manifest: join(dir, 'NativeMessagingHosts', `${helperName}.json`),
});

/** The browsers whose folders are there. */
export const foundPlaces = (places: Places): ManifestPlace[] =>
  browserNames.map((browser) => placeOf(browser, places)).filter(({ dir }) => existsSync(dir));

export interface Sandboxed {
  readonly title: string;
  readonly kind: 'snap' | 'flatpak';
  readonly path: string;
  readonly why: string;
}

/** Browsers that run in a sandbox which keeps them from starting programs of the system. */
export function sandboxedBrowsers(places: Places): Sandboxed[] {
  const flatpak = (title: string, id: string): Sandboxed => ({
    title,
    kind: 'flatpak',
    path: join(places.home, '.var', 'app', id),
    why: `${title} from Flatpak may not start programs outside of its sandbox`,
  });
  const snap = (title: string, name: string): Sandboxed => ({
    title,
    kind: 'snap',
    path: join(places.snapBin, name),
    why: `${title} from Snap may not start programs outside of its sandbox`,
  });
  return [
    snap('Chromium', 'chromium'),
    flatpak('Chromium', 'org.chromium.Chromium'),
    flatpak('Google Chrome', 'com.google.Chrome'),
    flatpak('Brave', 'com.brave.Browser'),
    flatpak('Microsoft Edge', 'com.microsoft.Edge'),
    flatpak('Firefox', 'org.mozilla.firefox'),
  ].filter(({ path }) => existsSync(path));
}
