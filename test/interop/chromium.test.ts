/** A page in Chromium against our endpoint behind a lite ICE agent: what a WebRTC app and its gateway are to each other. */
import type { Browser } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../support/launchChromium.ts';
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
    peer.channels.onMessage = (text) => peer.channels.say(`heard: ${text}`);
    await (await context.newPage()).goto(server.url);
    return { peer, report: await server.report };
  } finally {
    await context.close();
    await server.stop();
    await peer.stop();
  }
}

describe('Chromium, as DTLS client and as server, with our side', () => {
  for (const setup of ['passive', 'active'] as const)
    it.concurrent(`${setup}, allowing DTLS 1.2 alone: connects, passes messages, and stays`, async () => {
      const { peer, report } = await meeting({ setup, config: { versions: ['1.2'] } });
      expect(report.error).toBeUndefined();
      expect(report.states).toEqual(['connecting', 'connected']);
      expect(report.transport).toMatchObject({
        dtlsState: 'connected',
        dtlsRole: setup === 'active' ? 'server' : 'client',
        tlsVersion: 'FEFD',
        dtlsCipher: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
        iceRole: 'controlling',
      });
      expect(peer.channels.opened).toEqual(['dtlscope']);
      expect(report.heard).toEqual(['heard: hello from the page', 'heard: still here']);
      const connected = peer.events.find((event) => event.kind === 'connected');
      expect(connected).toMatchObject({ parameters: { version: '1.2', extendedMasterSecret: true } });
      expect(peer.events.some((event) => event.kind === 'peer-certificate' && event.fingerprintMatched === true)).toBe(
        true,
      );
    });
});
