import { describe, expect, it } from 'vitest';
import { fromHex } from '../../src/base/bytes.ts';
import {
  answerSetup,
  formatCandidate,
  type OwnSide,
  problemsBetween,
  readCandidate,
  readDescription,
  rolesOf,
  writeAnswer,
  writeOffer,
} from '../../src/ice/sdp.ts';
import { chromiumOffer, edited, gatewayAnswer, lines, sha256A, sha256B } from './descriptions.ts';

const ours: OwnSide = {
  ufrag: 'ours',
  pwd: 'oooooooooooooooooooooooo',
  fingerprints: [{ hash: 'sha256', value: fromHex(sha256B) ?? new Uint8Array() }],
  candidates: [
    {
      foundation: '1',
      component: 1,
      transport: 'udp',
      priority: 2_130_706_431,
      address: '192.0.2.50',
      port: 5000,
      type: 'host',
    },
    {
      foundation: '2',
      component: 1,
      transport: 'udp',
      priority: 1_694_498_815,
      address: '2001:db8::50',
      port: 6000,
      type: 'srflx',
      relatedAddress: '::',
      relatedPort: 0,
    },
  ],
  trickle: false,
  lite: false,
  tlsId: 'abcdefghijklmnopqrstuvwxyz',
  sessionId: '4611731400430051336',
};

const answerTo = (offer: string, preferred: 'active' | 'passive' = 'active', side = ours) => {
  const description = readDescription(offer, 'offer');
  const result = writeAnswer(description, side, preferred);
  if (!result.ok) throw new Error(result.why);
  const answer = readDescription(result.sdp, 'answer');
  return { ...result, description, answer, faults: problemsBetween(description, answer) };
};

describe('our answer', () => {
  it('to Chromium fits its offer, section by section, with one codec each', () => {
    const { sdp, answer, faults, turnedOff } = answerTo(chromiumOffer);
    expect(answer.problems).toEqual([]);
    expect(faults).toEqual([]);
    expect(turnedOff).toEqual([]);
    const ice = `a=ice-ufrag:ours
        a=ice-pwd:oooooooooooooooooooooooo
        a=fingerprint:sha-256 ${sha256B}
        a=candidate:1 1 udp 2130706431 192.0.2.50 5000 typ host
        a=candidate:2 1 udp 1694498815 2001:db8::50 6000 typ srflx raddr :: rport 0
        a=end-of-candidates`;
    expect(sdp).toBe(
      lines(`
        v=0
        o=- 4611731400430051336 1 IN IP4 127.0.0.1
        s=-
        t=0 0
        a=group:BUNDLE 0 1 2
        m=audio 5000 UDP/TLS/RTP/SAVPF 111
        c=IN IP4 192.0.2.50
        a=rtpmap:111 opus/48000/2
        a=fmtp:111 minptime=10;useinbandfec=1
        a=setup:active
        a=mid:0
        a=recvonly
        ${ice}
        a=rtcp-mux
        a=tls-id:abcdefghijklmnopqrstuvwxyz
        m=video 5000 UDP/TLS/RTP/SAVPF 96
        c=IN IP4 192.0.2.50
        a=rtpmap:96 VP8/90000
        a=setup:active
        a=mid:1
        a=inactive
        ${ice}
        a=rtcp-mux
        a=tls-id:abcdefghijklmnopqrstuvwxyz
        m=application 5000 UDP/DTLS/SCTP webrtc-datachannel
        c=IN IP4 192.0.2.50
        a=setup:active
        a=mid:2
        ${ice}
        a=sctp-port:5000
        a=max-message-size:262144
        a=tls-id:abcdefghijklmnopqrstuvwxyz
      `),
    );
  });

  it('[2] takes the role that is preferred where the offer leaves the choice, else the one that fits', () => {
    expect(answerTo(chromiumOffer, 'passive').answer.transports[0]?.setup?.value).toBe('passive');
    const active = edited(chromiumOffer, ['a=setup:actpass', 'a=setup:active']);
    expect(answerTo(active, 'active').answer.transports[0]?.setup?.value).toBe('passive');
    const passive = edited(chromiumOffer, ['a=setup:actpass', 'a=setup:passive']);
    const { description, answer } = answerTo(passive, 'passive');
    expect(rolesOf(description, answer)[0]?.roles).toMatchObject({ kind: 'decided', client: 'answer' });
    expect(answerSetup(undefined, 'active')).toBe('active');
  });

  it('turns off what can not share the connection, and keeps its place', () => {
    const { answer, turnedOff, faults } = answerTo(
      edited(chromiumOffer, ['a=group:BUNDLE 0 1 2', 'a=group:BUNDLE 1 2']),
    );
    expect(turnedOff).toEqual([1, 2]);
    expect(answer.sections.map(({ rejected, mid }) => [rejected, mid?.value])).toEqual([
      [false, '0'],
      [true, '1'],
      [true, '2'],
    ]);
    expect(answer.bundles).toEqual([]);
    expect(faults).toEqual([]);
  });

  it('says who we are in what it turns off as well, as peers refuse an answer without', () => {
    const { answer } = answerTo(edited(chromiumOffer, ['a=group:BUNDLE 0 1 2', undefined]));
    const [first, ...off] = answer.sections.map(({ own }) => own);
    expect(off).toHaveLength(2);
    for (const { setup, ufrag, pwd, fingerprints } of off) {
      expect([setup?.value, ufrag?.value, pwd?.value]).toEqual([
        first?.setup?.value,
        first?.ufrag?.value,
        first?.pwd?.value,
      ]);
      expect(fingerprints.map(({ hash, value }) => ({ hash, value }))).toEqual(
        first?.fingerprints.map(({ hash, value }) => ({ hash, value })),
      );
    }
  });

  it('repeats an old data channel as it was offered', () => {
    const old = lines(`
      v=0
      m=application 9 DTLS/SCTP 5000
      a=ice-ufrag:abcd
      a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa
      a=fingerprint:sha-256 ${sha256A}
      a=setup:actpass
      a=sctpmap:5000 webrtc-datachannel 1024
    `);
    const { sdp } = answerTo(old);
    expect(sdp).toContain('m=application 5000 DTLS/SCTP 5000\r\n');
    expect(sdp).toContain('a=sctpmap:5000 webrtc-datachannel 1024\r\n');
    expect(sdp).not.toContain('sctp-port');
  });

  it('does not exist for an offer without DTLS', () => {
    const result = writeAnswer(readDescription('v=0\r\nm=audio 9 RTP/AVP 0\r\n', 'offer'), ours, 'active');
    expect(result).toEqual({ ok: false, why: 'the offer has no section that wants DTLS' });
  });

  it.each(['opus\u2028a=evil', 'opus\u001b[31m', 'opus\u0000', 'op\u202eus'])(
    'repeats nothing of an offered line such as %j',
    (name) => {
      const { sdp, description } = answerTo(
        edited(chromiumOffer, ['a=rtpmap:111 opus/48000/2', `a=rtpmap:111 ${name}/48000/2`]),
      );
      expect(sdp).not.toContain('opus');
      expect(sdp).toContain('m=audio 5000 UDP/TLS/RTP/SAVPF 9\r\n');
      expect(description.problems).toMatchObject([{ id: 'malformed-line', line: 22 }]);
    },
  );
});

describe('our offer', () => {
  it('[2] is one that its reader has nothing against, with all hash algorithms that are given', () => {
    const sdp = writeOffer(
      { ...ours, trickle: true, fingerprints: [...ours.fingerprints, { hash: 'sha384', value: new Uint8Array(48) }] },
      { kinds: ['audio', 'video', 'data'], direction: 'sendonly', setup: 'actpass' },
    );
    const offer = readDescription(sdp, 'offer');
    expect(offer.problems).toEqual([]);
    expect(offer.transports).toHaveLength(1);
    expect(offer.transports[0]).toMatchObject({
      sections: [0, 1, 2],
      setup: { value: 'actpass' },
      tlsId: { value: ours.tlsId },
      iceOptions: { value: ['trickle'] },
      endOfCandidates: false,
    });
    expect(offer.transports[0]?.fingerprints.map(({ hash }) => hash)).toEqual(['sha-256', 'sha-384']);
    expect(offer.sections.map(({ direction, codecs }) => [direction, codecs.map(({ name }) => name)])).toEqual([
      ['sendonly', ['opus/48000/2']],
      ['sendonly', ['VP8/90000', 'H264/90000']],
      ['sendrecv', []],
    ]);
  });

  it('fits the answer of a gateway', () => {
    const offer = readDescription(
      writeOffer(ours, { kinds: ['audio', 'video', 'data'], direction: 'sendrecv', setup: 'active' }),
      'offer',
    );
    // Its certificate is another than ours.
    const answer = readDescription(gatewayAnswer.replaceAll(sha256B, sha256A), 'answer');
    expect(problemsBetween(offer, answer)).toEqual([]);
    expect(rolesOf(offer, answer)[0]?.roles).toMatchObject({ client: 'offer' });
  });
});

describe('a candidate of ours', () => {
  it('is read back as it was written', () => {
    for (const candidate of ours.candidates)
      expect(readCandidate(formatCandidate(candidate, 'ours'))).toMatchObject({ ...candidate, ufrag: 'ours' });
  });
});
