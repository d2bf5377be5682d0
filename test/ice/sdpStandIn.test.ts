/** Our transport in a page's own descriptions, and the page's own back again. */
import { describe, expect, it } from 'vitest';
import { giveBack, readDescription, standIn, takeCandidates } from '../../src/ice/sdp.ts';
import type { StandIn } from '../../src/ice/sdpStandIn.ts';

const ours: StandIn = {
  ufrag: 'ours',
  pwd: 'ours-ours-ours-ours-ours',
  fingerprints: [`sha-256 ${Array(32).fill('AA').join(':')}`],
  candidates: ['candidate:1 1 udp 2130706431 192.0.2.7 5007 typ host'],
  setup: 'actpass',
  preferred: 'active',
};

/** As Chromium writes an offer once it has candidates; the second section is bundled, the third is off. */
const native = [
  'v=0',
  'o=- 1 2 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0 1',
  'a=fingerprint:sha-256 77:77',
  'm=audio 40000 UDP/TLS/RTP/SAVPF 111',
  'c=IN IP4 10.0.0.1',
  'a=rtcp:9 IN IP4 10.0.0.1',
  'a=candidate:7 1 udp 1 10.0.0.1 40000 typ host',
  'a=ice-ufrag:native',
  'a=ice-pwd:native-native-native-native',
  'a=ice-options:trickle',
  'a=setup:actpass',
  'a=mid:0',
  'a=rtcp-mux',
  'a=rtpmap:111 opus/48000/2',
  'm=application 0 UDP/DTLS/SCTP webrtc-datachannel',
  'c=IN IP4 0.0.0.0',
  'a=bundle-only',
  'a=ice-ufrag:native',
  'a=ice-pwd:native-native-native-native',
  'a=setup:actpass',
  'a=mid:1',
  'a=sctp-port:5000',
  'm=video 0 UDP/TLS/RTP/SAVPF 96',
  'c=IN IP4 0.0.0.0',
  'a=mid:2',
  '',
].join('\r\n');

describe('a description with our transport', () => {
  it('shows ours in every section that is on, and nothing of the page’s own', () => {
    const text = standIn(native, ours);
    expect(text).not.toMatch(/native|77:77|10\.0\.0\.1|40000/);
    expect(text).toContain('m=audio 5007 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 192.0.2.7\r\n');
    expect(text).toContain('m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n');
    const { transports, problems } = readDescription(text, 'offer');
    expect(transports).toMatchObject([
      {
        sections: [0, 1],
        ufrag: { value: 'ours' },
        setup: { value: 'actpass' },
        candidates: [{ address: '192.0.2.7', port: 5007 }],
      },
    ]);
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(text.slice(text.indexOf('m=video'))).toBe(
      'm=video 0 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:2\r\n',
    );
  });

  it('keeps the media, and the order of all that is kept', () => {
    const kept = (sdp: string): string[] =>
      sdp.split('\r\n').filter((line) => /^a=(mid|rtpmap|rtcp-mux|sctp|group)/.test(line));
    expect(kept(standIn(native, ours))).toEqual(kept(native));
  });

  it('answers the role that fits what was offered, and the wanted one where there is a choice', () => {
    const roles = (offered: string, preferred: 'active' | 'passive'): string[] =>
      [
        ...standIn(native, { ...ours, preferred }, native.replaceAll('actpass', offered)).matchAll(/a=setup:(\w+)/g),
      ].map(([, role = '']) => role);
    expect(roles('actpass', 'passive')).toEqual(['passive', 'passive']);
    expect(roles('active', 'active')).toEqual(['passive', 'passive']);
    expect(roles('passive', 'passive')).toEqual(['active', 'active']);
  });

  it('names no address while we have none', () => {
    expect(standIn(native, { ...ours, candidates: [] })).toContain(
      'm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\n',
    );
    const v6 = standIn(native, { ...ours, candidates: ['candidate:1 1 udp 1 2001:db8::7 5007 typ host'] });
    expect(v6).toContain('c=IN IP6 2001:db8::7\r\n');
  });

  it('gives the browser its own back, with what the page has edited', () => {
    const edited = standIn(native, ours).replace('opus/48000/2', 'opus/48000/2\r\na=fmtp:111 stereo=1');
    const back = giveBack(edited, native);
    expect(back).toContain('a=fmtp:111 stereo=1');
    expect(back).not.toMatch(/ours|192\.0\.2\.7|5007|AA:AA/);
    const sorted = (sdp: string): string[] => sdp.split('\r\n').sort();
    expect(sorted(back.replace('a=fmtp:111 stereo=1\r\n', ''))).toEqual(sorted(native));
  });

  it('survives a page that gives back anything at all', () => {
    for (const odd of ['', '\n\n', 'm=', 'a=setup:', 'm=audio 0\rm=audio 0', 'v=0\nm=x 1 y\nm=x 2 y\nm=x 3 y\nm=x 4 y'])
      expect(typeof giveBack(odd, native) + typeof standIn(odd, ours, odd) + typeof takeCandidates(odd).sdp).toBe(
        'stringstringstring',
      );
  });

  it('parts the candidates from a description, each with its section', () => {
    const { sdp, taken } = takeCandidates(
      `${native}a=candidate:8 1 udp 1 10.0.0.2 1 typ host\r\na=end-of-candidates\r\n`,
    );
    expect(sdp).not.toMatch(/candidate/);
    expect(taken).toEqual([
      { candidate: 'candidate:7 1 udp 1 10.0.0.1 40000 typ host', sdpMLineIndex: 0 },
      { candidate: 'candidate:8 1 udp 1 10.0.0.2 1 typ host', sdpMLineIndex: 2 },
    ]);
  });
});
