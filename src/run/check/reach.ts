/**
 * Finding out how a peer can be talked to at all, so that each check tries one thing and fails for that alone: first with
 * the offer of a browser of today, then with the smallest hello, then with one thing less at a time.
 */
import type { DatagramView, FlightView, Handshake } from '../../analysis/model.ts';
import type { EndpointConfig } from '../../engine/api.ts';
import type { Options } from '../../scenario/index.ts';
import type { Experiment, Known, Made, Path } from './model.ts';

/** Groups without the hybrid, whose share fills a datagram. */
const smallGroups = [29, 23, 24];
const hybrid = 4588;

/** One way to talk: what it leaves out that a browser's would have. */
export interface Way {
  readonly what: string;
  readonly set: Partial<Options>;
  readonly adjust?: (config: EndpointConfig) => EndpointConfig;
}

export interface Reached {
  /** Why no check has a place with this peer. */
  readonly unfit?: string;
  readonly known: Known | undefined;
  /** What all later trials are made with. */
  readonly way: Way;
  readonly ways: readonly Made[];
}

const without13 = (options: Options): boolean => !options.versions.includes('1.3');

/** `make` makes a trial of a way. `single`: there can be one trial and no more. */
export async function reach(
  options: Options,
  { signalled, single }: { readonly signalled: boolean; readonly single: boolean },
  make: (experiment: Experiment) => Promise<Made>,
): Promise<Reached> {
  const ways: Made[] = [];
  const attempt = async (way: Way): Promise<Made> => {
    const made = await make(way);
    ways.push(made);
    return made;
  };
  const groups = options.groups.filter((group) => group !== hybrid);
  const browsers = 'the offer of a browser of today';
  const claiming = await make({ what: browsers, set: {} });
  // Trials claim the client's part. An offer should leave the choice to the peer (RFC 8842 §5.2), and some take no other.
  const open = options.setup === 'actpass' && signalled && !single && refusesOffer(claiming);
  const shared: Partial<Options> = open ? { setup: 'actpass' } : {};
  const modern = open ? await make({ what: `${browsers}, which leaves the DTLS role to it`, set: shared }) : claiming;
  ways.push(modern);
  const small: Way = {
    what: 'a small hello',
    set: { ...shared, groups: groups.length > 0 ? groups : smallGroups },
  };
  // Nobody listens there: more of the same would change nothing.
  if (modern.outcome === 'refused' || modern.outcome === 'no-ice' || modern.outcome === 'interrupted')
    return { known: undefined, way: small, ways };
  if (isOurs(modern, 'server'))
    return { known: undefined, way: small, ways, unfit: open ? takesOnlyClient : takesClient };
  const [only] = modern.handshakes;
  if (single) {
    const known = modern.established && only ? knownOf(modern, modern, ways, signalled, only.handshake) : undefined;
    return { known, way: { what: modern.what, set: {} }, ways };
  }
  for (const way of [small, ...fallbacks(options, small)]) {
    const base = await attempt(way);
    if (base.established && base.handshakes[0])
      return { known: knownOf(base, modern, ways, signalled, base.handshakes[0].handshake), way, ways };
  }
  return { known: undefined, way: small, ways };
}

const takesClient = 'it takes the client’s part, and these are checks of servers';
const takesOnlyClient =
  'it takes the client’s part where an offer leaves the choice, and refuses one that does not; these are checks of servers. See whether it can be told to answer passive';

/** Whether signalling works, and this offer is not what the peer takes. A server may say so with its own failure. */
const refusesOffer = ({ outcome, trace }: Made): boolean =>
  outcome === 'refused' &&
  trace.events.some(
    (event) =>
      event.kind === 'signalling' &&
      event.fact.kind === 'http' &&
      event.fact.method === 'POST' &&
      [400, 406, 422, 500].includes(event.fact.status ?? 0),
  );

/** Whether we played this part: what is ours says so. */
const isOurs = ({ trace }: Made, role: 'client' | 'server'): boolean =>
  trace.events.some((event) => event.kind === 'datagram' && event.contents !== undefined && event.from === role);

function fallbacks(options: Options, small: Way): readonly Way[] {
  const trusting = { what: 'no look at its fingerprint', adjust: trustAll };
  const ownRecords = { what: 'a record for each message', adjust: apart };
  const noCertificate = { what: 'no certificate of ours', adjust: bare };
  const only12 = without13(options) ? [] : [{ what: 'DTLS 1.2 alone', set: { versions: ['1.2'] as const } }];
  const old = {
    what: 'what is weak as well',
    set: { versions: ['1.2', '1.0'], allowWeak: true, suites: everySuite, sigalgs: everyScheme } as const,
  };
  return [
    ...[trusting, ownRecords, noCertificate].map((way) => ({ ...way, set: small.set })),
    ...only12.map((way) => ({ ...way, set: { ...small.set, ...way.set } })),
    ...only12.map((way) => ({
      what: `${way.what}, and ${noCertificate.what}`,
      set: { ...small.set, ...way.set },
      adjust: bare,
    })),
    { ...old, set: { ...small.set, ...old.set } },
  ];
}

const trustAll = (config: EndpointConfig): EndpointConfig => ({ ...config, trust: { kind: 'any' } });
/** Under keys of DTLS 1.3, a record for each message. */
export const apart = (config: EndpointConfig): EndpointConfig => ({ ...config, sharedRecords: false });
export const bare = (config: EndpointConfig): EndpointConfig => ({ ...config, credentials: [] });

function knownOf(base: Made, modern: Made, ways: readonly Made[], signalled: boolean, handshake: Handshake): Known {
  const { parameters } = handshake;
  const version = (['1.3', '1.2', '1.0'] as const).find((one) => one === parameters.version) ?? '1.2';
  const asked = handshake.flights.some(({ messages }) => messages.some((name) => cookieNames.has(name)));
  return { base, modern, ways, version, cookie: asked && parameters.cookie, signalled, plan: pathOf(handshake) };
}

const cookieNames = new Set(['hello_verify_request', 'hello_retry_request']);

/** Which datagrams of each direction are which part of a handshake. */
export function pathOf(handshake: Handshake): Path {
  const inOrder = [...handshake.datagrams].sort((a, b) => a.packet - b.packet);
  const ours = inOrder.filter(({ from }) => from === 'client');
  const its = inOrder.filter(({ from }) => from === 'server');
  const begins = its.find((datagram) => names(datagram).has('server_hello'));
  const main = handshake.flights.find(({ from, messages }) => from === 'server' && messages.includes('server_hello'));
  const mainPackets = new Set(main?.packets);
  const finished = handshake.flights.find(({ from, messages }) => from === 'client' && messages.includes('finished'));
  const finishedAt = Math.min(...(finished?.packets ?? [Number.POSITIVE_INFINITY]));
  const lastOurs = Math.max(0, ...(finished?.packets ?? []));
  const established = handshake.establishedAt ?? Number.POSITIVE_INFINITY;
  const numbers = (wanted: (datagram: DatagramView) => boolean): readonly number[] =>
    its.flatMap((datagram, index) => (wanted(datagram) ? [index + 1] : []));
  const before = begins?.packet ?? Number.POSITIVE_INFINITY;
  const [first] = ours;
  const answered = its[0];
  return {
    oursBefore: ours.filter(({ packet }) => packet < before).length,
    ours: ours.filter(({ packet }) => packet <= lastOurs).length,
    its: {
      cookie: numbers(({ packet }) => packet < before),
      main: numbers(({ packet }) => mainPackets.has(packet)),
      last: numbers(({ packet, at }) => packet > finishedAt && at <= established && !mainPackets.has(packet)),
    },
    roundTripMs: first && answered ? Math.max(0, answered.at - first.at) : 0,
  };
}

const names = ({ records }: DatagramView): ReadonlySet<string> =>
  new Set(records.flatMap(({ fragments }) => fragments.map(({ name }) => name)));

/** The flights of a side, in order. */
export const flightsOf = (handshake: Handshake, from: 'client' | 'server'): readonly FlightView[] =>
  handshake.flights.filter((flight) => flight.from === from);

/** What the engine can run, the weak included. */
export const everySuite: readonly number[] = [
  0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xcca9, 0xcca8, 0xc02c, 0xc030, 0xc009, 0xc013, 0xc00a, 0xc014, 0x009c,
  0x009d, 0x002f, 0x0035,
];
export const everyScheme: readonly number[] = [
  0x0403, 0x0503, 0x0603, 0x0807, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201,
];
