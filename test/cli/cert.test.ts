import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestCli } from '../support/buildCli.ts';

let cli: TestCli;
beforeAll(async () => {
  cli = await TestCli.build();
});
afterAll(() => cli.dispose());

const blocks = (pem: string): string[] => pem.match(/-----BEGIN [^-]+-----/g) ?? [];

describe('dtlscope cert', () => {
  it('prints key and certificate, and says on stderr what they are', async () => {
    const { code, stdout, stderr } = await cli.run('cert');
    expect(code).toBe(0);
    expect(blocks(stdout)).toEqual(['-----BEGIN PRIVATE KEY-----', '-----BEGIN CERTIFICATE-----']);
    const certificate = new X509Certificate(stdout.slice(stdout.indexOf('-----BEGIN CERT')));
    expect(certificate.checkPrivateKey(createPrivateKey(stdout))).toBe(true);
    expect(stderr).toBe(
      `ECDSA P-256, 1 certificate, ${certificate.raw.length} bytes\nsha-256 ${certificate.fingerprint256}\n`,
    );
  });

  it('writes a chain of a wanted size and its key to files, the key for nobody else', async () => {
    const { code, stdout } = await cli.run(
      'cert',
      'ecdsa-p384,chain=3,size=2500',
      '--cert-out',
      'chain.pem',
      '--key-out',
      'key.pem',
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    const chain = readFileSync(cli.path('chain.pem'), 'utf8')
      .split(/(?<=-----END CERTIFICATE-----\n)/)
      .map((pem) => new X509Certificate(pem));
    expect(chain).toHaveLength(3);
    expect(chain.reduce((sum, { raw }) => sum + raw.length, 0)).toBe(2500);
    expect(statSync(cli.path('key.pem')).mode & 0o777).toBe(0o600);
  });

  it('writes DER, a file for each certificate', async () => {
    const { code } = await cli.run(
      'cert',
      'ecdsa-p256,chain=2',
      '--der',
      '--cert-out',
      'leaf.der',
      '--key-out',
      'key.der',
    );
    expect(code).toBe(0);
    expect(readdirSync(cli.folder)).toEqual(expect.arrayContaining(['leaf.der', 'leaf-2.der', 'key.der']));
    const leaf = new X509Certificate(readFileSync(cli.path('leaf.der')));
    expect(leaf.verify(new X509Certificate(readFileSync(cli.path('leaf-2.der'))).publicKey)).toBe(true);
    const key = createPrivateKey({ key: readFileSync(cli.path('key.der')), format: 'der', type: 'pkcs8' });
    expect(leaf.checkPrivateKey(key)).toBe(true);
  });

  it('prints the half that has no file', async () => {
    expect(blocks((await cli.run('cert', 'ed25519', '--key-out', 'k.pem')).stdout)).toEqual([
      '-----BEGIN CERTIFICATE-----',
    ]);
    expect(blocks((await cli.run('cert', 'ed25519', '--cert-out', 'c.pem')).stdout)).toEqual([
      '-----BEGIN PRIVATE KEY-----',
    ]);
  });

  it.each([
    [['rsa-1024'], 'SPEC: this is not right:'],
    [['ecdsa-p256', '--der'], '--der needs --cert-out and --key-out'],
    [['ecdsa-p256', '--cert-out', 'x', '--key-out', 'x'], '--cert-out and --key-out name the same file.'],
    [['ecdsa-p256,size=50'], 'That certificate can not be made:'],
  ])('refuses %j with exit code 2', async (args, message) => {
    const { code, stdout, stderr } = await cli.run('cert', ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('says where it can not write', async () => {
    const { code, stderr } = await cli.run('cert', 'ecdsa-p256', '--cert-out', 'no/where.pem', '--key-out', 'k2.pem');
    expect(code).toBe(3);
    expect(stderr).toBe('Can not write no/where.pem: there is no such file or folder.\n');
  });
});
