/**
 * Classic capture files (draft-ietf-opsawg-pcap): a header, then records of time, lengths and bytes. Both byte orders,
 * microseconds and nanoseconds. There are no marks between records: behind a broken one nothing can be found again.
 */
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

interface Flavour {
  readonly endian: Endian;
  readonly nanosecondsPerUnit: number;
}

/** The four magics, as the first four bytes read big endian. */
const flavours: Readonly<Record<number, Flavour>> = {
  2712847316: { endian: bigEndian, nanosecondsPerUnit: 1000 }, // a1b2c3d4
  3569595041: { endian: littleEndian, nanosecondsPerUnit: 1000 }, // d4c3b2a1
  2712812621: { endian: bigEndian, nanosecondsPerUnit: 1 }, // a1b23c4d
  1295823521: { endian: littleEndian, nanosecondsPerUnit: 1 }, // 4d3cb2a1
};

export const isPcap = (bytes: Uint8Array): boolean =>
  flavours[bigEndian.u32(bytes, 0)] !== undefined && bytes.length >= 4;

export class PcapContainer implements Container {
  readonly format = 'pcap';
  #flavour: Flavour | undefined;
  #linkType = 0;
  readonly #frame = new Frame();

  step(bytes: Uint8Array, at: number, offset: number, _last: boolean, found: Finder): Step {
    return this.#flavour ? this.#record(bytes, at, offset, this.#flavour, found) : this.#header(bytes, found);
  }

  #header(bytes: Uint8Array, found: Finder): Step {
    if (bytes.length < 24) return -24;
    const flavour = flavours[bigEndian.u32(bytes, 0)];
    if (!flavour) return stopped;
    const major = flavour.endian.u16(bytes, 4);
    if (major !== 2) {
      const why = `pcap version ${major} is not 2, the only one in use`;
      found.item({ kind: 'problem', code: 'unsupported', offset: 4, why });
      return stopped;
    }
    this.#flavour = flavour;
    // The upper bits say how long the frame check sequence is (§4); the IP length tells where a packet ends anyway.
    this.#linkType = flavour.endian.u32(bytes, 20) & 0xffff;
    return 24;
  }

  #record(bytes: Uint8Array, at: number, offset: number, { endian, nanosecondsPerUnit }: Flavour, found: Finder): Step {
    const here = bytes.length - at;
    if (here < 16) return -16;
    const captured = endian.u32(bytes, at + 8);
    if (captured > largestBlock) {
      const why = `a record says it holds ${captured} bytes; nothing behind it can be found`;
      found.item({ kind: 'problem', code: 'broken', offset, why });
      return stopped;
    }
    const size = 16 + captured;
    if (here < size) return -size;
    const frame = this.#frame;
    frame.number++;
    frame.offset = offset;
    frame.linkType = this.#linkType;
    frame.timed = true;
    frame.seconds = endian.u32(bytes, at);
    frame.nanoseconds = endian.u32(bytes, at + 4) * nanosecondsPerUnit;
    frame.data = bytes;
    frame.start = at + 16;
    frame.end = at + size;
    frame.wireLength = Math.max(captured, endian.u32(bytes, at + 12));
    found.frame(frame);
    return size;
  }
}
