/**
 * `npm start`: builds, then shows a newcomer the real thing. With a display and a Chromium, the browser's own DevTools open
 * on the DTLS tab with a first handshake done, against a DTLS server of ours on loopback, through the real helper. Without,
 * the same handshake runs in the terminal.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromiumExtensionId } from '../bridge/identity.ts';
import { build } from './build.ts';
import { type DevtoolsWindow, openDevtools } from './devtools.ts';
import { findChromium } from './peers.ts';
import { run } from './process.ts';

/** As panel/devtools.ts names the tab. */
const panelTitle = 'DTLS';

/** The page under inspection: it says where to look. */
const welcome = `data:text/html,${encodeURIComponent(
  '<title>dtlscope</title><body style="font:16px system-ui;margin:2em;max-width:40em;color-scheme:light dark"><h1>dtlscope</h1><p>Look below, at the <b>DTLS</b> tab of DevTools: a handshake with a server on this machine has been made. Change an option and press Run for the next one.',
)}`;

/** What the demo's server presents: large enough that the flight needs several datagrams at a small MTU. */
const demoServer = ['serve', '--port', '0', '--bind', '127.0.0.1', '--cert-gen', 'rsa-4096', '--mtu', '300'];

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
  const server = spawn(process.execPath, [cli, ...demoServer], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const port = await listeningPort(server);
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
      url: welcome,
    });
    await firstHandshake(window, `127.0.0.1:${port}`);
    process.stderr.write(
      `The DTLS tab is open, with a handshake against 127.0.0.1:${port} (our own server, RSA-4096, MTU 300).\nClose the browser, or press Ctrl+C, to end.\n`,
    );
    await untilDone(window);
    return 0;
  } finally {
    server.kill('SIGTERM');
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

const hasDisplay = (): boolean =>
  process.platform !== 'linux' || Boolean(process.env['DISPLAY']) || Boolean(process.env['WAYLAND_DISPLAY']);

/** The port that `serve` says it listens on. */
function listeningPort(server: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let said = '';
    server.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const port = /listening on \S+:(\d+)/i.exec(said)?.[1];
      if (port) resolve(Number(port));
    });
    server.once('error', reject);
    server.once('exit', (code) =>
      reject(new Error(`the demo server ended (code ${code}) before it listened:\n${said}`)),
    );
  });
}

/** Fills the form as a person would, presses Run, and waits for the verdict. */
async function firstHandshake({ panel }: DevtoolsWindow, target: string): Promise<void> {
  await panel.getByLabel('Target').fill(target);
  await panel.getByRole('button', { name: 'Run', exact: true }).click();
  await panel
    .getByRole('status', { name: 'Verdict' })
    .getByText(/established/i)
    .first()
    .waitFor();
}

/** Until the person closes the browser or presses Ctrl+C. */
async function untilDone(window: DevtoolsWindow): Promise<void> {
  const closed = new Promise<void>((resolve) => window.process.once('exit', () => resolve()));
  const interrupted = new Promise<void>((resolve) => process.once('SIGINT', () => resolve()));
  await Promise.race([closed, interrupted]);
  await window.close();
}
