/** Every quirk is caught by the checks that are about it and by no other; what is clean passes. */
import { describe, expect, it } from 'vitest';
import { checks } from '../../../src/run/check/index.ts';
import { type QuirkId, quirkIds } from '../../../src/scenario/index.ts';
import { checked, failing } from './simulated.ts';

interface Caught {
  /** With DTLS 1.3, and where only 1.2 is spoken. */
  readonly new: readonly string[];
  readonly old: readonly string[];
}
const both = (...ids: readonly string[]): Caught => ({ new: ids, old: ids });
const only13 = (...ids: readonly string[]): Caught => ({ new: ids, old: [] });
const only12 = (...ids: readonly string[]): Caught => ({ new: [], old: ids });

/** What fails of a peer with a quirk. Where more than one check is named, each is about it. */
const caught: Readonly<Partial<Record<QuirkId, Caught>>> = {
  'no-retransmission': {
    new: ['retransmits', 'answers-repeat'],
    old: ['retransmits', 'answers-repeat', 'last-flight'],
  },
  'last-flight-once': only12('last-flight'),
  'finished-ack-once': only13('last-flight'),
  'storm-after-finished': only12('quiet'),
  'timer-at-once': both('timer-growth'),
  'rto-below-rtt': both('timer-start'),
  'junk-on-timeout': both('retransmits'),
  'flight-in-one-datagram': both('largest-datagram', 'pmtu-backoff'),
  // No handshake comes of it, so that nothing else can be tried.
  'record-cut': both('handshake', 'whole-records'),
  'record-per-datagram': both('packing'),
  'tiny-fragments': both('tiny-datagrams'),
  'mtu-ignored': both('pmtu-backoff'),
  'no-pmtu-backoff': both('pmtu-backoff'),
  // What it comes down to, 840 bytes, is not small enough.
  'refragmented-resend': both('resent-borders', 'pmtu-backoff'),
  'same-record-numbers': both('resent-numbers'),
  // In DTLS 1.3 nothing of a server's in the clear is large enough to be cut.
  'number-per-message': only12('fresh-numbers'),
  'number-after-cookie': both('fresh-numbers'),
  'hello-in-one-piece': { new: ['hello-fragments', 'hello-post-quantum'], old: ['hello-fragments'] },
  'cookie-hello-in-one-piece': { new: ['hello-fragments', 'hello-post-quantum'], old: ['hello-fragments'] },
  'version-from-first-fragment': only13('version-across-fragments'),
  'in-order-only': { new: ['hello-reordered', 'hello-post-quantum-reordered', 'reordering'], old: ['reordering'] },
  'stable-borders-only': { new: ['hello-overlapping'], old: ['hello-overlapping', 'refragmented'] },
  'first-message-only': both('several-messages'),
  'buffer-1600': both('large-datagram'),
  'stun-fatal': both('invalid-records', 'foreign-datagrams'),
  'unknown-sigalg-fatal': both('unknown-sigalgs'),
  'certificate-expired': both('client-certificate'),
  'cookie-renewed': both('cookie-stable'),
  'cookie-once': both('cookie-repeat'),
  'hello-answered-anew': both('repeated-hello'),
  'wrong-finished': both('handshake'),
  'wrong-signature': both('handshake'),
  'hashed-twice': both('repeats-hashed-once'),
  'wrong-keys': both('handshake'),
  'tls13-labels': only13('handshake'),
  'empty-authorities': only13('handshake', 'certificate-request'),
  'no-ecdsa-sign': only12('certificate-request'),
  'dtls-1.0': both('handshake'),
  'no-use-srtp': both('srtp'),
  'no-common-srtp': both('srtp'),
  'no-common-group': both('handshake'),
  'suite-for-other-key': both('handshake'),
  'no-ems': both('extended-master-secret'),
  'ems-required': both('without-ems'),
  'wrong-fingerprint': both('fingerprint'),
  'both-active': both('handshake'),
  'live-hello-ignored': both('new-hello'),
  // As a client it answers nothing that it would have to as the server.
  'role-switch': both('last-flight', 'role-kept'),
};

/** Quirks that no check of a server can see, and why. */
const unseen: Readonly<Partial<Record<QuirkId, string>>> = {
  'strict-hello-verify': 'only a client has it',
  'empty-certificate': 'only a client has it',
  'both-passive': 'only a client has it',
  'begins-anew': 'only a client has it',
};

describe('a peer that is clean', () => {
  for (const versions of ['1.3,1.2', '1.2'])
    it(`fails nothing when it speaks ${versions}`, async () => {
      const report = await checked({ given: { versions: [versions] } });
      expect(report.ended).toBe('done');
      expect(report.results.filter(({ status }) => status === 'fail' || status === 'unclear')).toEqual([]);
    });
});

/** Long rows of handshakes, each with one offer: what a quirk would do to them it does to the first. */
const long = ['cookie-lasting', 'hello-one-byte', 'suites', 'groups', 'signatures', 'certificate-sizes'];
const lean = checks.map(({ id }) => id).filter((id) => !long.includes(id));

describe('a quirk', () => {
  it('is caught by a check, or has a reason why none can see it', () => {
    expect(quirkIds.filter((id) => !caught[id] && !unseen[id])).toEqual([]);
  });

  for (const id of quirkIds) {
    const expected = caught[id];
    if (!expected) continue;
    for (const [spoken, ids] of [
      ['1.3,1.2', expected.new],
      ['1.2', expected.old],
    ] as const) {
      // Where both are the same, one of them is told apart from nothing by the other.
      if (ids.length === 0 || (spoken === '1.2' && ids.join() === expected.new.join())) continue;
      it(`${id} is caught by ${ids.join(', ')} when DTLS ${spoken} is spoken`, async () => {
        const report = await checked({ target: `sim:${id}`, given: { versions: [spoken] }, only: lean });
        expect(failing(report)).toEqual([...ids]);
      });
    }
  }
});
