/**
 * Constants of our qlog files (draft-ietf-quic-qlog-main-schema). Two shapes: sequential (`.sqlog`, RFC 7464 JSON text
 * sequence: appendable, readable when cut) and contained (`.qlog`, one JSON document). The recorded events are ours, under
 * our own schema URI; derived events may be added by exporters and are ignored on reading.
 */

/** The event schema: a URI of the project with the date mmyyyy of its current shape, as qlog asks of private schemas. */
export const schemaUri = 'https://dtlscope.dev/qlog/dtls-112026';

/** Namespaces of qlog's own that we write into: notes are `loglevel`, what the link did is `simulation`. */
export const borrowedSchemas = [
  'urn:ietf:params:qlog:events:loglevel',
  'urn:ietf:params:qlog:events:simulation',
] as const;

export const fileSchema = {
  sequential: 'urn:ietf:params:qlog:file:sequential',
  contained: 'urn:ietf:params:qlog:file:contained',
} as const;

export const serialization = {
  sequential: 'application/qlog+json-seq',
  contained: 'application/qlog+json',
} as const;

/**
 * The version of what stands inside. A minor one adds events and fields, which older readers ignore; a major one changes
 * the meaning of something, and comes with a step in `migrate.ts`.
 */
export const format = { major: 1, minor: 2 } as const;

/** RFC 7464 §2.2: every record is RS, JSON, LF. */
export const recordSeparator = 0x1e;

/** One event as JSON holds it. */
export interface QlogEvent {
  /** Milliseconds since the trace's start. */
  readonly time: number;
  /** "namespace:type". */
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
}
