/**
 * A trace as pcapng, for Wireshark and everybody who has it: raw IP packets with right checksums, times in nanoseconds,
 * what the link did as packet comments, and TLS keys in a decryption secrets block only when asked.
 *
 * The file shows what was sent, when it was sent, as a capture at both senders would: a datagram that the link lost stands
 * in it too, with a comment that says so. Its frames are numbered from 1 in the order of the trace.
 */
import { concat, concatAll, fromUtf8, utf8 } from '../base/bytes.ts';
import { mapped, parseSocketAddress, type SocketAddress } from '../base/ip.ts';
import type { Address, DatagramEvent, PacketNumber, Trace } from '../trace/model.ts';
import type { KeyChoice } from '../trace/sanitise.ts';
import { formatFindingComment } from './findingComments.ts';
import { formatKeyLog, secretsOf } from './keylog.ts';
import { formatLinkComment } from './linkComments.ts';
import { tlsKeyLog } from './pcapng.ts';

/** What is known of a trace beyond its facts: comments for the file, and for its datagrams. */
export interface Findings {
  readonly file: readonly string[];
  readonly packets: ReadonlyMap<PacketNumber, readonly string[]>;
}

/**
 * The trace as a pcapng file. Secrets are in it only `withKeys`. What was found stands in comments; reading leaves those
 * out, because what is found in the file is found anew.
 */
export function toPcapng(trace: Trace, { withKeys }: KeyChoice, found?: Findings): Uint8Array {
  const parts = [sectionHeader(trace, found?.file ?? []), interfaceDescription()];
  const secrets = withKeys ? secretsOf(trace.events) : [];
  if (secrets.length > 0) parts.push(decryptionSecrets(formatKeyLog(secrets)));
  const comments = linkComments(trace);
  const addresses = new AddressBook(trace);
  const origin = trace.header.kind === 'capture' ? 'frame N of the original capture' : 'datagram N of the run';
  let frame = 0;
  for (const event of trace.events) {
    if (event.kind !== 'datagram') continue;
    frame++;
    const notes = [
      ...(comments.get(event.packet) ?? []),
      ...(found?.packets.get(event.packet) ?? []).map(formatFindingComment),
    ];
    if (event.packet !== frame) notes.unshift(origin.replace('N', String(event.packet)));
    const time = timestamp(trace.header.startedAt ?? 0, event.at);
    parts.push(enhancedPacket(event, time, addresses.pair(event), notes));
  }
  return concatAll(parts);
}

/** Nanoseconds since 1970, within the 64 bits that the format has. The start in whole microseconds: a double has no more. */
function timestamp(startMs: number, atMs: number): bigint {
  // A trace file may claim any number; a year 285,000 is enough.
  const bounded = (ms: number): number => Math.min(Math.max(ms, -9e15), 9e15);
  const time = BigInt(Math.round(bounded(startMs) * 1e3)) * 1000n + BigInt(Math.round(bounded(atMs) * 1e6));
  return time < 0n ? 0n : BigInt.asUintN(64, time);
}

const linkTypeRaw = 101;
const nanoseconds = 9;

const u16 = (value: number): Uint8Array => Uint8Array.of(value & 0xff, (value >> 8) & 0xff);
const u32 = (value: number): Uint8Array =>
  Uint8Array.of(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff);
const pad4 = (length: number): Uint8Array => new Uint8Array((4 - (length % 4)) % 4);

/** A block in little-endian order (draft-ietf-opsawg-pcapng §3.1). */
function block(type: number, ...body: readonly Uint8Array[]): Uint8Array {
  const length = 12 + body.reduce((sum, part) => sum + part.length, 0);
  return concat(u32(type), u32(length), ...body, u32(length));
}

const option = (code: number, value: Uint8Array): Uint8Array =>
  concat(u16(code), u16(value.length), value, pad4(value.length));
const endOfOptions = u32(0);

/** An option's length is 16 bits; half of that is enough for any text of ours. */
const textOption = (code: number, text: string): Uint8Array => {
  const bytes = utf8(text);
  return option(code, bytes.length <= 0x7fff ? bytes : utf8(fromUtf8(bytes.subarray(0, 0x7ff0))));
};

function sectionHeader(trace: Trace, found: readonly string[]): Uint8Array {
  const title = trace.header.title;
  const unknownLength = new Uint8Array(8).fill(0xff);
  return block(
    0x0a0d0d0a,
    u32(0x1a2b3c4d),
    u16(1),
    u16(0),
    unknownLength,
    ...(title === undefined ? [] : [textOption(1, title)]),
    ...found.map((text) => textOption(1, formatFindingComment(text))),
    textOption(4, trace.header.tool),
    endOfOptions,
  );
}

const interfaceDescription = (): Uint8Array =>
  block(
    1,
    u16(linkTypeRaw),
    u16(0),
    u32(0),
    textOption(2, 'dtlscope'),
    option(9, Uint8Array.of(nanoseconds)),
    endOfOptions,
  );

function decryptionSecrets(keyLog: string): Uint8Array {
  const bytes = utf8(keyLog);
  return block(10, u32(tlsKeyLog), u32(bytes.length), bytes, pad4(bytes.length));
}

function enhancedPacket(
  event: DatagramEvent,
  time: bigint,
  { src, dst }: { readonly src: SocketAddress; readonly dst: SocketAddress },
  comments: readonly string[],
): Uint8Array {
  const { packet, wireLength, tooLong } = ipPacket(event, src, dst);
  const notes = tooLong === undefined ? comments : [...comments, tooLong];
  return block(
    6,
    u32(0),
    u32(Number(time >> 32n)),
    u32(Number(time & 0xffffffffn)),
    u32(packet.length),
    u32(wireLength),
    packet,
    pad4(packet.length),
    ...notes.map((note) => textOption(1, note)),
    ...(notes.length > 0 ? [endOfOptions] : []),
  );
}

const largestPayload = { 4: 65535 - 20 - 8, 16: 65535 - 8 } as const;

/** IPv4 or IPv6, UDP and payload. A datagram that the capture had cut, or that no UDP header can describe, is cut here too. */
function ipPacket(event: DatagramEvent, src: SocketAddress, dst: SocketAddress) {
  const v4 = src.ip.length === 4 && dst.ip.length === 4;
  const [from, to] = v4 ? [src.ip, dst.ip] : [mapped(src.ip), mapped(dst.ip)];
  const most = v4 ? largestPayload[4] : largestPayload[16];
  const payload = event.bytes.subarray(0, most);
  const length = Math.min(event.length, most);
  const big = (value: number): Uint8Array => Uint8Array.of((value >> 8) & 0xff, value & 0xff);
  const udpHeader = (checksum: number): Uint8Array =>
    concat(big(src.port), big(dst.port), big(8 + length), big(checksum));
  const pseudo = v4
    ? concat(from, to, Uint8Array.of(0, 17), big(8 + length))
    : concat(from, to, Uint8Array.of(0, 0), big(8 + length), Uint8Array.of(0, 0, 0, 17));
  // RFC 768: a sum of 0 is sent as all ones. Of a datagram that is not all here the sum is not known.
  const sum = payload.length === length ? checksum(concat(pseudo, udpHeader(0), payload)) || 0xffff : 0;
  const udp = concat(udpHeader(sum), payload);
  const header = v4 ? ipv4Header(from, to, 28 + length, event.packet) : ipv6Header(from, to, 8 + length);
  return {
    packet: concat(header, udp),
    wireLength: header.length + 8 + length,
    tooLong: event.length > most ? `${event.length} bytes do not fit a UDP datagram; cut to ${most} here` : undefined,
  };
}

/** RFC 791 §3.1; the identification is the datagram's number. */
function ipv4Header(src: Uint8Array, dst: Uint8Array, total: number, packet: PacketNumber): Uint8Array {
  const header = Uint8Array.of(
    0x45,
    0,
    total >> 8,
    total & 0xff,
    (packet >> 8) & 0xff,
    packet & 0xff,
    0,
    0,
    64,
    17,
    0,
    0,
  );
  const whole = concat(header, src, dst);
  const sum = checksum(whole);
  whole[10] = sum >> 8;
  whole[11] = sum & 0xff;
  return whole;
}

/** RFC 8200 §3. */
const ipv6Header = (src: Uint8Array, dst: Uint8Array, length: number): Uint8Array =>
  concat(Uint8Array.of(0x60, 0, 0, 0, (length >> 8) & 0xff, length & 0xff, 17, 64), src, dst);

/** The Internet checksum (RFC 1071). */
export function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

/** What the link did, in words, by datagram. */
function linkComments(trace: Trace): ReadonlyMap<PacketNumber, readonly string[]> {
  const comments = new Map<PacketNumber, string[]>();
  for (const event of trace.events) {
    if (event.kind !== 'link') continue;
    const text = formatLinkComment(event.action, event.rule);
    if (text === undefined) continue;
    const list = comments.get(event.packet) ?? [];
    list.push(text);
    comments.set(event.packet, list);
  }
  return comments;
}

/**
 * Real addresses stay. Names (simulation: "client", "server") get one each of 10.0.0.0/8 in order of appearance; who
 * speaks as server gets port 4433, which Wireshark takes for DTLS without being told.
 */
class AddressBook {
  readonly #names = new Map<Address, SocketAddress>();
  readonly #servers: ReadonlySet<Address>;
  #made = 0;

  constructor(trace: Trace) {
    const servers = new Set<Address>();
    for (const event of trace.events) {
      if (event.kind !== 'datagram' || event.from === undefined) continue;
      servers.add(event.from === 'server' ? event.src : event.dst);
    }
    this.#servers = servers;
  }

  pair({ src, dst }: DatagramEvent): { readonly src: SocketAddress; readonly dst: SocketAddress } {
    return { src: this.#find(src), dst: this.#find(dst) };
  }

  #find(address: Address): SocketAddress {
    const known = this.#names.get(address) ?? parseSocketAddress(address);
    if (known) {
      this.#names.set(address, known);
      return known;
    }
    const number = ++this.#made;
    const ip = Uint8Array.of(10, (number >> 16) & 0xff, (number >> 8) & 0xff, number & 0xff);
    const named = /:(\d{1,5})$/.exec(address);
    const given = named ? Number(named[1]) : 0;
    const port = given > 0 && given <= 65535 ? given : this.#servers.has(address) ? 4433 : 50_000;
    const made = { ip, port };
    this.#names.set(address, made);
    return made;
  }
}
