/**
 * A peer in memory: our listener, with the quirks of the target, on a network that takes 10 ms each way and a clock that
 * jumps. Trials meet it through the same driver as any other peer, so that what a check says of a quirk it would say of a
 * gateway that has it.
 */
import { Prng } from '../../base/random.ts';
import { after } from '../../base/time.ts';
import type { Credential } from '../../crypto/keys.ts';
import type { CryptoProvider } from '../../crypto/provider.ts';
import { defaultConfig, type EndpointConfig } from '../../engine/index.ts';
import { type QuirkId, type Scenario, withQuirks } from '../../scenario/index.ts';
import type { Address } from '../../trace/model.ts';
import { bundledTestCredential } from '../../x509/bundled.ts';
import type { Run, Transport, TransportEvent } from '../api.ts';
import { VirtualClock } from '../clock.ts';
import { startRun } from '../driver.ts';
import { listen } from '../listener.ts';
import { announcedFor, configFor, headerFor, simulatedDelayMs } from '../scenario.ts';
import { simulatedAddress } from '../simulate.ts';
import { simulationCredentials } from '../simulationCredentials.ts';
import type { Ground, Trial } from './ground.ts';

export interface SimulatedGroundSpec {
  /** The peer is what the target says. */
  readonly scenario: Scenario;
  readonly tool: string;
  readonly crypto: CryptoProvider;
  /** Our certificates, where options ask for what no bundled key fills. */
  readonly credentials: (options: Scenario['options']) => Promise<readonly Credential[]>;
  /** Lets others have a turn: a simulation takes no time that a clock would notice. */
  readonly breathe: () => Promise<void>;
  /** What else the peer is, for tests. */
  readonly peer?: Partial<EndpointConfig>;
}

export function simulatedGround(spec: SimulatedGroundSpec): Ground {
  const { scenario, tool, crypto, credentials, breathe } = spec;
  const { target, options } = scenario;
  const quirks = target?.kind === 'sim' ? target.quirks : [];
  const clock = new VirtualClock();
  const prng = new Prng(options.seed);
  const sockets = new Map<Address, (event: TransportEvent) => void>();
  const socket = (local: Address, remote: Address): Transport => ({
    local,
    remote,
    listen: (hear) => void sockets.set(local, hear),
    send: (bytes, to) => {
      const at = after(clock.now(), simulatedDelayMs);
      const copied = bytes.slice();
      clock.schedule(at, () => sockets.get(to)?.({ kind: 'datagram', bytes: copied, from: local, at }));
    },
    close: () => void sockets.delete(local),
  });

  const theirs = peerCredentials();
  listen({
    config: { ...peerConfig(scenario, quirks, theirs), ...spec.peer },
    rules: [],
    seed: options.seed,
    transport: socket(simulatedAddress.server, ''),
    clock,
    crypto,
    random: prng.fork('server').bytes,
    lingerMs: 20_000,
    timeoutMs: 60_000,
    maxClients: 1000,
    header: () => headerFor(scenario, tool, undefined),
    began: () => {},
    gone: () => {},
  });

  let port = 50_000;
  return {
    crypto,
    now: () => clock.now(),
    start: async (trial) => {
      await breathe();
      return begin(trial, ++port);
    },
    end: async (run) => {
      let ended = false;
      void run.finished.then(() => {
        ended = true;
      });
      // A run ends by its own time at the latest, so this does.
      for (let steps = 0; !ended; steps++) {
        if (!clock.advance()) break;
        if (steps % 64 === 63) await breathe();
        else await Promise.resolve();
      }
      await run.finished;
    },
    pause: async (ms) => {
      let over = false;
      clock.schedule(after(clock.now(), ms), () => {
        over = true;
      });
      while (!over && clock.advance());
    },
  };

  async function begin({ scenario: tried, adjust, drive }: Trial, from: number): Promise<Run> {
    const ours = simulationCredentials(tried.options).ours ?? (await credentials(tried.options));
    const config = configFor(tried.options, ours);
    // There is no signalling; but who announces a wrong fingerprint is met by somebody who was told it.
    const [leaf] = theirs[0]?.chain ?? [];
    const told = leaf && quirks.includes('wrong-fingerprint') ? [announcedFor(leaf, quirks, crypto)] : [];
    return startRun({
      ...drive,
      // One end speaks, as over a network; no other end's facts are in the trace.
      header: { ...headerFor(tried, tool, undefined), kind: 'run', localRole: 'client' },
      config: adjust(
        told.length > 0 && config.trust.kind === 'any'
          ? { ...config, trust: { kind: 'fingerprints', fingerprints: told } }
          : config,
      ),
      rules: tried.options.link,
      seed: tried.options.seed,
      transport: socket(`192.0.2.1:${from}`, simulatedAddress.server),
      clock,
      crypto,
      random: prng.fork(`client ${from}`).bytes,
      lingerMs: tried.options.linger,
      timeoutMs: tried.options.timeout,
    });
  }
}

/** A chain that needs several datagrams, and one of the other kind. */
const peerCredentials = (): readonly Credential[] => [
  bundledTestCredential('chain-3700'),
  bundledTestCredential('rsa-2048'),
];

/** A server as it should be on an open network: it asks for a cookie, and for a certificate. */
function peerConfig(
  { options }: Scenario,
  quirks: readonly QuirkId[],
  credentials: readonly Credential[],
): EndpointConfig {
  const config: EndpointConfig = {
    ...defaultConfig('server'),
    versions: options.versions,
    credentials,
    srtpProfiles: [7, 8, 1],
    clientAuth: 'request',
    cookie: true,
  };
  return withQuirks(config, quirks);
}
