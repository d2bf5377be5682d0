/** A dump of chrome://webrtc-internals that belongs to the capture chromium_janus_srtp: the browser is its server. */
import { utf8 } from '../../src/base/bytes.ts';
import { captureTrace, onlyHandshake } from './reading.ts';

export const capture = captureTrace('chromium_janus_srtp', 'without keys');
const handshake = onlyHandshake(capture);
const colons = (hex: string): string => (hex.match(/../g) ?? []).join(':').toUpperCase();
export const [receiver = '', sender = ''] =
  handshake.stun.find(({ src, username }) => src === handshake.server && username)?.username?.split(':') ?? [];

/** The browser is the server here: it offered actpass, and the answer is active. */
const sdp = (ufrag: string, setup: string, fingerprint: string): string =>
  [
    'v=0',
    'o=- 1 2 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'm=audio 9 UDP/TLS/RTP/SAVPF 111',
    'c=IN IP4 0.0.0.0',
    'a=mid:0',
    `a=ice-ufrag:${ufrag}`,
    'a=ice-pwd:0123456789012345678901',
    `a=fingerprint:sha-256 ${fingerprint}`,
    `a=setup:${setup}`,
    'a=rtcp-mux',
    'a=rtpmap:111 opus/48000/2',
    '',
  ].join('\r\n');

export function dump({ ours = sender, peers = receiver, wrong = false } = {}): Uint8Array {
  const at = new Date((capture.header.startedAt ?? 0) + 5).toISOString();
  const certificate = handshake.certificates.client[0]?.sha256 ?? '';
  const theirs = wrong ? certificate.replace(/^../, '00') : certificate;
  const offer = sdp(ours, 'actpass', colons(handshake.certificates.server[0]?.sha256 ?? ''));
  const connection = {
    pid: 1,
    url: 'https://example.org/room?token=secret',
    updateLog: [
      { time: at, type: 'setLocalDescription', value: `type: offer, sdp: ${offer}` },
      {
        time: at,
        type: 'setRemoteDescription',
        value: JSON.stringify({ type: 'answer', sdp: sdp(peers, 'active', colons(theirs)) }),
      },
      { time: at, type: 'iceconnectionstatechange', value: 'checking' },
      { time: at, type: 'iceconnectionstatechange', value: '"connected"' },
    ],
    stats: {
      'T01-dtlsState': { statsType: 'transport', values: '["new","connecting","connected"]' },
      'T01-tlsVersion': { statsType: 'transport', values: '["FEFD"]' },
    },
  };
  return utf8(JSON.stringify({ getUserMedia: [], PeerConnections: { '1-1': connection }, UserAgent: 'x' }));
}
