import type { DatagramView, Handshake } from '../../analysis/model.ts';
import type { Actor } from '../../trace/model.ts';
import { rule, type Says } from '../model.ts';
import { ethernetPayload, evidenceOf, storyOf } from '../story.ts';
import { capitalised, count, packetsText } from '../words.ts';
import { isUnsplit } from './flightUnsplit.ts';

export const datagramExceedsMtu = rule(
  {
    id: 'datagram-exceeds-mtu',
    title: 'A datagram is larger than the path or its sender’s own MTU',
    signature: `The link refused a datagram as too large; or one record alone makes a UDP payload above ${ethernetPayload} bytes; or a side that cuts its messages at one size sends a larger datagram.`,
    doc: {
      why: 'A datagram that is larger than the path is dropped, or cut into IP fragments, which many NATs and firewalls drop. A side that cuts its messages at one size and then sends a larger datagram did not ask for the MTU there.',
      fix: "Set the sender's MTU to what the path carries (1200 is what browsers use).",
    },
    see: 'RFC 6347 §4.1.1.1',
  },
  (handshake) => {
    const refused = byLink(handshake);
    const large = handshake.datagrams.filter((datagram) => datagram.size > ethernetPayload && !isUnsplit(datagram));
    return [
      ...(refused ? [refused] : []),
      ...(large.length > 0 && !refused ? [fragmentedByIp(large)] : []),
      ...(['client', 'server'] as const).flatMap((from) => aboveOwn(handshake, from)),
    ];
  },
);

function byLink(handshake: Handshake): Says | undefined {
  const refused = handshake.datagrams.filter(({ link }) => link.some(({ action }) => action.kind === 'too-large'));
  const [first] = refused;
  const action = first?.link.map((note) => note.action).find(({ kind }) => kind === 'too-large');
  if (!first || action?.kind !== 'too-large') return undefined;
  const largest = Math.max(...refused.slice(0, 1000).map(({ size }) => size));
  const ended = storyOf(handshake).stop.kind === 'too-large';
  return {
    severity: ended ? 'error' : 'warning',
    why: `${capitalised(count(refused.length, 'datagram'))} of the ${first.from} (the largest ${largest} bytes) did not fit a path that carries ${action.mtu} bytes of UDP payload: dropped${action.toldAt === undefined ? ' without a word' : ', and the sender was told'}.`,
    fix: `Set the ${first.from}'s MTU to ${action.mtu} or less; a stack that repeats the same large datagram should make smaller ones instead (RFC 6347 §4.1.1.1).`,
    evidence: evidenceOf(refused),
  };
}

const fragmentedByIp = (large: readonly DatagramView[]): Says => ({
  severity: 'warning',
  why: `${capitalised(count(large.length, 'datagram'))} (${packetsText(large.map(({ packet }) => packet))}) with more than ${ethernetPayload} bytes of UDP payload: IP must fragment that, and many NATs and firewalls drop IP fragments.`,
  fix: 'Set an MTU (1200 is what browsers use), so that the message is cut into several records.',
  evidence: evidenceOf(large),
});

/** A side that cuts messages shows the size it cuts at; what is larger did not ask for the MTU. */
function aboveOwn(handshake: Handshake, from: Actor): Says[] {
  const own = handshake.datagrams.filter((datagram) => datagram.from === from && datagram.flight !== undefined);
  const sizes = new Map<number, number>();
  for (const { size, records } of own) if (holdsPart(records)) sizes.set(size, (sizes.get(size) ?? 0) + 1);
  const [size, times] = [...sizes].sort((a, b) => b[1] - a[1] || b[0] - a[0])[0] ?? [0, 0];
  if (times < fullDatagrams) return [];
  // What was larger before the first of that size is no lapse: a sender that gets no answer makes smaller ones.
  const since = own.find((datagram) => datagram.size === size)?.at ?? 0;
  const above = own.filter(
    (datagram) => datagram.size > size && datagram.size <= ethernetPayload && datagram.at >= since,
  );
  if (above.length === 0) return [];
  const largest = Math.max(...above.slice(0, 1000).map((datagram) => datagram.size));
  return [
    {
      severity: 'warning',
      why: `The ${from} cuts its messages at ${size} bytes a datagram (${count(times, 'datagram')} of just that size), but ${packetsText(above.map(({ packet }) => packet))} ${above.length === 1 ? 'has' : 'have up to'} ${largest}. On a path that carries no more than ${size} bytes it would vanish, and with it the whole flight.`,
      fix: `Set the ${from}'s MTU at least ${largest - size} bytes below what the path carries; OpenSSL does this with the flight that ends in Finished.`,
      evidence: evidenceOf(above),
    },
  ];
}
function holdsPart(records: DatagramView['records']): boolean {
  for (const { fragments } of records) for (const { length, total } of fragments) if (length < total) return true;
  return false;
}

/** So many datagrams of one size are a limit, and no accident. */
const fullDatagrams = 3;
