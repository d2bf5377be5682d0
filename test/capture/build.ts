/** Captures made by hand, byte by byte and without the code under test: containers, link layers, IP packets. */
import { concat, uintBytes } from '../../src/base/bytes.ts';

export type Order = 'big' | 'little';
const order = (kind: Order, value: number, width: number): Uint8Array =>
  kind === 'big' ? uintBytes(value, width) : uintBytes(value, width).reverse();
const pad = (bytes: Uint8Array): Uint8Array => concat(bytes, new Uint8Array((4 - (bytes.length % 4)) % 4));
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

export interface PcapRecord {
  readonly seconds: number;
  readonly fraction: number;
  readonly bytes: Uint8Array;
  readonly wireLength?: number;
}

export function pcap(
  linkType: number,
  records: readonly PcapRecord[],
  { by = 'little' as Order, nano = false, snap = 262144 } = {},
): Uint8Array {
  const u = (value: number, width: number): Uint8Array => order(by, value, width);
  const magic = nano ? 0xa1b23c4d : 0xa1b2c3d4;
  const header = concat(u(magic, 4), u(2, 2), u(4, 2), u(0, 4), u(0, 4), u(snap, 4), u(linkType, 4));
  return concat(
    header,
    ...records.map(({ seconds, fraction, bytes, wireLength = bytes.length }) =>
      concat(u(seconds, 4), u(fraction, 4), u(bytes.length, 4), u(wireLength, 4), bytes),
    ),
  );
}

/** Blocks of a pcapng file in one byte order. */
export function blocks(by: Order = 'little') {
  const u = (value: number, width: number): Uint8Array => order(by, value, width);
  const u64 = (value: bigint): Uint8Array => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value), by === 'little');
    return bytes;
  };
  const block = (type: number, ...parts: readonly Uint8Array[]): Uint8Array => {
    const body = concat(...parts);
    return concat(u(type, 4), u(body.length + 12, 4), body, u(body.length + 12, 4));
  };
  const option = (code: number, value: Uint8Array): Uint8Array => concat(u(code, 2), u(value.length, 2), pad(value));
  const comment = (value: string): Uint8Array => option(1, text(value));
  const end = u(0, 4);
  return {
    block,
    comment,
    section: (...options: readonly Uint8Array[]): Uint8Array =>
      block(0x0a0d0d0a, u(0x1a2b3c4d, 4), u(1, 2), u(0, 2), new Uint8Array(8).fill(255), ...options),
    networkInterface: (
      linkType: number,
      { resolution, offset, snap = 0 }: { resolution?: number; offset?: bigint; snap?: number } = {},
    ): Uint8Array =>
      block(
        1,
        u(linkType, 2),
        u(0, 2),
        u(snap, 4),
        ...(resolution === undefined ? [] : [option(9, Uint8Array.of(resolution))]),
        ...(offset === undefined ? [] : [option(14, u64(offset))]),
        end,
      ),
    packet: (
      index: number,
      units: bigint,
      bytes: Uint8Array,
      { wireLength = bytes.length, options = [] as readonly Uint8Array[] } = {},
    ): Uint8Array =>
      block(
        6,
        u(index, 4),
        u(Number(units >> 32n), 4),
        u(Number(units & 0xffffffffn), 4),
        u(bytes.length, 4),
        u(wireLength, 4),
        pad(bytes),
        ...options,
        ...(options.length > 0 ? [end] : []),
      ),
    simple: (bytes: Uint8Array, wireLength = bytes.length): Uint8Array => block(3, u(wireLength, 4), pad(bytes)),
    obsolete: (index: number, units: bigint, bytes: Uint8Array): Uint8Array =>
      block(
        2,
        u(index, 2),
        u(0, 2),
        u(Number(units >> 32n), 4),
        u(Number(units & 0xffffffffn), 4),
        u(bytes.length, 4),
        u(bytes.length, 4),
        pad(bytes),
      ),
    secrets: (keyLog: string, type = 0x544c534b): Uint8Array =>
      block(10, u(type, 4), u(text(keyLog).length, 4), pad(text(keyLog))),
    names: (): Uint8Array =>
      block(4, u(1, 2), u(9, 2), pad(concat(Uint8Array.of(10, 0, 0, 1), text('host\0'))), u(0, 4)),
    statistics: (): Uint8Array => block(5, u(0, 4), u(0, 8)),
    custom: (): Uint8Array => block(0xbad, u(0x8000, 4), pad(text('anything'))),
    journal: (): Uint8Array => block(9, pad(text('__REALTIME_TIMESTAMP=1\nMESSAGE=x\n'))),
  };
}

export interface UdpSpec {
  readonly src?: string;
  readonly dst?: string;
  readonly from?: number;
  readonly to?: number;
  readonly payload: Uint8Array;
}

/** UDP header and payload; the checksum is left out (0), which IPv4 allows. */
export const udp = ({ from = 5000, to = 4433, payload }: UdpSpec): Uint8Array =>
  concat(uintBytes(from, 2), uintBytes(to, 2), uintBytes(payload.length + 8, 2), uintBytes(0, 2), payload);

export function ipv4(
  body: Uint8Array,
  {
    src = '10.0.0.1',
    dst = '10.0.0.2',
    protocol = 17,
    id = 1,
    offset = 0,
    more = false,
    options = new Uint8Array(0),
    total = undefined as number | undefined,
    hops = 64,
  } = {},
): Uint8Array {
  const header = 20 + options.length;
  const head = concat(
    Uint8Array.of(0x40 | (header / 4), 0),
    uintBytes(total ?? header + body.length, 2),
    uintBytes(id, 2),
    uintBytes((more ? 0x2000 : 0) | (offset / 8), 2),
    Uint8Array.of(hops, protocol, 0, 0),
    Uint8Array.from(src.split('.'), Number),
    Uint8Array.from(dst.split('.'), Number),
    options,
  );
  let sum = 0;
  for (let i = 0; i < head.length; i += 2) sum += (head[i] ?? 0) * 256 + (head[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  head.set(uintBytes(~sum & 0xffff, 2), 10);
  return concat(head, body);
}

/** An IPv6 packet; `extensions` are [type, bytes] in order, whose first byte (next header) is filled in. */
export function ipv6(
  body: Uint8Array,
  { next = 17, extensions = [] as readonly (readonly [number, Uint8Array])[], src = 1, dst = 2 } = {},
): Uint8Array {
  const chain = extensions.map(([, bytes], i) => {
    const filled = Uint8Array.from(bytes);
    filled[0] = extensions[i + 1]?.[0] ?? next;
    return filled;
  });
  const payload = concat(...chain, body);
  const address = (last: number): Uint8Array => {
    const bytes = new Uint8Array(16);
    bytes.set([0x20, 0x01, 0x0d, 0xb8]);
    bytes[15] = last;
    return bytes;
  };
  return concat(
    Uint8Array.of(0x60, 0, 0, 0),
    uintBytes(payload.length, 2),
    Uint8Array.of(extensions[0]?.[0] ?? next, 64),
    address(src),
    address(dst),
    payload,
  );
}

/** The fragment extension header (RFC 8200 §4.5), next header left to `ipv6`. */
export const fragmentHeader = (offset: number, more: boolean, id: number): Uint8Array =>
  concat(Uint8Array.of(0, 0), uintBytes(offset | (more ? 1 : 0), 2), uintBytes(id, 4));

const macs = Uint8Array.of(2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1);
export const ethernet = (type: number, body: Uint8Array, tags: readonly number[] = []): Uint8Array =>
  concat(macs, ...tags.map((tag, i) => concat(uintBytes(tag, 2), uintBytes(i + 1, 2))), uintBytes(type, 2), body);
