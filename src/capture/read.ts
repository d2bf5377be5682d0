/**
 * Captures as traces: pcap, pcapng and hex dumps in, datagram events out. What is not UDP over IP is counted by what it is, so that
 * frames = datagrams + the sum of `other`, always; what cannot be read is a `Problem` with its offset. Nothing throws,
 * and what is kept between two chunks is bounded.
 */
import { concat, fromUtf8 } from '../base/bytes.ts';
import { ipText } from '../base/ip.ts';
import type { LinkAction, Trace, TraceEvent, TraceHeader } from '../trace/model.ts';
import { type Problem, Problems } from '../trace/problem.ts';
import {
  ByteQueue,
  bigEndian,
  type Container,
  type Finder,
  type Frame,
  type FrameTime,
  type Item,
  stopped,
} from './blocks.ts';
import { Copies, type PacketMark } from './copies.ts';
import { CutRecords } from './cutRecords.ts';
import { isFindingComment } from './findingComments.ts';
import { isKnownLinkType, type LinkPayload, linkNames, linkPayload } from './frames.ts';
import { HexDumpContainer, isHexDump } from './hexDump.ts';
import { icmpError, icmpText } from './icmp.ts';
import { type IpPacket, Protocol, plainUdp, protocolNames, readIp, readReassembled } from './ip.ts';
import { parseKeyLog, secretEvents } from './keylog.ts';
import { parseLinkComment } from './linkComments.ts';
import { MediaCounter, type MediaRun } from './media.ts';
import { isPcap, PcapContainer } from './pcap.ts';
import { isPcapng, PcapngContainer } from './pcapng.ts';
import { IpReassembly } from './reassembly.ts';
import { RecentDatagrams } from './recent.ts';
import { insideIp, insideUdp } from './tunnels.ts';
import { Ways } from './ways.ts';

export interface CaptureCounts {
  /** Frames as Wireshark counts them. */
  readonly frames: number;
  readonly datagrams: number;
  /** Frames that gave no datagram, by what they are: "TCP", "ARP", "IP fragment", "malformed", `recordedAgain`… */
  readonly other: Readonly<Record<string, number>>;
}

export interface CaptureReading {
  readonly format: Container['format'];
  readonly trace: Trace;
  readonly problems: readonly Problem[];
  readonly counts: CaptureCounts;
}

export interface CaptureOptions {
  /** Who reads, for the trace's header: "dtlscope 0.1.0". */
  readonly tool?: string;
  /** A name to show, such as the file's. */
  readonly title?: string;
  /** Takes the facts as they are found, so that `push` and `end` answer none: for who keeps no trace. */
  readonly sink?: CaptureSink;
}

/**
 * Who reads the handshakes of a long call and writes no other file: media packets are counted and make no events, and the bytes
 * of the others are good while they are told only, since the chunk that they lie in is used again.
 */
export interface CaptureSink {
  push(event: TraceEvent): void;
  media(run: MediaRun): void;
}

/** Tunnels in tunnels; beyond it somebody is playing. */
const deepestTunnel = 4;

/** What a frame counts as whose packet an earlier frame holds too. */
export const recordedAgain = 'recorded again';

/** Bytes by which a file's kind is told. */
const headBytes = 4096;
/** Times that go back further than buffers and queues can explain are those of a clock that was put back. ms */
const putBackMs = 10_000;
/** Comments and network messages that are kept as notes. */
const mostNotes = 1000;
const longestNote = 2000;

/** Whether `CaptureReader` can read what begins so (4 bytes are enough, for a hex dump the first lines). */
export const isCapture = (bytes: Uint8Array): boolean => isPcap(bytes) || isPcapng(bytes) || isHexDump(bytes);

/** Reads a whole capture. A file that is none gives a trace without events and one problem. */
export function readCapture(bytes: Uint8Array, options: CaptureOptions = {}): CaptureReading {
  const reader = new CaptureReader(options);
  const events = reader.push(bytes);
  for (const event of reader.end()) events.push(event);
  const { format, header, problems, counts } = reader;
  return { format, trace: { header, events }, problems, counts };
}

/** The header of a capture's trace before the first frame was read. */
export const captureHeader = ({ tool = 'dtlscope', title }: CaptureOptions): TraceHeader => ({
  tool,
  kind: 'capture',
  startedAt: undefined,
  title,
  localRole: undefined,
  commandLine: undefined,
});

/** Reads a capture chunk by chunk: `push` as bytes come, `end` once. */
export class CaptureReader {
  readonly #options: CaptureOptions;
  readonly #queue = new ByteQueue();
  #container: Container | undefined;
  #need = 4;
  #stopped = false;
  readonly #problems = new Problems();
  #events: TraceEvent[] = [];
  /** Time of the first frame that has one. */
  #start: FrameTime | undefined;
  /** Trace time of the frame at hand. */
  #now = 0;
  #latest = 0;
  /** What is added to times since the clock was put back. */
  #putBack = 0;
  #frame = 0;
  #datagrams = 0;
  #notes = 0;
  readonly #other = new Map<string, number>();
  readonly #badLinkTypes = new Set<number>();
  readonly #reassembly: IpReassembly;
  readonly #ways = new Ways(() => this.#media?.flush());
  readonly #recent = new RecentDatagrams();
  readonly #media: MediaCounter | undefined;
  readonly #cuts = new CutRecords();
  readonly #copies = new Copies();
  /** Whether the frame at hand has a time. */
  #timed = false;
  readonly #finder: Finder = { frame: (frame) => this.#frameOf(frame), item: (item) => this.#item(item) };

  constructor(options: CaptureOptions = {}) {
    this.#options = options;
    const { sink } = options;
    this.#media = sink && new MediaCounter((run) => sink.media(run));
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
    if (this.#options.sink) this.#queue.own();
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

  /** Of the file; pcapng for one of which nothing could be told. */
  get format(): Container['format'] {
    return this.#container?.format ?? 'pcapng';
  }

  /** Final when all was read: the time of the start is that of the first frame. */
  get header(): TraceHeader {
    const startedAt = this.#start && this.#start.seconds * 1000 + this.#start.nanoseconds / 1e6;
    return { ...captureHeader(this.#options), startedAt };
  }

  get problems(): readonly Problem[] {
    return this.#problems.list();
  }

  get counts(): CaptureCounts {
    return { frames: this.#frame, datagrams: this.#datagrams, other: Object.fromEntries(this.#other) };
  }

  #emit(event: TraceEvent): void {
    const { sink } = this.#options;
    if (sink) sink.push(event);
    else this.#events.push(event);
  }

  #taken(): TraceEvent[] {
    this.#media?.flush();
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #work(last: boolean): void {
    const queue = this.#queue;
    while (!this.#stopped && queue.length > 0 && (last || queue.length >= this.#need)) {
      // A hex dump may begin with comments: a little more has to be there to tell.
      const bytes = queue.peek(this.#container ? this.#need : Math.max(this.#need, headBytes));
      if (!this.#container && !last && bytes.length < headBytes && !isPcap(bytes) && !isPcapng(bytes)) {
        this.#need = headBytes;
        return;
      }
      this.#container ??= containerFor(bytes);
      if (!this.#container) {
        this.#problems.add('not-this-format', 0, 'neither a pcap nor a pcapng file, nor a hex dump');
        this.#stopped = true;
        return;
      }
      const isEnd = last && bytes.length === queue.length;
      const need = this.#steps(bytes, this.#container, isEnd);
      if (isEnd && need > 0) return;
      this.#need = need;
    }
  }

  /** As many blocks as are there; the answer is how many bytes the container wants to go on. */
  #steps(bytes: Uint8Array, container: Container, last: boolean): number {
    let at = 0;
    let need = 0;
    const { offset } = this.#queue;
    while (at < bytes.length && need === 0 && !this.#stopped) {
      const step = container.step(bytes, at, offset + at, last, this.#finder);
      if (step === stopped) this.#stopped = true;
      else if (step < 0) need = -step;
      else at += step;
    }
    this.#queue.skip(at);
    return need;
  }

  #frameOf(frame: Frame): void {
    this.#frame = frame.number;
    this.#count(this.#read(frame));
  }

  #item(item: Item): void {
    switch (item.kind) {
      case 'other-frame':
        this.#frame = item.number;
        this.#count(item.what);
        return;
      case 'keys':
        this.#keys(item.bytes, item.offset);
        return;
      case 'name':
        this.#note(`${ipText(item.ip)} is called ${item.name}`);
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
    if (link && frame !== undefined) this.#emit({ kind: 'link', at: this.#now, packet: frame, ...link });
    else this.#note(`comment on ${frame === undefined ? 'the capture' : `frame ${frame}`}: ${text}`);
  }

  /** Emits the datagram that the frame holds or completes, or says what the frame is instead. */
  #read(frame: Frame): string | undefined {
    const { data, start, end } = frame;
    this.#timed = frame.timed;
    if (frame.timed) {
      const { seconds, nanoseconds } = frame;
      this.#start ??= { seconds, nanoseconds };
      const from = this.#start;
      // Exact to the nanosecond for a capture of three months.
      const since = ((seconds - from.seconds) * 1e9 + (nanoseconds - from.nanoseconds)) / 1e6;
      if (since + this.#putBack < this.#latest - putBackMs) this.#putBack = this.#latest - since;
      this.#now = since + this.#putBack;
      this.#latest = Math.max(this.#latest, this.#now);
    }
    if (frame.linkType === undefined) return 'interface not described';
    const link = linkPayload(frame.linkType, data, start, end);
    if ('other' in link) {
      if (!isKnownLinkType(frame.linkType)) this.#unknownLinkType(frame.linkType, frame.offset);
      return link.other;
    }
    const { at, version } = link;
    return this.#ip(data, at, end, version, frame.wireLength - (at - start), 0);
  }

  /** The datagram of an IP packet that begins at `at`, or of one inside it; so many others are around it. */
  #ip(
    data: Uint8Array,
    at: number,
    end: number,
    version: 4 | 6,
    wireLength: number,
    around: number,
  ): string | undefined {
    const plain = plainUdp(data, at, end, version);
    if (plain) {
      const { addresses, size, udp, packetEnd } = plain;
      const known = Math.min(end, packetEnd);
      const inside = insideUdp(data, udp, known);
      if (inside) return this.#inside(inside, data, known, packetEnd, around);
      return this.#udp(data, addresses, size, udp, known, packetEnd - udp, plain);
    }
    const packet = readIp(data.subarray(at, end), version, wireLength);
    if ('other' in packet) return packet.other;
    if (!packet.fragment) return this.#packet(packet, around);
    if (this.#isFragmentAgain(packet, packet.fragment)) return recordedAgain;
    const whole = this.#reassembly.add(packet, this.#frame, this.#now);
    if (!whole) return 'IP fragment';
    const inner = readReassembled(whole);
    if ('other' in inner) return inner.other;
    return this.#packet(inner, around);
  }

  /** What a tunnel's packet holds, which ends at `end` as far as it is known, and at `whole` by its own word. */
  #inside(inside: LinkPayload, bytes: Uint8Array, end: number, whole: number, around: number): string | undefined {
    if ('other' in inside) return inside.other;
    if (around >= deepestTunnel) return 'malformed';
    return this.#ip(bytes, inside.at, end, inside.version, whole - inside.at, around + 1);
  }

  #packet(packet: IpPacket, around: number): string | undefined {
    const { protocol, payload, length, src, dst } = packet;
    if (protocol !== Protocol.udp) {
      const inside = insideIp(protocol, payload, 0, payload.length);
      if (inside) return this.#inside(inside, payload, payload.length, length, around);
      this.#icmp(packet, this.#frame);
      return protocolNames[protocol] ?? 'other IP protocol';
    }
    if (payload.length < 8) return length < 8 ? 'malformed' : 'header cut';
    const tunnelled = insideUdp(payload, 0, payload.length);
    if (tunnelled) return this.#inside(tunnelled, payload, payload.length, length, around);
    const addresses = new Uint8Array(src.length * 2);
    addresses.set(src);
    addresses.set(dst, src.length);
    const bytes = concat(addresses, payload);
    const size = src.length === 4 ? 4 : 16;
    return this.#udp(bytes, 0, size, 2 * size, bytes.length, length, packet);
  }

  /** Whether a fragment was recorded before: it belongs to no other packet than the first of its kind. */
  #isFragmentAgain(packet: IpPacket, { id, offset }: NonNullable<IpPacket['fragment']>): boolean {
    const { src, dst, payload } = packet;
    let flow = offset ^ packet.length;
    for (const byte of src) flow = Math.imul(flow, 31) + byte;
    for (const byte of dst) flow = Math.imul(flow, 31) + byte;
    return this.#copies.has(flow, payload, 0, payload.length, { id, hops: packet.hops }, this.#time);
  }

  /** Of the frame at hand; undefined where the file has none. */
  get #time(): number | undefined {
    return this.#timed ? this.#now : undefined;
  }

  /** The datagram whose header is at `at`, of which bytes up to `end` are known; its packet has `length` bytes for it. */
  #udp(
    bytes: Uint8Array,
    addresses: number,
    size: 4 | 16,
    at: number,
    end: number,
    length: number,
    mark: PacketMark,
  ): string | undefined {
    // RFC 2675 §4: 0 is a jumbogram, as long as its IP packet.
    const declared = bigEndian.u16(bytes, at + 4) || length;
    if (declared < 8 || declared > length) return 'malformed';
    const way = this.#ways.of(bytes, addresses, size, at);
    const first = bytes[at + 8] ?? 0;
    const stop = Math.min(end, at + declared);
    const flow = way.a ^ Math.imul(way.b, 31) ^ Math.imul(way.ports, 127) ^ declared;
    if (isToldOneByOne(bytes, at + 8, stop) && this.#copies.has(flow, bytes, at + 8, stop, mark, this.#time))
      return recordedAgain;
    this.#datagrams++;
    const media = this.#media;
    if (media) {
      const looksLikeMedia = first >= 128 && first <= 191 && declared > 8 && at + 8 < end;
      if (looksLikeMedia && (this.#cuts.none || !this.#cuts.goesOn(way.src, way.dst, declared - 8, this.#now))) {
        media.add(way, at + 9 < end ? (bytes[at + 9] ?? 0) : 0, this.#now);
        return undefined;
      }
      media.before(way);
      // What begins no record matters only to one that was begun.
      if (!looksLikeMedia && (!this.#cuts.none || (first >= 20 && first <= 26)))
        this.#cuts.note(way.src, way.dst, bytes.subarray(at + 8, stop), this.#now);
    }
    const { src, dst } = way;
    this.#recent.add(this.#frame, src, dst, declared, bigEndian.u16(bytes, at + 6));
    this.#emit({
      kind: 'datagram',
      at: this.#now,
      packet: this.#frame,
      src,
      dst,
      from: undefined,
      bytes: bytes.subarray(at + 8, stop),
      length: declared - 8,
      contents: undefined,
    });
    return undefined;
  }

  /**
   * An ICMP error: a note, and a fact about the flow that it quotes. A hop that has a smaller MTU did not pass the quoted
   * datagram on; "unreachable" refuses the flow.
   */
  #icmp(packet: IpPacket, frame: number): void {
    const error = icmpError(packet);
    if (!error) return;
    const by = ipText(packet.src);
    this.#note(`frame ${frame}: ${by} ${icmpText(error)}`);
    const { src, dst, what, mtu } = error;
    if (error.kind === 'refused') this.#emit({ kind: 'refused', at: this.#now, by, why: what, src, dst });
    const meant = error.kind === 'too-large' && error.udp ? this.#recent.find(src, dst, error.udp) : undefined;
    if (meant !== undefined) {
      // A link's MTU is that of UDP payloads.
      const room = Math.max(0, (mtu ?? 0) - (packet.src.length === 4 ? 28 : 48));
      const action: LinkAction = mtu === undefined ? { kind: 'lost' } : { kind: 'too-large', mtu: room };
      this.#emit({ kind: 'link', at: this.#now, packet: meant, action, rule: `ICMP from ${by}` });
    }
  }

  #keys(bytes: Uint8Array, offset: number): void {
    const { secrets, problems } = parseKeyLog(fromUtf8(bytes));
    for (const event of secretEvents(secrets, this.#now)) this.#emit(event);
    for (const { line, why } of problems) {
      this.#problems.add('broken', offset, `line ${line} of the keys in the capture: ${why}`);
    }
  }

  #unknownLinkType(linkType: number, offset: number): void {
    if (this.#badLinkTypes.has(linkType)) return;
    this.#badLinkTypes.add(linkType);
    const name = linkNames[linkType];
    const why = `frames of link type ${linkType}${name ? ` (${name})` : ''} are not read (Ethernet, Linux cooked, raw IP and loopback are)`;
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
    this.#emit({ kind: 'note', at: this.#now, text: short });
  }
}

function containerFor(bytes: Uint8Array): Container | undefined {
  if (isPcap(bytes)) return new PcapContainer();
  if (isPcapng(bytes)) return new PcapngContainer();
  return isHexDump(bytes) ? new HexDumpContainer() : undefined;
}

/** Whether a payload is what handshakes and ICE are made of: DTLS, STUN, or either through a relay's channel (RFC 7983 §7). */
function isToldOneByOne(bytes: Uint8Array, start: number, end: number): boolean {
  const first = bytes[start] ?? 0;
  if (first < 4) return end >= start + 20 && bigEndian.u32(bytes, start + 4) === 0x2112a442;
  return end > start && first >= 20 && first <= 79;
}
