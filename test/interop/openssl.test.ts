/** Our endpoints against OpenSSL's, over UDP on loopback: two programs that share no line of code. */
import { afterEach, describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { defaultConfig, type EndpointConfig, type Role } from '../../src/engine/index.ts';
import { credential } from '../support/credentials.ts';
import { type OpensslPeer, opensslClient, opensslServer } from '../support/opensslPeer.ts';
import { UdpEndpoint } from '../support/udp.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const ecdsa = await credential('ecdsa-p256');
const rsa4096 = await credential('rsa-4096');
const longChain = await credential('ecdsa-p256,chain=3,size=3700');

const mtus = [228, 300, 576, 1200, 1472] as const;
const packings = ['packed', 'record', 'flight'] as const;
const srtp = { srtpProfiles: [1] };
const srtpArgs = ['-use_srtp', 'SRTP_AES128_CM_SHA1_80'];

/** OpenSSL counts IP and UDP headers, takes no less than 256, and sends 228 bytes when it is told nothing. */
const theirMtu = (mtu: number): string[] => (mtu === 228 ? [] : ['-mtu', String(mtu + 28)]);

const config = (role: Role, more: Partial<EndpointConfig>): EndpointConfig => ({ ...defaultConfig(role), ...more });

async function clientOf(port: number, more: Partial<EndpointConfig> = {}): Promise<UdpEndpoint> {
  const client = await UdpEndpoint.start(config('client', more), port);
  cleanups.push(() => client.stop());
  return client;
}
async function serverWith(more: Partial<EndpointConfig>): Promise<UdpEndpoint> {
  const server = await UdpEndpoint.start(config('server', more));
  cleanups.push(() => server.stop());
  return server;
}
async function opensslServerWith(...[own, args]: Parameters<typeof opensslServer>) {
  const started = await opensslServer(own, args);
  cleanups.push(() => started.peer.stop());
  return started;
}
function opensslClientOf(...[port, own, args]: Parameters<typeof opensslClient>): OpensslPeer {
  const peer = opensslClient(port, own, args);
  cleanups.push(() => peer.stop());
  return peer;
}

/** Both derive the same keys, and data goes both ways. */
async function expectTalk(ours: UdpEndpoint, theirs: OpensslPeer): Promise<void> {
  const [, material] = await theirs.waitFor(/Keying material: ([0-9A-F]{64})/);
  const exported = ours.endpoint.exportKeyingMaterial('EXPORTER-dtlscope', undefined, 32);
  expect(exported && toHex(exported).toUpperCase()).toBe(material);
  ours.input({ kind: 'send', bytes: new TextEncoder().encode('from dtlscope\n') });
  await theirs.waitFor(/from dtlscope/);
  theirs.type('from openssl');
  const { bytes } = await ours.event('data');
  expect(new TextDecoder().decode(bytes)).toContain('from openssl');
}

const expectSizes = (ours: UdpEndpoint, mtu: number, packing: string): void => {
  if (packing !== 'flight') expect(ours.largest).toBeLessThanOrEqual(mtu);
};

describe('our client and openssl s_server', () => {
  const credentials = { ecdsa, 'rsa-4096': rsa4096, 'a 3.7 KB chain': longChain };
  for (const [name, own] of Object.entries(credentials))
    for (const mtu of mtus)
      it(`complete with ${name} and a client certificate at MTU ${mtu}, in each packing`, async () => {
        for (const packing of packings) {
          const args = [...theirMtu(mtu), '-Verify', '5', ...srtpArgs];
          const { peer, port } = await opensslServerWith(own, args);
          const client = await clientOf(port, { ...srtp, mtu, packing, credentials: [longChain] });
          const { parameters } = await client.event('connected');
          expect(parameters).toMatchObject({ version: '1.2', srtpProfile: 1, extendedMasterSecret: true });
          await expectTalk(client, peer);
          expectSizes(client, mtu, packing);
        }
      });
});

describe('our server and openssl s_client', () => {
  const credentials = { ecdsa, 'rsa-4096': rsa4096, 'a 3.7 KB chain': longChain };
  for (const [name, own] of Object.entries(credentials))
    for (const mtu of mtus)
      it(`complete with ${name} and a client certificate at MTU ${mtu}, in each packing`, async () => {
        for (const packing of packings) {
          const server = await serverWith({
            ...srtp,
            mtu,
            packing,
            credentials: [own],
            clientAuth: 'require',
            cookie: packing === 'packed',
          });
          const peer = opensslClientOf(server.port, longChain, [...theirMtu(mtu), ...srtpArgs]);
          const { parameters } = await server.event('connected');
          expect(parameters).toMatchObject({ version: '1.2', srtpProfile: 1, extendedMasterSecret: true });
          await expectTalk(server, peer);
          expectSizes(server, mtu, packing);
        }
      });
});
