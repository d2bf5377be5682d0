import { describe, expect, it } from 'vitest';
import { profiles } from '../../src/profiles/index.ts';
import { credential } from '../support/credentials.ts';
import { carries, dropping, losing, Pair } from '../support/pair.ts';
import { configAs } from '../support/profileConfig.ts';

const ecdsa = await credential('ecdsa-p256');
const large = await credential('rsa-4096');

const ids = profiles.map(({ id }) => id);

describe.each(ids.flatMap((client) => ids.map((server) => [client, server] as const)))(
  '%s with %s',
  (client, server) => {
    it('agrees on the newest version that both speak', () => {
      const pair = new Pair({
        client: configAs(client, 'probe', [ecdsa]),
        server: configAs(server, 'serve', [ecdsa]),
      }).run();
      expect(pair.agreed, pair.describe()).toBe(true);
      const speaks13 = (id: string): boolean => configAs(id, 'probe').versions.includes('1.3');
      expect(pair.client.parameters?.version).toBe(speaks13(client) && speaks13(server) ? '1.3' : '1.2');
    });
  },
);

describe.each(ids)('%s', (id) => {
  it('talks to an endpoint that is as we are, in both roles and both versions', () => {
    for (const versions of [['1.2'], ['1.3', '1.2']] as const) {
      const ours = { versions, credentials: [ecdsa] };
      for (const pair of [
        new Pair({ client: configAs(id, 'probe', [ecdsa]), server: { ...ours, clientAuth: 'require' } }),
        new Pair({ client: ours, server: configAs(id, 'serve', [ecdsa]) }),
      ])
        expect(pair.run().agreed, pair.describe()).toBe(true);
    }
  });

  it('gets a large certificate through loss', () => {
    for (let seed = 1; seed <= 3; seed++) {
      const pair = new Pair({
        client: configAs(id, 'probe', [large]),
        server: configAs(id, 'serve', [large]),
        link: losing(0.2, seed),
      }).run();
      expect(pair.agreed, pair.describe()).toBe(true);
    }
  });
});

describe('a flight of a server that is sent again', () => {
  /** The certificate's fragments in each of a server's sendings, when its first answer never comes. */
  function certificates(id: string): string[] {
    const client = { credentials: [ecdsa], versions: ['1.2'] as const };
    const server = {
      ...configAs(id, 'serve', [large]),
      versions: ['1.2'] as const,
      mtu: 600,
      clientAuth: 'none' as const,
    };
    // The client's flight 5 is lost for long enough.
    const first = { ...server, cookie: false };
    const probe = new Pair({ client, server: first }).run();
    const lost = probe.sent.filter((one) => one.from === 'client' && carries(one, 16)).map(({ index }) => index);
    const pair = new Pair({
      client: { ...client, retransmission: slow },
      server: first,
      link: dropping(...lost),
    }).run();
    return [0, 1].map((attempt) =>
      pair.sent
        .filter(({ from, contents }) => from === 'server' && contents.attempt === attempt && contents.flight === 2)
        .map(({ contents }) =>
          contents.records
            .map(({ fragments }) => fragments.map(({ message, offset, length }) => `${message}:${offset}+${length}`))
            .join(' '),
        )
        .join(' | '),
    );
  }
  const slow = { start: 60_000, growth: 2, cap: 60_000, attempts: 3 };

  it('as openssl-3.0 has each message in datagrams of its own, and is cut anew', () => {
    const [first = '', again = ''] = certificates('openssl-3.0');
    expect(first.split(' | ')[0]).toMatch(/^2:0\+\d+ 11:0\+\d+$/);
    expect(again.split(' | ')[0]).toMatch(/^2:0\+\d+$/);
    expect(again.split(' | ')[1]).toMatch(/^11:0\+575$/);
  });

  it('as gnutls is one record a datagram, with the same fragments both times', () => {
    const [first, again] = certificates('gnutls');
    expect(again).toBe(first);
    expect(first).toMatch(
      /^2:0\+\d+ \| 11:0\+575 \| 11:575\+575 \| 11:1150\+\d+ \| 12:0\+575 \| 12:575\+\d+ \| 14:0\+0$/,
    );
  });
});
