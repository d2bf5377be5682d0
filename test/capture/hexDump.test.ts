import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { concat, toHex, utf8 } from '../../src/base/bytes.ts';
import { Prng } from '../../src/base/random.ts';
import { openFile } from '../../src/capture/open.ts';
import { CaptureReader, readCapture } from '../../src/capture/read.ts';
import type { DatagramEvent, TraceEvent } from '../../src/trace/model.ts';
import { blocks, ethernet, ipv4, udp } from './build.ts';
import { hasTshark, tshark } from './tshark.ts';

const original = readFileSync(new URL('../fixtures/captures/loss-small.pcapng', import.meta.url));
const datagrams = (events: readonly TraceEvent[]): DatagramEvent[] =>
  events.filter((event) => event.kind === 'datagram');
const seen = (events: readonly TraceEvent[]) =>
  datagrams(events).map(({ packet, src, dst, bytes }) => ({ packet, src, dst, hex: toHex(bytes) }));

/** Lines of an offset, bytes and text, as most tools print them. */
function dump(bytes: Uint8Array, digits = 4): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = [...bytes.subarray(at, at + 16)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = row.map((byte) => (byte > 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${at.toString(16).padStart(digits, '0')}  ${hex.padEnd(48)}  ${text}`);
  }
  return `${lines.join('\n')}\n`;
}

const payload = Uint8Array.from(datagrams(readCapture(original).trace.events)[0]?.bytes ?? []);
const frame = ethernet(0x0800, ipv4(udp({ payload })));

describe.runIf(hasTshark)('a dump that tshark printed', () => {
  it('gives the datagrams of its capture', () => {
    const { out } = tshark(original, ['-x']);
    expect(seen(openFile_(utf8(out)))).toEqual(seen(readCapture(original).trace.events));
  });
});

const openFile_ = (bytes: Uint8Array): readonly TraceEvent[] => {
  const opened = openFile(bytes);
  expect(opened.kind).toBe('hexdump');
  return 'trace' in opened ? (opened.trace?.events ?? []) : [];
};

describe('a hex dump', () => {
  it.each([
    ['of frames', dump(frame)],
    ['with comments and blank lines', `# a comment\n\n${dump(frame)}`],
    ['with CRLF', dump(frame).replaceAll('\n', '\r\n')],
    ['with long offsets', dump(frame, 8)],
    ['of IP packets in groups, as tcpdump prints them', tcpdump(ipv4(udp({ payload })))],
    ['without an end of line', dump(frame).trimEnd()],
  ])('%s is read', (_, text) => {
    const [datagram] = datagrams(openFile_(utf8(text)));
    expect(datagram).toMatchObject({ src: '10.0.0.1:5000', dst: '10.0.0.2:4433' });
    expect(toHex(datagram?.bytes ?? new Uint8Array(0))).toBe(toHex(payload));
  });

  it('of payloads gets addresses that are said to be made up, and directions from marks or messages', () => {
    const text = `O 2026-11-21 17:00:00.000000\n${dump(payload)}I 2026-11-21 17:00:01.500000\n${dump(payload)}`;
    const events = openFile_(utf8(text));
    expect(datagrams(events).map(({ src, at }) => [src, at])).toEqual([
      ['192.0.2.1:50000', 0],
      ['192.0.2.2:4433', 1500],
    ]);
    expect(events.find(({ kind }) => kind === 'note')).toMatchObject({ text: expect.stringContaining('made up') });
  });

  it('whose text column looks like bytes is read by its offsets', () => {
    const text = '0000  16 fe fd 00 00 00 00 00 00 00 00 00 04 61 62 63 61 62 63\n0010  64 65 66\n';
    const [datagram] = datagrams(openFile_(utf8(text)));
    expect(datagram?.length).toBe(19);
  });

  it('in which a line is missing says where, and goes on at the next packet', () => {
    const lines = dump(frame).split('\n');
    const broken = [...lines.slice(0, 2), ...lines.slice(3)].join('\n') + dump(frame);
    const reading = readCapture(utf8(broken));
    expect(reading.problems[0]?.offset).toBe(lines.slice(0, 2).join('\n').length + 1);
    expect(datagrams(reading.trace.events).at(-1)?.bytes).toHaveLength(payload.length);
  });

  it('in chunks of any size is the same', () => {
    const bytes = utf8(dump(frame).repeat(3));
    const random = new Prng(3);
    for (let round = 0; round < 20; round++) {
      const reader = new CaptureReader();
      const events: TraceEvent[] = [];
      for (let at = 0; at < bytes.length; ) {
        const size = 1 + random.int(400);
        events.push(...reader.push(bytes.slice(at, at + size)));
        at += size;
      }
      events.push(...reader.end());
      expect(seen(events)).toEqual(seen(readCapture(bytes).trace.events));
    }
  });

  it('of noise never throws', () => {
    const random = new Prng(4);
    for (let i = 0; i < 500; i++) {
      const bytes = utf8(dump(frame));
      for (let faults = 0; faults < 6; faults++) bytes[20 + random.int(bytes.length - 20)] = 9 + random.int(118);
      const { counts } = readCapture(bytes);
      const other = Object.values(counts.other).reduce((sum, count) => sum + count, 0);
      expect(counts.datagrams + other).toBe(counts.frames);
    }
  });
});

/** Groups of four digits, as tcpdump -X. */
function tcpdump(bytes: Uint8Array): string {
  const out = ['12:00:00.000000 IP 10.0.0.1.5000 > 10.0.0.2.4433: UDP, length 67'];
  for (let at = 0; at < bytes.length; at += 16) {
    const groups = toHex(bytes.subarray(at, at + 16)).match(/.{1,4}/g) ?? [];
    out.push(`\t0x${at.toString(16).padStart(4, '0')}:  ${groups.join(' ').padEnd(39)}  E..abcd`);
  }
  return `${out.join('\n')}\n`;
}

describe('ICMP in a capture', () => {
  const b = blocks();
  const quoted = ipv4(udp({ payload: new Uint8Array(1200) }));
  const icmp = (type: number, code: number, mtu: number): Uint8Array =>
    ipv4(concat(Uint8Array.of(type, code, 0, 0, 0, 0, mtu >> 8, mtu & 255), quoted.subarray(0, 28)), {
      protocol: 1,
      src: '10.9.9.9',
      dst: '10.0.0.1',
    });
  const events = (...packets: readonly Uint8Array[]): readonly TraceEvent[] =>
    readCapture(concat(b.section(), b.networkInterface(101), ...packets.map((one, i) => b.packet(0, BigInt(i), one))))
      .trace.events;

  it('that a hop has a smaller MTU is laid to the datagram that it quotes', () => {
    const link = events(quoted, icmp(3, 4, 1000)).find(({ kind }) => kind === 'link');
    expect(link).toMatchObject({ packet: 1, action: { kind: 'too-large', mtu: 972 }, rule: 'ICMP from 10.9.9.9' });
  });

  it('that nobody listens names the flow', () => {
    const refused = events(quoted, icmp(3, 3, 0)).find(({ kind }) => kind === 'refused');
    expect(refused).toMatchObject({ why: 'port unreachable', src: '10.0.0.1:5000', dst: '10.0.0.2:4433' });
  });
});
