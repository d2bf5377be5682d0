/** Checks of when the peer sends a flight again: by its timer, and because ours came again. */
import type { Handshake } from '../../analysis/model.ts';
import { junkOf } from '../../diagnosis/causes.ts';
import type { Check, Known, Lab, Made, Verdict } from './model.ts';
import {
  drop,
  errorsOf,
  fail,
  findingOf,
  handshakeOf,
  mainFlight,
  ms,
  notApplicable,
  pass,
  range,
  sentBy,
  unclear,
  verdictOf,
} from './verdicts.ts';

/** So long its timer is watched: the third sending of who waits one second, then three. ms */
const watchedMs = 4600;
/** Datagrams of ours that come too late: no handshake without loss has so many behind its hello. */
const silenced = 60;
/** What no timer of a stack is set below: NSS has 50. ms */
const least = 40;
/** How much longer a timer has to wait each time; RFC 6347 §4.2.4.1 says twice. */
const leastGrowth = 1.3;
const answersWithinMs = 150;

/** Nothing of ours reaches it behind the hello. */
const silence = (lab: Lab): Promise<Made> =>
  lab.shared('silence', () =>
    lab.try({
      what: 'silence behind our hello',
      set: {
        link: [drop('out', range(lab.known.plan.oursBefore + 1, lab.known.plan.oursBefore + silenced))],
        timeout: watchedMs,
      },
    }),
  );

/** Its flight is lost, and ours comes again before its timer can have fired. */
const repeat = (lab: Lab): Promise<Made> =>
  lab.shared('repeat', () =>
    lab.try({
      what: 'its flight is lost, ours comes again',
      set: { link: [drop('in', lab.known.plan.its.main)], rto: 250 },
    }),
  );

const noMain = ({ plan }: Known): string | undefined =>
  plan.its.main.length === 0 ? 'its flight could not be told from the rest' : undefined;

export const timerChecks: readonly Check[] = [
  {
    id: 'retransmits',
    group: 'timers',
    title: 'it sends its flight again by itself',
    demand: 'MUST',
    see: 'RFC 6347 §4.2.4, RFC 9147 §5.8.1',
    how: 'nothing of ours reaches it behind the hello, for 4.6 s',
    findings: ['peer-never-retransmits', 'junk-on-timeout'],
    cost: { handshakes: 1, datagrams: 60, seconds: 6 },
    unless: noMain,
    run: async (lab) => {
      const made = await silence(lab);
      const { at, junk } = sendings(made);
      const [first] = at.slice(1);
      if (junk.length > 0)
        return fail('when its timer fires it sends a record that belongs to no flight', {
          findings: ['junk-on-timeout'],
          shown: [{ made, evidence: findingOf(made, 'junk-on-timeout')?.evidence ?? [] }],
        });
      if (first === undefined)
        return fail(`it sent its flight once, and not again in ${ms(watchedMs)}`, {
          findings: ['peer-never-retransmits'],
          shown: [made],
        });
      return pass(`again after ${waits(at).map(ms).join(', then ')}`, {
        shown: [made],
        numbers: { sendings: at.length },
      });
    },
  },
  {
    id: 'timer-start',
    group: 'timers',
    title: 'its first repetition comes no sooner than an answer can',
    demand: 'SHOULD',
    see: 'RFC 6347 §4.2.4.1, RFC 9147 §5.8.2',
    how: 'the time from its flight to the first repetition of it, in the same trial',
    findings: ['rto-below-rtt'],
    cost: { handshakes: 1, datagrams: 60, seconds: 6 },
    unless: repeats,
    run: async (lab) => {
      const made = await silence(lab);
      const [start] = waits(sendings(made).at);
      if (start === undefined) return unclear('its repetition was not seen', { shown: [made] });
      const numbers = { startMs: Math.round(start), roundTripMs: Math.round(lab.known.plan.roundTripMs) };
      const trip = lab.known.plan.roundTripMs;
      if (start < least || start < trip * 0.9)
        return fail(`it waits ${ms(start)}; an answer takes ${ms(trip)}, and RFC 6347 recommends 1 s`, {
          findings: ['rto-below-rtt'],
          numbers,
          shown: [made],
        });
      return pass(`it waits ${ms(start)}`, { numbers, shown: [made] });
    },
  },
  {
    id: 'timer-growth',
    group: 'timers',
    title: 'it waits longer each time',
    demand: 'SHOULD',
    see: 'RFC 6347 §4.2.4.1, RFC 9147 §5.8.2',
    how: 'the times between its repetitions, in the same trial',
    findings: ['retransmission-storm'],
    cost: { handshakes: 1, datagrams: 60, seconds: 6 },
    unless: repeats,
    run: async (lab) => {
      const made = await silence(lab);
      const all = waits(sendings(made).at);
      const [a, b] = all;
      if (a === undefined || b === undefined)
        return unclear(`only one repetition came in ${ms(watchedMs)}`, { shown: [made] });
      const numbers = { waitsMs: all.map((wait) => String(Math.round(wait))) };
      return b < a * leastGrowth
        ? fail(`it waits ${ms(a)}, then ${ms(b)}: ${all.length} repetitions in ${ms(watchedMs)}`, {
            findings: ['retransmission-storm'],
            numbers,
            shown: [made],
          })
        : pass(`${all.map(ms).join(', then ')}`, { numbers, shown: [made] });
    },
  },
  {
    id: 'resent-numbers',
    group: 'timers',
    title: 'what it sends again has new record numbers',
    demand: 'MUST',
    see: 'RFC 6347 §4.2.2, RFC 9147 §4.2.1',
    how: 'the record numbers of its repetitions, in the same trial',
    findings: ['record-number-reused'],
    cost: { handshakes: 1, datagrams: 60, seconds: 6 },
    unless: (known, resultOf) =>
      repeats(known, resultOf) ??
      (resultOf('fresh-numbers') === 'fail' ? 'its numbers are not new in the first sending' : undefined),
    run: async (lab) => {
      const made = await silence(lab);
      const finding = findingOf(made, 'record-number-reused');
      return finding
        ? fail(finding.why, { shown: [{ made, evidence: finding.evidence }] })
        : pass('every repetition has numbers of its own', { shown: [made] });
    },
  },
  {
    id: 'resent-borders',
    group: 'timers',
    title: 'it keeps its fragments as they were when it sends them again',
    demand: 'habit',
    see: 'RFC 6347 §4.2.3',
    how: 'the borders of its fragments in its repetitions, in the same trial',
    findings: ['refragmented-retransmission'],
    cost: { handshakes: 1, datagrams: 60, seconds: 6 },
    unless: repeats,
    run: async (lab) => {
      const made = await silence(lab);
      const handshake = handshakeOf(made);
      const again = handshake && recutAt(handshake);
      if (again === undefined) return pass('the first repetition has the same borders', { shown: [made] });
      // Smaller datagrams after repeated silence are what RFC 6347 §4.1.1.1 asks for; this is the first.
      return fail(`already the first repetition is cut anew: ${again}`, { shown: [made] });
    },
  },
  {
    id: 'answers-repeat',
    group: 'timers',
    title: 'it answers when our flight comes again',
    demand: 'MUST',
    see: 'RFC 6347 §4.2.4, RFC 9147 §5.8.1',
    how: 'its flight is lost, and we send our hello again after 250 ms',
    findings: ['peer-never-retransmits'],
    cost: { handshakes: 1, datagrams: 30, seconds: 5 },
    unless: noMain,
    run: answersRepeat,
  },
  {
    id: 'repeated-hello',
    group: 'timers',
    title: 'a ClientHello that comes again begins nothing new',
    demand: 'MUST',
    see: 'RFC 6347 §4.2.4',
    how: 'the ServerHellos of the same trial',
    findings: ['interleaved-handshakes'],
    cost: { handshakes: 1, datagrams: 30, seconds: 5 },
    unless: noMain,
    run: async (lab) => {
      const made = await repeat(lab);
      const handshake = handshakeOf(made);
      const hellos = handshake?.messages.filter(({ from, name }) => from === 'server' && name === 'server_hello') ?? [];
      if (hellos.length > 1) return fail(`it answered with ${hellos.length} different ServerHellos`, { shown: [made] });
      const alert = handshake?.alerts.find(({ from, level }) => from === 'server' && level === 2);
      if (alert && handshake?.finished.client === undefined)
        return fail(`it ends the handshake with alert ${alert.description}`, { shown: [made] });
      return (mainFlight(handshake)?.resentAt.length ?? 0) > 0
        ? pass('the answer is the same ServerHello', { shown: [made] })
        : notApplicable('it did not answer again');
    },
  },
  {
    id: 'repeats-hashed-once',
    group: 'timers',
    title: 'a message that comes again is not hashed again',
    demand: 'MUST',
    see: 'RFC 6347 §4.2.6, RFC 9147 §5.2',
    how: 'whether the same trial completes',
    findings: ['finished-decrypt-failure'],
    cost: { handshakes: 1, datagrams: 30, seconds: 5 },
    unless: noMain,
    run: async (lab) => {
      const made = await repeat(lab);
      if (made.established) return pass('the handshake completes after a repetition', { shown: [made] });
      return findingOf(made, 'finished-decrypt-failure') || alerted(made)
        ? fail(verdictOf(made), { findings: errorsOf(made), shown: [made] })
        : notApplicable('the handshake did not come so far');
    },
  },
  {
    id: 'last-flight',
    group: 'timers',
    title: 'it sends its last flight again when ours comes again',
    demand: 'MUST',
    see: 'RFC 6347 §4.2.4, RFC 9147 §5.8.1',
    how: 'its last flight is lost once, and we repeat ours after 300 ms',
    findings: ['last-flight-lost'],
    cost: { handshakes: 1, datagrams: 40, seconds: 5 },
    unless: ({ plan }) => (plan.its.last.length === 0 ? 'nothing of it follows our Finished' : undefined),
    run: async (lab) => {
      const made = await lab.try({
        what: 'its last flight is lost',
        set: { link: [drop('in', lab.known.plan.its.last)], rto: 300 },
      });
      return made.established
        ? pass('it came again', { shown: [made] })
        : fail(`it never came again: ${verdictOf(made)}`, { shown: [made] });
    },
  },
];

/** For what only a repetition can show. */
function repeats(known: Known, resultOf: (id: string) => string | undefined): string | undefined {
  return noMain(known) ?? (resultOf('retransmits') === 'fail' ? 'it does not repeat its flight by itself' : undefined);
}

async function answersRepeat(lab: Lab): Promise<Verdict> {
  const made = await repeat(lab);
  const handshake = handshakeOf(made);
  const main = mainFlight(handshake);
  const ours = handshake?.flights.find(
    ({ from, number, resentAt }) => from === 'client' && number < (main?.number ?? 0) && resentAt.length > 0,
  );
  const [asked] = ours?.resentAt.slice(-1) ?? [];
  const first = ours?.resentAt.find((at) => at > (main?.sentAt ?? 0));
  if (!main || asked === undefined || first === undefined)
    return made.established
      ? pass('its own timer was first', { shown: [made] })
      : unclear(verdictOf(made), { shown: [made] });
  // Whatever it says then: that the answer is another, or has old numbers, is for other checks.
  const again = handshake && sentBy(handshake, 'server').find(({ at }) => at > first)?.at;
  const within = again === undefined ? undefined : again - first;
  if (within !== undefined && within <= lab.known.plan.roundTripMs + answersWithinMs)
    return pass(`after ${ms(within)}`, { shown: [made], numbers: { answeredAfterMs: Math.round(within) } });
  return fail(
    within === undefined
      ? 'it did not answer the repetition'
      : `it waited for its own timer, ${ms(within)} after the repetition`,
    { shown: [made] },
  );
}

const alerted = (made: Made): boolean =>
  handshakeOf(made)?.alerts.some(({ from, description }) => from === 'server' && [20, 40, 51].includes(description)) ??
  false;

/** A fragment of the first repetition of its flight that has other borders than all of the first sending. */
function recutAt({ datagrams, flights }: Handshake): string | undefined {
  const main = flights.find(({ from, messages }) => from === 'server' && messages.includes('server_hello'));
  const fragments = (attempt: number) =>
    datagrams
      .filter((datagram) => datagram.flight === main?.number && datagram.attempt === attempt)
      .flatMap(({ records }) => records.flatMap((record) => record.fragments));
  const before = new Set(fragments(0).map(({ messageKey, offset, length }) => `${messageKey} ${offset} ${length}`));
  const other = fragments(1).find(({ messageKey, offset, length }) => !before.has(`${messageKey} ${offset} ${length}`));
  return other && `bytes ${other.offset} to ${other.offset + other.length} of its ${other.name}`;
}

/** When its flight was sent, and sent again, and what it sent of no flight. */
function sendings(made: Made): { readonly at: readonly number[]; readonly junk: readonly unknown[] } {
  const handshake = handshakeOf(made);
  const main = mainFlight(handshake);
  return {
    at: main ? [main.sentAt, ...main.resentAt] : [],
    junk: handshake ? junkOf(handshake).filter(({ from }) => from === 'server') : [],
  };
}

const waits = (at: readonly number[]): readonly number[] => at.slice(1).map((time, index) => time - (at[index] ?? 0));
