import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFile } from '../../src/capture/open.ts';
import { TestCli } from '../support/buildCli.ts';

let cli: TestCli;
beforeAll(async () => {
  cli = await TestCli.build();
});
afterAll(() => cli.dispose());

/** A UDP socket that answers nobody. */
async function silentPort(): Promise<{ port: number; close(): void; datagrams: Buffer[] }> {
  const socket = createSocket('udp4');
  const datagrams: Buffer[] = [];
  socket.on('message', (bytes) => datagrams.push(bytes));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { port: socket.address().port, close: () => socket.close(), datagrams };
}

/** Our own server on a free port, for so many clients. */
async function serving(...args: readonly string[]) {
  const server = cli.start('serve', '--port', '0', ...args);
  const [, port = ''] = await server.waitFor(/Listening on 127\.0\.0\.1:(\d+)\n/);
  return { server, target: `127.0.0.1:${port}` };
}
const eventsIn = (name: string) => {
  const opened = openFile(readFileSync(cli.path(name)));
  if (!('trace' in opened) || !opened.trace) throw new Error(`${name} can not be read`);
  expect(opened.problems).toEqual([]);
  return opened.trace.events;
};

describe('probe sim', () => {
  it('says established first, and exits with 0', async () => {
    const { code, stdout, stderr } = await cli.run('probe', 'sim');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n')[0]).toMatch(/^✔ established /);
    expect(stdout.split('\n')[1]).toMatch(/^ {2}Established in /);
  });

  it('is the same twice, byte for byte', async () => {
    const args = ['--link', 'loss=20%', '--seed', '5', '--with-keys'] as const;
    const [a, b] = await Promise.all(
      ['a', 'b'].map((name) => cli.run('probe', 'sim', ...args, '-o', `${name}.sqlog`, '-o', `${name}.pcapng`)),
    );
    expect(a?.code).toBe(0);
    expect(a?.stdout).toBe(b?.stdout);
    for (const ending of ['sqlog', 'pcapng'])
      expect(readFileSync(cli.path(`a.${ending}`)).equals(readFileSync(cli.path(`b.${ending}`)))).toBe(true);
  });

  it('with --quiet prints the verdict alone', async () => {
    const { stdout } = await cli.run('probe', 'sim', '--quiet');
    expect(stdout).toMatch(/^Established[^\n]*\n$/);
  });

  it('with --json prints one document and nothing else', async () => {
    const { code, stdout, stderr } = await cli.run(
      'probe',
      'sim',
      '--json',
      '--link',
      'in:drop=certificate#1',
      '--rto',
      '3s',
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const report: unknown = JSON.parse(stdout);
    expect(report).toMatchObject({
      dtlscope: '1.2.3',
      handshakes: [
        {
          id: 'h1',
          outcome: 'established',
          version: '1.3',
          cipherSuite: 'TLS_AES_128_GCM_SHA256',
          group: 'X25519MLKEM768',
          retransmissions: { client: 0, server: 1 },
        },
      ],
    });
  });

  it('has an exit code that follows the expectation', async () => {
    const blind = ['--link', 'loss=100%', '--timeout', '2s'] as const;
    expect((await cli.run('probe', 'sim', ...blind)).code).toBe(1);
    expect((await cli.run('probe', 'sim', ...blind, '--expect', 'no-answer')).code).toBe(0);
    const other = await cli.run('probe', 'sim', '--expect', 'no-answer');
    expect(other.code).toBe(1);
    expect(other.stderr).toBe('Expected no-answer, got established.\n');
  });

  it('takes the server’s part when told to', async () => {
    const { code } = await cli.run(
      'probe',
      'sim',
      '--versions',
      '1.2',
      '--role',
      'server',
      '--cookie',
      'on',
      '-o',
      'role.sqlog',
    );
    expect(code).toBe(0);
    const messages = eventsIn('role.sqlog').flatMap((event) =>
      event.kind === 'datagram' ? [event.contents?.records[0]?.fragments[0]?.message] : [],
    );
    // ClientHello, HelloVerifyRequest, ClientHello.
    expect(messages.slice(0, 3)).toEqual([1, 3, 1]);
  });
});

describe('-o', () => {
  it('leaves the secrets out of every file but .keys, unless asked', async () => {
    const outputs = (name: string) =>
      ['sqlog', 'qlog', 'pcapng', 'html', 'svg', 'md', 'keys', 'json'].flatMap((e) => ['-o', `${name}.${e}`]);
    const without = await cli.run('probe', 'sim', '--versions', '1.2', ...outputs('plain'));
    expect(without).toMatchObject({
      code: 0,
      stderr: ['sqlog', 'qlog', 'pcapng', 'html', 'svg', 'md', 'keys', 'json']
        .map((e) => `Written: plain.${e}\n`)
        .join(''),
    });
    await cli.run('probe', 'sim', '--versions', '1.2', '--with-keys', ...outputs('keyed'));
    const secret = /^CLIENT_RANDOM [0-9a-f]{64} ([0-9a-f]{96})$/m.exec(
      readFileSync(cli.path('plain.keys'), 'utf8'),
    )?.[1];
    const holds = (name: string): boolean => {
      const bytes = readFileSync(cli.path(name));
      return bytes.includes(secret ?? '-') || bytes.includes(Buffer.from(secret ?? '', 'hex'));
    };
    expect(secret).toBeDefined();
    for (const ending of ['sqlog', 'qlog', 'pcapng', 'html', 'svg', 'md', 'json'])
      expect(holds(`plain.${ending}`), ending).toBe(false);
    for (const ending of ['html', 'svg', 'md']) expect(holds(`keyed.${ending}`), ending).toBe(false);
    for (const ending of ['sqlog', 'qlog', 'pcapng', 'keys']) expect(holds(`keyed.${ending}`), ending).toBe(true);
    expect(statSync(cli.path('plain.sqlog')).mode & 0o777).toBe(0o644);
    for (const name of ['plain.keys', 'keyed.sqlog', 'keyed.pcapng'])
      expect(statSync(cli.path(name)).mode & 0o777, name).toBe(0o600);
  });

  it('writes the same events as .sqlog and .qlog, with the command line that repeats them', async () => {
    await cli.run('probe', 'sim', '--mtu', '300', '--link', 'loss=10%', '-o', 'same.sqlog', '-o', 'same.qlog');
    expect(eventsIn('same.sqlog')).toEqual(eventsIn('same.qlog'));
    expect(readFileSync(cli.path('same.sqlog'), 'utf8')).toContain('dtlscope probe sim --mtu 300 --link loss=10%');
  });

  it('writes as .json what --json prints', async () => {
    const { stdout } = await cli.run('probe', 'sim', '--json', '-o', 'printed.json');
    expect(readFileSync(cli.path('printed.json'), 'utf8')).toBe(stdout);
  });
});

describe('probe against serve on loopback', () => {
  it('is established on both sides, which say so', async () => {
    const { server, target } = await serving('--count', '1', '-o', 'served.sqlog');
    const { code, stdout } = await cli.run(
      'probe',
      target,
      '--cert-gen',
      'ecdsa-p384',
      '--linger',
      '0',
      '-o',
      'probed.sqlog',
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^✔ established /);
    const served = await server.ended;
    expect(served.code).toBe(0);
    expect(served.stdout).toMatch(/\n#1 127\.0\.0\.1:\d+: Established/);
    const kinds = (name: string) => new Set(eventsIn(name).map(({ kind }) => kind));
    for (const name of ['served.sqlog', 'probed.sqlog']) expect(kinds(name)).toContain('connected');
  });

  it.each([
    [['--packing', 'record', '--mtu', '228']],
    [['--packing', 'flight']],
    [['--fragment', '50']],
    [['--suites', 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', '--groups', 'secp384r1,secp256r1']],
  ])('is established with %j', async (options) => {
    const { server, target } = await serving('--count', '1', '--cookie', 'on', '--client-auth', 'require');
    const { code } = await cli.run('probe', target, '--linger', '0', ...options);
    expect(code).toBe(0);
    expect((await server.ended).code).toBe(0);
  });

  it('tells a wrong fingerprint from a right one', async () => {
    const { server, target } = await serving('--count', '2');
    const [, fingerprint = ''] = await server.waitFor(/Certificate (.+)\n/);
    expect((await cli.run('probe', target, '--linger', '0', '--fingerprint', fingerprint)).code).toBe(0);
    const wrong = `sha-256 ${Array.from({ length: 32 }, () => 'AA').join(':')}`;
    const mismatch = await cli.run('probe', target, '--fingerprint', wrong, '--expect', 'fingerprint-mismatch');
    expect(mismatch.code).toBe(0);
    // One of the two was not what serve expected.
    expect((await server.ended).code).toBe(1);
  });

  it('goes over IPv6', async () => {
    const server = cli.start('serve', '--port', '0', '--bind', '::1', '--count', '1');
    const [, port = ''] = await server.waitFor(/Listening on \[::1\]:(\d+)\n/);
    expect((await cli.run('probe', `[::1]:${port}`, '--linger', '0')).code).toBe(0);
    expect((await server.ended).stdout).toContain('#1 [::1]:');
  });

  it('may be told where to bind', async () => {
    const { port, close } = await silentPort();
    close();
    const { server, target } = await serving('--count', '1');
    expect((await cli.run('probe', target, '--linger', '0', '--bind', `127.0.0.1:${port}`)).code).toBe(0);
    expect((await server.ended).stdout).toContain(`#1 127.0.0.1:${port}: `);
  });

  it('may be the server of the two, waiting for its peer', async () => {
    const [a, b] = [await silentPort(), await silentPort()];
    for (const { close } of [a, b]) close();
    const [server, client] = [`127.0.0.1:${a.port}`, `127.0.0.1:${b.port}`];
    const waiting = cli.start('probe', client, '--role', 'server', '--bind', server, '--quiet', '--timeout', '20s');
    // The client may be first: then it is refused, and comes again.
    let code: number | null = null;
    for (let tries = 0; tries < 20 && code !== 0; tries++)
      ({ code } = await cli.run('probe', server, '--bind', client, '--linger', '0'));
    expect(code).toBe(0);
    expect(await waiting.ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Established/) });
  });

  it('leaves a server that is interrupted with 0, and its clients told', async () => {
    const { server, target } = await serving();
    const probe = cli.start('probe', target, '--linger', '20s', '-o', 'told.sqlog');
    await server.waitFor(/#1 /);
    server.child.kill('SIGINT');
    expect((await server.ended).code).toBe(0);
    expect((await probe.ended).code).toBe(0);
    expect(eventsIn('told.sqlog').find(({ kind }) => kind === 'closed')).toMatchObject({ by: 'peer' });
  });
});

describe('a probe that gets nowhere', () => {
  it('says that nobody listens, at once, with exit code 3', async () => {
    const { port, close } = await silentPort();
    close();
    const { code, stdout } = await cli.run('probe', `127.0.0.1:${port}`);
    expect(code).toBe(3);
    expect(stdout).toMatch(/refused|unreachable/i);
    expect((await cli.run('probe', `127.0.0.1:${port}`, '--expect', 'refused')).code).toBe(0);
  });

  it('gives up after its time, having tried again', async () => {
    const { port, close, datagrams } = await silentPort();
    const { code } = await cli.run('probe', `127.0.0.1:${port}`, '--timeout', '700ms', '--rto', '100ms');
    expect(code).toBe(1);
    // At 0, 100, 300 and 700 ms: the last one may or may not make it.
    expect(datagrams.length).toBeGreaterThanOrEqual(3);
    close();
  });

  it('is cancelled by Ctrl+C, and still reports and writes', async () => {
    const { port, close } = await silentPort();
    const probe = cli.start('probe', `127.0.0.1:${port}`, '-o', 'cancelled.sqlog');
    await waitForFile('cancelled.sqlog', 'datagram');
    probe.child.kill('SIGINT');
    const { code, stdout } = await probe.ended;
    expect(code).toBe(1);
    expect(stdout).toMatch(/cancelled/i);
    expect(eventsIn('cancelled.sqlog').at(-1)).toMatchObject({ kind: 'end', how: 'cancelled' });
    close();
  });

  it('leaves a readable .sqlog when it is killed', async () => {
    const { port, close } = await silentPort();
    const probe = cli.start('probe', `127.0.0.1:${port}`, '-o', 'killed.sqlog');
    await waitForFile('killed.sqlog', 'datagram');
    probe.child.kill('SIGKILL');
    await probe.ended;
    expect(eventsIn('killed.sqlog').some(({ kind }) => kind === 'datagram')).toBe(true);
    close();
  });

  it('says when the host is not known', async () => {
    const { code, stdout, stderr } = await cli.run('probe', 'no-such-host.invalid:4433', '-o', 'kept.sqlog');
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(/^The host "no-such-host\.invalid" was not found: .+\n.*Check its spelling/);
  });

  it('does not touch an older file when it can not begin', async () => {
    writeFileSync(cli.path('older.sqlog'), 'precious');
    await cli.run('probe', 'no-such-host.invalid:4433', '-o', 'older.sqlog');
    expect(readFileSync(cli.path('older.sqlog'), 'utf8')).toBe('precious');
  });

  it('says when its own port is taken', async () => {
    const { port, close } = await silentPort();
    const taken = await cli.run('serve', '--port', String(port));
    expect(taken).toEqual({
      code: 3,
      stdout: '',
      stderr: `Can not use the local address 127.0.0.1:${port}: it is in use.\nSomething else uses it. Choose another port; 0 takes any that is free.\n`,
    });
    close();
  });

  it('says when the local address is not of this machine', async () => {
    const { code, stderr } = await cli.run('probe', '127.0.0.1:9', '--bind', '192.0.2.77');
    expect(code).toBe(3);
    expect(stderr).toContain('No interface of this machine has that address.');
  });
});

/** Waits until a growing file holds something. */
async function waitForFile(name: string, text: string): Promise<void> {
  for (;;) {
    try {
      if (readFileSync(cli.path(name), 'utf8').includes(text)) return;
    } catch {
      // Not there yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
