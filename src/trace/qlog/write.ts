/**
 * Writing traces as qlog. Every writer must be told whether secrets go in (`withKeys`); there is no default to forget.
 */

import type { Trace, TraceEvent, TraceHeader } from '../model.ts';
import { isPublic, type KeyChoice, sanitise, sanitiseHeader } from '../sanitise.ts';
import { toQlogEvent } from './events.ts';
import { borrowedSchemas, fileSchema, format, recordSeparator, schemaUri, serialization } from './schema.ts';

/**
 * Writes a sequential file piece by piece, as a live run does: `start` once, then `event` for each. A file that ends
 * anywhere is readable up to there.
 */
export class SqlogWriter {
  readonly #header: TraceHeader;
  readonly #withKeys: boolean;

  constructor(header: TraceHeader, { withKeys }: KeyChoice) {
    this.#header = withKeys ? header : sanitiseHeader(header);
    this.#withKeys = withKeys;
  }

  /** The first record. */
  start(): string {
    return record({
      file_schema: fileSchema.sequential,
      serialization_format: serialization.sequential,
      title: this.#header.title,
      trace: traceJson(this.#header),
    });
  }

  /** The event's record; empty for a secret that is not to be written. */
  event(event: TraceEvent): string {
    return this.#withKeys || isPublic(event) ? record(toQlogEvent(event, this.#header)) : '';
  }
}

/** A whole trace as `.sqlog` text. */
export function toSqlog(trace: Trace, choice: KeyChoice): string {
  const writer = new SqlogWriter(trace.header, choice);
  return [writer.start(), ...trace.events.map((event) => writer.event(event))].join('');
}

/** A whole trace as `.qlog` text: one JSON document, with a line per event so that people and `diff` can read it. */
export function toQlog(trace: Trace, choice: KeyChoice): string {
  const { header, events } = choice.withKeys ? trace : sanitise(trace);
  const file = {
    file_schema: fileSchema.contained,
    serialization_format: serialization.contained,
    title: header.title,
  };
  const open = JSON.stringify({ ...file, traces: [] }).slice(0, -2);
  const lines = events.map((event) => JSON.stringify(toQlogEvent(event, header)));
  return `${open}\n${JSON.stringify({ ...traceJson(header), events: [] }).slice(0, -2)}\n${lines.join(',\n')}\n]}]}\n`;
}

const record = (value: unknown): string => `${String.fromCharCode(recordSeparator)}${JSON.stringify(value)}\n`;

function traceJson(header: TraceHeader): object {
  return {
    title: header.title,
    vantage_point: { name: header.tool, type: header.localRole ?? 'network' },
    event_schemas: [schemaUri, ...borrowedSchemas],
    common_fields: {
      time_format: 'relative_to_epoch',
      reference_time: { clock_type: 'monotonic', epoch: 'unknown', wall_clock_time: rfc3339(header.startedAt) },
    },
    // Ours, exactly; the fields above say the same for other tools.
    dtlscope: {
      format: [format.major, format.minor],
      tool: header.tool,
      kind: header.kind,
      started_at: header.startedAt,
      title: header.title,
      local_role: header.localRole,
      command_line: header.commandLine,
    },
  };
}

/** RFC 3339 time; undefined beyond what a date can say. */
function rfc3339(ms: number | undefined): string | undefined {
  // ECMA-262 §21.4.1.1: 8.64e15 ms either side of 1970.
  return ms === undefined || !(Math.abs(ms) <= 8.64e15) ? undefined : new Date(ms).toISOString();
}
