/** What story, rules and verdict ask of a handshake again and again: its flights, datagrams, losses and messages. */
import type {
  AlertView,
  DatagramView,
  FlightView,
  FragmentView,
  Handshake,
  LostRange,
  RecordView,
} from '../analysis/model.ts';
import type { PacketRange } from '../trace/buffers.ts';
import type { Actor, PacketNumber, TraceTime } from '../trace/model.ts';
import { neverBegan } from './path.ts';
import { otherSide } from './words.ts';

/** Whether the trace knows of any datagram that did not arrive. */
/** Sizes of the largest and of the smallest, without a call of as many values as a hostile trace has datagrams. Bytes. */
export const largestOf = (datagrams: readonly DatagramView[]): number =>
  datagrams.reduce((most, { size }) => Math.max(most, size), 0);
export const smallestOf = (datagrams: readonly DatagramView[]): number =>
  datagrams.reduce((least, { size }) => Math.min(least, size), Number.POSITIVE_INFINITY);

/** Who took datagrams away: a link of ours, whose rules are named, or the way between two recordings of one handshake. */
export const takerOf = (taken: readonly DatagramView[]): 'link' | 'path' =>
  taken.some(({ link }) => link.some(({ rule }) => rule !== '')) ? 'link' : 'path';

/** Whether all of a flight was recorded at the other side too; what a link of ours let through may have been lost behind it. */
export const cameWhole = (handshake: Handshake, flight: FlightView): boolean =>
  datagramsOf(handshake, flight.packets).every(({ link }) =>
    link.some(({ action, rule }) => action.kind === 'delivered' && rule === ''),
  );

/** The rules that took them, each once. */
export const rulesThatTook = (taken: readonly DatagramView[]): readonly string[] => [
  ...new Set(
    taken.flatMap(({ link, delivered }) =>
      delivered === false ? link.flatMap(({ rule }) => (rule === '' ? [] : [`"${rule}"`])) : [],
    ),
  ),
];

export const anyLost = ({ datagrams }: Handshake): boolean => datagrams.some(({ delivered }) => delivered === false);

/** Whether any datagram of a side arrived, or may have. */
export const wasHeard = ({ datagrams }: Handshake, actor: Actor): boolean =>
  datagrams.some(({ from, delivered }) => from === actor && delivered !== false);

/** The last such datagram that belongs to a flight, or acknowledges one: an alert at the end is no sign of life. */
export const lastHeard = ({ datagrams }: Handshake, actor: Actor): DatagramView | undefined =>
  datagrams.findLast(
    ({ from, delivered, flight, records }) =>
      from === actor && delivered !== false && (flight !== undefined || records.some(isAck)),
  );

const userCanceled = 90;

/**
 * Our own run went away and let the peer know (RFC 5246 §7.2.2: user_canceled is nobody's fault). What it had waited for in
 * vain is the story, not that it left.
 */
export const isGoodbye = ({ localRole }: Handshake, { from, description, readable }: AlertView): boolean =>
  readable && description === userCanceled && from === localRole;

/** Whether all that a side says are ACKs. */
export const onlyAcknowledges = ({ datagrams }: Handshake, actor: Actor): boolean => {
  const heard = datagrams.filter(({ from, delivered }) => from === actor && delivered !== false);
  return heard.length > 0 && heard.every(({ records }) => records.length > 0 && records.every(isAck));
};

/** An ACK, or in DTLS 1.3 without keys what has the size of one. */
export const isAck = ({ ack, likely }: RecordView): boolean => ack !== undefined || likely === 'ack';

/**
 * The side whose datagrams alone are in a capture, though the other must have answered: a client that went on to another flight
 * than its ClientHello, or a server, which only answers.
 */
export function onlySide(handshake: Handshake): Actor | undefined {
  const { traffic, ours, datagrams } = handshake;
  if (ours.length > 0) return undefined;
  if (traffic.client.datagrams === 0 && traffic.server.datagrams > 0) return 'server';
  if (traffic.client.datagrams === 0 || traffic.server.datagrams > 0) return undefined;
  const wentOn = hasMessage(handshake, 'client_key_exchange') || hasMessage(handshake, 'finished');
  return wentOn || datagrams.some(({ records }) => records.some(({ epoch }) => epoch > 1)) ? 'client' : undefined;
}

/** What ended a handshake of DTLS 1.3 without keys, where that has the size of an alert. */
export function sealedAlert({ datagrams }: Handshake): DatagramView | undefined {
  const last = datagrams.findLast(({ flight, records }) => flight === undefined && records.length > 0);
  return last?.records.some(({ likely }) => likely === 'alert') ? last : undefined;
}

export const flightOf = (handshake: Handshake, datagram: DatagramView): FlightView | undefined =>
  handshake.flights.find(({ number }) => number === datagram.flight);

export const flightsFrom = (handshake: Handshake, actor: Actor): readonly FlightView[] =>
  handshake.flights.filter(({ from }) => from === actor);

/** How often a flight was sent. */
export const sendings = (flight: FlightView): number => 1 + flight.resentAt.length;

export const hasMessage = (handshake: Handshake, name: string): boolean =>
  handshake.flights.some(({ messages }) => messages.includes(name));

/** A Finished that does not fit is refused at once. ms */
const refusesWithinMs = 500;

/**
 * An alert that nobody can read here and that may be a refusal. Who gets the last Finished of DTLS 1.2 says next whether it fits; an
 * alert, and nothing else, may be a goodbye as well.
 */
export function unreadableEnd(
  handshake: Handshake,
): { readonly from: Actor; readonly at: TraceTime; readonly datagram: DatagramView | undefined } | undefined {
  const { alerts, datagrams, establishedAt, finished, flights, inferred, parameters, traffic } = handshake;
  if (onlySide(handshake) !== undefined) return undefined;
  if (parameters.version === '1.3') {
    const datagram = establishedAt === undefined ? sealedAlert(handshake) : undefined;
    return datagram && { from: datagram.from, at: datagram.at, datagram };
  }
  const last = flights.findLast(({ messages }) => messages.includes('finished'));
  const at = last && finished[last.from]?.at;
  if (!last || at === undefined || !inferred.includes('outcome')) return undefined;
  const alert = alerts.find(({ from, readable, beforeFinished, at: sentAt }) => {
    if (readable) return false;
    const { applicationData, media } = traffic[from];
    return (
      beforeFinished ||
      (from === otherSide(last.from) && sentAt - at <= refusesWithinMs && applicationData + media === 0)
    );
  });
  return (
    alert && {
      from: alert.from,
      at: alert.at,
      datagram: datagrams.find(({ packet }) => packet === alert.where?.packet),
    }
  );
}

/** The message that such a flight ends with before DTLS 1.3, when none of its sendings has it here (RFC 6347 §4.2.4, figure 1). */
export function missingEnd({ parameters }: Handshake, { from, messages }: FlightView): string | undefined {
  if (parameters.version === '1.3' || messages.includes('finished')) return undefined;
  if (from === 'client') return messages.includes('client_key_exchange') ? 'finished' : undefined;
  return messages.includes('server_hello') && !messages.includes('server_hello_done') ? 'server_hello_done' : undefined;
}

/** Bytes that never came, and that the other side cannot have had: it did not go on to its next flight. */
export const openLosses = (handshake: Handshake): readonly LostRange[] =>
  handshake.lost.filter((lost) => lost.recoveredAt === undefined && !wentOn(handshake, lost));

/** Bytes that were never seen, though the other side went on: the capture missed them, the handshake did not. */
export const missedByCapture = (handshake: Handshake): readonly LostRange[] =>
  handshake.lost.filter((lost) => lost.recoveredAt === undefined && wentOn(handshake, lost));

export const flightOfLost = (
  handshake: Handshake,
  { messageKey }: Pick<LostRange, 'messageKey'>,
): FlightView | undefined => {
  const holder = handshake.datagrams.find(({ records }) =>
    records.some(({ fragments }) => fragments.some((fragment) => fragment.messageKey === messageKey)),
  );
  return holder && flightOf(handshake, holder);
};

/** Whether the other side answered the flight of such a message. */
function wentOn(handshake: Handshake, lost: Pick<LostRange, 'messageKey' | 'from'>): boolean {
  if (handshake.establishedAt !== undefined) return true;
  const flight = flightOfLost(handshake, lost);
  return (
    flight !== undefined && handshake.flights.some((other) => other.from !== lost.from && other.number > flight.number)
  );
}

/**
 * Number of the first message of a side that is here in part or, with others behind it, not at all, while the other side did not go
 * on: messages are taken in their order (RFC 6347 §4.2.2), and what came behind it waits. Undefined where all were taken.
 */
export function firstUntaken(handshake: Handshake, from: Actor): number | undefined {
  const messages = handshake.messages
    .filter((message) => message.from === from)
    .toSorted((a, b) => a.messageSeq - b.messageSeq);
  const at = messages.findIndex(
    ({ complete, messageSeq }, i) => !complete || messageSeq > (messages[i - 1]?.messageSeq ?? messageSeq) + 1,
  );
  const message = messages[at];
  if (!message || wentOn(handshake, { from, messageKey: message.key })) return undefined;
  return message.complete ? (messages[at - 1]?.messageSeq ?? 0) + 1 : message.messageSeq;
}

/** The datagrams with parts of a ClientHello, when either side sent one and neither got further. */
export function bothBegan({ datagrams, establishedAt }: Handshake): readonly DatagramView[] | undefined {
  const hellos = datagrams.filter(({ records }) =>
    records.some(({ fragments }) => fragments.some(({ name }) => name === 'client_hello')),
  );
  const both = (['client', 'server'] as const).every((side) => hellos.some(({ from }) => from === side));
  return both && establishedAt === undefined ? hellos : undefined;
}

/** Whether both ends, which tell of themselves, waited to the end and neither sent anything. */
export const bothWaited = ({ datagrams, ours, end, failures }: Handshake): boolean =>
  datagrams.length === 0 && ours.length === 2 && end?.how === 'done' && failures.length === 0;

/** Whether a capture shows a path that ICE has proved and that no DTLS ever came over. */
export const isQuietPath = (handshake: Handshake): boolean =>
  handshake.datagrams.length === 0 &&
  handshake.ours.length === 0 &&
  handshake.stun.length > 0 &&
  !neverBegan(handshake);

/** The datagrams that brought a side's Certificate. */
export const certificateDatagrams = ({ datagrams }: Handshake, of: Actor): PacketRange[] =>
  evidenceOf(
    datagrams.filter(
      ({ from, records }) =>
        from === of && records.some(({ fragments }) => fragments.some(({ message }) => message === 11)),
    ),
  );

/** Whole datagrams as evidence, the first so many. */
export const evidenceOf = (datagrams: readonly DatagramView[]): PacketRange[] =>
  datagrams.slice(0, shownEvidence).map(({ packet, bytes }) => ({ packet, start: 0, end: bytes.length }));
export const shownEvidence = 64;

/** The datagrams with these numbers, in their order in the handshake. */
export function datagramsOf(handshake: Handshake, packets: readonly PacketNumber[]): readonly DatagramView[] {
  const known = found.get(packets);
  if (known?.handshake === handshake) return known.datagrams;
  const wanted = new Set(packets);
  const datagrams = handshake.datagrams.filter(({ packet }) => wanted.has(packet));
  found.set(packets, { handshake, datagrams });
  return datagrams;
}

/** The datagrams with some of a message, by its key. */
export const datagramsWith = ({ datagrams }: Handshake, messageKey: string): readonly DatagramView[] =>
  datagrams.filter(({ records }) =>
    records.some(({ fragments }) => fragments.some((fragment) => fragment.messageKey === messageKey)),
  );

/** Several rules ask for the datagrams of the same flight, and a flight of a long run has thousands. */
const found = new WeakMap<
  readonly PacketNumber[],
  { readonly handshake: Handshake; readonly datagrams: readonly DatagramView[] }
>();

/** Whether the first sending of a flight needed several datagrams. */
export const isSplit = (handshake: Handshake, { packets }: FlightView): boolean =>
  datagramsOf(handshake, packets).filter(({ attempt }) => attempt === 0).length > 1;

/** A handshake message in the clear that one record holds whole, and its body. */
export interface PlainMessage {
  readonly datagram: DatagramView;
  readonly fragment: FragmentView;
  readonly body: Uint8Array;
}

/** Every sending of the messages of a name that stand whole and in the clear in one record. */
export function plainMessages({ datagrams }: Handshake, name: string): readonly PlainMessage[] {
  const found: PlainMessage[] = [];
  for (const datagram of datagrams) {
    for (const { protection, fragments } of datagram.records) {
      if (protection !== 'plain') continue;
      for (const fragment of fragments) {
        if (fragment.name !== name || fragment.length !== fragment.total) continue;
        found.push({ datagram, fragment, body: datagram.bytes.subarray(fragment.start, fragment.end) });
      }
    }
  }
  return found;
}

/** When a datagram reached the other side, where the trace tells; when it was seen, otherwise. */
export const arrivedAt = ({ at, deliveredAt }: DatagramView): number => deliveredAt ?? at;

/**
 * Whether what a side sent is seen as its receiver gets it: the trace knows what arrived, or the capture was taken there.
 * What is missing behind a capture elsewhere, nobody sees.
 */
export function seenByReceiver({ datagrams, estimates }: Handshake, from: Actor): boolean {
  const own = datagrams.filter((datagram) => datagram.from === from);
  if (own.some(({ delivered }) => delivered !== undefined)) return true;
  return estimates.vantage?.at === otherSide(from) || estimates.vantage?.at === 'one machine';
}
