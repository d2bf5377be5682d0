/** From a scenario to what the driver takes: the parts that terminal and background share. */
import type { Credential } from '../crypto/keys.ts';
import type { CryptoProvider } from '../crypto/provider.ts';
import type { EndpointConfig } from '../engine/api.ts';
import { defaultConfig, type Fingerprint } from '../engine/index.ts';
import type { LinkRule } from '../link/api.ts';
import {
  isSignalled,
  type Options,
  type QuirkId,
  quirks,
  type Scenario,
  type SignalledTarget,
  toCommandLine,
  toEndpointConfig,
  wantsSession,
  withQuirks,
} from '../scenario/index.ts';
import type { TraceHeader } from '../trace/model.ts';
import { fingerprintOf } from '../x509/fingerprint.ts';
import { givingSessions } from './givingSessions.ts';
import type { Settled, SignalledSpec } from './signalledPath.ts';
import type { SimulationSpec } from './simulate.ts';
import { simulatedDate } from './simulationCredentials.ts';

/** The header of a scenario's trace. `startedAt` is wall-clock time, ms since 1970. */
export const headerFor = (
  scenario: Scenario,
  tool: string,
  startedAt: number | undefined,
  title?: string,
): TraceHeader => ({
  tool,
  kind: scenario.target?.kind === 'sim' ? 'simulation' : 'run',
  startedAt,
  title,
  // Signalling settles the role; the trace then says it as a fact.
  localRole:
    scenario.target?.kind === 'sim' || isSignalled(scenario.target) || scenario.options.whip
      ? undefined
      : scenario.options.role,
  // A terminal has no page.
  commandLine: scenario.target?.kind === 'page' ? undefined : toCommandLine(scenario),
});

/** The engine's settings for our side of a scenario. */
export const configFor = (options: Options, credentials: readonly Credential[]) =>
  toEndpointConfig(options, credentials, defaultConfig(options.role));

/** What our description announces: as asked for, or our certificate's; undefined when there is no certificate. */
export function announcedFingerprints(
  { announce, quirk }: Options,
  credentials: readonly Credential[],
  crypto: CryptoProvider,
): readonly Fingerprint[] | undefined {
  if (announce.length > 0) return announce;
  const [leaf] = credentials[0]?.chain ?? [];
  return leaf && [announcedFor(leaf, quirk, crypto)];
}

/** The fingerprint that an endpoint announces for its certificate, with the quirks that it has. */
export function announcedFor(leaf: Uint8Array, quirkIds: readonly QuirkId[], crypto: CryptoProvider): Fingerprint {
  const { hash, value } = fingerprintOf(leaf, 'sha256', crypto);
  if (!quirkIds.some((id) => quirks[id].announces === 'wrong-fingerprint')) return { hash, value };
  // As it would be of another certificate.
  return { hash, value: crypto.hash('sha256', value) };
}

/** The settings of one end, which trusts what the other one announces; only said where that is wrong. */
function trusting(
  config: EndpointConfig,
  others: readonly Credential[],
  quirkIds: readonly QuirkId[],
  crypto: CryptoProvider,
): EndpointConfig {
  const leaves = others.flatMap(({ chain }) => chain.slice(0, 1));
  const wrong = quirkIds.some((id) => quirks[id].announces !== undefined);
  const sees = config.role === 'client' || config.clientAuth !== 'none';
  if (!wrong || !sees || config.trust.kind !== 'any' || leaves.length === 0) return config;
  const fingerprints = leaves.map((leaf) => announcedFor(leaf, quirkIds, crypto));
  return { ...config, trust: { kind: 'fingerprints', fingerprints } };
}

/** The same once signalling has settled who is who: what it announced is trusted, unless a fingerprint was asked for. */
export const signalledConfig =
  (options: Options, credentials: readonly Credential[]) =>
  ({ role, fingerprints, timerMs }: Settled) => {
    const config = configFor({ ...options, role }, credentials);
    return {
      ...config,
      trust:
        options.fingerprint.length > 0 || fingerprints.length === 0
          ? config.trust
          : ({ kind: 'fingerprints', fingerprints } as const),
      retransmission: {
        ...config.retransmission,
        // A timer that nobody chose follows the path, as libwebrtc's does.
        ...(options.rto === undefined && timerMs !== undefined && { start: Math.min(timerMs, options.rtoMax) }),
      },
    };
  };

/** What a scenario asks of a signalled path, wherever its signalling and sockets come from. */
export const askedOfPath = (
  { setup, role }: Options,
  target: SignalledTarget,
): Pick<SignalledSpec, 'setup' | 'preferred' | 'kinds'> => ({
  setup,
  preferred: role,
  // WHIP and WHEP are for media alone (RFC 9725); whoever carries descriptions may have a data channel.
  kinds: target.kind === 'sdp' ? ['audio', 'video', 'data'] : ['audio', 'video'],
});

/**
 * The simulated path takes this long each way, unless a delay rule says otherwise. Without, everything would happen at
 * once: both ends' timers fire together, and their retransmissions cross as they hardly ever do in life. ms
 */
export const simulatedDelayMs = 10;

/** Its tickets are opened by nobody else: a simulation's keys are worthless. */
const simulatedTicketKey = new Uint8Array(32).fill(0x5a);

function withPath(rules: readonly LinkRule[]): readonly LinkRule[] {
  const silent = (['out', 'in'] as const).filter(
    (direction) => !rules.some((rule) => rule.kind === 'delay' && (rule.direction ?? direction) === direction),
  );
  const direction = silent.length === 2 ? undefined : silent[0];
  return silent.length === 0 ? rules : [{ kind: 'delay', ms: simulatedDelayMs, jitterMs: 0, direction }, ...rules];
}

/**
 * A scenario against the peer in memory. Our side has the options and `ours`; the peer behaves like a WebRTC stack with
 * `theirs`: it offers SRTP, has a certificate, and asks for one.
 */
export function simulationFor(
  scenario: Scenario,
  tool: string,
  ours: readonly Credential[],
  theirs: readonly Credential[],
  crypto: CryptoProvider,
): SimulationSpec {
  const { options } = scenario;
  const { target } = scenario;
  const broken = target?.kind === 'sim' ? target.quirks : [];
  const config = configFor(options, ours);
  const peer: EndpointConfig = {
    ...defaultConfig(config.role === 'client' ? 'server' : 'client'),
    // It speaks what we speak, so that a simulation shows the newest of our versions.
    versions: config.versions,
    groups: config.versions.includes('1.3') ? [0x11ec, 0x1d, 0x17, 0x18] : [0x1d, 0x17, 0x18],
    credentials: theirs,
    srtpProfiles: [7, 8, 1],
    clientAuth: 'request' as const,
    alpn: options.alpn,
    ...(wantsSession(options) && config.role === 'client' && givingSessions(simulatedTicketKey)),
    // Without them nobody could see a simulation of what is old.
    ...(options.allowWeak && {
      allowWeak: true,
      cipherSuites: config.cipherSuites,
      signatureSchemes: config.signatureSchemes,
    }),
  };
  // There is no signalling; but who announces a wrong fingerprint is met by somebody who was told it.
  const local = trusting(config, theirs, broken, crypto);
  const remote = trusting(withQuirks(peer, broken), ours, options.quirk, crypto);
  return {
    header: headerFor(scenario, tool, simulatedDate(options)),
    client: config.role === 'client' ? local : remote,
    server: config.role === 'client' ? remote : local,
    ours: config.role,
    rules: withPath(options.link),
    steps: options.steps,
    seed: options.seed,
    crypto,
    lingerMs: options.linger,
    timeoutMs: options.timeout,
  };
}
