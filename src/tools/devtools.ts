/**
 * Chromium with the extension loaded and its own DevTools open on our panel: what `npm start` shows to a newcomer, and
 * what browser tests drive. Everything lives in a temporary profile of its own; nothing of the user's browser is touched.
 *
 * The order matters. DevTools opens with the first tab; Playwright lists its page only when it connects after that page
 * is there, so we wait by asking the browser's own target list, and connect last.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, chromium, type Frame, type Page } from 'playwright';

export interface DevtoolsOptions {
  readonly executable: string;
  /** The built extension. */
  readonly extension: string;
  /** Our extension's id: it follows from the manifest's key. */
  readonly extensionId: string;
  /** The panel's title, as given to `devtools.panels.create`. */
  readonly panelTitle: string;
  /** A folder for the profile; made when missing. */
  readonly userDataDir: string;
  readonly headless: boolean;
  readonly theme: 'light' | 'dark';
  /** The page to inspect. */
  readonly url: string;
}

export interface DevtoolsWindow {
  readonly process: ChildProcess;
  readonly browser: Browser;
  /** The page under inspection. */
  readonly page: Page;
  /** The DevTools window, an ordinary page. */
  readonly devtools: Page;
  /** Our panel inside it. */
  readonly panel: Frame;
  /** Switches DevTools to our panel again, and answers its (possibly new) frame. */
  showPanel(): Promise<Frame>;
  close(): Promise<void>;
}

/** Flags that keep Chromium quiet: no updates, no look-ups of its own, no multicast names. */
export const quietFlags: readonly string[] = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--no-default-browser-check',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
];

/** Opens the browser, waits for DevTools and our panel. Throws with what the browser said when it does not come up. */
export async function openDevtools(options: DevtoolsOptions): Promise<DevtoolsWindow> {
  await seedPreferences(options);
  const root = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const child = spawn(
    options.executable,
    [
      ...quietFlags,
      ...root,
      ...(options.headless ? ['--headless=new'] : []),
      `--user-data-dir=${options.userDataDir}`,
      `--load-extension=${options.extension}`,
      `--disable-extensions-except=${options.extension}`,
      '--remote-debugging-port=0',
      '--auto-open-devtools-for-tabs',
      '--window-size=1500,950',
      options.url,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  try {
    const endpoint = await debuggingEndpoint(child);
    const { browser, page, devtools } = await connect(endpoint);
    const showPanel = (): Promise<Frame> => showOurPanel(devtools, options);
    return {
      process: child,
      browser,
      page,
      devtools,
      panel: await showPanel(),
      showPanel,
      close: async () => {
        await browser.close();
        await end(child);
      },
    };
  } catch (error) {
    await end(child);
    throw error;
  }
}

/** Docked at the bottom (a right dock hides our tab in the overflow menu), tall enough for a ladder, in the wanted theme. */
async function seedPreferences(options: DevtoolsOptions): Promise<void> {
  const dir = join(options.userDataDir, 'Default');
  await mkdir(dir, { recursive: true });
  const theme = JSON.stringify(options.theme === 'dark' ? 'dark' : 'default');
  const preferences = {
    devtools: {
      preferences: {
        currentDockState: JSON.stringify('bottom'),
        'inspector-view.split-view-state': JSON.stringify({ vertical: { size: 0 }, horizontal: { size: 620 } }),
        'ui-theme': theme,
        uiTheme: theme,
      },
      synced_preferences_sync_disabled: { 'ui-theme': theme, uiTheme: theme },
    },
  };
  await writeFile(join(dir, 'Preferences'), JSON.stringify(preferences));
}

/** The address that the browser prints on stderr. */
function debuggingEndpoint(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-20_000);
      const found = /DevTools listening on (ws:\/\/\S+)/.exec(said)?.[1];
      if (found) resolve(found);
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`Chromium ended (code ${code}) before it was ready:\n${said}`)));
  });
}

/** Tries for this long, in steps; a cold start on a busy machine takes seconds. */
const patienceMs = 60_000;
const stepMs = 200;

async function connect(endpoint: string): Promise<{ browser: Browser; page: Page; devtools: Page }> {
  const address = new URL(endpoint);
  const deadline = performance.now() + patienceMs;
  while (performance.now() < deadline) {
    if (await devtoolsIsThere(`http://${address.host}/json/list`)) {
      const browser = await chromium.connectOverCDP(endpoint);
      const pages = browser.contexts().flatMap((one) => one.pages());
      const devtools = pages.find((page) => page.url().startsWith('devtools://'));
      const page = pages.find((one) => !/^(devtools|chrome-extension):/.test(one.url()));
      if (devtools && page) return { browser, page, devtools };
      await browser.close();
    }
    await sleep(stepMs);
  }
  throw new Error('DevTools did not open in time');
}

async function devtoolsIsThere(list: string): Promise<boolean> {
  const targets = (await (await fetch(list)).json()) as readonly { readonly url: string; readonly type: string }[];
  return targets.some((target) => target.url.startsWith('devtools://') && target.type === 'page');
}

/** Asks DevTools for the panel until its frame is there: our devtools page may still be loading. */
async function showOurPanel(devtools: Page, options: DevtoolsOptions): Promise<Frame> {
  const origin = `chrome-extension://${options.extensionId}`;
  const deadline = performance.now() + patienceMs;
  while (performance.now() < deadline) {
    await devtools.evaluate((name) => {
      const api = (globalThis as { DevToolsAPI?: { showPanel(name: string): void } }).DevToolsAPI;
      api?.showPanel(name);
    }, `${origin}${options.panelTitle}`);
    const frame = devtools.frames().find((one) => one.url().startsWith(`${origin}/panel.html`));
    if (frame) return frame;
    await sleep(stepMs);
  }
  throw new Error(`the ${options.panelTitle} panel did not appear in DevTools`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  await gone;
}
