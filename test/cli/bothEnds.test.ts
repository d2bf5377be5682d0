import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toPcapng } from '../../src/capture/write.ts';
import type { TraceEvent } from '../../src/trace/model.ts';
import { TestCli } from '../support/buildCli.ts';
import { captureAt, captureHeader, simulated } from '../support/traces.ts';

let cli: TestCli;
beforeAll(async () => {
  cli = await TestCli.build();
  const run = simulated({ rules: ['delay=10ms', 'in:mtu=500'], timeoutMs: 12_000 });
  for (const end of ['client', 'server'] as const)
    writeFileSync(cli.path(`${end}.pcapng`), toPcapng(captureAt(run, end, false), { withKeys: false }));
});
afterAll(() => cli.dispose());

interface Report {
  readonly handshakes: readonly {
    readonly id: string;
    readonly outcome: string;
    readonly findings: readonly { readonly id: string }[];
  }[];
}
const report = (stdout: string): Report => JSON.parse(stdout) as Report;

describe('read of both ends', () => {
  it('puts the captures together, and tells what neither shows alone', async () => {
    const { code, stdout, stderr } = await cli.run('read', 'server.pcapng', 'client.pcapng');
    expect(code).toBe(0);
    expect(stderr).toContain(
      'client.pcapng, nearer to the client, and server.pcapng, nearer to the server, hold one handshake and are read as one.',
    );
    expect(stdout).toContain('the path swallows datagrams of the server above 25');
    expect(stdout).toContain('✕ lost');
    const [both] = report((await cli.run('read', 'server.pcapng', 'client.pcapng', '--json')).stdout).handshakes;
    expect(both?.findings[0]?.id).toBe('large-datagrams-vanish');
    const alone = report((await cli.run('read', 'server.pcapng', '--json')).stdout).handshakes;
    expect(alone[0]?.findings.map(({ id }) => id)).not.toContain('large-datagrams-vanish');
  });

  it('reads each for itself with --apart, and compares them with diff, which says that they are one', async () => {
    const { stdout, stderr } = await cli.run('read', 'server.pcapng', 'client.pcapng', '--apart');
    expect(stderr).toBe('');
    expect(stdout).toContain('== server.pcapng');
    expect(stdout).toContain('== client.pcapng');
    const compared = await cli.run('diff', 'client.pcapng', 'server.pcapng');
    expect(compared.stderr).toContain('dtlscope read client.pcapng server.pcapng tells what was lost between them.');
  });

  it('writes what was put together, which reads back as the same', async () => {
    const written = await cli.run('read', 'client.pcapng', 'server.pcapng', '-o', 'both.pcapng', '-o', 'both.html');
    expect(written.stderr).toContain('Written: both.pcapng');
    const back = await cli.run('read', 'both.pcapng');
    expect(back.stdout).toContain('the path swallows datagrams of the server above 25');
    const refused = await cli.run('read', 'client.pcapng', 'server.pcapng', '--apart', '-o', 'two.pcapng');
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('-o writes one trace, and 2 can be read.');
  });

  it('finds both legs of a handshake in one capture, as at a relay or a NAT', async () => {
    const run = simulated({ rules: ['delay=1ms', 'in:drop=certificate#1'] });
    const behind = (address: string): string => (address.endsWith(':4433') ? '10.0.0.2:4433' : '10.0.0.1:6000');
    const legs = (['client', 'server'] as const).flatMap((end) =>
      captureAt(run, end, false).events.map((event): TraceEvent => {
        if (event.kind !== 'datagram' || end === 'client') return event;
        return { ...event, src: behind(event.src), dst: behind(event.dst) };
      }),
    );
    const events = legs.sort((a, b) => a.at - b.at).map((event, i) => ({ ...event, packet: i + 1 }) as TraceEvent);
    writeFileSync(cli.path('relay.pcapng'), toPcapng({ header: captureHeader, events }, { withKeys: false }));
    const { stdout, stderr } = await cli.run('read', 'relay.pcapng');
    expect(stderr).toMatch(/relay\.pcapng#h\d, nearer to the client, and relay\.pcapng#h\d, nearer to the server/);
    expect(stdout).toContain('one datagram with');
    expect(stdout).not.toContain('== ');
    // Who converts a file wants all of it, and not what two of its handshakes come to.
    const converted = await cli.run('read', 'relay.pcapng', '-o', 'relay.sqlog', '-o', 'relay.html');
    expect(converted).toMatchObject({ code: 0, stderr: 'Written: relay.sqlog\nWritten: relay.html\n' });
    expect((await cli.run('read', 'relay.sqlog', '--apart')).stdout).toMatch(/h1 .*h2 /s);
  });

  it('puts a run together with what its peer recorded, with the facts of both', async () => {
    const server = cli.start('serve', '--port', '0', '--count', '1', '--linger', '1s', '-o', 'peer.sqlog');
    const [, target = ''] = await server.waitFor(/Listening on (\S+)/);
    const probed = await cli.run(
      ...['probe', target, '--versions', '1.2', '--link', 'in:drop=certificate#1', '--linger', '1s', '-o', 'own.sqlog'],
    );
    expect(probed.code).toBe(0);
    await server.ended;
    const { code, stdout, stderr } = await cli.run('read', 'own.sqlog', 'peer.sqlog');
    expect(code).toBe(0);
    expect(stderr).toContain('own.sqlog, nearer to the client, and peer.sqlog, nearer to the server');
    expect(stderr).toMatch(/of the server's \d+ datagrams 1 did not come/);
    expect(stdout).toContain('✕ lost (in:drop=certificate#1)');
    expect(stdout).toContain('✔ client is connected');
    expect(stdout).toContain('✔ server is connected');
  });
});
