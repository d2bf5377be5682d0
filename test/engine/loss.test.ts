/** Every handshake completes, whatever single thing or pair of things the network does to it, and at random. */
import { describe, expect, it } from 'vitest';
import type { EndpointConfig } from '../../src/engine/index.ts';
import { credential } from '../support/credentials.ts';
import { dropping, duplicating, faithful, type LinkRule, losing, Pair, type PairOptions } from '../support/pair.ts';

const ecdsa = await credential('ecdsa-p256');
const longChain = await credential('ecdsa-p256,chain=3,size=3700');

const shapes: readonly (readonly [string, Partial<EndpointConfig>, Partial<EndpointConfig>])[] = [
  ['a small certificate', {}, { credentials: [ecdsa] }],
  [
    'a cookie and both certificates',
    { credentials: [ecdsa] },
    { credentials: [ecdsa], cookie: true, clientAuth: 'require' },
  ],
  ['one record a datagram', { packing: 'record' }, { packing: 'record', credentials: [ecdsa], cookie: true }],
  ['a 3.7 KB chain at MTU 300', { mtu: 300 }, { mtu: 300, credentials: [longChain], cookie: true }],
  [
    'client certificates of 3.7 KB in one record a datagram at MTU 300',
    { mtu: 300, packing: 'record', credentials: [longChain] },
    { mtu: 300, packing: 'record', credentials: [ecdsa], clientAuth: 'require' },
  ],
];

function runs(client: Partial<EndpointConfig>, server: Partial<EndpointConfig>, more: Partial<PairOptions>): Pair {
  const pair = new Pair({ client, server, ...more }).run();
  if (!pair.agreed) throw new Error(pair.describe());
  return pair;
}

describe.each(shapes)('a handshake with %s completes', (_, client, server) => {
  const total = runs(client, server, {}).sent.length;
  const each = Array.from({ length: total }, (_, i) => i);

  it('when any one datagram is lost', () => {
    for (const index of each) runs(client, server, { link: dropping(index) });
  });

  it('when any two datagrams are lost', () => {
    // Losing one makes others be sent again, so the second index goes beyond the first run's datagrams.
    for (const first of each)
      for (let second = first + 1; second < total + 4; second++)
        runs(client, server, { link: dropping(first, second) });
  });

  it('when every flight arrives in reversed order', () => {
    runs(client, server, { reversed: true });
  });

  it('when every datagram comes twice, without sending anything again for it', () => {
    const pair = runs(client, server, { link: duplicating });
    expect(pair.sent.filter(({ contents }) => contents.attempt > 0)).toEqual([]);
  });

  it('when each datagram in turn arrives a second late', () => {
    for (const index of each) {
      const late: LinkRule = (sent) => (sent.index === index ? [{ bytes: sent.bytes, afterMs: 1015 }] : faithful(sent));
      runs(client, server, { link: late });
    }
  });

  it('when 30 % of all datagrams are lost, for 1,000 seeds', () => {
    // Twenty datagrams at 30 % need more patience than stacks have: RFC 6347's cap of a minute is a quarter of the time
    // for which a last flight is kept, so that four losses in a row, which do happen, would end it.
    const patient = { retransmission: { start: 1000, growth: 2, cap: 10_000, attempts: 60 } };
    for (let seed = 0; seed < 1000; seed++)
      runs({ ...client, ...patient }, { ...server, ...patient }, { link: losing(0.3, seed) });
  });
});
