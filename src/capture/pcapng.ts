/**
 * pcapng (draft-ietf-opsawg-pcapng): sections of blocks, each with its length in front and behind. Several sections,
 * interfaces and byte orders; packets in three kinds of block; comments; TLS keys in decryption secrets blocks. When a block
 * is broken, reading goes on at the next place that looks like one, so that one bad byte does not cost the rest.
 */
import { fromUtf8 } from '../base/bytes.ts';
import { bigEndian, type Container, type Endian, type Item, largestBlock, littleEndian, type Step } from './blocks.ts';

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
  readonly nanoseconds: (units: bigint) => bigint;
}

export const isPcapng = (bytes: Uint8Array): boolean =>
  bytes.length >= 4 && bigEndian.u32(bytes, 0) === BlockType.sectionHeader;

export class PcapngContainer implements Container {
  readonly format = 'pcapng';
  #endian: Endian = littleEndian;
  #interfaces: Interface[] = [];
  #frames = 0;
  /** A block was broken, and no next one has been found yet. */
  #lost = false;

  step(bytes: Uint8Array, offset: number, last: boolean, found: (item: Item) => void): Step {
    if (this.#lost) return this.#search(bytes, offset, last, found);
    if (bytes.length < 12) return { kind: 'more', need: 12 };
    const isSection = bigEndian.u32(bytes, 0) === BlockType.sectionHeader;
    const endian = isSection ? byteOrder(bytes) : this.#endian;
    if (!endian) return this.#broken(offset, 'a section header without the byte-order magic', found);
    const length = endian.u32(bytes, 4);
    if (length < 12 || length % 4 !== 0 || length > largestBlock) {
      return this.#broken(offset, `a block says it is ${length} bytes long`, found);
    }
    if (bytes.length < length) {
      if (!last) return { kind: 'more', need: length };
      found({
        kind: 'problem',
        code: 'cut',
        offset,
        why: `the file has ${bytes.length} of the ${length} bytes of a block`,
      });
      // Or the length is wrong and blocks follow: look.
      this.#lost = true;
      return { kind: 'done', size: 4 };
    }
    if (endian.u32(bytes, length - 4) !== length) {
      return this.#broken(
        offset,
        `the two lengths of a block differ (${length} and ${endian.u32(bytes, length - 4)})`,
        found,
      );
    }
    this.#endian = endian;
    return this.#block(bytes.subarray(0, length), offset, found);
  }

  #block(block: Uint8Array, offset: number, found: (item: Item) => void): Step {
    const endian = this.#endian;
    const done: Step = { kind: 'done', size: block.length };
    const body = block.subarray(8, block.length - 4);
    const type = endian.u32(block, 0);
    switch (type) {
      case BlockType.sectionHeader: {
        const major = endian.u16(body, 4);
        if (major !== 1) {
          found({
            kind: 'problem',
            code: 'unsupported',
            offset,
            why: `pcapng version ${major} is not 1, the only one there is`,
          });
          return { kind: 'stop' };
        }
        this.#interfaces = [];
        this.#comments(body.subarray(16), undefined, found);
        return done;
      }
      case BlockType.interfaceDescription:
        if (this.#interfaces.length >= mostInterfaces) {
          found({ kind: 'problem', code: 'limit', offset, why: `more than ${mostInterfaces} interfaces` });
          return { kind: 'stop' };
        }
        this.#interfaces.push(readInterface(body, endian));
        this.#comments(body.subarray(8), undefined, found);
        return done;
      case BlockType.enhancedPacket:
      case BlockType.obsoletePacket: {
        const number = ++this.#frames;
        const old = type === BlockType.obsoletePacket;
        const index = old ? endian.u16(body, 0) : endian.u32(body, 0);
        const from = this.#interfaces[index];
        const captured = endian.u32(body, 12);
        if (body.length < 20 || captured > body.length - 20) {
          found({
            kind: 'problem',
            code: 'broken',
            offset,
            why: `frame ${number} says it holds ${captured} bytes, its block has less`,
          });
          found({ kind: 'other-frame', number, what: 'malformed' });
          return done;
        }
        if (!from) {
          found({
            kind: 'problem',
            code: 'broken',
            offset,
            why: `frame ${number} is of interface ${index}, which is not described`,
          });
        }
        const units = (BigInt(endian.u32(body, 4)) << 32n) | BigInt(endian.u32(body, 8));
        const frame = {
          number,
          offset,
          linkType: from?.linkType,
          time: from?.nanoseconds(units),
          bytes: body.subarray(20, 20 + captured),
          wireLength: Math.max(captured, endian.u32(body, 16)),
        };
        found({ kind: 'frame', frame });
        this.#comments(body.subarray(20 + padded(captured)), number, found);
        return done;
      }
      case BlockType.simplePacket: {
        const number = ++this.#frames;
        const [from] = this.#interfaces;
        if (!from) {
          found({
            kind: 'problem',
            code: 'broken',
            offset,
            why: `frame ${number} is of interface 0, which is not described`,
          });
        }
        const wireLength = endian.u32(body, 0);
        const room = Math.max(0, body.length - 4);
        const captured = Math.min(wireLength, from?.snapLength || Number.POSITIVE_INFINITY, room);
        const bytes = body.subarray(4, 4 + captured);
        const frame = { number, offset, linkType: from?.linkType, time: undefined, bytes, wireLength };
        found({ kind: 'frame', frame });
        return done;
      }
      case BlockType.decryptionSecrets: {
        const length = endian.u32(body, 4);
        if (body.length < 8 || length > body.length - 8) {
          found({ kind: 'problem', code: 'broken', offset, why: `secrets of ${length} bytes do not fit their block` });
        } else if (endian.u32(body, 0) === tlsKeyLog) {
          found({ kind: 'keys', bytes: body.subarray(8, 8 + length), offset });
        }
        return done;
      }
      default: {
        // Names, statistics, custom and unknown blocks hold nothing about datagrams.
        const what = otherFrames.get(type);
        if (what !== undefined) found({ kind: 'other-frame', number: ++this.#frames, what });
        return done;
      }
    }
  }

  #comments(options: Uint8Array, frame: number | undefined, found: (item: Item) => void): void {
    for (const { code, value } of readOptions(options, this.#endian)) {
      if (code === 1) found({ kind: 'comment', frame, text: fromUtf8(value) });
    }
  }

  #broken(offset: number, why: string, found: (item: Item) => void): Step {
    found({
      kind: 'problem',
      code: 'broken',
      offset,
      why: `${why}; reading goes on at the next block that can be found`,
    });
    this.#lost = true;
    return { kind: 'done', size: 4 };
  }

  /** Looks for the next place (blocks are aligned to 4 bytes) where a known block has the same length at both ends. */
  #search(bytes: Uint8Array, offset: number, last: boolean, found: (item: Item) => void): Step {
    let at = 0;
    for (; at + 12 <= bytes.length; at += 4) {
      const isSection = bigEndian.u32(bytes, at) === BlockType.sectionHeader;
      const endian = isSection ? byteOrder(bytes.subarray(at)) : this.#endian;
      if (!endian || !knownTypes.has(endian.u32(bytes, at))) continue;
      const length = endian.u32(bytes, at + 4);
      if (length < 12 || length % 4 !== 0 || length > largestBlock) continue;
      if (at + length > bytes.length) {
        if (last) continue;
        return at > 0 ? { kind: 'done', size: at } : { kind: 'more', need: length };
      }
      if (endian.u32(bytes, at + length - 4) !== length) continue;
      this.#lost = false;
      return at > 0 ? { kind: 'done', size: at } : this.step(bytes, offset, last, found);
    }
    if (last) return { kind: 'done', size: bytes.length };
    return at > 0 ? { kind: 'done', size: at } : { kind: 'more', need: 12 };
  }
}

const padded = (length: number): number => (length + 3) & ~3;

function byteOrder(section: Uint8Array): Endian | undefined {
  const magic = bigEndian.u32(section, 8);
  return magic === 0x1a2b3c4d ? bigEndian : magic === 0x4d3c2b1a ? littleEndian : undefined;
}

function readInterface(body: Uint8Array, endian: Endian): Interface {
  let resolution = 6;
  let offset = 0n;
  for (const { code, value } of readOptions(body.subarray(8), endian)) {
    if (code === 9 && value.length >= 1) resolution = value[0] ?? 6;
    if (code === 14 && value.length >= 8) {
      const [first, second] = [BigInt(endian.u32(value, 0)), BigInt(endian.u32(value, 4))];
      offset = BigInt.asIntN(64, endian === bigEndian ? (first << 32n) | second : (second << 32n) | first);
    }
  }
  return {
    linkType: endian.u16(body, 0),
    snapLength: endian.u32(body, 4),
    nanoseconds: toNanoseconds(resolution, offset),
  };
}

/** if_tsresol: a negative power of 10, or of 2 when the top bit is set; if_tsoffset: seconds to add (draft §4.2). */
function toNanoseconds(resolution: number, offsetSeconds: bigint): (units: bigint) => bigint {
  const offset = offsetSeconds * 1_000_000_000n;
  const power = resolution & 0x7f;
  if (resolution & 0x80) return (units) => ((units * 1_000_000_000n) >> BigInt(power)) + offset;
  if (power <= 9) {
    const factor = 10n ** BigInt(9 - power);
    return (units) => units * factor + offset;
  }
  const divisor = 10n ** BigInt(power - 9);
  return (units) => units / divisor + offset;
}

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
