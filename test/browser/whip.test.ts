/** A media server over WHIP, from the real extension in Chromium: its own fetch and policy, the real helper, our gateway. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunSummary } from '../../src/bridge/panel.ts';
import { installHelper, placesOf } from '../../src/helper/index.ts';
import { findChromium } from '../../src/tools/peers.ts';
import { buildHelper } from '../helper/process.ts';
import { buildProbeExtension, probeUrl } from '../support/probeExtension.ts';
import { WhipServer } from '../support/whipServer.ts';
import type { Probe } from './probePage.ts';

declare const probe: Probe;

let dir: string;
let helper: Awaited<ReturnType<typeof buildHelper>>;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'dtlscope-whip-'));
  helper = await buildHelper();
  const extension = join(dir, 'extension');
  const profile = join(dir, 'profile');
  mkdirSync(profile);
  await buildProbeExtension(extension);
  const { problems } = installHelper({
    places: placesOf({}, dir),
    node: process.execPath,
    helper: helper.file,
    userDataDir: profile,
  });
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('no Chromium');
  context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: [
      ...[`--load-extension=${extension}`, `--disable-extensions-except=${extension}`, '--no-sandbox', '--disable-gpu'],
      ...['--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update'],
    ],
  });
  page = await context.newPage();
  await page.goto(probeUrl);
  await page.evaluate(() => probe.connected());
});
afterAll(async () => {
  await context?.close();
  helper?.dispose();
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
});

async function run(target: string, options: Record<string, string>): Promise<RunSummary> {
  const started = await page.evaluate(([to, given]) => probe.client.start({ target: to, options: given }), [
    target,
    options,
  ] as const);
  return (await page.evaluate((id) => probe.outcome(id), started.id)) as RunSummary;
}

describe('WHIP from the extension', () => {
  it.each(['passive', 'active'] as const)('completes a handshake with a server that answers %s', async (setup) => {
    const server = await WhipServer.start({ setup, cors: true });
    try {
      const summary = await run(`whip:${server.url}`, { token: 't0ken', linger: '100ms' });
      expect(summary).toMatchObject({ outcome: 'established' });
      expect(server.asked.find(({ method }) => method === 'POST')?.headers.authorization).toBe('Bearer t0ken');
      await expect.poll(() => server.asked.map(({ method }) => method)).toContain('DELETE');
    } finally {
      await server.stop();
    }
  });

  it('says that a server may not allow other origins', async () => {
    const server = await WhipServer.start();
    try {
      const summary = await run(`whip:${server.url}`, {});
      expect(summary).toMatchObject({ outcome: 'refused', verdict: expect.stringContaining('CORS') });
    } finally {
      await server.stop();
    }
  });
});
