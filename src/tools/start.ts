/**
 * `npm start`: builds, then shows a newcomer the real thing. With a display and a Chromium, a page connects to a WebRTC gateway
 * of ours on loopback, and the browser's own DevTools are open on the DTLS tab with two handshakes done, through the real
 * helper: with a plain DTLS server, and by WHIP with the very gateway of the page. Without, the first runs in the terminal.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { chromiumExtensionId } from '../bridge/identity.ts';
import { build } from './build.ts';
import { type DevtoolsWindow, openDevtools } from './devtools.ts';
import { findChromium } from './peers.ts';
import { run } from './process.ts';

/** As panel/devtools.ts names the tab. */
const panelTitle = 'DTLS';

/** What the demo's servers present: large enough that the flight needs several datagrams at a small MTU. */
const demoServer = ['serve', '--port', '0', '--bind', '127.0.0.1', '--cert-gen', 'rsa-4096', '--mtu', '300'];
/** A page stays connected while it is looked at. */
const demoGateway = [...demoServer, '--whip', '--linger', '60min', '--timeout', '60min'];

export async function start(args: readonly string[], root: string): Promise<number> {
  await build(['--quiet'], root);
  const cli = join(root, 'dist', 'cli', 'dtlscope.mjs');
  const executable = findChromium();
  const display = hasDisplay();
  if (!executable || !display || args.includes('--terminal')) {
    const why = args.includes('--terminal') ? 'as asked' : executable ? 'there is no display' : 'no Chromium was found';
    process.stderr.write(
      `Running in the terminal: ${why}. With both, this opens Chromium with the DTLS tab of its DevTools and the handshake in it.\n`,
    );
    return run(process.execPath, [cli, 'demo'], root);
  }
  const profile = await mkdtemp(join(tmpdir(), 'dtlscope-demo-'));
  const [server, gateway] = [demoServer, demoGateway].map((flags) =>
    spawn(process.execPath, [cli, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] }),
  ) as [ChildProcess, ChildProcess];
  try {
    const [target, page] = await Promise.all([whereListening(server), whereListening(gateway)]);
    const installed = await run(
      process.execPath,
      [cli, 'helper', 'install', '--user-data-dir', profile, '--quiet'],
      root,
    );
    if (installed !== 0) return installed;
    const window = await openDevtools({
      executable,
      extension: join(root, 'dist', 'extension'),
      extensionId: chromiumExtensionId,
      panelTitle,
      userDataDir: profile,
      headless: false,
      theme: 'light',
      url: page,
    });
    const connected = await connectPage(window.page);
    const whip = `whip:${page}whip`;
    for (const one of [target, whip]) await handshake(window, one);
    process.stderr.write(
      [
        `The DTLS tab is open, with handshakes against ${target} (our own server, RSA-4096, MTU 300) and ${whip} (our own gateway).`,
        connected
          ? 'The page above is connected to that gateway too.'
          : 'The page above did not connect to that gateway: Chromium wants a network interface beside loopback for that.',
        'Close the browser, or press Ctrl+C, to end.\n',
      ].join('\n'),
    );
    await untilDone(window);
    return 0;
  } finally {
    for (const child of [server, gateway]) child.kill('SIGTERM');
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Longest wait for the page's connection. ms */
const pageMs = 10_000;

const hasDisplay = (): boolean =>
  process.platform !== 'linux' || Boolean(process.env['DISPLAY']) || Boolean(process.env['WAYLAND_DISPLAY']);

/** Where `serve` says that it listens: an address, or the gateway's page. */
function whereListening(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    server.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const where = /Listening on (\S+?)[,\n]/.exec(said)?.[1];
      if (where) resolve(where);
    });
    server.once('error', reject);
    server.once('exit', (code) =>
      reject(new Error(`the demo server ended (code ${code}) before it listened:\n${said}`)),
    );
  });
}

/** Presses the button of the gateway's page. Answers whether it connected. */
export async function connectPage(page: Page): Promise<boolean> {
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  return page
    .getByText('Connected:')
    .waitFor({ timeout: pageMs })
    .then(
      () => true,
      () => false,
    );
}

/** Fills the form as a person would, presses Run, and waits for the verdict. */
export async function handshake({ panel }: DevtoolsWindow, target: string): Promise<void> {
  await panel.getByLabel('Target').fill(target);
  await panel.getByRole('button', { name: 'Run', exact: true }).click();
  const established = panel.getByRole('status', { name: 'Verdict' }).getByText(/established/i);
  // The verdict of the run before stands there until the new one has a line of its own.
  await panel.locator('.run-list').getByText(target).first().waitFor();
  await established.first().waitFor();
}

/** Until the person closes the browser or presses Ctrl+C. */
async function untilDone(window: DevtoolsWindow): Promise<void> {
  const closed = new Promise<void>((resolve) => window.process.once('exit', () => resolve()));
  const interrupted = new Promise<void>((resolve) => process.once('SIGINT', () => resolve()));
  await Promise.race([closed, interrupted]);
  await window.close();
}
