/** Ciphertexts of DTLS 1.3: the unified header, datagrams that mix records, numbers and epochs rebuilt, inner plaintext. */
import { describe, expect, it } from 'vitest';
import { concat, equal, fromHex, toHex } from '../../src/base/bytes.ts';
import { Prng } from '../../src/base/random.ts';
import { decode, dissect, encode, tryDecode } from '../../src/codec/codec.ts';
import { anyDatagram, splitDatagram } from '../../src/wire/record.ts';
import {
  ack,
  type CiphertextSlice,
  innerPlaintext,
  innerTypeAt,
  lastNumber,
  reconstructEpoch,
  reconstructNumber,
  unifiedHeader,
} from '../../src/wire/unified.ts';
import { recordingOf } from '../support/dtls13.ts';
import { datagramsOf } from '../support/messages.ts';
import { mixedHex } from '../support/samples13.ts';

const hex = (text: string): Uint8Array => {
  const bytes = fromHex(text);
  if (!bytes) throw new Error(text);
  return bytes;
};
const mixed = mixedHex().map(hex);

/** The one ciphertext of a datagram. */
const only = (bytes: Uint8Array, cidLength?: number): CiphertextSlice => {
  const { records, leftover } = splitDatagram(bytes, { cidLength });
  const [slice] = records;
  if (leftover || records.length !== 1 || slice?.form !== 'unified') throw new Error(`not one: ${leftover?.reason}`);
  return slice;
};

describe('a unified header', () => {
  const body = new Uint8Array(20).fill(0xc5);

  it('[27] is read in all its forms, for every C, S, L and epoch', () => {
    for (let first = 0x20; first < 0x40; first++) {
      const [cid, wide, length] = [(first & 0x10) !== 0, (first & 0x08) !== 0, (first & 0x04) !== 0];
      const header = concat(
        Uint8Array.of(first),
        cid ? hex('c1c2c3') : hex(''),
        wide ? hex('1234') : hex('56'),
        length ? hex('0014') : hex(''),
      );
      const slice = only(concat(header, body), 3);
      expect(slice).toMatchObject({
        start: 0,
        end: header.length + 20,
        firstByte: first,
        epochBits: first & 3,
        numberLength: wide ? 2 : 1,
        hasLength: length,
        length: 20,
      });
      expect(slice.cid).toEqual(cid ? hex('c1c2c3') : undefined);
      expect(slice.header).toEqual(header);
      expect(slice.fragment).toEqual(body);
      expect(decode(unifiedHeader(3), header)).toEqual({
        first_byte: first,
        connection_id: cid ? hex('c1c2c3') : undefined,
        sequence_number: wide ? 0x1234 : 0x56,
        length: length ? 20 : undefined,
      });
    }
  });

  it('[27, 88] with a connection ID is read only by who knows how long it is', () => {
    const record = concat(hex('30c1c2c356'), body);
    expect(splitDatagram(record, {})).toEqual({ records: [], leftover: { start: 0, reason: 'unknown-cid' } });
    expect(splitDatagram(record, { cidLength: 0 })).toEqual({
      records: [],
      leftover: { start: 0, reason: 'unexpected-cid' },
    });
    expect(only(record, 3).cid).toEqual(hex('c1c2c3'));
    // Records without one need no length: whether one had to be there, the association knows.
    expect(only(concat(hex('2056'), body)).cid).toBeUndefined();
    for (const cidLength of [undefined, 0])
      expect(tryDecode(unifiedHeader(cidLength), hex('30c1c2c356')).ok).toBe(false);
  });

  it('[27] without a length takes all that is left', () => {
    const slice = only(concat(hex('2056'), new Uint8Array(40_000)));
    expect(slice).toMatchObject({ hasLength: false, length: 40_000, end: 40_002 });
  });

  it('shows its bits in words, and its fields in the tree', () => {
    const { root } = dissect(anyDatagram(2), 'datagram', mixed[3] ?? hex(''));
    const header = root.children[0]?.children[0];
    expect(header).toMatchObject({ name: 'unified_header', see: 'RFC 9147 §4' });
    expect(header?.children).toMatchObject([
      { name: 'first_byte', label: 'epoch ..11, 16-bit number, with length, connection ID' },
      { name: 'connection_id', start: 1, end: 3 },
      { name: 'sequence_number', start: 3, end: 5 },
      { name: 'length', value: 16 },
    ]);
    expect(root.children[0]?.children[1]).toMatchObject({ name: 'encrypted_record', start: 7, end: 23 });
  });
});

describe('a datagram with records of all kinds', () => {
  it('[26] is split by their first bytes (RFC 9147 §4.1)', () => {
    const { records, leftover } = splitDatagram(concat(...mixed), { cidLength: 2 });
    expect(leftover).toBeUndefined();
    expect(records.map(({ form, start, end }) => [form, end - start])).toEqual(
      mixed.map((bytes, i) => [[1, 2, 3, 6].includes(i) ? 'unified' : 'plain', bytes.length]),
    );
    expect(records[4]).toMatchObject({ type: 25, epoch: 1, sequenceNumber: 7, length: 3, cid: hex('abcd') });
    expect(records[4]?.fragment).toEqual(hex('d1d2d3'));
  });

  it('agrees with the codec, and is covered once', () => {
    const bytes = concat(...mixed);
    const decoded = decode(anyDatagram(2), bytes);
    expect(decoded.map(({ kind }) => kind)).toEqual([
      'record',
      'ciphertext',
      'ciphertext',
      'ciphertext',
      'cid-record',
      'record',
      'ciphertext',
    ]);
    const { records } = splitDatagram(bytes, { cidLength: 2 });
    for (const [i, one] of decoded.entries()) {
      const content = one.kind === 'ciphertext' ? one.body.encrypted_record : one.body.fragment;
      expect(content).toEqual(records[i]?.fragment);
    }
  });

  it('[26] tells every first byte apart: 20 to 31 with a header of 13 bytes, 32 to 63 with the unified one, no other', () => {
    const rest = concat(hex('fefd 0000 000000000000 0014'), new Uint8Array(20));
    for (let first = 0; first < 256; first++) {
      const { records, leftover } = splitDatagram(concat(Uint8Array.of(first), rest), { cidLength: 1 });
      const form = records[0]?.form ?? leftover?.reason;
      if (first < 20 || first > 63) expect([first, form]).toEqual([first, 'not-dtls']);
      else if (first >= 32) {
        // With the L bit these bytes may declare more than there is: then it is a ciphertext that was cut.
        expect([first, records[0]?.form ?? leftover?.record?.form]).toEqual([first, 'unified']);
      } else expect([first, form]).toEqual([first, first === 25 ? 'truncated' : 'plain']);
    }
  });

  it('is not DTLS from its first ciphertext on to who knows only versions up to 1.2', () => {
    const { records, leftover } = splitDatagram(concat(...mixed));
    expect(records).toHaveLength(1);
    expect(leftover).toEqual({ start: 15, reason: 'not-dtls' });
  });

  it('of DTLS 1.2 with a connection ID needs its length too', () => {
    const record = mixed[4] ?? hex('');
    expect(splitDatagram(record, {}).leftover?.reason).toBe('unknown-cid');
    expect(splitDatagram(record, { cidLength: 0 }).leftover?.reason).toBe('unexpected-cid');
    expect(splitDatagram(record.subarray(0, 14), { cidLength: 2 }).leftover?.reason).toBe('short-header');
  });

  it('cut at any byte gives the whole records before the cut, and says what was cut', () => {
    const whole = concat(...mixed);
    const all = splitDatagram(whole, { cidLength: 2 }).records;
    const open = all.at(-1)?.start ?? 0;
    for (let length = 0; length < whole.length; length++) {
      const { records, leftover } = splitDatagram(whole.subarray(0, length), { cidLength: 2 });
      if (length > open + 1) {
        // The last record says no length: a cut can't be seen in it.
        expect(leftover).toBeUndefined();
        expect(records.at(-1)?.end).toBe(length);
        continue;
      }
      const fitting = all.filter(({ end }) => end <= length);
      expect(records).toEqual(fitting);
      const border = fitting.at(-1)?.end ?? 0;
      if (length === border) expect(leftover).toBeUndefined();
      else {
        expect(leftover?.start).toBe(border);
        expect(['short-header', 'truncated']).toContain(leftover?.reason);
        if (leftover?.record)
          expect(leftover.record).toMatchObject({ length: all[fitting.length]?.length, end: length });
      }
    }
  });

  it('changed at random is covered once and in order, and never throws', () => {
    const prng = new Prng('unified');
    const samples = [concat(...mixed), ...recordingOf('dtls13_nss_mutual_pq').datagrams.map(({ bytes }) => bytes)];
    for (let i = 0; i < 30_000; i++) {
      const bytes = Uint8Array.from(samples[i % samples.length] ?? []);
      for (let k = prng.int(4); k >= 0; k--) bytes[prng.int(Math.min(bytes.length, 60))] = prng.int(256);
      const cidLength = [undefined, 0, 2, 5][i % 4];
      const { records, leftover } = splitDatagram(bytes, { cidLength });
      let at = 0;
      for (const slice of records) {
        const header = slice.form === 'unified' ? slice.header.length : 13 + (slice.cid?.length ?? 0);
        if (slice.start !== at || slice.end !== at + header + slice.length || slice.fragment.length !== slice.length)
          expect.fail(`a record at ${slice.start} of length ${slice.length}`);
        at = slice.end;
      }
      if ((leftover ? leftover.start : bytes.length) !== at) expect.fail(`nothing covers byte ${at}`);
      // What splits without a leftover, the codec reads; and it reads nothing else.
      const read = tryDecode(anyDatagram(cidLength), bytes);
      if (!leftover && !read.ok) expect.fail(`${read.error.message} in ${toHex(bytes)}`);
    }
  });

  it('of a real handshake holds plaintext and ciphertext, and nothing is left over', () => {
    const forms = recordingOf('dtls13_nss_mutual_pq').datagrams.map(({ bytes }) => {
      const { records, leftover } = splitDatagram(bytes, { cidLength: 0 });
      expect(leftover).toBeUndefined();
      return records.map(({ form }) => form[0]).join('');
    });
    expect(forms).toEqual(['p', 'p', 'puu', 'uuuu', 'uuu', 'u', 'u', 'u', 'u', 'u']);
  });

  it('up to DTLS 1.2 is split alike with and without the rules of 1.3', () => {
    for (const name of ['good_mutual_srtp', 'dtls10_rsa_cbc', 'lossy_retransmit'])
      for (const bytes of datagramsOf(name)) expect(splitDatagram(bytes, {})).toEqual(splitDatagram(bytes));
  });
});

describe('a record number', () => {
  it('[29] is the nearest to the expected one that has the low bits (RFC 9147 §4.2.2), for every low byte', () => {
    const nearest = (low: number, window: number, expected: number): number[] => {
      const first = Math.max(0, Math.floor(expected / window) - 2);
      const all = [0, 1, 2, 3, 4].map((i) => (first + i) * window + low);
      const least = Math.min(...all.map((n) => Math.abs(n - expected)));
      return all.filter((n) => Math.abs(n - expected) === least);
    };
    for (const expected of [0, 1, 5, 127, 128, 129, 200, 255, 256, 257, 383, 384, 385, 1000, 65_535, 65_536]) {
      for (let low = 0; low < 256; low++) {
        const number = reconstructNumber(low, 1, expected);
        // Of two that are equally near, the later one.
        const right = Math.max(...nearest(low, 256, expected));
        if (number !== right) expect.fail(`${low} near ${expected} is ${right}, not ${number}`);
      }
    }
  });

  it('[29] of 16 bits is right for any loss and any lateness below half of its range', () => {
    const prng = new Prng('numbers');
    for (let i = 0; i < 20_000; i++) {
      const expected = i % 2 ? prng.int(200_000) : prng.int(2 ** 48);
      const number = Math.min(lastNumber, Math.max(0, expected + prng.int(65_535) - 32_767));
      const close = Math.min(lastNumber, Math.max(0, expected + prng.int(255) - 127));
      const got = [reconstructNumber(number % 65_536, 2, expected), reconstructNumber(close % 256, 1, expected)];
      if (got[0] !== number || got[1] !== close) expect.fail(`${number} and ${close} near ${expected}: ${got}`);
    }
  });

  it('never lies outside of 0 to 2^48-1', () => {
    const prng = new Prng('bounds');
    for (let i = 0; i < 5000; i++) {
      for (const expected of [prng.int(300), lastNumber - prng.int(300), lastNumber + 1]) {
        for (const width of [1, 2] as const) {
          const low = prng.int(256 ** width);
          const number = reconstructNumber(low, width, expected);
          if (number < 0 || number > lastNumber || number % 256 ** width !== low)
            expect.fail(`${number} of low bits ${low} near ${expected}`);
        }
      }
    }
  });

  it('[29] belongs to the most recent epoch that matches its two bits', () => {
    expect([0, 1, 2, 3].map((bits) => reconstructEpoch(bits, 3))).toEqual([0, 1, 2, 3]);
    expect([0, 1, 2, 3].map((bits) => reconstructEpoch(bits, 5))).toEqual([4, 5, 2, 3]);
    expect([0, 1, 2, 3].map((bits) => reconstructEpoch(bits, 2))).toEqual([0, 1, 2, undefined]);
    expect(reconstructEpoch(3, 0)).toBeUndefined();
    expect(reconstructEpoch(1, 2 ** 40)).toBe(2 ** 40 - 3);
  });
});

describe('an inner plaintext', () => {
  it('[31] ends with its type, before any zeros', () => {
    expect(innerTypeAt(hex('0102030000'))).toBe(2);
    expect(innerTypeAt(hex('16'))).toBe(0);
    expect(innerTypeAt(hex(''))).toBe(-1);
    expect(innerTypeAt(hex('000000'))).toBe(-1);
    expect(decode(innerPlaintext, hex('0228 15 000000'))).toEqual({ content: hex('0228'), type: 21, zeros: 3 });
    expect(decode(innerPlaintext, hex('17'))).toEqual({ content: hex(''), type: 23, zeros: 0 });
  });

  it('[31] of nothing but zeros has no type and is refused', () => {
    for (const zeros of ['', '00', '000000']) {
      const read = tryDecode(innerPlaintext, hex(zeros));
      expect(read.ok ? 'accepted' : read.error.code).toBe('bad-value');
    }
    expect(() => encode(innerPlaintext, { content: hex('aa'), type: 0, zeros: 2 })).toThrow(RangeError);
  });

  it('shows content, type and padding as fields', () => {
    const { root } = dissect(innerPlaintext, 'inner', hex('022815 0000'));
    expect(root.children).toMatchObject([
      { name: 'content', start: 0, end: 2 },
      { name: 'type', label: 'alert' },
      { name: 'zeros', start: 3, end: 5, label: '2 bytes of padding' },
    ]);
  });
});

describe('an ACK', () => {
  it('names records by epoch and number, 16 bytes each', () => {
    const bytes = hex('0020 0000000000000002 0000000000000005 0000000000000003 0000ffffffffffff');
    const value = {
      record_numbers: [
        { epoch: 2, sequence_number: 5 },
        { epoch: 3, sequence_number: lastNumber },
      ],
    };
    expect(decode(ack, bytes)).toEqual(value);
    expect(encode(ack, value)).toEqual(bytes);
    expect(dissect(ack, 'ack', bytes).root.children[0]?.children[1]).toMatchObject({
      name: 'record_number[0]',
      label: '2/5',
    });
  });

  it('of a number beyond 2^48-1, or with bytes over, is refused', () => {
    for (const wrong of [
      '0010 0000000000000002 0001000000000000',
      '0010 ffffffffffffffff 0000000000000000',
      '000f 000000000000000200000000000000',
      '0000 00',
      '00',
    ])
      expect(tryDecode(ack, hex(wrong)).ok, wrong).toBe(false);
  });

  it('may be empty', () => {
    expect(decode(ack, hex('0000'))).toEqual({ record_numbers: [] });
    expect(equal(encode(ack, { record_numbers: [] }), hex('0000'))).toBe(true);
  });
});
