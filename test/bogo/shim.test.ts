/** The shim against a runner of our own: the contract's orders, the flags, the exit codes. BoringSSL's runner is run by hand. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EndpointConfig } from '../../src/engine/index.ts';
import { certificatesToPem, privateKeyToPem } from '../../src/x509/import.ts';
import { credential } from '../support/credentials.ts';
import { flags } from './flags.ts';
import { type Outcome, run } from './run.ts';
import { type ShimConnection, TinyRunner } from './tinyRunner.ts';

const rsa = await credential('rsa-2048,chain=3,size=3700');
let dir = '';
let runner: TinyRunner;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'dtlscope-bogo-'));
  await writeFile(join(dir, 'cert.pem'), certificatesToPem(rsa.chain));
  await writeFile(join(dir, 'key.pem'), privateKeyToPem(rsa.key));
  runner = await TinyRunner.listen();
});
afterAll(async () => {
  runner.close();
  await rm(dir, { recursive: true });
});

const versions = [
  ['1.2', '65277'],
  ['1.3', '65276'],
] as const;
const groups = [0x1d, 0x17];
/** Flags that every test has, in either contract. */
const always = (): string[] => ['-port', String(runner.port), '-dtls', '-shim-id', '72623859790382856'];
const serving = (): string[] => ['-server', '-cert-file', join(dir, 'cert.pem'), '-key-file', join(dir, 'key.pem')];
/** Flags and our end for a shim in a role. */
const inRole = (role: 'client' | 'server') =>
  role === 'server'
    ? { args: serving(), ours: { role: 'client', groups } as const }
    : { args: [], ours: { role: 'server', groups, credentials: [rsa] } as const };

/** Runs the shim, and what the runner does with its first connection. */
async function meet(
  args: readonly string[],
  ours: Partial<EndpointConfig> & Pick<EndpointConfig, 'role'>,
  play: (shim: ShimConnection) => Promise<void>,
): Promise<Outcome> {
  const done = run([...always(), ...args]);
  const shim = await runner.accept(ours);
  expect(await shim.shimId()).toBe(0x0102_0304_0506_0708n);
  await play(shim);
  shim.close();
  return done;
}

const packetsUntilAck = async (shim: ShimConnection): Promise<Uint8Array[]> => {
  const packets: Uint8Array[] = [];
  for (let got = await shim.next(); got?.kind === 'packet'; got = await shim.next()) packets.push(got.bytes);
  return packets;
};

describe('the shim', () => {
  it.each(
    versions.flatMap(([version, number]) => [
      ['client', version, number] as const,
      ['server', version, number] as const,
    ]),
  )('shakes hands as %s of DTLS %s, and answers data with its complement', async (role, version, number) => {
    const { args, ours } = inRole(role);
    const wanted = ['-max-version', number, '-expect-version', number, '-shim-writes-first', '-no-ticket'];
    const outcome = await meet(
      [...args, ...wanted, '-expect-no-session'],
      { ...ours, versions: [version] },
      async (shim) => {
        await shim.connect();
        await shim.until(() => shim.of('data').length > 0);
        expect(shim.of('data')[0]?.bytes).toEqual(Uint8Array.from(Buffer.from('hello')));
        expect(await shim.ask(Uint8Array.of(1, 2, 255))).toEqual(Uint8Array.of(254, 253, 0));
      },
    );
    expect(outcome).toEqual({ code: 0, text: '' });
  });

  it('sends again when its time is up, and says when that will be', async () => {
    const outcome = await meet(
      ['-max-version', '65277', '-initial-timeout-duration-ms', '250'],
      inRole('client').ours,
      async (shim) => {
        shim.expectTimeout(250);
        shim.advance(250);
        const first = await packetsUntilAck(shim);
        shim.expectTimeout(500);
        // Nearly is enough.
        shim.advance(490);
        const second = await packetsUntilAck(shim);
        expect(second.map(({ length }) => length)).toEqual(first.map(({ length }) => length));
        shim.input({ kind: 'start' });
        await shim.until(() => shim.endpoint.state === 'connected');
        shim.expectTimeout(undefined);
      },
    );
    expect(outcome).toEqual({ code: 0, text: '' });
  });

  it('acknowledges when its timer fires, and says until then what it has to say', async () => {
    const tickets = { key: new Uint8Array(32).fill(9), count: 2, lifetimeSeconds: 100 };
    const ours = { ...inRole('client').ours, versions: ['1.3'], tickets } as const;
    const outcome = await meet([], ours, async (shim) => {
      await shim.connect();
      shim.input({ kind: 'send', bytes: Uint8Array.of(1) });
      const data = await shim.next();
      if (data?.kind === 'packet') shim.input({ kind: 'datagram', bytes: data.bytes, from: 'shim' });
      expect(shim.of('data').map(({ bytes }) => bytes)).toEqual([Uint8Array.of(254)]);
      expect(shim.endpoint.unacknowledged).toBe(true);
      shim.expectTimeout(100);
      shim.advance(100);
      expect(await packetsUntilAck(shim)).toEqual([]);
      shim.expectTimeout(undefined);
      await shim.until(() => !shim.endpoint.unacknowledged);
    });
    expect(outcome).toEqual({ code: 0, text: '' });
  });

  it('fails when its timeout is not the one that the runner expects', async () => {
    const outcome = await meet([], inRole('client').ours, async (shim) => {
      shim.expectTimeout(1000);
      while (await shim.next());
    });
    expect(outcome).toEqual({ code: 1, text: 'wrong timeout: 400 ms instead of 1000 ms' });
  });

  it('gives up after twelve retransmissions', async () => {
    const outcome = await meet(['-max-version', '65277'], inRole('client').ours, async (shim) => {
      for (let i = 0; i < 13; i++) shim.advance(60_000);
      while (await shim.next());
    });
    expect(outcome.code).toBe(1);
    expect(outcome.text).toMatch(/^timed-out/);
  });

  it('cuts its next sending for an MTU that it is told, and nothing sooner', async () => {
    const args = [...serving(), '-max-version', '65277'];
    const outcome = await meet(args, { ...inRole('server').ours, versions: ['1.2'] }, async (shim) => {
      shim.input({ kind: 'start' });
      shim.advance(0);
      const first = await packetsUntilAck(shim);
      expect(Math.max(...first.map(({ length }) => length))).toBeGreaterThan(1000);
      shim.setMtu(300);
      shim.advance(400);
      expect(await packetsUntilAck(shim)).toEqual([]);
      shim.advance(0);
      const again = await packetsUntilAck(shim);
      expect(again.length).toBeGreaterThan(10);
      expect(Math.max(...again.map(({ length }) => length))).toBeLessThanOrEqual(300);
    });
    expect(outcome).toMatchObject({ code: 1, text: expect.stringContaining('closed the socket before') });
  });

  it('comes back as often as it is told, and resumes', async () => {
    const done = run([...always(), ...serving(), '-resume-count', '2', '-max-version', '65276']);
    let resume: EndpointConfig['resume'] = [];
    for (let nth = 0; nth < 3; nth++) {
      const ours: Partial<EndpointConfig> = { versions: ['1.3'], groups, resume };
      const shim = await runner.accept({ ...ours, role: 'client' });
      await shim.shimId();
      await shim.connect();
      expect(shim.of('connected')[0]?.parameters.resumed).toBe(nth > 0);
      await shim.ask(Uint8Array.of(7));
      await shim.until(() => shim.of('ticket').length > 0);
      resume = shim.of('ticket').map(({ ticket }) => ticket);
      shim.close();
    }
    expect(await done).toEqual({ code: 0, text: '' });
  });

  it.each([
    ['1.3', 0x1301],
    ['1.2', 0xc02f],
  ] as const)('resumes as a client, with what the connection before left in DTLS %s', async (version, suite) => {
    const done = run([...always(), '-resume-count', '1', '-on-resume-expect-cipher', String(suite)]);
    const key = new Uint8Array(32).fill(9);
    for (let nth = 0; nth < 2; nth++) {
      const shim = await runner.accept({
        role: 'server',
        versions: [version],
        cipherSuites: [suite],
        groups,
        credentials: [rsa],
        tickets: { key, count: 1, lifetimeSeconds: 100 },
      });
      await shim.shimId();
      await shim.connect();
      expect(shim.of('connected')[0]?.parameters.resumed).toBe(nth > 0);
      await shim.ask(Uint8Array.of(7));
      shim.close();
    }
    expect(await done).toEqual({ code: 0, text: '' });
  });

  it('wants a close_notify and sends its own, where that is to be checked', async () => {
    const args = ['-max-version', '65277', '-check-close-notify'];
    const polite = await meet(args, inRole('client').ours, async (shim) => {
      await shim.connect();
      shim.input({ kind: 'close' });
      await shim.until(() => shim.of('alert').some(({ direction }) => direction === 'received'));
    });
    expect(polite).toEqual({ code: 0, text: '' });
    const rude = await meet(args, inRole('client').ours, (shim) => shim.connect());
    expect(rude).toMatchObject({ code: 1, text: expect.stringContaining('close_notify') });
  });

  it.each([
    ['the version', ['-expect-version', '65276']],
    ['the suite', ['-expect-cipher', '1']],
    ['the group', ['-expect-curve-id', '24']],
    ['ALPN', ['-expect-alpn', 'foo']],
    ['trust', ['-verify-peer', '-verify-fail']],
  ])('says so when it is not as the flags want it: %s', async (_, wanted) => {
    const outcome = await meet(['-max-version', '65277', ...wanted], inRole('client').ours, async (shim) => {
      await shim.connect().catch(() => {});
    });
    expect(outcome).toMatchObject({ code: 1 });
    expect(outcome.text).not.toBe('');
  });

  it.each([
    ['an unknown flag', ['-no-such-flag']],
    ['a flag of the list that is not done', ['-enable-early-data']],
    ['one that is for resumed connections alone', ['-on-resume-enable-early-data']],
    ['a list of suites in OpenSSL’s language', ['-cipher', 'DEFAULT:!AES']],
  ])('answers 89 to %s', async (_, args) => {
    const outcome = await run(['-port', '1', '-dtls', ...args]);
    expect(outcome.code).toBe(89);
    expect(outcome.text).not.toBe('');
  });

  it('has a line for every flag', () => {
    for (const [name, flag] of Object.entries(flags)) {
      expect(name).toMatch(/^-[a-z0-9-]+$/);
      expect(('missing' in flag ? flag.missing : flag.about).length, name).toBeGreaterThan(2);
    }
  });
});

describe('the executable', () => {
  const shim = join(import.meta.dirname, 'shim');
  const start = (...args: string[]) => spawnSync(shim, args, { encoding: 'utf8' });

  it('decides without Node what it can', () => {
    expect(start('-is-handshaker-supported')).toMatchObject({ status: 0, stdout: 'No\n' });
    expect(start('-port', '1')).toMatchObject({ status: 89, stdout: '' });
    expect(start('-quic', '-port', '1')).toMatchObject({ status: 89 });
  });

  it('builds itself, and hands on the exit code and why', () => {
    const unknown = start('-dtls', '-port', '1', '-no-such-flag');
    expect(unknown).toMatchObject({ status: 89, stdout: '', stderr: 'unknown flag -no-such-flag\n' });
    // Nobody listens there.
    expect(start('-dtls', '-port', '1')).toMatchObject({ status: 1, stdout: '' });
  });
});
