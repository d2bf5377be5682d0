/** What the ways of preparing a run have in common. */
import type { Credential } from '../crypto/keys.ts';
import { nodeProvider } from '../crypto/node/index.ts';
import { checkConfig, type EndpointConfig, type Fingerprint } from '../engine/index.ts';
import type { Trial } from '../run/check/index.ts';
import { announcedFingerprints, headerFor, type Run } from '../run/index.ts';
import type { Options, Scenario, TurnServer } from '../scenario/index.ts';
import type { TraceHeader } from '../trace/model.ts';
import { nodeClock } from './clock.ts';
import { systemRandom } from './credentials.ts';
import { Exit, Stop } from './exit.ts';
import { tool } from './reading.ts';

/** A run with everything at hand that it needs, so that starting it can not fail. */
export interface Prepared {
  readonly header: TraceHeader;
  readonly start: () => Run;
  /** Lets go of what a run that is not started would have closed. */
  readonly abandon: () => void;
}

/** What a check changes in a run beside the options. */
export type Tampering = Pick<Trial, 'adjust' | 'drive'>;
export const untouched: Tampering = { adjust: (config) => config, drive: {} };

/** What every run over a network is started with. */
export const common = (scenario: Scenario) => {
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
    steps: options.steps,
  };
};

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

/** What our description announces: as asked for, or our certificate's. */
export function announced(options: Options, credentials: readonly Credential[]): readonly Fingerprint[] {
  const fingerprints = announcedFingerprints(options, credentials, nodeProvider);
  if (fingerprints) return fingerprints;
  throw new Stop(Exit.usage, 'Signalling announces the fingerprint of a certificate, and there is none.');
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
