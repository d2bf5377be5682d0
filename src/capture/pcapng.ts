/**
 * pcapng (draft-ietf-opsawg-pcapng): sections of blocks, each with its length in front and behind. Several sections,
 * interfaces and byte orders; packets in three kinds of block; comments; TLS keys in decryption secrets blocks. When a block
 * is broken, reading goes on at the next place that looks like one, so that one bad byte does not cost the rest.
 */
import { fromUtf8 } from '../base/bytes.ts';
import {
  bigEndian,
  type Container,
  type Endian,
  type Finder,
  Frame,
  largestBlock,
  littleEndian,
  type Step,
  stopped,
} from './blocks.ts';

const BlockType = {
  sectionHeader: 0x0a0d0d0a,
  interfaceDescription: 1,
  obsoletePacket: 2,
  simplePacket: 3,
  nameResolution: 4,
  interfaceStatistics: 5,
  enhancedPacket: 6,
  decryptionSecrets: 10,
} as const;
/** Blocks that are no packets, and that Wireshark gives a frame number nevertheless. */
const otherFrames: ReadonlyMap<number, string> = new Map([
  [0x9, 'journal entry'],
  [0xbad, 'custom block'],
  [0x40000bad, 'custom block'],
  [0x204, 'system call'],
  [0x216, 'system call'],
  [0x221, 'system call'],
]);
const knownTypes: ReadonlySet<number> = new Set(Object.values(BlockType));

/** Secrets type of a TLS key log (draft §4.7). */
export const tlsKeyLog = 0x544c534b;

const mostInterfaces = 65_536;

interface Interface {
  readonly linkType: number;
  readonly snapLength: number;
  readonly clock: Clock;
}

export const isPcapng = (bytes: Uint8Array): boolean =>
  bytes.length >= 4 && bigEndian.u32(bytes, 0) === BlockType.sectionHeader;

export class PcapngContainer implements Container {
  readonly format = 'pcapng';
  #endian: Endian = littleEndian;
  #interfaces: Interface[] = [];
  readonly #frame = new Frame();
  #frames = 0;
  /** A block was broken, and no next one has been found yet. */
  #lost = false;

  step(bytes: Uint8Array, at: number, offset: number, last: boolean, found: Finder): Step {
    if (this.#lost) return this.#search(bytes.subarray(at), offset, last, found);
    const here = bytes.length - at;
    if (here < 12) return -12;
    const isSection = bigEndian.u32(bytes, at) === BlockType.sectionHeader;
    const endian = isSection ? byteOrder(bytes, at) : this.#endian;
    if (!endian) return this.#broken(offset, 'a section header without the byte-order magic', found);
    const length = endian.u32(bytes, at + 4);
    if (length < 12 || length % 4 !== 0 || length > largestBlock) {
      return this.#broken(offset, `a block says it is ${length} bytes long`, found);
    }
    if (here < length) {
      if (!last) return -length;
      found.item({
        kind: 'problem',
        code: 'cut',
        offset,
        why: `the file has ${here} of the ${length} bytes of a block`,
      });
      // Or the length is wrong and blocks follow: look.
      this.#lost = true;
      return 4;
    }
    const again = endian.u32(bytes, at + length - 4);
    if (again !== length)
      return this.#broken(offset, `the two lengths of a block differ (${length} and ${again})`, found);
    this.#endian = endian;
    const type = endian.u32(bytes, at);
    if (type === BlockType.enhancedPacket || type === BlockType.obsoletePacket) {
      this.#packet(bytes, at + 8, at + length - 4, type === BlockType.obsoletePacket, offset, found);
      return length;
    }
    return this.#block(bytes.subarray(at, at + length), offset, found);
  }

  /** Nearly all blocks are packets, so these make no views: the body is [at, end) of the bytes. */
  #packet(bytes: Uint8Array, at: number, end: number, old: boolean, offset: number, found: Finder): void {
    const endian = this.#endian;
    const number = ++this.#frames;
    const captured = end - at < 20 ? 0 : endian.u32(bytes, at + 12);
    if (end - at < 20 || captured > end - at - 20) {
      found.item({
        kind: 'problem',
        code: 'broken',
        offset,
        why: `frame ${number} says it holds ${captured} bytes, its block has less`,
      });
      found.item({ kind: 'other-frame', number, what: 'malformed' });
      return;
    }
    const index = old ? endian.u16(bytes, at) : endian.u32(bytes, at);
    const from = this.#interfaces[index];
    if (!from) {
      found.item({
        kind: 'problem',
        code: 'broken',
        offset,
        why: `frame ${number} is of interface ${index}, which is not described`,
      });
    }
    const start = at + 20;
    const frame = this.#frame;
    frame.number = number;
    frame.offset = offset;
    frame.linkType = from?.linkType;
    frame.timed = from !== undefined;
    if (from) from.clock.tell(endian.u32(bytes, at + 4), endian.u32(bytes, at + 8), frame);
    frame.data = bytes;
    frame.start = start;
    frame.end = start + captured;
    frame.wireLength = Math.max(captured, endian.u32(bytes, at + 16));
    found.frame(frame);
    const options = start + padded(captured);
    if (end - options >= 4) this.#comments(bytes.subarray(options, end), number, found);
  }

  #block(block: Uint8Array, offset: number, found: Finder): Step {
    const endian = this.#endian;
    const done = block.length;
    const body = block.subarray(8, block.length - 4);
    const type = endian.u32(block, 0);
    switch (type) {
      case BlockType.sectionHeader: {
        const major = endian.u16(body, 4);
        if (major !== 1) {
          found.item({
            kind: 'problem',
            code: 'unsupported',
            offset,
            why: `pcapng version ${major} is not 1, the only one there is`,
          });
          return stopped;
        }
        this.#interfaces = [];
        this.#comments(body.subarray(16), undefined, found);
        return done;
      }
      case BlockType.interfaceDescription:
        if (this.#interfaces.length >= mostInterfaces) {
          found.item({ kind: 'problem', code: 'limit', offset, why: `more than ${mostInterfaces} interfaces` });
          return stopped;
        }
        this.#interfaces.push(readInterface(body, endian));
        this.#comments(body.subarray(8), undefined, found);
        return done;
      case BlockType.simplePacket: {
        const number = ++this.#frames;
        const [from] = this.#interfaces;
        if (!from) {
          found.item({
            kind: 'problem',
            code: 'broken',
            offset,
            why: `frame ${number} is of interface 0, which is not described`,
          });
        }
        const wireLength = endian.u32(body, 0);
        const room = Math.max(0, body.length - 4);
        const captured = Math.min(wireLength, from?.snapLength || Number.POSITIVE_INFINITY, room);
        const frame = this.#frame;
        frame.number = number;
        frame.offset = offset;
        frame.linkType = from?.linkType;
        frame.timed = false;
        frame.data = body;
        frame.start = 4;
        frame.end = 4 + captured;
        frame.wireLength = wireLength;
        found.frame(frame);
        return done;
      }
      case BlockType.decryptionSecrets: {
        const length = endian.u32(body, 4);
        if (body.length < 8 || length > body.length - 8) {
          found.item({
            kind: 'problem',
            code: 'broken',
            offset,
            why: `secrets of ${length} bytes do not fit their block`,
          });
        } else if (endian.u32(body, 0) === tlsKeyLog) {
          found.item({ kind: 'keys', bytes: body.subarray(8, 8 + length), offset });
        }
        return done;
      }
      case BlockType.nameResolution:
        for (const { ip, name } of readNames(body, endian)) found.item({ kind: 'name', ip, name });
        return done;
      default: {
        // Statistics, custom and unknown blocks hold nothing about datagrams.
        const what = otherFrames.get(type);
        if (what !== undefined) found.item({ kind: 'other-frame', number: ++this.#frames, what });
        return done;
      }
    }
  }

  #comments(options: Uint8Array, frame: number | undefined, found: Finder): void {
    for (const { code, value } of readOptions(options, this.#endian)) {
      if (code === 1) found.item({ kind: 'comment', frame, text: fromUtf8(value) });
    }
  }

  #broken(offset: number, why: string, found: Finder): Step {
    found.item({
      kind: 'problem',
      code: 'broken',
      offset,
      why: `${why}; reading goes on at the next block that can be found`,
    });
    this.#lost = true;
    return 4;
  }

  /** Looks for the next place (blocks are aligned to 4 bytes) where a known block has the same length at both ends. */
  #search(bytes: Uint8Array, offset: number, last: boolean, found: Finder): Step {
    let at = 0;
    for (; at + 12 <= bytes.length; at += 4) {
      const isSection = bigEndian.u32(bytes, at) === BlockType.sectionHeader;
      const endian = isSection ? byteOrder(bytes, at) : this.#endian;
      if (!endian || !knownTypes.has(endian.u32(bytes, at))) continue;
      const length = endian.u32(bytes, at + 4);
      if (length < 12 || length % 4 !== 0 || length > largestBlock) continue;
      if (at + length > bytes.length) {
        if (last) continue;
        return at > 0 ? at : -length;
      }
      if (endian.u32(bytes, at + length - 4) !== length) continue;
      this.#lost = false;
      return at > 0 ? at : this.step(bytes, 0, offset, last, found);
    }
    if (last) return bytes.length;
    return at > 0 ? at : -12;
  }
}

const padded = (length: number): number => (length + 3) & ~3;

function byteOrder(bytes: Uint8Array, at: number): Endian | undefined {
  const magic = bigEndian.u32(bytes, at + 8);
  return magic === 0x1a2b3c4d ? bigEndian : magic === 0x4d3c2b1a ? littleEndian : undefined;
}

function readInterface(body: Uint8Array, endian: Endian): Interface {
  let resolution = 6;
  let offset = 0;
  for (const { code, value } of readOptions(body.subarray(8), endian)) {
    if (code === 9 && value.length >= 1) resolution = value[0] ?? 6;
    if (code === 14 && value.length >= 8) {
      const [first, second] = [BigInt(endian.u32(value, 0)), BigInt(endian.u32(value, 4))];
      offset = Number(BigInt.asIntN(64, endian === bigEndian ? (first << 32n) | second : (second << 32n) | first));
    }
  }
  return { linkType: endian.u16(body, 0), snapLength: endian.u32(body, 4), clock: new Clock(resolution, offset) };
}

/** The times of an interface: if_tsresol is a negative power of 10, or of 2 when the top bit is set; if_tsoffset is to be added, s (draft §4.2). */
class Clock {
  readonly #resolution: number;
  readonly #offset: number;
  /** 0 for a resolution that nobody uses. */
  readonly #unitsPerSecond: number;
  readonly #nanosecondsPerUnit: number;

  constructor(resolution: number, offset: number) {
    this.#resolution = resolution;
    this.#offset = offset;
    this.#unitsPerSecond = resolution > 9 ? 0 : 10 ** resolution;
    this.#nanosecondsPerUnit = resolution > 9 ? 0 : 10 ** (9 - resolution);
  }

  /** Writes the time that a file has in two halves into the frame. */
  tell(high: number, low: number, frame: Frame): void {
    const units = this.#unitsPerSecond;
    if (units === 0) {
      this.#slowly(high, low, frame);
      return;
    }
    // 64 bits divided by hand, in two steps that a double holds: in nanoseconds they fit none, and a BigInt for each packet is slow.
    const upper = high * 65_536 + (low >>> 16);
    const above = Math.floor(upper / units);
    const lower = (upper - above * units) * 65_536 + (low & 0xffff);
    const below = Math.floor(lower / units);
    frame.seconds = above * 65_536 + below + this.#offset;
    frame.nanoseconds = (lower - below * units) * this.#nanosecondsPerUnit;
  }

  #slowly(high: number, low: number, frame: Frame): void {
    const power = BigInt(this.#resolution & 0x7f);
    const units = (BigInt(high) << 32n) | BigInt(low);
    const all = this.#resolution & 0x80 ? (units * giga) >> power : units / 10n ** (power - 9n);
    frame.seconds = Number(all / giga) + this.#offset;
    frame.nanoseconds = Number(all % giga);
  }
}

const giga = 1_000_000_000n;

/** The options at the end of a block, as far as they are whole. */
function* readOptions(bytes: Uint8Array, endian: Endian): Generator<{ code: number; value: Uint8Array }> {
  for (let at = 0; at + 4 <= bytes.length; ) {
    const code = endian.u16(bytes, at);
    const length = endian.u16(bytes, at + 2);
    if (code === 0 || at + 4 + length > bytes.length) return;
    yield { code, value: bytes.subarray(at + 4, at + 4 + length) };
    at += 4 + padded(length);
  }
}

/** Name resolution records: an address, then the names it has, each ended by a zero (draft §4.5). */
function* readNames(body: Uint8Array, endian: Endian): Generator<{ ip: Uint8Array; name: string }> {
  for (let at = 0; at + 4 <= body.length; ) {
    const type = endian.u16(body, at);
    const length = endian.u16(body, at + 2);
    const value = body.subarray(at + 4, at + 4 + length);
    if (type === 0 || value.length < length) return;
    const size = type === 1 ? 4 : type === 2 ? 16 : undefined;
    if (size !== undefined && length > size) {
      const end = value.indexOf(0, size);
      const name = fromUtf8(value.subarray(size, end === -1 ? undefined : end));
      if (name !== '') yield { ip: value.subarray(0, size), name };
    }
    at += 4 + padded(length);
  }
}
