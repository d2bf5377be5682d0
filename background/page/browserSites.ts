/** The browser's part of watching sites: permissions, scripts, tabs, and who speaks on a port. */
import browser, { type Runtime } from 'webextension-polyfill';
import { pageAgain, sitePattern } from '../../src/bridge/page.ts';
import type { FrameName } from './book.ts';
import { type PageScript, Sites } from './sites.ts';

/** What is watched in this browser. Calls to the tabs of before: this process may be a new one. */
export function openSites(changed: () => void, complain: (what: string, error: unknown) => void): Sites {
  const { permissions } = browser;
  const sites = new Sites(
    {
      permitted: (pattern) => permissions.contains({ origins: [pattern] }),
      allPermitted: async () => (await permissions.getAll()).origins ?? [],
      // One that the manifest itself asks for stays.
      giveBack: (pattern) => permissions.remove({ origins: [pattern] }).catch(() => false),
      register: (scripts: PageScript[]) => browser.scripting.registerContentScripts(scripts as never),
      unregister: (ids) => browser.scripting.unregisterContentScripts({ ids }),
      registered: () => browser.scripting.getRegisteredContentScripts(),
    },
    changed,
    complain,
  );
  void sites.ready.then(() => callAgain(sites.list)).catch((error: unknown) => complain('watched tabs', error));
  return sites;
}

async function callAgain(list: readonly string[]): Promise<void> {
  if (list.length === 0) return;
  // Tabs that were loaded before their site was watched have nobody to hear it.
  for (const { id } of await browser.tabs.query({ url: list.map(sitePattern) }))
    if (id !== undefined) browser.tabs.sendMessage(id, pageAgain).catch(() => {});
}

/** Tab, frame and origin of a port, as the browser says; undefined for whoever is no frame of a tab. */
export function senderOf(sender: Runtime.MessageSender | undefined): FrameName | undefined {
  const tab = sender?.tab?.id;
  const frame = sender?.frameId;
  if (tab === undefined || frame === undefined) return undefined;
  // Chromium says the origin; "null" is that of a sandboxed frame. Firefox says the address alone.
  const { origin, url = '' } = sender as { readonly origin?: string; readonly url?: string };
  return { tab, frame, origin: (origin ?? originOf(url)).slice(0, 256) };
}

function originOf(url: string): string {
  try {
    return new URL(url).origin;
  } catch {
    return 'null';
  }
}
