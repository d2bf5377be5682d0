/** Dumps of chrome://webrtc-internals, and what they bring to a capture of the same call. */
import { describe, expect, it } from 'vitest';
import { joinCalls } from '../../src/analysis/calls.ts';
import { utf8 } from '../../src/base/bytes.ts';
import { Prng } from '../../src/base/random.ts';
import { openFile } from '../../src/capture/open.ts';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import type { Trace } from '../../src/trace/model.ts';
import { captureTrace, onlyHandshake } from '../support/reading.ts';

const capture = captureTrace('chromium_janus_srtp', 'without keys');
const handshake = onlyHandshake(capture);
const colons = (hex: string): string => (hex.match(/../g) ?? []).join(':').toUpperCase();
const [receiver = '', sender = ''] =
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

function dump({ ours = sender, peers = receiver, wrong = false } = {}): Uint8Array {
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

const callsIn = (bytes: Uint8Array) => {
  const opened = openFile(bytes);
  if (opened.kind !== 'internals') throw new Error(opened.kind);
  return opened.calls;
};
const joined = (bytes: Uint8Array): { trace: Trace; by: readonly string[] } => {
  const { trace, found } = joinCalls(capture, callsIn(bytes));
  return { trace, by: found.map(({ by }) => by) };
};

describe('a dump of webrtc-internals', () => {
  it('is known by its content, and holds descriptions without passwords', () => {
    const [call] = callsIn(dump());
    expect(call?.ufrags).toEqual([sender, receiver]);
    expect(JSON.stringify(call)).not.toContain('0123456789012345678901');
  });

  it('is joined to the capture of its call by user fragments, and its fingerprints are checked', () => {
    const { trace, by } = joined(dump());
    expect(by).toEqual(['user fragment']);
    const read = onlyHandshake(trace);
    expect(read.fingerprints.map(({ of, matches }) => [of, matches])).toEqual([
      ['server', true],
      ['client', true],
    ]);
    const facts = read.path.map(({ fact }) => fact.kind);
    for (const kind of ['description', 'roles', 'state', 'stack']) expect(facts).toContain(kind);
    expect(diagnose(read).outcome).toBe('established');
  });

  it('shows that a certificate is not the announced one', () => {
    const read = onlyHandshake(joined(dump({ wrong: true })).trace);
    expect(diagnose(read).outcome).toBe('fingerprint-mismatch');
  });

  it('of another call changes nothing', () => {
    const { trace, by } = joined(dump({ ours: 'aaaa', peers: 'bbbb', wrong: true }));
    expect(by).toEqual([]);
    expect(trace.events).toEqual(capture.events);
  });

  it('that is cut, or noise, never throws and says so', () => {
    const bytes = dump();
    const random = new Prng(9);
    for (let i = 0; i < 300; i++) {
      const cut = bytes.slice(0, random.int(bytes.length));
      if (i % 2) cut[random.int(cut.length || 1)] = random.int(256);
      const opened = openFile(cut);
      if (opened.kind === 'internals' && opened.calls.length === 0) expect(opened.problems.length).toBeGreaterThan(0);
    }
  });
});
