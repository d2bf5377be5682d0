/** What must be said beside the pictures of a handshake: what is a guess in them, and what they leave out. */
import { type Handshake, keptApplicationData } from '../../src/analysis/model.ts';
import { plural } from './text.ts';

/** What the trace does not show and the reader guessed, said where the picture is. */
export function inferredText(handshake: Handshake): string | undefined {
  const parts: string[] = [];
  if (handshake.localRole === undefined) {
    const seen = handshake.datagrams[0]?.from;
    if (seen && handshake.datagrams.every(({ from }) => from === seen))
      parts.push(`only datagrams from the ${seen} are here`);
  }
  if (handshake.inferred.length > 0)
    parts.push(`inferred: ${handshake.inferred.map((field) => inWords(field)).join(', ')}`);
  const flights = handshake.flights.filter((flight) => flight.inferred).map((flight) => flight.number);
  if (flights.length > 0)
    parts.push(`${plural(flights.length, 'flight')} in part encrypted, and known by place (${flights.join(', ')})`);
  return parts.length === 0 ? undefined : parts.join('; ');
}

/** The name of a field, as people write it: "last message". */
const inWords = (field: string): string => field.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

/** Datagrams of application data that the reader counted and did not keep, so that no view can show them. */
export function leftOutText({ traffic }: Handshake): string | undefined {
  const parts = (['client', 'server'] as const).flatMap((from) => {
    const more = traffic[from].applicationData - keptApplicationData;
    return more > 0 ? [`${more} more from the ${from}`] : [];
  });
  if (parts.length === 0) return undefined;
  return `Application data: the first ${keptApplicationData} datagrams of each side are shown, ${parts.join(' and ')} only counted`;
}
