/** What must be so after a page in a browser and our side have met, whichever browser and role it is. */
import { expect } from 'vitest';
import type { EndpointConfig, Parameters } from '../../src/engine/index.ts';
import type { Report } from './webrtcPage.ts';
import type { PeerOptions, WebrtcPeer } from './webrtcPeer.ts';

/** What our side allows, and what comes of it. */
export interface Case {
  readonly name: string;
  readonly config: Partial<EndpointConfig>;
  /** Our ICE agent. */
  readonly ice: 'full' | 'lite';
  readonly expected: Partial<Parameters>;
  /** What the browser calls the version and the suite. */
  readonly theirs: { readonly tlsVersion: string; readonly dtlsCipher?: string };
}

const x25519MlKem768 = 0x11ec;

export const cases: readonly Case[] = [
  {
    name: 'allowing DTLS 1.2 alone',
    config: { versions: ['1.2'] },
    ice: 'lite',
    expected: { version: '1.2', cipherSuite: 0xc02b, group: 0x001d, extendedMasterSecret: true },
    theirs: { tlsVersion: 'FEFD', dtlsCipher: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256' },
  },
  {
    name: 'allowing DTLS 1.3 with X25519MLKEM768, and 1.2',
    config: {
      versions: ['1.3', '1.2'],
      cipherSuites: [0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f],
      groups: [x25519MlKem768, 0x001d, 0x0017],
    },
    ice: 'lite',
    expected: { version: '1.3', cipherSuite: 0x1301, group: x25519MlKem768 },
    theirs: { tlsVersion: 'FEFC', dtlsCipher: 'TLS_AES_128_GCM_SHA256' },
  },
  {
    // No browser's hello has a share for P-256: as server we ask again, with a cookie (RFC 8446 §4.1.4).
    name: 'allowing DTLS 1.3 with P-256 alone, behind a cookie and a full ICE agent',
    config: { versions: ['1.3'], cipherSuites: [0x1303, 0x1301], groups: [0x0017], cookie: true },
    ice: 'full',
    expected: { version: '1.3', group: 0x0017 },
    theirs: { tlsVersion: 'FEFC' },
  },
];

/** They connected once and stayed so, agree on what was agreed, and messages crossed at the start and at the end. */
export function expectMet(
  { expected, theirs, ice }: Case,
  setup: PeerOptions['setup'],
  { peer, report }: { readonly peer: WebrtcPeer; readonly report: Report },
): void {
  expect(report.error).toBeUndefined();
  expect(report.states).toEqual(['connecting', 'connected']);
  expect(report.transport).toMatchObject({
    ...theirs,
    dtlsState: 'connected',
    dtlsRole: setup === 'active' ? 'server' : 'client',
    iceRole: 'controlling',
  });
  expect(peer.channels.opened).toEqual(['dtlscope']);
  expect(report.heard).toEqual(['heard: hello from the page', 'heard: still here']);
  expect(peer.events.find((event) => event.kind === 'connected')).toMatchObject({ parameters: expected });
  expect(peer.events.find((event) => event.kind === 'peer-certificate')).toMatchObject({ fingerprintMatched: true });
  expect(peer.strays).toEqual([]);
  expect(peer.iceState).toBe('completed');
  expect(peer.rtt !== undefined).toBe(ice === 'full');
}
