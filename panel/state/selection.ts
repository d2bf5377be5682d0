/**
 * What is selected, as a value: a run, a handshake in it, a target inside that handshake, from coarse to fine, and bytes
 * of one of the target's buffers. Views draw it, keys and clicks replace it; nothing else decides what is lit.
 */
import type { Subject } from '../../src/analysis/inspect/model.ts';
import type { BufferId, PacketRange, Place } from '../../src/trace/buffers.ts';
import type { Actor, PacketNumber } from '../../src/trace/model.ts';

/** `packet` is the datagram at which the target stands in views that have a row for each datagram. */
export type Target =
  | { readonly kind: 'flight'; readonly packet: PacketNumber; readonly flight: number }
  | { readonly kind: 'datagram'; readonly packet: PacketNumber }
  | { readonly kind: 'record'; readonly packet: PacketNumber; readonly record: number }
  | {
      readonly kind: 'fragment';
      readonly packet: PacketNumber;
      readonly record: number;
      readonly fragment: number;
    }
  | { readonly kind: 'message'; readonly packet: PacketNumber; readonly key: string }
  | {
      readonly kind: 'certificate';
      readonly packet: PacketNumber;
      readonly of: Actor;
      readonly certificate: number;
    };

/** Bytes of one buffer, and the field that they were chosen as. */
export interface SelectedField extends Place {
  /** Id of the field in its buffer's tree; undefined for bytes that are no field of their own. */
  readonly field: string | undefined;
}

/** What to ask the inspector for; a flight begins with its first datagram. */
export const subjectOf = (target: Target): Subject =>
  target.kind === 'flight' ? { kind: 'datagram', packet: target.packet } : target;

/** The record that a target is or lies in. */
export const recordOf = (target: Target | undefined): number | undefined =>
  target?.kind === 'record' || target?.kind === 'fragment' ? target.record : undefined;

export const sameTarget = (a: Target | undefined, b: Target | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && targetKey(a) === targetKey(b));

/** A text that two targets share only when they are the same. */
export function targetKey(target: Target): string {
  switch (target.kind) {
    case 'flight':
      return `flight ${target.flight}`;
    case 'datagram':
      return `datagram ${target.packet}`;
    case 'record':
      return `record ${target.packet}.${target.record}`;
    case 'fragment':
      return `fragment ${target.packet}.${target.record}.${target.fragment}`;
    case 'message':
      return `message ${target.key}`;
    case 'certificate':
      return `certificate ${target.of}.${target.certificate}`;
  }
}

export interface Selection {
  readonly run: string | undefined;
  /** Undefined: the first of the run. */
  readonly handshake: string | undefined;
  readonly target: Target | undefined;
  /** The bytes chosen in one of the target's buffers; undefined: the target itself. */
  readonly field: SelectedField | undefined;
  /** The buffer that the details show; undefined: the one that the target points into. */
  readonly tab: BufferId | undefined;
  /** The finding whose evidence is lit: its place in the sorted list. */
  readonly finding: number | undefined;
  /** Ranges lit as evidence. */
  readonly lit: readonly PacketRange[];
  /** Whether the details are open. */
  readonly details: boolean;
}

export const nothing: Selection = {
  run: undefined,
  handshake: undefined,
  target: undefined,
  field: undefined,
  tab: undefined,
  finding: undefined,
  lit: [],
  details: false,
};

export const selectRun = (_before: Selection, run: string | undefined): Selection => ({ ...nothing, run });

export const selectHandshake = (before: Selection, handshake: string): Selection => ({
  ...nothing,
  run: before.run,
  handshake,
});

/**
 * A click or an arrow key on a datagram or anything in it. Evidence stays lit: the user walks around in it. `field` goes
 * along when the way there began at bytes.
 */
export const selectTarget = (
  before: Selection,
  target: Target,
  details = before.details,
  field?: SelectedField,
): Selection => ({ ...before, target, field, tab: field?.buffer, details });

/** Bytes in one of the target's buffers, which comes to the front; undefined lets go of them. */
export const selectField = (before: Selection, field: SelectedField | undefined): Selection =>
  field ? { ...before, field, tab: field.buffer } : { ...before, field };

/** Another of the target's buffers; what is selected stays so. */
export const showTab = (before: Selection, tab: BufferId): Selection => ({ ...before, tab });

/** A finding's evidence: all of it is lit, one piece of it selected; with details open, since the user asked to see. */
export const selectEvidence = (
  before: Selection,
  finding: number,
  evidence: readonly PacketRange[],
  target: Target,
  field: SelectedField | undefined,
): Selection => ({ ...before, finding, lit: evidence, target, field, tab: field?.buffer, details: true });

/** Esc: closes the details first, then lets go of evidence and target. */
export function letGo(before: Selection): Selection {
  if (before.details) return { ...before, details: false };
  return { ...before, target: undefined, field: undefined, tab: undefined, finding: undefined, lit: [] };
}

/**
 * The packet that a key reaches: so many steps along `packets`, staying at the ends. When nothing is selected the walk
 * begins before the first one, or behind the last one going up.
 */
export function step(
  packets: readonly PacketNumber[],
  target: Target | undefined,
  by: number,
): PacketNumber | undefined {
  const found = target === undefined ? -1 : packets.indexOf(target.packet);
  const at = found >= 0 ? found : by > 0 ? -1 : packets.length;
  return packets[Math.min(Math.max(at + by, 0), packets.length - 1)];
}

/** Left and right walk the records of the selected datagram; leaving the first one goes back to the whole datagram. */
export function stepRecord(target: Target, records: number, by: number): Target {
  const at = recordOf(target) ?? -1;
  const next = Math.min(at + by, records - 1);
  return next < 0
    ? { kind: 'datagram', packet: target.packet }
    : { kind: 'record', packet: target.packet, record: next };
}
