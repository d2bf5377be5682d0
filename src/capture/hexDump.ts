/**
 * Hex dumps as people paste them: Wireshark's "Copy as hex dump", tcpdump -x, hexdump -C, what text2pcap reads. A line is an
 * offset and bytes; offset 0 begins a packet; other lines are comments, of which a time and a direction are taken. What a
 * packet is, its bytes say: a frame, an IP packet, or the payload of a datagram, which then gets made-up addresses.
 */
import { fromUtf8 } from '../base/bytes.ts';
import { bigEndian, type Container, type Finder, Frame, type FrameTime, type Step } from './blocks.ts';

/** Larger packets are not believed. Bytes. */
const largestPacket = 65_535 + 100;
/** A line with more is none of a dump. Bytes. */
const longestLine = 4096;

const firstLine = /^\s*(?:0x)?0{3,8}:?\s+(?:[0-9a-f]{2}\s?){4}/im;

/** Whether a text begins with a hex dump: an offset of 0 and bytes, within the first lines. */
export function isHexDump(bytes: Uint8Array): boolean {
  const head = bytes.subarray(0, 4096);
  if (head.some((byte) => byte < 9)) return false;
  const text = fromUtf8(head).trimStart();
  return !text.startsWith('{') && !text.startsWith('<') && firstLine.test(text);
}

/** "Reassembled DTLS (1185 bytes):" */
const derived = /^(?!Frame|Packet)[A-Z].*\(\d+ bytes?\):?$/;

type Direction = 'out' | 'in';

export class HexDumpContainer implements Container {
  readonly format = 'hexdump';
  #bytes: number[] = [];
  #offset = 0;
  #open = false;
  readonly #frameHere = new Frame();
  #time: FrameTime | undefined;
  #direction: Direction | undefined;
  /** Of the payload before: what tells nothing by itself goes the other way, or the same. */
  #last: Direction = 'out';
  #told = false;

  step(bytes: Uint8Array, at: number, offset: number, last: boolean, found: Finder): Step {
    const feed = bytes.indexOf(10, at);
    const end = feed === -1 ? bytes.length : feed + 1;
    const here = bytes.length - at;
    // The last line waits for the end, as the packet is whole only then.
    if (!last && end === bytes.length && here < longestLine) return -here - 1;
    this.#line(fromUtf8(bytes.subarray(at, Math.min(end, at + longestLine))).trimEnd(), offset, found);
    if (last && end === bytes.length) this.#finish(found);
    return end - at;
  }

  #line(line: string, offset: number, found: Finder): void {
    const dumped = /^\s*(?:0x)?([0-9a-f]{3,8}):?[ \t]+(?=[0-9a-f]{2})(.*)$/i.exec(line);
    const values = dumped ? bytesOf(dumped[2] ?? '') : [];
    if (!dumped || values.length === 0) {
      this.#preamble(line);
      return;
    }
    const place = Number.parseInt(dumped[1] ?? '', 16);
    if (place === 0) {
      this.#finish(found);
      this.#open = true;
      this.#offset = offset;
    }
    if (!this.#open) return;
    if (place > this.#bytes.length || place + values.length > largestPacket) {
      const why = `a line of the dump begins at byte ${place} of its packet, of which ${this.#bytes.length} came`;
      found.item({ kind: 'problem', code: 'broken', offset, why });
      this.#finish(found);
      return;
    }
    // The text column of the line before may look like bytes: the offset says how many there were.
    this.#bytes.length = place;
    this.#bytes.push(...values);
  }

  /** A time and a direction in front of a packet, as text2pcap and tcpdump write them. */
  #preamble(line: string): void {
    if (line.trim() === '') return;
    // Wireshark prints what it put together and decrypted behind the frame: no packets of their own.
    if (derived.test(line)) this.#pending.derived = true;
    const mark = /^\s*(?:([IO<>])(?:\s|$))/i.exec(line)?.[1]?.toUpperCase();
    if (mark !== undefined) this.#pending.direction = mark === 'O' || mark === '>' ? 'out' : 'in';
    const time = timeIn(line);
    if (time) this.#pending.time = time;
  }
  #pending: { time?: FrameTime; direction?: Direction; derived?: boolean } = {};
  #derived = false;

  #finish(found: Finder): void {
    if (this.#open && this.#bytes.length > 0 && !this.#derived) this.#frame(Uint8Array.from(this.#bytes), found);
    this.#open = false;
    this.#bytes = [];
    this.#time = this.#pending.time;
    this.#direction = this.#pending.direction;
    this.#derived = this.#pending.derived ?? false;
    this.#pending = {};
  }

  #frame(bytes: Uint8Array, found: Finder): void {
    const linkType = linkTypeOf(bytes);
    const data = linkType === undefined ? this.#asDatagram(bytes, found) : bytes;
    const frame = this.#frameHere;
    const time = this.#time;
    frame.number++;
    frame.offset = this.#offset;
    frame.linkType = linkType ?? rawIp;
    frame.timed = time !== undefined;
    frame.seconds = time?.seconds ?? 0;
    frame.nanoseconds = time?.nanoseconds ?? 0;
    frame.data = data;
    frame.start = 0;
    frame.end = frame.wireLength = data.length;
    found.frame(frame);
  }

  /** A payload in an IP packet with addresses of the documentation's network (RFC 5737). */
  #asDatagram(payload: Uint8Array, found: Finder): Uint8Array {
    if (!this.#told) {
      this.#told = true;
      const text = 'the hex dump has no addresses: 192.0.2.1 and 192.0.2.2 are made up, and who sent what is guessed';
      found.item({ kind: 'comment', frame: undefined, text });
    }
    const direction = this.#direction ?? senderOf(payload) ?? this.#last;
    this.#last = direction;
    const [from, to] = direction === 'out' ? [1, 2] : [2, 1];
    const length = payload.length + 28;
    const u16 = (value: number): number[] => [(value >> 8) & 255, value & 255];
    const ports = direction === 'out' ? [...u16(50_000), ...u16(4433)] : [...u16(4433), ...u16(50_000)];
    return Uint8Array.from([
      ...[0x45, 0, ...u16(length), 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, from, 192, 0, 2, to],
      ...[...ports, ...u16(length - 20), 0, 0],
      ...payload,
    ]);
  }
}

const rawIp = 101;

/** The values of a line: pairs of digits, alone or in groups, up to the column of text. */
function bytesOf(text: string): number[] {
  const values: number[] = [];
  // Three spaces, a tab or a bar stand in front of the text.
  const [digits = ''] = text.split(/ {3}|\t|\|/, 1);
  for (const token of digits.split(/[ -]+/)) {
    if (token === '') continue;
    if (token.length % 2 !== 0 || !/^[0-9a-f]+$/i.test(token)) break;
    for (let i = 0; i < token.length; i += 2) values.push(Number.parseInt(token.slice(i, i + 2), 16));
  }
  // Two spaces stand in front of the text in full lines, and in the middle of some.
  return values.slice(0, /^(?:[0-9a-f]{2,4} ?){8,16} {2}/i.test(digits) ? 16 : values.length);
}

/** "2026-11-21 17:03:05.123456" or the time of day alone, on the first of January 1970. */
function timeIn(line: string): FrameTime | undefined {
  const found = /(?:(\d{4})-(\d\d)-(\d\d)[ T])?(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?/.exec(line);
  if (!found) return undefined;
  const [, year, month, day, hours, minutes, seconds, fraction = ''] = found;
  const date = year === undefined ? 0 : Date.UTC(Number(year), Number(month) - 1, Number(day)) / 1000;
  if (!Number.isFinite(date)) return undefined;
  return {
    seconds: date + Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds),
    nanoseconds: Number(fraction.padEnd(9, '0')),
  };
}

/** The link type of a packet; undefined for one that begins with no header that we know. */
function linkTypeOf(bytes: Uint8Array): number | undefined {
  const { u16 } = bigEndian;
  const ipAt = (at: number): boolean => {
    const version = (bytes[at] ?? 0) >> 4;
    if (version === 4) return ((bytes[at] ?? 0) & 15) >= 5 && u16(bytes, at + 2) >= 20 && bytes.length >= at + 20;
    return version === 6 && bytes.length >= at + 40 && u16(bytes, at + 4) <= bytes.length - at - 40;
  };
  const ipType = (type: number): boolean => [0x0800, 0x86dd, 0x8100, 0x88a8, 0x9100].includes(type);
  const tagged = (type: number): boolean => type !== 0x0800 && type !== 0x86dd;
  const ether = u16(bytes, 12);
  if (ipType(ether) && (tagged(ether) || ipAt(14))) return 1;
  if (ipAt(0) && (bytes[0] ?? 0) >> 4 === 4 && u16(bytes, 2) <= bytes.length) return rawIp;
  if (ipAt(0) && (bytes[0] ?? 0) >> 4 === 6) return rawIp;
  if (ipType(u16(bytes, 14)) && ipAt(16) && bytes[0] === 0) return 113;
  if (ipType(u16(bytes, 0)) && ipAt(20)) return 276;
  const family = Math.min(bytes[0] ?? 0, 255) || (bytes[3] ?? 0);
  return [2, 10, 23, 24, 28, 30].includes(family) && ipAt(4) ? 0 : undefined;
}

/** Who sends the message that a DTLS record of epoch 0 begins with: `out` is the client. */
function senderOf(payload: Uint8Array): Direction | undefined {
  if (payload[0] !== 22 || payload[1] !== 0xfe || bigEndian.u16(payload, 3) !== 0) return undefined;
  const type = payload[13] ?? 0;
  if ([1, 15, 16].includes(type)) return 'out';
  return [2, 3, 4, 12, 13, 14].includes(type) ? 'in' : undefined;
}
