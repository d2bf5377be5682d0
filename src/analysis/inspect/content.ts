/**
 * What a record holds, as fields: handshake fragments with their headers, alerts, ChangeCipherSpec, data. The same for a
 * record in the clear, where it lies in the datagram, and for one that was decrypted, which is a buffer of its own.
 */
import type { Range } from '../../base/ranges.ts';
import type { Place } from '../../trace/buffers.ts';
import type { PacketNumber } from '../../trace/model.ts';
import { type BodyContext, handshakeHeader, handshakeHeaderLength, handshakeTypeName } from '../../wire/handshake.ts';
import { alert, changeCipherSpec } from '../../wire/record.ts';
import { ContentType } from '../../wire/registry.ts';
import { ack } from '../../wire/unified.ts';
import type { FragmentView, MessageView, RecordView } from '../model.ts';
import { bodyFields } from './body.ts';
import { type Draft, fieldsOf, leaf, unread } from './draft.ts';
import { countText, rangeText } from './text.ts';

/** What the trees of a handshake depend on. */
export interface Scene {
  readonly context: BodyContext;
  message(key: string): MessageView | undefined;
  /** Where a record stands in its datagram. */
  record(packet: PacketNumber, index: number): Place | undefined;
}

/** The fields of [start, end) of `bytes`, a record's content. */
export function contentFields(record: RecordView, bytes: Uint8Array, range: Range, scene: Scene): readonly Draft[] {
  const [start, end] = range;
  if (start === end) return [];
  switch (record.contentType) {
    case ContentType.handshake:
      return handshakeFields(record, bytes, end, scene);
    case ContentType.alert:
      return [sized(fieldsOf(alert, 'alert', bytes, range).draft, end)];
    case ContentType.changeCipherSpec:
      return [sized(fieldsOf(changeCipherSpec, 'change_cipher_spec', bytes, range).draft, end)];
    case ContentType.ack:
      return [ackFields(record, bytes, range, scene)];
    case ContentType.applicationData:
      return [leaf('application_data', start, end, { value: bytes.subarray(start, end), see: 'RFC 5246 §10' })];
    default:
      return [leaf('data', start, end, { value: bytes.subarray(start, end) })];
  }
}

/** An ACK, whose record numbers lead to the records that they name (RFC 9147 §7). */
function ackFields({ ack: listed = [] }: RecordView, bytes: Uint8Array, range: Range, scene: Scene): Draft {
  const { draft } = fieldsOf(ack, 'ack', bytes, range);
  const named = (field: Draft): Draft => {
    const index = /^record_number\[(\d+)\]$/.exec(field.name)?.[1];
    if (index === undefined) return { ...field, children: field.children.map(named) };
    const of = listed[Number(index)];
    if (!of) return field;
    const held = of.fragments.map(fragmentText).join(', ');
    const where = of.record && scene.record(of.record.packet, of.record.index);
    const text = of.record ? `in datagram ${of.record.packet}` : 'not seen before this ACK';
    return { ...field, label: `${field.label ?? ''}${held === '' ? '' : `: ${held}`}, ${text}`, leadsTo: where };
  };
  return { ...named(draft), end: range[1] };
}

const fragmentText = ({ name, offset, length, total }: FragmentView): string =>
  length === total ? name : `${name} ${rangeText(offset, offset + length)} of ${total}`;

const sized = (draft: Draft, end: number): Draft => ({ ...draft, end });

function handshakeFields(
  { fragments, unread: rest }: RecordView,
  bytes: Uint8Array,
  end: number,
  scene: Scene,
): readonly Draft[] {
  const out = fragments.map((fragment, i) => fragmentFields(fragment, i, bytes, scene));
  if (rest) out.push(...leftOver(rest, fragments.length, bytes, end));
  return out;
}

function fragmentFields(fragment: FragmentView, index: number, bytes: Uint8Array, scene: Scene): Draft {
  const { start, end, message, messageKey, name, offset, length, total } = fragment;
  const whole = length === total;
  const header = fieldsOf(handshakeHeader, '', bytes, [start - handshakeHeaderLength, start]).draft;
  const view = scene.message(messageKey);
  const leadsTo = view && { buffer: view.buffer, start: offset, end: offset + length };
  const part = `${name} ${rangeText(offset, offset + length)} of ${total}`;
  const body = whole
    ? { ...bodyFields(message, scene.context, bytes, [start, end]), leadsTo }
    : leaf('fragment', start, end, { kind: 'fragment', value: bytes.subarray(start, end), label: part, leadsTo });
  return {
    name: `handshake[${index}]`,
    start: start - handshakeHeaderLength,
    end,
    label: whole ? name : part,
    see: header.see,
    leadsTo,
    children: [...header.children, body],
  };
}

/** What analysis could not use: a header, where one is there, and the reason. */
function leftOver(
  { start, reason }: NonNullable<RecordView['unread']>,
  index: number,
  bytes: Uint8Array,
  end: number,
): Draft[] {
  const bodyStart = start + handshakeHeaderLength;
  if (end < bodyStart)
    return [
      unread(start, end, `${countText(end - start, 'byte')}: less than a handshake header (${handshakeHeaderLength})`),
    ];
  return [
    cutFragment(`handshake[${index}]`, bytes, [start, end], (declared) => {
      switch (reason) {
        case 'outside-message':
          return 'fragment_offset and fragment_length reach past length';
        case 'over-limit':
          return 'not put together: more or larger messages than dtlscope keeps of one handshake';
        case 'short':
        case 'malformed':
          return `truncated: the header says ${countText(declared, 'byte')}, ${end - bodyStart} are here`;
      }
    }),
  ];
}

/** A handshake header and bytes that are not its whole fragment. */
export function cutFragment(
  name: string,
  bytes: Uint8Array,
  [start, end]: Range,
  why: (declared: number) => string,
): Draft {
  const bodyStart = start + handshakeHeaderLength;
  const { draft, value } = fieldsOf(handshakeHeader, name, bytes, [start, bodyStart]);
  const problem = why(value?.fragment_length ?? 0);
  return {
    ...draft,
    end,
    label: value && handshakeTypeName(value.msg_type),
    problem,
    children: [
      ...draft.children,
      leaf('fragment', bodyStart, end, { kind: 'unread', value: bytes.subarray(bodyStart, end), problem }),
    ],
  };
}
