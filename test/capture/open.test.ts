import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { concat, utf8 } from '../../src/base/bytes.ts';
import { Prng } from '../../src/base/random.ts';
import { openFile } from '../../src/capture/open.ts';
import { readCapture } from '../../src/capture/read.ts';
import { toPcapng } from '../../src/capture/write.ts';
import { toQlog, toSqlog } from '../../src/trace/qlog/write.ts';
import { pcap } from './build.ts';

const folder = new URL('../fixtures/captures/', import.meta.url);
const original = readFileSync(new URL('good_mutual_srtp.pcapng', folder));
const { trace } = readCapture(original);
const withKeys = { withKeys: true } as const;

describe('a file is known by its content', () => {
  it.each([
    ['a pcapng file', toPcapng(trace, withKeys), 'pcapng'],
    ['a pcap file', pcap(101, []), 'pcap'],
    ['a big-endian pcap file with nanoseconds', pcap(101, [], { by: 'big', nano: true }), 'pcap'],
    ['a sequential trace', utf8(toSqlog(trace, withKeys)), 'sqlog'],
    ['a contained trace', utf8(toQlog(trace, withKeys)), 'qlog'],
    ['a contained trace that begins with white space', utf8(`\n ${toQlog(trace, withKeys)}`), 'qlog'],
    ['a key log', readFileSync(new URL('good_mutual_srtp.keylog', folder)), 'keylog'],
    [
      'a key log that begins with comments',
      utf8(`# a\n\n#b\nCLIENT_RANDOM ${'00'.repeat(32)} ${'11'.repeat(48)}`),
      'keylog',
    ],
  ])('%s', (_, bytes, kind) => {
    const file = openFile(bytes);
    expect(file.kind).toBe(kind);
    expect(file.problems).toEqual([]);
  });

  it.each([
    ['nothing', new Uint8Array(0), 'the file is empty'],
    ['gzip', Uint8Array.of(0x1f, 0x8b, 8, 0), 'unpack it first'],
    ['ZIP', utf8('PK\u0003\u0004'), 'unpack it first'],
    ['snoop', utf8('snoop\0\0\0'), 'editcap'],
    ['PEM', utf8('-----BEGIN CERTIFICATE-----'), 'PEM'],
    ['a letter', utf8('Dear Sir or Madam'), 'neither a capture'],
    ['a page of comments', utf8('# nothing\n'.repeat(1000)), 'neither a capture'],
  ])('%s is refused with its name and what to do', (_, bytes, why) => {
    const file = openFile(bytes);
    expect(file.kind).toBe('unknown');
    expect(file.problems[0]?.why).toContain(why);
  });
});

it('gives the same facts whether they come as sqlog, as qlog or as the capture itself', () => {
  const files = [original, utf8(toSqlog(trace, withKeys)), utf8(toQlog(trace, withKeys))].map((bytes) =>
    openFile(bytes),
  );
  for (const file of files) expect('trace' in file && file.trace?.events).toEqual(trace.events);
});

it('never throws at noise behind any beginning', () => {
  const random = new Prng(6);
  const heads = ['', '\u001e{"trace":', '{"traces":[{"events":[', 'CLIENT_RANDOM 0011223344556677', '#'].map(utf8);
  for (let i = 0; i < 3000; i++) {
    const bytes = concat(heads[i % heads.length] ?? new Uint8Array(0), random.bytes(random.int(100)));
    expect(openFile(bytes).problems.length).toBeGreaterThan(0);
  }
});
