/** The real captures of test/fixtures/captures as traces. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseKeyLog, secretEvents } from '../../src/capture/keylog.ts';
import { readCapture } from '../../src/capture/read.ts';
import type { TraceEvent, TraceHeader } from '../../src/trace/model.ts';

export const captureDirectory = fileURLToPath(new URL('../fixtures/captures/', import.meta.url));

export const captureNames: readonly string[] = readdirSync(captureDirectory)
  .filter((file) => file.endsWith('.pcapng'))
  .map((file) => file.slice(0, -'.pcapng'.length))
  .sort();

export interface LoadedCapture {
  readonly header: TraceHeader;
  /** What the capture file holds. */
  readonly events: readonly TraceEvent[];
  /** What its key log holds, as secrets known from the start. */
  readonly secrets: readonly TraceEvent[];
}

export function loadCapture(name: string): LoadedCapture {
  const reading = readCapture(readFileSync(`${captureDirectory}${name}.pcapng`));
  return { header: reading.trace.header, events: reading.trace.events, secrets: secretsFor(name) };
}

function secretsFor(name: string): readonly TraceEvent[] {
  try {
    return secretEvents(parseKeyLog(readFileSync(`${captureDirectory}${name}.keylog`)).secrets, 0);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
