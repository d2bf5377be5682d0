/** Our endpoints against OpenSSL's, over UDP on loopback: two programs that share no line of code. */
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
const ecdsa384 = await credential('ecdsa-p384');
const rsa2048 = await credential('rsa-2048');
const rsa4096 = await credential('rsa-4096');
const longChain = await credential('ecdsa-p256,chain=3,size=3700');

const mtus = [228, 300, 576, 1200, 1472] as const;
const packings = ['packed', 'record', 'flight'] as const;
const srtp = { srtpProfiles: [1] };
const srtpArgs = ['-use_srtp', 'SRTP_AES128_CM_SHA1_80'];

/** OpenSSL counts IP and UDP headers, takes no less than 256, and sends 228 bytes when it is told nothing. */
const theirMtu = (mtu: number): string[] => (mtu === 228 ? [] : ['-mtu', String(mtu + 28)]);

const config = (role: Role, more: Partial<EndpointConfig>): EndpointConfig => ({
  ...defaultConfig(role),
  // What the OpenSSL of Debian 12 speaks.
  versions: ['1.2'],
  ...more,
});

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
      it(`[41] complete with ${name} and a client certificate at MTU ${mtu}, in each packing`, async () => {
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
      it(`[41] complete with ${name} and a client certificate at MTU ${mtu}, in each packing`, async () => {
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

describe('what is negotiated with OpenSSL', () => {
  const suites = [
    ['ECDHE-ECDSA-AES128-GCM-SHA256', 0xc02b, ecdsa],
    ['ECDHE-ECDSA-AES256-GCM-SHA384', 0xc02c, ecdsa],
    ['ECDHE-ECDSA-CHACHA20-POLY1305', 0xcca9, ecdsa],
    ['ECDHE-RSA-AES128-GCM-SHA256', 0xc02f, rsa2048],
    ['ECDHE-RSA-AES256-GCM-SHA384', 0xc030, rsa2048],
    ['ECDHE-RSA-CHACHA20-POLY1305', 0xcca8, rsa2048],
  ] as const;
  it.each(suites)('may be %s, in either role', async (name, code, own) => {
    const { peer, port } = await opensslServerWith(own, ['-cipher', name]);
    const client = await clientOf(port);
    expect((await client.event('connected')).parameters.cipherSuite).toBe(code);
    await expectTalk(client, peer);
    const server = await serverWith({ credentials: [own], cookie: true });
    const theirs = opensslClientOf(server.port, undefined, ['-cipher', name]);
    expect((await server.event('connected')).parameters.cipherSuite).toBe(code);
    await expectTalk(server, theirs);
  });

  it.each([
    ['X25519', 29],
    ['P-256', 23],
    ['P-384', 24],
  ] as const)('may be the group %s, in either role', async (name, code) => {
    const { peer, port } = await opensslServerWith(rsa2048, ['-groups', name]);
    const client = await clientOf(port, { groups: [29, 23, 24] });
    expect((await client.event('connected')).parameters.group).toBe(code);
    await expectTalk(client, peer);
    const server = await serverWith({ credentials: [rsa2048] });
    const theirs = opensslClientOf(server.port, undefined, ['-groups', name]);
    expect((await server.event('connected')).parameters.group).toBe(code);
    await expectTalk(server, theirs);
  });

  it.each([
    ['ECDSA+SHA256', 0x0403, ecdsa],
    ['ECDSA+SHA384', 0x0503, ecdsa384],
    ['RSA-PSS+SHA256', 0x0804, rsa2048],
    ['RSA-PSS+SHA512', 0x0806, rsa2048],
    ['RSA+SHA256', 0x0401, rsa2048],
    ['RSA+SHA384', 0x0501, rsa2048],
  ] as const)('may be signatures with %s, on both sides and in either role', async (name, code, own) => {
    const { peer, port } = await opensslServerWith(own, ['-sigalgs', name, '-Verify', '5']);
    const client = await clientOf(port, { credentials: [own] });
    expect((await client.event('connected')).parameters.peerSignature).toBe(code);
    await expectTalk(client, peer);
    const server = await serverWith({ credentials: [own], clientAuth: 'require' });
    const theirs = opensslClientOf(server.port, own, ['-sigalgs', name]);
    expect((await server.event('connected')).parameters.peerSignature).toBe(code);
    await expectTalk(server, theirs);
  });

  it('may be a session ticket, which is read and let go', async () => {
    const { peer, port } = await opensslServerWith(ecdsa);
    const client = await clientOf(port, { sessionTicket: true });
    await client.event('connected');
    expect(client.of('state').map(({ to }) => to)).toContain('awaitNewSessionTicket');
    await expectTalk(client, peer);
  });

  it('may be a protocol, in either role', async () => {
    const { peer, port } = await opensslServerWith(ecdsa, ['-alpn', 'c-webrtc,webrtc']);
    const client = await clientOf(port, { alpn: ['webrtc'] });
    expect((await client.event('connected')).parameters.alpn).toBe('webrtc');
    await expectTalk(client, peer);
    const server = await serverWith({ credentials: [ecdsa], alpn: ['webrtc'] });
    const theirs = opensslClientOf(server.port, undefined, ['-alpn', 'other,webrtc']);
    expect((await server.event('connected')).parameters.alpn).toBe('webrtc');
    await theirs.waitFor(/ALPN protocol: webrtc/);
  });

  it('may be no certificate of the client, where the server only asks', async () => {
    const { peer, port } = await opensslServerWith(ecdsa, ['-verify', '5']);
    const client = await clientOf(port);
    await client.event('connected');
    await expectTalk(client, peer);
    const server = await serverWith({ credentials: [ecdsa], clientAuth: 'request' });
    const theirs = opensslClientOf(server.port, undefined);
    await server.event('connected');
    await expectTalk(server, theirs);
  });

  it('[11] gives the same SRTP keys and the same key log', async () => {
    const label = ['-keymatexport', 'EXTRACTOR-dtls_srtp', '-keymatexportlen', '60'];
    const { peer, port } = await opensslServerWith(ecdsa, [...srtpArgs, ...label]);
    const client = await clientOf(port, srtp);
    await client.event('connected');
    const [, material] = await peer.waitFor(/Keying material: ([0-9A-F]{120})/);
    const keys = client.endpoint.srtpKeys();
    const parts = [keys?.clientKey, keys?.serverKey, keys?.clientSalt, keys?.serverSalt];
    expect(parts.map((part) => toHex(part ?? new Uint8Array())).join('')).toBe(material?.toLowerCase());

    const server = await serverWith({ credentials: [ecdsa] });
    const log = join(tmpdir(), `dtlscope-${process.pid}-${server.port}.keys`);
    cleanups.push(async () => rmSync(log, { force: true }));
    const theirs = opensslClientOf(server.port, undefined, ['-keylogfile', log]);
    await server.event('connected');
    await expectTalk(server, theirs);
    const [secret] = server.of('secret');
    const line = `${secret?.label} ${toHex(secret?.clientRandom ?? new Uint8Array())} ${toHex(secret?.secret ?? new Uint8Array())}`;
    expect(readFileSync(log, 'latin1').toLowerCase()).toContain(line.toLowerCase());
  });

  it('[41] works through a stateless listener', async () => {
    const { peer, port } = await opensslServerWith(ecdsa, ['-listen']);
    const client = await clientOf(port);
    await client.event('connected');
    await expectTalk(client, peer);
  });
});

describe('what fails with OpenSSL', () => {
  it('says handshake_failure on both sides when no suite is common', async () => {
    const { port } = await opensslServerWith(ecdsa);
    const client = await clientOf(port, { cipherSuites: [0xc02f] });
    await expect(client.event('connected')).rejects.toThrow(/"description":40/);
    const server = await serverWith({ credentials: [ecdsa] });
    const theirs = opensslClientOf(server.port, undefined, ['-cipher', 'ECDHE-RSA-AES128-GCM-SHA256']);
    await theirs.waitFor(/alert handshake failure/);
    expect(server.of('failed')[0]?.failure.code).toBe('no-common-suite');
  });

  it('says protocol_version to a client of DTLS 1.0', async () => {
    const server = await serverWith({ credentials: [ecdsa] });
    const args = ['-dtls1', '-cipher', 'ALL:@SECLEVEL=0'];
    const theirs = opensslClientOf(server.port, undefined, args);
    await theirs.waitFor(/alert protocol version/);
    expect(server.of('failed')[0]?.failure).toMatchObject({ code: 'version', offered: [0xfeff] });
  });

  it('says bad_certificate to a server whose fingerprint is another', async () => {
    const { peer, port } = await opensslServerWith(ecdsa);
    const fingerprints = [{ hash: 'sha256' as const, value: new Uint8Array(32) }];
    const client = await clientOf(port, { trust: { kind: 'fingerprints', fingerprints } });
    await expect(client.event('connected')).rejects.toThrow(/fingerprint-mismatch/);
    await peer.waitFor(/alert bad certificate/);
  });

  it('ends with close_notify, from either side', async () => {
    const { peer, port } = await opensslServerWith(ecdsa);
    const client = await clientOf(port);
    await client.event('connected');
    await peer.waitFor(/Keying material/);
    client.input({ kind: 'close' });
    await peer.waitFor(/DONE/);
    const server = await serverWith({ credentials: [ecdsa] });
    const theirs = opensslClientOf(server.port, undefined);
    await server.event('connected');
    await theirs.waitFor(/Keying material/);
    theirs.type('Q');
    expect(await server.event('closed')).toEqual({ kind: 'closed', by: 'peer' });
  });
});
