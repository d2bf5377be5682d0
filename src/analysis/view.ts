/** Turns a reading and the facts of the ends into the plain data that views, reports and rules take. */

import { copy, equal } from '../base/bytes.ts';
import type { CryptoProvider, HashName } from '../crypto/provider.ts';
import type { Actor, Address, PathEvent, TraceHeader, TraceTime } from '../trace/model.ts';
import { establishedAt } from './completion.ts';
import { estimatesOf } from './estimates.ts';
import type { TrackFacts, TrafficCount } from './facts.ts';
import { type Flight, messageNames } from './flights.ts';
import { parametersOf } from './hellos.ts';
import type { IceRoundTrips } from './iceWatch.ts';
import { lostRanges } from './losses.ts';
import type { Message } from './messages.ts';
import type {
  AlertView,
  FlightView,
  Handshake,
  MessageView,
  Move,
  ParametersView,
  StunView,
  TimerView,
} from './model.ts';
import type { Reading } from './reading.ts';
import { sctpChunks } from './sctp.ts';
import { stepViews } from './steps.ts';
import { inferredTimers } from './timers.ts';

export interface Fingerprint {
  readonly of: Actor;
  readonly hash: string;
  readonly value: Uint8Array;
  readonly ufrag?: string | undefined;
}

export interface ViewInputs {
  readonly id: string;
  readonly client: Address;
  readonly server: Address;
  readonly rolesGuessed: boolean;
  readonly startedAt: TraceTime;
  readonly endedAt: TraceTime;
  readonly followed: boolean;
  readonly ours: readonly Actor[];
  readonly header: TraceHeader | undefined;
  readonly fingerprints: { readonly crypto: CryptoProvider; readonly announced: readonly Fingerprint[] };
  readonly path: readonly PathEvent[];
  readonly checks: number;
  readonly stun: readonly StunView[];
  readonly stunLeftOut: number;
  readonly reading: Reading;
  readonly facts: TrackFacts;
  readonly traffic: Readonly<Record<Actor, TrafficCount>>;
  readonly moves: readonly Move[];
  /** As STUN between the two ends shows them. */
  readonly trips: IceRoundTrips | undefined;
  readonly before: Handshake['before'];
  readonly software: Handshake['software'];
}

export function handshakeView(inputs: ViewInputs): Handshake {
  const { reading, facts, followed } = inputs;
  const ours = oursOf(inputs);
  const { client, server } = reading.sides;
  const established = establishedAt({
    reading,
    ours,
    connected: facts.connected,
    lastUse: (actor) => later(inputs.traffic[actor].lastApplicationDataAt, inputs.traffic[actor].lastMediaAt),
  });
  const lost = lostRanges(reading, ours, followed);
  const fits = reading.finishedFits;
  const finishedOf = (actor: Actor) => {
    const { finished } = reading.sides[actor];
    return finished && { at: finished.at, read: finished.read, fits: fits[actor] };
  };
  return {
    id: inputs.id,
    client: inputs.client,
    server: inputs.server,
    inferred: inferredFields(inputs),
    localRole: inputs.header ? inputs.header.localRole : ours.length === 1 ? ours[0] : undefined,
    ours,
    startedAt: inputs.startedAt,
    wallClock: inputs.header?.startedAt === undefined ? undefined : inputs.header.startedAt + inputs.startedAt,
    establishedAt: established,
    endedAt: inputs.endedAt,
    followed,
    lastMessage: reading.lastMessage,
    finished: { client: finishedOf('client'), server: finishedOf('server') },
    traffic: inputs.traffic,
    recordGaps: reading.recordGaps,
    datagrams: reading.views.slice(),
    flights: reading.flights.all.map((flight) => flightView(flight, reading, established)),
    messages: reading.messages.all.map(messageView),
    retransmissions: { client: resends(reading, 'client'), server: resends(reading, 'server') },
    lost,
    alerts: alertsOf(inputs),
    certificates: { client: client.chain, server: server.chain },
    fingerprints: fingerprintsOf(inputs),
    parameters: parametersView(inputs),
    timers: [...toldTimers(facts.timers), ...inferredTimers(reading.flights, ours)].sort((a, b) => a.at - b.at),
    states: facts.states.map(({ at, actor, from, to, because }) => ({ at, actor, from, to, because })),
    drops: facts.drops.map(({ at, actor, packet, reason, offset, detail }) => ({
      at,
      actor,
      packet,
      reason,
      offset,
      detail,
    })),
    connected: Object.fromEntries(
      Object.entries(facts.connected).map(([actor, { at, parameters }]) => [actor, { at, parameters }]),
    ),
    failures: facts.failures.map(({ at, actor, failure }) => ({ at, actor, failure })),
    refused: facts.refused.map(({ at, by, why }) => ({ at, by, why })),
    steps: stepViews(facts.steps),
    data: facts.data.map(({ at, actor, direction, length }) => ({ at, actor, direction, length })),
    moves: [...inputs.moves],
    estimates: estimatesOf(inputs),
    sctp: sctpChunks(reading),
    software: inputs.software,
    path: inputs.path,
    checks: inputs.checks,
    stun: inputs.stun,
    stunLeftOut: inputs.stunLeftOut,
    end: facts.end && { at: facts.end.at, how: facts.end.how, why: facts.end.why },
    snapped: reading.snapped,
    before: inputs.before,
    keys: reading.keyState,
    opened: { client: { ...reading.opening.by.client }, server: { ...reading.opening.by.server } },
    missingSecrets: [...reading.opening.missing],
  };
}

function oursOf({ header, ours }: ViewInputs): readonly Actor[] {
  if (header?.kind === 'capture') return [];
  if (header?.kind === 'simulation') return ['client', 'server'];
  return header?.localRole ? [header.localRole] : ours;
}

const later = (a: TraceTime | undefined, b: TraceTime | undefined): TraceTime | undefined =>
  a === undefined ? b : b === undefined ? a : Math.max(a, b);

/**
 * Fields that rest on a guess: who is who, an encrypted Finished that is known by its place alone, and in DTLS 1.3 all
 * that sizes and timing of closed records tell.
 */
function inferredFields({ rolesGuessed, reading, facts }: ViewInputs): string[] {
  const { client, server } = reading.sides;
  const told = Object.keys(facts.connected).length > 0;
  const unread = client.finished?.read === false || server.finished?.read === false;
  const sealed = reading.flights.all.filter(hasSealed);
  return [
    ...(rolesGuessed ? ['client', 'server'] : []),
    ...(unread || sealed.length > 0 ? ['flights'] : []),
    ...(unread ? ['lastMessage'] : []),
    ...(unread && !told ? ['outcome'] : []),
    ...(sealed.some(({ sendings }) => sendings.length > 1) ? ['retransmissions'] : []),
    ...(reading.guessedAlerts ? ['alerts'] : []),
  ];
}

const hasSealed = ({ items }: Flight): boolean => [...items.values()].some(({ kind }) => kind === 'ciphertext');

/** Flights sent again; our own endpoint counts its sendings, including any that are not in the trace. */
const resends = ({ flights }: Reading, from: Actor): number =>
  flights.all
    .filter((flight) => flight.from === from)
    .reduce((sum, { sendings }) => sum + Math.max(sendings.length - 1, 0), 0);

function flightView(flight: Flight, reading: Reading, established: TraceTime | undefined): FlightView {
  const [first, ...again] = flight.sendings;
  const items = [...flight.items.values()];
  const own = reading.messages.all.filter((message) => flight.items.has(message.key));
  return {
    number: flight.number,
    from: flight.from,
    messages: messageNames(flight),
    sentAt: first?.startedAt ?? 0,
    resentAt: again.map(({ startedAt }) => startedAt),
    resentAfterAck: again.filter(({ afterAck }) => afterAck).map(({ startedAt }) => startedAt),
    packets: [...new Set(flight.packets)],
    complete:
      own.every(({ assembly }) => assembly.complete) &&
      (hasEnd(flight) || sealedEnd(flight, reading, established)) &&
      inSequence(own),
    inferred:
      hasSealed(flight) ||
      (items.some(({ kind }) => kind === 'finished') && reading.sides[flight.from].finished?.read !== true),
  };
}

/** Whether closed records must have held the flight's last message, as the other side went on. */
const sealedEnd = (flight: Flight, reading: Reading, established: TraceTime | undefined): boolean =>
  hasSealed(flight) &&
  reading.sides[flight.from].finished !== undefined &&
  (flight.from === 'server' || established !== undefined);

/** Whether the message that ends such a flight was seen (RFC 6347 figures 1 and 2). */
function hasEnd(flight: Flight): boolean {
  const names = new Set([...flight.items.values()].map(({ name }) => name));
  switch (flight.role) {
    case 'client-hello':
    case 'verify':
    case 'post':
      return true;
    case 'server-hello':
      return names.has('server_hello_done') || names.has('finished');
    case 'client-keys':
    case 'server-final':
      return names.has('finished');
  }
}

/** No message_seq is missing between the first and the last. */
function inSequence(messages: readonly Message[]): boolean {
  const numbers = messages.map(({ seq }) => seq).sort((a, b) => a - b);
  return numbers.every((seq, i) => i === 0 || seq <= (numbers[i - 1] ?? 0) + 1);
}

/** A body that is still growing is copied: a snapshot does not change under its reader. */
function messageView(message: Message): MessageView {
  const { assembly } = message;
  const { complete } = assembly;
  return {
    key: message.key,
    from: message.from,
    message: message.type,
    name: message.name,
    messageSeq: message.seq,
    total: message.total,
    complete: message.completeAt !== undefined,
    firstAt: message.firstAt,
    completeAt: message.completeAt,
    present: [...assembly.have.ranges],
    missing: assembly.missing,
    duplicateBytes: message.duplicateBytes,
    conflicts: [...message.conflicts.ranges],
    body: complete ? assembly.body : copy(assembly.body),
    buffer: message.buffer,
    sendings: message.sendings.size,
    acknowledged: [...message.acknowledged.ranges],
  };
}

/** Timers as the ends tell them; one that fired says how long it had waited. */
function toldTimers(timers: TrackFacts['timers']): TimerView[] {
  const setAt: Partial<Record<Actor, TraceTime>> = {};
  return timers.map(({ at, actor, action, flight, attempt, durationMs }) => {
    if (action === 'set') setAt[actor] = at;
    const waited = action === 'fired' ? at - (setAt[actor] ?? at) : durationMs;
    return { at, actor, action, flight, attempt, durationMs: waited, inferred: false };
  });
}

/** Alerts as read, completed by what the ends say of those that could not be read or never reached the trace. */
function alertsOf({ reading, facts }: ViewInputs): readonly AlertView[] {
  const alerts = [...reading.alerts];
  const { client, server } = reading.sides;
  for (const { at, actor, direction, level, description } of facts.alerts) {
    const from = direction === 'sent' ? actor : actor === 'client' ? 'server' : 'client';
    const same = alerts.some(
      (a) => a.readable && a.from === from && a.level === level && a.description === description,
    );
    if (same) continue;
    const closed = alerts.findIndex((alert) => !alert.readable && alert.from === from);
    const unread = alerts[closed];
    if (unread) {
      alerts[closed] = { ...unread, level, description, readable: true };
      continue;
    }
    const bothAt = client.finished && server.finished && Math.max(client.finished.at, server.finished.at);
    const beforeFinished = bothAt === undefined || at < bothAt;
    const afterMessage = lastBefore(reading, at);
    alerts.push({ at, from, level, description, afterMessage, where: undefined, readable: true, beforeFinished });
  }
  return alerts.sort((a, b) => a.at - b.at);
}

function lastBefore(reading: Reading, at: TraceTime): string | undefined {
  let last: Message | undefined;
  for (const message of reading.messages.all) {
    if (message.completeAt === undefined || message.completeAt > at) continue;
    if (!last || message.completeAt >= (last.completeAt ?? 0)) last = message;
  }
  return last?.name;
}

/** What the messages say, and where they say nothing, what our endpoint says. */
function parametersView({ reading, facts }: ViewInputs): ParametersView {
  const seen = parametersOf(reading);
  // Without the ServerHello, what opens the records tells.
  const { facts: opening } = reading.opening;
  const read = { ...seen, version: seen.version ?? opening?.version, cipherSuite: seen.cipherSuite ?? opening?.suite };
  const told = (facts.connected.client ?? facts.connected.server)?.parameters;
  if (!told) return read;
  return {
    ...read,
    version: read.version ?? told.version,
    cipherSuite: read.cipherSuite ?? told.cipherSuite,
    group: read.group ?? told.group,
    signature: read.signature ?? facts.connected.client?.parameters.peerSignature,
    srtpProfile: read.srtpProfile ?? told.srtpProfile,
    alpn: read.alpn ?? told.alpn,
    extendedMasterSecret: read.version === '1.3' ? undefined : (read.extendedMasterSecret ?? told.extendedMasterSecret),
  };
}

const hashes: Readonly<Record<string, HashName>> = {
  md5: 'md5',
  sha1: 'sha1',
  'sha-1': 'sha1',
  sha256: 'sha256',
  'sha-256': 'sha256',
  sha384: 'sha384',
  'sha-384': 'sha384',
  sha512: 'sha512',
  'sha-512': 'sha512',
};

/** An announced fingerprint against the leaf that came (RFC 8122 §5): undefined while nothing can be compared. */
function fingerprintsOf({ reading, fingerprints: { crypto, announced } }: ViewInputs): Handshake['fingerprints'] {
  return announced.map(({ of, hash, value }) => {
    const leaf = reading.sides[of].chain[0];
    const name = hashes[hash.toLowerCase()];
    return { of, hash, value, matches: leaf && name && equal(crypto.hash(name, leaf.der), value) };
  });
}
