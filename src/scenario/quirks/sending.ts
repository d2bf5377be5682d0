/** Quirks of sending: what is repeated and when, and how flights are cut into records and datagrams. */
import type { Quirk } from './model.ts';

export const repeating = {
  'no-retransmission': {
    group: 'repeating',
    about: 'sends every flight once, whatever is lost, as a stack whose DTLS timer nobody drives',
    rows: ['S2', '39'],
    finding: 'peer-never-retransmits',
    faults: { neverAgain: ['timeout', 'repeat', 'last-repeat', 'ack', 'narrow-path'] },
  },
  'last-flight-once': {
    group: 'repeating',
    about: 'does not answer when the client repeats its last flight, because its own last flight is forgotten',
    role: 'server',
    versions: ['1.2'],
    rows: ['14'],
    finding: 'last-flight-lost',
    faults: { neverAgain: ['last-repeat'] },
  },
  'finished-ack-once': {
    group: 'repeating',
    about: 'acknowledges the client’s Finished once: the keys of epoch 2 are thrown away with that',
    role: 'server',
    versions: ['1.3'],
    rows: ['16'],
    finding: 'last-flight-lost',
    faults: { handshakeKeys: 'dropped' },
  },
  'storm-after-finished': {
    group: 'repeating',
    about:
      'goes on sending its last flight after the handshake, every 50 ms and whenever the peer answers that, 64 times',
    versions: ['1.2'],
    rows: ['15'],
    finding: 'retransmission-storm',
    faults: { afterFinished: 'storm' },
  },
  'timer-at-once': {
    group: 'repeating',
    about: 'sends its flight again every 50 ms for ten seconds, without ever waiting longer',
    rows: ['39'],
    finding: 'retransmission-storm',
    settings: () => ({ retransmission: { start: 50, growth: 1, cap: 50, attempts: 200 } }),
  },
  'rto-below-rtt': {
    group: 'repeating',
    about: 'sends its flight again after 10 ms, twice as long each time, which is less than a round trip takes',
    rows: ['40'],
    finding: 'rto-below-rtt',
    settings: () => ({ retransmission: { start: 10, growth: 2, cap: 60_000, attempts: 12 } }),
  },
  'junk-on-timeout': {
    group: 'repeating',
    about: 'sends a record that belongs to no flight when its timer fires, in place of the flight',
    rows: ['S5'],
    finding: 'junk-on-timeout',
    faults: { onTimeout: 'junk' },
  },
} as const satisfies Record<string, Quirk>;

/** Nothing of ours is on the wire that a path of Ethernet carries whole. */
const biggerThanPaths = 1397;

export const datagrams = {
  'flight-in-one-datagram': {
    group: 'datagrams',
    about: 'sends a whole flight as one datagram, whatever the MTU: a memory BIO that is drained in one go',
    rows: ['8', 'S7'],
    finding: 'flight-unsplit',
    settings: () => ({ packing: 'flight', resendPacking: 'flight' }),
  },
  'record-cut': {
    group: 'datagrams',
    about: 'ends a datagram where the MTU ends, in the middle of a record, and puts the rest of it into the next',
    rows: ['8'],
    finding: 'record-split-across-datagrams',
    faults: { borders: 'anywhere' },
  },
  'record-per-datagram': {
    group: 'datagrams',
    about: 'sends each record in a datagram of its own, so that more of them can get lost',
    rows: ['S9'],
    finding: 'one-record-per-datagram',
    settings: () => ({ packing: 'record', resendPacking: 'record' }),
  },
  'tiny-fragments': {
    group: 'datagrams',
    about: 'cuts its flight for datagrams of 228 bytes, OpenSSL’s least when nobody tells it the MTU',
    rows: ['7', 'S8'],
    finding: 'tiny-fragments',
    settings: () => ({ mtu: 228 }),
  },
  'mtu-ignored': {
    group: 'datagrams',
    about: 'sends datagrams of up to 1397 bytes whatever MTU is set, and never smaller ones',
    rows: ['9'],
    finding: 'no-pmtu-backoff',
    faults: { neverAgain: ['narrow-path'] },
    settings: () => ({ mtu: biggerThanPaths, mtuSteps: [] }),
  },
  'no-pmtu-backoff': {
    group: 'datagrams',
    about: 'never makes its datagrams smaller, whatever silence or the path says',
    rows: ['10', '11'],
    finding: 'no-pmtu-backoff',
    faults: { neverAgain: ['narrow-path'] },
    settings: () => ({ mtuSteps: [] }),
  },
  'refragmented-resend': {
    group: 'datagrams',
    about: 'cuts its flight anew, into smaller fragments, as soon as it is sent again',
    rows: ['6', 'S1'],
    finding: 'refragmented-retransmission',
    settings: ({ mtu }) => ({ mtuSteps: [{ fromRetransmission: 1, mtu: Math.max(64, Math.floor(mtu * 0.7)) }] }),
  },
  'same-record-numbers': {
    group: 'datagrams',
    about: 'sends the very same datagrams again, under record numbers that a replay window drops',
    rows: ['12', '11'],
    finding: 'record-number-reused',
    faults: { resend: 'same-datagrams' },
  },
  'number-per-message': {
    group: 'datagrams',
    about: 'gives all fragments of a plaintext message one record number',
    rows: ['12'],
    finding: 'record-number-reused',
    faults: { numbers: 'by-message' },
  },
  'number-after-cookie': {
    group: 'datagrams',
    about: 'sends its ServerHello under the record number that the HelloVerifyRequest or HelloRetryRequest had',
    role: 'server',
    rows: ['34'],
    finding: 'record-number-reused',
    faults: { numbers: 'from-zero' },
    settings: () => ({ cookie: true }),
  },
} as const satisfies Record<string, Quirk>;
