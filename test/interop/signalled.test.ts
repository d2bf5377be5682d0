import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TestCli } from '../support/buildCli.ts';
import { type Coturn, startCoturn, turnPassword, turnUser } from '../support/coturn.ts';
import { WebrtcPeer } from '../support/webrtcPeer.ts';
import { type WhipBehaviour, WhipServer } from '../support/whipServer.ts';

let cli: TestCli;
let turn: Coturn;
beforeAll(async () => {
  [cli, turn] = await Promise.all([TestCli.build(), startCoturn()]);
});
afterAll(async () => {
  await Promise.all([cli.dispose(), turn.stop()]);
});
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});
const serve = async (behaviour: WhipBehaviour): Promise<WhipServer> => {
  const server = await WhipServer.start(behaviour);
  stops.push(() => server.stop());
  return server;
};

const outcome = (stdout: string): string | undefined =>
  (JSON.parse(stdout) as { readonly handshakes: readonly { readonly outcome: string }[] }).handshakes[0]?.outcome;
const candidates = (sdp: string): string[] =>
  [...sdp.matchAll(/^a=(candidate:.*)\r$/gm)].map((match) => match[1] ?? '');

describe('probe sdp:', () => {
  it('answers an offer in a file, and prints the answer', async () => {
    const gateway = await WebrtcPeer.start({ host: '127.0.0.1', setup: 'passive', ice: 'full' });
    stops.push(() => gateway.stop());
    // The peer of the test can answer only: so the offer is ours, and the answer comes by file.
    const probing = cli.start('probe', 'sdp:answer.txt', '--linger', '0', '--json', '-o', 'offer.sdp');
    await expect.poll(() => existsSync(cli.path('offer.sdp')), { timeout: 10_000 }).toBe(true);
    const offer = readFileSync(cli.path('offer.sdp'), 'utf8');
    writeFileSync(cli.path('answer.txt'), JSON.stringify({ type: 'answer', sdp: await gateway.answer(offer) }));
    const { code, stdout, stderr } = await probing.ended;
    expect(outcome(stdout)).toBe('established');
    expect(stderr).toContain('Our offer is in offer.sdp.');
    expect(code).toBe(0);
  });

  it('brings two dtlscopes together, each through a file of the other', async () => {
    const offering = cli.start('probe', 'sdp:b.sdp', '--linger', '0', '--quiet', '-o', 'a.sdp', '-o', 'a.sqlog');
    await expect.poll(() => existsSync(cli.path('a.sdp')), { timeout: 10_000 }).toBe(true);
    const answering = await cli.run('probe', 'sdp:a.sdp', '--linger', '0', '--quiet', '-o', 'b.sdp', '--mtu', '300');
    expect(answering.stdout).toContain('Established');
    expect((await offering.ended).stdout).toContain('Established');
    expect(readFileSync(cli.path('a.sdp'), 'utf8')).toContain('a=setup:actpass');
    expect(readFileSync(cli.path('b.sdp'), 'utf8')).toContain('a=setup:active');
    const pwd = /a=ice-pwd:(\S+)/.exec(readFileSync(cli.path('a.sdp'), 'utf8'))?.[1] ?? 'none';
    expect(readFileSync(cli.path('a.sqlog'), 'utf8')).not.toContain(pwd);
  });

  it('refuses what is no offer before anything is sent', async () => {
    writeFileSync(cli.path('no.sdp'), 'hello');
    const { code, stderr } = await cli.run('probe', 'sdp:no.sdp');
    expect(code).toBe(2);
    expect(stderr).toContain('no.sdp can not be used: This is not SDP');
    writeFileSync(cli.path('answer.json'), '{"type":"answer","sdp":"v=0\\r\\n"}');
    expect((await cli.run('probe', 'sdp:answer.json')).stderr).toContain('holds an answer');
  });
});

describe('a media server whose only way is coturn', () => {
  it('is reached when --turn says so, and no other address is told', async () => {
    const server = await serve({ ice: 'lite' });
    const { stdout } = await cli.run('probe', `whip:${server.url}`, '--turn', turn.url, '--linger', '0', '--json');
    expect(outcome(stdout)).toBe('established');
    const told = candidates(server.asked[0]?.body ?? '');
    expect(told.length).toBeGreaterThan(0);
    for (const candidate of told) expect(candidate).toContain(' typ relay ');
  });

  it('gets candidates of the relay that it named, by PATCH', async () => {
    const link = `<turn:127.0.0.1:${turn.port}?transport=udp>; rel="ice-server"; username="${turnUser}"; credential="${turnPassword}"; credential-type="password", <stun:127.0.0.1:${turn.port}>; rel="ice-server"`;
    const server = await serve({ headers: { link } });
    const { stdout } = await cli.run(
      ...['probe', `whip:${server.url}`, '--linger', '1s', '--json', '-o', 'linked.sqlog'],
    );
    expect(outcome(stdout)).toBe('established');
    const patched = server.asked.filter(({ method }) => method === 'PATCH').map(({ body }) => body);
    expect(candidates(patched.join(''))).toContainEqual(expect.stringContaining(' typ relay '));
    expect(patched.at(-1)).toContain('a=end-of-candidates');
    expect(readFileSync(cli.path('linked.sqlog'), 'utf8')).not.toContain(turnPassword);
  });

  it('is not reached with a wrong password, and the verdict says so', async () => {
    const server = await serve({});
    const { code, stdout } = await cli.run(
      ...['probe', `whip:${server.url}`, '--turn', `turn:${turnUser}:wrong@127.0.0.1:${turn.port}`, '--json'],
    );
    expect(code).toBe(3);
    expect(stdout).toContain('does not accept this user and password');
    expect(server.asked).toEqual([]);
  });
});
