import { webcrypto } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { HelperLink, HelperRefused } from '../../background/helperLink.ts';
import { type StartEnvironment, startRequest } from '../../background/start.ts';
import { helperErrors } from '../../src/bridge/messages.ts';
import { BridgeError, type RunRequest } from '../../src/bridge/panel.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import type { Run } from '../../src/run/index.ts';
import type { TraceEvent } from '../../src/trace/model.ts';
import { bundledTestCredential } from '../../src/x509/bundled.ts';
import { credentialToPem } from '../../src/x509/import.ts';
import { FakeTimers } from '../bridge/ports.ts';
import { SimulatedTurnServer } from '../support/turnServer.ts';
import { WhipServer } from '../support/whipServer.ts';
import { fakeClock, realClock, realHelper, ScriptedHelper } from './fakes.ts';

const disposals: (() => void)[] = [];
afterEach(() => {
  for (const dispose of disposals.splice(0)) dispose();
});

function environment(): StartEnvironment {
  const { connect, dispose } = realHelper();
  disposals.push(dispose);
  return environmentOver(new HelperLink({ connect, clock: realClock, version: 'test' }));
}

const environmentOver = (helper: HelperLink): StartEnvironment => ({
  helper,
  clock: realClock,
  wallClock: () => 1_700_000_000_000,
  crypto: nobleProvider,
  random: (length) => webcrypto.getRandomValues(new Uint8Array(length)),
  subtle: webcrypto.subtle as unknown as SubtleCrypto,
  fetch: (url, init) => fetch(url, init),
  ownStack: () => Promise.reject(new Error('no browser')),
  standIn: () => {
    throw new Error('there is no page');
  },
  tool: 'dtlscope test',
});

async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

function eventsOf(run: Run): TraceEvent[] {
  const events: TraceEvent[] = [];
  run.subscribe((event) => events.push(event));
  return events;
}

const failureOf = async (request: RunRequest, where = environment()) => {
  const error = await startRequest(request, where).catch((reason: unknown) => reason);
  if (!(error instanceof BridgeError)) throw new Error(`not refused: ${String(error)}`);
  return error.failure;
};

describe('a run against sim', () => {
  it('needs no helper, and establishes', async () => {
    const helper = new ScriptedHelper();
    const link = new HelperLink({ connect: helper.connect, clock: fakeClock(new FakeTimers()), version: 'test' });
    const run = await startRequest({ target: 'sim', options: {} }, environmentOver(link));
    await run.finished;
    const events = eventsOf(run);
    expect(events.filter(({ kind }) => kind === 'connected')).toHaveLength(2);
    expect(events.at(-1)).toMatchObject({ kind: 'end', how: 'done' });
    expect(helper.ports).toHaveLength(0);
  });

  it('gives the same bytes for the same options, others for another seed', async () => {
    const run = async (seed: number): Promise<string> =>
      JSON.stringify(
        eventsOf(await startRequest({ target: 'sim', options: { seed, link: ['loss=20%'] } }, environment())),
      );
    const first = await run(7);
    expect(await run(7)).toBe(first);
    expect(await run(8)).not.toBe(first);
  });

  it('sends no datagram larger than the MTU that the form asks for, with a certificate made to order', async () => {
    const run = await startRequest(
      { target: 'sim', options: { mtu: 300, certGen: 'rsa-2048', role: 'server' } },
      environment(),
    );
    const sizes = eventsOf(run).flatMap((event) =>
      event.kind === 'datagram' && event.from === 'server' ? [event.length] : [],
    );
    expect(Math.max(...sizes)).toBeLessThanOrEqual(300);
    expect(sizes.length).toBeGreaterThan(3);
  });
});

describe('runs over the helper', () => {
  it('complete a handshake with each other, as client and as server', async () => {
    const where = environment();
    const [clientPort, serverPort] = [await freePort(), await freePort()];
    const server = await startRequest(
      { target: `127.0.0.1:${clientPort}`, options: { role: 'server', bind: `127.0.0.1:${serverPort}`, linger: 100 } },
      where,
    );
    const client = await startRequest(
      { target: `127.0.0.1:${serverPort}`, options: { bind: `127.0.0.1:${clientPort}`, linger: 50, mtu: 300 } },
      where,
    );
    await Promise.all([server.finished, client.finished]);
    for (const run of [server, client]) {
      const events = eventsOf(run);
      expect(events.map(({ kind }) => kind)).toContain('connected');
      const times = events.map(({ at }) => at);
      expect(times).toEqual([...times].sort((a, b) => a - b));
    }
    expect(client.header).toMatchObject({ kind: 'run', localRole: 'client', tool: 'dtlscope test' });
    expect(client.header.commandLine).toContain('--mtu 300');
    const first = eventsOf(client).find((event) => event.kind === 'datagram');
    expect(first).toMatchObject({ src: `127.0.0.1:${clientPort}`, dst: `127.0.0.1:${serverPort}`, from: 'client' });
  });

  it('reach a media server that is asked over HTTP, without telling the token', async () => {
    const server = await WhipServer.start();
    disposals.push(() => void server.stop());
    const run = await startRequest(
      { target: `whip:${server.url}`, options: { token: 's3cret', linger: 50 } },
      environment(),
    );
    await run.finished;
    const events = eventsOf(run);
    expect(events.map(({ kind }) => kind)).toContain('connected');
    expect(events.at(-1)).toMatchObject({ kind: 'end', how: 'done' });
    expect(server.asked[0]).toMatchObject({ method: 'POST', headers: { authorization: 'Bearer s3cret' } });
    expect(JSON.stringify([run.header, events])).not.toContain('s3cret');
  });

  it('go through a TURN relay, whose refusal is said', async () => {
    const turn = new SimulatedTurnServer({ address: '' });
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    disposals.push(() => socket.close());
    const address = `127.0.0.1:${socket.address().port}`;
    Object.assign(turn, { options: { ...turn.options, address } });
    socket.on('message', (bytes, from) => {
      const sent = { from: `${from.address}:${from.port}`, to: address, bytes: new Uint8Array(bytes) };
      for (const out of turn.handle(sent, realClock.now())) socket.send(out.bytes, from.port, from.address);
    });
    const run = await startRequest(
      { target: '127.0.0.1:9', options: { turn: `turn:alice:wrong@${address}` } },
      environment(),
    );
    await run.finished;
    expect(eventsOf(run).find(({ kind }) => kind === 'refused')).toMatchObject({
      by: `TURN server ${address}`,
      why: expect.stringContaining('does not accept this user and password'),
    });
    expect(run.header.commandLine).toContain(`--turn turn:alice@${address}`);
    expect(run.header.commandLine).not.toContain('wrong');
  });

  it('end as refused at a closed port, by what the network says', async () => {
    const run = await startRequest({ target: `127.0.0.1:${await freePort()}`, options: {} }, environment());
    await run.finished;
    expect(eventsOf(run).slice(-2)).toMatchObject([
      { kind: 'refused', why: expect.stringContaining('ICMP port unreachable') },
      { kind: 'end', how: 'done' },
    ]);
  });

  it('end as interrupted when the helper goes away', async () => {
    const silent = createSocket('udp4');
    disposals.push(() => silent.close());
    silent.bind(0, '127.0.0.1');
    await once(silent, 'listening');
    const { connect, dispose } = realHelper();
    disposals.push(dispose);
    const ports: ReturnType<typeof connect>[] = [];
    const link = new HelperLink({
      connect: () => {
        const port = connect();
        ports.push(port);
        return {
          ...port,
          post: (m) => port.post(m),
          onMessage: (h) => port.onMessage(h),
          onDisconnect: (h) => ends.push(h),
          disconnect: () => port.disconnect(),
        };
      },
      clock: realClock,
      version: 'test',
    });
    const ends: ((why: string | undefined) => void)[] = [];
    const run = await startRequest(
      { target: `127.0.0.1:${silent.address().port}`, options: {} },
      environmentOver(link),
    );
    await once(silent, 'message');
    for (const end of ends) end('Native host has exited.');
    await run.finished;
    expect(eventsOf(run).at(-1)).toMatchObject({ kind: 'end', how: 'interrupted', why: 'Native host has exited.' });
  });

  it('end as cancelled when they are stopped, and free their port', async () => {
    const silent = createSocket('udp4');
    disposals.push(() => silent.close());
    silent.bind(0, '127.0.0.1');
    await once(silent, 'listening');
    const port = await freePort();
    const where = environment();
    const request = { target: `127.0.0.1:${silent.address().port}`, options: { bind: `127.0.0.1:${port}` } };
    const run = await startRequest(request, where);
    run.stop();
    await run.finished;
    expect(eventsOf(run).at(-1)).toMatchObject({ kind: 'end', how: 'cancelled' });
    const again = await startRequest(request, where);
    again.stop();
  });
});

describe('a request that cannot be run', () => {
  it('names every option that is wrong at once', async () => {
    const { code, problems } = await failureOf({
      target: 'localhost',
      options: { mtu: 3, packing: 'vacuum', nonsense: true, link: ['loss=maybe'] },
    });
    expect(code).toBe('invalid-request');
    const options = problems?.map(({ option }) => option);
    expect(options).toContain('nonsense');
    const rest = await failureOf({ target: 'localhost', options: { mtu: 3, packing: 'vacuum', link: ['loss=maybe'] } });
    expect(rest.problems?.map(({ option }) => option)).toEqual(
      expect.arrayContaining(['TARGET', '--mtu', '--packing', '--link']),
    );
    for (const { message } of rest.problems ?? []) expect(message).not.toBe('');
  });

  it.each([
    ['garbage', 'not a certificate', undefined],
    [
      'a key without a certificate',
      '',
      credentialToPem(bundledTestCredential('ecdsa-p256-a')).split('-----BEGIN CERT')[0],
    ],
  ])('says what was pasted instead of a certificate: %s', async (_what, cert, key) => {
    const options = { cert: [cert === '' ? (key ?? '') : cert] };
    const { code, problems } = await failureOf({ target: '127.0.0.1:9', options });
    expect(code).toBe('invalid-request');
    expect(problems?.[0]?.option).toBe('--cert');
  });

  it('says that a key belongs to another certificate', async () => {
    const [certificate, key] = (['ecdsa-p256-a', 'ecdsa-p256-b'] as const).map((name) => {
      const [keyPart = '', ...rest] = credentialToPem(bundledTestCredential(name)).split(/(?=-----BEGIN CERTIFICATE)/);
      return { key: keyPart, certificate: rest.join('') };
    });
    const options = { cert: [certificate?.certificate ?? ''], key: [key?.key ?? ''] };
    const { code, message } = await failureOf({ target: 'sim', options });
    expect(code).toBe('invalid-request');
    expect(message).toMatch(/--cert/);
  });

  it('says that a host is not known', async () => {
    const where = environment();
    const resolve = () => Promise.reject(new HelperRefused(helperErrors.resolveFailed, 'nowhere: no such host'));
    const helper = { resolve, open: () => Promise.reject(new Error('not reached')), toLocal: where.helper.toLocal };
    const { code, problems } = await failureOf({ target: 'nowhere:4433', options: {} }, { ...where, helper });
    expect(code).toBe('start-failed');
    expect(problems).toEqual([{ option: 'TARGET', message: 'nowhere: no such host (helper error 210)' }]);
  });

  it('says that a local address is not ours, or of the other family', async () => {
    const bind = await failureOf({ target: '127.0.0.1:9', options: { bind: '192.0.2.1' } });
    expect(bind).toMatchObject({ code: 'start-failed', problems: [{ option: '--bind' }] });
    const family = await failureOf({ target: '127.0.0.1:9', options: { bind: '::1' } });
    expect(family).toMatchObject({ code: 'start-failed', message: expect.stringContaining('IPv6') });
  });

  it('says that many may not be written to at once', async () => {
    const { code, message } = await failureOf({ target: '224.0.0.1:9', options: {} });
    expect(code).toBe('start-failed');
    expect(message).toMatch(/multicast.*220/);
  });

  it('says why the helper is not there', async () => {
    const helper = new ScriptedHelper();
    helper.greeting = { protocol: { major: 99, minor: 0 } };
    const link = new HelperLink({ connect: helper.connect, clock: fakeClock(new FakeTimers()), version: 'test' });
    expect(await failureOf({ target: '127.0.0.1:9', options: {} }, environmentOver(link))).toMatchObject({
      code: 'helper-unavailable',
      helper: { kind: 'version-mismatch', update: 'extension' },
    });
  });
});
