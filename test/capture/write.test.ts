import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { Prng } from '../../src/base/random.ts';
import { parseKeyLog, secretEvents, secretsOf } from '../../src/capture/keylog.ts';
import { readCapture } from '../../src/capture/read.ts';
import { checksum, toPcapng } from '../../src/capture/write.ts';
import type { DatagramEvent, LinkAction, Trace, TraceEvent, TraceHeader } from '../../src/trace/model.ts';
import { simulated } from '../report/handshakes.ts';
import { randomTrace } from '../trace/events.ts';
import { fields, hasTshark, tshark } from './tshark.ts';

const folder = new URL('../fixtures/captures/', import.meta.url);
const capture = (name: string): Trace => readCapture(readFileSync(new URL(`${name}.pcapng`, folder))).trace;
const keys = (name: string) => parseKeyLog(readFileSync(new URL(`${name}.keylog`, folder))).secrets;

const header: TraceHeader = {
  tool: 'dtlscope 9.9.9',
  kind: 'simulation',
  startedAt: 1_800_000_000_000.5,
  title: 'a title',
  localRole: undefined,
  commandLine: undefined,
};
const datagram = (packet: number, at: number, src: string, dst: string, bytes: Uint8Array): DatagramEvent => ({
  kind: 'datagram',
  at,
  packet,
  src,
  dst,
  from: src === 'server' ? 'server' : 'client',
  bytes,
  length: bytes.length,
  contents: undefined,
});
const link = (packet: number, action: LinkAction, rule: string): TraceEvent => ({
  kind: 'link',
  at: 0,
  packet,
  action,
  rule,
});
const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 7) & 0xff);

const simulation: Trace = {
  header,
  events: [
    datagram(1, 0, 'client', 'server', bytes(100)),
    datagram(2, 10.000001, 'server', 'client', bytes(61)),
    link(2, { kind: 'delivered', at: 20 }, ''),
    datagram(3, 20.5, 'client', 'server', bytes(1)),
    link(3, { kind: 'lost' }, 'loss 30%'),
    datagram(4, 30, 'client', 'server', bytes(0)),
    link(4, { kind: 'truncated', to: 5, at: 31 }, 'truncate 5'),
    link(4, { kind: 'duplicated', at: 32 }, 'duplicate'),
  ],
};

const seen = (trace: Trace) =>
  trace.events.flatMap((event) => (event.kind === 'datagram' ? [[event.at, event.length, toHex(event.bytes)]] : []));

describe('a trace written as pcapng', () => {
  it('is read back with the same times, lengths and bytes, and the names as addresses', () => {
    const { trace, problems, counts } = readCapture(toPcapng(simulation, { withKeys: false }));
    expect(problems).toEqual([]);
    expect(counts).toEqual({ frames: 4, datagrams: 4, other: {} });
    expect(seen(trace)).toEqual(seen(simulation));
    expect(trace.header.startedAt).toBe(header.startedAt);
    const addresses = trace.events.flatMap((event) => (event.kind === 'datagram' ? [[event.src, event.dst]] : []));
    expect(addresses.slice(0, 2)).toEqual([
      ['10.0.0.1:50000', '10.0.0.2:4433'],
      ['10.0.0.2:4433', '10.0.0.1:50000'],
    ]);
  });

  it('says in comments what the link did, and that a lost datagram never arrived', () => {
    const file = toPcapng(simulation, { withKeys: false });
    const text = new TextDecoder('latin1').decode(file);
    for (const comment of [
      'link: lost, never arrived (loss 30%)',
      'link: cut to 5 bytes before it arrived (truncate 5)',
      'link: arrived a second time (duplicate)',
    ])
      expect(text).toContain(comment);
    const { trace } = readCapture(file);
    const links = trace.events.flatMap((event) => (event.kind === 'link' ? [[event.packet, event.action.kind]] : []));
    expect(links).toEqual([
      [3, 'lost'],
      [4, 'truncated'],
      [4, 'duplicated'],
    ]);
    const notes = trace.events.flatMap((event) => (event.kind === 'note' ? [event.text] : []));
    expect(notes).toEqual(['comment on the capture: a title']);
  });

  it.each([
    ['192.0.2.1:5000', '198.51.100.7:443', '192.0.2.1:5000', '198.51.100.7:443'],
    ['[2001:db8::1]:5000', '[fe80::2%eth0]:65535', '[2001:db8::1]:5000', '[fe80::2]:65535'],
    ['[::1]:5000', '192.0.2.1:1', '[::1]:5000', '[::ffff:c000:201]:1'],
    ['gateway.test:4000', '1.2.3.999:7', '10.0.0.1:4000', '10.0.0.2:7'],
  ])('keeps the addresses %s and %s', (src, dst, expectedSrc, expectedDst) => {
    const { trace } = readCapture(
      toPcapng({ header, events: [datagram(1, 0, src, dst, bytes(9))] }, { withKeys: false }),
    );
    expect(trace.events.find((event) => event.kind === 'datagram')).toMatchObject({
      src: expectedSrc,
      dst: expectedDst,
    });
  });

  it('holds no secret unless asked, and all of them then', () => {
    const trace = { ...simulation, events: [...secretEvents(keys('good_mutual_srtp'), 0), ...simulation.events] };
    const plain = toPcapng(trace, { withKeys: false });
    expect(new TextDecoder('latin1').decode(plain)).not.toContain('CLIENT_RANDOM');
    expect(secretsOf(readCapture(plain).trace.events)).toEqual([]);
    expect(secretsOf(readCapture(toPcapng(trace, { withKeys: true })).trace.events)).toEqual(keys('good_mutual_srtp'));
  });

  it('keeps a datagram that a capture had cut as long as it was', () => {
    const cut: DatagramEvent = { ...datagram(1, 0, 'client', 'server', bytes(10)), length: 1400 };
    const { trace } = readCapture(toPcapng({ header, events: [cut] }, { withKeys: false }));
    expect(trace.events.find((event) => event.kind === 'datagram')).toMatchObject({ length: 1400, bytes: bytes(10) });
  });

  it('can be made from any trace that a file claims', () => {
    for (let seed = 0; seed < 50; seed++) {
      const trace = randomTrace(seed, 40);
      const hostile = trace.events.map((event, i) => ({ ...event, at: [1e308, -1e308, 5e-324, 0][i % 4] ?? 0 }));
      const reading = readCapture(
        toPcapng({ header: { ...trace.header, startedAt: 1e300 }, events: hostile }, { withKeys: true }),
      );
      expect(reading.problems).toEqual([]);
      expect(reading.counts.datagrams).toBe(trace.events.filter((event) => event.kind === 'datagram').length);
    }
    const huge = datagram(1, 0, 'client', 'server', bytes(70_000));
    const { trace, counts } = readCapture(toPcapng({ header, events: [huge] }, { withKeys: false }));
    expect(counts.datagrams).toBe(1);
    const notes = trace.events.flatMap((event) => (event.kind === 'note' ? [event.text] : []));
    expect(notes).toContain('comment on frame 1: 70000 bytes do not fit a UDP datagram; cut to 65507 here');
  });
});

it('computes the checksum of RFC 1071', () => {
  // The example of RFC 1071 §3: the sum of these words is ddf2.
  expect(checksum(Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7))).toBe(0xffff ^ 0xddf2);
  expect(checksum(Uint8Array.of(0xff))).toBe(0x00ff);
});

describe.runIf(hasTshark)('tshark', () => {
  const checked = ['-o', 'ip.check_checksum:TRUE', '-o', 'udp.check_checksum:TRUE'];

  it('opens it without a complaint and finds every checksum right, in IPv4 and IPv6', () => {
    const random = new Prng(3);
    const pairs = [
      ['client', 'server'],
      ['192.0.2.1:5000', '198.51.100.7:443'],
      ['[2001:db8::1]:5000', '[2001:db8::2]:4433'],
    ] as const;
    const events = Array.from({ length: 300 }, (_, i) => {
      const [src, dst] = pairs[i % 3] ?? pairs[0];
      return datagram(i + 1, i, src, dst, random.bytes(random.int(1500)));
    });
    const file = toPcapng({ header, events }, { withKeys: false });
    expect(tshark(file, []).complaints).toBe('');
    const status = fields(
      file,
      ['frame.number', 'udp.checksum.status', 'ip.checksum.status', '_ws.malformed'],
      checked,
    );
    expect(status).toHaveLength(300);
    // 1 is "good"; IPv6 has no checksum of its own.
    for (const [i, line] of status.entries()) expect(line.slice(1, 3)).toEqual(['1', i % 3 === 2 ? '' : '1']);
  });

  it('shows comments, names the interface, and knows the times to the nanosecond', () => {
    const file = toPcapng(simulation, { withKeys: false });
    const lines = fields(file, [
      'frame.number',
      'frame.time_epoch',
      'frame.comment',
      'frame.interface_name',
      'udp.length',
    ]);
    expect(lines).toEqual([
      ['1', '1800000000.000500000', '', 'dtlscope', '108'],
      ['2', '1800000000.010500001', '', 'dtlscope', '69'],
      ['3', '1800000000.021000000', 'link: lost, never arrived (loss 30%)', 'dtlscope', '9'],
      [
        '4',
        '1800000000.030500000',
        'link: cut to 5 bytes before it arrived (truncate 5),link: arrived a second time (duplicate)',
        'dtlscope',
        '8',
      ],
    ]);
  });

  it('finds nothing malformed in a run of our own over a link that loses nothing', () => {
    const file = toPcapng(simulated([]), { withKeys: true });
    const lines = fields(file, ['_ws.malformed', 'dtls.handshake.type'], ['-o', 'tls.desegment_ssl_records:TRUE']);
    expect(lines.length).toBeGreaterThanOrEqual(6);
    for (const [malformed] of lines) expect(malformed).toBe('');
  });

  // Each start of tshark takes the better part of a second: a fixture of every kind is enough.
  it.each(['chromium_janus_srtp', 'dtls13_nss_mutual_pq', 'loss-small', 'trunc'])(
    'sees in a rewritten %s what it sees in the original',
    (name) => {
      const original = readFileSync(new URL(`${name}.pcapng`, folder));
      const file = toPcapng(capture(name), { withKeys: false });
      const columns = [
        'frame.number',
        'frame.time_delta',
        'udp.srcport',
        'udp.dstport',
        'udp.payload',
        'dtls.record.content_type',
      ];
      expect(fields(file, columns)).toEqual(fields(original, columns));
    },
  );

  it('decrypts both Finished of a run of our own, sent over a link that loses and duplicates', () => {
    const trace = simulated([
      { kind: 'delay', ms: 5, jitterMs: 0, direction: undefined },
      { kind: 'loss', probability: 0.2, direction: undefined },
      { kind: 'duplicate', probability: 0.2, direction: undefined },
    ]);
    const file = toPcapng(trace, { withKeys: true });
    expect(tshark(file, []).complaints).toBe('');
    const finished = fields(file, ['udp.srcport'], ['-Y', 'dtls.handshake.type == 20']).flat();
    expect([...new Set(finished)].sort()).toEqual(['4433', '50000']);
  });

  it.each(['good_ecdhe_rsa', 'good_mutual_srtp', 'bigchain_mtu300', 'dtls10_rsa_cbc'])(
    'decrypts Finished of %s with the keys inside the file, and not without',
    (name) => {
      const trace = capture(name);
      const bare = { ...trace, events: trace.events.filter((event) => event.kind !== 'secret') };
      const full = { ...trace, events: [...secretEvents(keys(name), 0), ...bare.events] };
      const finished = (file: Uint8Array): number =>
        fields(file, ['dtls.handshake.type'], ['-Y', 'dtls.handshake.type == 20']).length;
      expect(finished(toPcapng(full, { withKeys: true }))).toBe(2);
      expect(finished(toPcapng(full, { withKeys: false }))).toBe(0);
    },
  );
});
