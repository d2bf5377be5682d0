/** Our DTLS 1.2 endpoints against the libraries of small devices, Mbed TLS and wolfSSL, over UDP on loopback. */
import { afterAll, describe, expect, it } from 'vitest';
import { groundFor } from '../../src/cli/trialGround.ts';
import { defaultConfig, type EndpointConfig, type Role } from '../../src/engine/index.ts';
import { checks, startChecking } from '../../src/run/check/index.ts';
import { scenarioOf } from '../run/check/simulated.ts';
import { credential } from '../support/credentials.ts';
import { type EmbeddedOptions, embeddedPeer, hasLibrary, type Library, libraries } from '../support/embeddedPeer.ts';
import type { OpensslPeer } from '../support/opensslPeer.ts';
import { UdpEndpoint } from '../support/udp.ts';

const cleanups: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const small = await credential('ecdsa-p256');
const large = await credential('rsa-4096,chain=3,size=6000');
const config = (role: Role, more: Partial<EndpointConfig>): EndpointConfig => ({
  ...defaultConfig(role),
  versions: ['1.2'],
  credentials: [small],
  ...more,
});

async function peerOf(
  library: Library,
  to: Parameters<typeof embeddedPeer>[1],
  options: EmbeddedOptions = {},
  own = small,
): Promise<{ readonly peer: OpensslPeer; readonly port: number }> {
  const made = await embeddedPeer(library, to, own, options);
  cleanups.push(() => made.peer.stop());
  return made;
}
async function ours(role: Role, more: Partial<EndpointConfig>, port?: number): Promise<UdpEndpoint> {
  const end = await UdpEndpoint.start(config(role, more), port);
  cleanups.push(() => end.stop());
  return end;
}

/** What our client sends comes back. */
async function expectEcho(client: UdpEndpoint): Promise<void> {
  await client.event('connected');
  client.input({ kind: 'send', bytes: new TextEncoder().encode('from us') });
  expect(new TextDecoder().decode((await client.event('data')).bytes)).toBe('from us');
}

/** What its client sends arrives. */
async function expectHeard(server: UdpEndpoint, peer: OpensslPeer): Promise<void> {
  await server.event('connected');
  await peer.waitFor(/CONNECTED (?!.*CONNECTED)/s);
  peer.type('send from it');
  expect(new TextDecoder().decode((await server.event('data')).bytes)).toBe('from it');
}

describe.each(libraries)('with %s', (library) => {
  it.runIf((process.env['CI'] ?? '') !== '')('finds it and a compiler where nothing may be left out', () => {
    expect(hasLibrary(library)).toBe(true);
  });

  const itIs = it.runIf(hasLibrary(library));

  itIs('our client talks to its server: plainly, and with a large certificate in datagrams of 300 bytes', async () => {
    const { port } = await peerOf(library, 'server', { auth: true });
    await expectEcho(await ours('client', {}, port));
    const cut = await ours('client', { credentials: [large], mtu: 300 }, port);
    await expectEcho(cut);
    expect(cut.largest).toBeLessThanOrEqual(300);
  });

  itIs('our client takes the large certificate of its server', async () => {
    const { port } = await peerOf(library, 'server', { cookie: false }, large);
    await expectEcho(await ours('client', {}, port));
  });

  itIs('its client talks to our server: with a cookie, a certificate and datagrams of 300 bytes', async () => {
    const server = await ours('server', { cookie: true, clientAuth: 'require', credentials: [large], mtu: 300 });
    const { peer } = await peerOf(library, { port: server.port }, { auth: true });
    await expectHeard(server, peer);
    expect(server.largest).toBeLessThanOrEqual(300);
  });

  itIs('its client resumes with our ticket behind our cookie', async () => {
    const tickets = { key: new Uint8Array(32).fill(9), count: 2, lifetimeSeconds: 3600 };
    const server = await ours('server', { cookie: true, tickets });
    const { peer } = await peerOf(library, { port: server.port }, { tickets: true });
    await expectHeard(server, peer);
    const second = await server.restart(config('server', { cookie: true, tickets }));
    peer.type('close');
    peer.type('again');
    await peer.waitFor(/CONNECTED.*CLOSED by us.*CONNECTED/s);
    expect((await second.event('connected')).parameters.resumed).toBe(true);
    await expectHeard(second, peer);
  });
});

/** What it fails of these checks, and what could not be judged. */
async function failed(library: Library, ids: readonly string[]): Promise<readonly string[]> {
  const { port } = await peerOf(library, 'server', { auth: true, tickets: true });
  const scenario = scenarioOf(`127.0.0.1:${port}`, {});
  const ground = groundFor(scenario, () => {});
  const chosen = checks.filter(({ id }) => ids.includes(id));
  const { ended, results } = await startChecking({ scenario, ground, checks: chosen, thorough: false }).finished;
  expect(ended).toBe('done');
  expect(results).toHaveLength(ids.length);
  return results
    .filter(({ status }) => status !== 'pass')
    .map(({ id, status }) => `${id}: ${status}`)
    .sort();
}

describe('a check', () => {
  // Both drop a ClientHello in fragments; fragments of later messages they put together.
  const ids = ['hello-fragments', 'reordering', 'refragmented', 'bad-mac', 'sessions'];

  it.runIf(hasLibrary('mbedtls')).concurrent(
    'of Mbed TLS, which minds a wrong MAC in a Finished',
    async ({ expect }) => {
      expect(await failed('mbedtls', ids)).toEqual(['bad-mac: fail', 'hello-fragments: fail']);
    },
  );

  it.runIf(hasLibrary('wolfssl')).concurrent(
    'of wolfSSL, which takes no ChangeCipherSpec behind a hole',
    async ({ expect }) => {
      expect(await failed('wolfssl', ids)).toEqual(['hello-fragments: fail', 'refragmented: fail']);
    },
  );
});
