import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFile } from '../../src/capture/open.ts';
import { TestCli } from '../support/buildCli.ts';

let cli: TestCli;
beforeAll(async () => {
  cli = await TestCli.build();
});
afterAll(() => cli.dispose());

const eventsIn = (name: string) => {
  const opened = openFile(readFileSync(cli.path(name)));
  if (!('trace' in opened) || !opened.trace) throw new Error(`${name} can not be read`);
  return opened.trace.events;
};

describe('serve --whip', () => {
  it('shows a page, answers what it does not know with words, and shakes hands: a line and a trace for each', async () => {
    const flags = ['--count', '1', '--mtu', '300', '-o', 'served.sqlog'];
    const server = cli.start('serve', '--whip', '--port', '0', ...flags);
    const [, origin = ''] = await server.waitFor(/Listening on (http:\/\/127\.0\.0\.1:\d+)\/, a page/);

    const page = await fetch(`${origin}/`);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'");
    const text = await page.text();
    const files = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file);
    expect(files).toEqual(['page.css', 'page.js']);
    for (const file of files) expect((await fetch(`${origin}/${file}`)).status).toBe(200);
    expect((await fetch(`${origin}/elsewhere`)).status).toBe(404);
    expect((await fetch(`${origin}/page.js`, { method: 'POST' })).status).toBe(405);
    const long = await fetch(`${origin}/whip`, { method: 'POST', body: 'v=0\n'.repeat(300_000) });
    expect([long.status, await long.text()]).toEqual([413, expect.stringContaining('1048576 bytes')]);

    const probed = await cli.run('probe', `whip:${origin}/whip`, '--linger', '50ms', '--quiet');
    expect(probed).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Established/) });
    const { code, stdout } = await server.ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(/\n#1 127\.0\.0\.1:\d+: Established[^\n]+ ms\)\n/);
    const events = eventsIn('served.sqlog');
    expect(events.find(({ kind }) => kind === 'connected')).toMatchObject({ actor: 'server' });
    const sizes = events.flatMap((event) =>
      event.kind === 'datagram' && event.from === 'server' ? [event.length] : [],
    );
    expect(Math.max(...sizes)).toBeLessThanOrEqual(300);
  });
});

describe('the target browser', () => {
  it('is refused in a terminal, which has no browser, and says where there is one', async () => {
    const { code, stderr } = await cli.run('probe', 'browser');
    expect(code).toBe(2);
    expect(stderr).toMatch(/a terminal has none\.\n.*DTLS tab of DevTools/);
  });
});
