/** The page that DevTools loads for us, unseen: its one job is the tab. */
import browser from 'webextension-polyfill';

/** What the tab is called; tests and `npm start` open it by this name. */
const title = 'DTLS';

browser.devtools.panels.create(title, 'icons/icon-16.png', 'panel.html').catch((error: unknown) => {
  console.error('dtlscope: DevTools made no tab:', error);
});
