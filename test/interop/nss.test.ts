/** Our DTLS 1.3 endpoints against NSS's, as Firefox has it, over UDP on loopback. */
import { afterEach, describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { defaultConfig, type EndpointConfig, type Role } from '../../src/engine/index.ts';
import { credential } from '../support/credentials.ts';
import { hasNss, type NssOptions, NssPeer } from '../support/nssPeer.ts';
import { bothVersions, only13, x25519MlKem768 } from '../support/settings13.ts';
import { UdpEndpoint } from '../support/udp.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const ecdsa = await credential('ecdsa-p256');
const ours = await credential('ecdsa-p256,chain=3,size=3700');
const config = (role: Role, more: Partial<EndpointConfig>): EndpointConfig => ({
  ...defaultConfig(role),
  ...only13,
  srtpProfiles: [7, 1],
  credentials: [ours],
  ...more,
});
const offer = (groups: readonly number[]): Partial<EndpointConfig> => ({ groups: [...groups] });

async function clientOf(port: number, more: Partial<EndpointConfig> = {}): Promise<UdpEndpoint> {
  const client = await UdpEndpoint.start(config('client', more), port);
  cleanups.push(() => client.stop());
  return client;
}
async function serverWith(more: Partial<EndpointConfig> = {}): Promise<UdpEndpoint> {
  const server = await UdpEndpoint.start(config('server', more));
  cleanups.push(() => server.stop());
  return server;
}
async function nssServer(options?: NssOptions): Promise<{ peer: NssPeer; port: number }> {
  const peer = new NssPeer('server', 0, ecdsa, options);
  cleanups.push(() => peer.stop());
  return { peer, port: Number(await peer.said('READY')) };
}
function nssClient(port: number, options?: NssOptions): NssPeer {
  const peer = new NssPeer('client', port, ecdsa, options);
  cleanups.push(() => peer.stop());
  return peer;
}

/** Both have the same keys and parameters, and data goes both ways. */
async function expectTalk(end: UdpEndpoint, peer: NssPeer): Promise<string> {
  const connected = await peer.said('CONNECTED');
  const { parameters } = await end.event('connected');
  expect(connected).toMatch(parameters.version === '1.3' ? /^0304 / : /^0303 /);
  expect(connected).toContain(parameters.cipherSuite.toString(16).padStart(4, '0'));
  const exported = end.endpoint.exportKeyingMaterial('EXPORTER-dtlscope', undefined, 32);
  expect(await peer.said('EXPORTED')).toBe(exported && toHex(exported));
  await expectEcho(end, peer, 'at first');
  return connected;
}

async function expectEcho(end: UdpEndpoint, peer: NssPeer, word: string): Promise<void> {
  end.input({ kind: 'send', bytes: new TextEncoder().encode(`${word} from us`) });
  expect(await peer.said('DATA')).toBe(`${word} from us`);
  const before = end.of('data').length;
  peer.tell(`send ${word} from NSS`);
  await end.until(() => end.of('data').length > before);
  expect(new TextDecoder().decode(end.of('data').at(-1)?.bytes)).toBe(`${word} from NSS`);
}

it.runIf((process.env['CI'] ?? '') !== '')('finds NSS, a compiler and headers where nothing may be left out', () => {
  expect(hasNss).toBe(true);
});

describe.runIf(hasNss)('our client and NSS as server', () => {
  it.each([
    [0x1301, 0x1d],
    [0x1302, 0x17],
    [0x1303, 0x18],
    [0x1301, x25519MlKem768],
  ])('talk with suite 0x%s and group %s', async (suite, group) => {
    const { peer, port } = await nssServer({ suite, groups: [group] });
    const client = await clientOf(port, offer([group]));
    expect(await expectTalk(client, peer)).toContain(` ${group} `);
    expect(client.of('connected')[0]?.parameters).toMatchObject({ version: '1.3', cipherSuite: suite });
  });

  it('talk when our hello takes two datagrams, and when its MTU is 300', async () => {
    for (const mtu of [1200, 300]) {
      const { peer, port } = await nssServer();
      await expectTalk(await clientOf(port, { ...offer([x25519MlKem768, 0x1d]), mtu }), peer);
    }
  });

  it('[42] talk after a HelloRetryRequest for a group', async () => {
    const { peer, port } = await nssServer({ groups: [0x17] });
    const client = await clientOf(port, offer([0x1d, 0x17]));
    await expectTalk(client, peer);
    expect(client.of('connected')[0]?.parameters.group).toBe(0x17);
  });

  it.each(['request', 'require'] as const)('talk when it has our certificate on %s', async (auth) => {
    const { peer, port } = await nssServer({ auth });
    await expectTalk(await clientOf(port), peer);
  });

  it('talk when it asks for a certificate and gets an empty one', async () => {
    const { peer, port } = await nssServer({ auth: 'request' });
    await expectTalk(await clientOf(port, { credentials: [] }), peer);
  });

  it('[81] change keys in both directions, each asking the other', async () => {
    const { peer, port } = await nssServer();
    const client = await clientOf(port);
    await expectTalk(client, peer);
    for (const round of ['one', 'two', 'three']) {
      client.input({ kind: 'key-update', request: true });
      await expectEcho(client, peer, round);
      peer.tell('update');
      await expectEcho(client, peer, `${round} again`);
    }
    // Updates of both sides that cross answer each other's requests, so that there may be fewer than were asked for.
    const labels = (): string[] => client.of('secret').map(({ label }) => label);
    await client.until(() => ['CLIENT', 'SERVER'].every((side) => labels().includes(`${side}_TRAFFIC_SECRET_2`)));
  });

  it('resume from its ticket', async () => {
    const { peer, port } = await nssServer({ connections: 2 });
    const first = await clientOf(port);
    await expectTalk(first, peer);
    await first.event('ticket');
    peer.tell('close');
    await peer.said('CLOSED');
    const again = Number(await peer.said('READY'));
    const client = await clientOf(again, { resume: first.of('ticket').map(({ ticket }) => ticket) });
    expect(await expectTalk(client, peer)).toMatch(/ 1$/);
    expect(client.of('connected')[0]?.parameters.resumed).toBe(true);
  });

  it('agree on DTLS 1.2 when ours speaks nothing newer', async () => {
    const { peer, port } = await nssServer();
    const client = await clientOf(port, { versions: ['1.2'], cipherSuites: [0xc02b], groups: [0x1d, 0x17] });
    await expectTalk(client, peer);
  });

  it('close with close_notify', async () => {
    const { peer, port } = await nssServer();
    const client = await clientOf(port);
    await expectTalk(client, peer);
    peer.tell('close');
    expect((await client.event('closed')).by).toBe('peer');
  });
});

describe.runIf(hasNss)('our server and NSS as client', () => {
  it.each([
    [0x1301, 0x1d],
    [0x1302, 0x17],
    [0x1303, 0x18],
    [0x1301, x25519MlKem768],
  ])('talk with suite 0x%s and group %s', async (suite, group) => {
    const server = await serverWith();
    const peer = nssClient(server.port, { suite, groups: [group] });
    await expectTalk(server, peer);
    expect(server.of('connected')[0]?.parameters).toMatchObject({ version: '1.3', cipherSuite: suite, group });
  });

  it('[42] talk after a HelloRetryRequest with a group, a cookie, and both', async () => {
    for (const more of [{ groups: [0x18] }, { cookie: true }, { cookie: true, groups: [0x18] }]) {
      const server = await serverWith(more);
      await expectTalk(server, nssClient(server.port, { groups: [29, 23, 24] }));
    }
  });

  it('talk with its certificate, and without when we only ask', async () => {
    const required = await serverWith({ clientAuth: 'require' });
    await expectTalk(required, nssClient(required.port, { auth: 'require' }));
    expect(required.of('connected')[0]?.parameters.peerSignature).toBe(0x0403);
    const requested = await serverWith({ clientAuth: 'request' });
    await expectTalk(requested, nssClient(requested.port, { auth: 'none' }));
    expect(requested.of('connected')[0]?.parameters.peerSignature).toBeUndefined();
  });

  it('talk when our flight goes out in datagrams of 300 bytes', async () => {
    const server = await serverWith({ mtu: 300 });
    await expectTalk(server, nssClient(server.port));
    expect(server.largest).toBeLessThanOrEqual(300);
  });

  it('[81] change keys in both directions, each asking the other', async () => {
    const server = await serverWith();
    const peer = nssClient(server.port);
    await expectTalk(server, peer);
    for (const round of ['one', 'two', 'three']) {
      server.input({ kind: 'key-update', request: true });
      await expectEcho(server, peer, round);
      peer.tell('update');
      await expectEcho(server, peer, `${round} again`);
    }
  });

  it('resume from our ticket', async () => {
    const tickets = { key: new Uint8Array(32).fill(9), count: 2, lifetimeSeconds: 3600 };
    // The client of NSS remembers sessions by port: both servers of ours have to be on the same one.
    const server = await serverWith({ tickets });
    const peer = nssClient(server.port, { connections: 2 });
    await expectTalk(server, peer);
    const second = await server.restart(config('server', { tickets }));
    peer.tell('close');
    await peer.said('CLOSED');
    expect(await expectTalk(second, peer)).toMatch(/ 1$/);
    expect(second.of('connected')[0]?.parameters.resumed).toBe(true);
  });

  it('speak 1.3 when ours speaks both, and 1.2 when it speaks nothing newer', async () => {
    const both = await serverWith(bothVersions);
    expect(await expectTalk(both, nssClient(both.port))).toMatch(/^0304/);
    const old = await serverWith({
      versions: ['1.2'],
      cipherSuites: [0xc02b],
      groups: [0x1d, 0x17],
      credentials: [ecdsa],
    });
    expect(await expectTalk(old, nssClient(old.port))).toMatch(/^0303/);
  });
});
