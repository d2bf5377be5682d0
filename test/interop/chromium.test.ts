/** A page in Chromium against our endpoint behind a lite ICE agent: what a WebRTC app and its gateway are to each other. */
import type { Browser } from 'playwright';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { launchChromium } from '../support/launchChromium.ts';
import { cases, expectMet } from '../support/meeting.ts';
import { type Report, servePage } from '../support/webrtcPage.ts';
import { type PeerOptions, WebrtcPeer } from '../support/webrtcPeer.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium([
    // Otherwise it says ".local" where we need an address.
    '--disable-features=WebRtcHideLocalIpsWithMdns',
    '--allow-loopback-in-peer-connection',
  ]);
});
afterAll(async () => {
  await browser?.close();
});

/** Lets a page connect to a peer of ours; gives what both saw. */
async function meeting(options: Omit<PeerOptions, 'host'>): Promise<{ peer: WebrtcPeer; report: Report }> {
  const host = '127.0.0.1';
  const peer = await WebrtcPeer.start({ host, ...options });
  const server = await servePage(host, (offer) => peer.answer(offer));
  const context = await browser.newContext();
  try {
    await (await context.newPage()).goto(server.url);
    return { peer, report: await server.report };
  } finally {
    await context.close();
    await server.stop();
    await peer.stop();
  }
}

describe('a page in Chromium connects, passes messages and stays, with our side', () => {
  for (const one of cases)
    for (const setup of ['passive', 'active'] as const)
      it.concurrent(`${setup}, ${one.name}`, async () => {
        expectMet(one, setup, await meeting({ setup, config: one.config }));
      });
});
