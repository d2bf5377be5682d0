/** Records and datagrams on their way to views: what is known of them before their place in a flight is. */

import type { BufferId } from '../trace/buffers.ts';
import type { Actor } from '../trace/model.ts';
import { handshakeTypeName, isHelloRetryBody } from '../wire/handshake.ts';
import type { AnyLeftover } from '../wire/record.ts';
import { recordHeaderLength } from '../wire/record.ts';
import { HandshakeType } from '../wire/registry.ts';
import type { Entry, Reach } from './facts.ts';
import type { Item, Placed, RecordNumber } from './flights.ts';
import type { Message } from './messages.ts';
import type { DatagramView, FragmentView, RecordView } from './model.ts';
import type { Slice } from './records.ts';

export interface PendingFragment {
  readonly message: Message;
  readonly offset: number;
  readonly length: number;
  readonly start: number;
  readonly end: number;
  readonly bytes: Uint8Array;
}

/** A record's view while it is being made. */
type Mutable<T> = { -readonly [K in keyof T]: T[K] };
export type Draft = Mutable<Omit<RecordView, 'fragments'>> & { readonly fragments: FragmentView[] };

export interface PendingRecord {
  readonly view: Draft;
  readonly slice: Slice;
  fragments: readonly PendingFragment[];
  readonly arrives: boolean;
  finished: 'no' | 'inferred' | 'told';
  /** A ciphertext that may be what it looks like: no key that opens others fails on it. */
  believed: boolean;
  /** Content of an ACK. */
  ack: Uint8Array | undefined;
}
export const noFragments: readonly PendingFragment[] = [];
const noLink: DatagramView['link'] = [];

/** A record's content, and the buffer that it lies in. */
export interface Content {
  readonly bytes: Uint8Array;
  readonly buffer: BufferId;
  readonly start: number;
}

/** Under which a record is remembered; `undefined` where its number is masked. */
export const numberKey = ({
  epoch,
  sequenceNumber,
}: Pick<RecordView, 'epoch' | 'sequenceNumber'>): number | undefined =>
  sequenceNumber < 0 ? undefined : epoch * 2 ** 48 + sequenceNumber;

/** RFC name of a message, as far as what came of it tells: a HelloRetryRequest is a server_hello by type. */
export const nameOf = (type: number, offset: number, bytes: Uint8Array): string =>
  type === HandshakeType.serverHello && offset === 0 && isHelloRetryBody(bytes)
    ? 'hello_retry_request'
    : handshakeTypeName(type);

export const itemOf = (message: Message, offset: number, length: number): Item => ({
  key: message.key,
  kind: 'message',
  type: message.type,
  messageSeq: message.seq,
  epoch: message.epoch,
  name: message.name,
  range: [offset, offset + length],
  acknowledged: length > 0 && message.acknowledged.covers(offset, offset + length),
});

export const pseudoItem = (from: Actor, kind: 'change-cipher-spec' | 'finished'): Item => ({
  key: `${from}/${kind}`,
  kind,
  type: kind === 'finished' ? HandshakeType.finished : -1,
  messageSeq: 0,
  epoch: kind === 'finished' ? 1 : 0,
  name: kind === 'finished' ? 'finished' : 'change_cipher_spec',
  range: [0, 1],
});

/**
 * The numbers of a datagram, by epoch: up to DTLS 1.2 those of its first epoch alone, while flights of 1.3 go through
 * several.
 */
export function recordNumbersOf(pending: readonly PendingRecord[]): readonly RecordNumber[] {
  const numbers: RecordNumber[] = [];
  for (const { view } of pending) {
    const { epoch, sequenceNumber } = view;
    if (sequenceNumber < 0) continue;
    if (numbers.length > 0 && epoch === 1 && numbers[0]?.epoch !== 1) break;
    const at = numbers.findIndex((number) => number.epoch === epoch);
    const known = numbers[at];
    const number = {
      epoch,
      first: Math.min(known?.first ?? sequenceNumber, sequenceNumber),
      last: Math.max(known?.last ?? sequenceNumber, sequenceNumber),
      reused: (known?.reused ?? false) || view.repeatedNumber !== undefined,
    };
    if (known) numbers[at] = number;
    else numbers.push(number);
  }
  return numbers;
}

export function viewOf(
  entry: Entry,
  from: Actor,
  reach: Reach,
  buffer: BufferId,
  records: readonly RecordView[],
  leftover: AnyLeftover | undefined,
  placed: Placed | undefined,
): DatagramView {
  const { packet, at, length, bytes } = entry.event;
  let newBytes = 0;
  for (const record of records) for (const fragment of record.fragments) newBytes += fragment.newBytes;
  return {
    packet,
    at,
    from,
    size: length,
    bytes,
    buffer,
    records,
    leftover: leftover && {
      start: leftover.start,
      reason: length > bytes.length ? 'snap-length' : leftover.reason,
      declared: declaredBytes(leftover),
    },
    flight: placed?.flight.number,
    attempt: placed?.sending.attempt ?? 0,
    link: entry.link.length === 0 ? noLink : [...entry.link],
    delivered: reach.delivered ?? entry.assumed,
    deliveredAt: reach.deliveredAt,
    newBytes,
    ...(entry.wrapping && { wrapping: entry.wrapping }),
  };
}

/** Bytes that the cut record would have had, its header included. */
const declaredBytes = ({ record }: AnyLeftover): number | undefined =>
  record && record.length + (record.form === 'unified' ? record.header.length : recordHeaderLength);
