/**
 * From a form's request to a run: reads the options, makes the certificate, finds the peer's address, opens the socket,
 * starts the driver. Whatever goes wrong before the first datagram is an answer that names the option, not a run.
 */
import type { RandomSource } from '../src/base/random.ts';
import { BridgeError, type BridgeFailure, type RunRequest } from '../src/bridge/panel.ts';
import type { Credential } from '../src/crypto/keys.ts';
import type { CryptoProvider } from '../src/crypto/provider.ts';
import { checkConfig, type EndpointConfig } from '../src/engine/index.ts';
import { readDescription, unusableBecause } from '../src/ice/sdp.ts';
import type { Trial } from '../src/run/check/index.ts';
import {
  announcedFingerprints,
  askedOfPath,
  type BorrowedSignalling,
  type Clock,
  configFor,
  type Fetch,
  findSignalledPath,
  findTurnPath,
  headerFor,
  type PathNews,
  type PathRunSpec,
  type Run,
  type Settled,
  type Signalling,
  signalledConfig,
  simulatedCredentials,
  simulatedRun,
  simulationFor,
  startPathRun,
  startRun,
  type Transport,
  textSignalling,
  turnCredentials,
  whipSignalling,
} from '../src/run/index.ts';
import {
  describeProblem,
  formatAddress,
  isSignalled,
  type Options,
  parseBind,
  readForm,
  type Scenario,
  type SignalledTarget,
} from '../src/scenario/index.ts';
import { Carried } from './carried.ts';
import { credentialsFor } from './credentials.ts';
import { type HelperLink, HelperRefused, HelperUnavailable } from './helperLink.ts';
import { openHelperTransport, splitAddress } from './helperTransport.ts';
import { type OpenOwnStack, startOwnStackRun } from './ownStack.ts';
import type { StandInSession } from './page/standInSession.ts';

export interface StartEnvironment {
  readonly helper: Pick<HelperLink, 'resolve' | 'open' | 'toLocal'>;
  readonly clock: Clock;
  /** Wall clock, ms since 1970. */
  readonly wallClock: () => number;
  readonly crypto: CryptoProvider;
  readonly random: RandomSource;
  readonly subtle: SubtleCrypto;
  /** For the servers of whip: and whep: alone. */
  readonly fetch: Fetch;
  /** For the target browser. */
  readonly ownStack: OpenOwnStack;
  /** Begins to wait for a tab's next connection. */
  readonly standIn: (tab: number) => StandInSession;
  /** "dtlscope 0.1.0". */
  readonly tool: string;
}

/** Starts a run; rejects with a `BridgeError`. */
export async function startRequest(
  request: RunRequest,
  environment: StartEnvironment,
  carried = new Carried(),
): Promise<Run> {
  const read = readForm('probe', request.target, request.options);
  if (!read.ok) {
    const problems = read.problems.map((problem) => ({ option: problem.where, message: describeProblem(problem) }));
    throw invalid(problems);
  }
  const { description: given, tab } = request;
  return startScenario(read.value, environment, { carried, given, tab });
}

/** What a run may have beside its scenario. */
export interface Besides {
  readonly carried?: Carried;
  /** The peer's offer, pasted. */
  readonly given?: string | undefined;
  /** The tab that the panel inspects. */
  readonly tab?: number | undefined;
  /** The last word about our endpoint's settings. */
  readonly adjust?: ((config: EndpointConfig) => EndpointConfig) | undefined;
  /** What else a trial of a check does with its run. */
  readonly drive?: Trial['drive'] | undefined;
}

/** Starts the run of a scenario; rejects with a `BridgeError`. */
export async function startScenario(
  scenario: Scenario,
  environment: StartEnvironment,
  { carried = new Carried(), ...besides }: Besides = {},
): Promise<Run> {
  try {
    return await begin(scenario, { ...environment, ...besides, carried });
  } catch (error) {
    if (error instanceof BridgeError) throw error;
    if (error instanceof HelperUnavailable) {
      throw failure({ code: 'helper-unavailable', message: 'The helper is not ready.', helper: error.status });
    }
    const why = error instanceof Error ? error.message : String(error);
    // The engine's word for settings that cannot work together.
    if (error instanceof RangeError) throw failure({ code: 'invalid-request', message: why });
    throw failure({ code: 'start-failed', message: why });
  }
}

/** Our certificates as options ask for them. Rejects with a `BridgeError`. */
export async function madeCredentials(
  options: Options,
  { subtle, random, wallClock }: Pick<StartEnvironment, 'subtle' | 'random' | 'wallClock'>,
): Promise<readonly Credential[]> {
  const made = await credentialsFor(options, { subtle, random, now: wallClock() });
  if (made.ok) return made.credentials;
  throw invalid([{ option: made.option, message: `${made.option}: ${made.why}` }]);
}

interface BeginEnvironment extends StartEnvironment, Besides {
  readonly carried: Carried;
}

async function begin(scenario: Scenario, environment: BeginEnvironment): Promise<Run> {
  const { options, target } = scenario;
  if (target?.kind === 'page' && environment.tab === undefined)
    throw invalid([{ option: 'TARGET', message: 'TARGET: page needs a panel that inspects one' }]);
  const { crypto, clock, random, wallClock, tool } = environment;
  if (target === undefined) throw invalid([{ option: 'TARGET', message: 'TARGET: is missing' }]);
  const credentials = (): Promise<readonly Credential[]> => madeCredentials(options, environment);
  if (target.kind === 'sim') {
    const { ours, theirs } = await simulatedCredentials(options, crypto, credentials);
    return simulatedRun(simulationFor(scenario, tool, ours, theirs, crypto));
  }
  const own = await credentials();
  const spec = {
    header: headerFor(scenario, tool, wallClock()),
    rules: options.link,
    seed: options.seed,
    clock,
    crypto,
    random,
    lingerMs: options.linger,
    timeoutMs: options.timeout,
    steps: options.steps,
    ...environment.drive,
  };
  const { adjust = untouched } = environment;
  if (isSignalled(target))
    return target.kind === 'browser'
      ? beginOwnStack(options, own, spec, environment)
      : beginSignalled(target, options, own, spec, environment);
  const config = adjust(configFor(options, own));
  checkConfig(config);
  if (options.turn !== undefined) {
    const peer = await find('TARGET', target, undefined, environment);
    const server = await reach('--turn', options.turn, options.bind, environment);
    const relay = {
      server,
      credentials: turnCredentials(options.turn),
      peer: formatAddress(peer.address, target.port),
    };
    return startPathRun({
      ...spec,
      find: (search) => findTurnPath({ ...relay, config, crypto, random }, search),
    });
  }
  const transport = await reach('TARGET', target, options.bind, environment);
  try {
    return startRun({ ...spec, config, transport });
  } catch (error) {
    transport.close();
    throw error;
  }
}

const untouched = (config: EndpointConfig): EndpointConfig => config;

type CarriedTarget = Exclude<SignalledTarget, { readonly kind: 'browser' }>;

/** A media server that is asked over HTTP, whoever's description a person carries over, or a page that speaks to its own. */
async function beginSignalled(
  target: CarriedTarget,
  options: Options,
  credentials: readonly Credential[],
  spec: Omit<PathRunSpec, 'find'>,
  environment: BeginEnvironment,
): Promise<Run> {
  const { fetch, helper, crypto, random, clock, carried, given } = environment;
  const why = target.kind === 'sdp' && given !== undefined ? unusableBecause(given, 'offer') : undefined;
  if (why !== undefined) throw invalid([{ option: 'description', message: why }]);
  const { adjust = untouched } = environment;
  const { config: own, fingerprints } = announcing(options, credentials, crypto);
  const config = (settled: Settled): EndpointConfig => adjust(own(settled));
  const relay = options.turn && {
    transport: await reach('--turn', options.turn, options.bind, environment),
    credentials: turnCredentials(options.turn),
  };
  const hosts = relay ? [] : await hostsFor(target, options.bind, environment);
  const carrier = target.kind === 'page' ? environment.standIn(environment.tab ?? 0) : target;
  const signalling = (tell: (news: PathNews) => void): Signalling | BorrowedSignalling => {
    if ('borrow' in carrier) {
      carrier.onTell(tell);
      return carrier;
    }
    if (carrier.kind === 'sdp')
      return textSignalling({
        ...{ offer: given, tell },
        show: (ours) => carried.show(ours),
        answer: (ended) => carried.wait(ended),
      });
    return whipSignalling({ kind: carrier.kind, url: carrier.url, token: options.token, fetch, clock, tell });
  };
  const run = startPathRun({
    ...spec,
    find: (search) =>
      findSignalledPath(
        {
          signalling,
          hosts,
          relay,
          ...askedOfPath(options, target),
          fingerprints,
          config,
          connect: (host, at) => reach('TARGET', { host, port: at }, options.bind, environment).catch(() => undefined),
          resolve: (host) =>
            helper.resolve(host).then(
              ([first]) => first?.address,
              () => undefined,
            ),
          crypto,
          random,
        },
        search,
      ),
  });
  if ('borrow' in carrier) carrier.onStop(() => run.stop());
  return run;
}

/** Where a page's peer can reach this machine, before anybody knows where that peer is. */
async function outwardAddresses(
  bind: string | undefined,
  environment: StartEnvironment,
): Promise<readonly Transport[]> {
  if (bind !== undefined) return ownAddresses(bind, environment);
  const found = await Promise.all([outward(4, environment), outward(6, environment)]);
  const hosts = found.filter((one) => one !== undefined);
  // Without any network there still is this machine.
  return hosts.length > 0 ? hosts : ownAddresses(bind, environment);
}

/**
 * A socket on the address that this machine has towards others; undefined when it has none. Asking the system for a route
 * sends nothing; the addresses are kept for documentation (RFC 5737, RFC 3849), so nobody has them.
 */
async function outward(family: 4 | 6, environment: StartEnvironment): Promise<Transport | undefined> {
  const host = family === 4 ? '192.0.2.1' : '2001:db8::1';
  try {
    const transport = await reach('--bind', { host, port: discard }, undefined, environment);
    if (!/^(0\.0\.0\.0|127\.|\[::1?\])/.test(transport.local)) return transport;
    transport.close();
    return undefined;
  } catch (error) {
    if (error instanceof HelperUnavailable) throw error;
    return undefined;
  }
}

/** Settings of a side that signalling tells the peer about. Either role may come of it, so both have to be possible. */
function announcing(options: Options, credentials: readonly Credential[], crypto: CryptoProvider) {
  const config = signalledConfig(options, credentials);
  for (const role of ['client', 'server'] as const) checkConfig(config({ role, fingerprints: [], timerMs: undefined }));
  const fingerprints = announcedFingerprints(options, credentials, crypto);
  if (fingerprints) return { config, fingerprints };
  throw failure({ code: 'start-failed', message: 'There is no certificate to announce.' });
}

/** This browser's own stack, which comes to addresses of this machine. */
async function beginOwnStack(
  options: Options,
  credentials: readonly Credential[],
  spec: Omit<PathRunSpec, 'find'>,
  environment: StartEnvironment,
): Promise<Run> {
  const { crypto, random } = environment;
  const hosts = await ownAddresses(options.bind, environment);
  try {
    return await startOwnStackRun(environment.ownStack, spec, {
      ...announcing(options, credentials, crypto),
      ...{ hosts, setup: options.setup, preferred: options.role, crypto, random },
    });
  } catch (error) {
    for (const host of hosts) host.close();
    throw error;
  }
}

/** Loopback, and the address that this machine has towards others: Firefox does not go to 127.0.0.1. */
async function ownAddresses(bind: string | undefined, environment: StartEnvironment): Promise<readonly Transport[]> {
  const v6 = bind !== undefined && parseBind(bind)?.host.includes(':');
  const loopback = v6 ? '::1' : '127.0.0.1';
  const first = await reach('--bind', { host: loopback, port: discard }, bind, environment);
  if (bind !== undefined) return [first];
  const other = await outward(4, environment);
  return other ? [first, other] : [first];
}

/** A port that nothing is sent to (RFC 863). */
const discard = 9;

/** Hosts of a peer's description that ours are looked for. */
const mostPlaces = 4;
/** Extensions are not told this machine's addresses: ours are those from which the peer's are reached. */
async function hostsFor(
  target: CarriedTarget,
  bind: string | undefined,
  environment: BeginEnvironment,
): Promise<readonly Transport[]> {
  if (target.kind === 'page') return outwardAddresses(bind, environment);
  if (target.kind !== 'sdp') {
    const url = new URL(target.url);
    const port = Number(url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port);
    return [await reach('TARGET', { host: url.hostname.replace(/^\[|\]$/g, ''), port }, bind, environment)];
  }
  const told = readDescription(environment.given ?? '', 'offer').transports.flatMap(({ candidates }) =>
    candidates.filter(({ transport }) => transport === 'udp').map(({ address: host, port }) => ({ host, port })),
  );
  const places = [...new Map(told.map((place) => [place.host, place])).values()].slice(0, mostPlaces);
  if (places.length === 0) return ownAddresses(bind, environment);
  const hosts = new Map<string, Transport>();
  let failed: unknown;
  for (const place of places) {
    try {
      const host = await reach('TARGET', place, bind, environment);
      const ours = splitAddress(host.local)?.address ?? host.local;
      // The same address again is no other candidate; with a port of one's own it could not even be opened.
      if (hosts.has(ours)) host.close();
      else hosts.set(ours, host);
      if (bind !== undefined) break;
    } catch (error) {
      // A candidate may be of a network that this machine is not in; the others may do.
      if (error instanceof HelperUnavailable) throw error;
      failed ??= error;
    }
  }
  if (hosts.size === 0) throw failed;
  return [...hosts.values()];
}

/** The address of a host, of one family where that is asked for. */
async function find(
  option: string,
  { host }: { readonly host: string },
  family: 4 | 6 | undefined,
  { helper }: StartEnvironment,
): Promise<{ readonly address: string; readonly family: 4 | 6 }> {
  const addresses = await refusedFor(option, () => helper.resolve(host));
  const found = addresses.find((one) => family === undefined || one.family === family);
  if (found !== undefined) return found;
  const message =
    addresses.length === 0
      ? `${host} has no address`
      : `${host} has no IPv${family} address, which the local address needs`;
  throw failure({ code: 'start-failed', message, problems: [{ option, message }] });
}

async function reach(
  option: string,
  place: { readonly host: string; readonly port: number },
  bind: string | undefined,
  environment: StartEnvironment,
) {
  const local = bind === undefined ? undefined : parseBind(bind);
  const localFamily = local && (local.host.includes(':') ? 6 : 4);
  const found = await find(option, place, localFamily, environment);
  return refusedFor(local === undefined ? option : '--bind', () =>
    openHelperTransport(environment.helper, {
      family: found.family,
      bind: local?.host,
      port: local?.port,
      peer: { address: found.address, port: place.port },
    }),
  );
}

/** What the helper refuses is told beside the option that asked for it. */
async function refusedFor<T>(option: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof HelperRefused)) throw error;
    const message = `${error.message} (helper error ${error.code})`;
    throw failure({ code: 'start-failed', message, problems: [{ option, message }] });
  }
}

const failure = (what: BridgeFailure): BridgeError => new BridgeError(what);
const invalid = (problems: NonNullable<BridgeFailure['problems']>): BridgeError =>
  failure({ code: 'invalid-request', message: problems.map(({ message }) => message).join('\n'), problems });
