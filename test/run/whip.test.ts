import { afterEach, describe, expect, it } from 'vitest';
import type { Reading } from '../../src/cli/reading.ts';
import type { TraceEvent } from '../../src/trace/model.ts';
import { toQlog } from '../../src/trace/qlog/write.ts';
import { probe } from '../support/probing.ts';
import { type WhipBehaviour, WhipServer } from '../support/whipServer.ts';

const servers: WhipServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});
const serve = async (behaviour: WhipBehaviour = {}): Promise<WhipServer> => {
  const server = await WhipServer.start(behaviour);
  servers.push(server);
  return server;
};

/** Its candidates lead to the discard port. */
const silentIce = (answer: string): string => answer.replace(/(a=candidate:.* )\d+( typ host)/g, '$19$2');

const facts = (events: readonly TraceEvent[]) =>
  events.flatMap((event) => (event.kind === 'signalling' ? [event.fact] : []));
const findings = ({ handshakes }: Reading): readonly string[] =>
  handshakes.flatMap(({ diagnosis }) => diagnosis.findings.map(({ id }) => id));
const verdict = ({ verdicts }: Reading): string => verdicts[0] ?? '';

describe('a WHIP server', () => {
  it.each([
    ['passive', 'lite', 'client'],
    ['active', 'lite', 'server'],
    ['passive', 'full', 'client'],
    ['active', 'full', 'server'],
  ] as const)('that answers %s behind a %s agent makes us the %s', async (setup, ice, role) => {
    const server = await serve({ setup, ice });
    const { events, reading } = await probe(`whip:${server.url}`);
    expect(verdict(reading)).toContain('Established');
    expect(reading.handshakes[0]?.handshake.localRole).toBe(role);
    expect(facts(events)).toContainEqual(expect.objectContaining({ kind: 'roles', result: 'decided', ours: role }));
    // Both announced a fingerprint, and it is the certificate's.
    expect(reading.handshakes[0]?.handshake.fingerprints.map(({ matches }) => matches)).toEqual([true, true]);
  });

  it('[3] has its checks answered at once, though its answer is still on the way', async () => {
    const server = await serve({ setup: 'active', ice: 'full', answerAfterMs: 600 });
    const { events, reading } = await probe(`whip:${server.url}`);
    expect(verdict(reading)).toContain('Established');
    const stun = reading.handshakes[0]?.handshake.stun ?? [];
    const posted = events.find((event) => event.kind === 'signalling' && event.fact.kind === 'http');
    const early = stun.filter(({ at, class: cls }) => cls === 'request' && at < (posted?.at ?? 0));
    expect(early.length).toBeGreaterThan(0);
    const answers = stun.filter(({ answers: asked }) => early.some(({ packet }) => packet === asked));
    expect(answers.map(({ class: cls }) => cls)).toEqual(early.map(() => 'success'));
    for (const { at } of answers) expect(at).toBeLessThan(posted?.at ?? 0);
  });

  it('is asked with the token, and told when it is over', async () => {
    const server = await serve();
    const { trace, events } = await probe(`whip:${server.url}?key=streamkey`, { token: ['s3cret-token'] });
    const text = toQlog(trace, { withKeys: true });
    await expect.poll(() => server.asked.map(({ method }) => method)).toContain('DELETE');
    expect(server.asked[0]).toMatchObject({ method: 'POST', headers: { 'content-type': 'application/sdp' } });
    expect(server.asked[0]?.body).toContain('a=sendonly');
    for (const { headers } of server.asked) expect(headers.authorization).toBe('Bearer s3cret-token');
    expect(facts(events)).toContainEqual(
      expect.objectContaining({ kind: 'http', method: 'POST', status: 201, url: `${server.url}?…` }),
    );
    expect(text).not.toContain('s3cret-token');
    const pwd = /a=ice-pwd:(\S+)/.exec(server.asked[0]?.body ?? '')?.[1] ?? 'none';
    expect(text).not.toContain(pwd);
  });

  it('is watched by WHEP with an offer that only receives', async () => {
    const server = await serve();
    const { reading } = await probe(`whep:${server.url}`);
    expect(verdict(reading)).toContain('Established');
    expect(server.asked[0]?.body).toContain('a=recvonly');
  });

  it('hears by PATCH that no more candidates come', async () => {
    const server = await serve();
    await probe(`whip:${server.url}`, { linger: ['300ms'] });
    const patch = server.asked.find(({ method }) => method === 'PATCH');
    expect(patch).toMatchObject({ path: '/session/1', headers: { 'if-match': '"ice-1"' } });
    expect(patch?.body).toContain('a=end-of-candidates');
  });

  it('that has ended the session when candidates come has hung up', async () => {
    const server = await serve({ patch: 404 });
    const { events, reading } = await probe(`whip:${server.url}`, { linger: ['300ms'] });
    const by = `WHIP server ${new URL(server.url).host}`;
    expect(facts(events)).toContainEqual({ kind: 'hangup', by, why: 'the session is gone (404 to PATCH)' });
    expect(verdict(reading)).toContain(`Established`);
    expect(verdict(reading)).toContain(`${by} hung up (the session is gone (404 to PATCH))`);
  });

  it('that ends the session before ICE has a path is the reason why there is none', async () => {
    const server = await serve({ patch: 404, rewrite: silentIce });
    const { events, reading } = await probe(`whip:${server.url}`);
    expect(facts(events)).toContainEqual(expect.objectContaining({ kind: 'hangup' }));
    expect(reading.outcome).toBe('refused');
    expect(verdict(reading)).toContain('it hung up before there was a path: the session is gone (404 to PATCH)');
  });

  it('may refuse PATCH, and the handshake goes on', async () => {
    const server = await serve({ patch: 405 });
    const { events, reading } = await probe(`whip:${server.url}`, { linger: ['300ms'] });
    expect(verdict(reading)).toContain('Established');
    expect(facts(events)).toContainEqual(
      expect.objectContaining({ method: 'PATCH', status: 405, note: expect.stringContaining('takes no candidates') }),
    );
  });

  it('starts the DTLS timer from ICE’s round trip, unless a time was asked for', async () => {
    const server = await serve();
    const first = (events: readonly TraceEvent[]) =>
      events.flatMap((event) => (event.kind === 'timer' && event.action === 'set' ? [event.durationMs] : []))[0];
    const { events } = await probe(`whip:${server.url}`);
    const rtt =
      events.flatMap((event) => (event.kind === 'ice' && event.fact.kind === 'rtt' ? [event.fact.ms] : []))[0] ?? 0;
    // A deadline less the time at which it was set: not exact to the last bit.
    expect(first(events)).toBeCloseTo(Math.min(3000, Math.max(50, 2 * rtt)), 6);
    for (const ms of [700, 1000]) {
      const asked = await probe(`whip:${server.url}`, { rto: [`${ms}ms`] });
      expect(first(asked.events)).toBeCloseTo(ms, 6);
    }
  });

  it('takes the setup attribute that was asked for', async () => {
    const server = await serve({ setup: 'active' });
    const { reading } = await probe(`whip:${server.url}`, { setup: ['passive'] });
    expect(server.asked[0]?.body).toContain('a=setup:passive');
    expect(reading.handshakes[0]?.handshake.localRole).toBe('server');
    expect(verdict(reading)).toContain('Established');
  });
});

describe('what goes wrong on the way', () => {
  it.each([
    [{ refuse: { status: 401 } }, 'it wants a bearer token, or another one (401)'],
    [{ refuse: { status: 404 } }, 'there is no such endpoint (404)'],
    [{ refuse: { status: 201, body: '<html>' } }, 'no session description'],
    [
      { refuse: { status: 409, headers: { 'content-type': 'text/plain' }, body: 'already live' } },
      'there is a conflict (409): “already live”',
    ],
  ] satisfies [WhipBehaviour, string][])('is said when the server answers %j', async (behaviour, text) => {
    const server = await serve(behaviour);
    const { reading } = await probe(`whip:${server.url}`);
    expect(reading.outcome).toBe('refused');
    expect(verdict(reading)).toContain(text);
  });

  it('is said when nobody listens', async () => {
    const server = await serve();
    const { url } = server;
    await servers.splice(0)[0]?.stop();
    const { reading } = await probe(`whip:${url}`);
    expect(reading.outcome).toBe('refused');
    expect(verdict(reading)).toContain('nobody listens there');
  });

  it('is said when the server never answers', async () => {
    const server = await serve({ mute: true });
    const { events, reading } = await probe(`whip:${server.url}`, { timeout: ['500ms'] });
    expect(reading.outcome).toBe('refused');
    expect(verdict(reading)).toContain('no answer to our description came until the time was up');
    // Nothing of DTLS can be said: nobody was silent, and no capture lacks anything.
    expect(findings(reading)).toEqual([]);
    expect(events.at(-1)).toMatchObject({ kind: 'end', how: 'done', why: 'the time of 500 ms was up' });
  });

  it('is an ICE agent that is silent', async () => {
    const server = await serve({ rewrite: silentIce });
    const { reading } = await probe(`whip:${server.url}`, { timeout: ['1500ms'] });
    expect(reading.outcome).toBe('no-ice');
    expect(verdict(reading)).toMatch(
      /^No DTLS was possible: \w+ ICE checks? to .* got no answer, and the peer sent none/,
    );
    expect(findings(reading)).toEqual(['ice-no-path']);
  });

  it('is an ICE agent that refuses our password', async () => {
    const server = await serve({
      rewrite: (answer) => answer.replaceAll(/a=ice-pwd:\S+/g, 'a=ice-pwd:wrongwrongwrongwrongwrong'),
    });
    const { reading } = await probe(`whip:${server.url}`, { timeout: ['1500ms'] });
    expect(reading.outcome).toBe('no-ice');
    expect(verdict(reading)).toContain('refused our ICE checks with 401');
  });

  it.each(['lite', 'full'] as const)('is a %s ICE agent that answers from another port', async (ice) => {
    const server = await serve({ ice, fault: 'stun-from-elsewhere' });
    const { reading } = await probe(`whip:${server.url}`, { timeout: ['700ms'] });
    expect(reading.outcome).toBe('no-ice');
    expect(verdict(reading)).toMatch(
      /the peer answers our ICE checks from another address .*\(127\.0\.0\.1:(\d+) was asked, 127\.0\.0\.1:(?!\1)\d+ answers\)/,
    );
  });

  it.each([
    [
      'passive',
      'a DTLS server',
      /^No answer: .*sent \w+ times.* and nothing came back.*, though ICE works: 127\.0\.0\.1:\d+ answers/,
    ],
    [
      'active',
      'a DTLS client',
      /^No answer: the server waited and no client came, though ICE works: 127\.0\.0\.1:\d+ answers/,
    ],
  ] as const)('is a gateway that does ICE and never %s DTLS', async (setup, _, says) => {
    const server = await serve({ setup, fault: 'no-dtls' });
    const { reading } = await probe(`whip:${server.url}`, { timeout: ['2500ms'], rto: ['100ms'], groups: ['x25519'] });
    expect(reading.outcome).toBe('no-answer');
    expect(verdict(reading)).toMatch(says);
    const silent = reading.handshakes[0]?.diagnosis.findings.find(({ id }) => id === 'peer-silent');
    expect(silent?.fix).toMatch(/^ICE works, so address, port and firewall are right: see in the \w+'s log/);
  });

  it.each(['passive', 'active'] as const)('is a gateway, %s, whose DTLS comes from another port', async (setup) => {
    const server = await serve({ setup, fault: 'dtls-from-elsewhere' });
    const { reading } = await probe(`whip:${server.url}`, { timeout: ['2500ms'], rto: ['100ms'] });
    expect(reading.outcome).toBe('no-answer');
    expect(verdict(reading)).toMatch(
      /^No answer: \w+ datagrams? of DTLS came from 127\.0\.0\.1:\d+, which no ICE check has proved, and w\w+ dropped/,
    );
    expect(findings(reading)).toContain('dtls-off-path');
    for (const id of ['peer-silent', 'client-hello-fragmented-unanswered', 'hello-before-ice'])
      expect(findings(reading)).not.toContain(id);
  });

  it.each([
    ['both sides passive', 'passive', 'both-passive', /^No DTLS at all: offer and answer both say a=setup:passive/],
    ['both sides active', 'active', 'both-active', /both sides sent a ClientHello, as if both were the client/],
  ] as const)('is that signalling settles on %s', async (_, setup, id, says) => {
    const server = await serve({ setup, rewrite: (answer) => answer.replaceAll(/a=setup:\w+/g, `a=setup:${setup}`) });
    const { reading, events } = await probe(`whip:${server.url}`, {
      setup: [setup],
      timeout: ['2500ms'],
      rto: ['100ms'],
    });
    expect(facts(events)).toContainEqual(expect.objectContaining({ kind: 'problem', id, severity: 'error' }));
    expect(findings(reading)[0]).toBe(id);
    expect(reading.outcome).not.toBe('established');
    expect(verdict(reading)).toMatch(says);
  });

  it('is a client that takes itself for one against its answer', async () => {
    // Our offer says active, so the answer must be passive; behind it sits a client all the same.
    const server = await serve({ setup: 'active' });
    const { reading } = await probe(`whip:${server.url}`, { setup: ['active'], timeout: ['2500ms'], rto: ['100ms'] });
    expect(findings(reading)[0]).toBe('both-active');
    expect(reading.handshakes[0]?.diagnosis.findings[0]?.why).toContain('the other side acts as one as well');
    expect(verdict(reading)).toContain('both sides sent a ClientHello, as if both were the client');
  });

  it('is a ClientHello that comes before ICE, which costs a timer and no more', async () => {
    const server = await serve({ setup: 'active', fault: 'early-hello' });
    const { reading } = await probe(`whip:${server.url}`);
    expect(verdict(reading)).toContain('Established');
    const early = reading.handshakes[0]?.diagnosis.findings.find(({ id }) => id === 'hello-before-ice');
    expect(early).toMatchObject({ severity: 'warning' });
    expect(early?.why).toMatch(/^\w+ datagrams? of DTLS came from addresses that no ICE check had proved/);
  });

  it('is a certificate that signalling did not announce', async () => {
    const server = await serve({
      rewrite: (answer) =>
        answer.replaceAll(/(a=fingerprint:sha-256 )\S\S/g, '$1FF').replaceAll(/(sha-256 FF:)\S\S/g, '$100'),
    });
    const { reading } = await probe(`whip:${server.url}`);
    expect(reading.outcome).toBe('fingerprint-mismatch');
  });

  it('is a description of ours with another fingerprint, which the peer minds', async () => {
    const server = await serve();
    const announce = `sha-256 ${Array.from({ length: 32 }, () => 'AB').join(':')}`;
    const { reading, events } = await probe(`whip:${server.url}`, { announce: [announce] });
    expect(server.asked[0]?.body).toContain(`a=fingerprint:${announce}`);
    // The peer says so with an alert; what signalling and our certificate say is the reason.
    expect(reading.outcome).toBe('fingerprint-mismatch');
    expect(verdict(reading)).toContain("The client's certificate is not the one that signalling announced");
    expect(reading.handshakes[0]?.handshake.alerts).toMatchObject([{ from: 'server', level: 2 }]);
    // It could be known before anything was sent, and was said.
    const kinds = facts(events).map((fact) => (fact.kind === 'problem' ? fact.id : fact.kind));
    expect(kinds.indexOf('fingerprint-not-ours')).toBeGreaterThan(kinds.indexOf('description'));
    expect(kinds.indexOf('fingerprint-not-ours')).toBeLessThan(kinds.indexOf('http'));
    const finding = reading.handshakes[0]?.diagnosis.findings.find(({ id }) => id === 'fingerprint-mismatch');
    expect(finding?.severity).toBe('error');
    expect(finding?.why).toContain('The descriptions showed it beforehand: Our description announces sha-256 AB:AB:');
  });

  it.each([
    [
      'a hash that cannot be of that function',
      (answer: string) => answer.replaceAll(/(a=fingerprint:)sha-256/g, '$1sha-512'),
      /\(answer, line \d+\): The fingerprint can not be read: sha-512 has 64 bytes, and there are 32/,
    ],
    [
      'our own fingerprint',
      (answer: string, offer: string) =>
        answer.replaceAll(/a=fingerprint:\S+ \S+/g, /a=fingerprint:\S+ \S+/.exec(offer)?.[0] ?? ''),
      /\(answer, line \d+\): The answer announces the offer's own fingerprint/,
    ],
  ] as const)('is foreseen when the answer announces %s', async (_, rewrite, says) => {
    const server = await serve({ fault: 'no-dtls', rewrite });
    const { reading } = await probe(`whip:${server.url}`, { timeout: ['700ms'], rto: ['100ms'] });
    const finding = reading.handshakes[0]?.diagnosis.findings.find(({ id }) => id === 'fingerprint-mismatch');
    // No certificate has come, so nothing has failed for it yet.
    expect(finding).toMatchObject({ severity: 'warning', title: 'A certificate will not be the announced one' });
    expect(finding?.why).toMatch(says);
    expect(reading.outcome).toBe('no-answer');
  });

  it('is a description with faults, each named with its line', async () => {
    const server = await serve({ rewrite: (answer) => answer.replaceAll('a=setup:passive', 'a=setup:actpass') });
    const { events } = await probe(`whip:${server.url}`);
    expect(facts(events)).toContainEqual(
      expect.objectContaining({ kind: 'problem', id: 'answer-actpass', severity: 'error', side: 'answer' }),
    );
    expect(facts(events)).toContainEqual(expect.objectContaining({ kind: 'roles', result: 'undecided' }));
  });
});
