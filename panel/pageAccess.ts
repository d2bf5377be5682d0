/**
 * Which page the panel inspects, and what the browser lets it do there: in DevTools that page is DevTools' own; as a tab of
 * its own, the panel is told by its address. Firefox gives panels in DevTools no permissions API, so that they can't ask.
 */
import browser from 'webextension-polyfill';
import type { PageAccess } from './state/model.ts';

/** What pages without an origin say that it is (HTML, "opaque origin"). */
const noOrigin = 'null';

/** Undefined where the panel inspects no page. */
export function pageAccess(): PageAccess | undefined {
  const { permissions, devtools } = browser as Partial<typeof browser>;
  const request = async (pattern: string): Promise<boolean> =>
    (await permissions?.request({ origins: [pattern] })) ?? false;
  const mayAsk = permissions !== undefined;
  const window = devtools?.inspectedWindow;
  if (window === undefined) {
    const query = new URLSearchParams(location.search);
    const tab = Number(query.get('tab') ?? '');
    if (!query.has('tab') || !Number.isSafeInteger(tab) || tab < 0) return undefined;
    const origin = query.get('origin') ?? '';
    return { inspected: { tab, origin, mayAsk }, request, reload: undefined, onMove: () => {} };
  }
  return {
    inspected: { tab: window.tabId, origin: '', mayAsk },
    request,
    reload: () => void window.reload(),
    onMove: (hear) => {
      const look = (): void => {
        // What the page answers is text, and is only compared and shown. Pages of the browser’s own may not be asked.
        void window.eval('location.origin').then(
          ([origin]) => hear(typeof origin === 'string' ? origin.slice(0, 256) : noOrigin),
          () => hear(noOrigin),
        );
      };
      look();
      devtools?.network.onNavigated.addListener(look);
    },
  };
}
