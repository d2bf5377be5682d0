import { describe, expect, it } from 'vitest';
import { decideRoles, problemsBetween, readDescription, rolesOf, type SdpProblem } from '../../src/ice/sdp.ts';
import { aiortcOffer, chromiumOffer, edited, gatewayAnswer, lines, sha256A, sha256B } from './descriptions.ts';

type Edit = readonly [from: string, to: string | undefined];
const faults = (problems: readonly SdpProblem[]) => problems.map(({ id, severity, line }) => [id, severity, line]);
const inOffer = (...edits: Edit[]) => readDescription(edited(chromiumOffer, ...edits), 'offer').problems;
const inAnswer = (...edits: Edit[]) => readDescription(edited(gatewayAnswer, ...edits), 'answer').problems;
const between = (answerEdits: Edit[], offerEdits: Edit[] = []) =>
  problemsBetween(
    readDescription(edited(chromiumOffer, ...offerEdits), 'offer'),
    readDescription(edited(gatewayAnswer, ...answerEdits), 'answer'),
  );
const fingerprintLine = `a=fingerprint:sha-256 ${sha256B}`;
const setupLine = 'a=setup:passive';

describe('a description that is wrong by itself', () => {
  it('has no fingerprint', () => {
    const problems = inAnswer([fingerprintLine, undefined]);
    expect(faults(problems)).toEqual([['no-fingerprint', 'error', 10]]);
    expect(problems[0]?.text).toContain('announces no certificate fingerprint');
    expect(problems[0]?.side).toBe('answer');
  });

  it('has a fingerprint that is no hash, at its line', () => {
    expect(faults(inAnswer([fingerprintLine, 'a=fingerprint:sha-256 12:3']))).toEqual([
      ['malformed-fingerprint', 'error', 7],
      ['no-fingerprint', 'error', 11],
    ]);
    const [short] = inAnswer([fingerprintLine, `a=fingerprint:sha-256 ${sha256B.slice(0, 59)}`]);
    expect(short?.text).toContain('sha-256 has 32 bytes, and there are 20');
  });

  it('has a weak hash, which alone is a warning and MD5 an error', () => {
    expect(faults(inAnswer([fingerprintLine, `a=fingerprint:sha-1 ${sha256B.slice(0, 59)}`]))).toEqual([
      ['weak-hash', 'warning', 7],
    ]);
    expect(faults(inAnswer([fingerprintLine, `a=fingerprint:md5 ${sha256B.slice(0, 47)}`]))).toEqual([
      ['weak-hash', 'error', 7],
      ['no-fingerprint', 'error', 7],
    ]);
  });

  it('has a hash that nobody knows', () => {
    const problems = inAnswer([fingerprintLine, `a=fingerprint:sha3-256 ${sha256B}`]);
    expect(faults(problems)).toEqual([
      ['unknown-hash', 'warning', 7],
      ['no-fingerprint', 'error', 7],
    ]);
  });

  it('announces other fingerprints in sections that share a connection', () => {
    const text = chromiumOffer.replace(
      new RegExp(`(a=fingerprint:sha-256 )${sha256A}(?=\r\na=setup:actpass\r\na=mid:1)`),
      `$1${sha256B}`,
    );
    const problems = readDescription(text, 'offer').problems;
    expect(faults(problems)).toEqual([['fingerprints-differ', 'error', 35]]);
    expect(problems[0]?.text).toContain(
      'The video section (mid 1) announces another fingerprint than the audio section (mid 0)',
    );
  });

  it('announces other fingerprints in sections of their own, which is only worth knowing', () => {
    const text = edited(chromiumOffer, ['a=group:BUNDLE 0 1 2', undefined]).replace(sha256A, sha256B);
    expect(readDescription(text, 'offer').problems.filter(({ id }) => id === 'fingerprints-differ')).toMatchObject([
      { severity: 'info' },
    ]);
  });

  it('[6] says no role, an unknown one, or holdconn', () => {
    expect(faults(inAnswer([setupLine, undefined]))).toEqual([['no-setup', 'warning', 10]]);
    expect(faults(inAnswer([setupLine, 'a=setup:server']))).toEqual([
      ['unknown-setup', 'error', 8],
      ['no-setup', 'warning', 11],
    ]);
    expect(faults(inAnswer([setupLine, 'a=setup:holdconn']))).toEqual([['holdconn', 'error', 8]]);
  });

  it('[2] answers actpass, where an offer may say it', () => {
    const [problem] = inAnswer([setupLine, 'a=setup:actpass']);
    expect(problem).toMatchObject({ id: 'answer-actpass', severity: 'error', line: 8 });
    expect(problem?.text).toContain('must choose');
    expect(inOffer()).toEqual([]);
  });

  it('has bundled sections that contradict each other about the connection', () => {
    const mixed = chromiumOffer.replace('a=setup:actpass\r\na=mid:2', 'a=setup:active\r\na=mid:2');
    expect(faults(readDescription(mixed, 'offer').problems)).toEqual([['setup-differs', 'error', 49]]);
    const ufrag = chromiumOffer.replace(/a=ice-ufrag:EsAw(?![\s\S]*a=ice-ufrag)/, 'a=ice-ufrag:Othr');
    expect(
      readDescription(ufrag.replaceAll('a=setup:actpass', 'a=setup:active'), 'answer').problems.filter(
        ({ id }) => id === 'ice-credentials-differ',
      ),
    ).toMatchObject([{ severity: 'error' }]);
    const pwd = chromiumOffer.replace(/a=ice-pwd:\S+(?![\s\S]*a=ice-pwd)/, 'a=ice-pwd:bbbbbbbbbbbbbbbbbbbbbbbb');
    expect(readDescription(pwd, 'offer').problems).toMatchObject([{ id: 'ice-credentials-differ', severity: 'error' }]);
  });

  it('is an offer whose bundled sections have transports of their own, which is only worth knowing', () => {
    const { problems } = readDescription(aiortcOffer, 'offer');
    expect(problems.map(({ id, severity, line }) => [id, severity, line])).toEqual([
      ['ice-credentials-differ', 'info', 32],
      ['old-data-channel', 'info', 28],
    ]);
    expect(problems[0]?.text).toContain('"HSJh" (line 21) and "2Ey8"');
  });

  it('lacks ICE credentials, or has some that browsers refuse', () => {
    expect(faults(inAnswer(['a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa', undefined]))).toEqual([
      ['no-ice-credentials', 'error', 10],
    ]);
    expect(faults(inAnswer(['a=ice-ufrag:9xYz', 'a=ice-ufrag:abc']))).toEqual([
      ['malformed-ice-credentials', 'error', 9],
    ]);
    expect(faults(inAnswer(['a=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa', 'a=ice-pwd:aaaaaaaaaaaa-aaaaaaaaaaaa']))).toEqual([
      ['malformed-ice-credentials', 'warning', 10],
    ]);
  });

  it('leaves nobody a way to reach it', () => {
    const udp: Edit[] = [
      ['a=candidate:1 1 udp 2013266431 203.0.113.9 20001 typ host', undefined],
      ['a=candidate:2 1 udp 2013266430 2001:db8::9 20001 typ host', undefined],
    ];
    expect(faults(inAnswer(...udp))).toEqual([['no-candidates', 'warning', 11]]);
    const tcp = 'a=candidate:1 1 tcp 1 203.0.113.9 9 typ host tcptype passive';
    expect(faults(inAnswer(...udp, ['a=end-of-candidates', tcp]))).toEqual([['tcp-only', 'error', 17]]);
    const name = 'a=candidate:1 1 udp 1 1b0c.local 9 typ host';
    expect(faults(inAnswer(...udp, ['a=end-of-candidates', name]))).toEqual([['names-only', 'info', 17]]);
  });

  it('does not multiplex RTCP, or still has SDES keys', () => {
    expect(inAnswer(['a=rtcp-mux', undefined]).map(({ id }) => id)).toEqual(['no-rtcp-mux', 'no-rtcp-mux']);
    const sdes = lines(`
      v=0
      m=audio 5000 RTP/SAVP 0
      a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR
    `);
    expect(faults(readDescription(sdes, 'offer').problems)).toEqual([
      ['no-dtls', 'error', 2],
      ['sdes', 'error', 3],
    ]);
  });

  it('names mids twice, or in a group without a section', () => {
    expect(faults(inAnswer(['a=mid:1', 'a=mid:0']))).toEqual([
      ['no-candidates', 'warning', 20],
      ['mid-twice', 'error', 22],
      ['bundle-unknown-mid', 'warning', 6],
    ]);
  });

  it('is no SDP at all', () => {
    expect(readDescription('hello').problems.map(({ id }) => id)).toEqual(['malformed-line', 'not-sdp', 'no-dtls']);
    expect(readDescription('').problems.map(({ id }) => id)).toEqual(['not-sdp', 'no-dtls']);
    expect(readDescription('{"sdp":3}').problems.map(({ id }) => id)).toContain('not-sdp');
  });
});

describe('an answer that does not fit its offer', () => {
  it('is not faulted when it does', () => {
    expect(between([])).toEqual([]);
  });

  it('repeats the fingerprint of the offer', () => {
    const problems = between([[fingerprintLine, `a=fingerprint:sha-256 ${sha256A}`]]);
    expect(faults(problems)).toEqual([['fingerprint-repeated', 'warning', 7]]);
    expect(problems[0]?.text).toContain("announces the offer's own fingerprint");
    expect(between([])).toEqual([]);
  });

  it('is passive to a passive offer', () => {
    const problems = between([], [['a=setup:actpass', 'a=setup:passive']]);
    expect(faults(problems)).toEqual([['both-passive', 'error', 8]]);
    expect(problems[0]?.text).toContain("each waits for the other's ClientHello");
  });

  it('is active to an active offer', () => {
    expect(faults(between([[setupLine, 'a=setup:active']], [['a=setup:actpass', 'a=setup:active']]))).toEqual([
      ['both-active', 'error', 8],
    ]);
  });

  it('is ICE-lite like the offer', () => {
    expect(faults(between([], [['s=-', 's=-\r\na=ice-lite']]))).toEqual([['lite-both', 'error', 5]]);
  });

  it('has other sections than the offer', () => {
    expect(faults(between([['m=video 9 UDP/TLS/RTP/SAVPF 96', 'm=audio 9 UDP/TLS/RTP/SAVPF 96']]))).toEqual([
      ['sections-disagree', 'error', 20],
    ]);
    expect(
      between([
        ['a=mid:0', 'a=mid:9'],
        ['a=group:BUNDLE 0 1 2', 'a=group:BUNDLE 9 1 2'],
      ]).map(({ id }) => id),
    ).toEqual(['sections-disagree', 'bundle-not-offered']);
    const cut = gatewayAnswer.slice(0, gatewayAnswer.indexOf('m=application'));
    const short = problemsBetween(readDescription(chromiumOffer, 'offer'), readDescription(cut, 'answer'));
    expect(short[0]?.text).toContain('The offer has 3 m= sections, the answer 2');
  });
});

describe('the DTLS client', () => {
  it.each([
    ['actpass', 'active', 'answer'],
    ['actpass', 'passive', 'offer'],
    ['active', 'passive', 'offer'],
    ['passive', 'active', 'answer'],
  ] as const)('[2] of %s and %s is the side of the %s', (offer, answer, client) => {
    expect(decideRoles(offer, answer)).toEqual({ kind: 'decided', client, assumed: undefined });
  });

  it('follows the defaults of RFC 4145 where a side says nothing, and says so', () => {
    expect(decideRoles('actpass', undefined)).toMatchObject({
      client: 'offer',
      assumed: expect.stringContaining('4145'),
    });
    expect(decideRoles(undefined, 'passive')).toMatchObject({
      client: 'offer',
      assumed: expect.stringContaining('4145'),
    });
    expect(decideRoles('passive', undefined)).toMatchObject({ client: 'answer', assumed: expect.any(String) });
  });

  it('is nobody, or both', () => {
    expect(decideRoles('active', 'active')).toEqual({ kind: 'both-active' });
    expect(decideRoles('passive', 'passive')).toEqual({ kind: 'both-passive' });
    expect(decideRoles('actpass', 'actpass').kind).toBe('undecided');
    expect(decideRoles('actpass', 'holdconn').kind).toBe('undecided');
  });

  it('is told for each transport of a pair', () => {
    const pairs = rolesOf(readDescription(chromiumOffer, 'offer'), readDescription(gatewayAnswer, 'answer'));
    expect(pairs.map(({ roles }) => roles)).toEqual([{ kind: 'decided', client: 'offer', assumed: undefined }]);
  });
});

describe('hostile descriptions', () => {
  it('of a megabyte and more are cut, and say so', () => {
    const long = readDescription(`${chromiumOffer}a=x:${'y'.repeat(3_000_000)}\r\n`, 'offer');
    expect(long.problems.map(({ id }) => id)).toEqual(['too-large']);
    const many = readDescription(`${chromiumOffer}${'a=x\r\n'.repeat(200_000)}`, 'offer');
    expect(many.problems.map(({ id }) => id)).toEqual(['too-large']);
  });

  it('of ten thousand candidates keep a thousand', () => {
    const candidates = Array.from(
      { length: 10_000 },
      (_, i) => `a=candidate:1 1 udp 1 192.0.2.1 ${1000 + i} typ host\r\n`,
    );
    const offer = readDescription(chromiumOffer.replace('a=mid:0\r\n', `a=mid:0\r\n${candidates.join('')}`), 'offer');
    expect(offer.transports[0]?.candidates).toHaveLength(1000);
    expect(offer.problems.map(({ id }) => id)).toEqual(['too-large']);
  });

  it('of thousands of sections, groups and faults stay bounded', () => {
    const sections = 'm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n'.repeat(5000);
    const group = `a=group:BUNDLE${' 0'.repeat(5000)}\r\n`.repeat(50);
    const offer = readDescription(`v=0\r\n${group}${sections}`, 'offer');
    expect(offer.sections.length).toBeLessThanOrEqual(512);
    expect(offer.problems.length).toBeLessThanOrEqual(400);
  });

  it('put no control characters into what people read', () => {
    const problems = readDescription('v=0\r\n\u001b[31mred\u0007\r\na=setup:\u202eevil\r\n').problems;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    for (const { text } of problems) expect(text).not.toMatch(/[\u0000-\u001f\u202e]/);
    expect(problems.length).toBeGreaterThan(1);
  });

  it('never throw, whatever is cut or changed in them', () => {
    let seed = 7;
    const dice = (below: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return (seed >>> 8) % below;
    };
    for (let round = 0; round < 600; round++) {
      const at = dice(chromiumOffer.length);
      const broken =
        round % 2 === 0
          ? chromiumOffer.slice(0, at)
          : `${chromiumOffer.slice(0, at)}${String.fromCharCode(dice(300))}${chromiumOffer.slice(at + dice(30))}`;
      const read = readDescription(broken, round % 3 === 0 ? 'answer' : 'offer');
      const lineCount = broken.split(/\r\n|\r|\n/).length;
      for (const { line } of read.problems) if (line !== undefined) expect(line).toBeLessThanOrEqual(lineCount);
    }
  });
});
