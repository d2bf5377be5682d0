/**
 * What a probe needs before it starts: certificates, addresses, sockets. Whatever is wrong with them is known before
 * anything is sent; what starts can not fail.
 */
import { nobleProvider } from '../crypto/noble.ts';
import type { EndpointConfig } from '../engine/index.ts';
import {
  configFor,
  findTurnPath,
  givingSessions,
  simulatedCredentials,
  simulatedRun,
  simulationFor,
  startPathRun,
  startRun,
  turnCredentials,
} from '../run/index.ts';
import { formatAddress, type Scenario, type Target, type TurnServer } from '../scenario/index.ts';
import { type CredentialSource, credentialsFor, systemRandom } from './credentials.ts';
import { Exit, Stop } from './exit.ts';
import { checked, common, type Prepared, type Tampering, untouched, withPassword } from './prepared.ts';
import { tool } from './reading.ts';
import { ClientSessions } from './sessions.ts';
import { type Carry, prepareSignalled } from './signalled.ts';
import { openConnected, resolve } from './udp.ts';

/**
 * `carry` takes our description where a person brings it to the peer; `ours` gives the certificates; `sessions` are those of
 * the handshakes before; `tampering` is what a check does beside the options.
 */
export async function prepare(
  scenario: Scenario,
  carry: Carry,
  ours: CredentialSource = credentialsFor,
  sessions: ClientSessions = new ClientSessions(),
  tampering: Tampering = untouched,
): Promise<Prepared> {
  const { target, options } = scenario;
  switch (target?.kind) {
    case undefined:
    case 'sim':
      return prepareSimulation(scenario, ours);
    case 'udp':
      return options.turn === undefined
        ? prepareDirect(scenario, target, ours, sessions, tampering)
        : prepareRelayed(scenario, target, options.turn, ours, tampering);
    case 'sdp':
    case 'whip':
    case 'whep':
      return prepareSignalled(scenario, target, carry, ours, tampering);
    case 'browser':
      throw new Stop(
        Exit.usage,
        'The target browser is the WebRTC stack of the browser that DevTools is in, and a terminal has none.',
        'Choose the preset “This browser” in the DTLS tab of DevTools; or let a page of that browser come here: dtlscope serve --whip',
      );
    case 'page':
      throw new Stop(
        Exit.usage,
        'page is the next connection of a page that a browser shows, and a terminal has none.',
        'Run it from the DevTools panel; or probe the gateway itself: whip:URL, whep:URL or sdp:FILE.',
      );
  }
}

type UdpTarget = Extract<Target, { readonly kind: 'udp' }>;

async function prepareDirect(
  scenario: Scenario,
  target: UdpTarget,
  ours: CredentialSource,
  sessions: ClientSessions,
  { adjust, drive }: Tampering,
): Promise<Prepared> {
  const { options } = scenario;
  const config = checked(adjust(withSessions(configFor(options, await ours(options)), options.resume, sessions)));
  const transport = await openConnected(target.host, target.port, options.bind);
  const spec = common(scenario);
  return {
    header: spec.header,
    start: () => startRun({ ...spec, keep: sessions.keep, ...drive, config, transport }),
    abandon: () => transport.close(),
  };
}

/** A client goes on from the session before, a server gives one. */
function withSessions(config: EndpointConfig, resume: boolean, sessions: ClientSessions): EndpointConfig {
  if (!resume) return config;
  return config.role === 'client' ? sessions.settle(config) : { ...config, ...givingSessions(systemRandom(32)) };
}

async function prepareRelayed(
  scenario: Scenario,
  target: UdpTarget,
  turn: TurnServer,
  ours: CredentialSource,
  { adjust, drive }: Tampering,
): Promise<Prepared> {
  const { options } = scenario;
  const config = checked(adjust(configFor(options, await ours(options))));
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
        ...drive,
        find: (search) => findTurnPath({ server, credentials, peer, config, crypto, random }, search),
      }),
    abandon: () => server.close(),
  };
}

async function prepareSimulation(scenario: Scenario, source: CredentialSource): Promise<Prepared> {
  const { options } = scenario;
  const { ours, theirs } = await simulatedCredentials(options, nobleProvider, () => source(options));
  const spec = simulationFor(scenario, tool, ours, theirs, nobleProvider);
  checked(spec.client);
  checked(spec.server);
  return { header: spec.header, start: () => simulatedRun(spec), abandon: () => {} };
}
