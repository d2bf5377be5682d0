import { describe, expect, it } from 'vitest';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { simulate, simulationFor } from '../../src/run/index.ts';
import { type GivenOptions, readScenario } from '../../src/scenario/index.ts';
import type { Trace } from '../../src/trace/model.ts';
import { toSqlog } from '../../src/trace/qlog/write.ts';
import { bundledTestCredential } from '../../src/x509/bundled.ts';

function simulated(given: GivenOptions): Trace {
  const read = readScenario('probe', 'sim', given);
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  const [ours, theirs] = [bundledTestCredential('ecdsa-p256-a'), bundledTestCredential('ecdsa-p256-b')];
  return simulate(simulationFor(read.value, 'dtlscope test', [ours], [theirs], nobleProvider));
}
const agreed = (trace: Trace): unknown =>
  trace.events.find((event) => event.kind === 'connected' && event.actor === 'client');

describe('a simulation as another stack', () => {
  it('speaks the newest version of the profile, with its first group', () => {
    expect(agreed(simulated({ as: ['chromium-156'] }))).toMatchObject({
      parameters: { version: '1.3', cipherSuite: 0x1301, group: 0x11ec },
    });
    expect(agreed(simulated({ as: ['firefox-153'], versions: ['1.2'] }))).toMatchObject({
      parameters: { version: '1.2', group: 0x1d },
    });
    expect(agreed(simulated({ as: ['mbedtls'], role: ['server'] }))).toMatchObject({ parameters: { version: '1.2' } });
  });

  it('is the same byte for byte for the same seed, shuffled extensions and post-quantum shares and all', () => {
    const bytes = (seed: string): string =>
      toSqlog(simulated({ as: ['chromium-156'], link: ['loss=20%'], seed: [seed] }), { withKeys: true });
    expect(bytes('3')).toBe(bytes('3'));
    expect(bytes('3')).not.toBe(bytes('4'));
  });
});
