/** The network of this machine as a place to make trials: each a run with a socket, and a port, of its own. */

import type { Credential } from '../crypto/keys.ts';
import { nodeProvider } from '../crypto/node/index.ts';
import { type Ground, simulatedGround } from '../run/check/index.ts';
import type { Options, Scenario } from '../scenario/index.ts';
import { nodeNow } from './clock.ts';
import { type CredentialSource, credentialsFor } from './credentials.ts';
import { prepare } from './prepare.ts';
import { tool } from './reading.ts';
import type { Carry } from './signalled.ts';

/** Where the target of a scenario is met. */
export function groundFor(scenario: Scenario, carry: Carry): Ground {
  const credentials = credentialsByOrder();
  if (scenario.target?.kind === 'sim')
    return simulatedGround({
      scenario,
      tool,
      crypto: nodeProvider,
      credentials,
      breathe: () => new Promise((resolve) => setImmediate(resolve)),
    });
  return {
    crypto: nodeProvider,
    now: nodeNow,
    start: async ({ scenario: tried, adjust, drive }) =>
      (await prepare(tried, carry, credentials, undefined, { adjust, drive })).start(),
    end: ({ finished }) => finished,
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  };
}

/** Each certificate is made once: a key of RSA-4096 takes seconds. */
function credentialsByOrder(): CredentialSource {
  const made = new Map<string, Promise<readonly Credential[]>>();
  return (options: Options) => {
    const order = options.certGen ?? '';
    const known = made.get(order) ?? credentialsFor(options);
    made.set(order, known);
    return known;
  };
}
