/**
 * What happened to a handshake, worked out once and shared by outcome, verdict and rules: so that no two of them can
 * contradict each other. A handshake that did not complete stopped at one thing, and the rule for that thing leads.
 */
import type { AlertView, DatagramView, FlightView, Handshake, LostRange } from '../analysis/model.ts';
import type { Actor, TraceTime } from '../trace/model.ts';
import {
  type Behind,
  type Cause,
  causeBehind,
  junkOf,
  leadingCause,
  neverAgainOf,
  reusesNumbers,
  turnsInCircle,
} from './causes.ts';
import { type Cut, cutsOf, type SplitRecord, splitRecordsOf } from './cuts.ts';
import {
  anyLost,
  bothBegan,
  datagramsOf,
  flightOf,
  flightsFrom,
  hasMessage,
  isGoodbye,
  isSplit,
  largestOf,
  lastHeard,
  onlyAcknowledges,
  openLosses,
  sendings,
  shownEvidence,
  smallestOf,
  takerOf,
  wasHeard,
} from './lookups.ts';
import { iceNow, neverBegan, strangersDtls } from './path.ts';
import { otherSide } from './words.ts';

export type { Cut } from './cuts.ts';
export {
  anyLost,
  bothBegan,
  bothWaited,
  cameWhole,
  certificateDatagrams,
  datagramsOf,
  evidenceOf,
  flightOf,
  flightOfLost,
  flightsFrom,
  hasMessage,
  isAck,
  isQuietPath,
  isSplit,
  largestOf,
  lastHeard,
  missedByCapture,
  missingEnd,
  onlyAcknowledges,
  onlySide,
  openLosses,
  rulesThatTook,
  sealedAlert,
  sendings,
  shownEvidence,
  smallestOf,
  takerOf,
  unreadableEnd,
  wasHeard,
} from './lookups.ts';

/** Largest UDP payload that an Ethernet path carries unfragmented over IPv4: 1500 less 20 and 8. */
export const ethernetPayload = 1472;

/** Why a handshake went no further, as far as the trace tells. */
export type Stop =
  | { readonly kind: 'nothing' }
  /** A ClientHello came from either side. */
  | { readonly kind: 'both-active' }
  | { readonly kind: 'cut'; readonly cuts: readonly Cut[] }
  /** The sender itself puts records across the ends of datagrams. */
  | { readonly kind: 'split-record'; readonly records: readonly SplitRecord[] }
  /** Something better than silence or repetition explains it. */
  | Cause
  | { readonly kind: 'too-large'; readonly datagrams: readonly DatagramView[]; readonly mtu: number }
  /** Our link took every sending of a flight away. */
  | { readonly kind: 'link'; readonly flight: FlightView; readonly datagrams: readonly DatagramView[] }
  /** What is larger than `largest` never arrives; what is missing must have been `missing` bytes a datagram or more. */
  | {
      readonly kind: 'large-vanish';
      readonly from: Actor;
      readonly lost: readonly LostRange[];
      readonly flight: FlightView;
      readonly largest: number;
      readonly missing: number;
    }
  | { readonly kind: 'fragments'; readonly lost: readonly LostRange[] }
  /** DTLS 1.2: the client repeats its last flight, and the server, which has sent its own, does not send that again. */
  | { readonly kind: 'last-flight'; readonly flight: FlightView; readonly unanswered: number; readonly media: boolean }
  /** DTLS 1.3: all that the client says are ACKs of the ServerHello, as it can open nothing behind it. */
  | { readonly kind: 'server-hello-only'; readonly flight: FlightView; readonly acks: readonly DatagramView[] }
  /** The peer's DTLS comes, from an address that ICE has not proved, beside the path that it has. */
  | { readonly kind: 'off-path'; readonly datagrams: number; readonly from: readonly string[] }
  | Behind;

export interface Story {
  /** From whose side "sent" and "received" are meant: ours in a run, the client's in a capture. */
  readonly us: Actor;
  readonly them: Actor;
  /** The trace holds what an endpoint of ours told. */
  readonly isRun: boolean;
  /** The fatal alert that ended the handshake. */
  readonly fatal: AlertView | undefined;
  readonly mismatch: Handshake['fingerprints'][number] | undefined;
  /** The last moment at which something new came through. */
  readonly progressAt: TraceTime;
  /** Whether the end is a real one: somebody asked again in vain, gave up, or nothing more came for long. */
  readonly stalled: boolean;
  /** What the path cut. */
  readonly cuts: readonly Cut[];
  /** What a sender put across the ends of datagrams. */
  readonly splitRecords: readonly SplitRecord[];
  readonly stop: Stop;
}

const stories = new WeakMap<Handshake, Story>();

export function storyOf(handshake: Handshake): Story {
  const told = stories.get(handshake);
  if (told) return told;
  const us = handshake.localRole ?? 'client';
  const fatal = fatalAlert(handshake);
  const mismatch = mismatchOf(handshake);
  const ends = cutsOf(handshake);
  const splitRecords = splitRecordsOf(handshake, ends);
  const split = new Set(splitRecords.map(({ datagram }) => datagram));
  const cuts = ends.filter(({ datagram }) => !split.has(datagram));
  const progressAt = lastProgress(handshake);
  const over = handshake.establishedAt !== undefined || fatal !== undefined || mismatch !== undefined;
  // Where datagrams were cut by the capture, what seems to be missing may be behind the cut. That nobody answered shows all the same.
  const known = !handshake.snapped || !wasHeard(handshake, otherSide(us));
  const stalled = !over && known && hasStalled(handshake, progressAt);
  const story: Story = {
    us,
    them: otherSide(us),
    isRun: handshake.ours.length > 0,
    fatal,
    mismatch,
    progressAt,
    stalled,
    cuts,
    splitRecords,
    stop: over ? { kind: 'nothing' } : stopOf(handshake, cuts, splitRecords, progressAt, stalled),
  };
  stories.set(handshake, story);
  return story;
}

/** Of a fatal alert after both Finished it is only the end of a handshake if nothing showed that it had completed. */
const fatalAlert = (handshake: Handshake): AlertView | undefined =>
  handshake.alerts.find(
    (alert) =>
      alert.readable &&
      alert.level === 2 &&
      (alert.beforeFinished || handshake.establishedAt === undefined) &&
      !isGoodbye(handshake, alert),
  );

/** Several fingerprints may be announced for one side; one that fits is enough (RFC 8122 §5). */
function mismatchOf({ fingerprints }: Handshake): Story['mismatch'] {
  return fingerprints.find(
    ({ of, matches }) => matches === false && !fingerprints.some((other) => other.of === of && other.matches === true),
  );
}

function lastProgress(handshake: Handshake): TraceTime {
  let at = handshake.startedAt;
  for (const datagram of handshake.datagrams) {
    if (datagram.delivered === false) continue;
    const brings = datagram.newBytes > 0 || (datagram.attempt === 0 && datagram.flight !== undefined);
    if (brings && !isRepeat(datagram)) at = Math.max(at, datagram.at);
  }
  return at;
}

const isRepeat = ({ attempt, newBytes }: DatagramView): boolean => attempt > 0 && newBytes === 0;

function hasStalled(handshake: Handshake, progressAt: TraceTime): boolean {
  if (handshake.failures.some(({ failure }) => failure.code === 'timed-out')) return true;
  if (handshake.end?.how === 'done' || (handshake.followed && handshake.flights.length > 0)) return true;
  if (handshake.flights.some(({ resentAt }) => resentAt.some((at) => at > progressAt))) return true;
  if (turnsInCircle(handshake)) return true;
  return junkOf(handshake).some(({ at }) => at > progressAt) || neverAgainOf(handshake) !== undefined;
}

function stopOf(
  handshake: Handshake,
  cuts: readonly Cut[],
  splitRecords: readonly SplitRecord[],
  progressAt: TraceTime,
  stalled: boolean,
): Stop {
  const open = cuts.filter(({ datagram }) => flightOf(handshake, datagram)?.complete !== true);
  if (open.length > 0) return { kind: 'cut', cuts: open };
  if (!stalled || neverBegan(handshake)) return { kind: 'nothing' };
  if (bothBegan(handshake)) return { kind: 'both-active' };
  const across = splitRecords.filter(({ datagram }) => flightOf(handshake, datagram)?.complete !== true);
  if (across.length > 0) return { kind: 'split-record', records: across };
  const forgotten = lastFlightForgotten(handshake);
  // What a receiver has to take for a replay it can't answer.
  if (forgotten)
    return reusesNumbers(handshake, forgotten.flight) ? { kind: 'numbers', flight: forgotten.flight } : forgotten;
  const leading = leadingCause(handshake);
  if (leading) return leading;
  const link = stoppedByLink(handshake);
  if (link) return link;
  const { elsewhere } = strangersDtls(handshake);
  if (elsewhere.length > 0) return { kind: 'off-path', datagrams: elsewhere.length, from: [...new Set(elsewhere)] };
  const missing = openLosses(handshake);
  const large = largeVanish(handshake, missing);
  if (large) return large;
  const opaque = helloOnly(handshake);
  if (opaque) return opaque;
  if (missing.length > 0) return { kind: 'fragments', lost: missing };
  const silence = silenceOf(handshake, progressAt);
  return causeBehind(handshake, silence) ?? silence;
}

/** The flight that did not get through, when it was our own link that took every sending of it. */
function stoppedByLink(handshake: Handshake): Stop | undefined {
  if (!anyLost(handshake)) return undefined;
  for (const flight of [...handshake.flights].reverse()) {
    const datagrams = datagramsOf(handshake, flight.packets);
    const lost = datagrams.filter(({ delivered }) => delivered === false);
    const large = lost.flatMap(({ link }) => link.map(({ action }) => action)).find(({ kind }) => kind === 'too-large');
    const missing = handshake.lost.some(({ from, recoveredAt }) => from === flight.from && recoveredAt === undefined);
    if (large?.kind === 'too-large' && (missing || lost.length === datagrams.length)) {
      const tooLarge = lost.filter(({ link }) => link.some(({ action }) => action.kind === 'too-large'));
      return { kind: 'too-large', datagrams: tooLarge, mtu: large.mtu };
    }
    const vanish = missing && takerOf(lost) === 'path' ? largeTaken(handshake, flight, lost) : undefined;
    if (vanish) return vanish;
    if (lost.length > 0 && lost.length === datagrams.length) return { kind: 'link', flight, datagrams };
  }
  return undefined;
}

/** Two recordings show that of a flight what is larger never came, and what is smaller did. */
function largeTaken(handshake: Handshake, flight: FlightView, taken: readonly DatagramView[]): Stop | undefined {
  const { from } = flight;
  const came = handshake.datagrams.filter((one) => one.from === from && one.delivered !== false);
  const [largest, missing] = [largestOf(came), smallestOf(taken)];
  if (taken.length < 2 || sendings(flight) < 2 || came.length === 0 || missing <= largest) return undefined;
  const lost = openLosses(handshake).filter((one) => one.from === from);
  return lost.length === 0 ? undefined : { kind: 'large-vanish', from, lost, flight, largest, missing };
}

/**
 * The same bytes are missing in every sending although smaller datagrams of the same flight come through. How large the
 * missing ones are follows from the record numbers that were never seen: so many bytes in so many records.
 */
function largeVanish(handshake: Handshake, missing: readonly LostRange[]): Stop | undefined {
  const holes = missing.filter(({ evidence }) => evidence === 'hole');
  const from = holes[0]?.from;
  if (from === undefined) return undefined;
  const flight = flightsFrom(handshake, from).at(-1);
  if (!flight || sendings(flight) < 2) return undefined;
  const seen = datagramsOf(handshake, flight.packets);
  const largest = Math.max(0, ...seen.slice(0, shownEvidence).map(({ size }) => size));
  const bytes = holes.reduce((sum, { bytes: [start, end] }) => sum + end - start, 0);
  const records = Math.max(
    1,
    ...handshake.recordGaps
      .filter((gap) => gap.from === from && gap.at > flight.sentAt)
      .map(({ numbers: [start, end] }) => end - start),
  );
  const size = Math.ceil(bytes / records) + recordAndHandshakeHeader;
  if (size <= largest) return undefined;
  return { kind: 'large-vanish', from, lost: holes, flight, largest, missing: size };
}
const recordAndHandshakeHeader = 25;

/**
 * Repetitions of the client's last flight that arrived after the server was done, and that it did not answer with its own
 * (RFC 6347 §4.2.4 says that it must). One of them may have crossed the answer.
 */
function lastFlightForgotten(handshake: Handshake): Extract<Stop, { readonly kind: 'last-flight' }> | undefined {
  const { version } = handshake.parameters;
  const flight = flightsFrom(handshake, 'client').at(-1);
  if (version === undefined || version === '1.3' || !flight?.messages.includes('finished')) return undefined;
  const own = flightsFrom(handshake, 'server').findLast(
    ({ number, messages }) => number > flight.number && messages.includes('finished'),
  );
  const { lastMediaAt } = handshake.traffic.server;
  const media = lastMediaAt !== undefined && lastMediaAt > flight.sentAt;
  const doneAt = own?.sentAt ?? (media ? flight.sentAt : undefined);
  if (doneAt === undefined) return undefined;
  const arrived = new Set(
    datagramsOf(handshake, flight.packets)
      .filter(({ delivered }) => delivered !== false)
      .map(({ attempt }) => attempt),
  );
  const again = flight.resentAt.filter((at, i) => at > doneAt && arrived.has(i + 1));
  const unanswered = again.length - (own?.resentAt.length ?? 0);
  return unanswered >= 2 ? { kind: 'last-flight', flight, unanswered, media } : undefined;
}

/**
 * Behind the server's flight of DTLS 1.3 there are only ACKs of the client, none of which names a record of epoch 2, though
 * such records came. Where they cannot be read their size tells: each number that an ACK lists has 16 bytes (RFC 9147 §7).
 */
function helloOnly(handshake: Handshake): Stop | undefined {
  if (handshake.parameters.version !== '1.3') return undefined;
  const flight = flightsFrom(handshake, 'server').findLast(({ messages }) => messages.includes('server_hello'));
  if (!flight || sendings(flight) < 2) return undefined;
  const sealed = datagramsOf(handshake, flight.packets).some(
    ({ delivered, records }) => delivered !== false && records.some(({ epoch }) => epoch === 2),
  );
  const acks = handshake.datagrams.filter(({ from, at }) => from === 'client' && at > flight.sentAt);
  if (!sealed || acks.length < 2 || !acks.every(({ records }) => records.length === 1)) return undefined;
  const records = acks.flatMap((datagram) => datagram.records);
  const readable = records.every(({ ack }) => ack?.every(({ epoch }) => epoch === 0) ?? false);
  const [first] = acks;
  const grows = acks.every(
    ({ size }, i) => size >= (acks[i - 1]?.size ?? size) && (size - (first?.size ?? size)) % ackEntryBytes === 0,
  );
  const closed = records.every(
    ({ ack, likely, protection, fragments }) =>
      !ack && fragments.length === 0 && (likely === 'ack' || (likely === undefined && protection === 'undecryptable')),
  );
  const larger = (acks.at(-1)?.size ?? 0) > (first?.size ?? 0);
  return readable || (closed && grows && larger) ? { kind: 'server-hello-only', flight, acks } : undefined;
}
const ackEntryBytes = 16;

/** Who fell silent, when nothing tells that anything was lost. */
function silenceOf(handshake: Handshake, progressAt: TraceTime): Behind {
  const lastFrom = (actor: Actor): TraceTime => lastHeard(handshake, actor)?.at ?? Number.NEGATIVE_INFINITY;
  const [client, server] = [lastFrom('client'), lastFrom('server')];
  // An ACK is no answer to a ClientHello: a server that sends nothing else owes one.
  const owes = flightsFrom(handshake, 'server').length === 0 && onlyAcknowledges(handshake, 'server');
  const speaker: Actor = client >= server || owes ? 'client' : 'server';
  const who = handshake.flights.length > 0 ? otherSide(speaker) : otherSide(handshake.localRole ?? 'client');
  const heardAt = lastFrom(who);
  const flight = flightsFrom(handshake, speaker).at(-1);
  const repeatedSince = flight?.resentAt.filter((at) => at > heardAt).length ?? 0;
  const repeats = (actor: Actor): boolean =>
    flightsFrom(handshake, actor).some(({ resentAt }) => resentAt.some((at) => at > progressAt));
  // The newest flight is the one that its receiver does not get past.
  const newest = handshake.flights.at(-1);
  if (repeats('client') && repeats('server') && newest) return { kind: 'stuck', flight: newest };
  const hello = handshake.flights.filter(({ messages }) => messages[0] === 'client_hello').at(-1);
  const verified =
    hasMessage(handshake, 'hello_verify_request') ||
    (handshake.parameters.cookie && hasMessage(handshake, 'hello_retry_request'));
  const afterCookie = hello && verified && hello === handshake.flights.at(-1) && hello.number > 1;
  if (afterCookie && who === 'server' && (repeatedSince > 0 || handshake.followed || handshake.end))
    return { kind: 'cookie', flight: hello };
  const unheard = owes || !wasHeard(handshake, 'server');
  // Where nobody is, or nobody answers ICE checks any more, nobody knows what a server would have made of that hello.
  const there = handshake.refused.length === 0 && iceNow(handshake) !== 'lost';
  if (there && flight && flight === hello && who === 'server' && isSplit(handshake, flight) && unheard)
    return { kind: 'split-hello', flight };
  return { kind: 'silence', who, flight };
}
