import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { readCandidate, readDescription, usableFingerprints } from '../../src/ice/sdp.ts';
import { aiortcOffer, chromiumOffer, edited, gatewayAnswer, lines, sha256A, sha256B } from './descriptions.ts';

const hex = (colons: string): string => colons.replaceAll(':', '').toLowerCase();

describe('an offer of Chromium', () => {
  const offer = readDescription(chromiumOffer, 'offer');
  const [transport] = offer.transports;

  it('is read without a fault', () => {
    expect(offer.problems).toEqual([]);
  });

  it('has one transport under its three sections', () => {
    expect(offer.transports).toHaveLength(1);
    expect(transport?.sections).toEqual([0, 1, 2]);
    expect(offer.bundles).toEqual([{ mids: ['0', '1', '2'], line: 5 }]);
  });

  it('says role, fingerprint and ICE credentials, each with its line', () => {
    expect(transport?.setup).toEqual({ value: 'actpass', line: 18 });
    expect(transport?.ufrag).toEqual({ value: 'EsAw', line: 14 });
    expect(transport?.pwd).toEqual({ value: 'bP+XJMM09aR8AiX1jdukzR6Y', line: 15 });
    expect(transport?.iceOptions?.value).toEqual(['trickle', 'renomination']);
    const [fingerprint] = transport?.fingerprints ?? [];
    expect(fingerprint?.hash).toBe('sha-256');
    expect(toHex(fingerprint?.value ?? new Uint8Array())).toBe(hex(sha256A));
    expect(fingerprint?.line).toBe(17);
  });

  it('gives its candidates, also the server-reflexive and the TCP one', () => {
    expect(
      transport?.candidates.map(({ type, transport: over, address, port }) => [type, over, address, port]),
    ).toEqual([
      ['host', 'udp', '192.0.2.7', 54609],
      ['srflx', 'udp', '198.51.100.4', 54609],
      ['host', 'tcp', '192.0.2.7', 9],
    ]);
    expect(transport?.candidates[1]).toMatchObject({ relatedAddress: '192.0.2.7', relatedPort: 54609, line: 12 });
    expect(transport?.candidates[2]?.tcpType).toBe('active');
    expect(transport?.endOfCandidates).toBe(false);
  });

  it('describes each section', () => {
    expect(offer.sections.map(({ kind, protocol, direction }) => [kind, protocol, direction])).toEqual([
      ['audio', 'UDP/TLS/RTP/SAVPF', 'sendrecv'],
      ['video', 'UDP/TLS/RTP/SAVPF', 'recvonly'],
      ['application', 'UDP/DTLS/SCTP', 'sendrecv'],
    ]);
    expect(offer.sections[0]?.codecs[0]).toEqual({
      payload: 111,
      name: 'opus/48000/2',
      parameters: 'minptime=10;useinbandfec=1',
    });
    expect(offer.sections[2]).toMatchObject({ sctpPort: { value: 5000, line: 51 }, maxMessageSize: 262_144 });
  });

  it('is the same inside the JSON of an RTCSessionDescription', () => {
    const wrapped = readDescription(JSON.stringify({ type: 'offer', sdp: chromiumOffer }));
    expect(wrapped).toEqual(offer);
  });

  it('is the same with other line ends, indentation and blank lines', () => {
    const odd = readDescription(chromiumOffer.replaceAll('\r\n', '\n  '), 'offer');
    expect(odd).toEqual(offer);
  });
});

describe('an answer with everything at the session’s level', () => {
  const answer = readDescription(gatewayAnswer, 'answer');

  it('lends each section what it does not say itself', () => {
    expect(answer.problems).toEqual([]);
    expect(answer.lite).toEqual({ value: true, line: 5 });
    const [transport] = answer.transports;
    expect(transport).toMatchObject({
      setup: { value: 'passive', line: 8 },
      ufrag: { value: '9xYz' },
      endOfCandidates: true,
    });
    expect(toHex(transport?.fingerprints[0]?.value ?? new Uint8Array())).toBe(hex(sha256B));
    expect(transport?.candidates.map(({ address }) => address)).toEqual(['203.0.113.9', '2001:db8::9']);
  });
});

describe('transports', () => {
  it('have only the candidates of their own ufrag, where an offer has one for each bundled section', () => {
    const { transports } = readDescription(aiortcOffer, 'offer');
    expect(transports).toHaveLength(1);
    expect(transports[0]).toMatchObject({ ufrag: { value: 'HSJh' }, sections: [0, 1], endOfCandidates: true });
    expect(transports[0]?.candidates.map(({ port }) => port)).toEqual([44269]);
  });

  it('are one for each section that is not bundled', () => {
    const apart = readDescription(edited(chromiumOffer, ['a=group:BUNDLE 0 1 2', undefined]), 'offer');
    expect(apart.transports.map(({ sections }) => sections)).toEqual([[0], [1], [2]]);
  });

  it('leave out a section that is off, and keep one that is bundle-only', () => {
    const off = readDescription(
      edited(chromiumOffer, [
        'm=audio 54609 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126',
        'm=audio 0 UDP/TLS/RTP/SAVPF 111',
      ]),
    );
    expect(off.transports.map(({ sections }) => sections)).toEqual([[1, 2]]);
    const only = readDescription(
      edited(chromiumOffer, [
        'm=video 9 UDP/TLS/RTP/SAVPF 97 96 102',
        'm=video 0 UDP/TLS/RTP/SAVPF 96\r\na=bundle-only',
      ]),
    );
    expect(only.transports.map(({ sections }) => sections)).toEqual([[0, 1, 2]]);
  });

  it('take the credentials of the tagged section when the others have none', () => {
    const text = lines(`
      v=0
      a=group:BUNDLE b a
      m=audio 9 UDP/TLS/RTP/SAVPF 0
      a=mid:a
      a=rtcp-mux
      m=audio 9 UDP/TLS/RTP/SAVPF 0
      a=mid:b
      a=rtcp-mux
      a=ice-ufrag:tagg
      a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa
      a=ice-options:trickle
      a=setup:active
      a=fingerprint:sha-256 ${sha256A}
    `);
    const [transport] = readDescription(text, 'answer').transports;
    expect(transport).toMatchObject({ sections: [1, 0], ufrag: { value: 'tagg' }, setup: { value: 'active' } });
  });

  it('judge certificates by the strongest hash that was announced', () => {
    const sha1 = `a=fingerprint:SHA-1 ${sha256B.slice(0, 59)}`;
    const line = `a=fingerprint:sha-256 ${sha256B}`;
    const two = readDescription(edited(gatewayAnswer, [line, `${sha1}\r\n${line}`]), 'answer');
    expect(two.transports[0]?.fingerprints.map(({ hash }) => hash)).toEqual(['sha-1', 'sha-256']);
    const usable = usableFingerprints(two.transports[0]?.fingerprints ?? []);
    expect(usable.map(({ hash }) => hash)).toEqual(['sha256']);
  });
});

describe('values that look like numbers', () => {
  it('keep their text', () => {
    const odd = edited(gatewayAnswer, ['a=ice-ufrag:9xYz', 'a=ice-ufrag:1234'], ['a=mid:0', 'a=mid:007']);
    const answer = readDescription(odd, 'answer');
    expect(answer.transports[0]?.ufrag?.value).toBe('1234');
    expect(answer.sections[0]?.mid?.value).toBe('007');
  });
});

describe('one candidate', () => {
  it('is read as trickle passes it on', () => {
    const candidate = readCandidate(
      'candidate:1 1 UDP 2122252543 0aa1.local 60769 typ host generation 0 ufrag Ab+/ network-cost 999',
    );
    expect(candidate).toMatchObject({ transport: 'udp', address: '0aa1.local', ufrag: 'Ab+/', type: 'host' });
    expect(readCandidate('a=candidate:1 1 udp 1 2001:db8::1 9 typ relay raddr :: rport 0')).toMatchObject({
      type: 'relay',
      relatedAddress: '::',
      relatedPort: 0,
    });
  });

  it.each([
    '',
    'candidate:',
    'candidate:1 1 udp 99999999999 192.0.2.1 9 typ host',
    'candidate:1 1 udp 1 192.0.2.1 65536 typ host',
    'candidate:1 0 udp 1 192.0.2.1 9 typ host',
    'candidate:1 1 udp 1 <script> 9 typ host',
    `candidate:1 1 udp 1 ${'a'.repeat(300)} 9 typ host`,
    'a=setup:active',
  ])('is refused when it is %j', (text) => {
    expect(readCandidate(text)).toBeUndefined();
  });
});
