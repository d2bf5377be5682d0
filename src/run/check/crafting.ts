/**
 * Datagrams that no endpoint of ours makes: hellos cut in other ways, records joined, spoiled or senseless. All of it works
 * on what the endpoint has made, and on epoch 0 alone, where record numbers are under no key (RFC 6347 §4.1).
 */
import { concat } from '../../base/bytes.ts';
import { decode, encode } from '../../codec/codec.ts';
import {
  type HandshakeHeader,
  handshakeHeader,
  handshakeHeaderLength,
  isHelloRetryBody,
} from '../../wire/handshake.ts';
import { type RecordSlice, record, recordHeaderLength, splitDatagram } from '../../wire/record.ts';
import { ContentType, HandshakeType, versionNumber } from '../../wire/registry.ts';
import type { Crafted, Hand } from '../hand.ts';

/** A record of epoch 0 with the 13-byte header. */
export const plainRecord = (
  type: number,
  number: number,
  fragment: Uint8Array,
  { version = versionNumber['1.2'], epoch = 0 }: { readonly version?: number; readonly epoch?: number } = {},
): Uint8Array => encode(record, { type, version, epoch, sequence_number: number, fragment });

/** A whole handshake message in the clear that a record holds alone. */
export interface WholeMessage {
  readonly header: HandshakeHeader;
  readonly body: Uint8Array;
  readonly number: number;
  readonly version: number;
}

const messageIn = ({ type, epoch, fragment, sequenceNumber, version }: RecordSlice): WholeMessage | undefined => {
  if (type !== ContentType.handshake || epoch !== 0 || fragment.length < handshakeHeaderLength) return undefined;
  const header = decode(handshakeHeader, fragment.subarray(0, handshakeHeaderLength));
  const whole = header.fragment_offset === 0 && header.fragment_length === header.length;
  if (!whole || fragment.length !== handshakeHeaderLength + header.length) return undefined;
  return { header, body: fragment.subarray(handshakeHeaderLength), number: sequenceNumber, version };
};

/** The ClientHello of a datagram, where it stands there whole. */
export function helloIn(datagram: Uint8Array): WholeMessage | undefined {
  const [first] = splitDatagram(datagram).records;
  const message = first && messageIn(first);
  return message?.header.msg_type === HandshakeType.clientHello ? message : undefined;
}

/** Whether a hello answers a request for a cookie: it is the second message (RFC 6347 §4.2.2). */
export const isSecond = ({ header }: WholeMessage): boolean => header.message_seq > 0;

/** Whether a datagram is a request for a cookie: a HelloVerifyRequest, or a HelloRetryRequest. */
export function asksForCookie(datagram: Uint8Array): boolean {
  const [first] = splitDatagram(datagram).records;
  if (first?.type !== ContentType.handshake || first.epoch !== 0) return false;
  const [type] = first.fragment;
  if (type === HandshakeType.helloVerifyRequest) return true;
  return type === HandshakeType.serverHello && isHelloRetryBody(first.fragment.subarray(handshakeHeaderLength));
}

export interface Piece {
  readonly offset: number;
  readonly length: number;
}

/** A fragment of a message in a record of its own. */
export const pieceOf = (
  { header, body, version }: WholeMessage,
  { offset, length }: Piece,
  number: number,
): Uint8Array =>
  plainRecord(
    ContentType.handshake,
    number,
    concat(
      encode(handshakeHeader, { ...header, fragment_offset: offset, fragment_length: length }),
      body.subarray(offset, offset + length),
    ),
    { version },
  );

/** So many pieces go out at once, and the next so much later: Erlang's sockets have room for 21 small datagrams. */
const breath = 8;
const breathMs = 10;

/**
 * Cuts each hello anew: those that answer a cookie, or the only one. Record numbers go on from what was used, since what
 * comes behind would repeat them otherwise.
 */
export function cuttingHello(cookie: boolean, cut: (length: number) => readonly Piece[]): Hand {
  const numbers = new Numbers();
  return {
    outgoing: (bytes) => {
      const hello = helloIn(bytes);
      if (!hello || isSecond(hello) !== cookie) return [{ bytes: numbers.renumbered(bytes) }];
      return cut(hello.body.length).map((piece, index) => {
        const afterMs = Math.floor(index / breath) * breathMs;
        return { bytes: pieceOf(hello, piece, numbers.next()), ...(afterMs > 0 && { afterMs }) };
      });
    },
  };
}

/** Record numbers of epoch 0, each once. */
export class Numbers {
  #next = 0;

  next(): number {
    return this.#next++;
  }

  /** The datagram with its records of epoch 0 under the next numbers. */
  renumbered(datagram: Uint8Array): Uint8Array {
    const copy = datagram.slice();
    for (const { start, epoch } of splitDatagram(datagram).records) {
      if (epoch !== 0) continue;
      const number = this.next();
      for (let i = 0; i < 6; i++) copy[start + 5 + i] = Math.floor(number / 2 ** (8 * (5 - i))) % 256;
    }
    return copy;
  }
}

/** The handshake records of epoch 0 that stand side by side, as one record of several messages. */
export function joined(datagram: Uint8Array): Uint8Array {
  const { records } = splitDatagram(datagram);
  const parts: Uint8Array[] = [];
  let open: { readonly first: RecordSlice; readonly fragments: Uint8Array[] } | undefined;
  let end = 0;
  const close = (): void => {
    if (!open) return;
    const { version, sequenceNumber } = open.first;
    parts.push(plainRecord(ContentType.handshake, sequenceNumber, concat(...open.fragments), { version }));
    open = undefined;
  };
  for (const slice of records) {
    if (slice.type === ContentType.handshake && slice.epoch === 0) {
      open ??= { first: slice, fragments: [] };
      open.fragments.push(slice.fragment);
    } else {
      close();
      parts.push(datagram.subarray(slice.start, slice.end));
    }
    end = slice.end;
  }
  close();
  return concat(...parts, datagram.subarray(end));
}

/** How many messages the largest record of a datagram of epoch 0 holds. */
export const messagesIn = (datagram: Uint8Array): number =>
  splitDatagram(datagram).records.filter(({ type, epoch }) => type === ContentType.handshake && epoch === 0).length;

/** Whether a datagram has something under keys: a record of a later epoch, or a ciphertext of DTLS 1.3. */
export const isProtected = (datagram: Uint8Array): boolean => {
  const { records } = splitDatagram(datagram, {});
  return records.some((slice) => slice.form === 'unified' || slice.epoch > 0);
};

/** The same datagram with the last byte of each protected record changed: what opens them is not right any more. */
export function spoiledRecords(datagram: Uint8Array): Uint8Array {
  const copy = datagram.slice();
  for (const slice of splitDatagram(datagram, {}).records) {
    const last = slice.end - 1;
    if (slice.form === 'unified' || slice.epoch > 0) copy[last] = (copy[last] ?? 0) ^ 1;
  }
  return copy;
}

/** The protected records of a datagram alone, as they are. */
export function protectedRecords(datagram: Uint8Array): Uint8Array {
  const { records } = splitDatagram(datagram, {});
  return concat(
    ...records
      .filter((slice) => slice.form === 'unified' || slice.epoch > 0)
      .map(({ start, end }) => datagram.subarray(start, end)),
  );
}

/** Says each flight once. What a peer does not have of it, it will not get. */
export const withoutRepetitions: Hand = {
  outgoing: (bytes, contents) => (contents.attempt > 0 ? [] : [{ bytes, contents }]),
};

/** Says something just before the first datagram of ours that is no hello, once. */
export function beforeOurFlight(say: (datagram: Uint8Array) => readonly Crafted[]): Hand {
  let said = false;
  return {
    outgoing: (bytes, contents) => {
      const hello = contents.records.some(({ fragments }) =>
        fragments.some(({ message }) => message === HandshakeType.clientHello),
      );
      if (hello || said) return [{ bytes, contents }];
      said = true;
      return [...say(bytes), { bytes, contents, afterMs: 20 }];
    },
  };
}

/** Sends this in place of our first datagram, and says and hears nothing else. */
export const alone = (say: (first: Uint8Array) => readonly Crafted[]): Hand => {
  let said = false;
  return {
    outgoing: (bytes) => {
      if (said) return [];
      said = true;
      return say(bytes);
    },
    incoming: () => ({ taken: false }),
  };
};

/** The place of the random in a datagram with a whole hello: behind the headers and client_version. */
const randomAt = recordHeaderLength + handshakeHeaderLength + 2;
/** The same hello of another client: `salt` goes into its random. */
export function withOtherRandom(datagram: Uint8Array, salt: number): Uint8Array {
  const copy = datagram.slice();
  for (let i = 0; i < 4; i++) copy[randomAt + i] = (copy[randomAt + i] ?? 0) ^ ((salt >> (8 * i)) & 0xff);
  return copy;
}
