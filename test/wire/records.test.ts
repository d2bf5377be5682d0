import { describe, expect, it } from 'vitest';
import { concat, equal, fromHex } from '../../src/base/bytes.ts';
import { Prng } from '../../src/base/random.ts';
import { decode, dissect, encode } from '../../src/codec/codec.ts';
import { alert, changeCipherSpec, datagram, record, recordHeaderLength, splitDatagram } from '../../src/wire/record.ts';
import { loadCapture } from '../support/fixtures.ts';
import { datagramsOf } from '../support/messages.ts';

const hex = (text: string): Uint8Array => {
  const bytes = fromHex(text);
  if (!bytes) throw new Error(text);
  return bytes;
};
const alertRecord = hex('15 fefd 0001 000000000005 0002 0228');
const ccsRecord = hex('14 fefd 0000 ffffffffffff 0001 01');
const emptyRecord = hex('17 feff 0000 000000000000 0000');

describe('a datagram', () => {
  it('[12] is split into records, each with its place and header', () => {
    const { records, leftover } = splitDatagram(concat(ccsRecord, emptyRecord, alertRecord));
    expect(leftover).toBeUndefined();
    expect(records).toMatchObject([
      { start: 0, end: 14, type: 20, version: 0xfefd, epoch: 0, sequenceNumber: 2 ** 48 - 1, length: 1 },
      { start: 14, end: 27, type: 23, version: 0xfeff, epoch: 0, sequenceNumber: 0, length: 0 },
      { start: 27, end: 42, type: 21, epoch: 1, sequenceNumber: 5, length: 2, fragment: Uint8Array.of(2, 40) },
    ]);
  });

  it('that is empty has no records and nothing left over', () => {
    expect(splitDatagram(new Uint8Array(0))).toEqual({ records: [] });
  });

  it('of another protocol is left over as a whole', () => {
    for (const first of [0, 1, 19, 32, 47, 64, 127, 128, 255])
      expect(splitDatagram(Uint8Array.of(first, ...alertRecord.subarray(1)))).toMatchObject({
        records: [],
        leftover: { start: 0, reason: 'not-dtls' },
      });
    // TLS over TCP, and the pre-standard version of old OpenSSL.
    for (const version of ['0303', '0100'])
      expect(splitDatagram(hex(`16 ${version} 0000 000000000000 0001 00`)).leftover?.reason).toBe('not-dtls');
  });

  it('[12] with rubbish behind its records gives the records, and where the rubbish begins', () => {
    expect(splitDatagram(concat(alertRecord, new Uint8Array(20)))).toMatchObject({
      records: [{ start: 0, end: 15 }],
      leftover: { start: 15, reason: 'not-dtls' },
    });
    expect(splitDatagram(concat(alertRecord, new Uint8Array(5)))).toMatchObject({
      leftover: { start: 15, reason: 'short-header' },
    });
  });

  it('cut at any byte gives the whole records before the cut, and says what was cut', () => {
    for (const name of ['bigchain_mtu300', 'good_mutual_srtp']) {
      for (const whole of datagramsOf(name)) {
        const all = splitDatagram(whole).records;
        for (let length = 0; length < whole.length; length++) {
          const { records, leftover } = splitDatagram(whole.subarray(0, length));
          const fitting = all.filter(({ end }) => end <= length);
          const border = fitting.at(-1)?.end ?? 0;
          if (records.length !== fitting.length) expect.fail(`${name}: ${records.length} records in ${length} bytes`);
          const expected =
            length === border ? undefined : length - border < recordHeaderLength ? 'short-header' : 'truncated';
          if (leftover?.reason !== expected) expect.fail(`${name}, ${length} bytes: ${leftover?.reason}`);
          if (leftover && leftover.start !== border) expect.fail(`${name}, ${length} bytes: from ${leftover.start}`);
          if (leftover?.record) {
            const cut = all[fitting.length];
            if (leftover.record.length !== cut?.length || leftover.record.end !== length)
              expect.fail(`${name}, ${length} bytes: the cut record is wrong`);
          }
        }
      }
    }
  });

  it('that the path cut in a real capture is seen as cut', () => {
    const events = loadCapture('trunc').events;
    const reasons = events.flatMap((event) =>
      event.kind === 'datagram' ? [splitDatagram(event.bytes).leftover?.reason] : [],
    );
    expect(reasons).toContain('truncated');
  });

  it('changed at random is covered once and in order, and never throws', () => {
    const prng = new Prng('datagrams');
    const samples = datagramsOf('loss-small');
    for (let i = 0; i < 30_000; i++) {
      const bytes = Uint8Array.from(samples[i % samples.length] ?? []);
      for (let k = prng.int(4); k >= 0; k--) bytes[prng.int(Math.min(bytes.length, 40))] = prng.int(256);
      const { records, leftover } = splitDatagram(bytes);
      let at = 0;
      for (const { start, end, length, fragment } of records) {
        if (start !== at || end !== start + recordHeaderLength + length || fragment.length !== length)
          expect.fail(`a record at ${start} of length ${length}`);
        at = end;
      }
      if ((leftover ? leftover.start : bytes.length) !== at) expect.fail(`nothing covers byte ${at}`);
    }
  });
});

describe('the record codec', () => {
  it('agrees with splitDatagram on every datagram of the captures up to DTLS 1.2', () => {
    let seen = 0;
    for (const name of [
      'good_ecdhe_rsa',
      'good_mutual_srtp',
      'bigchain_unsplit',
      'dtls10_rsa_cbc',
      'lossy_retransmit',
    ]) {
      for (const bytes of datagramsOf(name)) {
        const { records } = splitDatagram(bytes);
        const decoded = decode(datagram, bytes);
        expect(decoded.length).toBe(records.length);
        for (const [i, one] of decoded.entries()) {
          const other = records[i];
          seen++;
          expect(one.sequence_number).toBe(other?.sequenceNumber);
          expect(one.epoch).toBe(other?.epoch);
          expect(equal(one.fragment, other?.fragment ?? new Uint8Array(1))).toBe(true);
        }
      }
    }
    expect(seen).toBeGreaterThan(90);
  });

  it('names type and version, and shows the fragment as a field of its own', () => {
    const { root } = dissect(record, 'record', alertRecord);
    expect(root.children).toMatchObject([
      { name: 'type', label: 'alert' },
      { name: 'version', label: 'DTLS 1.2' },
      { name: 'epoch', value: 1 },
      { name: 'sequence_number', value: 5 },
      {
        name: 'fragment',
        children: [
          { name: 'length', end: 13 },
          { name: 'data', start: 13, end: 15 },
        ],
      },
    ]);
  });

  it('writes what it reads', () => {
    const value = { type: 22, version: 0xfefd, epoch: 3, sequence_number: 2 ** 40 + 7, fragment: Uint8Array.of(1, 2) };
    expect(encode(record, value)).toEqual(hex('16 fefd 0003 010000000007 0002 0102'));
  });
});

describe('alerts and change_cipher_spec', () => {
  it('are read with their names', () => {
    const { root } = dissect(alert, 'alert', Uint8Array.of(2, 40));
    expect(root.children).toMatchObject([{ label: 'fatal' }, { label: 'handshake_failure' }]);
    expect(dissect(changeCipherSpec, 'ccs', Uint8Array.of(1)).root.children[0]?.label).toBe('change_cipher_spec');
  });

  it('that are unknown keep their numbers', () => {
    expect(decode(alert, Uint8Array.of(7, 200))).toEqual({ level: 7, description: 200 });
    expect(dissect(alert, 'alert', Uint8Array.of(7, 200)).root.children).toMatchObject([
      { label: 'unknown (0x07)' },
      { label: 'unknown (0xc8)' },
    ]);
    expect(encode(alert, { level: 7, description: 200 })).toEqual(Uint8Array.of(7, 200));
  });

  it('of the wrong length are refused', () => {
    for (const wrong of [[], [2], [2, 40, 0]]) expect(dissect(alert, 'alert', Uint8Array.from(wrong)).ok).toBe(false);
    for (const wrong of [[], [1, 1]]) expect(dissect(changeCipherSpec, 'ccs', Uint8Array.from(wrong)).ok).toBe(false);
  });
});
