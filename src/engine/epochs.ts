/**
 * Which epoch a record is of, and what becomes of it: opened, kept until its keys are here, or ignored, with the reason
 * (RFC 6347 §4.1, RFC 9147 §4.2, §4.5). From DTLS 1.2 to 1.3 only the header differs, and which epochs a handshake goes
 * through: 0 and 1, or 0, 2 and 3 (RFC 9147 §6.1).
 */
import { after, type Instant } from '../base/time.ts';
import { tryDecode } from '../codec/codec.ts';
import { handshakeHeader, handshakeHeaderLength, handshakeTypeName } from '../wire/handshake.ts';
import { type RecordSlice, splitDatagram } from '../wire/record.ts';
import { ContentType, HandshakeType, type Version } from '../wire/registry.ts';
import type { CiphertextSlice } from '../wire/unified.ts';
import type { EndpointConfig } from './api.ts';
import { type Ignored, ignored } from './failure.ts';
import type { RecordLayer } from './records.ts';

export type AnySlice = RecordSlice | CiphertextSlice;

/** A record that was read: how it came, and what it is. */
export interface Opened {
  /** Offset in its datagram, which may be gone. */
  readonly start: number;
  readonly type: number;
  readonly epoch: number;
  readonly number: number;
  readonly plaintext: Uint8Array;
  /** The network's copy of one that was read before. */
  readonly again: boolean;
}

/** What became of a record. `worn-out`: more of them failed to open than their key allows (RFC 9147 §4.5.3). */
export type Read = Opened | Exclude<Ignored, undefined> | 'kept' | 'worn-out';

export class Epochs {
  readonly #config: EndpointConfig;
  readonly #records: RecordLayer;
  /** Records of epochs whose keys are not here yet: a bounded lot, kept as they came. */
  #ahead: AnySlice[] = [];
  #version: Version | undefined;
  /** The random of the hello that was accepted, by which a late copy of it is told from a new one. */
  #clientRandom: Uint8Array | undefined;
  /** Somebody is the peer; nothing is kept for anybody before that. */
  settled = false;
  /** The handshake is complete. */
  connected = false;

  constructor(config: EndpointConfig, records: RecordLayer) {
    this.#config = config;
    this.#records = records;
  }

  get version(): Version | undefined {
    return this.#version;
  }
  /** Bytes kept. */
  get size(): number {
    return this.#ahead.reduce((sum, { length }) => sum + length, 0);
  }

  /** The hello of this random was accepted. */
  settle(clientRandom: Uint8Array): void {
    this.settled = true;
    this.#clientRandom = clientRandom;
  }

  /** The version is agreed: what was kept and has the header of another one is let go of. */
  agree(version: Version): void {
    this.#version = version;
    if (version !== '1.3') this.#ahead = this.#ahead.filter(({ form }) => form === 'plain');
  }

  /** Ciphertexts of DTLS 1.3 are records as long as that may be the version (RFC 9147 §4.1). */
  split(datagram: Uint8Array): ReturnType<typeof splitDatagram> | ReturnType<typeof splitAny> {
    return (this.#version ?? '1.3') === '1.3' && this.#config.versions.includes('1.3')
      ? splitAny(datagram)
      : splitDatagram(datagram);
  }

  /** Hands out what was kept, to be read now. */
  takeKept(): readonly AnySlice[] {
    const kept = this.#ahead;
    this.#ahead = [];
    return kept;
  }

  read(slice: AnySlice, now: Instant): Read {
    return slice.form === 'unified' ? this.#readUnified(slice, now) : this.#readPlain(slice);
  }

  #readPlain(slice: RecordSlice): Read {
    const { readEpoch } = this.#records;
    if (slice.epoch > 0 && this.#version === '1.3') return ignored('unknown-epoch', 'a record of DTLS 1.2');
    if (slice.epoch > readEpoch) return this.#keep(slice);
    // Older epochs are listened to until the handshake ends (RFC 6347 §4.1); after that, only to say what was ignored.
    if (slice.epoch < readEpoch && this.connected) return this.#old(slice);
    const read = this.#records.open(slice);
    if (!read.ok) return read;
    const { start, type, epoch, sequenceNumber: number } = slice;
    return { start, type, epoch, number, plaintext: read.plaintext, again: read.again };
  }

  #readUnified(slice: CiphertextSlice, now: Instant): Read {
    if (this.#version === undefined) return this.#keep(slice);
    const read = this.#records.openUnified(slice, now);
    if (!read.ok) {
      if (read.worn) return 'worn-out';
      return read.reason === 'unknown-epoch' ? this.#keep(slice) : read;
    }
    const { type, epoch, sequenceNumber: number, plaintext } = read;
    // A peer that still asks in the handshake's epoch is still there: counted from the last time it asked.
    if (epoch === 2 && type === ContentType.handshake && this.connected)
      this.#records.keepRead(2, after(now, this.#config.lastFlightMs));
    return { start: slice.start, type, epoch, number, plaintext, again: false };
  }

  #keep(slice: AnySlice): Read {
    const { readEpoch } = this.#records;
    const unified = slice.form === 'unified';
    if (unified && slice.epochBits === 1 && readEpoch < 3)
      return ignored('unexpected-content', 'early data (0-RTT), which is never agreed');
    const name = unified ? `epoch ..${slice.epochBits.toString(2).padStart(2, '0')}` : `epoch ${slice.epoch}`;
    // Only the epochs that the handshake leads to, and only while their keys are being made (RFC 6347 §4.1).
    const comes = unified ? slice.epochBits > Math.max(1, readEpoch) : slice.epoch === readEpoch + 1;
    if (!comes || this.connected || !this.settled) return ignored('unknown-epoch', name);
    if (this.#ahead.length >= this.#config.limits.recordsAhead)
      return ignored('over-limit', 'records of the next epoch');
    const fragment = slice.fragment.slice();
    this.#ahead.push(unified ? { ...slice, fragment, header: slice.header.slice() } : { ...slice, fragment });
    return 'kept';
  }

  #old(slice: RecordSlice): Exclude<Ignored, undefined> {
    switch (slice.type) {
      case ContentType.alert:
        return ignored('unauthenticated-alert');
      case ContentType.changeCipherSpec:
        return ignored('repeated-message', 'change_cipher_spec');
      case ContentType.handshake: {
        const head = tryDecode(handshakeHeader, headOf(slice.fragment));
        if (!head.ok) return ignored('malformed', 'a handshake header that is cut short');
        // RFC 6347 §4.2.8: a client that has lost everything may begin anew, and must prove that it can read at this
        // address before the old association goes. That takes a second handshake beside this one, which is not there:
        // the hello is ignored, by name, and the association stays as it is.
        return head.value.msg_type === HandshakeType.clientHello && !this.#isOurHello(slice.fragment)
          ? ignored('unexpected-content', 'a new client_hello on a live association (RFC 6347 §4.2.8)')
          : ignored('repeated-message', handshakeTypeName(head.value.msg_type));
      }
      default:
        return ignored('unknown-epoch', `epoch ${slice.epoch}`);
    }
  }

  /** Whether a ClientHello is a late copy of the one that this association began with, by its random. */
  #isOurHello(fragment: Uint8Array): boolean {
    const random = fragment.subarray(handshakeHeaderLength + 2, handshakeHeaderLength + 34);
    const ours = this.#clientRandom;
    return ours !== undefined && random.every((byte, i) => byte === ours[i]);
  }
}

/** No connection ID is ever agreed (RFC 9147 §9). */
const splitAny = (datagram: Uint8Array) => splitDatagram(datagram, { cidLength: 0 });

/** The bytes of a handshake header, or what there is of it. */
export const headOf = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, handshakeHeaderLength);
