/** What `serve` opens for clients: DTLS over plain UDP, or a WebRTC gateway. */
import type { Credential } from '../crypto/keys.ts';
import { nodeProvider } from '../crypto/node/index.ts';
import { configFor, Gateway, givingSessions, headerFor, listen, type Run, signalledConfig } from '../run/index.ts';
import { optionTable, parseBind, type Scenario } from '../scenario/index.ts';
import { nodeClock } from './clock.ts';
import { systemRandom } from './credentials.ts';
import { Exit, Stop } from './exit.ts';
import { openGatewayServer } from './gatewayServer.ts';
import { announced, checked } from './prepared.ts';
import { tool } from './reading.ts';
import { openHosts } from './signalled.ts';
import { openListening } from './udp.ts';

/** As OpenSSL's s_server. */
export const defaultPort = 4433;
/** Of the gateway's HTTP server. */
export const defaultHttpPort = 4434;
const maxClients = 256;

/** What is open for clients. */
export interface Service {
  /** Lines that say where. */
  readonly says: readonly string[];
  stop(): void;
}
export interface Hearer {
  readonly began: (run: Run, client: string) => void;
  readonly gone: (why: string) => void;
}
/** Opens it; throws a `Stop` when it can not. `port` is what `--port` says. */
export type OpenService = (
  scenario: Scenario,
  credentials: readonly Credential[],
  port: number | undefined,
  hearer: Hearer,
) => Promise<Service>;

/** What runs of one server have in common. */
const shared = (scenario: Scenario) => ({
  rules: scenario.options.link,
  seed: scenario.options.seed,
  clock: nodeClock,
  crypto: nodeProvider,
  random: systemRandom,
  lingerMs: scenario.options.linger,
  timeoutMs: scenario.options.timeout,
  header: (client: string) => headerFor(scenario, tool, Date.now(), `client ${client}`),
});

export const openListener: OpenService = async (scenario, credentials, given, hearer) => {
  const { host, port } = addressOf(scenario.options.bind, given, defaultPort);
  const plain = configFor(scenario.options, credentials);
  const config = checked(scenario.options.resume ? { ...plain, ...givingSessions(systemRandom(32)) } : plain);
  const transport = await openListening(host, port);
  const { echo } = scenario.options;
  const listener = listen({ ...shared(scenario), ...hearer, config, transport, maxClients, echo });
  return { says: [`Listening on ${transport.local}`], stop: () => listener.stop() };
};

export const openGateway: OpenService = async (scenario, credentials, given, { began }) => {
  const { options } = scenario;
  const { host, port } = addressOf(options.bind, given, defaultHttpPort);
  const config = signalledConfig(options, credentials);
  for (const role of ['client', 'server'] as const) checked(config({ role, fingerprints: [], timerMs: undefined }));
  const token = options.token ?? process.env['DTLSCOPE_TOKEN'];
  const gateway = new Gateway({
    ...shared(scenario),
    // On the wildcard address, every one of this machine may be the one that a client reaches.
    open: () => openHosts(unspecified.has(host) ? undefined : host, true),
    setup: options.setup,
    fingerprints: announced(options, credentials),
    ...{ config, token, maxSessions: maxClients, began },
  });
  const server = await openGatewayServer(gateway, { host, port, wantsToken: token !== undefined });
  const { origin } = server;
  return {
    says: [`Listening on ${origin}/, a page to try it`, `WHIP ${origin}/whip`, `WHEP ${origin}/whep`],
    stop: () => server.stop(),
  };
};

const unspecified: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

function addressOf(
  bind: string | undefined,
  port: number | undefined,
  usual: number,
): { readonly host: string; readonly port: number } {
  const given = bind === undefined ? undefined : parseBind(bind);
  if (given && given.port !== 0 && port !== undefined && port !== given.port)
    throw new Stop(
      Exit.usage,
      `${optionTable.bind.flag} says port ${given.port}, --port says ${port}: give one of them.`,
    );
  return { host: given?.host ?? '127.0.0.1', port: port ?? (given?.port || usual) };
}
