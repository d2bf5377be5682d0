/** Checks of reassembly (RFC 6347 §4.2.3, RFC 9147 §5.5), mostly with the ClientHello: it is in the clear in every version. */
import { ContentType } from '../../wire/registry.ts';
import { answersClose, quiet, quietly } from './afterwards.ts';
import { cuttingHello, isProtected, joined, messagesIn, type Piece, withoutRepetitions } from './crafting.ts';
import { narrow, narrowed, narrowMtu, ownFlight, unlessFailed, withoutRepetition } from './losses.ts';
import type { Check, Known, Lab, Made, Status, Verdict } from './model.ts';
import { apart } from './reach.ts';
import {
  drop,
  errorsOf,
  fail,
  findingOf,
  handshakeOf,
  mainFlight,
  notApplicable,
  pass,
  range,
  script,
  unclear,
  verdictOf,
} from './verdicts.ts';

const free = { handshakes: 0, datagrams: 0, seconds: 0 } as const;
const hybrid = 4588;
/** Bytes of a fragment: the smallest hello needs two. */
const piece = 60;

const inPieces = (lab: Lab): Promise<Made> =>
  lab.shared('pieces', () => lab.try({ what: `fragments of ${piece} bytes`, set: { fragment: piece } }));

type Unless = (known: Known, resultOf: (id: string) => Status | undefined) => string | undefined;
const unlessPieces: Unless = (known, resultOf) =>
  resultOf('hello-fragments') === 'fail'
    ? 'it reads no ClientHello in fragments'
    : unlessFailed('version-across-fragments')(known, resultOf);

export const fragmentChecks: readonly Check[] = [
  {
    id: 'hello-fragments',
    group: 'fragments',
    title: 'it reads a ClientHello in fragments',
    demand: 'MUST',
    see: 'RFC 6347 §4.2.3, RFC 9147 §5.5',
    how: `every message of ours in fragments of ${piece} bytes`,
    findings: ['client-hello-fragmented-unanswered', 'cookie-then-silence'],
    cost: { handshakes: 1, datagrams: 40, seconds: 5 },
    run: async (lab) => {
      const made = await inPieces(lab);
      const handshake = handshakeOf(made);
      if (mainFlight(handshake)) return pass('it answers it', { shown: [made] });
      const asked = handshake?.flights.some(({ from }) => from === 'server');
      return asked && lab.known.cookie
        ? fail('it asks for a cookie, and says nothing to a hello in fragments that has it', {
            findings: ['cookie-then-silence'],
            shown: [made],
          })
        : fail('it does not answer it', { findings: ['client-hello-fragmented-unanswered'], shown: [made] });
    },
  },
  {
    id: 'hello-post-quantum',
    group: 'fragments',
    title: 'it takes the ClientHello that browsers send, which needs two datagrams',
    demand: 'MUST',
    see: 'RFC 6347 §4.2.3, RFC 9147 §5.5',
    how: 'the first trial: a post-quantum key share beside the usual one, at an MTU of 1200',
    findings: ['client-hello-fragmented-unanswered', 'cookie-then-silence', 'version-from-first-fragment'],
    cost: free,
    judge: postQuantum,
  },
  {
    id: 'version-across-fragments',
    group: 'fragments',
    title: 'it chooses the version by the whole ClientHello',
    demand: 'MUST',
    see: 'RFC 8446 §4.2.1, RFC 9147 §5.5',
    how: 'the version that is agreed when the hello comes in fragments, and when it does not',
    findings: ['version-from-first-fragment'],
    cost: { handshakes: 1, datagrams: 40, seconds: 5 },
    unless: ({ version, modern }, resultOf) => {
      if (version !== '1.3') return 'it agrees on no DTLS 1.3 in any case';
      return resultOf('hello-fragments') === 'fail' && !mainFlight(handshakeOf(modern))
        ? 'it reads no ClientHello in fragments'
        : undefined;
    },
    run: async (lab) => {
      const tried = [lab.known.modern, await inPieces(lab)];
      const wrong = tried.find((made) => findingOf(made, 'version-from-first-fragment') || agreesLess(made));
      if (wrong) return fail('with a hello in fragments it chooses DTLS 1.2', { shown: [wrong, lab.known.base] });
      const seen = tried.filter((made) => mainFlight(handshakeOf(made)));
      return seen.length > 0
        ? pass('it is DTLS 1.3 in both cases', { shown: seen })
        : unclear('it answers no such hello');
    },
  },
  {
    id: 'hello-reordered',
    group: 'fragments',
    title: 'the fragments of a ClientHello may come in any order',
    demand: 'MUST',
    see: 'RFC 6347 §4.2.3, RFC 9147 §5.5',
    how: 'the pieces of the hello, that with the cookie where there is one, last piece first',
    findings: ['reordering-stalls'],
    cost: { handshakes: 1, datagrams: 40, seconds: 5 },
    unless: unlessPieces,
    run: (lab) => cut(lab, 'a hello backwards', (length) => [...pieces(length, piece)].reverse()),
  },
  {
    id: 'hello-overlapping',
    group: 'fragments',
    title: 'the fragments of a ClientHello may overlap',
    demand: 'MUST',
    see: 'RFC 6347 §4.2.3, RFC 9147 §5.5',
    how: 'the pieces of the hello, each reaching back into the one before',
    findings: ['refragmented-retransmission'],
    cost: { handshakes: 1, datagrams: 40, seconds: 5 },
    unless: unlessPieces,
    run: (lab) =>
      cut(lab, 'a hello in fragments that overlap', (length) =>
        pieces(length, piece).map(({ offset, length: size }) => {
          const back = Math.min(offset, 30);
          return { offset: offset - back, length: size + back };
        }),
      ),
  },
  {
    id: 'hello-one-byte',
    group: 'fragments',
    title: 'a fragment may be one byte long',
    demand: 'MUST',
    see: 'RFC 6347 §4.2.3, RFC 9147 §5.5',
    how: 'the hello, that with the cookie where there is one, byte by byte, in a quarter of a second',
    findings: ['client-hello-fragmented-unanswered'],
    cost: { handshakes: 1, datagrams: 1500, seconds: 5 },
    unless: unlessPieces,
    run: (lab) => cut(lab, 'a hello byte by byte', (length) => pieces(length, 1)),
  },
  {
    id: 'hello-post-quantum-reordered',
    group: 'fragments',
    title: 'the two datagrams of that ClientHello may change places',
    demand: 'MUST',
    see: 'RFC 6347 §4.2.3, RFC 9147 §5.5',
    how: 'the first datagram of that hello, with the cookie where there is one, comes 60 ms late',
    findings: ['reordering-stalls'],
    cost: { handshakes: 1, datagrams: 40, seconds: 5 },
    unless: (known, resultOf) =>
      resultOf('hello-post-quantum') === 'pass' && (helloNumbers(known.modern)?.length ?? 0) > 1
        ? unlessFailed('timer-start', 'version-across-fragments')(known, resultOf)
        : 'it does not take that hello in order',
    run: async (lab) => {
      const [first = 1] = helloNumbers(lab.known.modern) ?? [];
      const { groups } = lab.known.modern.scenario.options;
      const made = await lab.try({
        what: 'the first datagram of a post-quantum hello comes last',
        set: { groups, rto: 1000, link: [script('out', { kind: 'delay', ms: 60 }, [first])] },
      });
      return withoutRepetition(made, [first]);
    },
  },
  {
    id: 'reordering',
    group: 'fragments',
    title: 'the fragments of our last flight may come in any order',
    demand: 'MUST',
    see: 'RFC 6347 §4.2.3, RFC 9147 §5.5',
    how: `our last flight in datagrams of ${narrowMtu} bytes, or as small as leaves the hello whole: the first comes after those in the middle, and its end stays last`,
    findings: ['reordering-stalls'],
    cost: { handshakes: 4, datagrams: 160, seconds: 19 },
    unless: unlessFailed('version-across-fragments'),
    run: async (lab) => {
      const before = await narrow(lab);
      if (!before.established) return unclear(`it does not complete with small datagrams: ${verdictOf(before)}`);
      const numbers = ownFlight(before) ?? [];
      const sent = handshakeOf(before)?.datagrams.filter(({ from }) => from === 'client') ?? [];
      // ChangeCipherSpec is no handshake message, and need not be kept until its time (RFC 6347 §4.2.4).
      const changes =
        sent.findIndex(({ records }) => records.some(({ type }) => type === ContentType.changeCipherSpec)) + 1;
      const [first, last = 0] = [numbers[0], numbers.at(-1)];
      const ends = range(changes > 0 ? Math.min(changes, last) : last, last);
      if (first === undefined || numbers.length - ends.length < 2)
        return notApplicable(`our last flight is a datagram or two${forNoCertificate(before)}`);
      const late = (held: readonly number[], by: number) => script('out', { kind: 'delay', ms: by }, held);
      const set = { ...narrowed(before), rto: 1000, link: [late([first], 60), late(ends, 120)] };
      const made = await lab.try({ what: 'our last flight in another order', set });
      const told = withoutRepetition(made, [first, ...ends]);
      if (told.status === 'pass') return told;
      // Ours also comes again because its own does: by a short timer, or as Erlang sends its own for a record that is early.
      // Where nothing of ours is repeated, what overtook is all that it has.
      const once = await lab.try({ what: 'the same, and nothing of it again', set, hand: withoutRepetitions });
      return once.established
        ? pass('it puts them together', { shown: [once, made] })
        : { ...told, shown: [...(told.shown ?? []), { made: once }] };
    },
  },
  {
    id: 'refragmented',
    group: 'fragments',
    title: 'a message may be cut in other places when it is sent again',
    demand: 'MUST',
    see: 'RFC 6347 §4.2.3, RFC 9147 §5.5',
    how: `a datagram of our last flight is lost, and the flight comes again in smaller fragments`,
    findings: ['refragmented-retransmission'],
    cost: { handshakes: 4, datagrams: 160, seconds: 19 },
    unless: unlessFailed('version-across-fragments'),
    run: async (lab) => {
      const before = await narrow(lab);
      if (!before.established) return unclear(`it does not complete with small datagrams: ${verdictOf(before)}`);
      const [, second] = ownFlight(before) ?? [];
      if (second === undefined) return notApplicable(`our last flight is a single datagram${forNoCertificate(before)}`);
      const made = await lab.try({
        what: 'our last flight comes again in other fragments',
        set: { ...narrowed(before), rto: 300, quirk: ['refragmented-resend'], link: [drop('out', [second])] },
      });
      if (made.established) return pass('it puts old and new fragments together', { shown: [made] });
      const same = await lab.try({
        what: 'our last flight comes again in the same fragments',
        set: { ...narrowed(before), rto: 300, link: [drop('out', [second])] },
      });
      return same.established
        ? fail(verdictOf(made), { findings: ['refragmented-retransmission'], shown: [made] })
        : fail(`it does not get over the loss with the same fragments either: ${verdictOf(same)}`, {
            findings: errorsOf(same),
            shown: [same],
          });
    },
  },
  {
    id: 'several-messages',
    group: 'fragments',
    title: 'a record may hold several messages',
    demand: 'MUST',
    see: 'RFC 6347 §4.2.3, RFC 5246 §6.2.1',
    how: 'the messages of our last flight in one record',
    findings: ['several-messages-in-record'],
    cost: { handshakes: 2, datagrams: 80, seconds: 10 },
    run: severalMessages,
  },
  {
    id: 'several-records',
    group: 'records',
    title: 'a datagram may hold several records',
    demand: 'MUST',
    see: 'RFC 6347 §4.1.1, RFC 9147 §4.3',
    how: 'the datagrams of ours with which it was reached',
    findings: [],
    cost: free,
    judge: (known) => {
      const full =
        known &&
        handshakeOf(known.base)?.datagrams.find(({ from, records }) => from === 'client' && records.length > 1);
      return full
        ? pass(`one with ${full.records.length} records was read`, { shown: [known.base] })
        : notApplicable(`our datagrams have one record each${known ? forNoCertificate(known.base) : ''}`);
    },
  },
];

/** Why our flight is so small, where it is for that: we send a Certificate only when we are asked for one. */
const forNoCertificate = (made: Made): string =>
  handshakeOf(made)?.messages.some(({ name, from }) => from === 'server' && name === 'certificate_request')
    ? ''
    : ': it asks for no certificate';

const pieces = (length: number, size: number): readonly Piece[] =>
  range(0, Math.ceil(length / size) - 1).map((index) => ({
    offset: index * size,
    length: Math.min(size, length - index * size),
  }));

async function cut(lab: Lab, what: string, how: (length: number) => readonly Piece[]): Promise<Verdict> {
  const made = await lab.try({ what, hand: cuttingHello(lab.known.cookie, how) });
  return mainFlight(handshakeOf(made))
    ? pass('it puts them together', { shown: [made] })
    : fail(`it does not answer it: ${verdictOf(made)}`, { shown: [made] });
}

/** The numbers of the datagrams of the hello that is answered with a ServerHello. */
function helloNumbers(made: Made): readonly number[] | undefined {
  const handshake = handshakeOf(made);
  const main = mainFlight(handshake);
  const hello = handshake?.flights.findLast(({ from, number }) => from === 'client' && number < (main?.number ?? 0));
  const ours = handshake?.datagrams.filter(({ from }) => from === 'client') ?? [];
  return hello && ours.flatMap(({ packet }, index) => (hello.packets.includes(packet) ? [index + 1] : []));
}

function postQuantum(known: Known | undefined): Verdict {
  if (!known) return notApplicable('there is no handshake to compare with');
  const { modern, base } = known;
  if (!modern.scenario.options.groups.includes(hybrid) || !modern.scenario.options.versions.includes('1.3'))
    return notApplicable('our options leave it out');
  if (modern.established)
    return pass(`it does, in DTLS ${handshakeOf(modern)?.parameters.version ?? ''}`, { shown: [modern] });
  if (base.number !== 2) return notApplicable('it takes no other hello of DTLS 1.3 either');
  return fail(verdictOf(modern), { findings: errorsOf(modern), shown: [modern, base] });
}

const agreesLess = (made: Made): boolean => {
  const version = handshakeOf(made)?.parameters.version;
  return version !== undefined && version !== '1.3';
};

async function severalMessages(lab: Lab): Promise<Verdict> {
  const { base, version, ways } = lab.known;
  if (version === '1.3') {
    if (base.what === 'a record for each message')
      return fail('it reads only the first of them', { shown: [ways[1] ?? base] });
    const full = handshakeOf(base)?.datagrams.some(
      ({ from, records }) => from === 'client' && records.some(({ fragments }) => fragments.length > 1),
    );
    if (!full) return notApplicable(`our last flight is a single message${forNoCertificate(base)}`);
    // An ACK is for a record, whatever of it was read: that all of it was shows when it says something afterwards.
    const together = await quiet(lab);
    if (answersClose(together)) return pass('it reads them all', { shown: [together] });
    const apartMade = await lab.try({ what: 'a record for each message', adjust: apart, ...quietly });
    return answersClose(apartMade)
      ? fail('it acknowledges the record, and is not done with the handshake', { shown: [together, apartMade] })
      : pass('it acknowledges the record that holds them', { shown: [together] });
  }
  let several = false;
  const made = await lab.try({
    what: 'several messages in a record',
    hand: {
      outgoing: (bytes) => {
        several ||= messagesIn(bytes) > 1;
        return [{ bytes: messagesIn(bytes) > 1 || isProtected(bytes) ? joined(bytes) : bytes }];
      },
    },
  });
  if (!several) return notApplicable(`our last flight has a single message in the clear${forNoCertificate(base)}`);
  return made.established
    ? pass('it reads them all', { shown: [made] })
    : fail(`it does not read them all: ${verdictOf(made)}`, { shown: [made] });
}
