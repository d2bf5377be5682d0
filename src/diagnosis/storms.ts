/** Flights that are sent again and again without pause, as no timer of RFC 6347 §4.2.4.1 makes it. */
import type { FlightView, Handshake } from '../analysis/model.ts';

/** More repetitions of one flight than these, within `stormMs`. */
export const stormSize = 10;
export const stormMs = 1000;

/** The flights, and the most repetitions of each within `stormMs`. */
export const stormsOf = ({ flights }: Handshake): readonly { readonly flight: FlightView; readonly peak: number }[] =>
  flights.flatMap((flight) => {
    const peak = flight.resentAt.length > stormSize ? peakOf(flight) : 0;
    return peak > stormSize ? [{ flight, peak }] : [];
  });

function peakOf({ resentAt }: FlightView): number {
  let peak = 0;
  let start = 0;
  resentAt.forEach((at, end) => {
    while (at - (resentAt[start] ?? at) >= stormMs) start++;
    peak = Math.max(peak, end - start + 1);
  });
  return peak;
}
