/**
 * Whether a handshake completed, and when. An endpoint of ours knows. In a capture both Finished prove less than they seem
 * to: whoever sends the last flight never hears that it arrived (RFC 6347 §4.2.4). So the receiver of the last flight must
 * have taken it: it uses the keys (application data, media, a close), or it falls silent. A receiver that goes on sending
 * its own Finished has not; one that asked again, was answered and then fell silent has.
 *
 * In DTLS 1.3 the client sends the last flight, and the server acknowledges it (RFC 9147 §5.7): that ACK, or anything else
 * but an alert that the server sends in epoch 3 behind it, is the proof. Silence is none.
 */
import type { Actor, TraceTime } from '../trace/model.ts';
import type { Flight } from './flights.ts';
import type { Reading } from './reading.ts';

export interface CompletionInputs {
  readonly reading: Reading;
  readonly ours: readonly Actor[];
  /** When an endpoint of ours said that it was connected. */
  readonly connected: Readonly<Partial<Record<Actor, { readonly at: TraceTime }>>>;
  /** When a side last sent application data or media. */
  readonly lastUse: (actor: Actor) => TraceTime | undefined;
}

/** So often the receiver may ask for the last flight and its silence still be read as success. */
const believedResends = 2;

const other = (actor: Actor): Actor => (actor === 'client' ? 'server' : 'client');

/** When the handshake was complete for both sides; undefined while it is not, as far as the evidence goes. */
export function establishedAt(inputs: CompletionInputs): TraceTime | undefined {
  const { reading, ours, connected } = inputs;
  const last = reading.version === '1.3' ? 'client' : lastSender(reading);
  const receiver = other(last);
  // The receiver of the last flight knows that both sides are done; its sender knows only of itself.
  const receiverDone = connected[receiver];
  if (receiverDone && (!ours.includes(last) || connected[last])) return receiverDone.at;
  if (ours.some((actor) => !connected[actor])) return undefined;
  return reading.version === '1.3' ? established13(inputs) : accepted(inputs, last, receiver);
}

/** Both Finished, known by their place at least, and a sign of the server behind the client's. */
function established13({ reading: { sides }, lastUse }: CompletionInputs): TraceTime | undefined {
  const { client, server } = sides;
  if (!client.finished || !server.finished) return undefined;
  const used = lastUse('server');
  return server.confirmedAt ?? (used !== undefined && used >= client.finished.at ? client.finished.at : undefined);
}

/** Whose Finished came last: the server's in a full handshake, the client's in a resumed one. */
function lastSender({ sides: { client, server } }: Reading): Actor {
  if (client.finished && server.finished && client.finished.order > server.finished.order) return 'client';
  return 'server';
}

function accepted({ reading, lastUse }: CompletionInputs, last: Actor, receiver: Actor): TraceTime | undefined {
  const lastFinished = reading.sides[last].finished;
  const receiverFinished = reading.sides[receiver].finished;
  if (!lastFinished || !receiverFinished) return undefined;
  const lastFlight = flightWith(reading, last);
  const sentAt = lastFinished.at;
  const resends = (flightWith(reading, receiver)?.sendings ?? [])
    .filter(({ attempt, startedAt }) => attempt > 0 && startedAt > sentAt)
    .map(({ startedAt }) => startedAt)
    .filter((at) => at - sentAt > crossingMs(reading, last, receiver));
  const answers = (lastFlight?.sendings ?? []).map(({ startedAt }) => startedAt);
  const lastResend = resends.at(-1);
  const lastAnswer = answers.filter((at) => at >= sentAt).at(-1) ?? sentAt;

  const rejected = reading.alerts.some(
    (alert) => alert.from === receiver && alert.readable && alert.level === 2 && alert.at >= sentAt,
  );
  const usedAt = lastUse(receiver);
  const closed = reading.alerts.some(({ from, level, at }) => from === receiver && level !== 2 && at >= sentAt);
  if (usedAt !== undefined && usedAt >= sentAt) return lastResend === undefined ? sentAt : Math.min(lastAnswer, usedAt);
  if (rejected) return undefined;
  if (lastResend === undefined) return sentAt;
  if (closed && lastAnswer >= lastResend) return lastAnswer;
  return lastAnswer >= lastResend && resends.length <= believedResends ? lastAnswer : undefined;
}

const flightWith = (reading: Reading, from: Actor): Flight | undefined =>
  reading.flights.all.find((flight) => flight.from === from && [...flight.items.values()].some(isFinished));

const isFinished = ({ kind, name }: { readonly kind: string; readonly name: string }): boolean =>
  kind === 'finished' || name === 'finished';

/**
 * A repetition that left before the last flight can have arrived crossed it on the way and says nothing. The time that
 * the receiver took to answer the flight before, as seen here, holds the way there and back.
 */
function crossingMs(reading: Reading, last: Actor, receiver: Actor): number {
  const answer = flightWith(reading, receiver)?.sendings[0]?.startedAt;
  if (answer === undefined) return 0;
  let asked: TraceTime | undefined;
  for (const { from, at } of reading.views) {
    if (at > answer) break;
    if (from === last) asked = at;
  }
  return asked === undefined ? 0 : Math.min(answer - asked, maxCrossingMs);
}
const maxCrossingMs = 3000;
