/** The document that Chromium lets a service worker have beside it, because workers have no RTCPeerConnection. */
import browser from 'webextension-polyfill';
import { adaptPort } from '../src/bridge/port.ts';
import { ownStackPortName, serveOwnStack } from './ownStackEnd.ts';

browser.runtime.onConnect.addListener((port) => {
  if (port.name === ownStackPortName) serveOwnStack(adaptPort(port, () => browser.runtime.lastError?.message));
});
