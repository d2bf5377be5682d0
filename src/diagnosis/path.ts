/** How the way to a path went, in words: why ICE found none, and what a TURN server refused. */
import type { FlightView, Handshake, StunView } from '../analysis/model.ts';
import type { PacketRange } from '../trace/buffers.ts';
import type { TraceTime } from '../trace/model.ts';
import type { IceFact, TurnFact } from '../trace/pathFacts.ts';
import { count, duration, list } from './words.ts';

export type IceFailed = Extract<IceFact, { readonly kind: 'failed' }>;
export type TurnFailed = Extract<TurnFact, { readonly kind: 'failed' | 'peer-refused' }>;

/** What signalling settled about the DTLS roles: "decided", "both-active"…; undefined where nobody told. */
export function rolesResult({ path }: Handshake): string | undefined {
  for (const { kind, fact } of path) if (kind === 'signalling' && fact.kind === 'roles') return fact.result;
  return undefined;
}

/** Addresses of the peer's that checks have proved, in the order in which they were. */
export function provedAddresses({ path }: Handshake): ReadonlySet<string> {
  const proved = new Set<string>();
  for (const { kind, fact } of path)
    if (kind === 'ice' && (fact.kind === 'selected' || (fact.kind === 'pair' && fact.state === 'succeeded')))
      proved.add(fact.remote);
  return proved;
}

/**
 * Where datagrams of DTLS came from that our side dropped because no check had proved the address: too `early`, as it was
 * proved later or nothing ever was; or `elsewhere`, beside a path that works.
 */
export function strangersDtls(handshake: Handshake): {
  readonly early: readonly string[];
  readonly elsewhere: readonly string[];
} {
  const proved = provedAddresses(handshake);
  const early: string[] = [];
  const elsewhere: string[] = [];
  for (const { kind, fact } of handshake.path)
    if (kind === 'ice' && fact.kind === 'dropped' && fact.reason === 'stranger')
      (proved.size === 0 || proved.has(fact.from) ? early : elsewhere).push(fact.from);
  return { early, elsewhere };
}

/** The STUN between the two addresses of the handshake. */
export const stunBetween = ({ stun, client, server }: Handshake): readonly StunView[] =>
  stun.filter(({ src, dst }) => (src === client && dst === server) || (src === server && dst === client));

/** STUN messages as evidence, the first so many. */
export const stunEvidence = (stun: readonly StunView[]): PacketRange[] =>
  stun.slice(0, shownStun).map(({ packet, size }) => ({ packet, start: 0, end: size }));
const shownStun = 16;

/** The failure that ended ICE; `undefined` while it goes on or works. */
export function iceFailure({ path }: Handshake): IceFailed | undefined {
  for (const event of path) if (event.kind === 'ice' && event.fact.kind === 'failed') return event.fact;
  return undefined;
}

/** Whether it ended on the way to a path: of DTLS, there is nothing to say. */
export const neverBegan = (handshake: Handshake): boolean =>
  handshake.datagrams.length === 0 && (handshake.refused.length > 0 || iceFailure(handshake) !== undefined);

/** What the TURN server said no to: the allocation, or single peers. */
export function turnRefusals({ path }: Handshake): readonly TurnFailed[] {
  return path.flatMap((event) =>
    event.kind === 'turn' && (event.fact.kind === 'failed' || event.fact.kind === 'peer-refused') ? [event.fact] : [],
  );
}

/** Who ended it beside DTLS, in words: signalling that hung up, or a peer that gave no more consent. */
export function hangupText(handshake: Handshake): string | undefined {
  for (const { kind, fact } of handshake.path)
    if (kind === 'signalling' && fact.kind === 'hangup') return `${fact.by} hung up (${fact.why})`;
  return handshake.establishedAt !== undefined && iceFailure(handshake)?.code === 'consent-lost'
    ? 'the peer then stopped answering ICE checks'
    : undefined;
}

/** The same, or that the peer closed DTLS as soon as it had it; for a handshake that completed and should not have. */
export function teardownText(handshake: Handshake): string | undefined {
  const said = hangupText(handshake);
  const { alerts, establishedAt, ours } = handshake;
  if (said !== undefined || establishedAt === undefined || ours.length !== 1) return said;
  const close = alerts.find(({ level, description, readable }) => readable && level === 1 && description === 0);
  return close && close.from !== ours[0] && close.at - establishedAt < atOnceMs
    ? `the ${close.from} closed it ${duration(Math.max(0, close.at - establishedAt))} later`
    : undefined;
}
/** A peer that was content would not close so soon. ms */
const atOnceMs = 3000;

/**
 * The ClientHello that was sent again because the other side listens only once ICE has chosen a pair: no pair was nominated
 * when it went out, and its answer came as soon as one was, or as soon as it was sent again after that.
 */
export function waitedForNomination({
  flights,
  stun,
}: Handshake):
  | { readonly flight: FlightView; readonly answer: FlightView; readonly nominatedAt: TraceTime }
  | undefined {
  const flight = flights.find(({ messages }) => messages[0] === 'client_hello');
  const answer = flight && flights.find(({ number, from }) => number > flight.number && from !== flight.from);
  const nominatedAt = stun.find(({ class: cls, useCandidate }) => cls === 'request' && useCandidate)?.at;
  if (!flight || !answer || nominatedAt === undefined || flight.resentAt.length === 0) return undefined;
  if (nominatedAt <= flight.sentAt || answer.sentAt < nominatedAt) return undefined;
  const asked = [nominatedAt, ...flight.resentAt].filter((at) => at <= answer.sentAt);
  const roundTrips = stun.flatMap(({ afterMs }) => afterMs ?? []);
  const soon = 2 * Math.min(...roundTrips, longestRoundTrip) + reactionMs;
  return answer.sentAt - Math.max(...asked) <= soon ? { flight, answer, nominatedAt } : undefined;
}
/** Where no check tells. ms */
const longestRoundTrip = 500;
/** Between the choice of a pair and the first record: threads that wake up, an answer that is signed. ms */
const reactionMs = 50;

/** What became of ICE: an address of the peer's was proved, and is still; or its checks are answered no more. */
export function iceNow(handshake: Handshake): 'works' | 'lost' | undefined {
  if (iceFailure(handshake)?.code === 'consent-lost') return 'lost';
  return provedAddresses(handshake).size > 0 ? 'works' : undefined;
}

/** ", though ICE works…", where it does: silence of DTLS then has nothing to do with the address. */
export function iceWorksText(handshake: Handshake): string {
  const address = [...provedAddresses(handshake)].at(-1);
  return address === undefined ? '' : `, though ICE works: ${address} answers checks`;
}

/** The sentence of `no-ice`, without a full stop; `stage` is where DTLS was, as in "after the client's ClientHello". */
export function noIceText(handshake: Handshake, stage: string): string {
  const failed = iceFailure(handshake);
  if (!failed) return 'No DTLS was possible: ICE found no working pair of addresses';
  const relays = turnRefusals(handshake).map(({ why }) => why);
  const also = relays.length > 0 ? `; ${list(relays.slice(0, 2))}` : '';
  return `${failed.code === 'consent-lost' ? `The path was lost ${stage}` : 'No DTLS was possible'}: ${iceReason(failed, handshake)}${also}`;
}

/** How ICE failed, as the second half of a sentence. */
export function iceReason(failed: IceFailed, handshake: Handshake): string {
  const { pairs, checksSent, checksReceived, payloads, number } = failed;
  const tried = `${count(checksSent, 'ICE check')} to ${count(pairs, 'pair')} of addresses`;
  switch (failed.code) {
    case 'silent':
      return `${tried} got no answer, and the peer sent none of its own${payloads > 0 ? `, though ${count(payloads, 'other datagram')} came` : ''}`;
    case 'one-way':
      return `the peer's ICE checks reach us (${checksReceived}), and ${tried} got no answer: the way there is closed, or the answers come from another address`;
    case 'refused':
      return `the peer refused our ICE checks${number === undefined ? '' : ` with ${number} ${failed.reason ?? ''}`.trimEnd()}${
        number === 401 ? ': it does not know our ice-ufrag, or the ice-pwd that it was given is another' : ''
      }`;
    case 'non-symmetric':
      return `the peer answers our ICE checks from another address than the one that was asked${failed.reason ? ` (${failed.reason})` : ''}, which proves neither`;
    case 'unproved':
      return 'the peer answers our ICE checks under another password than the ice-pwd that signalling told us';
    case 'bad-checks':
      return `the peer's ICE checks are not for the ice-ufrag and ice-pwd that we gave it${failed.reason ? ` (${failed.reason})` : ''}`;
    case 'no-pairs':
      return `the peer has no address that we could try${skippedText(handshake)}`;
    case 'not-nominated':
      return `a pair of addresses works, and the peer, whose choice it is, chose none`;
    case 'consent-lost':
      return `the peer has stopped answering ICE checks (RFC 7675)`;
    default:
      return `ICE found no working pair of addresses (${failed.code})`;
  }
}

const skips: Readonly<Record<string, string>> = {
  transport: 'TCP, which is left out',
  name: 'a name that cannot be looked up here',
  component: 'for RTCP alone',
  family: 'of an address family that we have no address of',
  destination: 'no address that anything may be sent to',
  limit: 'one too many',
};

function skippedText({ path }: Handshake): string {
  const skipped = path.flatMap((event) => (event.kind === 'ice' && event.fact.kind === 'skipped' ? [event.fact] : []));
  const [first] = skipped;
  if (!first) return '';
  const more = skipped.length > 1 ? `, and ${skipped.length - 1} more` : '';
  return `: ${first.address} is ${skips[first.why] ?? first.why}${more}`;
}
