/**
 * A capture at one end, held against a simulation that knows the truth: what is claimed to be lost was lost, and what is
 * called established was.
 */
import { describe, expect, it } from 'vitest';
import type { Handshake } from '../../src/analysis/model.ts';
import { RangeSet } from '../../src/base/ranges.ts';
import { outcomeOf } from '../../src/diagnosis/outcome.ts';
import type { Actor, DatagramEvent, Trace } from '../../src/trace/model.ts';
import { onlyHandshake } from '../support/reading.ts';
import { captureAt, type Simulated, simulated } from '../support/traces.ts';

const seeds = Array.from({ length: 40 }, (_, i) => i + 1);

const datagramsOf = ({ events }: Trace): DatagramEvent[] => events.filter((event) => event.kind === 'datagram');
const lostPackets = ({ events }: Trace): Set<number> =>
  new Set(events.flatMap((event) => (event.kind === 'link' && event.action.kind === 'lost' ? [event.packet] : [])));
const connected = ({ events }: Trace): Set<Actor> =>
  new Set(events.flatMap((event) => (event.kind === 'connected' ? [event.actor] : [])));

/** Per message of one side, which bytes of its first sending arrived, and whether any datagram of that sending did. */
function firstSendings(trace: Trace, from: Actor) {
  const lost = lostPackets(trace);
  const arrived = new Map<string, RangeSet>();
  const flights = new Map<number, boolean>();
  const flightOf = new Map<string, number>();
  for (const { packet, contents, from: sender } of datagramsOf(trace)) {
    if (sender !== from || !contents || contents.attempt !== 0) continue;
    const came = !lost.has(packet);
    flights.set(contents.flight, (flights.get(contents.flight) ?? false) || came);
    for (const { fragments } of contents.records) {
      for (const { messageSeq, offset, length } of fragments) {
        const key = `${from}/${messageSeq}`;
        flightOf.set(key, contents.flight);
        const ranges = arrived.get(key) ?? new RangeSet();
        arrived.set(key, ranges);
        if (came) ranges.add(offset, offset + Math.max(length, 1));
      }
    }
  }
  return { arrived, someCame: (key: string): boolean => flights.get(flightOf.get(key) ?? -1) ?? false };
}

const claims = ({ lost }: Handshake, from: Actor) => lost.filter((range) => range.from === from);

const cut: Simulated = {
  rules: ['loss=20%', 'delay=20ms'],
  server: { mtu: 300, clientAuth: 'require' },
  client: { mtu: 400 },
};

const shuffled: Simulated = { ...cut, rules: ['loss=15%', 'delay=20ms', 'duplicate=15%', 'reorder=25%,by=45ms'] };

describe.each([
  ['client', 'server', 'only lost', cut],
  ['server', 'client', 'only lost', cut],
  ['client', 'server', 'late and doubled too', shuffled],
  ['server', 'client', 'late and doubled too', shuffled],
] as const)('a capture at the %s, its peer the %s, datagrams %s', (end, peer, _, path) => {
  it('claims only bytes as lost that were', () => {
    for (const seed of seeds) {
      const trace = simulated({ ...path, seed });
      const truth = firstSendings(trace, peer);
      for (const { messageKey, bytes } of claims(onlyHandshake(captureAt(trace, end)), peer)) {
        const ranges = truth.arrived.get(messageKey);
        const wrong = ranges && new RangeSet();
        for (const [start, stop] of ranges?.ranges ?? []) {
          const [from, to] = [Math.max(start, bytes[0]), Math.min(stop, Math.max(bytes[1], bytes[0] + 1))];
          if (from < to) wrong?.add(from, to);
        }
        expect({ seed, messageKey, bytes, arrived: wrong?.ranges }).toEqual({ seed, messageKey, bytes, arrived: [] });
      }
    }
  });

  it('claims nothing of what its own end sent: it cannot know', () => {
    for (const seed of seeds)
      expect(claims(onlyHandshake(captureAt(simulated({ ...path, seed }), end)), end)).toEqual([]);
  });

  it('finds nearly all bytes that were lost of flights of which something came', () => {
    let [lost, found] = [0, 0];
    for (const seed of seeds) {
      const trace = simulated({ ...path, seed });
      const truth = firstSendings(trace, peer);
      const handshake = onlyHandshake(captureAt(trace, end));
      for (const { key, total, from } of handshake.messages) {
        if (from !== peer || !truth.someCame(key)) continue;
        const claimed = new RangeSet();
        for (const range of handshake.lost) if (range.messageKey === key) claimed.add(range.bytes[0], range.bytes[1]);
        for (const [start, stop] of truth.arrived.get(key)?.missing(0, total) ?? []) {
          lost += stop - start;
          found += stop - start - claimed.missing(start, stop).reduce((sum, [a, b]) => sum + b - a, 0);
        }
      }
    }
    expect(lost).toBeGreaterThan(1000);
    expect(found / lost).toBeGreaterThan(0.95);
  });

  it('is established exactly when both ends were connected, with keys and without', () => {
    for (const seed of seeds) {
      const trace = simulated({ ...path, seed });
      const expected = connected(trace).size === 2;
      for (const keys of [true, false])
        expect([seed, keys, onlyHandshake(captureAt(trace, end, keys)).establishedAt !== undefined]).toEqual([
          seed,
          keys,
          expected,
        ]);
    }
  });

  it('counts the sendings that it saw, no more', () => {
    for (const seed of seeds) {
      const trace = simulated({ ...path, seed });
      const own = new Set(
        datagramsOf(trace).flatMap(({ from, contents }) =>
          from === end && contents && contents.attempt > 0 ? [`${contents.flight}.${contents.attempt}`] : [],
        ),
      );
      expect([seed, onlyHandshake(captureAt(trace, end)).retransmissions[end]]).toEqual([seed, own.size]);
    }
  });
});

describe('a last flight that never arrives', () => {
  const never: Simulated = { rules: ['in:drop=finished', 'delay=20ms'] };

  it('does not pass for an established handshake because both Finished were seen leaving', () => {
    const trace = simulated(never);
    expect([...connected(trace)]).toEqual(['server']);
    for (const keys of [true, false]) {
      const handshake = onlyHandshake(captureAt(trace, 'server', keys));
      expect(handshake.finished).toMatchObject({ client: {}, server: {} });
      expect(handshake.establishedAt).toBeUndefined();
      expect(outcomeOf(handshake)).toBe('stalled');
    }
    expect(outcomeOf(onlyHandshake(trace))).toBe('stalled');
    expect(outcomeOf(onlyHandshake(captureAt(trace, 'client')))).toBe('stalled');
  });

  it('is believed to have arrived when it was asked for once, sent again, and not asked for any more', () => {
    const trace = simulated({ rules: ['in:drop=finished#1', 'delay=20ms'] });
    const handshake = onlyHandshake(captureAt(trace, 'server', false));
    expect(outcomeOf(handshake)).toBe('established');
    expect(handshake.establishedAt).toBeGreaterThan(1000);
  });
});

describe('a path slower than the timer', () => {
  it('repeats every flight and loses none', () => {
    const trace = simulated({ rules: ['delay=700ms'] });
    for (const end of ['client', 'server'] as const) {
      const handshake = onlyHandshake(captureAt(trace, end));
      expect(handshake.retransmissions.client).toBeGreaterThan(0);
      expect(handshake.lost).toEqual([]);
      expect(outcomeOf(handshake)).toBe('established');
    }
  });
});
