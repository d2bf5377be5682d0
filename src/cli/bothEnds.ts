/** Handshakes that several files hold, or one file twice: put together where they were recorded at both ends. */
import { pairsOf } from '../analysis/bothEnds.ts';
import { bothEndsText } from '../report/bothEnds.ts';
import { plain } from '../report/plain.ts';
import type { Trace } from '../trace/model.ts';
import { type Reading, readTrace, tool, withOnly } from './reading.ts';
import type { Terminal } from './terminal.ts';

/**
 * The readings, with those handshakes that were recorded twice as readings of their own, first. Says what was put together, and
 * gives the traces of the new readings to `traces`.
 */
export function joinEnds(
  readings: readonly Reading[],
  traces: Map<Reading, Trace>,
  terminal: Terminal,
): readonly Reading[] {
  const recordings = readings.flatMap((reading) => {
    const { recorded, handshakes } = reading;
    if (!recorded) return [];
    const { path, until } = recorded;
    return handshakes.map(({ handshake }) => {
      const name = handshakes.length > 1 ? `${path}#${handshake.id}` : path;
      return { name, handshake, until, reading };
    });
  });
  const taken = new Map<Reading, Set<string>>();
  const joined = pairsOf(recordings, tool).map(({ both, recordings: two, clientRandom }): Reading => {
    const { header, events } = both.trace;
    const secrets = two.flatMap(({ reading }) => reading.recorded?.secretsOf(clientRandom) ?? []);
    const trace = { header, events: [...secrets, ...events] };
    const made = readTrace(trace, header.title);
    traces.set(made, trace);
    terminal.say(plain(`${bothEndsText(both)} --apart reads each for itself.`));
    for (const { reading, handshake } of two)
      taken.set(reading, new Set([...(taken.get(reading) ?? []), handshake.id]));
    return made;
  });
  const left = readings.flatMap((reading): Reading[] => {
    const gone = taken.get(reading);
    if (!gone) return [reading];
    const ids = reading.handshakes.map(({ handshake }) => handshake.id).filter((id) => !gone.has(id));
    return ids.length === 0 ? [] : [withOnly(reading, new Set(ids))];
  });
  return [...joined, ...left];
}
