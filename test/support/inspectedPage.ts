/** An inspected page as the background would tell of it: a connection that failed in DTLS, and one that stands in and asks. */
import type { PageAccess } from '../../panel/state/model.ts';
import { toBase64 } from '../../src/base/bytes.ts';
import type { PageConnection, PageState } from '../../src/bridge/page.ts';
import { bundledTestCredential } from '../../src/x509/bundled.ts';

const [leaf = new Uint8Array()] = bundledTestCredential('ecdsa-p256-a').chain;

export const inspectedAccess: PageAccess = {
  inspected: { tab: 1, origin: 'https://meet.example', mayAsk: true },
  request: async () => true,
  reload: () => {},
  onMove: () => {},
};

const sdp = (setup: string, pair: string): string =>
  [
    ...['v=0', 'o=- 4611 2 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0'],
    ...['m=application 9 UDP/DTLS/SCTP webrtc-datachannel', 'c=IN IP4 0.0.0.0', `a=ice-ufrag:${pair}`],
    ...[`a=ice-pwd:${pair.repeat(6)}`, `a=fingerprint:sha-1 ${Array(20).fill('5C').join(':')}`, `a=setup:${setup}`],
    ...['a=mid:0', 'a=sctp-port:5000', 'a=candidate:1 1 udp 2130706431 192.0.2.20 51000 typ host', ''],
  ].join('\r\n');

const begin = 1_700_000_000_000;

export const inspectedConnection: PageConnection = {
  id: '1-1',
  frame: 0,
  origin: 'https://meet.example',
  createdAt: begin,
  states: { signaling: 'stable', gathering: 'complete', ice: 'connected', connection: 'failed' },
  dtls: { dtlsState: 'failed', tlsVersion: 'FEFD', dtlsCipher: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256' },
  gone: false,
  standIn: false,
  servers: ['stun:stun.meet.example:3478'],
  local: { type: 'offer', sdp: sdp('actpass', 'Ab3d') },
  remote: { type: 'answer', sdp: sdp('actpass', 'Zy9x') },
  transports: [
    {
      ...{ dtlsState: 'failed', dtlsRole: 'server', tlsVersion: 'FEFD', iceState: 'connected', iceRole: 'controlling' },
      dtlsCipher: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
      srtpCipher: 'AES_CM_128_HMAC_SHA1_80',
      local: 'host 192.0.2.7:50123',
      remote: 'host 192.0.2.20:51000',
      rttMs: 12.4,
      certificates: [toBase64(leaf)],
    },
  ],
  timeline: [
    { at: begin, text: 'created, with stun:stun.meet.example:3478' },
    { at: begin + 12, text: 'local offer, 412 characters' },
    { at: begin + 13, text: 'signaling: stable → have-local-offer' },
    { at: begin + 85, text: 'remote answer, 412 characters' },
    { at: begin + 310, text: 'pair: host 192.0.2.7:50123 ↔ host 192.0.2.20:51000' },
    { at: begin + 512, text: 'DTLS: connecting → failed' },
    { at: begin + 513, text: 'DTLS error: fingerprint-failure, alert 42 sent' },
    { at: begin + 514, text: 'remote candidate:1 1 udp 1 <img src=x onerror=alert(1)>\u202e 9 typ host' },
  ],
  skipped: 0,
};

const {
  servers: _s,
  local: _l,
  remote: _r,
  transports: _t,
  timeline: _i,
  skipped: _k,
  ...failed
} = inspectedConnection;

export const inspectedPage: PageState = {
  tab: 1,
  sites: ['https://meet.example'],
  frames: [
    { frame: 0, origin: 'https://meet.example', top: true },
    { frame: 4, origin: 'https://meet.example', top: false },
  ],
  unwatched: ['https://a-rather-long-name-for-an-embedded-widget.calls.example.net'],
  connections: [
    failed,
    {
      ...{ id: '1-2', frame: 4, origin: 'https://meet.example', createdAt: begin + 4000, gone: false, standIn: true },
      states: { signaling: 'stable', gathering: 'complete', ice: 'checking', connection: 'connecting' },
      dtls: {},
    },
  ],
  leftOut: { connections: 3, items: 1204 },
  standIn: {
    session: '0'.repeat(32),
    state: 'asking',
    origin: 'https://meet.example',
    asked: [
      { address: '192.0.2.20:51000', what: 'candidate, host' },
      { address: '[2001:db8:17:42::20]:51000', what: 'candidate, host' },
      { address: 'stun.meet.example:3478', what: 'STUN server of the page' },
    ],
  },
};
