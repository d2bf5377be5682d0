/**
 * Two handshakes compared, as somebody does who has a good run and a bad one: what differs first leads, since what comes
 * after may follow from it; and what is the same in both is said, because what the good run has too is not the reason.
 */

import { bodyContextOf } from '../analysis/inspect/inspector.ts';
import type { FlightView, Handshake } from '../analysis/model.ts';
import type { PacketNumber } from '../trace/model.ts';
import { alertName, HandshakeType } from '../wire/registry.ts';
import { compareChains } from './certificates.ts';
import { type Body, compareBodies } from './fields.ts';
import { sameInBoth } from './inBoth.ts';
import type { Compared, Comparison, Difference } from './model.ts';
import { align, type Pair, type Step, stepsOf } from './steps.ts';
import { verdictOf } from './verdict.ts';

/** Pure; A is the one that is known (the good run, the baseline), B the one in question. */
export function compareHandshakes(a: Compared, b: Compared): Comparison {
  const notes: string[] = [];
  const pairs = align(...comparable(stepsOf(a.handshake), stepsOf(b.handshake), notes));
  const all: Difference[] = [];
  // What was sent again was so because of something that came after it had been sent first.
  const again: Difference[] = [];
  let end: Difference | undefined;
  const flights = new Set<string>();
  const leave = (pair: Pair | undefined): void => {
    if (!pair?.a || !pair.b) return;
    const key = `${pair.a.flight.number}/${pair.b.flight.number}`;
    if (flights.has(key)) return;
    flights.add(key);
    all.push(...cutDifferences(pair.a.flight, pair.b.flight, a.handshake, b.handshake));
    again.push(...repetitions(pair.a.flight, pair.b.flight));
  };
  let previous: Pair | undefined;
  for (const [i, pair] of pairs.entries()) {
    // How a flight was sent is told before what came after it.
    if (previous?.a?.flight !== pair.a?.flight) leave(previous);
    previous = pair;
    if (pair.a && pair.b) all.push(...messageDifferences(pair.a, pair.b, a.handshake, b.handshake));
    else {
      end = ending(pairs.slice(i));
      if (end) break;
      all.push(lonely(pair, a.handshake, b.handshake));
    }
  }
  leave(previous);
  all.push(...again, ...(end ? [end] : []), ...endDifferences(a, b));
  const differences = once(all.filter(({ weight }) => weight !== 'expected'));
  const first = differences.find(({ weight }) => weight === 'real') ?? differences[0];
  const expected = [...new Set(all.filter(({ weight }) => weight === 'expected').map(({ field }) => field))];
  const inBoth = sameInBoth(a, b, differences);
  return {
    same: differences.length === 0,
    verdict: verdictOf(a, b, first, differences),
    first,
    differences,
    expected,
    inBoth,
    notes,
  };
}

/** What is encrypted in one alone can't be compared: then only what is before it is. */
function comparable(a: readonly Step[], b: readonly Step[], notes: string[]): [readonly Step[], readonly Step[]] {
  const closed = (steps: readonly Step[]): boolean => steps.some(({ name }) => name === 'encrypted');
  if (closed(a) === closed(b)) return [a, b];
  notes.push(`Behind the ServerHello ${closed(a) ? 'A' : 'B'} is encrypted, and was not compared: give its keys.`);
  const open = (steps: readonly Step[]): readonly Step[] => {
    const last = steps.findLastIndex(({ name }) => name === 'server_hello');
    return steps.slice(0, last + 1);
  };
  return [open(a), open(b)];
}

function messageDifferences(a: Step, b: Step, inA: Handshake, inB: Handshake): Difference[] {
  if (!a.view || !b.view) return [];
  const place = {
    from: a.from,
    flight: a.flight.number,
    message: a.name,
    occurrence: a.occurrence,
    packets: { a: packetOf(inA, a), b: packetOf(inB, b) },
  };
  if (!a.view.complete || !b.view.complete) {
    if (a.view.complete === b.view.complete) return [];
    const text = (whole: boolean): string => (whole ? 'whole' : 'never whole');
    return [{ ...place, weight: 'real', field: 'arrival', a: text(a.view.complete), b: text(b.view.complete) }];
  }
  const found =
    a.view.message === HandshakeType.certificate
      ? compareChains(inA.certificates[a.from], inB.certificates[b.from])
      : compareBodies(bodyOf(a.view, inA), bodyOf(b.view, inB));
  return found.map((difference) => ({ ...place, ...difference }));
}

const bodyOf = ({ message, body }: NonNullable<Step['view']>, handshake: Handshake): Body => ({
  type: message,
  bytes: body,
  context: bodyContextOf(handshake),
});

const packetOf = ({ datagrams }: Handshake, { view, flight }: Step): PacketNumber | undefined =>
  datagrams.find(({ records }) =>
    records.some(({ fragments }) => fragments.some(({ messageKey }) => messageKey === view?.key)),
  )?.packet ?? flight.packets[0];

/** A message that only one has. */
function lonely({ a, b }: Pair, inA: Handshake, inB: Handshake): Difference {
  const step = a ?? b;
  return {
    weight: 'real',
    from: step?.from,
    flight: step?.flight.number,
    message: step?.name,
    occurrence: step?.occurrence ?? 1,
    field: 'presence',
    a: a ? 'sent' : 'not sent',
    b: b ? 'sent' : 'not sent',
    packets: { a: a && packetOf(inA, a), b: b && packetOf(inB, b) },
  };
}

/** From here on only one of them goes on. */
function ending(rest: readonly Pair[]): Difference | undefined {
  const only = (side: 'a' | 'b'): boolean => rest.every((pair) => pair[side] === undefined);
  const gone = only('b') ? 'b' : only('a') ? 'a' : undefined;
  const step = rest[0]?.[gone === 'b' ? 'a' : 'b'];
  if (!gone || !step) return undefined;
  const count = rest.length;
  const on = count === 1 ? 'one more message' : `${count} more messages, this one first`;
  return {
    weight: 'real',
    from: step.from,
    flight: step.flight.number,
    message: step.name,
    occurrence: step.occurrence,
    field: 'going on',
    a: gone === 'a' ? 'ends before it' : on,
    b: gone === 'b' ? 'ends before it' : on,
    packets: {
      a: gone === 'a' ? undefined : step.flight.packets[0],
      b: gone === 'b' ? undefined : step.flight.packets[0],
    },
  };
}

/** What a second ClientHello repeats of the first is told once. */
function once(all: readonly Difference[]): readonly Difference[] {
  const seen = new Set<string>();
  return all.filter(({ from, message, field, a, b }) => {
    if (message === undefined) return true;
    const key = JSON.stringify([from, message, field, a, b]);
    return seen.has(key) ? false : seen.add(key);
  });
}

/** How a flight was cut into datagrams when it was first sent. */
function cutDifferences(a: FlightView, b: FlightView, inA: Handshake, inB: Handshake): Difference[] {
  const [cutA, cutB] = [cutOf(inA, a), cutOf(inB, b)];
  const [small, large] = [Math.min(cutA.largest, cutB.largest), Math.max(cutA.largest, cutB.largest)];
  if (cutA.datagrams === cutB.datagrams && large - small <= large * similarSize) return [];
  // Other contents have another size; what a path may drop is another matter.
  const matters = cutA.datagrams !== cutB.datagrams || (small <= usualMtu && large > usualMtu);
  return [
    {
      ...flightPlace(a, b),
      weight: matters ? 'real' : 'minor',
      field: 'datagrams',
      a: cutText(cutA),
      b: cutText(cutB),
    },
  ];
}

function repetitions(a: FlightView, b: FlightView): Difference[] {
  const text = ({ resentAt: { length } }: FlightView): string =>
    length === 0 ? 'sent once' : `sent again ${length === 1 ? 'once' : `${length} times`}`;
  if (a.resentAt.length === b.resentAt.length) return [];
  return [{ ...flightPlace(a, b), weight: 'real', field: 'retransmissions', a: text(a), b: text(b) }];
}

const flightPlace = (a: FlightView, b: FlightView) => ({
  from: a.from,
  flight: a.number,
  message: undefined,
  occurrence: 1,
  packets: { a: a.packets[0], b: b.packets[0] },
});

/** What browsers keep to, and most paths carry. UDP payload bytes. */
const usualMtu = 1200;

/** A certificate's name, or a signature, makes this much of a difference. */
const similarSize = 0.1;

interface Cut {
  readonly datagrams: number;
  /** UDP payload bytes. */
  readonly largest: number;
}

function cutOf({ datagrams }: Handshake, { number }: FlightView): Cut {
  const first = datagrams.filter(({ flight, attempt }) => flight === number && attempt === 0);
  return { datagrams: first.length, largest: first.reduce((most, { size }) => Math.max(most, size), 0) };
}

const cutText = ({ datagrams, largest }: Cut): string =>
  `${datagrams === 1 ? 'one datagram' : `${datagrams} datagrams`}, the largest ${largest} bytes`;

/** Alerts and the outcome: what it came to. */
function endDifferences(a: Compared, b: Compared): Difference[] {
  const last = ({ handshake }: Compared): PacketNumber | undefined => handshake.datagrams.at(-1)?.packet;
  const place = { weight: 'real', from: undefined, flight: undefined, message: undefined, occurrence: 1 } as const;
  const [alertsA, alertsB] = [alertsText(a.handshake), alertsText(b.handshake)];
  const where = ({ alerts }: Handshake): PacketNumber | undefined =>
    alerts.find(({ level }) => level === 2)?.where?.packet;
  return [
    ...(alertsA === alertsB
      ? []
      : [
          {
            ...place,
            field: 'fatal alerts',
            a: alertsA,
            b: alertsB,
            packets: { a: where(a.handshake), b: where(b.handshake) },
          },
        ]),
    ...(a.diagnosis.outcome === b.diagnosis.outcome
      ? []
      : [
          {
            ...place,
            field: 'outcome',
            a: a.diagnosis.outcome,
            b: b.diagnosis.outcome,
            packets: { a: last(a), b: last(b) },
          },
        ]),
  ];
}

const alertsText = ({ alerts }: Handshake): string =>
  alerts
    .filter(({ readable, level }) => readable && level === 2)
    .map(({ from, description }) => `${alertName(description)} of the ${from}`)
    .join(', ') || 'none';
