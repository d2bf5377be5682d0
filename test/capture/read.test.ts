import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { concat, toHex, uintBytes, utf8 } from '../../src/base/bytes.ts';
import { Prng } from '../../src/base/random.ts';
import { CaptureReader, type CaptureReading, readCapture } from '../../src/capture/read.ts';
import type { DatagramEvent, TraceEvent } from '../../src/trace/model.ts';
import { blocks, ethernet, fragmentHeader, ipv4, ipv6, pcap, udp } from './build.ts';
import { hasTshark, udpOf } from './tshark.ts';

const folder = new URL('../fixtures/captures/', import.meta.url);
const fixtures = readdirSync(folder).filter((name) => name.endsWith('.pcapng'));
const fixture = (name: string): Uint8Array => readFileSync(new URL(name, folder));

const datagrams = (events: readonly TraceEvent[]): DatagramEvent[] =>
  events.filter((event) => event.kind === 'datagram');
const notes = ({ trace }: CaptureReading): string[] =>
  trace.events.flatMap((event) => (event.kind === 'note' ? [event.text] : []));
const seen = ({ trace }: CaptureReading) =>
  datagrams(trace.events).map(({ packet, length, bytes }) => ({ packet, length, hex: toHex(bytes) }));

const payload = (length: number, first = 1): Uint8Array => Uint8Array.from({ length }, (_, i) => (first + i) & 0xff);
const b = blocks();
const plain = ipv4(udp({ payload: payload(20) }));
const inEthernet = ethernet(0x0800, plain);
const rest = { src: '10.0.0.1:5000', dst: '10.0.0.2:4433' };

/** Nothing gets lost without being counted. */
function expectBooks({ counts, trace }: CaptureReading): void {
  const other = Object.values(counts.other).reduce((sum, count) => sum + count, 0);
  expect(counts.datagrams + other).toBe(counts.frames);
  expect(datagrams(trace.events)).toHaveLength(counts.datagrams);
}

describe.runIf(hasTshark)('agrees with tshark about frame numbers, lengths and bytes', () => {
  it.each(fixtures)('in %s', (name) => {
    const bytes = fixture(name);
    const reading = readCapture(bytes);
    expect(reading.problems).toEqual([]);
    const expected = udpOf(bytes);
    expect(expected.length).toBeGreaterThan(0);
    expect(seen(reading)).toEqual(expected);
    expectBooks(reading);
  });

  it('in a capture of every block type, in both byte orders, with several sections and interfaces', () => {
    const section = (by: 'big' | 'little'): Uint8Array => {
      const o = blocks(by);
      return concat(
        o.section(o.comment('of the section')),
        o.networkInterface(1, { snap: 60 }),
        o.networkInterface(101, { resolution: 9 }),
        o.names(),
        o.packet(0, 1_000_000n, inEthernet),
        o.custom(),
        o.packet(1, 2_000_000_000n, plain, { options: [o.comment('of the packet')] }),
        o.simple(inEthernet.subarray(0, 60), inEthernet.length),
        o.obsolete(0, 1_000_001n, inEthernet),
        o.block(0x12345, new Uint8Array(8)),
        o.secrets('# nothing\n'),
        o.journal(),
        o.block(0x216, new Uint8Array(40)),
        o.packet(0, 1_000_002n, ethernet(0x0806, new Uint8Array(28))),
        o.packet(0, 1_000_003n, inEthernet),
        o.statistics(),
      );
    };
    const bytes = concat(section('big'), section('little'));
    const reading = readCapture(bytes);
    expect(reading.problems).toEqual([]);
    expect(seen(reading)).toEqual(udpOf(bytes));
    expect(reading.counts).toEqual({
      frames: 18,
      datagrams: 10,
      other: { 'custom block': 2, 'journal entry': 2, 'system call': 2, ARP: 2 },
    });
  });

  it('in link layers from Ethernet with stacked tags to raw IP', () => {
    const body6 = ipv6(udp({ payload: payload(9) }));
    const sll = (type: number, body: Uint8Array): Uint8Array => concat(new Uint8Array(14), uintBytes(type, 2), body);
    const sll2 = (type: number, body: Uint8Array): Uint8Array => concat(uintBytes(type, 2), new Uint8Array(18), body);
    const little = (value: number): Uint8Array => uintBytes(value, 4).reverse();
    const cases: readonly (readonly [number, Uint8Array])[] = [
      [1, inEthernet],
      [1, ethernet(0x86dd, body6)],
      [1, ethernet(0x0800, plain, [0x8100])],
      [1, ethernet(0x86dd, body6, [0x88a8, 0x8100])],
      [1, ethernet(0x0800, plain, [0x9100, 0x8100])],
      [1, concat(inEthernet, new Uint8Array(6))],
      [113, sll(0x0800, plain)],
      [113, sll(0x86dd, body6)],
      [276, sll2(0x0800, plain)],
      [276, sll2(0x86dd, body6)],
      [101, plain],
      [101, body6],
      [228, plain],
      [229, body6],
      [0, concat(little(2), plain)],
      [0, concat(little(30), body6)],
      [0, concat(uintBytes(2, 4), plain)],
      [108, concat(uintBytes(2, 4), plain)],
      [108, concat(uintBytes(24, 4), body6)],
    ];
    const bytes = concat(
      b.section(),
      ...cases.map(([type]) => b.networkInterface(type)),
      ...cases.map(([, frame], i) => b.packet(i, BigInt(i), frame)),
    );
    const reading = readCapture(bytes);
    expect(seen(reading)).toHaveLength(cases.length);
    expect(seen(reading)).toEqual(udpOf(bytes));
  });

  it('in IP fragments of any order and overlap, and in IPv6 with every extension header', () => {
    const whole = udp({ payload: payload(60) });
    const part = (from: number, to: number, id: number): Uint8Array =>
      ipv4(whole.subarray(from, to), { id, offset: from, more: to < whole.length });
    const part6 = (from: number, to: number, id: number): Uint8Array =>
      ipv6(whole.subarray(from, to), { extensions: [[44, fragmentHeader(from, to < whole.length, id)]] });
    const hop = concat(Uint8Array.of(0, 0, 1, 4), new Uint8Array(4));
    const routing = concat(Uint8Array.of(0, 0, 253, 0), new Uint8Array(4));
    const options = concat(Uint8Array.of(0, 1, 1, 12), new Uint8Array(12));
    const authentication = concat(Uint8Array.of(0, 4), new Uint8Array(22));
    const inner = concat(Uint8Array.of(17, 0, 1, 4), new Uint8Array(4), whole);
    const part6inner = (from: number, to: number): Uint8Array =>
      ipv6(inner.subarray(from, to), { next: 60, extensions: [[44, fragmentHeader(from, to < inner.length, 9)]] });
    const frames = [
      ipv4(whole, { options: new Uint8Array(8).fill(1) }),
      part(0, 32, 1),
      part(32, 68, 1),
      part(40, 68, 2),
      part(0, 16, 2),
      part(8, 48, 2),
      part6(0, 24, 1),
      part6(24, 48, 1),
      part6(48, 68, 1),
      part(0, 32, 3),
      ipv6(whole, {
        extensions: [
          [0, hop],
          [43, routing],
          [60, options],
          [51, authentication],
        ],
      }),
      ipv6(whole, { extensions: [[44, fragmentHeader(0, false, 7)]] }),
      part6inner(0, 40),
      part6inner(40, inner.length),
    ];
    const bytes = pcap(
      101,
      frames.map((frame, i) => ({ seconds: i, fraction: 0, bytes: frame })),
    );
    const reading = readCapture(bytes);
    expect(seen(reading).map(({ packet }) => packet)).toEqual([1, 3, 6, 9, 11, 12, 14]);
    expect(seen(reading)).toEqual(udpOf(bytes));
    expect(reading.counts.other).toEqual({ 'IP fragment': 7 });
    expect(notes(reading)).toEqual([
      'an IP datagram from 10.0.0.1 to 10.0.0.2 never became whole: 1 fragment (32 bytes) from frame 10 on, the rest is not in the capture',
    ]);
  });
});

describe('time', () => {
  const at = (bytes: Uint8Array) => {
    const { trace } = readCapture(bytes);
    return { startedAt: trace.header.startedAt, at: datagrams(trace.events).map((event) => event.at) };
  };
  const two = (seconds: number, first: number, second: number) => [
    { seconds, fraction: first, bytes: plain },
    { seconds: seconds + 1, fraction: second, bytes: plain },
  ];

  it.each(['big', 'little'] as const)('is read from pcap in microseconds and nanoseconds, %s endian', (by) => {
    expect(at(pcap(101, two(1_700_000_000, 250, 500_250), { by }))).toEqual({
      startedAt: 1_700_000_000_000.25,
      at: [0, 1500],
    });
    expect(at(pcap(101, two(1_700_000_000, 250_000, 250_125), { by, nano: true }))).toEqual({
      startedAt: 1_700_000_000_000.25,
      at: [0, 1000.000125],
    });
  });

  it.each([
    ['microseconds when nothing is said', {}, 3_000_001n, 3000.001],
    ['nanoseconds', { resolution: 9 }, 3_000_000_001n, 3000.000001],
    ['seconds', { resolution: 0 }, 3n, 3000],
    ['picoseconds', { resolution: 12 }, 3_000_000_001_999n, 3000.000001],
    ['binary fractions', { resolution: 0x80 | 10 }, 3n * 1024n + 512n, 3500],
    ['an offset in seconds', { resolution: 6, offset: 1_700_000_000n }, 3_000_001n, 3000.001],
    ['an offset into the past', { resolution: 3, offset: -5n }, 3000n, 3000],
    ['a resolution that nothing has', { resolution: 127 }, 3n, 0],
  ] as const)('of pcapng is read as %s', (_, options, units, expected) => {
    const bytes = concat(
      b.section(),
      b.networkInterface(101, options),
      b.packet(0, 0n, plain),
      b.packet(0, units, plain),
    );
    expect(at(bytes).at).toEqual([0, expected]);
    const offset = 'offset' in options ? Number(options.offset) : 0;
    expect(at(bytes).startedAt).toBe(offset * 1000);
  });

  it('may run backwards, and stands still where a packet has none', () => {
    const bytes = concat(
      b.section(),
      b.networkInterface(101),
      b.packet(0, 5000n, plain),
      b.packet(0, 4000n, plain),
      b.simple(plain),
      b.packet(0, 6000n, plain),
    );
    expect(at(bytes)).toEqual({ startedAt: 5, at: [0, -1, -1, 1] });
  });
});

describe('a capture', () => {
  it('cut by its snap length keeps the length on the wire', () => {
    const bytes = pcap(1, [
      { seconds: 0, fraction: 0, bytes: inEthernet.subarray(0, 14 + 20 + 8 + 5), wireLength: inEthernet.length },
    ]);
    const [event] = datagrams(readCapture(bytes).trace.events);
    expect(event).toMatchObject({ length: 20, bytes: payload(5), packet: 1, ...rest, from: undefined });
  });

  it('cut inside IP fragments keeps what stands before the first hole', () => {
    const whole = udp({ payload: payload(60) });
    const frames = [
      { bytes: ipv4(whole.subarray(0, 32), { more: true }).subarray(0, 20 + 20), wireLength: 52 },
      { bytes: ipv4(whole.subarray(32), { offset: 32 }) },
    ];
    const reading = readCapture(
      pcap(
        101,
        frames.map((frame) => ({ seconds: 0, fraction: 0, ...frame })),
      ),
    );
    expect(seen(reading)).toEqual([{ packet: 2, length: 60, hex: toHex(payload(12)) }]);
  });

  it('counts every frame that is no datagram by what it is', () => {
    const frames = [
      ethernet(0x0806, new Uint8Array(28)),
      ethernet(0x88cc, new Uint8Array(28)),
      ethernet(0x0800, ipv4(new Uint8Array(20), { protocol: 6 })),
      ethernet(0x0800, ipv4(new Uint8Array(20), { protocol: 99 })),
      ethernet(0x0800, plain).subarray(0, 30),
      ethernet(0x0800, plain).subarray(0, 38),
      ethernet(0x0800, concat(Uint8Array.of(0x41), plain.subarray(1))),
      ethernet(0x0800, ipv4(Uint8Array.of(1, 2, 3))),
      ethernet(0x0800, ipv4(concat(uintBytes(1, 2), uintBytes(2, 2), uintBytes(500, 2), new Uint8Array(10)))),
      ethernet(0x86dd, ipv6(new Uint8Array(0), { next: 0 })),
      inEthernet.subarray(0, 5),
    ];
    const reading = readCapture(
      pcap(
        1,
        frames.map((bytes) => ({ seconds: 0, fraction: 0, bytes })),
      ),
    );
    expect(reading.counts.other).toEqual({
      ARP: 1,
      'not IP': 1,
      TCP: 1,
      'other IP protocol': 1,
      'header cut': 3,
      malformed: 4,
    });
    expectBooks(reading);
  });

  it('of a link type that is not read says which, once', () => {
    const frames = [1, 2].map((seconds) => ({ seconds, fraction: 0, bytes: plain }));
    const reading = readCapture(pcap(105, frames));
    expect(reading.problems).toEqual([
      {
        code: 'unsupported',
        offset: 24,
        why: 'frames of link type 105 (802.11) are not read (Ethernet, Linux cooked, raw IP and loopback are)',
      },
    ]);
    expect(reading.counts.other).toEqual({ 'link type not read': 2 });
  });

  it('gives the keys it carries as facts, and names the lines that are none', () => {
    const keys = `CLIENT_RANDOM ${'ab'.repeat(32)} ${'cd'.repeat(48)}\r\nnonsense\n`;
    const bytes = concat(
      b.section(),
      b.networkInterface(101),
      b.secrets(keys),
      b.secrets('anything', 0x57474b4c),
      b.packet(0, 1n, plain),
    );
    const reading = readCapture(bytes);
    expect(reading.trace.events[0]).toEqual({
      kind: 'secret',
      at: 0,
      label: 'CLIENT_RANDOM',
      clientRandom: new Uint8Array(32).fill(0xab),
      secret: new Uint8Array(48).fill(0xcd),
    });
    expect(reading.problems.map((problem) => problem.why)).toEqual([
      'line 2 of the keys in the capture: does not begin with a label such as CLIENT_RANDOM',
    ]);
    expect(seen(reading)).toHaveLength(1);
  });

  it('keeps comments as notes, bounded', () => {
    const options = [b.comment('look here'), b.comment('x'.repeat(5000))];
    const many = Array.from({ length: 1500 }, () => b.packet(0, 1n, plain, { options: [b.comment('again')] }));
    const reading = readCapture(
      concat(b.section(b.comment('why')), b.networkInterface(101), b.packet(0, 1n, plain, { options }), ...many),
    );
    expect(notes(reading).slice(0, 2)).toEqual(['comment on the capture: why', 'comment on frame 1: look here']);
    expect(notes(reading)[2]?.length).toBeLessThan(2100);
    expect(notes(reading)).toHaveLength(1000);
    expect(reading.problems.map((problem) => problem.code)).toEqual(['limit']);
  });

  it('says what the network answered to a UDP datagram', () => {
    const icmp = (type: number, code: number, extra: number, protocol = 1): Uint8Array =>
      ipv4(concat(Uint8Array.of(type, code, 0, 0), uintBytes(extra, 4), plain.subarray(0, 28)), {
        src: '10.9.9.9',
        protocol,
      });
    const quoted6 = ipv6(udp({ payload: payload(9) }));
    const tooBig = ipv6(concat(Uint8Array.of(2, 0, 0, 0), uintBytes(1280, 4), quoted6), { next: 58, src: 9 });
    const frames = [icmp(3, 3, 0), icmp(3, 4, 1400), icmp(8, 0, 0), tooBig];
    const reading = readCapture(
      pcap(
        101,
        frames.map((bytes) => ({ seconds: 0, fraction: 0, bytes })),
      ),
    );
    expect(notes(reading)).toEqual([
      'frame 1: 10.9.9.9 answers "port unreachable" (ICMP) for a UDP datagram from 10.0.0.1:5000 to 10.0.0.2:4433',
      'frame 2: 10.9.9.9 answers "fragmentation needed, MTU 1400" (ICMP) for a UDP datagram from 10.0.0.1:5000 to 10.0.0.2:4433',
      'frame 4: 2001:db8::9 answers "packet too big, MTU 1280" (ICMP) for a UDP datagram from [2001:db8::1]:5000 to [2001:db8::2]:4433',
    ]);
    expect(reading.counts.other).toEqual({ ICMP: 3, ICMPv6: 1 });
  });

  it('reads a packet whose lengths were left to the network card', () => {
    const reading = readCapture(
      pcap(101, [{ seconds: 0, fraction: 0, bytes: ipv4(udp({ payload: payload(20) }), { total: 0 }) }]),
    );
    expect(seen(reading)).toEqual([{ packet: 1, length: 20, hex: toHex(payload(20)) }]);
  });
});

describe('a broken capture', () => {
  const packets = [1n, 2n, 3n].map((time, i) => b.packet(0, time, ipv4(udp({ payload: payload(20 + i) }))));
  const good = concat(b.section(), b.networkInterface(101), ...packets);
  const second = good.length - (packets[1]?.length ?? 0) - (packets[2]?.length ?? 0);
  const broken = (at: number, value: number): CaptureReading => {
    const bytes = Uint8Array.from(good);
    bytes[at] = value;
    return readCapture(bytes);
  };

  it.each([
    ['a length that is no multiple of four', 4, 1, 'a block says it is'],
    ['a length beyond reason', 7, 0x7f, 'a block says it is'],
    ['a length beyond the file', 5, 0x10, 'the file has'],
    ['two lengths that differ', 4, 4 * 24, 'the two lengths of a block differ'],
  ])('goes on behind a block with %s', (_, at, value, why) => {
    const reading = broken(second + at, value);
    expect(reading.problems).toHaveLength(1);
    expect(reading.problems[0]?.offset).toBe(second);
    expect(reading.problems[0]?.why).toContain(why);
    expect(seen(reading).map(({ length }) => length)).toEqual([20, 22]);
  });

  it('counts a packet that does not fit its block, and goes on', () => {
    const reading = broken(second + 20, 0xff);
    expect(reading.problems).toEqual([
      { code: 'broken', offset: second, why: 'frame 2 says it holds 255 bytes, its block has less' },
    ]);
    expect(seen(reading).map(({ packet }) => packet)).toEqual([1, 3]);
    expect(reading.counts.other).toEqual({ malformed: 1 });
  });

  it('counts a packet of an interface that is not described', () => {
    const reading = broken(second + 8, 3);
    expect(reading.problems[0]?.why).toBe('frame 2 is of interface 3, which is not described');
    expect(reading.counts.other).toEqual({ 'interface not described': 1 });
  });

  it('of the classic format is read up to the record that makes no sense', () => {
    const bytes = pcap(
      101,
      [1, 2, 3].map((seconds) => ({ seconds, fraction: 0, bytes: plain })),
    );
    bytes[24 + (16 + plain.length) + 11] = 0x7f;
    const reading = readCapture(bytes);
    expect(seen(reading)).toHaveLength(1);
    expect(reading.problems[0]).toMatchObject({ code: 'broken', offset: 24 + 16 + plain.length });
  });

  it.each([
    ['an empty file', new Uint8Array(0), 'the file is empty'],
    ['three bytes', Uint8Array.of(1, 2, 3), 'neither a pcap nor a pcapng file, nor a hex dump'],
    ['text', utf8('hello, world'), 'neither a pcap nor a pcapng file, nor a hex dump'],
    ['a version of pcap that nobody has', pcap(1, []).fill(9, 4, 5), 'pcap version 9 is not 2, the only one in use'],
  ])('says what is wrong with %s', (_, bytes, why) => {
    const reading = readCapture(bytes);
    expect(reading.problems.map((problem) => problem.why)).toEqual([why]);
    expect(reading.trace.events).toEqual([]);
  });
});

describe('bytes that come in chunks', () => {
  it.each(fixtures)('of any size give the same as %s whole', (name) => {
    const bytes = fixture(name);
    const whole = readCapture(bytes);
    for (const size of [1, 7, 100, 4096]) {
      const reader = new CaptureReader();
      const events: TraceEvent[] = [];
      for (let at = 0; at < bytes.length; at += size) events.push(...reader.push(bytes.subarray(at, at + size)));
      events.push(...reader.end());
      expect(events).toEqual(whole.trace.events);
      expect(reader.header).toEqual(whole.trace.header);
      expect(reader.problems).toEqual(whole.problems);
    }
  });

  it('give each datagram as soon as its block is whole', () => {
    const reader = new CaptureReader();
    const head = concat(b.section(), b.networkInterface(101));
    const packet = b.packet(0, 1n, plain);
    expect(reader.push(concat(head, packet.subarray(0, 40)))).toEqual([]);
    expect(reader.push(packet.subarray(40))).toHaveLength(1);
  });
});

describe('hostile captures', () => {
  /** What is wrong with a reading; plain comparisons, since `expect` a million times takes minutes. */
  const faults = (bytes: Uint8Array, { trace, counts, problems }: CaptureReading): string | undefined => {
    const events = datagrams(trace.events);
    const other = Object.values(counts.other).reduce((sum, count) => sum + count, 0);
    if (counts.datagrams + other !== counts.frames || events.length !== counts.datagrams) return 'frames got lost';
    for (const { offset = 0 } of problems) if (offset < 0 || offset > bytes.length) return `offset ${offset}`;
    for (const { bytes, length, at, packet } of events) {
      if (bytes.length > length || length > 65527) return `packet ${packet} of ${length} bytes`;
      if (!Number.isFinite(at)) return `packet ${packet} at ${at}`;
    }
    return undefined;
  };

  it.each(fixtures)('never throw at any truncation of %s, and give a prefix', (name) => {
    const bytes = fixture(name);
    const all = seen(readCapture(bytes));
    // A large file is cut at a stride that visits every alignment, and around its end at every byte.
    const stride = bytes.length > 4000 ? 7 : 1;
    for (let end = 0; end < bytes.length; end += end > bytes.length - 400 ? 1 : stride) {
      const cut = bytes.subarray(0, end);
      const reading = readCapture(cut);
      const fault = faults(cut, reading);
      if (fault) expect.fail(`cut to ${end}: ${fault}`);
      if (end % 41 === 0) expect(seen(reading)).toEqual(all.slice(0, reading.counts.datagrams));
    }
  });

  it.each(fixtures)('never throw at 2,000 corruptions of %s', (name) => {
    const random = new Prng(name);
    const clean = fixture(name);
    let kept = 0;
    for (let round = 0; round < 2000; round++) {
      const bytes = Uint8Array.from(clean);
      for (let i = random.int(6); i >= 0; i--) bytes[random.int(bytes.length)] = random.int(256);
      const reading = readCapture(bytes);
      const fault = faults(bytes, reading);
      if (fault) expect.fail(`round ${round}: ${fault}`);
      kept += reading.counts.datagrams;
    }
    expect(kept / 2000).toBeGreaterThan(readCapture(clean).counts.datagrams / 2);
  });

  it('never throw at noise behind a good beginning', () => {
    const random = new Prng(4);
    const heads = [pcap(101, []), pcap(1, [], { by: 'big' }), concat(b.section(), b.networkInterface(101))];
    for (let round = 0; round < 3000; round++) {
      const bytes = concat(heads[round % 3] ?? new Uint8Array(0), random.bytes(random.int(600)));
      expect(faults(bytes, readCapture(bytes))).toBeUndefined();
    }
  });

  it('cannot make fragments pile up', () => {
    // A flood of first fragments, each of another datagram, and a flood of slivers of one.
    const flood = Array.from({ length: 5000 }, (_, i) => ipv4(new Uint8Array(1000), { id: i, more: true }));
    const slivers = Array.from({ length: 3000 }, (_, i) =>
      ipv4(new Uint8Array(8), { id: 9, offset: 16 * i, more: true, src: '1.1.1.1' }),
    );
    const bytes = pcap(
      101,
      [...flood, ...slivers].map((frame) => ({ seconds: 0, fraction: 0, bytes: frame })),
    );
    const reading = readCapture(bytes);
    expect(reading.counts.other).toEqual({ 'IP fragment': 8000 });
    expect(notes(reading)).toHaveLength(1000);
    expectBooks(reading);
  });

  it('cannot make a fragment wait for ever', () => {
    const whole = udp({ payload: payload(60) });
    const frames = [
      { seconds: 0, bytes: ipv4(whole.subarray(0, 32), { id: 5, more: true }) },
      { seconds: 100, bytes: ipv4(whole.subarray(32), { id: 5, offset: 32 }) },
    ];
    const reading = readCapture(
      pcap(
        101,
        frames.map((frame) => ({ fraction: 0, ...frame })),
      ),
    );
    expect(seen(reading)).toEqual([]);
    expect(notes(reading)).toHaveLength(2);
  });

  it('cannot claim bytes that are not there to take memory', () => {
    const sliver = (offset: number, more: boolean, id: number): Uint8Array =>
      ipv4(new Uint8Array(0), { id, offset, more, total: 65512 });
    const frames = Array.from({ length: 20_000 }, (_, i) => sliver(0, i % 2 === 0, i >> 1));
    const reading = readCapture(
      pcap(
        101,
        frames.map((bytes) => ({ seconds: 0, fraction: 0, bytes, wireLength: 65512 })),
      ),
    );
    expectBooks(reading);
    for (const event of datagrams(reading.trace.events)) expect(event.bytes.buffer.byteLength).toBeLessThan(1_000_000);
  });
});
