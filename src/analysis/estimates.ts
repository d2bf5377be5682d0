/**
 * What times in a capture say of the path that nobody wrote down: how long each side takes to answer, seen from here; how
 * fast the slow direction is; and from both, where the capture was taken. Estimates, and shown as such.
 */
import type { Actor, TraceHeader } from '../trace/model.ts';
import type { IceRoundTrips } from './iceWatch.ts';
import type { PathEstimates } from './model.ts';
import type { Reading } from './reading.ts';

export interface EstimateInputs {
  readonly header: TraceHeader | undefined;
  readonly client: string;
  readonly server: string;
  readonly reading: Reading;
  readonly trips: IceRoundTrips | undefined;
}

const nothing: PathEstimates = {
  roundTrip: { client: undefined, server: undefined },
  rate: undefined,
  vantage: undefined,
};

export function estimatesOf({ header, client, server, reading, trips }: EstimateInputs): PathEstimates {
  if (header !== undefined && header.kind !== 'capture') return nothing;
  const answers = answerTimes(reading);
  const tripOf = (actor: Actor): PathEstimates['roundTrip'][Actor] => {
    const [stun, dtls] = [trips?.[actor], answers[actor]];
    if (stun !== undefined && (dtls === undefined || stun <= dtls)) return { ms: stun, by: 'STUN' };
    return dtls === undefined ? undefined : { ms: dtls, by: 'DTLS' };
  };
  const roundTrip = { client: tripOf('client'), server: tripOf('server') };
  // Two recordings that were put together are of no one place.
  const bothEnds = reading.views.some(({ deliveredAt }) => deliveredAt !== undefined);
  const vantage = bothEnds ? undefined : vantageOf(roundTrip, hostOf(client) === hostOf(server));
  return { roundTrip, rate: slowestRate(reading), vantage };
}

/**
 * The least time from a datagram of one side to the first one of the other side's next flight: way there and back, and work. Where
 * both ends were recorded it is the time at the one that waits.
 */
function answerTimes({ views }: Reading): Partial<Record<Actor, number>> {
  const least: Partial<Record<Actor, number>> = {};
  let before: { readonly from: Actor; readonly at: number } | undefined;
  let newest = 0;
  for (const { from, at, flight, attempt, delivered, deliveredAt = at } of views) {
    // What is known to be lost asked for nothing and answered nothing.
    if (flight === undefined || delivered === false) continue;
    // Only a flight that was not there before answers; a repetition has its own clock.
    if (before && before.from !== from && attempt === 0 && flight > newest) {
      const took = deliveredAt - before.at;
      if (took >= 0) least[from] = Math.min(took, least[from] ?? took);
    }
    newest = Math.max(newest, flight);
    before = { from, at };
  }
  return least;
}

/** IP and UDP headers, which take their time on the wire as well. Bytes. */
const headers = 28;
/** A faster path is not what makes a handshake slow. bit/s */
const fast = 10_000_000;
/** A longer gap in a flight is no queue. ms */
const longestGap = 250;
/** Less spread than this is below what capture clocks tell. ms */
const leastSpread = 5;
/** A queue spaces datagrams by their sizes, a sender by what it computes: this near to each other have to be the rates of one. */
const alike = 2;

/**
 * From flights of at least four datagrams: each took its size over the gap in front of it, and the one in the middle counts,
 * because a queue spaces them all while a sender that signs pauses once. One that computes before each (Bouncy Castle sends
 * each message as soon as it is made) has a rate of its own in each gap, and is no path.
 */
function slowestRate({ views }: Reading): PathEstimates['rate'] {
  interface Train {
    readonly from: Actor;
    readonly first: number;
    last: number;
    readonly rates: number[];
  }
  const trains = new Map<string, Train>();
  for (const { from, at, flight, attempt, size } of views) {
    if (flight === undefined) continue;
    const key = `${flight} ${attempt}`;
    const train = trains.get(key);
    if (!train) trains.set(key, { from, first: at, last: at, rates: [] });
    else if (at - train.last <= longestGap) {
      train.rates.push(((size + headers) * 8000) / Math.max(at - train.last, 1e-6));
      train.last = Math.max(train.last, at);
    }
  }
  // A pause of the sender makes one train slow, the path makes all of them so: the fastest of a side counts.
  const best: Partial<Record<Actor, number>> = {};
  for (const { from, first, last, rates } of trains.values()) {
    if (rates.length < 3 || last - first < leastSpread) continue;
    const middle = rates.sort((a, b) => a - b)[rates.length >> 1] ?? fast;
    if (rates.filter((rate) => rate <= middle * alike && rate * alike >= middle).length * 2 < rates.length) continue;
    best[from] = Math.max(middle, best[from] ?? 0);
  }
  const [slowest] = (['client', 'server'] as const)
    .flatMap((from) => (best[from] === undefined ? [] : [{ from, bitsPerSecond: Math.round(best[from]) }]))
    .sort((a, b) => a.bitsPerSecond - b.bitsPerSecond);
  return slowest && slowest.bitsPerSecond < fast ? slowest : undefined;
}

/** A side that answers so soon may be here; one that takes so much longer than the other is not. */
const near = { ms: 10, times: 4 } as const;
/** Less is no distance at all. ms */
const far = 3;

function vantageOf(trips: PathEstimates['roundTrip'], oneHost: boolean): PathEstimates['vantage'] {
  const { client, server } = trips;
  if (oneHost) return { at: 'one machine', why: 'both ends have the same address' };
  if (!client || !server) return undefined;
  const text = (ms: number): string => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
  const why =
    `seen from here the client answers after ${text(client.ms)} (${client.by}), ` +
    `the server after ${text(server.ms)} (${server.by})`;
  const [less, more] = [Math.min(client.ms, server.ms), Math.max(client.ms, server.ms)];
  if (more < far) return undefined;
  if (less <= near.ms && more >= less * near.times) return { at: client.ms < server.ms ? 'client' : 'server', why };
  return less > near.ms ? { at: 'between', why } : undefined;
}

const hostOf = (address: string): string => address.slice(0, address.lastIndexOf(':'));
