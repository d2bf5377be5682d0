import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { credentialToPem, importCredential } from '../../src/x509/import.ts';
import { TestCli } from '../support/buildCli.ts';
import { credential } from '../support/credentials.ts';
import { opensslClient, opensslServer } from '../support/opensslPeer.ts';

let cli: TestCli;
beforeAll(async () => {
  cli = await TestCli.build();
});
afterAll(() => cli.dispose());

interface Report {
  readonly handshakes: readonly {
    readonly outcome: string;
    readonly cipherSuite: string;
    readonly srtpProfile: string | null;
    readonly datagrams: { readonly largest: number };
    readonly certificates: { readonly server: readonly { readonly sha256: string }[] };
  }[];
}
const report = (stdout: string): Report => JSON.parse(stdout) as Report;

describe('probe against openssl s_server', () => {
  it.each([
    [['--mtu', '228', '--packing', 'record'], 'ecdsa-p256', []],
    [['--mtu', '300', '--cert-gen', 'rsa-4096'], 'rsa-4096', ['-Verify', '5']],
    [['--mtu', '1472', '--packing', 'flight'], 'rsa-2048,chain=3,size=3700', ['-verify', '5']],
    [['--link', 'loss=20%', '--rto', '50ms', '--seed', '3'], 'ecdsa-p256', []],
  ])('is established with %j and its %s', async (options, order, args) => {
    const { peer, port } = await opensslServer(await credential(order), args);
    try {
      const { code, stdout } = await cli.run('probe', `127.0.0.1:${port}`, '--json', '--linger', '0', ...options);
      expect(code).toBe(0);
      expect(report(stdout).handshakes[0]).toMatchObject({ outcome: 'established' });
    } finally {
      await peer.stop();
    }
  });

  it('agrees on SRTP, and checks the fingerprint', async () => {
    const own = await credential('ecdsa-p256');
    const { peer, port } = await opensslServer(own, ['-use_srtp', 'SRTP_AES128_CM_SHA1_80']);
    try {
      const wrong = `sha-256 ${Array.from({ length: 32 }, () => '00').join(':')}`;
      const { code, stdout } = await cli.run(
        ...['probe', `127.0.0.1:${port}`, '--json', '--fingerprint', wrong, '--expect', 'fingerprint-mismatch'],
      );
      expect(code).toBe(0);
      const [handshake] = report(stdout).handshakes;
      expect(handshake?.srtpProfile).toBe('SRTP_AES128_CM_HMAC_SHA1_80');
    } finally {
      await peer.stop();
    }
  });

  it('reports the alert that the server sends', async () => {
    const { peer, port } = await opensslServer(await credential('rsa-2048'));
    try {
      const suites = 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256';
      const target = `127.0.0.1:${port}`;
      const { code, stdout } = await cli.run('probe', target, '--suites', suites, '--quiet');
      expect(code).toBe(1);
      expect(stdout).toContain('handshake_failure');
    } finally {
      await peer.stop();
    }
  });
});

describe('serve against openssl s_client', () => {
  it.each([
    [['--cert-gen', 'rsa-4096', '--mtu', '300'], [], 'rsa-2048'],
    [['--cookie', 'on', '--client-auth', 'require'], ['-use_srtp', 'SRTP_AES128_CM_SHA1_80'], 'ecdsa-p256'],
    [['--packing', 'record', '--fragment', '100'], [], undefined],
  ])('is established with %j for %j', async (options, args, order) => {
    const server = cli.start('serve', '--port', '0', '--count', '1', '-o', 'served.json', ...options);
    const [, port] = await server.waitFor(/Listening on 127\.0\.0\.1:(\d+)/);
    const own = order === undefined ? undefined : await credential(order);
    const client = opensslClient(Number(port), own, args);
    try {
      await client.waitFor(/Verify return code/);
    } finally {
      await client.stop();
    }
    // s_client is ended without a word; the server has said what it thinks before it notices.
    await server.waitFor(/#1 .* Established/);
    server.child.kill('SIGINT');
    expect((await server.ended).code).toBe(0);
    expect(report(readFileSync(cli.path('served.json'), 'utf8')).handshakes[0]?.outcome).toBe('established');
  });

  it('shows the certificate it was given, from files of a key and a chain', async () => {
    const own = await credential('ecdsa-p384,chain=2');
    writeFileSync(cli.path('own.pem'), credentialToPem(own));
    expect(importCredential(credentialToPem(own)).ok).toBe(true);
    const server = cli.start('serve', '--port', '0', '--count', '1', '--cert', 'own.pem');
    const [, port] = await server.waitFor(/Listening on 127\.0\.0\.1:(\d+)/);
    const client = opensslClient(Number(port), undefined, ['-showcerts']);
    try {
      await client.waitFor(/Verify return code/);
      expect(client.output.match(/-----BEGIN CERTIFICATE-----/g)?.length).toBeGreaterThanOrEqual(2);
    } finally {
      await client.stop();
    }
    server.child.kill('SIGINT');
    await server.ended;
  });
});
