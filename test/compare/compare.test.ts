/** Two handshakes side by side: what leads, what is left out, and what is said to be no reason. */
import { describe, expect, it } from 'vitest';
import type { CertificateView, Handshake } from '../../src/analysis/model.ts';
import { encode, tryDecode } from '../../src/codec/codec.ts';
import { chooseHandshakes } from '../../src/compare/choose.ts';
import { compareHandshakes } from '../../src/compare/compare.ts';
import { compareBodies } from '../../src/compare/fields.ts';
import type { Compared, Comparison } from '../../src/compare/model.ts';
import { align, stepsOf } from '../../src/compare/steps.ts';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import type { Outcome } from '../../src/diagnosis/model.ts';
import { comparisonJson, comparisonText } from '../../src/report/comparison.ts';
import type { Trace } from '../../src/trace/model.ts';
import { clientHello } from '../../src/wire/handshake.ts';
import { captured, captureNames, handshakeOf } from '../report/handshakes.ts';
import { simulated } from '../support/traces.ts';

const side = (trace: Trace): Compared => {
  const handshake = handshakeOf(trace);
  return { handshake, diagnosis: diagnose(handshake), startedAt: trace.header.startedAt };
};
const of = (name: (typeof captureNames)[number]): Compared => side(captured(name));
const compared = (a: (typeof captureNames)[number], b: (typeof captureNames)[number]): Comparison =>
  compareHandshakes(of(a), of(b));

describe('a handshake and itself', () => {
  it.each(captureNames)('are the same: %s', (name) => {
    const one = of(name);
    const found = compareHandshakes(one, one);
    expect(found).toMatchObject({ same: true, first: undefined, differences: [], expected: [] });
  });
});

describe('two runs with the same settings', () => {
  it('differ in nothing but what is fresh', () => {
    const { same, expected } = compareHandshakes(side(simulated({ seed: 1 })), side(simulated({ seed: 2 })));
    expect([same, expected.includes('random')]).toEqual([true, true]);
  });

  it('and a loss differ in what was sent again, and in nothing before', () => {
    const lossy = side(simulated({ rules: ['drop=certificate#1'] }));
    const { first, differences } = compareHandshakes(side(simulated()), lossy);
    expect(first).toMatchObject({ field: 'retransmissions', a: 'sent once' });
    expect(new Set(differences.map(({ field }) => field))).toEqual(new Set(['retransmissions']));
  });

  it('leave randoms, cookies and keys out, and say that they did', () => {
    const { expected, differences } = compared('good_ecdhe_rsa', 'dtls10_rsa_cbc');
    expect(expected).toEqual(expect.arrayContaining(['random', 'cookie']));
    expect(differences.map(({ field }) => field)).not.toContain('random');
  });
});

describe('the first difference leads', () => {
  it.each([
    ['good_ecdhe_rsa', 'dtls10_rsa_cbc', 'client_hello', 'client_version', 'DTLS 1.2', 'DTLS 1.0'],
    [
      'good_mutual_srtp',
      'expired_client_cert',
      'client_hello',
      'extensions',
      'only here: use_srtp',
      'nothing of its own (6 in both)',
    ],
    ['bigchain_mtu300', 'pmtu_blackhole', 'certificate', 'arrival', 'whole', 'never whole'],
  ] as const)('%s and %s: %s, %s', (good, bad, message, field, a, b) => {
    const { first, same } = compared(good, bad);
    expect(same).toBe(false);
    expect(first).toMatchObject({ weight: 'real', message, field, a, b });
  });

  it('and what a second ClientHello repeats of it is told once', () => {
    const { differences } = compared('good_ecdhe_rsa', 'dtls10_rsa_cbc');
    expect(
      differences.filter(({ message, field }) => message === 'client_hello' && field === 'cipher_suites'),
    ).toHaveLength(1);
  });

  it('the other way round it is the same one with the sides changed', () => {
    const there = compared('good_mutual_srtp', 'expired_client_cert').first;
    const back = compared('expired_client_cert', 'good_mutual_srtp').first;
    expect(back).toMatchObject({ field: there?.field, a: there?.b, b: there?.a });
  });

  it('what ends is told where it ends, and what follows from that is not', () => {
    const { differences } = compared('bigchain_mtu300', 'pmtu_blackhole');
    const rest = differences.slice(differences.findIndex(({ field }) => field === 'going on'));
    expect(rest.map(({ field, b }) => [field, b])).toEqual([
      ['going on', 'ends before it'],
      ['outcome', 'stalled'],
    ]);
  });
});

describe('the good and the bad run whose client certificate has expired in both', () => {
  // Users had read the expiry as the reason for years; it was the suite, chosen from the ClientHello of another stack.
  const expired = (one: Compared, outcome: Outcome): Compared => {
    const [certificate] = of('expired_client_cert').handshake.certificates.client;
    const chain: readonly CertificateView[] = certificate ? [certificate] : [];
    const handshake: Handshake = { ...one.handshake, certificates: { ...one.handshake.certificates, client: chain } };
    return { ...one, handshake, diagnosis: { ...one.diagnosis, outcome } };
  };
  const good = expired(of('good_ecdhe_rsa'), 'established');
  const bad = expired(of('dtls10_rsa_cbc'), 'alert-received');
  const found = compareHandshakes(good, bad);

  it('is not explained by it', () => {
    expect(found.inBoth).toContain("The client's certificate had expired in both: not the cause.");
    expect(found.verdict).not.toMatch(/expire/);
  });

  it('is explained by ClientHellos of different stacks, which led to other suites', () => {
    expect(found.verdict).toMatch(
      /^A ends as established, B as alert-received; .*client_hello.*different stacks or settings\.$/,
    );
    expect(found.differences).toContainEqual(
      expect.objectContaining({ message: 'server_hello', field: 'cipher_suite', b: 'TLS_RSA_WITH_AES_256_CBC_SHA' }),
    );
  });

  it('is not said to be anything where both end alike', () => {
    const alike = compareHandshakes(good, expired(of('dtls10_rsa_cbc'), 'established'));
    expect(alike.inBoth).toContain("The client's certificate had expired in both.");
  });
});

describe('hellos, field by field', () => {
  const hello = of('good_mutual_srtp').handshake.messages.find(({ name }) => name === 'client_hello');
  const decoded = hello && tryDecode(clientHello, hello.body);
  if (!decoded?.ok) throw new Error('no ClientHello in the fixture');
  const { value } = decoded;
  const changed = (change: Partial<typeof value>) => {
    const body = (bytes: Uint8Array) => ({
      type: 1,
      bytes,
      context: { version: '1.2', keyExchange: 'ecdhe' } as const,
    });
    return compareBodies(body(encode(clientHello, value)), body(encode(clientHello, { ...value, ...change })));
  };

  it('in another order have the same extensions, which is minor', () => {
    const extensions = [...(value.extensions ?? [])].reverse();
    expect(changed({ extensions })).toEqual([expect.objectContaining({ weight: 'minor', field: 'extensions, order' })]);
  });

  it('differ in the order of suites, and in suites that one lacks', () => {
    const [one = 0, ...rest] = value.cipher_suites;
    expect(changed({ cipher_suites: [...rest, one] }).map(({ weight, field }) => [weight, field])).toEqual(
      rest.length === 0 ? [] : [['minor', 'cipher_suites, order']],
    );
    expect(changed({ cipher_suites: [...value.cipher_suites, 0xc0ac] })).toEqual([
      {
        weight: 'real',
        field: 'cipher_suites',
        a: expect.stringMatching(/^nothing of its own/),
        b: 'only here: TLS_ECDHE_ECDSA_WITH_AES_128_CCM',
      },
    ]);
  });

  it('with a cookie of the same length are as expected, of another length not quite', () => {
    expect(changed({ random: new Uint8Array(32) })).toEqual([
      expect.objectContaining({ weight: 'expected', field: 'random' }),
    ]);
    expect(changed({ cookie: new Uint8Array(value.cookie.length + 4) })).toEqual([
      expect.objectContaining({ weight: 'minor', field: 'cookie', b: `${value.cookie.length + 4} bytes` }),
    ]);
  });

  it('drawn anew for tolerance (GREASE) are the same', () => {
    const greased = (code: number) => encode(clientHello, { ...value, cipher_suites: [code, ...value.cipher_suites] });
    const body = (bytes: Uint8Array) => ({
      type: 1,
      bytes,
      context: { version: '1.2', keyExchange: 'ecdhe' } as const,
    });
    expect(compareBodies(body(greased(0x0a0a)), body(greased(0xcaca)))).toEqual([]);
  });
});

describe('alignment', () => {
  it('puts a cookie exchange of one beside nothing of the other', () => {
    const pairs = align(stepsOf(of('chromium_janus_srtp').handshake), stepsOf(of('good_mutual_srtp').handshake));
    const lonely = pairs.filter(({ a, b }) => !a || !b).map(({ a, b }) => `${a ? 'A' : 'B'} ${a?.name ?? b?.name}`);
    expect(lonely).toEqual(expect.arrayContaining(['B hello_verify_request', 'B client_hello']));
    expect(pairs.filter(({ a, b }) => a && b).every(({ a, b }) => a?.key === b?.key)).toBe(true);
  });

  it('holds for whatever two captures there are, and never throws', () => {
    const all = captureNames.map(of);
    for (const a of all)
      for (const b of all) {
        const { same, first, differences, verdict } = compareHandshakes(a, b);
        expect(same).toBe(first === undefined);
        expect(differences.every((one) => one.a !== one.b || one.field === 'presence')).toBe(true);
        expect(verdict).not.toMatch(/undefined|NaN/);
      }
  });

  it('of traces with many handshakes takes the two that are most alike and end otherwise', () => {
    const [good, other, bad] = [of('good_mutual_srtp'), of('dtls10_rsa_cbc'), of('expired_client_cert')];
    const choice = chooseHandshakes([other, good], [bad]);
    expect([choice?.a, choice?.b, choice?.chosen]).toEqual([good, bad, true]);
    expect(chooseHandshakes([good], [bad])?.chosen).toBe(false);
    expect(chooseHandshakes([], [bad])).toBeUndefined();
  });

  it('says what it could not compare because one of them is encrypted', () => {
    const open = of('dtls13_nss_mutual_pq');
    const trace = captured('dtls13_nss_mutual_pq');
    const closed = side({ ...trace, events: trace.events.filter(({ kind }) => kind !== 'secret') });
    const { notes, differences } = compareHandshakes(open, closed);
    expect(notes).toEqual(['Behind the ServerHello B is encrypted, and was not compared: give its keys.']);
    expect(differences.filter(({ field }) => field === 'presence' || field === 'going on')).toEqual([]);
  });
});

describe('the comparison in words', () => {
  const [a, b] = [
    { ...of('good_mutual_srtp'), name: 'good.pcapng' },
    { ...of('expired_client_cert'), name: 'bad\u202e.pcapng' },
  ];
  const found = compareHandshakes(a, b);

  it('leads with both verdicts and the first difference, within the width', () => {
    const text = comparisonText(a, b, found, { width: 80, colour: false });
    expect(text).toMatch(/^A {2}good\.pcapng h1: Established/);
    expect(text.indexOf('First difference')).toBeLessThan(text.indexOf('Other differences'));
    expect(text).toContain('A (#1): only here: use_srtp');
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(text).not.toContain('\u202e');
  });

  it('is JSON with null for what is not there', () => {
    const json = JSON.parse(JSON.stringify(comparisonJson(a, b, found)));
    expect(json).toMatchObject({
      same: false,
      a: { file: 'good.pcapng', id: 'h1', outcome: 'established' },
      first: { field: 'extensions', packets: { a: 1, b: 1 } },
    });
    expect(json.differences.at(-1)).toMatchObject({ field: 'outcome', from: null, message: null });
  });
});
