/** What old peers speak, and sessions that are resumed, against OpenSSL and GnuTLS over UDP on loopback, in both roles. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { defaultConfig, type EndpointConfig, type KeptSession, type Role } from '../../src/engine/index.ts';
import { findProgram } from '../../src/tools/process.ts';
import { credential } from '../support/credentials.ts';
import { gnutlsClient, gnutlsServer } from '../support/gnutlsPeer.ts';
import { OpensslPeer, opensslClient, opensslServer } from '../support/opensslPeer.ts';
import { UdpEndpoint } from '../support/udp.ts';

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const ecdsa = await credential('ecdsa-p256');
const rsa = await credential('rsa-2048');
const p521 = await credential('ecdsa-p521');
const hasGnutls = findProgram('gnutls-serv') !== undefined;

const config = (role: Role, more: Partial<EndpointConfig>): EndpointConfig => ({
  ...defaultConfig(role),
  versions: ['1.2'],
  allowWeak: true,
  ...more,
});
async function endpointOf(role: Role, more: Partial<EndpointConfig>, port?: number): Promise<UdpEndpoint> {
  const endpoint = await UdpEndpoint.start(config(role, more), port);
  cleanups.push(() => endpoint.stop());
  return endpoint;
}
const kept = <T extends { readonly peer: OpensslPeer } | OpensslPeer>(started: T): T => {
  cleanups.push(() => (started instanceof OpensslPeer ? started : started.peer).stop());
  return started;
};
const material = /Key(?:ing)? material: ([0-9A-Fa-f]{64})/g;
/** Both have the same keys, by the last keying material that the peer shows. */
async function expectSameKeys(ours: UdpEndpoint, theirs: OpensslPeer): Promise<void> {
  const own = toHex(ours.endpoint.exportKeyingMaterial('EXPORTER-dtlscope', undefined, 32) ?? new Uint8Array());
  await theirs.waitFor(new RegExp(own, 'i'));
  expect([...theirs.output.matchAll(material)].at(-1)?.[1]?.toLowerCase()).toBe(own);
}
async function expectTalk(ours: UdpEndpoint, theirs: OpensslPeer): Promise<void> {
  await expectSameKeys(ours, theirs);
  ours.input({ kind: 'send', bytes: new TextEncoder().encode('from dtlscope\n') });
  await theirs.waitFor(/from dtlscope/);
  theirs.type('from the peer');
  const { bytes } = await ours.event('data');
  expect(new TextDecoder().decode(bytes)).toContain('from the peer');
}

const allow = (suite: string): string[] => ['-cipher', `${suite}:@SECLEVEL=0`];

describe('OpenSSL', () => {
  it.each([
    ['DTLS 1.0, ECDHE-ECDSA', '1.0', 'ECDHE-ECDSA-AES128-SHA', 0xc009, ecdsa],
    ['DTLS 1.0, ECDHE-RSA', '1.0', 'ECDHE-RSA-AES256-SHA', 0xc014, rsa],
    ['DTLS 1.0, RSA key exchange', '1.0', 'AES256-SHA', 0x0035, rsa],
    ['AES-CBC with HMAC-SHA1', '1.2', 'ECDHE-ECDSA-AES256-SHA', 0xc00a, ecdsa],
    ['AES-CBC with HMAC-SHA256', '1.2', 'ECDHE-RSA-AES128-SHA256', 0xc027, rsa],
    ['RSA key exchange and AES-CBC', '1.2', 'AES256-SHA', 0x0035, rsa],
    ['RSA key exchange and AES-GCM', '1.2', 'AES128-GCM-SHA256', 0x009c, rsa],
  ] as const)('talks %s with us in either role, with client certificates', async (_, version, name, code, own) => {
    const args = [...(version === '1.0' ? ['-dtls1'] : []), ...allow(name)];
    // Both orders of the MAC: OpenSSL takes encrypt-then-MAC where it is offered.
    for (const encryptThenMac of [true, false]) {
      const settings = { versions: [version], cipherSuites: [code], encryptThenMac, credentials: [own] };
      const agreed = { version, cipherSuite: code, encryptThenMac: encryptThenMac && name.endsWith('SHA') };
      const { peer, port } = kept(await opensslServer(own, [...args, '-Verify', '5']));
      const client = await endpointOf('client', settings, port);
      const expected = name.endsWith('SHA256') && !name.includes('GCM') ? { ...agreed, encryptThenMac } : agreed;
      expect((await client.event('connected')).parameters).toMatchObject(expected);
      await expectTalk(client, peer);
      const server = await endpointOf('server', { ...settings, clientAuth: 'require', cookie: true });
      const theirs = kept(opensslClient(server.port, own, args));
      expect((await server.event('connected')).parameters).toMatchObject(expected);
      await expectTalk(server, theirs);
    }
  });

  it('talks P-521 with us in either role', async () => {
    const settings = { groups: [25], signatureSchemes: [0x0603], credentials: [p521] };
    const { peer, port } = kept(await opensslServer(p521, ['-groups', 'P-521']));
    const client = await endpointOf('client', settings, port);
    expect((await client.event('connected')).parameters).toMatchObject({ group: 25, peerSignature: 0x0603 });
    await expectTalk(client, peer);
    const server = await endpointOf('server', settings);
    const theirs = kept(opensslClient(server.port, undefined, ['-groups', 'P-521']));
    await server.event('connected');
    await expectTalk(server, theirs);
  });

  it.each([
    ['a ticket', [], true],
    ['a session id', ['-no_ticket'], false],
  ] as const)('resumes by %s with us as client', async (_, args, sessionTicket) => {
    const { peer, port } = kept(await opensslServer(ecdsa, args));
    const first = await endpointOf('client', { sessionTicket }, port);
    expect((await first.event('connected')).parameters.resumed).toBe(false);
    const resume = first.of('ticket').map(({ ticket }) => ticket);
    first.input({ kind: 'close' });
    await peer.waitFor(/DONE/);
    const again = await endpointOf('client', { sessionTicket, resume }, port);
    expect((await again.event('connected')).parameters.resumed).toBe(true);
    await expectSameKeys(again, peer);
  });

  it.each([
    ['a ticket', []],
    ['a session id', ['-no_ticket']],
  ] as const)('resumes by %s with us as server', async (_, args) => {
    const directory = mkdtempSync(join(tmpdir(), 'dtlscope-session-'));
    cleanups.push(() => rmSync(directory, { recursive: true, force: true }));
    const file = join(directory, 'session.pem');
    const sessions = new Map<string, KeptSession>();
    const tickets = { key: new Uint8Array(32).fill(9), count: 1, lifetimeSeconds: 3600 };
    const settings = { credentials: [ecdsa], sessions, tickets };
    const server = await endpointOf('server', settings);
    const first = kept(opensslClient(server.port, undefined, [...args, '-sess_out', file]));
    await server.event('connected');
    await expectTalk(server, first);
    server.input({ kind: 'close' });
    await first.waitFor(/DONE|closed/);
    await first.stop();
    const next = await endpointOf('server', { ...settings, cookie: true });
    const again = kept(opensslClient(next.port, undefined, [...args, '-sess_in', file]));
    expect((await next.event('connected')).parameters.resumed).toBe(true);
    await expectTalk(next, again);
    expect(again.output).toMatch(/Reused, /);
  });
});

describe.runIf(hasGnutls || process.env['CI'])('GnuTLS', () => {
  const normal = 'NORMAL:-VERS-ALL:+VERS-DTLS1.2';
  const only = (version: string, cipher: string, exchange: string, more = ''): string =>
    `NORMAL:-VERS-ALL:+VERS-DTLS${version}:-CIPHER-ALL:+${cipher}:-KX-ALL:+${exchange}:+SHA1:+SIGN-ALL:+SIGN-RSA-SHA1:+SIGN-ECDSA-SHA1${more}`;

  it.each([
    ['DTLS 1.0 and ECDHE-RSA', '1.0', only('1.0', 'AES-128-CBC', 'ECDHE-RSA'), 0xc013, rsa],
    ['DTLS 1.0 and RSA key exchange', '1.0', only('1.0', 'AES-256-CBC', 'RSA'), 0x0035, rsa],
    ['AES-CBC without encrypt-then-MAC', '1.2', only('1.2', 'AES-128-CBC', 'ECDHE-ECDSA', ':%NO_ETM'), 0xc009, ecdsa],
    ['AES-CBC with encrypt-then-MAC', '1.2', only('1.2', 'AES-256-CBC', 'ECDHE-RSA'), 0xc014, rsa],
    ['what it speaks by itself', '1.2', normal, 0xc030, rsa],
  ] as const)('talks %s with us in either role', async (_, version, priority, code, own) => {
    const settings = { versions: [version], cipherSuites: [code], groups: [23, 29], recordSizeLimit: 1000 };
    const { peer, port } = kept(await gnutlsServer(own, priority));
    const client = await endpointOf('client', settings, port);
    expect((await client.event('connected')).parameters).toMatchObject({ version, cipherSuite: code });
    client.input({ kind: 'send', bytes: new TextEncoder().encode('hello\n') });
    expect(new TextDecoder().decode((await client.event('data')).bytes)).toContain('hello');
    await peer.waitFor(/hello/);
    const server = await endpointOf('server', { ...settings, credentials: [own], cookie: true });
    const theirs = kept(gnutlsClient(server.port, priority));
    expect((await server.event('connected')).parameters).toMatchObject({ version, cipherSuite: code });
    await expectTalk(server, theirs);
  });

  it.each([
    ['a ticket', [], true],
    ['a session id', ['--noticket'], false],
  ] as const)('resumes by %s with us as client', async (_, args, sessionTicket) => {
    const { port } = kept(await gnutlsServer(rsa, normal, args));
    const first = await endpointOf('client', { sessionTicket }, port);
    await first.event('connected');
    const resume = first.of('ticket').map(({ ticket }) => ticket);
    first.input({ kind: 'close' });
    const again = await endpointOf('client', { sessionTicket, resume }, port);
    expect((await again.event('connected')).parameters.resumed).toBe(true);
    again.input({ kind: 'send', bytes: new TextEncoder().encode('hello\n') });
    await again.event('data');
  });

  it.each([
    ['a ticket', []],
    ['a session id', ['--noticket']],
  ] as const)('resumes by %s with us as server', async (_, args) => {
    const sessions = new Map<string, KeptSession>();
    const tickets = { key: new Uint8Array(32).fill(9), count: 1, lifetimeSeconds: 3600 };
    const settings = { credentials: [rsa], sessions, tickets };
    const server = await endpointOf('server', settings);
    const theirs = kept(gnutlsClient(server.port, normal, [...args, '--resume']));
    await server.event('closed');
    const next = server.restart(config('server', settings));
    expect((await next.event('connected')).parameters.resumed).toBe(true);
    await theirs.waitFor(/This is a resumed session/);
    await expectSameKeys(next, theirs);
  });
});
