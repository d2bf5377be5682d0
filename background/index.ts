/**
 * The service worker (Chromium) and event page (Firefox): wires helper, runs and panels together. What must outlive a
 * panel is here; what must outlive this process is in the archive, an IndexedDB. While a run goes on, the open native
 * port keeps the worker alive (measured: 400 s and more); when nobody needs the helper it is let go, and the worker may
 * be stopped.
 */
import browser from 'webextension-polyfill';
import { toHex } from '../src/base/bytes.ts';
import { version } from '../src/base/version.ts';
import { helperName } from '../src/bridge/identity.ts';
import { pagePortName } from '../src/bridge/page.ts';
import { panelPortName } from '../src/bridge/panel.ts';
import { adaptPort } from '../src/bridge/port.ts';
import { nobleProvider } from '../src/crypto/noble.ts';
import { IndexedDbArchive } from './archive.ts';
import { Checks } from './checks.ts';
import { schedule, workerClock } from './clock.ts';
import { HelperLink } from './helperLink.ts';
import { keepJobs } from './jobs.ts';
import { keeping } from './keeping.ts';
import { type OffscreenApi, openHere, openOffscreen } from './ownStack.ts';
import { ownStackPortName } from './ownStackEnd.ts';
import { PageBook } from './page/book.ts';
import { openSites, senderOf } from './page/browserSites.ts';
import { StandInSession } from './page/standInSession.ts';
import { servePanel } from './panels.ts';
import { readRun } from './reading.ts';
import { Runs } from './runs.ts';
import { madeCredentials, type StartEnvironment, startRequest, startScenario } from './start.ts';
import { Sweeps } from './sweeps.ts';

/** A helper that no panel and no run has used for so long may end. ms */
const releaseMs = 30_000;

const lastError = (): string | undefined => browser.runtime.lastError?.message;
const complain = (what: string, error: unknown): void => console.error(`dtlscope: ${what}:`, error);

const helper = new HelperLink({
  connect: () => adaptPort(browser.runtime.connectNative(helperName), lastError),
  clock: workerClock,
  version,
  complain: (what) => complain('helper', what),
});

// Only Chromium has it, and its types come with no browser's own.
const { chrome } = globalThis as { readonly chrome?: { readonly offscreen?: OffscreenApi } };
const ownStack = chrome?.offscreen
  ? openOffscreen(
      chrome.offscreen,
      () => adaptPort(browser.runtime.connect({ name: ownStackPortName }), lastError),
      schedule,
    )
  : openHere;
const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));

const pages: PageBook = new PageBook({
  now: () => performance.now(),
  wallClock: Date.now,
  schedule,
  sites: () => sites.list,
});
const sites = openSites(() => pages.sitesChanged(), complain);

const environment: StartEnvironment = {
  helper,
  clock: workerClock,
  wallClock: Date.now,
  crypto: nobleProvider,
  random,
  subtle: crypto.subtle,
  fetch: (url, init) => fetch(url, init),
  ownStack,
  standIn: (tab) => {
    const session = new StandInSession(toHex(random(16)), tab);
    pages.begin(session);
    return session;
  },
  tool: `dtlscope ${version}`,
};

const archive = new IndexedDbArchive();
const runs = new Runs({
  start: (request, carried) => startRequest(request, environment, carried),
  wallClock: Date.now,
  schedule,
  read: (trace) => readRun(trace, nobleProvider),
  archive,
  keeping,
  complain,
});

/** What a sweep calls often enough that Chromium does not take the worker for idle: any call of its interface counts. ms */
const awakeMs = 20_000;
let jobs = 0;
function busy(): () => void {
  jobs += 1;
  let cancel = (): void => {};
  const stay = (): void => {
    cancel = schedule(awakeMs, () => {
      void browser.runtime.getPlatformInfo();
      stay();
    });
  };
  stay();
  return () => {
    jobs -= 1;
    cancel();
    releaseLater();
  };
}

const sweeps = new Sweeps({
  start: (scenario) => startScenario(scenario, environment),
  credentials: ({ options }) => madeCredentials(options, environment),
  crypto: nobleProvider,
  schedule,
  keep: (name, trace) => runs.keep(name, trace),
  busy,
  tool: environment.tool,
  complain,
});

const checks = new Checks({
  start: ({ scenario, adjust, drive }) => startScenario(scenario, environment, { adjust, drive }),
  credentials: (options) => madeCredentials(options, environment),
  crypto: nobleProvider,
  schedule,
  now: () => workerClock.now(),
  keep: (name, trace) => runs.keep(name, trace),
  busy,
  tool: environment.tool,
  complain,
});

const ready = keepJobs({ archive, sweeps, checks, schedule, complain });

/** The panel as a tab, beside the one that it inspects. */
async function openTab(tab: number, origin: string): Promise<void> {
  const query = new URLSearchParams({ tab: String(tab), origin });
  await browser.tabs.create({ url: browser.runtime.getURL(`panel.html?${query}`) });
}

let panels = 0;
let cancelRelease = (): void => {};
let cancelPurge = (): void => {};
/** Deletions can be undone in the session of the panel that made them. */
function purgeLater(): void {
  cancelPurge();
  cancelPurge = schedule(keeping.undoMs, () => {
    if (panels === 0) void runs.purge();
  });
}
function releaseLater(): void {
  cancelRelease();
  if (panels > 0 || runs.running > 0 || jobs > 0) return;
  cancelRelease = schedule(releaseMs, () => {
    if (panels === 0 && runs.running === 0 && jobs === 0) helper.release();
  });
}
runs.onChange((_run, what) => what === 'ended' && releaseLater());

// Listeners are added in the first turn, or a restarted worker misses the event that it was restarted for.
browser.runtime.onConnect.addListener((port) => {
  if (port.name === pagePortName) {
    const name = senderOf(port.sender);
    if (name === undefined) port.disconnect();
    else pages.serve(adaptPort(port, lastError), name);
    return;
  }
  // A script in a page has no business with what panels may do.
  if (port.name !== panelPortName || port.sender?.url?.startsWith(browser.runtime.getURL('')) !== true) return;
  panels += 1;
  port.onDisconnect.addListener(() => {
    panels -= 1;
    releaseLater();
    purgeLater();
  });
  servePanel(adaptPort(port, lastError), {
    runs,
    keeping,
    helper,
    pages,
    sites,
    sweeps,
    checks,
    ready,
    openTab,
    schedule,
    version,
    complain,
  });
});
