import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFile } from '../../src/capture/open.ts';
import { TestCli } from '../support/buildCli.ts';
import { gatewayTo } from '../support/gateway.ts';

/**
 * What browsers meet today: their post-quantum ClientHello takes two datagrams, and some servers can not put it together.
 */
let cli: TestCli;
beforeAll(async () => {
  cli = await TestCli.build();
});
afterAll(() => cli.dispose());

interface Report {
  readonly handshakes: readonly {
    readonly outcome: string;
    readonly verdict: string;
    readonly retransmissions: { readonly client: number };
    readonly findings: readonly { readonly id: string; readonly severity: string; readonly fix: string }[];
  }[];
}

async function behindGateway<T>(use: (target: string, refused: readonly number[]) => Promise<T>): Promise<T> {
  const server = cli.start('serve', '--port', '0');
  const [, port] = await server.waitFor(/Listening on 127\.0\.0\.1:(\d+)/);
  const gateway = await gatewayTo(Number(port));
  try {
    return await use(`127.0.0.1:${gateway.port}`, gateway.refused);
  } finally {
    await gateway.stop();
    server.child.kill('SIGINT');
    await server.ended;
  }
}

describe('a gateway that can not take a fragmented ClientHello', () => {
  it('stalls us as chromium-156 as it stalls the browser, and the verdict says why', async () => {
    await behindGateway(async (target, refused) => {
      const { code, stdout } = await cli.run(
        ...['probe', target, '--as', 'chromium-156', '--timeout', '2s', '--json', '-o', 'stalled.sqlog'],
      );
      expect(code).toBe(1);
      const [handshake] = (JSON.parse(stdout) as Report).handshakes;
      expect(handshake?.outcome).toBe('no-answer');
      expect(handshake?.verdict).toMatch(/fragment/i);
      expect(handshake?.findings[0]).toMatchObject({ id: 'client-hello-fragmented-unanswered', severity: 'error' });
      expect(handshake?.retransmissions.client).toBeGreaterThanOrEqual(4);

      // The browser's datagrams, by its timer.
      expect(refused).toEqual(refused.map((_, index) => (index % 2 === 0 ? 1200 : 263)));
      const opened = openFile(readFileSync(cli.path('stalled.sqlog')));
      const events = 'trace' in opened && opened.trace ? opened.trace.events : [];
      const timers = events.flatMap((event) =>
        event.kind === 'timer' && event.action === 'set' ? [Math.round(event.durationMs)] : [],
      );
      expect(timers.slice(0, 5)).toEqual([50, 100, 200, 400, 800]);
    });
  });

  it('takes the same client when its ClientHello fits one datagram', async () => {
    await behindGateway(async (target, refused) => {
      const { stdout } = await cli.run(
        ...['probe', target, '--as', 'chromium-156', '--versions', '1.2', '--linger', '0', '--json'],
      );
      expect((JSON.parse(stdout) as Report).handshakes[0]?.outcome).toBe('established');
      expect(refused).toEqual([]);
    });
  });
});
