/**
 * A whole check of stacks that share no line of code with ours: every check is decided, and what fails is what they are known
 * to do. The two run beside each other, since a check mostly waits.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { groundFor } from '../../src/cli/trialGround.ts';
import { checks, startChecking } from '../../src/run/check/index.ts';
import { scenarioOf } from '../run/check/simulated.ts';
import { credential } from '../support/credentials.ts';
import { gnutlsGateway, hasGnutlsLibrary } from '../support/gnutlsPeer.ts';
import { opensslServer } from '../support/opensslPeer.ts';

const cleanups: (() => Promise<void> | void)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Others {
  /** What is not passed, by status. */
  readonly found: Readonly<Record<string, readonly string[]>>;
  /** What was said of it: where another fails one day, this tells why. */
  readonly says: string;
}

async function others(port: number): Promise<Others> {
  const scenario = scenarioOf(`127.0.0.1:${port}`, {});
  const ground = groundFor(scenario, () => {});
  const { ended, results } = await startChecking({ scenario, ground, checks, thorough: false }).finished;
  expect(ended).toBe('done');
  expect(results.map(({ id }) => id)).toEqual(checks.map(({ id }) => id));
  const failed = results.filter(({ status }) => status === 'fail');
  const by = (demand: string): string[] => failed.filter((result) => result.demand === demand).map(({ id }) => id);
  const open = results.filter(({ status }) => status !== 'fail' && status !== 'pass');
  return {
    found: {
      ...{ MUST: by('MUST'), SHOULD: by('SHOULD'), habit: by('habit') },
      undecided: open.map(({ id, status }) => `${id}: ${status}`),
    },
    says: failed.map(({ id, says }) => `${id}: ${says}`).join('\n'),
  };
}

/** What no old server can be asked when nothing was announced and its flight is small. */
const undecided = [
  'fingerprint: not-applicable',
  'version-across-fragments: not-applicable',
  'pmtu-backoff: not-applicable',
];

describe('a whole check', () => {
  it.concurrent('of OpenSSL', async ({ expect }) => {
    const { peer, port } = await opensslServer(await credential('ecdsa-p256'), ['-verify', '1']);
    cleanups.push(() => peer.stop());
    const { found, says } = await others(port);
    expect(found, says).toEqual({
      // Both stacks answer a flight that comes again at their own timer only.
      MUST: ['answers-repeat'],
      // The sample server has one client at a time, and no SRTP unless it is told to.
      SHOULD: ['cookie-lasting', 'new-hello'],
      habit: ['resent-borders', 'suites', 'srtp'],
      undecided,
    });
  });

  it.runIf(hasGnutlsLibrary || process.env['CI']).concurrent(
    'of GnuTLS, in a server for many clients',
    async ({ expect }) => {
      const { peer, port } = await gnutlsGateway(await credential('ecdsa-p256'), 'NORMAL');
      cleanups.push(() => peer.stop());
      const { found, says } = await others(port);
      expect(found, says).toEqual({
        // Its cookie is looked for in one datagram, and of what overtakes in a flight it keeps nothing.
        MUST: ['answers-repeat', 'hello-one-byte', 'hello-post-quantum-reordered', 'reordering'],
        // A record that is cut, and one of another version, stall it.
        SHOULD: ['invalid-records', 'versions'],
        // GnuTLS 3.7 can't read its own ticket again when SRTP was agreed on with it.
        habit: ['packing', 'suites', 'sessions'],
        undecided,
      });
    },
  );
});
