import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TraceEvent } from '../../src/trace/model.ts';
import { readSqlog } from '../../src/trace/qlog/read.ts';
import { TestCli } from '../support/buildCli.ts';
import { type Coturn, startCoturn, turnPassword, turnUser } from '../support/coturn.ts';
import { credential } from '../support/credentials.ts';
import { type OpensslPeer, opensslServer } from '../support/opensslPeer.ts';

let cli: TestCli;
let turn: Coturn;
beforeAll(async () => {
  [cli, turn] = await Promise.all([TestCli.build(), startCoturn()]);
});
afterAll(async () => {
  await Promise.all([cli.dispose(), turn.stop()]);
});

interface Report {
  readonly handshakes: readonly { readonly outcome: string; readonly verdict: string }[];
}
const handshake = (stdout: string) => (JSON.parse(stdout) as Report).handshakes[0];

/** A server behind the relay, for as long as a test needs it. */
async function withServer<T>(
  order: string,
  args: readonly string[],
  use: (target: string, peer: OpensslPeer) => Promise<T>,
) {
  const { peer, port } = await opensslServer(await credential(order), args);
  try {
    return await use(`127.0.0.1:${port}`, peer);
  } finally {
    await peer.stop();
  }
}

const events = (file: string): readonly TraceEvent[] => {
  const { trace } = readSqlog(readFileSync(cli.path(file)));
  if (!trace) throw new Error(`${file} is no trace`);
  return trace.events;
};
const turnFacts = (file: string) => events(file).flatMap((event) => (event.kind === 'turn' ? [event.fact] : []));

describe('a handshake through coturn', () => {
  it.each([
    ['ecdsa-p256', ['--mtu', '1200'], []],
    ['rsa-2048,chain=3,size=3700', ['--mtu', '300'], ['-verify', '5']],
    ['ecdsa-p256', ['--mtu', '1472', '--packing', 'flight', '--cert-gen', 'rsa-2048'], ['-Verify', '5']],
    ['ecdsa-p256', ['--link', 'loss=20%', '--rto', '50ms', '--seed', '3'], []],
  ])('is the same as without: %s with %j', (order, options, args) =>
    withServer(order, args, async (target) => {
      const { code, stdout, stderr } = await cli.run(
        ...['probe', target, '--turn', turn.url, '--json', '--linger', '0', ...options],
      );
      expect(stderr).toBe('');
      expect(handshake(stdout)).toMatchObject({ outcome: 'established' });
      expect(code).toBe(0);
    }),
  );

  it('goes from the relayed address, over a channel, and the trace says what that costs', () =>
    withServer('ecdsa-p256', [], async (target) => {
      await cli.run('probe', target, '--turn', turn.url, '--linger', '0', '--quiet', '-o', 'relayed.sqlog');
      const facts = turnFacts('relayed.sqlog');
      const allocated = facts.find(({ kind }) => kind === 'allocated');
      expect(allocated).toMatchObject({ server: `127.0.0.1:${turn.port}`, lifetimeS: 600 });
      const sent = events('relayed.sqlog').filter((event) => event.kind === 'datagram' && event.from === 'client');
      expect(sent.length).toBeGreaterThan(1);
      for (const event of sent)
        expect(event).toMatchObject({ src: allocated && 'relayed' in allocated ? allocated.relayed : '', dst: target });
      expect(facts).toContainEqual({ kind: 'overhead', peer: target, direction: 'sent', bytes: 4, form: 'channel' });
      expect(facts).toContainEqual(expect.objectContaining({ kind: 'overhead', direction: 'received', bytes: 4 }));
      const text = readFileSync(cli.path('relayed.sqlog'), 'utf8');
      for (const secret of [turnPassword, encodeURIComponent(turnPassword), `${turnUser}:`])
        expect(text).not.toContain(secret);
    }));

  it('gives its allocation back', () =>
    withServer('ecdsa-p256', [], async (target) => {
      await cli.run('probe', target, '--turn', turn.url, '--linger', '0', '--quiet');
      expect(turn.log()).toMatch(/refreshed.*lifetime=0|delete.*allocation|closed \(2nd stage\).*allocation/i);
    }));

  it('outlives a nonce, and says that it had expired', async () => {
    const strict = await startCoturn({ args: ['--stale-nonce=1', '--max-allocate-lifetime=4'] });
    try {
      await withServer('ecdsa-p256', [], async (target) => {
        const { code } = await cli.run(
          ...['probe', target, '--turn', strict.url, '--linger', '3500', '--quiet', '-o', 'stale.sqlog'],
        );
        expect(code).toBe(0);
        const facts = turnFacts('stale.sqlog');
        expect(facts).toContainEqual({ kind: 'nonce-renewed', during: 'Refresh' });
        expect(facts).toContainEqual(expect.objectContaining({ kind: 'refreshed' }));
      });
    } finally {
      await strict.stop();
    }
  });
});

describe('what coturn refuses', () => {
  const refused = async (url: string, target = '127.0.0.1:9', more: readonly string[] = []) => {
    const { code, stdout } = await cli.run(
      ...['probe', target, '--turn', url, '--json', '--expect', 'refused', '--timeout', '5s', ...more],
    );
    expect(code).toBe(0);
    return handshake(stdout)?.verdict ?? '';
  };

  it('is a wrong password', async () => {
    expect(await refused(`turn:${turnUser}:wrong@127.0.0.1:${turn.port}`)).toContain(
      'the TURN server does not accept this user and password for the realm "dtlscope.test" (401 to Allocate)',
    );
  });

  it('is a client without credentials', async () => {
    expect(await refused(`turn:127.0.0.1:${turn.port}`)).toContain('wants a user and a password');
  });

  it('is a peer that nobody may reach', async () => {
    const closed = await startCoturn({ loopbackPeers: false });
    try {
      expect(await refused(closed.url, '127.0.0.1:9')).toContain(
        'the TURN server gives no permission to reach 127.0.0.1:9 (403)',
      );
    } finally {
      await closed.stop();
    }
  });

  it('is more allocations than a user may have', async () => {
    const small = await startCoturn({ args: ['--user-quota=1'] });
    try {
      await withServer('ecdsa-p256', [], async (target) => {
        const first = cli.start('probe', target, '--turn', small.url, '--linger', '20s', '-o', 'first.sqlog');
        await expect.poll(() => small.log(), { timeout: 10_000 }).toContain('CHANNEL_BIND processed, success');
        expect(await refused(small.url, '127.0.0.1:9')).toContain(
          'all the allocations that the TURN server allows (486)',
        );
        first.child.kill('SIGINT');
        await first.ended;
      });
    } finally {
      await small.stop();
    }
  });

  it('is nothing at all where no TURN server is', async () => {
    const verdict = await refused('turn:u:p@127.0.0.1:9');
    expect(verdict).toMatch(/TURN server 127\.0\.0\.1:9/);
  });
});
