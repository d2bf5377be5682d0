/**
 * Old traces stay readable: one step per major version, each turning the JSON of one version into that of the next. A step
 * is frozen when it is written; it knows its two versions and nothing of the code of today, which is why it works on JSON
 * and not on `TraceEvent`.
 */
import { format, type QlogEvent } from './schema.ts';

/** Turns version `from` into version `from + 1`. */
export interface Step {
  readonly from: number;
  /** What changed, in a sentence. */
  readonly what: string;
  /** Our own block of the trace header. */
  readonly header: (header: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;
  /** One event can become none or several. */
  readonly event: (event: QlogEvent) => readonly QlogEvent[];
}

/** In order of `from`. Empty: there has been one major version. */
export const steps: readonly Step[] = [];

export interface Migration {
  readonly header: (header: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;
  readonly event: (event: QlogEvent) => readonly QlogEvent[];
}

export type MigrationResult =
  | { readonly ok: true; readonly migration: Migration }
  | { readonly ok: false; readonly code: 'newer-version' | 'unsupported'; readonly why: string };

/** The way from a file's major version to ours; a version that is newer than us is refused by name. */
export function migrationFrom(
  major: number,
  to: number = format.major,
  known: readonly Step[] = steps,
): MigrationResult {
  if (major > to) {
    const why = `this trace has format version ${major}, newer than version ${to} that this dtlscope reads; update dtlscope`;
    return { ok: false, code: 'newer-version', why };
  }
  const way: Step[] = [];
  for (let version = major; version < to; version++) {
    const step = known.find((candidate) => candidate.from === version);
    if (!step) {
      return {
        ok: false,
        code: 'unsupported',
        why: `this trace has format version ${major}, for which no way to ${to} is known`,
      };
    }
    way.push(step);
  }
  return {
    ok: true,
    migration: {
      header: (header) => way.reduce((value, step) => step.header(value), header),
      event: (event) => way.reduce<readonly QlogEvent[]>((events, step) => events.flatMap(step.event), [event]),
    },
  };
}
