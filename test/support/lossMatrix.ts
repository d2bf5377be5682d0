/** What any handshake must survive: each datagram, each pair of them, order, copies, delay, and dice. */
import { describe, expect, it } from 'vitest';
import type { EndpointConfig } from '../../src/engine/index.ts';
import {
  completed,
  dropping,
  duplicating,
  faithful,
  type LinkRule,
  losing,
  type Pair,
  type PairOptions,
} from './pair.ts';

/** What it is called, and the settings of client and server. */
export type Shape = readonly [string, Partial<EndpointConfig>, Partial<EndpointConfig>];

export const runs = (
  client: Partial<EndpointConfig>,
  server: Partial<EndpointConfig>,
  more: Partial<PairOptions>,
): Pair => completed({ client, server, ...more });

/** Shared machines are slow at times: a thousand handshakes take seconds, never minutes. */
const patience = 120_000;

export function lossMatrix(shapes: readonly Shape[]): void {
  describe.each(shapes)('a handshake with %s completes', (_, client, server) => {
    const total = runs(client, server, {}).sent.length;
    const each = Array.from({ length: total }, (_, i) => i);

    it('when any one datagram is lost', () => {
      for (const index of each) runs(client, server, { link: dropping(index) });
    });

    it('when any two datagrams are lost', { timeout: patience }, () => {
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
        const late: LinkRule = (sent) =>
          sent.index === index ? [{ bytes: sent.bytes, afterMs: 1015 }] : faithful(sent);
        runs(client, server, { link: late });
      }
    });

    it('when 30 % of all datagrams are lost, for 1,000 seeds', { timeout: patience }, () => {
      // Twenty datagrams at 30 % need more patience than stacks have: RFC 6347's cap of a minute is a quarter of the time
      // for which a last flight is kept, so that four losses in a row, which do happen, would end it.
      const patient = { retransmission: { start: 1000, growth: 2, cap: 10_000, attempts: 60 } };
      for (let seed = 0; seed < 1000; seed++)
        runs({ ...client, ...patient }, { ...server, ...patient }, { link: losing(0.3, seed) });
    });
  });
}
