/**
 * What the inspector shows of a handshake: buffers (its tabs), and for each the tree of fields that its bytes are. Built
 * on demand from the handshake's view and kept by nobody here. Every range is half open and points into the buffer that
 * the tree belongs to; everything shown is text already, with control characters made visible.
 */
import type { Range } from '../../base/ranges.ts';
import type { BufferId, Origin, Place } from '../../trace/buffers.ts';
import type { Actor, PacketNumber } from '../../trace/model.ts';

/** What somebody wants to look at. Records and fragments are counted from 0, as in the views. */
export type Subject =
  | { readonly kind: 'datagram'; readonly packet: PacketNumber }
  | { readonly kind: 'record'; readonly packet: PacketNumber; readonly record: number }
  | { readonly kind: 'fragment'; readonly packet: PacketNumber; readonly record: number; readonly fragment: number }
  /** `key` of a MessageView. */
  | { readonly kind: 'message'; readonly key: string }
  /** Place in the handshake's `alerts`. */
  | { readonly kind: 'alert'; readonly alert: number }
  /** Place in the chain of one side, the leaf first. */
  | { readonly kind: 'certificate'; readonly of: Actor; readonly certificate: number };

/** The tabs of a subject, and the part of one of them that is the subject itself. */
export interface Inspection {
  /** The one that `focus` points into comes first. Never empty. */
  readonly buffers: readonly InspectedBuffer[];
  readonly focus: Place;
}

export interface InspectedBuffer {
  readonly id: BufferId;
  readonly kind: 'datagram' | 'decrypted' | 'unmasked' | 'message';
  /** "Datagram 4", "Record 4.2, decrypted", "Record 4.2, header unmasked", "Certificate, reassembled". */
  readonly title: string;
  /** Of the datagram, or the one that the record came in; undefined for messages, which may come in several. */
  readonly packet: PacketNumber | undefined;
  /** Zeros where bytes of a message are missing. */
  readonly bytes: Uint8Array;
  /** Ranges of `bytes` that never came. */
  readonly missing: readonly Range[];
  readonly origin: Origin;
  /** Made when it is first asked for. Its leaves tile `bytes`. */
  readonly tree: FieldTree;
}

export interface FieldTree {
  /** Path of names from the root, unique in the tree; the same field has it again when the tree is built anew. */
  readonly id: string;
  /** As the RFC spells it; elements of lists carry their number: "suite[3]". */
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly kind: FieldKind;
  /** "65277 (0xfefd)", "fe fd 00 … (32 bytes)", "17 items"; undefined where the children say all. */
  readonly value: string | undefined;
  /** What people call the value: "DTLS 1.2", "TLS_AES_128_GCM_SHA256", "CN=WebRTC". */
  readonly label: string | undefined;
  /** Why it could not be read, or is not all there: "truncated: the header says 940 bytes, 523 are here". */
  readonly problem: string | undefined;
  /** The section that defines it: "RFC 6347 §4.2.2". */
  readonly see: string;
  /** One sentence for who meets it the first time. */
  readonly help: string | undefined;
  /** Where the same bytes can be read in full: a decrypted record, a message put together; or the record that it names. */
  readonly leadsTo: Place | undefined;
  readonly children: readonly FieldTree[];
}

/**
 * `encrypted`: protected bytes; `fragment`: a part of a message that has a buffer of its own; `missing`: bytes that never
 * came; `unread`: bytes that could not be understood, with `problem` saying why.
 */
export type FieldKind = 'field' | 'encrypted' | 'fragment' | 'missing' | 'unread';

/** The same bytes in another buffer. */
export interface LinkedPlace extends Place {
  readonly how: LinkedBy;
  /** The datagram, when the buffer is one. */
  readonly packet: PacketNumber | undefined;
}

/**
 * `same`: these very bytes. `sealed`: what they were encrypted to or decrypted from, known only as a whole. `again`: the
 * same bytes, sent once more. `conflict`: sent once more with other bytes. `lost`: where they were sent, and never arrived.
 */
export type LinkedBy = 'same' | 'again' | 'lost' | 'conflict' | 'sealed';
