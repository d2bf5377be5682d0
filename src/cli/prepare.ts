/**
 * What a probe needs before it starts: certificates, addresses, sockets. Whatever is wrong with them is known before
 * anything is sent; what starts can not fail.
 */
import { nobleProvider } from '../crypto/noble.ts';
import { nodeProvider } from '../crypto/node/index.ts';
import { checkConfig, type EndpointConfig } from '../engine/index.ts';
import {
  configFor,
  findTurnPath,
  headerFor,
  type Run,
  simulatedRun,
  simulationCredentials,
  simulationFor,
  startPathRun,
  startRun,
  turnCredentials,
} from '../run/index.ts';
import { formatAddress, type Scenario, type Target, type TurnServer } from '../scenario/index.ts';
import type { TraceHeader } from '../trace/model.ts';
import { nodeClock } from './clock.ts';
import { credentialsFor, systemRandom } from './credentials.ts';
import { Exit, Stop } from './exit.ts';
import { tool } from './reading.ts';
import { openConnected, resolve } from './udp.ts';

/** A run with everything at hand that it needs, so that starting it can not fail. */
export interface Prepared {
  readonly header: TraceHeader;
  readonly start: () => Run;
  /** Lets go of what a run that is not started would have closed. */
  readonly abandon: () => void;
}

export async function prepare(scenario: Scenario): Promise<Prepared> {
  const { target, options } = scenario;
  switch (target?.kind) {
    case undefined:
    case 'sim':
      return prepareSimulation(scenario);
    case 'udp':
      return options.turn === undefined
        ? prepareDirect(scenario, target)
        : prepareRelayed(scenario, target, options.turn);
    case 'sdp':
    case 'whip':
    case 'whep':
      throw new Stop(Exit.usage, `${target.kind}: can not be probed yet.`);
  }
}

type UdpTarget = Extract<Target, { readonly kind: 'udp' }>;

/** What every run over a network is started with. */
const common = (scenario: Scenario) => {
  const { options } = scenario;
  return {
    header: headerFor(scenario, tool, Date.now()),
    rules: options.link,
    seed: options.seed,
    clock: nodeClock,
    crypto: nodeProvider,
    random: systemRandom,
    lingerMs: options.linger,
    timeoutMs: options.timeout,
  };
};

async function prepareDirect(scenario: Scenario, target: UdpTarget): Promise<Prepared> {
  const { options } = scenario;
  const config = checked(configFor(options, await credentialsFor(options)));
  const transport = await openConnected(target.host, target.port, options.bind);
  const spec = common(scenario);
  return {
    header: spec.header,
    start: () => startRun({ ...spec, config, transport }),
    abandon: () => transport.close(),
  };
}

async function prepareRelayed(scenario: Scenario, target: UdpTarget, turn: TurnServer): Promise<Prepared> {
  const { options } = scenario;
  const config = checked(configFor(options, await credentialsFor(options)));
  const credentials = turnCredentials(withPassword(turn));
  const { address } = await resolve(target.host, undefined);
  const server = await openConnected(turn.host, turn.port, options.bind);
  const peer = formatAddress(address, target.port);
  const spec = common(scenario);
  const { crypto, random } = spec;
  return {
    header: spec.header,
    start: () =>
      startPathRun({
        ...spec,
        find: (search) => findTurnPath({ server, credentials, peer, config, crypto, random }, search),
      }),
    abandon: () => server.close(),
  };
}

/** A password that is not in the URL is in the environment, where neither history nor `ps` shows it. */
export function withPassword(turn: TurnServer): TurnServer {
  if (turn.username === undefined || turn.password !== undefined) return turn;
  const password = process.env['DTLSCOPE_TURN_PASSWORD'];
  if (password === undefined || password === '')
    throw new Stop(
      Exit.usage,
      '--turn has a user and no password.',
      'Write turn:USER:PASSWORD@HOST:PORT, or put the password into the environment as DTLSCOPE_TURN_PASSWORD.',
    );
  return { ...turn, password };
}

async function prepareSimulation(scenario: Scenario): Promise<Prepared> {
  const { options } = scenario;
  const { ours = await credentialsFor(options), theirs } = simulationCredentials(options);
  const spec = simulationFor(scenario, tool, ours, theirs, nobleProvider);
  checked(spec.client);
  checked(spec.server);
  return { header: spec.header, start: () => simulatedRun(spec), abandon: () => {} };
}

/** What the engine says of settings that no endpoint could work with is a mistake of the command line. */
export function checked(config: EndpointConfig): EndpointConfig {
  try {
    checkConfig(config);
    return config;
  } catch (error) {
    if (error instanceof RangeError) throw new Stop(Exit.usage, `These options can not work: ${error.message}.`);
    throw error;
  }
}
