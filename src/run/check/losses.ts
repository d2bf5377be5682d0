/** Checks over a path that loses, doubles and reorders. */
import type { DatagramView } from '../../analysis/model.ts';
import type { Options } from '../../scenario/index.ts';
import type { Check, Known, Lab, Made, Verdict } from './model.ts';
import { drop, errorsOf, fail, handshakeOf, pass, range, script, verdictOf } from './verdicts.ts';

/** Datagrams that are lost in turn, at most; three times as many with `--thorough`. */
const most = 8;
/** What our flights are cut for, so that the last one needs several datagrams. Bytes */
export const narrowMtu = 200;

type Small = Partial<Options> & Pick<Options, 'mtu'>;

/** A handshake with small datagrams of ours: which of them are which. */
export const narrow = (lab: Lab): Promise<Made> =>
  lab.shared('narrow', async () => {
    const cutFor = (set: Small): Promise<Made> => lab.try({ what: `datagrams of ${set.mtu} bytes`, set });
    const whole = withWholeHello(lab.known);
    if (lab.resultOf('hello-fragments') === 'fail') return cutFor(whole);
    const made = await cutFor({ mtu: narrowMtu });
    return made.established || whole.mtu <= narrowMtu ? made : cutFor(whole);
  });

/** The options that made the datagrams of such a handshake small. */
export const narrowed = ({ scenario: { options } }: Made): Small => ({ mtu: options.mtu, certGen: options.certGen });

/** A peer that reads no hello in fragments gets it whole, and a certificate that is cut. */
function withWholeHello({ base }: Known): Small {
  const hellos = (handshakeOf(base)?.datagrams ?? []).filter(
    ({ from, records }) =>
      from === 'client' && records.some(({ fragments }) => fragments.some(({ name }) => name === 'client_hello')),
  );
  const mtu = Math.max(narrowMtu, ...hellos.map(({ size }) => size));
  const { certGen, cert } = base.scenario.options;
  if (cert.length > 0) return { mtu };
  return { mtu, certGen: `${certGen?.split(',')[0] ?? 'ecdsa-p256'},size=${5 * mtu}` };
}

/** The numbers of the datagrams of our last flight, in the order of a trial; undefined where there are less than two. */
export function ownFlight(made: Made): readonly number[] | undefined {
  const handshake = handshakeOf(made);
  const flight = handshake?.flights.find(({ from, messages }) => from === 'client' && messages.includes('finished'));
  const ours = handshake?.datagrams.filter(({ from }) => from === 'client') ?? [];
  const numbers = ours.flatMap(({ packet, attempt }, index) =>
    attempt === 0 && flight?.packets.includes(packet) ? [index + 1] : [],
  );
  return numbers.length > 1 ? numbers : undefined;
}

export const lossChecks: readonly Check[] = [
  {
    id: 'own-losses',
    group: 'losses',
    title: 'each datagram of ours may be lost once',
    demand: 'MUST',
    see: 'RFC 6347 §4.2.4, RFC 9147 §5.8.1',
    how: `a handshake for each of our datagrams, at most ${most}, without it`,
    findings: ['flight-lost'],
    cost: { handshakes: most, datagrams: 200, seconds: 34 },
    more: true,
    run: (lab) => each(lab, 'out', range(1, lab.known.plan.ours), 'ours'),
  },
  {
    id: 'its-losses',
    group: 'losses',
    title: 'each datagram of its flight may be lost once',
    demand: 'MUST',
    see: 'RFC 6347 §4.2.4, RFC 9147 §5.8.1',
    how: `a handshake for each datagram of its flight, at most ${most}, without it`,
    findings: ['flight-lost'],
    cost: { handshakes: most, datagrams: 200, seconds: 34 },
    more: true,
    unless: (known, resultOf) => unlessRepeats(known, resultOf),
    run: (lab) => each(lab, 'in', lab.known.plan.its.main, 'its'),
  },
  {
    id: 'duplicates',
    group: 'losses',
    title: 'every datagram may come twice',
    demand: 'MUST',
    see: 'RFC 6347 §4.1.2.6',
    how: 'a handshake in which every datagram is delivered twice',
    findings: ['interleaved-handshakes', 'finished-decrypt-failure'],
    cost: { handshakes: 1, datagrams: 40, seconds: 5 },
    unless: unlessFailed('cookie-stable', 'repeated-hello', 'repeats-hashed-once'),
    run: async (lab) => {
      const made = await lab.try({
        what: 'every datagram twice',
        set: { link: [script(undefined, { kind: 'duplicate' }, undefined)] },
      });
      return made.established
        ? pass('it completes', { shown: [made] })
        : fail(verdictOf(made), { findings: errorsOf(made), shown: [made] });
    },
  },
];

/** Passes when what overtook the datagrams of these numbers was of use: when none of it had to be sent again. */
export function withoutRepetition(made: Made, late: readonly number[]): Verdict {
  const ours = handshakeOf(made)?.datagrams.filter(({ from }) => from === 'client') ?? [];
  const pieces = ({ records }: DatagramView): readonly string[] =>
    records.flatMap(({ fragments }) => fragments.map(({ messageKey, offset }) => `${messageKey} ${offset}`));
  // An ACK may ask for the one that is late, before it is there (RFC 9147 §7.2); but for no other.
  const others = new Set(
    ours.filter((_, index) => !late.includes(index + 1)).flatMap((one) => (one.attempt === 0 ? pieces(one) : [])),
  );
  const again = ours.some((one) => one.attempt > 0 && pieces(one).some((piece) => others.has(piece)));
  if (made.established && !again) return pass('it puts them together', { shown: [made] });
  return made.established
    ? fail('what overtook was of no use to it: all of it had to be sent again, in order', { shown: [made] })
    : fail(verdictOf(made), { findings: errorsOf(made), shown: [made] });
}

type ResultOf = (id: string) => string | undefined;

/** What it does when a flight comes again decides all that needs it; that it does so wrongly is told by a check of its own. */
export function unlessRepeats({ plan }: Known, resultOf: ResultOf): string | undefined {
  if (plan.its.main.length === 0) return 'its flight could not be told from the rest';
  const told = ['retransmits', 'repeated-hello', 'resent-numbers', 'repeats-hashed-once'].find(
    (id) => resultOf(id) === 'fail',
  );
  return told && `a loss can only be mended by a repetition: see ${told}`;
}

/** The first of these checks that failed, and so would this one for the same reason. */
export function unlessFailed(...ids: readonly string[]): (known: Known, resultOf: ResultOf) => string | undefined {
  return (_, resultOf) => {
    const told = ids.find((id) => resultOf(id) === 'fail');
    return told && `it would fail for the same reason as ${told}`;
  };
}

async function each(lab: Lab, direction: 'out' | 'in', all: readonly number[], whose: string): Promise<Verdict> {
  const limit = lab.thorough ? most * 3 : most;
  const chosen = spread(all, limit);
  const made: Made[] = [];
  for (const number of chosen)
    made.push(
      await lab.try({
        what: `datagram ${number} of ${whose} is lost`,
        set: { link: [drop(direction, [number])], rto: 300 },
      }),
    );
  const bad = made.filter(({ established }) => !established);
  const [worst] = bad;
  const some = chosen.length < all.length ? `, of ${all.length}` : '';
  if (!worst) return pass(`${chosen.length} tried${some}, all complete`, { shown: made.slice(0, 1) });
  return fail(`${bad.length} of ${chosen.length} do not complete${some}; ${worst.what}: ${verdictOf(worst)}`, {
    findings: errorsOf(worst),
    shown: bad,
    numbers: { failed: bad.length, tried: chosen.length },
  });
}

/** The first and the last, and others evenly between them. */
function spread(all: readonly number[], limit: number): readonly number[] {
  if (all.length <= limit) return all;
  const step = (all.length - 1) / (limit - 1);
  return range(0, limit - 1).flatMap((index) => all[Math.round(index * step)] ?? []);
}
