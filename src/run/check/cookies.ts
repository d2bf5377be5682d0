/** Checks of the cookie exchange (RFC 6347 §4.2.1, RFC 9147 §5.1): of servers that are reached without ICE. */
import type { Crafted, Hand } from '../hand.ts';
import { alone, asksForCookie, helloIn, isSecond, Numbers, withOtherRandom } from './crafting.ts';
import type { Check, Known, Made } from './model.ts';
import { drop, fail, handshakeOf, mainFlight, ms, notApplicable, pass, sentBy, verdictOf } from './verdicts.ts';

const free = { handshakes: 0, datagrams: 0, seconds: 0 } as const;
/** What a server may send for each byte that it got from an address that is not proved (RFC 9147 §5.1). */
const amplification = 3;
/** Hellos of others, and the time between them. */
const others = 200;
const apartMs = 5;

const byIce = 'ICE proves its peers’ addresses';
const unlessAsked = ({ cookie, signalled }: Known): string | undefined =>
  cookie ? undefined : signalled ? byIce : 'it asks for no cookie';

export const cookieChecks: readonly Check[] = [
  {
    id: 'cookie-asked',
    group: 'cookies',
    title: 'it asks for a cookie before it does any work',
    demand: 'SHOULD',
    see: 'RFC 6347 §4.2.1, RFC 9147 §5.1',
    how: 'what answers the first ClientHello',
    findings: [],
    cost: free,
    judge: (known) => {
      if (!known) return notApplicable('there is no handshake to see it in');
      if (known.signalled) return notApplicable(byIce);
      return known.cookie
        ? pass('it does', { shown: [known.base] })
        : fail('it answers the first ClientHello with its whole flight', { shown: [known.base] });
    },
  },
  {
    id: 'amplification',
    group: 'cookies',
    title: 'it sends little to an address that is not proved',
    demand: 'SHOULD',
    see: 'RFC 9147 §5.1',
    how: 'the bytes that answer the first ClientHello, before a cookie came back, against its own',
    findings: [],
    cost: free,
    judge: (known) => {
      const handshake = known && handshakeOf(known.base);
      if (!known || !handshake) return notApplicable('there is no handshake to see it in');
      if (known.signalled) return notApplicable(byIce);
      const [hello, second] = handshake.flights.filter(({ from }) => from === 'client');
      const until = second?.sentAt ?? Number.POSITIVE_INFINITY;
      const size = (datagrams: ReturnType<typeof sentBy>): number => datagrams.reduce((sum, one) => sum + one.size, 0);
      const asked = size(sentBy(handshake, 'client').filter(({ packet }) => hello?.packets.includes(packet)));
      const got = size(sentBy(handshake, 'server').filter(({ at }) => at <= until));
      const factor = asked === 0 ? 0 : got / asked;
      const numbers = { bytesBefore: got, helloBytes: asked };
      const says = `${got} bytes for ${asked}, ${factor.toFixed(1)} times as many`;
      return factor <= amplification
        ? pass(says, { numbers, shown: [known.base] })
        : // DTLS 1.2 sets no limit.
          fail(says, { numbers, shown: [known.base], ...(known.version !== '1.3' && { demand: 'habit' }) });
    },
  },
  {
    id: 'cookie-repeat',
    group: 'cookies',
    title: 'it asks again when its request for a cookie is lost',
    demand: 'MUST',
    see: 'RFC 6347 §4.2.1',
    how: 'its first request is lost, and we repeat our hello after 300 ms',
    findings: ['peer-never-retransmits'],
    cost: { handshakes: 1, datagrams: 30, seconds: 5 },
    unless: unlessAsked,
    run: async (lab) => {
      const made = await lab.try({
        what: 'its request for a cookie is lost',
        set: { link: [drop('in', lab.known.plan.its.cookie)], rto: 300 },
      });
      return made.established ? pass('it does', { shown: [made] }) : fail(verdictOf(made), { shown: [made] });
    },
  },
  {
    id: 'cookie-stable',
    group: 'cookies',
    title: 'a cookie stays good when another was asked for',
    demand: 'SHOULD',
    see: 'RFC 6347 §4.2.1',
    how: 'our first hello goes out twice, and the first cookie is sent back',
    findings: ['cookie-not-stable'],
    cost: { handshakes: 1, datagrams: 20, seconds: 4 },
    unless: unlessAsked,
    run: async (lab) => {
      const made = await lab.try({
        what: 'two hellos, the first cookie',
        hand: firstCookie(twice),
        set: { timeout: 2500 },
      });
      const asked = countRequests(made);
      return made.established
        ? pass(asked > 1 ? 'the first of two is taken' : 'it answers a copy of the hello with nothing', {
            shown: [made],
          })
        : fail('the first cookie is refused once a second was given', { shown: [made] });
    },
  },
];

/** Made last: a server that has a place for a single client may not get over the hellos of others. */
export const crowdChecks: readonly Check[] = [
  {
    id: 'cookie-bound',
    group: 'cookies',
    title: 'a cookie is good for the client alone that it was given to',
    demand: 'SHOULD',
    see: 'RFC 6347 §4.2.1',
    how: 'a hello with a cookie again, from another port, and with another random',
    findings: [],
    cost: { handshakes: 2, datagrams: 20, seconds: 3 },
    unless: unlessAsked,
    run: async (lab) => {
      const { known } = lab;
      const second = known.base.trace.events.find(
        (event) => event.kind === 'datagram' && event.from === 'client' && isSecondHello(event.bytes),
      );
      if (second?.kind !== 'datagram') return notApplicable('its cookie goes back in more than one datagram');
      const again = (what: string, change: (bytes: Uint8Array) => Uint8Array): Promise<Made> =>
        lab.try({ what, hand: otherSecond(change), set: { timeout: 800, rto: 10_000 } });
      const elsewhere = await again('the cookie of another port', () => second.bytes);
      const other = await again('the cookie of another client', (bytes) => withOtherRandom(bytes, 1));
      const taken = (made: Made): boolean => mainFlight(handshakeOf(made)) !== undefined;
      if (taken(elsewhere) && taken(other))
        return fail('it is taken from another port, and with another random', { shown: [elsewhere, other] });
      const bound = [...(taken(elsewhere) ? [] : ['the port']), ...(taken(other) ? [] : ['what the hello says'])];
      return pass(`it is bound to ${bound.join(' and ')}`, { shown: [elsewhere, other] });
    },
  },
  {
    id: 'cookie-lasting',
    group: 'cookies',
    title: `a cookie stays good while ${others} others begin`,
    demand: 'SHOULD',
    see: 'RFC 6347 §4.2.1',
    how: `${others} hellos of other clients, ${apartMs} ms apart, before the cookie is sent back`,
    findings: ['cookie-not-stable'],
    cost: { handshakes: 2, datagrams: others + 40, seconds: 9 },
    unless: unlessAsked,
    run: async (lab) => {
      const waitMs = others * apartMs + 300;
      const crowd = (first: Uint8Array): readonly Crafted[] =>
        Array.from({ length: others }, (_, index) => ({
          bytes: withOtherRandom(first, index + 1),
          ...(index > 0 && { afterMs: index * apartMs }),
        }));
      const [made, rest] = await lab.beside(
        {
          what: 'the cookie comes back late',
          hand: firstCookie(late(waitMs)),
          // Time for the late hello to be lost once, and for a machine that has much to do.
          set: { rto: 3000, timeout: waitMs + 6000 },
        },
        { what: `${others} hellos of others`, hand: alone(crowd), set: { timeout: waitMs - 100, rto: 10_000 } },
        50,
      );
      const answered = countRequests(rest);
      return made.established
        ? pass(`it does, ${ms(waitMs)} later; ${answered} of the others were asked for one`, {
            shown: [made],
            numbers: { asked: answered },
          })
        : countRequests(made) > 1
          ? fail('another was asked for', { findings: ['cookie-not-stable'], shown: [made, rest] })
          : fail(`while others begin it does not go on: ${verdictOf(made)}`, { findings: [], shown: [made, rest] });
    },
  },
];

const isSecondHello = (bytes: Uint8Array): boolean => {
  const hello = helloIn(bytes);
  return hello !== undefined && isSecond(hello);
};

/** A cookie is asked for as it should be; the hello that has one is another, and nothing is said behind it. */
function otherSecond(change: (bytes: Uint8Array) => Uint8Array): Hand {
  let said = false;
  return {
    outgoing: (bytes) => {
      const hello = helloIn(bytes);
      if (said || !hello) return [];
      said = isSecond(hello);
      return [{ bytes: said ? change(bytes) : bytes }];
    },
    incoming: () => ({ taken: !said }),
  };
}

const countRequests = (made: Made): number =>
  made.trace.events.filter(
    (event) => event.kind === 'datagram' && event.from === 'server' && asksForCookie(event.bytes),
  ).length;

type Sends = (hello: { readonly bytes: Uint8Array; readonly second: boolean }) => readonly Crafted[];
const twice: Sends = ({ bytes, second }) => (second ? [{ bytes }] : [{ bytes }, { bytes }]);
const late =
  (waitMs: number): Sends =>
  ({ bytes, second }) =>
    second ? [{ bytes, afterMs: waitMs }] : [{ bytes }];

/** Our endpoint hears of the first cookie alone; hellos go out as `sends` says. */
function firstCookie(sends: Sends): Hand {
  let asked = false;
  // A copy is a repetition, and no replay.
  const numbers = new Numbers();
  return {
    outgoing: (bytes) => {
      const hello = helloIn(bytes);
      const sent = hello ? sends({ bytes, second: isSecond(hello) }) : [{ bytes }];
      return sent.map((one) => ({ ...one, bytes: numbers.renumbered(one.bytes) }));
    },
    incoming: (bytes) => {
      const again = asksForCookie(bytes) && asked;
      asked ||= asksForCookie(bytes);
      return { taken: !again };
    },
  };
}
