/**
 * Captures of DTLS 1.3 at one end, held against simulations that know the truth: loss, ACKs, HelloRetryRequest, large
 * hellos, client certificates.
 */
import { describe, expect, it } from 'vitest';
import type { Handshake } from '../../src/analysis/model.ts';
import { RangeSet } from '../../src/base/ranges.ts';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import type { Actor, DatagramEvent, Trace } from '../../src/trace/model.ts';
import { onlyHandshake } from '../support/reading.ts';
import { only13, x25519MlKem768 } from '../support/settings13.ts';
import { captureAt, type Simulated, simulated } from '../support/traces.ts';

const seeds = Array.from({ length: 25 }, (_, i) => i + 1);

const datagramsOf = ({ events }: Trace): DatagramEvent[] => events.filter((event) => event.kind === 'datagram');
const connected = ({ events }: Trace): number =>
  new Set(events.flatMap((event) => (event.kind === 'connected' ? [event.actor] : []))).size;

/** By message of one side, the bytes of its first sending that arrived. */
function arrivedAtFirst(trace: Trace, from: Actor): ReadonlyMap<string, RangeSet> {
  const lost = new Set(
    trace.events.flatMap((event) => (event.kind === 'link' && event.action.kind === 'lost' ? [event.packet] : [])),
  );
  const arrived = new Map<string, RangeSet>();
  for (const { packet, contents, from: sender } of datagramsOf(trace)) {
    if (sender !== from || contents?.attempt !== 0) continue;
    for (const { fragments } of contents.records)
      for (const { messageSeq, offset, length } of fragments) {
        const ranges = arrived.get(`${from}/${messageSeq}`) ?? new RangeSet();
        arrived.set(`${from}/${messageSeq}`, ranges);
        if (!lost.has(packet)) ranges.add(offset, offset + Math.max(length, 1));
      }
  }
  return arrived;
}

/** Where messages share records, a flight is few of them: sent twice in a moment, closed, that is little to know the end by. */
const apart = { ...only13, sharedRecords: false } as const;
const paths: Readonly<Record<string, Simulated>> = {
  'with client certificates': {
    rules: ['loss=20%', 'delay=20ms'],
    server: { ...only13, mtu: 300, clientAuth: 'require' },
    client: { ...only13, mtu: 400 },
  },
  'late and doubled too': {
    rules: ['loss=15%', 'delay=20ms', 'duplicate=15%', 'reorder=25%,by=45ms'],
    server: { ...only13, mtu: 300, clientAuth: 'require' },
    client: { ...only13, mtu: 300 },
  },
  'with a post-quantum hello and a cookie': {
    rules: ['loss=20%', 'delay=20ms'],
    server: { ...only13, groups: [x25519MlKem768], mtu: 400, cookie: true, clientAuth: 'request' },
    client: { ...only13, groups: [x25519MlKem768, 0x1d], mtu: 1200 },
  },
  'each message in records of its own': {
    rules: ['loss=20%', 'delay=20ms'],
    server: { ...apart, mtu: 300, clientAuth: 'require' },
    client: { ...apart, mtu: 400 },
  },
  'each in its own, late and doubled': {
    rules: ['loss=15%', 'delay=20ms', 'duplicate=15%', 'reorder=25%,by=45ms'],
    server: { ...apart, mtu: 300, clientAuth: 'require' },
    client: { ...apart, mtu: 300 },
  },
  'each in its own, post-quantum': {
    rules: ['loss=20%', 'delay=20ms'],
    server: { ...apart, groups: [x25519MlKem768], mtu: 400, cookie: true, clientAuth: 'request' },
    client: { ...apart, groups: [x25519MlKem768, 0x1d], mtu: 1200 },
  },
};
const rows = Object.entries(paths).flatMap(([name, path]) => [
  [name, 'client', 'server', path] as const,
  [name, 'server', 'client', path] as const,
]);

/** All that the tests below need of each seed, made once. */
function seen(path: Simulated, end: Actor): { seed: number; trace: Trace; handshake: Handshake; closed: Handshake }[] {
  return seeds.map((seed) => {
    const trace = simulated({ ...path, seed });
    return {
      seed,
      trace,
      handshake: onlyHandshake(captureAt(trace, end)),
      closed: onlyHandshake(captureAt(trace, end, false)),
    };
  });
}

describe.each(rows)('under loss, %s, a capture at the %s, its peer the %s,', (_, end, peer, path) => {
  const all = seen(path, end);

  it('claims bytes of the peer as lost that were, nearly all of them, and none of its own end', () => {
    let [lost, found] = [0, 0];
    for (const { seed, trace, handshake } of all) {
      const truth = arrivedAtFirst(trace, peer);
      expect(handshake.lost.filter(({ from }) => from === end)).toEqual([]);
      for (const { messageKey, bytes } of handshake.lost) {
        const wrong = truth
          .get(messageKey)
          ?.ranges.filter(([start, stop]) => start < Math.max(bytes[1], bytes[0] + 1) && stop > bytes[0]);
        expect([seed, messageKey, bytes, wrong]).toEqual([seed, messageKey, bytes, []]);
      }
      // Of a flight that was lost whole there is nothing to be seen.
      for (const { key, from, total } of handshake.messages) {
        const came = truth.get(key);
        if (from !== peer || !came || came.ranges.length === 0) continue;
        for (const [start, stop] of came.missing(0, total)) {
          lost += stop - start;
          const own = handshake.lost.filter((range) => range.messageKey === key);
          found += own.reduce((sum, { bytes: [a, b] }) => sum + Math.max(0, Math.min(stop, b) - Math.max(start, a)), 0);
        }
      }
    }
    expect(lost).toBeGreaterThan(200);
    expect(found / lost).toBeGreaterThan(0.95);
  });

  it('calls established what was, and the server always knows', () => {
    for (const { seed, trace, handshake, closed } of all) {
      const both = connected(trace) === 2;
      if (!both) expect([seed, handshake.establishedAt]).toEqual([seed, undefined]);
      if (!both) expect([seed, closed.establishedAt]).toEqual([seed, undefined]);
      if (end === 'server') {
        expect([seed, handshake.establishedAt !== undefined]).toEqual([seed, both]);
        expect([seed, closed.establishedAt !== undefined]).toEqual([seed, both]);
      }
    }
    // A client may never hear that its last flight arrived; nearly always it does.
    expect(all.filter(({ handshake }) => handshake.establishedAt !== undefined).length).toBeGreaterThan(
      0.8 * seeds.length,
    );
  });

  it('has no error for what was established, and one for what was not', () => {
    for (const { handshake, closed } of all)
      for (const one of [handshake, closed]) {
        const { outcome, findings } = diagnose(one);
        const errors = findings.filter(({ severity }) => severity === 'error');
        if (outcome === 'established') expect(errors).toEqual([]);
        if (outcome === 'stalled' || outcome === 'no-answer') expect(errors).toHaveLength(1);
      }
  });

  it('counts the sendings of its own end, those after an ACK among them', () => {
    for (const { seed, trace, handshake } of all) {
      if (path.server?.cookie && end === 'server') continue; // Its requests keep no count.
      const own = new Set(
        datagramsOf(trace).flatMap(({ from, contents }) =>
          from === end && contents && contents.attempt > 0 ? [`${contents.flight}.${contents.attempt}`] : [],
        ),
      );
      expect([seed, handshake.retransmissions[end]]).toEqual([seed, own.size]);
    }
  });
});

describe('a run', () => {
  it('is read as its ends told it, whatever was lost', () => {
    for (const path of Object.values(paths))
      for (const seed of seeds.slice(0, 10)) {
        const trace = simulated({ ...path, seed });
        const handshake = onlyHandshake(trace);
        expect([seed, handshake.establishedAt !== undefined]).toEqual([seed, connected(trace) === 2]);
        expect(handshake.inferred).toEqual([]);
        expect(handshake.parameters).toMatchObject({ version: '1.3', extendedMasterSecret: undefined });
      }
  });

  it('without its secrets still names what its own ends have sent', () => {
    const trace = simulated({ client: only13, server: { ...only13, clientAuth: 'require' } });
    const { flights, messages } = onlyHandshake({
      ...trace,
      events: trace.events.filter(({ kind }) => kind !== 'secret'),
    });
    expect(flights.map(({ messages: names }) => names.join(' '))).toEqual([
      'client_hello',
      'server_hello encrypted_extensions certificate_request certificate certificate_verify finished',
      'certificate certificate_verify finished',
    ]);
    expect(messages.map(({ name }) => name)).toEqual(['client_hello', 'server_hello']);
  });
});
