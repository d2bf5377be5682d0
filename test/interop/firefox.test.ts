/**
 * Pages in Firefox, in a network namespace of their own, against our endpoint behind one of our ICE agents. Firefox logs its
 * secrets, so what both sides derived is compared too.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { FirefoxInNamespace } from '../support/firefoxInNamespace.ts';
import { cases, expectMet } from '../support/meeting.ts';
import { makeNamespace, type Namespace } from '../support/namespace.ts';
import { type PageServer, servePage } from '../support/webrtcPage.ts';
import { WebrtcPeer } from '../support/webrtcPeer.ts';

const meetings = cases.flatMap((one) => (['passive', 'active'] as const).map((setup) => ({ one, setup })));

let namespace: Namespace;
let firefox: FirefoxInNamespace;
const peers: WebrtcPeer[] = [];
const pages: PageServer[] = [];

beforeAll(async () => {
  namespace = makeNamespace();
  for (const { one, setup } of meetings) {
    const peer = await WebrtcPeer.start({ host: namespace.here, setup, config: one.config, ice: one.ice });
    peers.push(peer);
    pages.push(await servePage(namespace.here, (offer) => peer.answer(offer)));
  }
  // One browser, with a frame for each meeting.
  const url = pages[0]?.framing(pages.map((page) => page.url)) ?? '';
  firefox = await FirefoxInNamespace.open(url, namespace);
});
afterAll(async () => {
  await firefox?.close();
  for (const page of pages) await page.stop();
  for (const peer of peers) await peer.stop();
  namespace?.remove();
});

describe('a page in Firefox connects, passes messages and stays, with our side', () => {
  for (const [index, { one, setup }] of meetings.entries())
    it(`${setup}, ${one.name}`, async () => {
      const peer = peers[index];
      const report = await pages[index]?.report;
      if (!peer || !report) throw new Error('the meeting was not prepared');
      expectMet(one, setup, { peer, report });
      // Its post-quantum hello never fits into one datagram.
      if (setup === 'passive') expect(peer.received[0]).toBe(1408);
      const ours = peer.events.flatMap((event) =>
        event.kind === 'secret' ? [`${event.label} ${toHex(event.clientRandom)} ${toHex(event.secret)}`] : [],
      );
      expect(ours.length).toBeGreaterThan(0);
      expect(await firefox.keys()).toEqual(expect.arrayContaining(ours));
    });
});
