/** Records and handshake headers by hand, byte by byte: a twin of `src/wire` that shares nothing with it. */

const number = (bytes: Uint8Array, at: number, width: number): number => {
  let value = 0;
  for (let i = 0; i < width; i++) value = value * 256 + (bytes[at + i] ?? Number.NaN);
  return value;
};
const write = (value: number, width: number): number[] =>
  Array.from({ length: width }, (_, i) => Math.floor(value / 256 ** (width - 1 - i)) % 256);

export interface RawRecord {
  readonly type: number;
  readonly version: number;
  readonly epoch: number;
  readonly number: number;
  readonly body: Uint8Array;
}
export interface RawFragment {
  readonly type: number;
  readonly total: number;
  readonly seq: number;
  readonly offset: number;
  readonly body: Uint8Array;
}

/** All records of a datagram; throws when it is not made of whole records. */
export function rawRecords(datagram: Uint8Array): RawRecord[] {
  const out: RawRecord[] = [];
  for (let at = 0; at < datagram.length; ) {
    const length = number(datagram, at + 11, 2);
    if (!(at + 13 + length <= datagram.length)) throw new Error(`record at ${at} does not end`);
    out.push({
      type: number(datagram, at, 1),
      version: number(datagram, at + 1, 2),
      epoch: number(datagram, at + 3, 2),
      number: number(datagram, at + 5, 6),
      body: datagram.subarray(at + 13, at + 13 + length),
    });
    at += 13 + length;
  }
  return out;
}

export function rawFragments(body: Uint8Array): RawFragment[] {
  const out: RawFragment[] = [];
  for (let at = 0; at < body.length; ) {
    const length = number(body, at + 9, 3);
    if (!(at + 12 + length <= body.length)) throw new Error(`fragment at ${at} does not end`);
    out.push({
      type: number(body, at, 1),
      total: number(body, at + 1, 3),
      seq: number(body, at + 4, 2),
      offset: number(body, at + 6, 3),
      body: body.subarray(at + 12, at + 12 + length),
    });
    at += 12 + length;
  }
  return out;
}

export function rawRecord(
  record: Partial<Omit<RawRecord, 'body'>> & { readonly body: Uint8Array | readonly number[] },
): Uint8Array {
  const { type = 22, version = 0xfefd, epoch = 0, number: sequence = 0, body } = record;
  return Uint8Array.from([
    type,
    ...write(version, 2),
    ...write(epoch, 2),
    ...write(sequence, 6),
    ...write(body.length, 2),
    ...body,
  ]);
}

export function rawFragment(fragment: {
  readonly type: number;
  readonly seq: number;
  readonly body: Uint8Array | readonly number[];
  readonly total?: number;
  readonly offset?: number;
  /** What the header says, when that is not the truth. */
  readonly length?: number;
}): Uint8Array {
  const { type, seq, body, total = body.length, offset = 0, length = body.length } = fragment;
  return Uint8Array.from([
    type,
    ...write(total, 3),
    ...write(seq, 2),
    ...write(offset, 3),
    ...write(length, 3),
    ...body,
  ]);
}
