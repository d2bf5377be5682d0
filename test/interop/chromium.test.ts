/** Pages in Chromium against our endpoint behind one of our ICE agents: what a WebRTC app and its gateway are to each other. */
import type { Browser } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../support/launchChromium.ts';
import { cases, expectMet } from '../support/meeting.ts';
import { type PageServer, servePage } from '../support/webrtcPage.ts';
import { WebrtcPeer } from '../support/webrtcPeer.ts';

const host = '127.0.0.1';
const meetings = cases.flatMap((one) => (['passive', 'active'] as const).map((setup) => ({ one, setup })));

let browser: Browser;
const peers: WebrtcPeer[] = [];
const pages: PageServer[] = [];

// All at once: most of the time goes by in watching that they stay connected.
beforeAll(async () => {
  browser = await launchChromium([
    // Otherwise it says ".local" where we need an address.
    '--disable-features=WebRtcHideLocalIpsWithMdns',
    '--allow-loopback-in-peer-connection',
  ]);
  for (const { one, setup } of meetings) {
    const peer = await WebrtcPeer.start({ host, setup, config: one.config, ice: one.ice });
    peers.push(peer);
    const page = await servePage(host, (offer) => peer.answer(offer));
    pages.push(page);
    await (await browser.newPage()).goto(page.url);
  }
});
afterAll(async () => {
  await browser?.close();
  for (const page of pages) await page.stop();
  for (const peer of peers) await peer.stop();
});

describe('a page in Chromium connects, passes messages and stays, with our side', () => {
  for (const [index, { one, setup }] of meetings.entries())
    it(`[2] ${setup}, ${one.name}`, async () => {
      const peer = peers[index];
      const report = await pages[index]?.report;
      if (!peer || !report) throw new Error('the meeting was not prepared');
      expectMet(one, setup, { peer, report });
      // Its post-quantum hello never fits into one datagram.
      if (setup === 'passive') expect(peer.received[0]).toBe(1200);
    });
});
