/** Options of old stacks and of sessions, from the command line: `--resume`, `--record-size-limit`, `--allow-weak`. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFile } from '../../src/capture/open.ts';
import { TestCli } from '../support/buildCli.ts';
import { onlyHandshake } from '../support/reading.ts';

let cli: TestCli;
beforeAll(async () => {
  cli = await TestCli.build();
});
afterAll(() => cli.dispose());

/** Two handshakes in a row with a server of ours; what the server reports of them. */
async function twice(server: readonly string[], client: readonly string[]) {
  const serving = cli.start('serve', '--port', '0', '--count', '2', '--linger', '2s', ...server);
  const [, port = ''] = await serving.waitFor(/Listening on 127\.0\.0\.1:(\d+)\n/);
  const probed = await cli.run('probe', `127.0.0.1:${port}`, '--repeat', '2', '--linger', '100ms', ...client);
  expect(probed.code, probed.stderr).toBe(0);
  const { stdout } = await serving.ended;
  return { resumed: stdout.match(/a session resumed|pre-shared key/g)?.length ?? 0, stdout, probed: probed.stdout };
}

describe('--resume', () => {
  it.each(['1.2', '1.3'])('lets the second handshake of DTLS %s go on from the first', async (version) => {
    const flags = ['--versions', version, '--resume'];
    const { resumed, stdout } = await twice(flags, flags);
    expect(resumed, stdout).toBe(1);
  });

  it('is nothing without the other side', async () => {
    expect((await twice(['--versions', '1.2', '--resume'], ['--versions', '1.2'])).resumed).toBe(0);
    expect((await twice(['--versions', '1.2'], ['--versions', '1.2', '--resume'])).resumed).toBe(0);
  });

  it('is refused where sessions can not go from one handshake to the next', async () => {
    const { code, stderr } = await cli.run('probe', 'sim', '--resume');
    expect(code).toBe(2);
    expect(stderr).toContain('is for DTLS over plain UDP');
  });
});

describe('--record-size-limit', () => {
  it('keeps the peer to smaller records', async () => {
    const largest = async (...flags: readonly string[]): Promise<number> => {
      const { code } = await cli.run('probe', 'sim', '--versions', '1.3', '--quiet', '-o', 'run.sqlog', ...flags);
      expect(code).toBe(0);
      const opened = openFile(readFileSync(cli.path('run.sqlog')));
      if (!('trace' in opened) || !opened.trace) throw new Error('the trace can not be read');
      const { datagrams } = onlyHandshake(opened.trace);
      const sealed = datagrams.flatMap(({ from, records }) =>
        records.filter(({ epoch }) => from === 'server' && epoch > 0),
      );
      return Math.max(...sealed.map(({ length }) => length));
    };
    expect(await largest()).toBeGreaterThan(300);
    // What is limited is content and type (RFC 8449 §4); the tag comes on top.
    expect(await largest('--record-size-limit', '200')).toBe(200 + 16);
  });

  it('can not be less than 64 bytes', async () => {
    const { code, stderr } = await cli.run('probe', 'sim', '--record-size-limit', '63');
    expect(code).toBe(2);
    expect(stderr).toContain('allowed: 64 to 16385 bytes');
  });
});

describe('--allow-weak', () => {
  it.each([
    ['1.0', 'DTLS 1.0'],
    ['1.2', 'DTLS 1.2'],
  ])('lets a simulation show DTLS %s with a suite of AES-CBC', async (version, shown) => {
    const weak = ['--versions', version, '--allow-weak', '--suites', 'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA'];
    const { code, stdout } = await cli.run('probe', 'sim', '--quiet', ...weak);
    expect(stdout).toContain(`${shown}, TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA`);
    expect(code).toBe(0);
  });
});
