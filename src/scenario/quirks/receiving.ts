/** Quirks of receiving: what an endpoint can't read, and what it makes of hellos. */
import type { Quirk } from './model.ts';

export const reading = {
  'hello-in-one-piece': {
    group: 'reading',
    about: 'reads no ClientHello that comes in fragments, as those with a post-quantum key share do',
    role: 'server',
    rows: ['1', '2', '5'],
    finding: 'client-hello-fragmented-unanswered',
    faults: { hellosInFragments: 'none' },
  },
  'cookie-hello-in-one-piece': {
    group: 'reading',
    about: 'asks for a cookie, and reads no ClientHello with one that comes in fragments',
    role: 'server',
    rows: ['4'],
    finding: 'cookie-then-silence',
    faults: { hellosInFragments: 'before-cookie' },
    settings: () => ({ cookie: true }),
  },
  'version-from-first-fragment': {
    group: 'reading',
    about: 'chooses the version by what stands in the first fragment of the ClientHello: 1.2 when 1.3 is named later',
    role: 'server',
    versions: ['1.2'],
    rows: ['3'],
    finding: 'version-from-first-fragment',
    faults: { versionFrom: 'first-fragment' },
  },
  'in-order-only': {
    group: 'reading',
    about: 'takes fragments in their order only: what overtook another is dropped',
    rows: ['13'],
    finding: 'reordering-stalls',
    faults: { reassembly: 'in-order' },
  },
  'stable-borders-only': {
    group: 'reading',
    about: 'puts fragments together only where their borders stay the same when they are sent again',
    rows: ['6'],
    finding: 'refragmented-retransmission',
    faults: { reassembly: 'stable-borders' },
  },
  'first-message-only': {
    group: 'reading',
    about: 'reads only the first handshake message of a record',
    rows: ['36'],
    finding: 'several-messages-in-record',
    faults: { reads: 'first-message' },
  },
  'buffer-1600': {
    group: 'reading',
    about: 'receives into 1600 bytes: the rest of a larger datagram is lost',
    rows: ['S7'],
    finding: 'flight-unsplit',
    faults: { receiveBuffer: 1600 },
  },
  'stun-fatal': {
    group: 'reading',
    about: 'ends the handshake when a datagram that is no DTLS, such as STUN, reaches it',
    rows: ['41'],
    finding: 'stun-into-dtls',
    faults: { foreign: 'fatal' },
  },
  'unknown-sigalg-fatal': {
    group: 'reading',
    about: 'refuses a list of signature algorithms in which one is not known, in place of stepping over it',
    rows: ['20'],
    finding: 'unknown-signature-algorithm',
    faults: { refuses: ['unknown-signature-algorithm'] },
  },
  'certificate-expired': {
    group: 'reading',
    about:
      'refuses every certificate as expired, as a verifier of web servers in place of a comparison of fingerprints',
    rows: ['47'],
    finding: 'certificate-validity',
    faults: { refuses: ['certificate'] },
  },
} as const satisfies Record<string, Quirk>;

export const cookies = {
  'cookie-renewed': {
    group: 'cookies',
    about: 'makes a new cookie at every repeat of the ClientHello, and then takes only that one',
    role: 'server',
    rows: ['32', 'S4'],
    finding: 'cookie-not-stable',
    faults: { cookies: 'renewed' },
    settings: () => ({ cookie: true }),
  },
  'cookie-once': {
    group: 'cookies',
    about: 'sends one HelloVerifyRequest or HelloRetryRequest, and none when the ClientHello is repeated',
    role: 'server',
    rows: ['33'],
    finding: 'peer-never-retransmits',
    faults: { cookies: 'once' },
    settings: () => ({ cookie: true }),
  },
  'strict-hello-verify': {
    group: 'cookies',
    about: 'refuses a HelloVerifyRequest of version feff, which is the one that RFC 6347 asks for',
    role: 'client',
    versions: ['1.2'],
    rows: ['35'],
    finding: 'version-mismatch',
    faults: { refuses: ['hello-verify-version'] },
  },
  'hello-answered-anew': {
    group: 'cookies',
    about: 'begins anew, with another random, whenever the ClientHello is repeated',
    role: 'server',
    rows: ['40'],
    finding: 'interleaved-handshakes',
    faults: { repeatedHello: 'begins-anew' },
  },
} as const satisfies Record<string, Quirk>;
