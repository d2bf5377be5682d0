/** UTCTime and GeneralizedTime (RFC 5280 §4.1.2.5): text to ISO 8601, and instants to DER. */
import { utf8 } from '../base/bytes.ts';
import { contentOf, DerError, der, type Element, Tag } from './der.ts';
import { latin1 } from './names.ts';

const form = /^(\d{2,4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/;

/** A certificate's time as "2026-01-31T12:00:00Z"; throws `DerError` when it is none. */
export function readTime(element: Element, what: string): string {
  const text = latin1(contentOf(element));
  const utc = element.tag === Tag.utcTime;
  if (!utc && element.tag !== Tag.generalizedTime) throw new DerError(element.start, `${what}: not a time`);
  const match = form.exec(text);
  if (!match || text.length !== (utc ? 13 : 15))
    throw new DerError(element.start, `${what}: not in the form of RFC 5280`);
  const [, years = '', month = '', day = '', hour = '', minute = '', second = ''] = match;
  // RFC 5280 §4.1.2.5.1: 50..99 are 1950..1999, 00..49 are 2000..2049.
  const year = utc ? (years < '50' ? `20${years}` : `19${years}`) : years;
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}Z`;
  const ms = Date.parse(iso);
  // Date.parse rolls 31 February over; the way back shows it.
  if (Number.isNaN(ms) || new Date(ms).toISOString() !== iso.replace('Z', '.000Z'))
    throw new DerError(element.start, `${what}: no such date or time`);
  return iso;
}

/** A certificate's time from ms since 1970 (whole seconds): UTCTime up to 2049, GeneralizedTime after (RFC 5280 §4.1.2.5). */
export function timeDer(ms: number): Uint8Array {
  const digits = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '');
  const year = Number(digits.slice(0, 4));
  return year >= 1950 && year < 2050 ? der(Tag.utcTime, utf8(digits.slice(2))) : der(Tag.generalizedTime, utf8(digits));
}
