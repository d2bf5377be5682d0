/**
 * The words the panel uses for numbers and facts: times, sizes, messages, what the link did, what an outcome is. One
 * place, so that ladder, table, details and labels for screen readers never differ. Names on the wire stay the RFC's.
 */

import type { DatagramView, FragmentView, RecordView } from '../../src/analysis/model.ts';
import { unreachable } from '../../src/base/unreachable.ts';
import type { Outcome, Severity } from '../../src/diagnosis/model.ts';
import { queueText } from '../../src/diagnosis/words.ts';
import { ackText, closedText } from '../../src/report/names.ts';
import type { LinkAction } from '../../src/trace/model.ts';
import { alertDescriptions, ContentType, contentTypes, nameIn } from '../../src/wire/registry.ts';

/** "0.8 ms", "12 ms", "1.005 s", "65.1 s": three figures that matter, never more. Milliseconds in. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return '–';
  const sign = ms < 0 ? '−' : '';
  const size = Math.abs(ms);
  if (size < 10) return `${sign}${trim(size.toFixed(1))} ms`;
  if (size < 999.5) return `${sign}${size.toFixed(0)} ms`;
  if (size < 9_999.5) return `${sign}${(size / 1000).toFixed(3)} s`;
  return `${sign}${(size / 1000).toFixed(1)} s`;
}

/** A point on the axis: always milliseconds below a second, seconds above, so that a column of them reads down. */
export function clock(ms: number): string {
  return Math.abs(ms) < 999.95 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(3)} s`;
}

const trim = (digits: string): string => digits.replace(/\.0$/, '');

/** UDP payload bytes. */
export const bytesText = (size: number): string => `${size} B`;

export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

const contentTypeName = nameIn(contentTypes, 2);
const alertName = nameIn(alertDescriptions, 2);

/** "certificate", or "certificate 0–255 of 1400" when the fragment is not the whole message. */
export function fragmentText(fragment: FragmentView): string {
  const { name } = fragment;
  if (fragment.offset === 0 && fragment.length === fragment.total) return name;
  return `${name} ${fragment.offset}–${fragment.offset + fragment.length} of ${fragment.total}`;
}

export const alertText = (level: number, description: number): string =>
  `alert ${level === 2 ? 'fatal' : level === 1 ? 'warning' : `level ${level}`} ${alertName(description)}`;

/** What a record is, in the fewest words: its messages when they can be read, else its type. */
export function recordText(record: RecordView): string {
  if (record.fragments.length > 0) return record.fragments.map(fragmentText).join(' + ');
  if (record.alert) return alertText(record.alert.level, record.alert.description);
  if (record.ack) return ackText(record.ack);
  const sealed = record.protection === 'encrypted' || record.protection === 'undecryptable';
  // A ciphertext of DTLS 1.3 hides its type until it is opened (RFC 9147 §4).
  if (record.contentType === undefined)
    return record.protection === 'undecryptable'
      ? `encrypted, not opened ${bytesText(record.length)}`
      : closedText(record.likely, record.epoch, bytesText(record.length));
  const name = contentTypeName(record.contentType);
  if (record.contentType === ContentType.changeCipherSpec) return name;
  if (record.contentType === ContentType.applicationData) return `${name} ${bytesText(record.length)}`;
  return sealed ? `encrypted ${name} ${bytesText(record.length)}` : name;
}

/** What the link did, as a clause; `undefined` when it is nothing to tell (it simply arrived). */
export function linkText(action: LinkAction, rule: string): string | undefined {
  switch (action.kind) {
    case 'delivered':
      return undefined;
    case 'lost':
      return rule === '' ? 'lost' : `lost: ${rule}`;
    case 'too-large':
      return `too large for ${bytesText(action.mtu)}${action.toldAt === undefined ? '' : ', and the sender is told'}`;
    case 'queue-full': {
      const full = action.queue ? `queue full, ${queueText(action.queue)}` : 'queue full';
      return rule === '' ? `lost: ${full}` : `lost: ${full} (${rule})`;
    }
    case 'queued':
      return `waited ${duration(action.ms)} in a queue of ${queueText(action.queue)}`;
    case 'truncated':
      return `cut to ${bytesText(action.to)}`;
    case 'corrupted':
      return 'corrupted on the way';
    case 'duplicated':
      return 'duplicated on the way';
    case 'held-back':
      return 'held back';
    default:
      return unreachable(action);
  }
}

/** 1 → "1st", 2 → "2nd", 11 → "11th". */
export function ordinal(n: number): string {
  const tens = n % 100;
  const ending = tens > 10 && tens < 14 ? 'th' : n % 10 === 1 ? 'st' : n % 10 === 2 ? 'nd' : n % 10 === 3 ? 'rd' : 'th';
  return `${n}${ending}`;
}

/** Everything that happened to a datagram on its way, in order. */
export function statusTexts(datagram: DatagramView): string[] {
  const out: string[] = [];
  if (datagram.attempt > 0) out.push(datagram.attempt === 1 ? 'resent' : `resent (${ordinal(datagram.attempt)} time)`);
  for (const { action, rule } of datagram.link) {
    const text = linkText(action, rule);
    if (text !== undefined) out.push(text);
  }
  if (datagram.delivered === false && !datagram.link.some(({ action }) => stopsDatagram(action))) out.push('lost');
  if (datagram.leftover) {
    const { declared, reason, start } = datagram.leftover;
    const left = datagram.size - start;
    out.push(
      declared === undefined ? `${reason} (${plural(left, 'byte')} unread)` : `${reason}: ${left} of ${declared} bytes`,
    );
  }
  return out;
}

/** Whether the trace knows that the other side never got it. */
export const wasLost = (datagram: DatagramView): boolean =>
  datagram.delivered === false || datagram.link.some(({ action }) => stopsDatagram(action));

/** Whether the datagram ended here: the other side never saw it. */
export function stopsDatagram(action: LinkAction): boolean {
  return action.kind === 'lost' || action.kind === 'too-large' || action.kind === 'queue-full';
}

/** How a result looks: a shape and a word always stand together, colour only underlines. */
export type Tone = 'good' | 'bad' | 'warn' | 'quiet';
export type Shape = 'check' | 'cross' | 'bar' | 'ring' | 'dots';
export interface Badge {
  readonly text: string;
  readonly tone: Tone;
  readonly shape: Shape;
}

export function outcomeBadge(outcome: Outcome | 'running'): Badge {
  switch (outcome) {
    case 'running':
      return { text: 'running', tone: 'quiet', shape: 'dots' };
    case 'established':
      return { text: 'established', tone: 'good', shape: 'check' };
    case 'cancelled':
      return { text: 'cancelled', tone: 'quiet', shape: 'bar' };
    case 'incomplete-capture':
      return { text: 'incomplete capture', tone: 'quiet', shape: 'ring' };
    case 'unsupported':
      return { text: 'unsupported', tone: 'warn', shape: 'ring' };
    case 'unreadable':
    case 'interrupted':
    case 'fingerprint-mismatch':
    case 'alert-received':
    case 'alert-sent':
    case 'refused':
    case 'no-ice':
    case 'truncated':
    case 'no-answer':
    case 'stalled':
      return { text: outcome.replaceAll('-', ' '), tone: 'bad', shape: 'cross' };
    default:
      return unreachable(outcome);
  }
}

export function severityBadge(severity: Severity): Badge {
  switch (severity) {
    case 'error':
      return { text: 'error', tone: 'bad', shape: 'cross' };
    case 'warning':
      return { text: 'warning', tone: 'warn', shape: 'bar' };
    case 'info':
      return { text: 'info', tone: 'quiet', shape: 'ring' };
    default:
      return unreachable(severity);
  }
}

const severityRank: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 };

/** Errors first, then warnings, then the rest; the order of rules within. */
export function bySeverity<F extends { readonly severity: Severity }>(findings: readonly F[]): F[] {
  return [...findings].sort((a, b) => severityRank[a.severity] - severityRank[b.severity]);
}
