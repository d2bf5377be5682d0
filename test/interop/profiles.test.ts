import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { profiles } from '../../src/profiles/index.ts';
import { TestCli } from '../support/buildCli.ts';
import { credential } from '../support/credentials.ts';
import { opensslClient, opensslServer } from '../support/opensslPeer.ts';
import { configAs } from '../support/profileConfig.ts';
import { UdpEndpoint } from '../support/udp.ts';

/** Profiles against a stack that is not ours: what they offer and how they cut it must be taken by others. */
const ids = profiles.map(({ id }) => id);
const ecdsa = await credential('ecdsa-p256');
const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

describe.each(ids)('%s against OpenSSL', (id) => {
  it('is established as client', async () => {
    const { peer, port } = await opensslServer(ecdsa, ['-verify', '5']);
    cleanups.push(() => peer.stop());
    const client = await UdpEndpoint.start(configAs(id, 'probe', [ecdsa]), port);
    cleanups.push(() => client.stop());
    expect((await client.event('connected')).parameters.version).toBe('1.2');
  });

  it('is established as server', async () => {
    const server = await UdpEndpoint.start(configAs(id, 'serve', [ecdsa]));
    cleanups.push(() => server.stop());
    const peer = opensslClient(server.port, ecdsa);
    cleanups.push(() => peer.stop());
    expect((await server.event('connected')).parameters.version).toBe('1.2');
  });
});

describe('probe --as', () => {
  let cli: TestCli;
  beforeAll(async () => {
    cli = await TestCli.build();
  });
  afterAll(() => cli.dispose());

  it('says unsupported, and what, when the server picks a suite that is offered for shape', async () => {
    const { peer, port } = await opensslServer(await credential('rsa-2048'), ['-cipher', 'ECDHE-RSA-AES128-SHA']);
    cleanups.push(() => peer.stop());
    const { code, stdout } = await cli.run(
      ...['probe', `127.0.0.1:${port}`, '--as', 'firefox-153', '--json', '--expect', 'unsupported'],
    );
    expect((JSON.parse(stdout) as { handshakes: unknown[] }).handshakes[0]).toMatchObject({
      outcome: 'unsupported',
      verdict: expect.stringContaining('TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA'),
    });
    expect(code).toBe(0);
  });
});
