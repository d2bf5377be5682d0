/**
 * Reading qlog files, ours or other people's. Nothing throws: what can be read is read, and each fault is a `Problem` with
 * its byte offset. A sequential file is cut at its record separators, so one broken record costs one record. A contained
 * file that is no JSON (it was cut, or edited by hand) is read event by event.
 */
import { fromUtf8 } from '../../base/bytes.ts';
import type { Trace, TraceEvent, TraceHeader } from '../model.ts';
import { type Problem, Problems } from '../problem.ts';
import { fromQlogEvent } from './events.ts';
import { FieldError, Fields, isJson, type Json, parseObject } from './fields.ts';
import { type Migration, migrationFrom, type Step } from './migrate.ts';
import { format, type QlogEvent, recordSeparator, schemaUri } from './schema.ts';

export interface QlogReading {
  /** `undefined` when nothing of ours is in the file; `problems` says why. */
  readonly trace: Trace | undefined;
  readonly problems: readonly Problem[];
  /** Events that are derived, of another schema, or newer than this reader. */
  readonly ignored: number;
}

/** For tests of the version mechanism; leave it out elsewhere. */
export interface VersionRules {
  readonly major: number;
  readonly steps: readonly Step[];
}

/** Larger documents are read event by event: a JavaScript string ends at half a gigabyte. */
const documentBytes = 128 * 1024 * 1024;
const headBytes = 1024 * 1024;
/** No event comes near it: a datagram of 64 KiB is 128 KiB of hexadecimal. */
const eventBytes = 8 * 1024 * 1024;

/** Reads a sequential file (`.sqlog`, RFC 7464). */
export function readSqlog(bytes: Uint8Array, versions?: VersionRules): QlogReading {
  const reading = new Reading(versions);
  let at = bytes.indexOf(recordSeparator);
  if (at === -1) {
    reading.problems.add(
      'not-this-format',
      0,
      'there is no record separator (RFC 7464) in it: not a sequential qlog file',
    );
    return reading.result();
  }
  if (fromUtf8(bytes.subarray(0, at)).trim() !== '') {
    reading.problems.add('broken', 0, `${at} bytes before the first record separator are not part of any record`);
  }
  while (at < bytes.length && !reading.refused) {
    const next = bytes.indexOf(recordSeparator, at + 1);
    const end = next === -1 ? bytes.length : next;
    const text = recordText(bytes.subarray(at + 1, end));
    const value = parseObject(text);
    if (value) {
      if (!reading.started) reading.start(value['trace'], at);
      else if (value['trace'] === undefined) reading.event(value, at);
      else {
        reading.problems.add('limit', at, 'a second trace begins here; the first one is shown');
        break;
      }
    } else if (text !== '') {
      // RFC 7464 §2.3: a record that does not parse is skipped, its neighbours are not.
      if (next === -1)
        reading.problems.add('cut', at, `the file ends in the middle of a record (${end - at} bytes of it)`);
      else reading.problems.add('broken', at, 'this record is not a JSON object');
      if (!reading.started) reading.assume();
    }
    at = end;
  }
  return reading.result();
}

/** Reads a contained file (`.qlog`). */
export function readQlog(bytes: Uint8Array, versions?: VersionRules): QlogReading {
  const file = bytes.length <= documentBytes ? parseObject(fromUtf8(bytes)) : undefined;
  return file ? readContained(file, versions) : salvage(bytes, versions);
}

function readContained(file: Json, versions: VersionRules | undefined): QlogReading {
  const traces = Array.isArray(file['traces']) ? file['traces'].filter(isJson) : [];
  const ours = traces.filter((trace) => isJson(trace['dtlscope']));
  const reading = new Reading(versions);
  reading.start(ours[0] ?? traces[0], 0);
  if (ours.length > 1) {
    reading.problems.add(
      'limit',
      undefined,
      `the file holds ${ours.length} traces of dtlscope; the first one is shown`,
    );
  }
  const events = ours[0]?.['events'];
  if (reading.started) {
    if (!Array.isArray(events)) reading.problems.add('broken', undefined, 'the trace has no list of events');
    else for (const event of events) reading.event(event, undefined);
  }
  return reading.result();
}

/** Reads what it can of a contained file that is not JSON as a whole. */
function salvage(bytes: Uint8Array, versions: VersionRules | undefined): QlogReading {
  const reading = new Reading(versions);
  const list = findEvents(bytes);
  const head =
    list === undefined || list > headBytes ? undefined : parseObject(`${fromUtf8(bytes.subarray(0, list))}]}]}`);
  const traces = head && Array.isArray(head['traces']) ? head['traces'] : [];
  if (list === undefined) {
    reading.problems.add('broken', 0, 'this is not JSON, and no list of qlog events can be made out');
    return reading.result();
  }
  if (traces.length > 0) reading.start(traces.at(-1), 0);
  else {
    reading.problems.add('broken', 0, 'what stands before the list of events is not JSON');
    reading.assume();
  }
  let at = list;
  // A broken element makes the scan start again at the next line; the budget keeps that from becoming quadratic.
  let budget = 4 * bytes.length + 1024;
  while (reading.started && budget > 0) {
    at = skip(bytes, at);
    if (at >= bytes.length) {
      reading.problems.add('cut', at, 'the file ends before its list of events does');
      break;
    }
    if (bytes[at] === closeBracket) {
      reading.problems.add('broken', at, 'what follows the list of events is not JSON');
      break;
    }
    const end = scanObject(bytes, at);
    budget -= (end ?? bytes.length) - at + 1;
    const event = end === undefined ? undefined : parseObject(fromUtf8(bytes.subarray(at, end)));
    if (end !== undefined && event) {
      reading.event(event, at);
      at = end;
      continue;
    }
    const line = bytes.indexOf(lineFeed, at);
    if (line === -1) {
      reading.problems.add('cut', at, `the file ends in the middle of an event (${bytes.length - at} bytes of it)`);
      break;
    }
    reading.problems.add('broken', at, 'this event is not a JSON object');
    at = line + 1;
  }
  if (budget <= 0) reading.problems.add('limit', at, 'the file is too broken to be read further');
  return reading.result();
}

/** The text of one record; of one that is too large, a piece that is no JSON. */
const recordText = (bytes: Uint8Array): string =>
  bytes.length <= eventBytes ? fromUtf8(bytes).trim() : 'larger than any event';

const lineFeed = 0x0a;
const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const closeBracket = 0x5d;
const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;

/** Just behind the `[` of the first `"events":[`; undefined when there is none. */
function findEvents(bytes: Uint8Array): number | undefined {
  const key = [...'"events"'].map((char) => char.charCodeAt(0));
  for (let at = bytes.indexOf(quote); at !== -1; at = bytes.indexOf(quote, at + 1)) {
    if (!key.every((byte, i) => bytes[at + i] === byte)) continue;
    let after = at + key.length;
    while (isSpace(bytes[after])) after++;
    if (bytes[after] !== 0x3a) continue;
    after++;
    while (isSpace(bytes[after])) after++;
    if (bytes[after] === 0x5b) return after + 1;
  }
  return undefined;
}

function skip(bytes: Uint8Array, at: number): number {
  while (isSpace(bytes[at]) || bytes[at] === comma) at++;
  return at;
}

/** The end of the object that starts at `at`, by counting brackets outside strings; undefined when it does not end. */
function scanObject(bytes: Uint8Array, at: number): number | undefined {
  if (bytes[at] !== 0x7b) return undefined;
  let depth = 0;
  let inString = false;
  const limit = Math.min(bytes.length, at + eventBytes);
  for (let i = at; i < limit; i++) {
    const byte = bytes[i];
    if (inString) {
      if (byte === backslash) i++;
      else if (byte === quote) inString = false;
      // RFC 8259 §7: a line feed in a string is escaped, so this string was never closed.
      else if (byte === lineFeed) return undefined;
    } else if (byte === quote) inString = true;
    else if (byte === 0x7b || byte === 0x5b) depth++;
    else if ((byte === 0x7d || byte === closeBracket) && --depth === 0) return i + 1;
  }
  return undefined;
}

/** One trace as it is read: header first, then events. */
class Reading {
  readonly problems = new Problems();
  readonly #versions: VersionRules | undefined;
  #header: TraceHeader | undefined;
  #migration: Migration | undefined;
  readonly #events: TraceEvent[] = [];
  #ignored = 0;
  #seen = 0;
  #assumed = false;
  /** The header was read and is not one of ours: nothing more to do. */
  refused = false;

  constructor(versions: VersionRules | undefined) {
    this.#versions = versions;
  }

  get started(): boolean {
    return this.#header !== undefined;
  }

  start(trace: unknown, offset: number): void {
    const own = isJson(trace) ? trace['dtlscope'] : undefined;
    if (!isJson(own)) {
      const why = `a qlog file without events of dtlscope (${schemaUri})`;
      this.#refuse('not-this-format', offset, why);
      return;
    }
    const version: unknown = own['format'];
    const major: unknown = Array.isArray(version) ? version[0] : undefined;
    if (typeof major !== 'number' || !Number.isSafeInteger(major) || major < 1) {
      this.#refuse('broken', offset, 'the trace does not say its format version');
      return;
    }
    const found = migrationFrom(major, this.#versions?.major ?? format.major, this.#versions?.steps);
    if (!found.ok) {
      this.#refuse(found.code, offset, found.why);
      return;
    }
    try {
      this.#header = headerFrom(new Fields(found.migration.header(own)));
      this.#migration = found.migration;
    } catch (error) {
      if (!(error instanceof FieldError)) throw error;
      this.#refuse('broken', offset, `the trace's header is not readable: ${error.message}`);
    }
  }

  event(value: unknown, offset: number | undefined): void {
    this.#seen++;
    const event = eventFrom(value);
    if (typeof event === 'string') {
      this.#broken(offset, event);
      return;
    }
    for (const current of this.#migration?.event(event) ?? [event]) {
      const reading = fromQlogEvent(current);
      if (reading.kind === 'event') this.#events.push(reading.event);
      else if (reading.kind === 'ignored') this.#ignored++;
      else this.#broken(offset, reading.why);
    }
  }

  result(): QlogReading {
    const empty = this.#assumed && this.#events.length === 0;
    const trace = this.#header && !empty ? { header: this.#header, events: this.#events } : undefined;
    return { trace, problems: this.problems.list(), ignored: this.#ignored };
  }

  /** Goes on without a header: the events can still be read as what today's version writes. */
  assume(): void {
    this.#assumed = true;
    this.#header = {
      tool: 'unknown',
      kind: 'capture',
      startedAt: undefined,
      title: undefined,
      localRole: undefined,
      commandLine: undefined,
    };
  }

  #broken(offset: number | undefined, why: string): void {
    this.problems.add('broken', offset, offset === undefined ? `event ${this.#seen}: ${why}` : why);
  }

  #refuse(code: Problem['code'], offset: number, why: string): void {
    this.refused = true;
    this.problems.add(code, offset, why);
  }
}

/** A JSON value as an event, or what is wrong with it. */
function eventFrom(value: unknown): QlogEvent | string {
  if (!isJson(value)) return 'an event is not an object';
  const { time, name, data } = value;
  if (typeof time !== 'number' || !Number.isFinite(time)) return 'an event has no time';
  if (typeof name !== 'string') return 'an event has no name';
  return { time, name, data: isJson(data) ? data : {} };
}

const headerFrom = (data: Fields): TraceHeader => ({
  tool: data.text('tool'),
  kind: data.oneOf('kind', ['run', 'simulation', 'capture'] as const),
  startedAt: data.optional('started_at', (name) => data.number(name)),
  title: data.optional('title', (name) => data.text(name)),
  localRole: data.optional('local_role', (name) => data.oneOf(name, ['client', 'server'] as const)),
  commandLine: data.optional('command_line', (name) => data.text(name)),
});
