/** The first sentence that an expert would say about a handshake, with its numbers. */
import type { DatagramView, FlightView, Handshake, LostRange } from '../analysis/model.ts';
import { unreachable } from '../base/unreachable.ts';
import { cipherSuiteName } from '../wire/suites.ts';
import { factsFor, reasonsFor } from './alerts.ts';
import { stalledByOrder } from './causes.ts';
import { causeText } from './causeText.ts';
import { failureText } from './failures.ts';
import { announcedAndSeen } from './fingerprints.ts';
import { browsersText, helloFacts, sizesText } from './hello.ts';
import { lostDatagrams } from './losses.ts';
import type { Outcome } from './model.ts';
import { srtpLacking } from './negotiation.ts';
import { hangupText, iceWorksText, noIceText, rolesResult, teardownText, waitedForNomination } from './path.ts';
import { refusalOf, refusalText } from './refusals.ts';
import { hastyTimer } from './roundTrip.ts';
import { stormsOf } from './storms.ts';
import {
  bothWaited,
  cameWhole,
  datagramsOf,
  flightOfLost,
  flightsFrom,
  isQuietPath,
  missedByCapture,
  missingEnd,
  onlyAcknowledges,
  onlySide,
  type Stop,
  sealedAlert,
  sendings,
  storyOf,
  takerOf,
  unreadableEnd,
  wasHeard,
} from './story.ts';
import {
  alertText,
  count,
  duration,
  flightText,
  inProse,
  list,
  lostText,
  numeral,
  otherSide,
  packetsText,
  times,
} from './words.ts';

export function verdictOf(handshake: Handshake, outcome: Outcome): string {
  const story = storyOf(handshake);
  switch (outcome) {
    case 'unreadable':
      return `Unreadable: nothing in ${count(handshake.datagrams.length, 'datagram')} could be read as DTLS records.`;
    case 'interrupted':
      return `Interrupted${because(handshake.end?.why)} ${lastText(handshake)}.`;
    case 'cancelled':
      return `Stopped${because(handshake.end?.why)} ${lastText(handshake)}.`;
    case 'fingerprint-mismatch':
      return mismatchText(handshake);
    case 'alert-received':
    case 'alert-sent':
      return alertVerdict(handshake, outcome);
    case 'established':
      return `${establishedText(handshake)}.`;
    case 'refused':
      return `Refused: ${handshake.refused.map(({ by, why }) => `${by}: ${why}`)[0] ?? 'no reason given'}; ${lastText(handshake)}.`;
    case 'no-ice':
      return `${noIceText(handshake, lastText(handshake))}.`;
    case 'unsupported':
      return `Not supported: ${list(handshake.failures.map(({ failure }) => failureText(failure)))}.`;
    case 'no-answer':
      return `${noAnswerText(handshake)}.`;
    case 'truncated':
    case 'stalled':
      return `${outcome === 'stalled' ? 'Stalled' : 'Truncated'} ${lastText(handshake)}: ${stopText(handshake, story.stop)}${sealedText(handshake)}.`;
    case 'incomplete-capture':
      return `${incompleteText(handshake)}.`;
    default:
      return unreachable(outcome);
  }
}

const because = (why: string | undefined): string => (why ? ` (${why})` : '');

/** "after the server's ServerHelloDone". */
function lastText({ lastMessage, datagrams }: Handshake): string {
  if (lastMessage) return `after the ${lastMessage.from}'s ${inProse(lastMessage.name)}`;
  return datagrams.length === 0 ? 'before any datagram' : 'before any handshake message was complete';
}

/** What stayed closed may say more than all that can be seen. */
function sealedText(handshake: Handshake): string {
  const { missingSecrets, lastMessage } = handshake;
  if (missingSecrets.length === 0) return '';
  const alert = sealedAlert(handshake);
  const what = alert ? `the ${alert.from} ended with a record of the size of an alert` : 'the rest is encrypted';
  return `; ${what}: give a key log to read ${lastMessage?.name === 'server_hello' ? 'what is behind the ServerHello' : 'it'}`;
}

const versionText = (version: string | undefined): string => (version ? `DTLS ${version}` : 'unknown version');

function establishedText(handshake: Handshake): string {
  const { establishedAt, startedAt, parameters, flights, inferred } = handshake;
  const began = flights.some(({ messages }) => messages[0] === 'client_hello');
  const took = began && establishedAt !== undefined ? ` in ${duration(establishedAt - startedAt)}` : '';
  const agreed = [
    versionText(parameters.version),
    ...(parameters.cipherSuite === undefined ? [] : [cipherSuiteName(parameters.cipherSuite)]),
  ];
  const sealed =
    parameters.version === '1.3'
      ? ', inferred: all behind the hellos is encrypted'
      : ', both Finished seen but encrypted';
  const sure = inferred.includes('outcome') ? sealed : '';
  const after = hangupText(handshake) ?? sealedEndText(handshake);
  const keys =
    srtpLacking(handshake) === 'media' ? '; no SRTP profile was agreed on, so audio and video have no keys' : '';
  return `Established${took} (${agreed.join(', ')}${sure})${costText(handshake)}${keys}${after === undefined ? '' : `; ${after}`}`;
}

/** What may have undone it, where nobody can read that. */
function sealedEndText(handshake: Handshake): string | undefined {
  const end = unreadableEnd(handshake);
  const finishedAt = Math.max(handshake.finished.client?.at ?? 0, handshake.finished.server?.at ?? 0);
  return end && handshake.parameters.version !== '1.3'
    ? `all that the ${end.from} sent then is an alert, encrypted, after ${duration(Math.max(0, end.at - finishedAt))}: a goodbye, or a refusal of that Finished; a key log tells which`
    : undefined;
}

/** What the handshake paid for: lost bytes where they are known, else flights that had to be sent again. */
function costText(handshake: Handshake): string {
  const missed = new Set(missedByCapture(handshake));
  const lost = handshake.lost.filter((range) => !missed.has(range));
  if (lost.length > 0) {
    const datagrams = lostDatagrams(handshake, lost);
    const waits = lost.flatMap((range) => {
      const sentAt = flightOfLost(handshake, range)?.sentAt;
      return sentAt === undefined || range.recoveredAt === undefined ? [] : [range.recoveredAt - sentAt];
    });
    const after = waits.length > 0 ? ` after ${duration(Math.max(...waits))}` : '';
    const by = howTaken(
      datagramsOf(
        handshake,
        lost.flatMap(({ evidence, packets }) => (evidence === 'link' ? packets : [])),
      ),
    );
    const were = datagrams === 1 ? 'was' : 'were';
    return `; ${datagrams === undefined ? 'datagrams' : count(datagrams, 'datagram')} with ${lostText(lost, handshake)} ${were} lost${by === '' ? '' : `${by},`} and resent${after}`;
  }
  // What DTLS 1.3 repeats behind the handshake (tickets, KeyUpdates) did not cost it anything.
  const own = handshake.flights.filter(({ sentAt }) => sentAt < (handshake.establishedAt ?? Number.POSITIVE_INFINITY));
  const again = own.reduce((sum, { resentAt }) => sum + resentAt.length, 0);
  if (again === 0) return '';
  const [storm] = stormsOf(handshake);
  if (storm)
    return `; ${flightText(storm.flight)} was sent again up to ${storm.peak} times a second, ${count(storm.flight.resentAt.length, 'time')} in all, which no loss explains`;
  const [unordered] = stalledByOrder(handshake);
  if (unordered)
    return `; ${flightText(unordered)} arrived whole but not in order, and the ${otherSide(unordered.from)} waited for it to be sent again`;
  const waited = waitedForNomination(handshake);
  if (waited?.flight.resentAt.length === again)
    return `; ${flightText(waited.flight)} was sent again until ICE had chosen a pair, which is what the ${otherSide(waited.flight.from)} waited for`;
  const hasty = hastyTimer(handshake);
  if (hasty)
    return `; ${againText(own)}, though nothing was lost, as the ${hasty.flight.from}'s timer of ${duration(hasty.afterMs)} is shorter than the ${duration(hasty.longest.ms)} that an answer takes`;
  return `; ${againText(own)}, which is how DTLS copes with loss`;
}

/** "one flight was sent again", "one flight was sent again five times", "two flights were sent again, five times in all". */
function againText(flights: readonly FlightView[]): string {
  const repeated = flights.filter(({ resentAt }) => resentAt.length > 0);
  const sum = repeated.reduce((all, { resentAt }) => all + resentAt.length, 0);
  const head = `${count(repeated.length, 'flight')} ${repeated.length === 1 ? 'was' : 'were'} sent again`;
  if (sum === repeated.length) return head;
  return repeated.length === 1 ? `${head} ${times(sum)}` : `${head}, ${times(sum)} in all`;
}

function mismatchText(handshake: Handshake): string {
  const { mismatch } = storyOf(handshake);
  const of = mismatch?.of ?? otherSide(storyOf(handshake).us);
  const { announced, seen } = announcedAndSeen(handshake, of);
  const after = teardownText(handshake);
  const completed =
    handshake.establishedAt === undefined
      ? ''
      : `; DTLS itself completed${after === undefined ? '' : `, and ${after}`}`;
  const hashes = announced && seen ? `: it is ${seen}, announced was ${announced}` : '';
  return `The ${of}'s certificate is not the one that signalling announced${hashes}${completed}.`;
}

function alertVerdict(handshake: Handshake, outcome: 'alert-received' | 'alert-sent'): string {
  const { fatal, isRun } = storyOf(handshake);
  if (!fatal) return 'A fatal alert ended the handshake.';
  const last = handshake.lastMessage && inProse(handshake.lastMessage.name);
  const name = fatal.afterMessage && inProse(fatal.afterMessage);
  const whose = name !== undefined && name === last ? `the ${handshake.lastMessage?.from}'s ` : '';
  const after = name === undefined ? '' : ` after ${whose}${name}`;
  const who = outcome === 'alert-sent' && isRun ? 'We' : `The ${fatal.from}`;
  const own = handshake.failures.find(({ actor }) => actor === fatal.from)?.failure;
  const refusal = refusalOf(handshake);
  const explained = refusal
    ? refusalText(refusal)
    : own && own.code !== 'alert'
      ? failureText(own)
      : (factsFor(fatal, handshake) ?? `usually ${reasonsFor(fatal, handshake)[0]?.why ?? 'unknown'}`);
  return `${who} ended the handshake with alert ${alertText(fatal.description)}${after}, ${duration(fatal.at - handshake.startedAt)} after its beginning: ${explained}.`;
}

function noAnswerText(handshake: Handshake): string {
  if (isQuietPath(handshake)) {
    const { client, server, stun } = handshake;
    const over = (stun.at(-1)?.at ?? 0) - (stun[0]?.at ?? 0);
    return `No DTLS at all: ICE checks between ${client} and ${server} are answered, and in ${duration(over)} neither side sent a ClientHello, as when both are passive`;
  }
  if (bothWaited(handshake)) return 'No DTLS at all: both sides waited for a ClientHello, as when both are passive';
  const { us, them, stop } = storyOf(handshake);
  const sent = handshake.datagrams.filter(({ from }) => from === us);
  const taken = sent.filter(({ delivered }) => delivered === false);
  if (stop.kind === 'never-again' || stop.kind === 'junk')
    return `No answer: ${stopText(handshake, stop)}${taken.length > 0 ? `; ${takenText(taken, sent.length)}` : ''}`;
  const dropped = handshake.datagrams.filter(({ from, delivered }) => from === them && delivered === false);
  if (dropped.length > 0 && stop.kind === 'too-large') return `No answer came through: ${stopText(handshake, stop)}`;
  if (dropped.length > 0)
    return `No answer came through: the ${takerOf(dropped)} took ${count(dropped.length, 'datagram')} of the ${them} away${howTaken(dropped)}, and left none`;
  if (answersItself.has(stop.kind)) return `No answer: ${stopText(handshake, stop)}`;
  const though = iceWorksText(handshake);
  const first = sent[0];
  if (!first && rolesResult(handshake) === 'both-passive')
    return `No DTLS at all: offer and answer both say a=setup:passive, so that each side waits for the other's ClientHello${though}`;
  if (!first) return `No answer: the ${us} waited and no ${them} came${though}`;
  const flight = flightsFrom(handshake, us).at(-1);
  const over = duration((sent.at(-1)?.at ?? first.at) - first.at);
  const what = flight ? flightText(flight) : count(sent.length, 'datagram');
  const n = flight ? sendings(flight) : 1;
  const came = flight && cameWhole(handshake, flight) ? `, though all of it came to the ${them}` : '';
  const byLink = taken.length > 0 ? `: ${takenText(taken, sent.length)}` : '';
  return `No answer: ${what} was sent ${times(n)}${n > 1 ? ` in ${over}` : ''} and nothing came back${byLink || came || though}`;
}

/** Stops that say more than that nothing came. */
const answersItself: ReadonlySet<Stop['kind']> = new Set([
  'link',
  'too-large',
  'split-hello',
  'never-again',
  'stale',
  'junk',
  'off-path',
]);

export function stopText(handshake: Handshake, stop: Stop): string {
  switch (stop.kind) {
    case 'nothing':
      return 'nothing more was seen';
    case 'both-active':
      return 'both sides sent a ClientHello, as if both were the client, and neither takes what it gets';
    case 'cut': {
      const [first] = stop.cuts;
      if (!first) return 'datagrams were cut';
      const needs =
        first.declared === undefined ? '' : `, though its record at byte ${first.start} needs ${first.declared} bytes`;
      return `${count(stop.cuts.length, 'datagram')} of the ${first.datagram.from} arrived cut to ${first.to} bytes${needs}`;
    }
    case 'too-large': {
      const largest = Math.max(...stop.datagrams.map(({ size }) => size));
      return `${count(stop.datagrams.length, 'datagram')} of up to ${largest} bytes did not fit the path of ${stop.mtu} bytes`;
    }
    case 'link':
      return `the ${takerOf(stop.datagrams)} took away every sending of ${flightText(stop.flight)} (${packetsText(stop.datagrams.map(({ packet }) => packet))})${howTaken(stop.datagrams)}`;
    case 'large-vanish':
      return `the path swallows datagrams of the ${stop.from} above ${stop.largest} bytes: ${lostText(stop.lost, handshake)} never came in ${count(sendings(stop.flight), 'sending')}, while smaller datagrams did`;
    case 'fragments':
      return `${lostText(stop.lost, handshake)} never arrived${lostToLink(stop.lost, handshake)}`;
    case 'last-flight':
      return `${flightText(stop.flight)} was sent ${times(sendings(stop.flight))} in ${spanOf(stop.flight)}, and the server, which is done, does not answer it with its own last flight again`;
    case 'server-hello-only':
      return `the client acknowledges the ServerHello and nothing behind it in ${count(sendings(stop.flight), 'sending')}: the two sides derive different keys (as with the label "tls13 " in place of "dtls13")`;
    case 'cookie':
      return `the client returned the cookie ${times(sendings(stop.flight))} in ${spanOf(stop.flight)} and the server stayed silent`;
    case 'split-hello':
      return splitHelloText(handshake, stop.flight);
    case 'off-path':
      return `${count(stop.datagrams, 'datagram')} of DTLS came from ${list(stop.from.slice(0, 2))}, which no ICE check has proved, and ${stop.datagrams === 1 ? 'was' : 'were'} dropped; nothing came over the path that ICE has found`;
    case 'silence': {
      if (!stop.flight) return `the ${stop.who} fell silent`;
      const n = sendings(stop.flight);
      const lacks = missingEnd(handshake, stop.flight);
      if (lacks) return withoutEnd(stop.flight, lacks);
      return `${flightText(stop.flight)} was sent ${times(n)}${n > 1 ? ` in ${spanOf(stop.flight)}` : ''} and the ${stop.who} ${onlyAcknowledges(handshake, stop.who) ? 'acknowledged it and said nothing else' : 'stayed silent'}`;
    }
    case 'split-record': {
      const [first] = stop.records;
      const size = first
        ? `, as its record of ${first.declared} bytes at byte ${first.start} of a datagram of ${first.to}`
        : '';
      return `the ${first?.datagram.from ?? 'sender'} lets records run over the ends of its datagrams${size}, which no receiver can put together`;
    }
    case 'never-again':
    case 'junk':
    case 'cookies':
    case 'hello-changed':
    case 'interleaved':
    case 'stale':
    case 'numbers':
    case 'borders':
    case 'reordered':
    case 'messages':
    case 'finished':
    case 'other-keys':
      return causeText(stop);
    case 'stuck':
      return stuckText(handshake, stop.flight);
    default:
      return unreachable(stop);
  }
}

/** A flight that nobody can answer, because what ends it is in none of its sendings. */
const withoutEnd = (flight: FlightView, end: string): string =>
  `${flightText(flight)} was sent ${times(sendings(flight))} and its ${inProse(end)} never came, so that the ${otherSide(flight.from)} had nothing to answer`;

function stuckText(handshake: Handshake, flight: FlightView): string {
  const lacks = missingEnd(handshake, flight);
  if (lacks) return withoutEnd(flight, lacks);
  const keys = flight.messages.includes('finished') ? ', as when the keys of the two sides differ' : '';
  return `both sides repeat themselves; ${flightText(flight)} was sent ${times(sendings(flight))}, and either never got to the ${otherSide(flight.from)} whole or is not what it takes${keys}`;
}

/** "the link took six of 13 datagrams away, because the queue was full". */
const takenText = (taken: readonly DatagramView[], of: number): string =>
  taken.length === of
    ? `the ${takerOf(taken)} took ${of === 1 ? 'it' : 'all of it'} away${howTaken(taken)}`
    : `the ${takerOf(taken)} took ${numeral(taken.length)} of ${count(of, 'datagram')} away${howTaken(taken)}`;

/** What became of datagrams that the link took, where all went the same way. */
function howTaken(taken: readonly DatagramView[]): string {
  const kinds = new Set(taken.flatMap(({ link }) => link.map(({ action }) => action.kind)));
  const [queued] = taken.flatMap(({ link }) => link.map(({ action }) => action));
  if (kinds.size !== 1 || queued?.kind !== 'queue-full') return '';
  const { queue } = queued;
  return `, because the queue was full${queue && queue.loadBytes * 2 > queue.bytes ? ' of other traffic' : ''}`;
}

function lostToLink(lost: readonly LostRange[], handshake: Handshake): string {
  const packets = lost.flatMap((range) => (range.evidence === 'link' ? range.packets : []));
  if (packets.length === 0) return '';
  const taken = datagramsOf(handshake, packets);
  return `: the ${takerOf(taken)} took ${count(taken.length, 'datagram')} with them away${howTaken(taken)}`;
}

function splitHelloText(handshake: Handshake, flight: FlightView): string {
  const hello = helloFacts(handshake);
  const n = sendings(flight);
  const size = hello?.bytes === undefined ? '' : ` of ${hello.bytes} bytes`;
  const pieces = hello ? `, ${sizesText(hello.sizes)},` : '';
  const because = hello?.share
    ? ` (such hellos come of the ${hello.share.name} key share; ${browsersText})`
    : ' (a smaller one would tell whether it is that)';
  return `the client's ClientHello${size}${pieces} was sent ${times(n)}${n > 1 ? ` in ${spanOf(flight)}` : ''} and ${onlyAcknowledges(handshake, 'server') ? 'nothing but ACKs' : 'nothing'} came back, as from a server that cannot put a fragmented ClientHello together${because}${iceWorksText(handshake)}`;
}

const spanOf = ({ sentAt, resentAt }: { readonly sentAt: number; readonly resentAt: readonly number[] }): string =>
  duration((resentAt.at(-1) ?? sentAt) - sentAt);

function incompleteText(handshake: Handshake): string {
  const { isRun } = storyOf(handshake);
  if (isRun) return `Under way: ${lastText(handshake)}, ${duration(handshake.endedAt - handshake.startedAt)} so far`;
  const began = handshake.flights.some(({ messages }) => messages[0] === 'client_hello');
  const only = onlySide(handshake);
  if (handshake.snapped) {
    const kept = handshake.datagrams.reduce((most, { bytes }) => Math.max(most, bytes.length), 0);
    const shown = began ? `; what is left of the handshake ends ${lastText(handshake)}` : '';
    return `Incomplete capture: its snap length cut datagrams to ${kept} bytes, so that the handshake cannot be judged${shown}`;
  }
  if (only === 'client')
    return `Incomplete capture: only the client's datagrams are in it, up to ${handshake.lastMessage ? `its ${inProse(handshake.lastMessage.name)}` : 'what is encrypted'}, and its going on shows that the server answered`;
  if (!began) return `Incomplete capture: it begins ${capturedFrom(handshake)}, so the handshake cannot be judged`;
  if (!wasHeard(handshake, 'client')) return "Incomplete capture: only the server's datagrams are in it";
  return `Incomplete capture: it ends ${lastText(handshake)}, ${duration(handshake.endedAt - handshake.startedAt)} after the beginning${sealedAlert(handshake) ? '' : ', with nothing to say why'}${sealedText(handshake)}`;
}

function capturedFrom(handshake: Handshake): string {
  const first = handshake.flights[0];
  return first ? `in ${flightText(first)}` : 'behind the handshake, with encrypted records';
}
