import { afterEach, describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/random.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import type { WhipAnswer } from '../../src/ice/whipServer.ts';
import { Gateway, type Run } from '../../src/run/index.ts';
import type { GivenOptions } from '../../src/scenario/index.ts';
import type { TraceEvent } from '../../src/trace/model.ts';
import { chromiumOffer as offer } from '../ice/descriptions.ts';
import { type OwnGateway, startGateway } from '../support/ownGateway.ts';
import { probe } from '../support/probing.ts';
import { header, MemoryNetwork, serverConfig } from './memory.ts';

const gateways: OwnGateway[] = [];
afterEach(() => {
  for (const gateway of gateways.splice(0)) gateway.stop();
});
const open = async (given: GivenOptions = {}): Promise<OwnGateway> => {
  const gateway = await startGateway(given);
  gateways.push(gateway);
  return gateway;
};

const http = (events: readonly TraceEvent[] = []): unknown[] =>
  events.flatMap((event) =>
    event.kind === 'signalling' && event.fact.kind === 'http' ? [`${event.fact.method} ${event.fact.status}`] : [],
  );

describe('our gateway', () => {
  it.each([
    ['whip', 'actpass', 'client'],
    ['whep', 'actpass', 'client'],
    ['whip', 'active', 'server'],
  ] as const)('shakes hands by %s; when it claims %s, the other side is the %s', async (kind, setup, role) => {
    const gateway = await open({ setup: [setup] });
    const { outcome, handshakes } = (await probe(`${kind}:${gateway.origin}/${kind}/room`)).reading;
    expect(outcome).toBe('established');
    expect(handshakes[0]?.handshake.localRole).toBe(role);
    expect(handshakes[0]?.handshake.fingerprints.map(({ matches }) => matches)).toEqual([true, true]);
    await expect.poll(() => gateway.traces[0]?.at(-1)).toMatchObject({ kind: 'end', how: 'done' });
    const [events = []] = gateway.traces;
    expect(events).toContainEqual(expect.objectContaining({ kind: 'connected' }));
    expect(http(events).slice(0, 2)).toEqual(['POST 201', 'PATCH 204']);
  });

  it('serves many at once, each with a trace of its own', async () => {
    const gateway = await open();
    const all = await Promise.all(Array.from({ length: 6 }, () => probe(`whip:${gateway.origin}/whip`)));
    expect(all.map(({ reading }) => reading.outcome)).toEqual(all.map(() => 'established'));
    for (const events of gateway.traces) expect(events.filter(({ kind }) => kind === 'connected')).toHaveLength(1);
  });

  it('can announce a fingerprint that is not its own, and is found out', async () => {
    const gateway = await open({ announce: [`sha-256 ${Array(32).fill('00').join(':')}`] });
    const { reading } = await probe(`whip:${gateway.origin}/whip`);
    expect(reading).toMatchObject({ outcome: 'fingerprint-mismatch' });
  });

  it.each([
    ['passive', 'hello-in-one-piece', 'no-answer'],
    ['active', 'wrong-finished', 'alert-sent'],
  ] as const)('has quirks to choose: %s, %s gives %s', async (setup, quirk, outcome) => {
    const gateway = await open({ setup: [setup], quirk: [quirk] });
    const { reading } = await probe(`whip:${gateway.origin}/whip`, { attempts: ['1'], rto: ['100ms'] });
    expect(reading).toMatchObject({ outcome });
  });

  it('wants its token from everybody, and shows it to nobody', async () => {
    const gateway = await open({ token: ['t0ken'] });
    const { reading: refused } = await probe(`whip:${gateway.origin}/whip`, { token: ['other'] });
    expect(refused).toMatchObject({ outcome: 'refused' });
    expect(refused.verdicts[0]).toContain('wants its bearer token');
    expect(gateway.traces).toEqual([]);
    const { reading } = await probe(`whip:${gateway.origin}/whip`, { token: ['t0ken'] });
    expect(reading).toMatchObject({ outcome: 'established' });
    expect(JSON.stringify(gateway.traces)).not.toContain('t0ken');
  });
});

/** A gateway without sockets. */
function bare(changes: { readonly maxSessions?: number; readonly token?: string; readonly broken?: boolean } = {}) {
  const network = new MemoryNetwork();
  const runs: Run[] = [];
  let port = 0;
  const gateway = new Gateway({
    open: async () => {
      if (changes.broken) throw new Error('no socket left');
      return [network.socket(`192.0.2.2:${++port}`, '')];
    },
    setup: 'actpass',
    fingerprints: [{ hash: 'sha256', value: new Uint8Array(32) }],
    config: ({ role }) => ({ ...serverConfig, role }),
    token: changes.token,
    rules: [],
    seed: 1,
    clock: network.clock,
    crypto: nobleProvider,
    random: new Prng(4).bytes,
    lingerMs: 1000,
    timeoutMs: 60_000,
    maxSessions: changes.maxSessions ?? 3,
    header: () => header,
    began: (run) => runs.push(run),
  });
  const ask = (
    method: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
    body = '',
  ): Promise<WhipAnswer> => gateway.answer({ method, path, header: (name) => headers[name], body }, 'a client');
  const post = (body = offer, headers: Readonly<Record<string, string>> = { 'content-type': 'application/sdp' }) =>
    ask('POST', '/whip', headers, body);
  return { gateway, runs, ask, post };
}
const patchHeaders = (etag: string) => ({ 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': etag });
const fragment =
  'a=ice-ufrag:peer\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\na=candidate:1 1 udp 99 192.0.2.9 5000 typ host\r\n';

describe('its answers', () => {
  it('begin a session: an ICE-lite answer, its place, its ETag, all readable for pages of other origins', async () => {
    const { post, ask } = bare();
    const { status, headers, body } = await post();
    expect(status).toBe(201);
    expect(body).toMatch(/^a=ice-lite\r$/m);
    expect(body).toMatch(/^a=setup:passive\r$/m);
    expect(body).toMatch(/^a=candidate:\S+ 1 udp \d+ 192\.0\.2\.2 1 typ host\r$/m);
    expect(headers).toMatchObject({
      'content-type': 'application/sdp',
      location: expect.stringMatching(/^\/session\/[0-9a-f]{32}$/),
      'access-control-allow-origin': '*',
      'access-control-expose-headers': expect.stringContaining('location'),
    });
    const asked = await ask('OPTIONS', '/whip', { origin: 'https://app.example' });
    expect(asked).toMatchObject({
      status: 204,
      headers: { 'access-control-allow-methods': 'POST', 'accept-post': 'application/sdp' },
    });
    expect(asked.headers['access-control-allow-headers']).toContain('authorization');
  });

  it('take candidates of this ICE session, and end the session', async () => {
    const { post, ask, runs } = bare();
    const { headers } = await post();
    const [session = '', etag = ''] = [headers['location'], headers['etag']];
    const events: TraceEvent[] = [];
    runs[0]?.subscribe((event) => events.push(event));
    const patch = (more: Readonly<Record<string, string>>, body = fragment) => ask('PATCH', session, more, body);
    expect(await patch({ 'content-type': 'text/plain' })).toMatchObject({ status: 415 });
    expect(await patch({ 'content-type': 'application/trickle-ice-sdpfrag' })).toMatchObject({ status: 428 });
    expect(await patch(patchHeaders('"other"'))).toMatchObject({ status: 412 });
    expect(await patch(patchHeaders(etag))).toMatchObject({ status: 422 });
    expect(await patch(patchHeaders(etag), 'hello')).toMatchObject({ status: 400 });
    const ufrag = /^a=ice-ufrag:(\S+)/m.exec(offer)?.[1] ?? '';
    expect(await patch(patchHeaders(etag), fragment.replace(':peer', `:${ufrag}`))).toMatchObject({ status: 204 });
    await Promise.resolve();
    expect(events).toContainEqual(
      expect.objectContaining({ fact: expect.objectContaining({ of: 'peers', address: '192.0.2.9:5000' }) }),
    );
    expect(await ask('DELETE', session)).toMatchObject({ status: 200 });
    await runs[0]?.finished;
    expect(events.at(-1)).toMatchObject({ kind: 'end', how: 'cancelled' });
    expect(await ask('DELETE', session)).toMatchObject({ status: 404 });
  });

  it.each([
    ['a GET', ['GET', '/whip'], 405, 'by POST'],
    ['a form', ['POST', '/whep', { 'content-type': 'text/html' }], 415, 'application/sdp'],
    ['no SDP', ['POST', '/whip', { 'content-type': 'application/sdp' }, 'hello'], 400, 'SDP'],
    ['another path', ['POST', '/whop'], 404, '/whip or /whep'],
    ['a session that is not', ['DELETE', '/session/00'], 404, 'no such session'],
    ['a POST to a session', ['POST', '/session/00'], 405, 'DELETE ends it'],
  ] as const)('say what is wrong with %s', async (_what, [method, path, headers, body], status, text) => {
    const answer = await bare().ask(method, path, headers, body);
    expect(answer).toMatchObject({ status, headers: { 'content-type': 'text/plain; charset=utf-8' } });
    expect(answer.body).toContain(text);
  });

  it('ask for the token first, but let browsers ask whether they may', async () => {
    const { ask, post } = bare({ token: 'secret' });
    expect(await post()).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': expect.stringMatching(/^Bearer/) },
    });
    expect(await ask('OPTIONS', '/whip')).toMatchObject({ status: 204 });
    expect(await post(offer, { 'content-type': 'application/sdp', authorization: 'Bearer secret' })).toMatchObject({
      status: 201,
    });
  });

  it('are bounded: the oldest session that is not connected makes room', async () => {
    const { post, runs } = bare({ maxSessions: 2 });
    for (let n = 0; n < 5; n++) expect(await post()).toMatchObject({ status: 201 });
    await Promise.all(runs.slice(0, 3).map(({ finished }) => finished));
    const ends = runs.map((run) => {
      let over = false;
      run.subscribe(({ kind }) => {
        over ||= kind === 'end';
      });
      return over;
    });
    expect(ends).toEqual([true, true, true, false, false]);
  });

  it('say that there is no socket', async () => {
    expect(await bare({ broken: true }).post()).toMatchObject({
      status: 500,
      body: expect.stringContaining('no socket left'),
    });
  });
});
