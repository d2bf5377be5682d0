/**
 * Signalled targets from the real extension in Chromium, with the real helper: a media server over WHIP (its own fetch and policy,
 * our gateway), this very browser's own stack, and descriptions that a person carries through the real panel.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeEvent } from '../../src/bridge/events.ts';
import type { RunSummary } from '../../src/bridge/panel.ts';
import { installHelper, placesOf } from '../../src/helper/index.ts';
import { findChromium } from '../../src/tools/peers.ts';
import type { TraceEvent } from '../../src/trace/model.ts';
import { buildHelper } from '../helper/process.ts';
import { buildProbeExtension, probePanelUrl, probeUrl } from '../support/probeExtension.ts';
import { WebrtcPeer } from '../support/webrtcPeer.ts';
import { WhipServer } from '../support/whipServer.ts';
import type { Probe } from './probePage.ts';

declare const probe: Probe;

let dir: string;
let helper: Awaited<ReturnType<typeof buildHelper>>;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'dtlscope-signalled-'));
  helper = await buildHelper();
  const extension = join(dir, 'extension');
  const profile = join(dir, 'profile');
  mkdirSync(profile);
  await buildProbeExtension(extension, true);
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
      // Otherwise its own stack would announce names by multicast.
      '--disable-features=WebRtcHideLocalIpsWithMdns',
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

describe('this browser’s own stack', () => {
  const eventsOf = async (id: string): Promise<readonly TraceEvent[]> =>
    (await page.evaluate((run) => probe.events(run), id)).flatMap((one) => decodeEvent(one) ?? []);
  const stackFacts = (events: readonly TraceEvent[]) =>
    events.flatMap((event) => (event.kind === 'signalling' && event.fact.kind === 'stack' ? [event.fact] : []));

  it.each(['client', 'server'] as const)(
    'shakes hands with us as %s, and says of itself what the trace shows',
    async (ours) => {
      const summary = await run('browser', { role: ours, linger: '1s', mtu: '400' });
      expect(summary).toMatchObject({ outcome: 'established', version: '1.3' });
      const events = await eventsOf(summary.id);
      // X25519MLKEM768.
      expect(events.find(({ kind }) => kind === 'connected')).toMatchObject({
        actor: ours,
        parameters: { version: '1.3', group: 0x11ec },
      });
      const theirs = ours === 'client' ? 'server' : 'client';
      expect(stackFacts(events).at(-1)).toMatchObject({ dtls: 'connected', version: 'FEFC', role: theirs });
      const sizes = events.flatMap((event) => (event.kind === 'datagram' && event.from === ours ? [event.length] : []));
      expect(Math.max(...sizes)).toBeLessThanOrEqual(400);
    },
  );

  it('two at once, one of DTLS 1.2; the document that holds them goes with the last', async () => {
    const all = await Promise.all([
      run('browser', { linger: '100ms', versions: '1.2', certGen: 'rsa-2048' }),
      run('browser', { linger: '100ms' }),
    ]);
    expect(all.map(({ outcome, version }) => [outcome, version])).toEqual([
      ['established', '1.2'],
      ['established', '1.3'],
    ]);
    const documents = (): Promise<number> =>
      page.evaluate(async () => {
        const { runtime } = (
          globalThis as unknown as { chrome: { runtime: { getContexts(of: object): Promise<unknown[]> } } }
        ).chrome;
        return (await runtime.getContexts({ contextTypes: ['OFFSCREEN_DOCUMENT'] })).length;
      });
    await expect.poll(documents).toBe(0);
  });

  it('refuses a certificate that was not announced', async () => {
    const wrong = `sha-256 ${Array(32).fill('00').join(':')}`;
    const { id, outcome } = await run('browser', { announce: wrong, timeout: '10s' });
    expect(outcome).not.toBe('established');
    // certificate_unknown
    const badCertificate = { kind: 'alert', direction: 'received', description: 46 };
    expect(await eventsOf(id)).toContainEqual(expect.objectContaining(badCertificate));
  });
});

describe('descriptions carried through the panel', () => {
  it('shows our offer, takes the answer, and goes on to the handshake', async () => {
    const gateway = await WebrtcPeer.start({ host: '127.0.0.1', setup: 'passive', ice: 'full' });
    const panel = await context.newPage();
    try {
      await panel.goto(probePanelUrl);
      await panel.getByRole('textbox', { name: 'Target' }).fill('sdp:');
      await panel.getByRole('button', { name: 'Run', exact: true }).click();
      const exchange = panel.getByRole('region', { name: 'Descriptions to carry over' });
      const offer = await exchange.getByRole('textbox', { name: 'Our offer' }).inputValue();
      expect(offer).toContain('a=setup:actpass');
      const theirs = exchange.getByRole('textbox', { name: 'The peer’s answer' });
      const answer = await gateway.answer(offer);
      // What is no description is said, and nothing is sent.
      await theirs.fill('hello');
      await exchange.getByRole('button', { name: 'Go on with this answer' }).click();
      await exchange.getByRole('status').filter({ hasText: 'This is not SDP' }).waitFor();
      await theirs.fill(answer.replace('a=setup:passive', 'a=setup:actpass'));
      await exchange
        .getByText(/line \d+:/)
        .first()
        .waitFor();
      await theirs.fill(answer);
      await exchange.getByRole('button', { name: 'Go on with this answer' }).click();
      await panel
        .getByText(/^Established in/)
        .first()
        .waitFor();
      expect(gateway.events.map(({ kind }) => kind)).toContain('connected');
    } finally {
      await panel.close();
      await gateway.stop();
    }
  });

  it('shows what is wrong with a pasted offer line by line, before anything is sent', async () => {
    const panel = await context.newPage();
    try {
      await panel.goto(probePanelUrl);
      await panel.getByRole('textbox', { name: 'Target' }).fill('sdp:');
      await panel.getByRole('tab', { name: 'Options' }).click();
      const lines = [
        'v=0',
        'o=- 1 1 IN IP4 0.0.0.0',
        's=-',
        't=0 0',
        'm=audio 9 UDP/TLS/RTP/SAVPF 111',
        'c=IN IP4 0.0.0.0',
      ];
      const offer = [...lines, 'a=setup:holdconn', 'a=ice-ufrag:abcd', 'a=ice-pwd:abcdefghijklmnopqrstuv', ''].join(
        '\r\n',
      );
      await panel.getByRole('textbox', { name: 'The peer’s offer' }).fill(offer);
      const problems = panel.getByRole('list', { name: 'What is wrong with the offer' });
      await problems.getByText(/line 7: .*setup:holdconn/).waitFor();
    } finally {
      await panel.close();
    }
  });
});
