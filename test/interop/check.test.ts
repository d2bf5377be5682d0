/** Checks of servers that share no line of code with ours, and of our own gateway: what they are known to do is what is found. */
import { afterEach, describe, expect, it } from 'vitest';
import { groundFor } from '../../src/cli/trialGround.ts';
import { checks, startChecking } from '../../src/run/check/index.ts';
import type { GivenOptions } from '../../src/scenario/index.ts';
import { scenarioOf } from '../run/check/simulated.ts';
import { credential } from '../support/credentials.ts';
import { gnutlsServer } from '../support/gnutlsPeer.ts';
import { startJanusWhip } from '../support/janusWhip.ts';
import { opensslServer } from '../support/opensslPeer.ts';
import { startGateway } from '../support/ownGateway.ts';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** The status of each check by its id. */
async function statuses(
  target: string,
  only: readonly string[],
  given: GivenOptions = {},
): Promise<Record<string, string>> {
  const scenario = scenarioOf(target, given);
  const chosen = checks.filter(({ id }) => only.includes(id));
  const ground = groundFor(scenario, () => {});
  const { ended, results } = await startChecking({ scenario, ground, checks: chosen, thorough: false }).finished;
  expect(ended).toBe('done');
  return Object.fromEntries(results.map(({ id, status }) => [id, status]));
}

const subset = [
  'handshake',
  'cookie-asked',
  'retransmits',
  'resent-borders',
  'last-flight',
  'hello-fragments',
] as const;
const passing = { handshake: 'pass', retransmits: 'pass', 'last-flight': 'pass', 'hello-fragments': 'pass' } as const;

describe('a check', () => {
  it('of OpenSSL finds its floor MTU, its datagram over its MTU, and a record that its buffer cuts', async () => {
    const only = ['tiny-datagrams', 'mtu-kept', 'whole-records'];
    const old: GivenOptions = { versions: ['1.2'] };
    const large = await credential('ecdsa-p256,chain=3,size=6000');
    const servers = [
      [[], { 'tiny-datagrams': 'fail', 'mtu-kept': 'pass', 'whole-records': 'pass' }],
      [['-mtu', '300'], { 'tiny-datagrams': 'fail', 'mtu-kept': 'fail', 'whole-records': 'pass' }],
      // Its flight is more than the 4096 bytes that it collects before it sends.
      [['-mtu', '9000'], { 'tiny-datagrams': 'pass', 'mtu-kept': 'not-applicable', 'whole-records': 'fail' }],
    ] as const;
    for (const [args, expected] of servers) {
      const { peer, port } = await opensslServer(large, args);
      cleanups.push(() => peer.stop());
      expect(await statuses(`127.0.0.1:${port}`, only, old)).toEqual(expected);
    }
  });

  it('of servers that renegotiate says so, and of one that refuses that it does', async () => {
    const own = await credential('ecdsa-p256');
    const only = ['quiet', 'renegotiation'];
    const old: GivenOptions = { versions: ['1.2'] };
    const servers = [
      [await opensslServer(own), 'pass'],
      [await opensslServer(own, ['-client_renegotiation']), 'fail'],
      [await gnutlsServer(own, 'NORMAL'), 'fail'],
    ] as const;
    for (const [{ peer, port }, renegotiation] of servers) {
      cleanups.push(() => peer.stop());
      expect(await statuses(`127.0.0.1:${port}`, only, old)).toEqual({ quiet: 'pass', renegotiation });
    }
  });

  it('of our gateway over WHIP fails nothing, and asks for no cookie behind ICE', async () => {
    const gateway = await startGateway();
    cleanups.push(() => gateway.stop());
    const found = await statuses(`whip:${gateway.origin}/whip`, [...subset, 'srtp', 'fingerprint']);
    expect(found).toMatchObject({ ...passing, 'cookie-asked': 'not-applicable', srtp: 'pass', fingerprint: 'pass' });
  });

  it('of Janus behind WHIP finds that it takes what browsers send, and wants a certificate', async () => {
    const janus = await startJanusWhip();
    cleanups.push(() => janus.stop());
    const only = ['handshake', 'cookie-asked', 'hello-post-quantum', 'no-certificate', 'srtp', 'fingerprint'];
    const found = await statuses(janus.target, only, { bind: [janus.bind] });
    expect(found).toEqual({
      handshake: 'pass',
      'cookie-asked': 'not-applicable',
      'hello-post-quantum': 'pass',
      'no-certificate': 'pass',
      srtp: 'pass',
      fingerprint: 'pass',
    });
  });
});
