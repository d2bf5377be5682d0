/**
 * What a capture's STUN messages say that matters to a handshake, read in one walk over the attributes: a long call has ten
 * thousands of them, and only a few facts of each are kept. So one scan is used again for every message, and what few ask
 * for (addresses, texts) is read when asked. Whole messages, for the inspector, are read by the wire codec.
 */
import { fromUtf8, hexByte } from '../base/bytes.ts';
import { socketText } from '../base/ip.ts';
import type { StunClass } from '../wire/stunRegistry.ts';

/** A transaction ID as three numbers of 32 bits. */
export interface Transaction {
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

export const StunMethod = { binding: 1, allocate: 3, refresh: 4, send: 6, data: 7, permission: 8, channel: 9 } as const;

const header = 20;
const classes = ['request', 'indication', 'success', 'error'] as const;
const longestText = 128;

const hex = (value: number): string =>
  hexByte(value >>> 24) + hexByte((value >>> 16) & 0xff) + hexByte((value >>> 8) & 0xff) + hexByte(value & 0xff);
/** In hexadecimal, as traces have it. */
export const transactionHex = ({ a, b, c }: Transaction): string => hex(a) + hex(b) + hex(c);
/** A small number to look a transaction up by; another may have the same. */
export const transactionKey = ({ a, b, c }: Transaction): number => (a ^ b ^ c) & 0x3fffffff;
export const sameTransaction = (one: Transaction, other: Transaction): boolean =>
  one.a === other.a && one.b === other.b && one.c === other.c;

/** A place in a message, half open: most texts are the same as in the message before, so nobody reads them in vain. */
export type Place = readonly [number, number];

const u16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
const u32 = (bytes: Uint8Array, at: number): number => u16(bytes, at) * 65_536 + u16(bytes, at + 2);
const absent = -1;

/** The message that was read last. Facts of it are to be taken before the next one is. */
export class StunScan implements Transaction {
  method = 0;
  cls: StunClass = 'request';
  a = 0;
  b = 0;
  c = 0;
  useCandidate = false;
  controlling = false;
  controlled = false;
  /**
   * Types, lengths and order of the attributes, and the families of addresses, as a number: whether the wire codec can read
   * a message depends on nothing else, unless it has attributes that are `choosy` about what they hold.
   */
  shape = 0;
  choosy = false;
  #bytes: Uint8Array = new Uint8Array(0);
  /** Where the values of the attributes that matter begin and end. */
  #username = absent;
  #usernameEnd = 0;
  #software = absent;
  #softwareEnd = 0;
  #error = absent;
  #errorEnd = 0;
  #data = absent;
  #dataEnd = 0;
  #dtls = absent;
  #dtlsEnd = 0;
  #channel = absent;
  #lifetime = absent;
  #peer = absent;
  #peerEnd = 0;
  #relayed = absent;
  #relayedEnd = 0;
  #mapped = absent;
  #mappedEnd = 0;

  /** Reads a message; one that was cut as far as it goes. False for what is no STUN message: then nothing here counts. */
  read(bytes: Uint8Array): boolean {
    if (bytes.length < header) return false;
    const type = u16(bytes, 0);
    if (type > 0x3fff || u16(bytes, 4) !== 0x2112 || u16(bytes, 6) !== 0xa442) return false;
    this.#bytes = bytes;
    this.method = (type & 0xf) | ((type >> 1) & 0x70) | ((type >> 2) & 0xf80);
    this.cls = classes[((type >> 4) & 1) | ((type >> 7) & 2)] ?? 'request';
    this.a = u32(bytes, 8);
    this.b = u32(bytes, 12);
    this.c = u32(bytes, 16);
    this.useCandidate = this.controlling = this.controlled = this.choosy = false;
    this.#username = this.#software = this.#error = this.#data = this.#dtls = absent;
    this.#channel = this.#lifetime = this.#peer = this.#relayed = this.#mapped = absent;
    this.shape = Math.imul(bytes.length ^ (u16(bytes, 2) << 16), 0x9e3779b1) ^ type;
    const end = Math.min(bytes.length, header + u16(bytes, 2));
    for (let at = header; at + 4 <= end; ) {
      const code = u16(bytes, at);
      const length = u16(bytes, at + 2);
      const start = at + 4;
      this.shape = Math.imul(this.shape ^ (code << 16) ^ length, 0x01000193);
      if (start + length > end) break;
      this.#attribute(code, bytes, start, start + length);
      at = start + ((length + 3) & ~3);
    }
    return true;
  }

  #attribute(code: number, bytes: Uint8Array, start: number, end: number): void {
    switch (code) {
      case 0x0006:
        if (this.#username === absent) {
          this.#username = start;
          this.#usernameEnd = end;
        }
        return;
      case 0x0009:
        if (this.#error === absent) {
          this.#error = start;
          this.#errorEnd = end;
        }
        return;
      case 0x000c:
        if (this.#channel === absent) this.#channel = start;
        return;
      case 0x000d:
        if (this.#lifetime === absent) this.#lifetime = start;
        return;
      case 0x0012:
        if (this.#peer === absent) {
          this.#peer = start;
          this.#peerEnd = end;
        }
        break;
      case 0x0013:
        if (this.#data === absent) {
          this.#data = start;
          this.#dataEnd = end;
        }
        return;
      case 0x0016:
        if (this.#relayed === absent) {
          this.#relayed = start;
          this.#relayedEnd = end;
        }
        break;
      case 0x0020:
        if (this.#mapped === absent) {
          this.#mapped = start;
          this.#mappedEnd = end;
        }
        break;
      case 0x0025:
        this.useCandidate = true;
        return;
      case 0x8029:
        this.controlled = true;
        return;
      case 0x802a:
        this.controlling = true;
        return;
      case 0x8022:
        if (this.#software === absent) {
          this.#software = start;
          this.#softwareEnd = end;
        }
        return;
      // META-DTLS-IN-STUN, libwebrtc's way to save a round trip.
      case 0xc070:
        if (this.#dtls === absent) {
          this.#dtls = start;
          this.#dtlsEnd = end;
        }
        return;
      case 0x0017:
      case 0x001d:
      case 0x8000:
      case 0x8001:
      case 0x8002:
        this.choosy = true;
        return;
      // Addresses that nobody here asks for.
      case 0x0001:
      case 0x8023:
      case 0x802b:
      case 0x802c:
        break;
      default:
        return;
    }
    this.shape ^= (bytes[start + 1] ?? 0) << 8;
  }

  get username(): Place | undefined {
    return this.#username === absent ? undefined : [this.#username, this.#usernameEnd];
  }

  get software(): Place | undefined {
    return this.#software === absent ? undefined : [this.#software, this.#softwareEnd];
  }

  /** DATA of an indication. */
  get data(): Place | undefined {
    return this.#data === absent ? undefined : [this.#data, this.#dataEnd];
  }

  /** A DTLS record that travels in a binding. */
  get dtls(): Place | undefined {
    return this.#dtls === absent ? undefined : [this.#dtls, this.#dtlsEnd];
  }

  /** Of ERROR-CODE (RFC 8489 §14.8). */
  get error(): number | undefined {
    const at = this.#error;
    return at === absent ? undefined : ((this.#bytes[at + 2] ?? 0) & 7) * 100 + (this.#bytes[at + 3] ?? 0);
  }

  get reason(): string | undefined {
    return this.#error === absent ? undefined : stunText(this.#bytes, [this.#error + 4, this.#errorEnd]);
  }

  get channel(): number | undefined {
    return this.#channel === absent ? undefined : u16(this.#bytes, this.#channel);
  }

  /** s */
  get lifetime(): number | undefined {
    return this.#lifetime === absent ? undefined : u32(this.#bytes, this.#lifetime);
  }

  /** XOR-PEER-ADDRESS. */
  get peer(): string | undefined {
    return this.#peer === absent ? undefined : xorAddress(this.#bytes, this.#peer, this.#peerEnd);
  }

  /** XOR-RELAYED-ADDRESS. */
  get relayed(): string | undefined {
    return this.#relayed === absent ? undefined : xorAddress(this.#bytes, this.#relayed, this.#relayedEnd);
  }

  /** XOR-MAPPED-ADDRESS. */
  get mapped(): string | undefined {
    return this.#mapped === absent ? undefined : xorAddress(this.#bytes, this.#mapped, this.#mappedEnd);
  }
}

/** The text at a place of a message, bounded. */
export const stunText = (bytes: Uint8Array, [start, end]: Place): string =>
  fromUtf8(bytes.subarray(start, Math.min(end, start + longestText)));

/** An address XORed with the cookie and the transaction ID (RFC 8489 §14.2), which stand at 4 in the message. */
function xorAddress(bytes: Uint8Array, start: number, end: number): string | undefined {
  const size = bytes[start + 1] === 1 ? 4 : 16;
  if (end - start < 4 + size) return undefined;
  const port = u16(bytes, start + 2) ^ 0x2112;
  const ip = Uint8Array.from({ length: size }, (_, i) => (bytes[start + 4 + i] ?? 0) ^ (bytes[4 + i] ?? 0));
  return socketText(ip, port);
}
