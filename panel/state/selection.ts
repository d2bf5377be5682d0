/**
 * What is selected, as a value: a run, a handshake in it, and a target inside that handshake, from coarse to fine. Views
 * draw it, keys and clicks replace it; nothing else decides what is lit.
 */
import type { PacketRange } from '../../src/trace/buffers.ts';
import type { PacketNumber } from '../../src/trace/model.ts';

export type Target =
  | { readonly kind: 'datagram'; readonly packet: PacketNumber }
  | { readonly kind: 'record'; readonly packet: PacketNumber; readonly record: number };

export interface Selection {
  readonly run: string | undefined;
  /** Undefined: the first of the run. */
  readonly handshake: string | undefined;
  readonly target: Target | undefined;
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

/** A click or an arrow key on a datagram or record. Evidence stays lit: the user walks around in it. */
export const selectTarget = (before: Selection, target: Target, details = before.details): Selection => ({
  ...before,
  target,
  details,
});

/** A finding's evidence: all of it is lit, the first of it selected; with details open, since the user asked to see. */
export function selectEvidence(
  before: Selection,
  finding: number,
  evidence: readonly PacketRange[],
  at: PacketRange | undefined = evidence[0],
): Selection {
  return {
    ...before,
    finding,
    lit: evidence,
    target: at ? { kind: 'datagram', packet: at.packet } : before.target,
  };
}

/** Esc: closes the details first, then lets go of evidence and target. */
export function letGo(before: Selection): Selection {
  if (before.details) return { ...before, details: false };
  return { ...before, target: undefined, finding: undefined, lit: [] };
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
  const at = target.kind === 'record' ? target.record : -1;
  const next = Math.min(at + by, records - 1);
  return next < 0
    ? { kind: 'datagram', packet: target.packet }
    : { kind: 'record', packet: target.packet, record: next };
}
