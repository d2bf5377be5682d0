/**
 * In every frame of a watched site, in a world that the page does not see: passes on what our script in the page's world
 * says, within limits, and what the background answers. It believes nothing and reads nothing but sizes.
 */
import browser, { type Runtime } from 'webextension-polyfill';
import { pageAgain, pageLimits, pagePortName, type ToPage } from '../../../src/bridge/page.ts';
import { messageGate } from '../bucket.ts';
import { awaitChannel } from './channel.ts';

const may = messageGate(() => performance.now());

awaitChannel((channel) => {
  let port: Runtime.Port | undefined;
  let over = false;
  let known = false;

  const connect = (): Runtime.Port | undefined => {
    if (port !== undefined || over) return port;
    try {
      const opened = browser.runtime.connect({ name: pagePortName });
      port = opened;
      opened.onMessage.addListener((message: unknown) => {
        if (typeof message === 'string') channel.post(message);
      });
      opened.onDisconnect.addListener(() => {
        if (port === opened) port = undefined;
      });
      opened.postMessage(here());
      if (known) channel.post(JSON.stringify({ kind: 'again' } satisfies ToPage));
      known = true;
    } catch {
      // The extension was removed or updated under the page: this script is an orphan.
      over = true;
      port = undefined;
    }
    return port;
  };

  channel.listen((message) => {
    if (!may(message.length)) return;
    try {
      connect()?.postMessage(message);
    } catch {
      port = undefined;
    }
  });
  browser.runtime.onMessage.addListener((message: unknown) => {
    if (message === pageAgain) connect();
    return undefined;
  });
  connect();
  // Frames of other sites come and go; who looks at the page should know which of them nobody watches.
  window.addEventListener('load', () => told());
  let sites = '';
  const told = (): void => {
    const now = here();
    if (now === sites || !may(now.length)) return;
    sites = now;
    port?.postMessage(now);
  };
  setInterval(told, 2000);
});

/** "Here I am", with the sites of the frames inside this one. */
function here(): string {
  const sites = new Set<string>();
  for (const { src } of document.querySelectorAll('iframe')) {
    if (sites.size >= pageLimits.sites || src.length > pageLimits.text) continue;
    try {
      const { protocol, origin } = new URL(src);
      if ((protocol === 'http:' || protocol === 'https:') && origin !== location.origin) sites.add(origin);
    } catch {
      // A frame without an address of its own.
    }
  }
  return JSON.stringify({ kind: 'here', sites: [...sites] });
}
