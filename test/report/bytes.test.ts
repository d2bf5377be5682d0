/** Bytes and trees as text that other programs take back. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fromBase64, fromHex, toHex, utf8 } from '../../src/base/bytes.ts';
import { Prng } from '../../src/base/random.ts';
import { readCapture } from '../../src/capture/read.ts';
import { byteForms, bytesAs, cArray, fieldsJson, hexdump } from '../../src/report/bytes.ts';
import { hasTshark } from '../capture/tshark.ts';
import { leavesOf } from '../support/fieldTree.ts';
import { buffersOf, inspectedCapture } from '../support/inspecting.ts';

const sizes = [0, 1, 2, 11, 12, 13, 15, 16, 17, 31, 32, 33, 300, 1472];
const some = (size: number): Uint8Array => new Prng(`bytes ${size}`).bytes(size);

describe('bytes', () => {
  it('come back from every form but the hexdump by the plainest of readers', () => {
    for (const size of sizes) {
      const bytes = some(size);
      expect(fromHex(bytesAs('hex', bytes))).toEqual(bytes);
      expect(fromBase64(bytesAs('base64', bytes))).toEqual(bytes);
      const numbers = [...cArray(bytes).matchAll(/0x([0-9a-f]{2})/g)].map(([, pair]) => pair).join('');
      expect(numbers).toBe(toHex(bytes));
    }
  });

  it('are printable ASCII in every form', () => {
    for (const form of byteForms)
      for (const size of sizes) expect(bytesAs(form, some(size))).toMatch(/^[\x20-\x7e\n]*$/);
  });

  it('as C are one array of the right size, under a name that C takes', () => {
    expect(cArray(Uint8Array.of(0x16, 0xfe, 0xfd), 'Datagram 4')).toBe(
      'static const unsigned char Datagram_4[3] = {\n  0x16, 0xfe, 0xfd\n};\n',
    );
    expect(cArray(some(13)).split('\n')).toHaveLength(5);
    expect(cArray(some(1), '4th; system("x")')).toMatch(/^static const unsigned char _4th_system_x_\[1\]/);
    expect(cArray(Uint8Array.of(), '')).toBe('static const unsigned char _[1] = {\n  0\n};\n');
  });

  it('as a hexdump have offsets, sixteen columns, and text behind a bar', () => {
    expect(hexdump(utf8('a certificate: \u0000\u001f|')).split('\n')).toEqual([
      '000000  61 20 63 65 72 74 69 66 69 63 61 74 65 3a 20 00  |a certificate: .|',
      '000010  1f 7c                                            |.||',
      '',
    ]);
    expect(hexdump(Uint8Array.of())).toBe('');
  });

  it.runIf(hasTshark)('as a hexdump are taken back by text2pcap, whatever their text looks like', () => {
    const folder = mkdtempSync(join(tmpdir(), 'dtlscope-'));
    try {
      const samples = [...sizes.slice(1).map(some), utf8('de ad be ef 00 11 22 000010 aa |ab cd| 000020  00 ')];
      const text = samples.map(hexdump).join('\n');
      writeFileSync(join(folder, 'dump.txt'), text);
      const args = ['-q', '-F', 'pcap', '-u', '5000,5001', join(folder, 'dump.txt'), join(folder, 'dump.pcap')];
      execFileSync('text2pcap', args, { stdio: 'ignore' });
      const { trace } = readCapture(readFileSync(join(folder, 'dump.pcap')));
      const back = trace.events.flatMap((event) => (event.kind === 'datagram' ? [toHex(event.bytes)] : []));
      expect(back).toEqual(samples.map(toHex));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('a tree as JSON', () => {
  it('has every field with its place, and all bytes once', () => {
    for (const { tree, bytes, title } of buffersOf(inspectedCapture('loss-small'))) {
      const json = fieldsJson(tree, bytes);
      const root = JSON.parse(json);
      expect(root, title).toMatchObject({ name: tree.name, start: 0, end: bytes.length, see: tree.see });
      const hex = [...json.matchAll(/"bytes": "([0-9a-f]*)"/g)].map(([, pairs]) => pairs).join('');
      expect(hex, title).toBe(toHex(bytes));
      expect(json.match(/"name":/g)?.length).toBeGreaterThanOrEqual(leavesOf(tree).length);
    }
  });

  it('gives no bytes for what never came, and says why', () => {
    const all = inspectedCapture('trunc');
    const buffer = buffersOf(all).find(({ title }) => title === 'Certificate, incomplete');
    if (!buffer) throw new Error('nothing incomplete');
    const json = fieldsJson(buffer.tree, buffer.bytes);
    expect(json).toContain('"kind": "missing"');
    const hex = [...json.matchAll(/"bytes": "([0-9a-f]*)"/g)].map(([, pairs]) => pairs).join('');
    expect(hex.length / 2).toBe(1061);
  });
});
