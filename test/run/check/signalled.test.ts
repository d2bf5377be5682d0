/** Checks of a peer behind signalling: how it is brought to take the server's part. */
import { afterEach, describe, expect, it } from 'vitest';
import { groundFor } from '../../../src/cli/trialGround.ts';
import { type CheckReport, checks, startChecking } from '../../../src/run/check/index.ts';
import type { GivenOptions } from '../../../src/scenario/index.ts';
import { type WhipBehaviour, WhipServer } from '../../support/whipServer.ts';
import { scenarioOf } from './simulated.ts';

const servers: WhipServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function check(
  behaviour: WhipBehaviour,
  given: GivenOptions = {},
  only: readonly string[] = ['handshake', 'hello-fragments'],
): Promise<CheckReport & { asked: string[] }> {
  const server = await WhipServer.start(behaviour);
  servers.push(server);
  const scenario = scenarioOf(`whip:${server.url}`, given);
  const chosen = checks.filter(({ id }) => only.includes(id));
  const ground = groundFor(scenario, () => {});
  const report = await startChecking({ scenario, ground, checks: chosen, thorough: false }).finished;
  const posts = server.asked.filter(({ method }) => method === 'POST');
  return { ...report, asked: posts.map(({ body }) => /a=setup:(\w+)/.exec(body)?.[1] ?? '') };
}

describe('a check of a WHIP server', () => {
  it('claims the client’s part in every offer', async () => {
    const { ended, results, asked } = await check({});
    expect(ended).toBe('done');
    expect(results.map(({ status }) => status)).toEqual(['pass', 'pass']);
    expect(new Set(asked)).toEqual(new Set(['active']));
  });

  it('leaves the choice to one that takes no other offer, and is its client where it answers passive', async () => {
    const { ended, results, asked } = await check({ actpassOnly: true });
    expect(ended).toBe('done');
    expect(results.map(({ status }) => status)).toEqual(['pass', 'pass']);
    expect(asked.slice(0, 2)).toEqual(['active', 'actpass']);
    expect(new Set(asked.slice(1))).toEqual(new Set(['actpass']));
  });

  it('says of one that then takes the client’s part that it can not be checked, and what would help', async () => {
    const { ended, reached, asked } = await check({ actpassOnly: true, setup: 'active' });
    expect({ ended, asked }).toEqual({ ended: 'nobody-there', asked: ['active', 'actpass'] });
    expect(reached).toContain('it takes the client’s part where an offer leaves the choice');
    expect(reached).toContain('told to answer passive');
  });

  it('claims what was asked for, whatever comes of it', async () => {
    const { ended, asked } = await check({ actpassOnly: true }, { setup: ['active'] });
    expect({ ended, asked }).toEqual({ ended: 'nobody-there', asked: ['active'] });
  });

  it('keeps to the timers of its trials, however short the round trip that ICE measured', async () => {
    // Our flight is not to be sent again before the datagram that comes late.
    const { results } = await check({}, {}, ['hello-post-quantum', 'hello-post-quantum-reordered', 'reordering']);
    expect(results.map(({ id, status, says }) => [id, status, says])).toEqual([
      ['hello-post-quantum', 'pass', expect.any(String)],
      ['hello-post-quantum-reordered', 'pass', 'it puts them together'],
      ['reordering', 'pass', 'it puts them together'],
    ]);
  });
});
