/** The engine's settings for `--as`, by the way that users go: through the option table. */
import type { Credential } from '../../src/crypto/keys.ts';
import { defaultConfig, type EndpointConfig } from '../../src/engine/index.ts';
import {
  type Command,
  describeProblem,
  type GivenOptions,
  readScenario,
  toEndpointConfig,
} from '../../src/scenario/index.ts';

export function configAs(
  id: string,
  command: Command,
  credentials: readonly Credential[] = [],
  given: GivenOptions = {},
): EndpointConfig {
  const read = readScenario(command, command === 'probe' ? '192.0.2.1:4433' : undefined, { as: [id], ...given });
  if (!read.ok) throw new Error(read.problems.map(describeProblem).join('\n'));
  const { options } = read.value;
  return toEndpointConfig(options, credentials, defaultConfig(options.role));
}
