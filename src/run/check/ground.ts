/**
 * Where trials are made: a network, by whoever owns sockets and clock (terminal, background), or a peer in memory on a
 * virtual clock (`simulatedGround`). A ground starts ordinary runs; what is learnt from them is no business of its own.
 */
import type { CryptoProvider } from '../../crypto/provider.ts';
import type { EndpointConfig } from '../../engine/api.ts';
import type { Scenario } from '../../scenario/index.ts';
import type { Run } from '../api.ts';
import type { RunSpec } from '../driver.ts';

/** One run that a check wants. */
export interface Trial {
  readonly scenario: Scenario;
  /** The last word about our endpoint's settings. */
  readonly adjust: (config: EndpointConfig) => EndpointConfig;
  /** For the driver. */
  readonly drive: Pick<RunSpec, 'hand' | 'farewell' | 'afterCloseMs' | 'keep'>;
}

export interface Ground {
  readonly crypto: CryptoProvider;
  /** Only durations mean anything. ms */
  now(): number;
  /** Starts a run from an address of its own; rejects when there is no way to make one. */
  start(trial: Trial): Promise<Run>;
  /** Resolves when a run that was started here has ended. */
  end(run: Run): Promise<void>;
  /** Lets time pass. */
  pause(ms: number): Promise<void>;
}
