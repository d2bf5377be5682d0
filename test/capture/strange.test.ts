/**
 * Captures as strangers take them, read to the verdict: odd links and containers tell the same as plain ones, and what a capture
 * lacks is told of the capture, not of the handshake.
 */
import { describe, expect, it } from 'vitest';
import { concat, uintBytes } from '../../src/base/bytes.ts';
import { Prng } from '../../src/base/random.ts';
import { readCapture } from '../../src/capture/read.ts';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import type { DatagramEvent, Trace } from '../../src/trace/model.ts';
import { bundledTestCredential } from '../../src/x509/bundled.ts';
import { snapshotOf } from '../support/reading.ts';
import { only13 } from '../support/settings13.ts';
import { captureAt, captureHeader, type Simulated, simulated } from '../support/traces.ts';
import { blocks, ethernet, fragmentHeader, ipv4, ipv6, pcap, udp } from './build.ts';

const chain = { credentials: [bundledTestCredential('chain-3700')] };
const datagramsOf = (options: Simulated): DatagramEvent[] =>
  captureAt(simulated({ ...options, rules: ['delay=20ms', ...(options.rules ?? [])] }), 'client', false).events.filter(
    (event) => event.kind === 'datagram',
  );
const whole = datagramsOf({ server: { ...chain, mtu: 400 } });
const whole13 = datagramsOf({ client: only13, server: { ...only13, ...chain, mtu: 400 } });
/** The server's flight in one datagram of 4 KB. */
const unsplit = datagramsOf({ server: { ...chain, packing: 'flight' } });

/** Outcome, verdict and findings of every handshake; times apart, as they are not what is compared. */
const said = (trace: Trace) =>
  snapshotOf(trace).handshakes.map((handshake) => {
    const { outcome, verdict, findings } = diagnose(handshake);
    const lines = findings.map(({ severity, id, why }) => `${severity} ${id}: ${why}`);
    return { outcome, verdict, ids: findings.map(({ id }) => id), why: lines.join('\n') };
  });
const saidOf = (events: readonly DatagramEvent[]) =>
  said({ header: captureHeader, events: events.map((event, i) => ({ ...event, packet: i + 1 })) });
const saidIn = (file: Uint8Array) => said(readCapture(file).trace);
/** Without what depends on the clock: a file has one, a simulation none. */
const timeless = (all: ReturnType<typeof said>) =>
  all.map(({ outcome, verdict, ids }) => ({
    outcome,
    verdict,
    ids: ids.filter((id) => id !== 'certificate-validity'),
  }));

const isClient = ({ src }: DatagramEvent): boolean => src === whole[0]?.src;
const packet = (event: DatagramEvent) => ({
  body: udp({ payload: event.bytes, ...(isClient(event) ? {} : { from: 4433, to: 5000 }) }),
  ends: isClient(event) ? {} : { src: '10.0.0.2', dst: '10.0.0.1' },
});
const plainIp = (event: DatagramEvent): Uint8Array => ipv4(packet(event).body, packet(event).ends);
const record = ({ at }: DatagramEvent, bytes: Uint8Array, unitsPerMs = 1000) => ({
  seconds: 1000 + Math.floor(at / 1000),
  fraction: Math.round((at % 1000) * unitsPerMs),
  bytes,
});
/** The pieces of a packet of so many bytes each. */
function pieces(
  body: Uint8Array,
  size: number,
  wrap: (piece: Uint8Array, offset: number, more: boolean) => Uint8Array,
): Uint8Array[] {
  const out: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += size)
    out.push(wrap(body.subarray(at, at + size), at, at + size < body.length));
  return out;
}

describe('a capture of an odd kind tells the same as a plain one', () => {
  it('Linux cooked v2 with a VLAN tag', () => {
    const cooked = (event: DatagramEvent): Uint8Array =>
      concat(
        ...[uintBytes(0x8100, 2), uintBytes(0, 2), uintBytes(3, 4), uintBytes(1, 2)],
        ...[Uint8Array.of(isClient(event) ? 4 : 0, 6), new Uint8Array(8), uintBytes(7, 2), uintBytes(0x0800, 2)],
        plainIp(event),
      );
    expect(
      timeless(
        saidIn(
          pcap(
            276,
            whole.map((event) => record(event, cooked(event))),
          ),
        ),
      ),
    ).toEqual(timeless(saidOf(whole)));
  });

  it('IPv4 fragments, the last first', () => {
    const file = pcap(
      101,
      unsplit.flatMap((event, id) => {
        const { body, ends } = packet(event);
        const cut = pieces(body, 1480, (piece, offset, more) => ipv4(piece, { ...ends, id: id + 1, offset, more }));
        return cut.reverse().map((bytes) => record(event, bytes));
      }),
    );
    const [read] = saidIn(file);
    expect(read?.outcome).toBe('established');
    expect(read?.why).toMatch(/went out as 39\d\d bytes in datagram 4/);
  });

  it('IPv6 with hop-by-hop options and fragment headers', () => {
    const file = pcap(
      101,
      unsplit.flatMap((event, id) => {
        const ends = isClient(event) ? {} : { src: 2, dst: 1 };
        const options = [0, Uint8Array.of(0, 0, 1, 4, 0, 0, 0, 0)] as const;
        const cut = pieces(packet(event).body, 1400, (piece, offset, more) =>
          ipv6(piece, {
            ...ends,
            extensions: offset === 0 && !more ? [options] : [options, [44, fragmentHeader(offset, more, id)]],
          }),
        );
        return cut.map((bytes) => record(event, bytes));
      }),
    );
    expect(saidIn(file)[0]).toMatchObject({ outcome: 'established', ids: expect.arrayContaining(['flight-unsplit']) });
  });

  it('nanoseconds in big-endian order, behind two VLAN tags', () => {
    const frames = whole.map((event) => record(event, ethernet(0x0800, plainIp(event), [0x88a8, 0x8100]), 1e6));
    expect(timeless(saidIn(pcap(1, frames, { by: 'big', nano: true })))).toEqual(timeless(saidOf(whole)));
  });

  it('two sections of two byte orders with other interfaces, and a wrong length at the very end', () => {
    const [big, little] = [blocks('big'), blocks('little')];
    const half = whole.length / 2;
    const units = ({ at }: DatagramEvent, perMs: number): bigint => BigInt(Math.round((1e6 + at) * perMs));
    const file = concat(
      big.section(),
      big.networkInterface(1, { resolution: 9 }),
      ...whole.slice(0, half).map((event) => big.packet(0, units(event, 1e6), ethernet(0x0800, plainIp(event)))),
      little.section(),
      little.networkInterface(113),
      little.networkInterface(101, { resolution: 6 }),
      ...whole.slice(half).map((event) => little.packet(1, units(event, 1e3), plainIp(event))),
    );
    file[file.length - 3] = 0x7f;
    const { trace, problems } = readCapture(file);
    expect(problems).toMatchObject([{ code: 'broken', why: expect.stringContaining('two lengths of a block differ') }]);
    expect(timeless(said(trace))).toEqual(timeless(saidOf(whole)));
  });

  it('tunnels, as mirror ports, clouds and overlay networks make them', () => {
    const outer = (protocol: number, body: Uint8Array): Uint8Array =>
      ethernet(0x0800, ipv4(body, { src: '192.0.2.1', dst: '192.0.2.2', protocol }));
    const port = (to: number, ...parts: readonly Uint8Array[]): Uint8Array =>
      outer(17, udp({ from: 50_000, to, payload: concat(...parts) }));
    const u32 = (value: number): Uint8Array => uintBytes(value, 4);
    const bridged = (ip: Uint8Array): Uint8Array => ethernet(0x0800, ip);
    const tunnels: Readonly<Record<string, (ip: Uint8Array) => Uint8Array>> = {
      'IP in IP': (ip) => outer(4, ip),
      GRE: (ip) => outer(47, concat(u32(0x0800), ip)),
      'GRE with key and number': (ip) => outer(47, concat(u32(0x30006558), u32(7), u32(1), bridged(ip))),
      'ERSPAN I': (ip) => outer(47, concat(u32(0x88be), bridged(ip))),
      'ERSPAN II': (ip) => outer(47, concat(u32(0x100088be), u32(1), u32(0x10010000), u32(0), bridged(ip))),
      'ERSPAN III': (ip) => outer(47, concat(u32(0x100022eb), u32(1), u32(0x20010000), u32(0), u32(0), bridged(ip))),
      VXLAN: (ip) => port(4789, u32(0x08000000), u32(0x100), bridged(ip)),
      'Geneve with an option': (ip) => port(6081, u32(0x01006558), u32(0x100), u32(0), bridged(ip)),
      'GRE in VXLAN': (ip) => port(4789, u32(0x08000000), u32(0x100), outer(47, concat(u32(0x0800), ip))),
      MPLS: (ip) => ethernet(0x8847, concat(u32(0x64040), u32(0xc8140), ip)),
    };
    for (const [name, wrap] of Object.entries(tunnels)) {
      const file = pcap(
        1,
        whole.map((event) => record(event, wrap(plainIp(event)))),
      );
      expect(timeless(saidIn(file)), name).toEqual(timeless(saidOf(whole)));
    }
  });

  it('a tunnel and what comes out of it in one capture', () => {
    const tunnel = (ip: Uint8Array): Uint8Array => ipv4(ip, { protocol: 4 });
    const frames = whole.flatMap((event, i) => {
      const ip = ipv4(packet(event).body, { ...packet(event).ends, id: i + 1 });
      return [record(event, ethernet(0x0800, ip)), record(event, ethernet(0x0800, tunnel(ip)))];
    });
    const { trace, counts } = readCapture(pcap(1, frames));
    expect(timeless(said(trace))).toEqual(timeless(saidOf(whole)));
    expect(counts.other).toEqual({ 'recorded again': whole.length });
  });

  it('every packet twice, as from two interfaces of a bridge', () => {
    for (const events of [whole, whole13])
      expect(
        saidOf(events.flatMap((event) => [event, { ...event, at: event.at + 0.03 }]).sort((a, b) => a.at - b.at)),
      ).toEqual(saidOf(events));
  });
});

describe('times', () => {
  const lossy = datagramsOf({ rules: ['in:drop=server_hello_done#1'], server: { ...chain, mtu: 400 } });
  const fileOf = (events: readonly DatagramEvent[]) =>
    pcap(
      101,
      events.map((event) => record({ ...event, at: event.at + 100_000_000 }, plainIp(event))),
    );

  it('put datagrams in order that a capture of two interfaces has as its buffers were emptied', () => {
    for (const same of [whole, whole13, lossy]) {
      // Nobody answers in no time.
      const events = same.map((event, i) => ({ ...event, at: event.at + i / 100 }));
      // What the server sent gets into the file 300 ms later than it was seen.
      const late = (event: DatagramEvent): number => event.at + (isClient(event) ? 0 : 300);
      const written = [...events].sort((a, b) => late(a) - late(b));
      expect(written.map(({ packet }) => packet)).not.toEqual(events.map(({ packet }) => packet));
      expect(timeless(saidIn(fileOf(written)))).toEqual(timeless(saidIn(fileOf(events))));
    }
  });

  it('go on where a clock was put back in mid-handshake', () => {
    const heardBoth = lossy.findIndex((event) => !isClient(event)) + 1;
    for (const back of [500, 3_600_000])
      for (let from = heardBoth; from < lossy.length; from++) {
        const [read] = saidIn(fileOf(lossy.map((event, i) => ({ ...event, at: event.at - (i < from ? 0 : back) }))));
        const where = `${back} ms before datagram ${from + 1}`;
        expect(read?.outcome, where).toBe('established');
        expect(`${read?.verdict} ${read?.why}`, where).not.toMatch(/ -\d/);
      }
  });
});

describe('a packet that was recorded more than once is read once', () => {
  const lossy = datagramsOf({ rules: ['in:drop=server_hello_done#1'], server: { ...chain, mtu: 400 } });
  const saidOfLossy = timeless(saidOf(lossy));
  interface Place {
    readonly hops: number;
    /** Of its clock. */
    readonly laterMs: number;
  }
  /** What several places of a path have recorded, in order of their clocks. */
  const recorded = (events: readonly DatagramEvent[], places: readonly Place[], idOf: (i: number) => number) => {
    const all = events.flatMap((event, i) =>
      places.map(({ hops, laterMs }) => ({
        at: event.at + laterMs,
        bytes: ipv4(packet(event).body, { ...packet(event).ends, id: idOf(i), hops }),
      })),
    );
    const sorted = all.sort((a, b) => a.at - b.at);
    return pcap(
      101,
      sorted.map(({ at, bytes }) => ({
        seconds: 1000 + Math.floor(at / 1000),
        fraction: Math.round((at % 1000) * 1000),
        bytes,
      })),
    );
  };
  const numbered = (i: number): number => i + 1;

  it('on every interface of a router', () => {
    const places = [
      { hops: 64, laterMs: 0 },
      { hops: 64, laterMs: 0.004 },
      { hops: 63, laterMs: 0.03 },
    ];
    const reading = readCapture(recorded(lossy, places, numbered));
    expect(timeless(said(reading.trace))).toEqual(saidOfLossy);
    expect(reading.counts).toEqual({
      frames: 3 * lossy.length,
      datagrams: lossy.length,
      other: { 'recorded again': 2 * lossy.length },
    });
    expect(saidOfLossy[0]?.ids).not.toContain('record-number-reused');
  });

  it('at a mirror port, in both directions, from a sender that does not number its packets', () => {
    const places = [
      { hops: 64, laterMs: 0 },
      { hops: 64, laterMs: 0.2 },
    ];
    expect(timeless(saidIn(recorded(lossy, places, () => 0)))).toEqual(saidOfLossy);
  });

  it('at both ends, whose clocks differ by seconds', () => {
    for (const laterMs of [10, 3000, -3000])
      for (const hops of [64, 57]) {
        const places = [
          { hops: 64, laterMs: 5000 },
          { hops, laterMs: 5000 + laterMs },
        ];
        expect(timeless(saidIn(recorded(lossy, places, numbered))), `${laterMs} ms`).toEqual(saidOfLossy);
      }
  });

  it('as IP fragments', () => {
    const file = pcap(
      101,
      unsplit.flatMap((event, i) => {
        const { body, ends } = packet(event);
        const cut = pieces(body, 1480, (piece, offset, more) => ipv4(piece, { ...ends, id: i + 1, offset, more }));
        return cut.flatMap((bytes) => [record(event, bytes), record(event, bytes)]);
      }),
    );
    const { trace, counts } = readCapture(file);
    expect(timeless(said(trace))).toEqual(timeless(saidOf(unsplit)));
    expect(counts.datagrams).toBe(unsplit.length);
    expect(trace.events.filter(({ kind }) => kind === 'note')).toEqual([]);
  });

  it('but what a sender sends again, byte for byte, counts each time', () => {
    const [hello] = whole;
    const again = [0, 1000, 3000, 7000].flatMap((at) => (hello ? [{ ...hello, at }] : []));
    for (const idOf of [numbered, () => 0, () => 0x1234]) {
      const { counts } = readCapture(recorded(again, [{ hops: 64, laterMs: 0 }], idOf));
      expect(counts).toEqual({ frames: 4, datagrams: 4, other: {} });
    }
  });
});

describe('what a capture lacks is told of the capture', () => {
  it('a datagram of which one IP fragment is missing', () => {
    const file = pcap(
      101,
      unsplit.flatMap((event, id) => {
        const { body, ends } = packet(event);
        const cut = pieces(body, 1480, (piece, offset, more) => ipv4(piece, { ...ends, id: id + 1, offset, more }));
        return (cut.length > 1 ? cut.slice(0, -1) : cut).map((bytes) => record(event, bytes));
      }),
    );
    expect(saidIn(file)).toMatchObject([
      {
        outcome: 'established',
        why: expect.stringMatching(
          /^info incomplete-capture: The server's ServerHello was never seen, yet the client went on/,
        ),
      },
    ]);
  });

  it('a snap length', () => {
    const file = pcap(
      1,
      whole.map((event) => {
        const frame = ethernet(0x0800, plainIp(event));
        return { ...record(event, frame.subarray(0, 96)), wireLength: frame.length };
      }),
    );
    const [read] = saidIn(file);
    expect(read?.verdict).toBe(
      'Incomplete capture: its snap length cut datagrams to 54 bytes, so that the handshake cannot be judged.',
    );
    expect(read?.why).not.toMatch(/began later/);
  });

  it('a snap length that lets the hellos through', () => {
    const events = datagramsOf({ rules: ['in:drop=server_hello_done#1'], server: { ...chain, mtu: 1200 } });
    const cut = events.map((event) => ({ ...event, bytes: event.bytes.subarray(0, 214) }));
    expect(saidOf(cut)[0]?.why).not.toMatch(/^warning|Record numbers/m);
    const [read] = saidOf(cut.slice(0, -4));
    expect(read?.verdict).toMatch(
      /^Incomplete capture: its snap length cut datagrams to 214 bytes, so that the handshake cannot be judged; what is left of the handshake ends after the /,
    );
    expect(read?.why).not.toMatch(/^(error|warning)|Record numbers/m);
  });

  it('one direction, whichever it is', () => {
    for (const [events, last] of [
      [whole, 'Finished'],
      [whole13, 'ClientHello'],
    ] as const) {
      const of = (client: boolean) => saidOf(events.filter((event) => isClient(event) === client))[0];
      expect(of(true)).toMatchObject({
        outcome: 'incomplete-capture',
        verdict: `Incomplete capture: only the client's datagrams are in it, up to its ${last}, and its going on shows that the server answered.`,
        ids: ['incomplete-capture'],
      });
      expect(of(false)?.outcome).toBe('incomplete-capture');
      expect(of(false)?.why).toMatch(/^info incomplete-capture: Only the server's datagrams are in it\./m);
    }
  });

  it('its beginning', () => {
    for (let first = 1; first < whole.length; first++) {
      const [read] = saidOf(whole.slice(first));
      expect(['established', 'incomplete-capture']).toContain(read?.outcome);
      expect(read?.why).toMatch(/ClientHello is missing: the capture began later/);
      expect(read?.why).not.toMatch(/^(error|warning)/m);
    }
  });

  it('single datagrams that nobody asked for again, which were not lost to the handshake', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = new Prng(seed);
      const left = whole.filter(() => random.float() > 0.15);
      const [read] = saidOf(left);
      if (left.length === whole.length || !read) continue;
      expect(read.why, `seed ${seed}`).not.toMatch(/^error/m);
      expect(read.ids, `seed ${seed}`).not.toContain('fragment-lost');
      expect(['established', 'incomplete-capture'], `seed ${seed}`).toContain(read.outcome);
    }
    expect(saidOf(whole.filter(({ packet: number }) => number !== 13))[0]?.why).toMatch(/incomplete-capture/);
  });

  it('an end that never came, in a flight that nobody could answer', () => {
    const events = datagramsOf({
      rules: ['in:drop=server_hello_done'],
      server: { packing: 'record' },
      timeoutMs: 9000,
    });
    const [read] = saidOf(events);
    expect(read?.verdict).toBe(
      "Stalled after the server's ServerKeyExchange: the server's flight 2 (ServerHello to ServerKeyExchange) was sent six times and its ServerHelloDone never came, so that the client had nothing to answer.",
    );
    expect(read?.why).toMatch(
      /^error flight-lost: .* the ServerHelloDone that ends it is in none of them: record numbers of the server are missing in five places/,
    );
  });
});

it('a call that begins anew on the same addresses leaves late repetitions to the one before', () => {
  const first = datagramsOf({ rules: ['in:drop=server_hello_done'], timeoutMs: 6000 });
  const second = datagramsOf({ seed: 2 }).map((event) => ({ ...event, at: event.at + 3500 }));
  const [one, other] = saidOf([...first, ...second].sort((a, b) => a.at - b.at));
  expect(one?.verdict).toMatch(/its ServerHelloDone never came, so that the client had nothing to answer/);
  expect(other).toMatchObject({ outcome: 'established', ids: [] });
});
