/** Pages in Chromium against our endpoint behind one of our ICE agents: what a WebRTC app and its gateway are to each other. */
import type { Browser } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../support/launchChromium.ts';
import { cases, expectMet } from '../support/meeting.ts';
import { type OwnGateway, startGateway } from '../support/ownGateway.ts';
import { type PageServer, servePage } from '../support/webrtcPage.ts';
import { WebrtcPeer } from '../support/webrtcPeer.ts';

const host = '127.0.0.1';
const meetings = cases.flatMap((one) => (['passive', 'active'] as const).map((setup) => ({ one, setup })));

let browser: Browser;
const peers: WebrtcPeer[] = [];
const pages: PageServer[] = [];
const gateways: OwnGateway[] = [];

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
  for (const gateway of gateways) gateway.stop();
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

describe('the page of our gateway', () => {
  it.each([
    { kind: 'whip', setup: 'passive', token: 't0ken', data: true, media: true, role: 'client' },
    { kind: 'whep', setup: 'active', token: undefined, data: false, media: true, role: 'server' },
    { kind: 'whip', setup: 'passive', token: undefined, data: true, media: false, role: 'client' },
  ] as const)('connects by $kind and says so; gateway $setup, data $data, media $media', async (one) => {
    const gateway = await startGateway({ setup: [one.setup], ...(one.token && { token: [one.token] }) });
    gateways.push(gateway);
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    await page.goto(gateway.origin);
    await page.getByLabel('a data channel').setChecked(one.data);
    await page.getByLabel('audio and video').setChecked(one.media);
    await page.getByLabel('by', { exact: true }).selectOption(one.kind);
    if (one.token) await page.getByLabel('Bearer token').fill(one.token);
    await page.getByRole('button', { name: 'Connect', exact: true }).click();
    await page.getByText('Connected: ICE and DTLS are done.').waitFor();
    const states = (): Promise<string[]> => page.locator('dd').allInnerTexts();
    await expect
      .poll(async () => (await states()).slice(0, 6))
      .toEqual(['connected', 'connected', 'connected', 'DTLS 1.3', expect.stringMatching(/^TLS_/), one.role]);
    if (one.media) expect((await states())[6]).toMatch(/GCM|SHA1/);
    await page.getByRole('button', { name: 'Disconnect' }).click();
    await expect.poll(() => gateway.traces[0]?.at(-1)).toMatchObject({ kind: 'end', how: 'done' });
    expect(gateway.traces[0]).toContainEqual(
      expect.objectContaining({
        kind: 'connected',
        parameters: expect.objectContaining({ version: '1.3', group: 0x11ec }),
      }),
    );
    expect(errors).toEqual([]);
    await page.close();
  });

  it('says what the gateway refuses', async () => {
    const gateway = await startGateway({ token: ['t0ken'] });
    gateways.push(gateway);
    const page = await browser.newPage();
    await page.goto(gateway.origin);
    await page.getByRole('button', { name: 'Connect', exact: true }).click();
    await page.getByText('Not connected: the gateway answered 401 This gateway wants its bearer token').waitFor();
    await page.close();
  });
});
