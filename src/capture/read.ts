/**
 * Captures as traces: pcap and pcapng in, datagram events out. What is not UDP over IP is counted by what it is, so that
 * frames = datagrams + the sum of `other`, always; what cannot be read is a `Problem` with its offset. Nothing throws,
 * and what is kept between two chunks is bounded.
 */
import { fromUtf8 } from '../base/bytes.ts';
import { ipText, socketText } from '../base/ip.ts';
import type { Trace, TraceEvent, TraceHeader } from '../trace/model.ts';
import { type Problem, Problems } from '../trace/problem.ts';
import { ByteQueue, type Container, type Frame, type Item } from './blocks.ts';
import { isFindingComment } from './findingComments.ts';
import { isKnownLinkType, linkPayload } from './frames.ts';
import { icmpNote } from './icmp.ts';
import { type IpPacket, Protocol, protocolNames, readIp, readReassembled } from './ip.ts';
import { parseKeyLog, secretEvents } from './keylog.ts';
import { parseLinkComment } from './linkComments.ts';
import { isPcap, PcapContainer } from './pcap.ts';
import { isPcapng, PcapngContainer } from './pcapng.ts';
import { IpReassembly } from './reassembly.ts';

export interface CaptureCounts {
  /** Frames as Wireshark counts them. */
  readonly frames: number;
  readonly datagrams: number;
  /** Frames that gave no datagram, by what they are: "TCP", "ARP", "IP fragment", "malformed"… */
  readonly other: Readonly<Record<string, number>>;
}

export interface CaptureReading {
  readonly format: 'pcap' | 'pcapng';
  readonly trace: Trace;
  readonly problems: readonly Problem[];
  readonly counts: CaptureCounts;
}

export interface CaptureOptions {
  /** Who reads, for the trace's header: "dtlscope 0.1.0". */
  readonly tool?: string;
  /** A name to show, such as the file's. */
  readonly title?: string;
}

/** Comments and network messages that are kept as notes. */
const mostNotes = 1000;
const longestNote = 2000;

/** Whether `CaptureReader` can read what begins so (4 bytes are enough). */
export const isCapture = (bytes: Uint8Array): boolean => isPcap(bytes) || isPcapng(bytes);

/** Reads a whole capture. A file that is none gives a trace without events and one problem. */
export function readCapture(bytes: Uint8Array, options: CaptureOptions = {}): CaptureReading {
  const reader = new CaptureReader(options);
  const events = reader.push(bytes);
  for (const event of reader.end()) events.push(event);
  const { header, problems, counts } = reader;
  return { format: isPcap(bytes) ? 'pcap' : 'pcapng', trace: { header, events }, problems, counts };
}

/** Reads a capture chunk by chunk: `push` as bytes come, `end` once. */
export class CaptureReader {
  readonly #options: CaptureOptions;
  readonly #queue = new ByteQueue();
  #container: Container | undefined;
  #need = 4;
  #stopped = false;
  readonly #problems = new Problems();
  #events: TraceEvent[] = [];
  /** Nanoseconds since 1970 of the first frame that has a time. */
  #start: bigint | undefined;
  /** Trace time of the frame at hand. */
  #now = 0;
  #frame = 0;
  #datagrams = 0;
  #notes = 0;
  readonly #other = new Map<string, number>();
  readonly #badLinkTypes = new Set<number>();
  readonly #reassembly: IpReassembly;

  constructor(options: CaptureOptions = {}) {
    this.#options = options;
    this.#reassembly = new IpReassembly(({ src, dst, frame, fragments, bytes }) =>
      this.#note(
        `an IP datagram from ${src} to ${dst} never became whole: ${fragments} fragment${fragments === 1 ? '' : 's'} ` +
          `(${bytes} bytes) from frame ${frame} on, the rest is not in the capture`,
      ),
    );
  }

  /** Facts that became known with this chunk. */
  push(chunk: Uint8Array): TraceEvent[] {
    if (!this.#stopped) this.#queue.push(chunk);
    this.#work(false);
    return this.#taken();
  }

  /** The file has ended: what is left over is reported. */
  end(): TraceEvent[] {
    this.#work(true);
    const left = this.#queue.length;
    if (!this.#stopped && left > 0) {
      this.#problems.add('cut', this.#queue.offset, `the file ends in the middle of a block (${left} bytes of it)`);
    }
    if (!this.#container && !this.#stopped && left === 0) this.#problems.add('not-this-format', 0, 'the file is empty');
    this.#stopped = true;
    this.#reassembly.end();
    return this.#taken();
  }

  /** Final when all was read: the time of the start is that of the first frame. */
  get header(): TraceHeader {
    return {
      tool: this.#options.tool ?? 'dtlscope',
      kind: 'capture',
      startedAt: this.#start === undefined ? undefined : Number(this.#start) / 1e6,
      title: this.#options.title,
      localRole: undefined,
      commandLine: undefined,
    };
  }

  get problems(): readonly Problem[] {
    return this.#problems.list();
  }

  get counts(): CaptureCounts {
    return { frames: this.#frame, datagrams: this.#datagrams, other: Object.fromEntries(this.#other) };
  }

  #taken(): TraceEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #work(last: boolean): void {
    while (!this.#stopped && this.#queue.length > 0 && (last || this.#queue.length >= this.#need)) {
      const bytes = this.#queue.peek();
      this.#container ??= containerFor(bytes);
      if (!this.#container) {
        this.#problems.add('not-this-format', 0, 'neither a pcap nor a pcapng file');
        this.#stopped = true;
        return;
      }
      const step = this.#container.step(bytes, this.#queue.offset, last, (item) => this.#item(item));
      if (step.kind === 'done') {
        this.#queue.skip(step.size);
        this.#need = 0;
      } else if (step.kind === 'stop') this.#stopped = true;
      else if (last) return;
      else this.#need = step.need;
    }
  }

  #item(item: Item): void {
    switch (item.kind) {
      case 'frame':
        this.#frame = item.frame.number;
        this.#count(this.#read(item.frame));
        return;
      case 'other-frame':
        this.#frame = item.number;
        this.#count(item.what);
        return;
      case 'keys':
        this.#keys(item.bytes, item.offset);
        return;
      case 'comment':
        this.#comment(item.frame, item.text);
        return;
      case 'problem':
        this.#problems.add(item.code, item.offset, item.why);
        return;
    }
  }

  /** What a comment of ours says of the link is a fact again, findings are found anew; every other comment is a note. */
  #comment(frame: number | undefined, text: string): void {
    if (isFindingComment(text)) return;
    const link = frame === undefined ? undefined : parseLinkComment(text, this.#now);
    if (link && frame !== undefined) this.#events.push({ kind: 'link', at: this.#now, packet: frame, ...link });
    else this.#note(`comment on ${frame === undefined ? 'the capture' : `frame ${frame}`}: ${text}`);
  }

  /** Emits the datagram that the frame holds or completes, or says what the frame is instead. */
  #read(frame: Frame): string | undefined {
    if (frame.time !== undefined) {
      this.#start ??= frame.time;
      this.#now = Number(frame.time - this.#start) / 1e6;
    }
    if (frame.linkType === undefined) return 'interface not described';
    const link = linkPayload(frame.linkType, frame.bytes);
    if ('other' in link) {
      if (!isKnownLinkType(frame.linkType)) this.#unknownLinkType(frame.linkType, frame.offset);
      return link.other;
    }
    const packet = readIp(frame.bytes, link.at, link.version, frame.wireLength);
    if ('other' in packet) return packet.other;
    if (!packet.fragment) return this.#packet(packet, frame);
    const whole = this.#reassembly.add(packet, frame.number, this.#now);
    if (!whole) return 'IP fragment';
    const inner = readReassembled(whole);
    if ('other' in inner) return inner.other;
    return this.#packet(inner, frame);
  }

  #packet(packet: IpPacket, frame: Frame): string | undefined {
    if (packet.protocol !== Protocol.udp) {
      const note = icmpNote(packet);
      if (note) this.#note(`frame ${frame.number}: ${ipText(packet.src)} ${note}`);
      return protocolNames[packet.protocol] ?? 'other IP protocol';
    }
    const { payload } = packet;
    if (payload.length < 8) return packet.length < 8 ? 'malformed' : 'header cut';
    const u16 = (at: number): number => ((payload[at] ?? 0) << 8) | (payload[at + 1] ?? 0);
    // RFC 2675 §4: 0 is a jumbogram, as long as its IP packet.
    const length = u16(4) || packet.length;
    if (length < 8 || length > packet.length) return 'malformed';
    this.#datagrams++;
    this.#events.push({
      kind: 'datagram',
      at: this.#now,
      packet: frame.number,
      src: socketText(packet.src, u16(0)),
      dst: socketText(packet.dst, u16(2)),
      from: undefined,
      bytes: payload.subarray(8, length),
      length: length - 8,
      contents: undefined,
    });
    return undefined;
  }

  #keys(bytes: Uint8Array, offset: number): void {
    const { secrets, problems } = parseKeyLog(fromUtf8(bytes));
    for (const event of secretEvents(secrets, this.#now)) this.#events.push(event);
    for (const { line, why } of problems) {
      this.#problems.add('broken', offset, `line ${line} of the keys in the capture: ${why}`);
    }
  }

  #unknownLinkType(linkType: number, offset: number): void {
    if (this.#badLinkTypes.has(linkType)) return;
    this.#badLinkTypes.add(linkType);
    const why = `frames of link type ${linkType} are not read (Ethernet, Linux cooked, raw IP and loopback are)`;
    this.#problems.add('unsupported', offset, why);
  }

  #count(what: string | undefined): void {
    if (what !== undefined) this.#other.set(what, (this.#other.get(what) ?? 0) + 1);
  }

  #note(text: string): void {
    this.#notes++;
    if (this.#notes > mostNotes) {
      if (this.#notes === mostNotes + 1)
        this.#problems.add('limit', undefined, `only the first ${mostNotes} notes were kept`);
      return;
    }
    const short = text.length > longestNote ? `${text.slice(0, longestNote)}…` : text;
    this.#events.push({ kind: 'note', at: this.#now, text: short });
  }
}

function containerFor(bytes: Uint8Array): Container | undefined {
  if (isPcap(bytes)) return new PcapContainer();
  return isPcapng(bytes) ? new PcapngContainer() : undefined;
}
