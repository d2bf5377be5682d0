/** What comes after the handshake, with peers that are not ours, and with our own server in another process. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import type { GivenOptions } from '../../src/scenario/index.ts';
import type { TraceEvent } from '../../src/trace/model.ts';
import { TestCli } from '../support/buildCli.ts';
import { credential } from '../support/credentials.ts';
import { gnutlsServer } from '../support/gnutlsPeer.ts';
import { type OpensslPeer, opensslServer } from '../support/opensslPeer.ts';
import { probe } from '../support/probing.ts';
import { snapshotOf } from '../support/reading.ts';

let cli: TestCli;
let peer: OpensslPeer | undefined;
const own = await credential('ecdsa-p256');
beforeAll(async () => {
  cli = await TestCli.build();
});
afterAll(() => cli.dispose());
afterEach(async () => {
  await peer?.stop();
  peer = undefined;
});

/** "1 done echoed": number, state and result of each end of a step. */
const ends = (events: readonly TraceEvent[]): string[] =>
  events.flatMap((event) =>
    event.kind === 'step' && event.state !== 'begun' ? [`${event.number} ${event.state} ${event.result.kind}`] : [],
  );
const old: GivenOptions = { versions: ['1.2'] };

describe('steps with gnutls-serv --echo', () => {
  it('get their echoes, of which it cuts the large one', async () => {
    const started = await gnutlsServer(own, 'NORMAL:-VERS-ALL:+VERS-DTLS1.2');
    peer = started.peer;
    const steps = ['send=1000,echo=5s', 'send="hello, peer",echo=5s', 'idle=100ms', 'send=1,echo=5s'];
    const { events } = await probe(`127.0.0.1:${started.port}`, { ...old, steps });
    expect(ends(events)).toEqual(['1 done echoed', '2 done echoed', '3 done idled', '4 done echoed']);
    const results = events.flatMap((event) => (event.kind === 'step' && event.state === 'done' ? [event.result] : []));
    expect(results[0]).toMatchObject({ bytes: 1000, records: 4 });
    expect(results[1]).toMatchObject({ bytes: 11, records: 1 });
  });
});

describe('steps with openssl s_server', () => {
  it('say that no echo came, and take what is typed there', async () => {
    const started = await opensslServer(own);
    peer = started.peer;
    void peer.waitFor(/ping/).then(() => started.peer.type('pong'));
    const steps = ['send=ping,echo=300ms', 'wait=5s,for="pong\\n"'];
    const { events } = await probe(`127.0.0.1:${started.port}`, { ...old, steps });
    expect(ends(events)).toEqual(['1 failed no-echo', '2 done received']);
  });

  it('find that it ignores a new ClientHello on a live association', async () => {
    const started = await opensslServer(own);
    peer = started.peer;
    const { trace, reading } = await probe(`127.0.0.1:${started.port}`, {
      ...old,
      ...{ rto: ['200ms'], timeout: ['20s'], steps: ['restart,within=3s'] },
    });
    expect(ends(trace.events)).toEqual(['1 failed no-handshake']);
    expect(reading.outcome).toBe('established');
    const findings = snapshotOf(trace).handshakes.map((one) => diagnose(one).findings.map(({ id }) => id));
    expect(findings[0]).toContain('step-failed');
    expect(findings[1]).toContain('stale-association');
  });
});

describe('steps with our own server', () => {
  const serving = async (...args: readonly string[]) => {
    const server = cli.start('serve', '--port', '0', '--quiet', ...args);
    const [, port = ''] = await server.waitFor(/Listening on 127\.0\.0\.1:(\d+)\n/);
    return { server, target: `127.0.0.1:${port}` };
  };

  it.each(['1.2', '1.3'])(
    'echo, new keys, a rest, a new handshake that resumes, and a close: DTLS %s',
    async (version) => {
      const { server, target } = await serving('--echo', '--resume', '--versions', version);
      const keys = version === '1.3' ? ['key-update,ask', 'send=7,echo'] : [];
      const steps = [
        'send=1000,echo',
        ...keys,
        'idle=100ms',
        'restart,resume',
        'send=8,echo',
        'close,answer',
        'restart',
      ];
      const flags = steps.flatMap((step) => ['--step', step]);
      const { code, stdout } = await cli.run(
        'probe',
        target,
        '--versions',
        version,
        '--linger',
        '0',
        '--json',
        ...flags,
      );
      server.child.kill('SIGINT');
      await server.ended;
      const { handshakes } = JSON.parse(stdout) as {
        readonly handshakes: readonly {
          readonly outcome: string;
          readonly steps: readonly { readonly text: string }[];
        }[];
      };
      expect(handshakes.map(({ outcome }) => outcome)).toEqual(['established', 'established', 'established']);
      const told = handshakes.flatMap((one) => one.steps.map(({ text }) => text));
      expect(told).toHaveLength(steps.length);
      expect(told.join('\n')).toMatch(/the echo of 1000 bytes came after .*\n(.|\n)*and resumed the session/);
      expect(code).toBe(0);
    },
  );

  it('without --echo fails the step, and with it the run, in a sentence', async () => {
    const { server, target } = await serving();
    const { code, stderr, stdout } = await cli.run('probe', target, '--step', 'send=1000,echo=200ms', '--linger', '0');
    server.child.kill('SIGINT');
    await server.ended;
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✔ established/);
    expect(stderr).toContain(
      'Step 1 (send=1000,echo=200ms) failed: the echo of 1000 bytes did not come within 200 ms.\n',
    );
  });
});
