import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CDPSession, Frame } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumExtensionId } from '../../src/bridge/identity.ts';
import { openFile } from '../../src/capture/open.ts';
import { type DevtoolsWindow, openDevtools } from '../../src/tools/devtools.ts';
import { findChromium } from '../../src/tools/peers.ts';
import { connectPage, handshake } from '../../src/tools/start.ts';
import { captureDirectory } from '../support/fixtures.ts';
import { type OpensslServer, startOpenssl } from '../support/opensslServer.ts';
import { startGateway } from '../support/ownGateway.ts';

/**
 * The real thing: Chromium's own DevTools, our extension in it, the real helper, OpenSSL as the peer. What is tested here is
 * only what a page with a fake background can't show.
 */

const root = join(import.meta.dirname, '..', '..');
const pictures = join(root, 'out', 'devtools');
const cli = join(root, 'dist', 'cli', 'dtlscope.mjs');

let dir: string;
let server: OpensslServer;
let window: DevtoolsWindow;
let panel: Frame;

async function open(theme: 'light' | 'dark', profile: string): Promise<DevtoolsWindow> {
  const executable = findChromium();
  if (executable === undefined) throw new Error('no Chromium');
  await mkdir(profile, { recursive: true });
  execFileSync(process.execPath, [cli, 'helper', 'install', '--user-data-dir', profile, '--quiet']);
  return openDevtools({
    executable,
    extension: join(root, 'dist', 'extension'),
    extensionId: chromiumExtensionId,
    panelTitle: 'DTLS',
    userDataDir: profile,
    headless: true,
    theme,
    url: 'about:blank',
  });
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'dtlscope-devtools-'));
  await mkdir(pictures, { recursive: true });
  server = await startOpenssl(dir, 4096, ['-mtu', '300']);
  window = await open('light', join(dir, 'light'));
  panel = window.panel;
});
afterAll(async () => {
  await window?.close();
  await server?.stop();
  await rm(dir, { recursive: true, force: true, maxRetries: 5 });
});

const verdict = (): ReturnType<Frame['getByRole']> => panel.getByRole('status', { name: 'Verdict' });
const field = (name: string): ReturnType<Frame['locator']> =>
  panel.locator(`[data-field=${name}]`).locator('input, textarea, select').first();

async function set(name: string, value: string): Promise<void> {
  await panel.getByRole('tab', { name: 'Options' }).click();
  const group = panel.locator('details.group', { has: panel.locator(`[data-field=${name}]`) });
  if ((await group.getAttribute('open')) === null) await group.locator('summary').click();
  await field(name).fill(value);
}
const datagramCount = async (): Promise<number> =>
  Number(await panel.locator('[data-ladder] [role=option]').first().getAttribute('aria-setsize'));

/** What a screen reader says of every datagram: the ladder draws only those on screen, so this walks all of them. */
async function everyLabel(): Promise<string[]> {
  const ladder = panel.locator('[data-ladder]');
  const count = await datagramCount();
  const labels: string[] = [];
  await ladder.focus();
  await window.devtools.keyboard.press('Home');
  for (let i = 0; i < count; i++) {
    if (i > 0) await window.devtools.keyboard.press('ArrowDown');
    labels.push((await ladder.locator('[aria-selected=true]').getAttribute('aria-label')) ?? '');
  }
  return labels;
}
const press = (name: string): Promise<void> => panel.getByRole('button', { name, exact: true }).click();

describe('in the browser’s own DevTools', () => {
  it('a handshake with OpenSSL at MTU 300 is drawn, and its verdict said', async () => {
    await panel.getByText('helper: ready').waitFor();
    await panel.getByLabel('Target').fill(server.address);
    await set('mtu', '300');
    await press('Run');
    await verdict().getByText('Established in').waitFor();
    const labels = await everyLabel();
    // An RSA-4096 certificate of over a kilobyte takes several datagrams of 300 bytes.
    const fragments = labels.filter((label) => /certificate \d+–\d+ of \d+.*server to client/.test(label));
    expect(fragments.length).toBeGreaterThan(3);
    expect(labels.some((label) => label.includes('server_hello_done'))).toBe(true);
    expect(labels.filter((label) => / finished/.test(label))).toHaveLength(2);
    for (const label of labels) expect(Number(/, (\d+) B(,|$)/.exec(label)?.[1]), label).toBeLessThanOrEqual(300);
    // It lingers for a second, and then closes: what is counted below must not grow any more.
    await panel.getByRole('tab', { name: /Runs/ }).click();
    await panel.getByRole('option', { name: /, established, #1 / }).waitFor();
    await panel.locator('.verdict').scrollIntoViewIfNeeded();
    await window.devtools.screenshot({ path: join(pictures, 'established-light.png') });
  });

  it('a page that no extension may ask for its name is said to be none that can be watched', async () => {
    await panel.getByRole('tab', { name: /^Page/ }).click();
    await panel.getByText('Only pages of http: and https: can be watched. Load one in this tab.').waitFor();
    await panel.getByRole('tab', { name: /^Runs/ }).click();
  });

  it('files are downloaded from there, and open again', async () => {
    const downloads = join(dir, 'downloads');
    await mkdir(downloads);
    const session: CDPSession = await window.browser.newBrowserCDPSession();
    await session.send('Browser.setDownloadBehavior', {
      behavior: 'allow',
      downloadPath: downloads,
      eventsEnabled: true,
    });
    for (const kind of ['sqlog', 'pcapng']) {
      const done = new Promise<void>((resolve) => {
        session.on('Browser.downloadProgress', (progress) => {
          if (progress.state === 'completed') resolve();
        });
      });
      await press('Export');
      await press(`.${kind}`);
      await done;
      const name = `dtlscope-1-${server.address.replace(':', '-')}.${kind}`;
      const bytes = await readFile(join(downloads, name));
      const opened = openFile(new Uint8Array(bytes));
      expect([opened.kind, opened.problems]).toEqual([kind, []]);
      const events = ('trace' in opened && opened.trace?.events) || [];
      // The ladder is drawn a little behind what has come: on a busy machine, when OpenSSL's timer has fired in between.
      await expect.poll(datagramCount).toBe(events.filter((event) => event.kind === 'datagram').length);
      expect(bytes.includes('CLIENT_RANDOM')).toBe(false);
    }
  });

  it('a finding leads to what is said of all such, in a page of the extension', async () => {
    const about = panel.locator('.finding a').first();
    await panel.locator('.finding summary').first().click();
    const href = await about.getAttribute('href');
    const opened = window.page.context().waitForEvent('page');
    await about.click();
    const page = await opened;
    await page.waitForLoadState();
    expect(page.url()).toBe(`chrome-extension://${chromiumExtensionId}/${href}`);
    expect(await page.locator('section:target h2').count()).toBe(1);
    expect(await page.locator('body').evaluate((body) => getComputedStyle(body).margin)).toBe('0px');
    await page.close();
  });

  it('Escape closes the details and leaves DevTools’ own drawer alone', async () => {
    await panel.locator('#datagram-1').click();
    const details = panel.getByRole('complementary', { name: 'Details' });
    await details.waitFor();
    await panel.locator('[data-ladder]').focus();
    await window.devtools.keyboard.press('Escape');
    await details.waitFor({ state: 'detached' });
    await window.devtools.screenshot({ path: join(pictures, 'after-escape.png') });
  });

  it('a fragment of the certificate lights up in tree, bytes and both datagrams, from view to view', async () => {
    const details = panel.getByRole('complementary', { name: 'Details' });
    const [first, second] = await certificateDatagrams();
    await panel.locator(`#datagram-${first} .chip`, { hasText: 'certificate' }).click();
    await details.getByRole('tab', { name: /Certificate, reassembled/ }).click();
    // The leaf certificate: over a kilobyte, which no datagram of 300 bytes holds alone.
    await details.getByRole('tree').focus();
    await window.devtools.keyboard.press('Home');
    await details
      .getByRole('treeitem', { name: /^certificate\[0\]/ })
      .first()
      .click();
    const linked = panel.locator('.datagram[data-linked]');
    const packets = await linked.evaluateAll((rows) => rows.map((row) => Number(row.getAttribute('data-packet'))));
    expect(packets).toEqual(expect.arrayContaining([first, second]));
    await details.locator('.hex-byte[data-lit]').first().waitFor();
    await panel.getByRole('tab', { name: 'Packing' }).click();
    expect(await panel.locator('[role=treeitem][aria-selected=true]').getAttribute('aria-label')).toMatch(
      /^certificate\[0\]/,
    );
    await window.devtools.screenshot({ path: join(pictures, 'certificate-light.png') });
    await panel.getByRole('tab', { name: 'Ladder' }).click();
    expect(await linked.count()).toBe(packets.length);
    await panel.locator('[data-ladder]').focus();
    await window.devtools.keyboard.press('Escape');
  });

  it('a run goes on while the panel is closed, and is caught up with', async () => {
    // One datagram for the ClientHello: the label below is that of a whole message.
    await set('versions', '1.2');
    await set('link', 'in:delay=400ms');
    await press('Run');
    await panel.getByText('Run 2 is under way').waitFor();
    await panel.locator('#datagram-1').waitFor();
    // Leaving the page is what closing DevTools does to a panel: its port to the background ends.
    await panel.goto('about:blank');
    await panel.goto(`chrome-extension://${chromiumExtensionId}/panel.html`);
    await verdict().getByText('Established in').waitFor();
    await panel.getByRole('tab', { name: /Runs/ }).click();
    expect(await panel.getByRole('listbox', { name: 'Runs' }).getByRole('option').count()).toBe(2);
    expect((await everyLabel())[0]).toMatch(/^0\.0 ms, client_hello, \d+ B, .*datagram 1, client to server, flight 1/);
    await window.devtools.screenshot({ path: join(pictures, 'caught-up.png') });
    await panel.getByRole('option', { name: /, established, #2 / }).waitFor();
  });

  it('a capture that is dropped with its keys has its lost range named', async () => {
    const given = await Promise.all(
      ['loss-small.pcapng', 'loss-small.keylog'].map(async (name) => ({
        name,
        base64: (await readFile(join(captureDirectory, name))).toString('base64'),
      })),
    );
    const transfer = await panel.evaluateHandle((all) => {
      const data = new DataTransfer();
      for (const { name, base64 } of all)
        data.items.add(new File([Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))], name));
      return data;
    }, given);
    await panel.dispatchEvent('.panel', 'dragover', { dataTransfer: transfer });
    await panel.dispatchEvent('.panel', 'drop', { dataTransfer: transfer });
    await verdict().getByText("bytes 408–655 of the server's Certificate was lost").waitFor();
    await window.devtools.screenshot({ path: join(pictures, 'dropped-light.png') });
    await panel.getByRole('tab', { name: /Runs/ }).click();
    await panel.getByRole('option', { name: /^127\..* #1 / }).click();
    await verdict().getByText('Established in').waitFor();
  });

  it('follows the theme of DevTools while it is open', async () => {
    const theme = (): Promise<string | null> => panel.locator('html').getAttribute('data-theme');
    expect(await theme()).toBe('light');
    await setTheme('dark');
    await panel.locator('html[data-theme=dark]').waitFor();
    await panel.locator('#datagram-2').click();
    await window.devtools.screenshot({ path: join(pictures, 'details-dark.png') });
    await setTheme('default');
    await panel.locator('html[data-theme=light]').waitFor();
  });

  it('the demo’s page connects to its gateway, and so do we, by WHIP, beside it', async () => {
    const gateway = await startGateway({ mtu: ['300'] });
    try {
      await window.page.goto(`${gateway.origin}/`);
      expect(await connectPage(window.page)).toBe(true);
      await handshake(window, `whip:${gateway.origin}/whip`);
      const connected = gateway.traces.map((events) => events.some(({ kind }) => kind === 'connected'));
      expect(connected).toEqual([true, true]);
    } finally {
      gateway.stop();
    }
  });
});

describe('making it fail again, in DevTools', () => {
  const place = (name: string) => panel.getByRole('tablist', { name: 'Places' }).getByRole('tab', { name });
  const said = (text: string | RegExp) => panel.getByText(text).first().waitFor();
  async function write(text: string): Promise<void> {
    await place('Scenario').click();
    await panel.getByRole('textbox', { name: 'Scenario' }).fill(text);
  }

  it('a known failure runs both ways by keyboard, and what is different leads', async () => {
    await panel.getByLabel('Target').fill('sim');
    await place('Handshake').focus();
    for (let i = 0; i < 2; i++) await window.devtools.keyboard.press('ArrowRight');
    await place('Failures').and(panel.locator('[aria-selected=true]')).waitFor();
    await panel.getByRole('searchbox', { name: 'Find' }).focus();
    await window.devtools.keyboard.type('mediasoup#1100');
    await said('1 failure');
    const both = panel.getByRole('article').getByRole('button', { name: 'Run both and compare' });
    for (let i = 0; !(await both.evaluate((button) => button === document.activeElement)); i++) {
      if (i > 9) throw new Error('no Tab leads there');
      await window.devtools.keyboard.press('Tab');
    }
    await window.devtools.keyboard.press('Enter');
    await panel.getByRole('region', { name: 'First difference' }).waitFor();
    await panel.getByRole('region', { name: 'Expectation' }).getByText('as expected', { exact: true }).waitFor();
    expect(await panel.locator('.compare-sides .badge').allTextContents()).toEqual(['established', 'truncated']);
    await panel.waitForFunction(() => document.activeElement?.id === 'view-compare');
    await window.devtools.screenshot({ path: join(pictures, 'known-failure-light.png') });
  });

  const base = 'version: 1\nname: Twelve cells\ntarget: sim\nversions: ["1.2"]\ngroups: [x25519]\ntimeout: 5s\n';
  const axes = 'sweep:\n  mtu: [300, 600, 1200, 1472]\n  link: ["loss=0%", "loss=30%", "loss=95%"]\n';

  it('a sweep of twelve cells fills its table, and a cell opens its handshake', async () => {
    await write(base + axes);
    await place('Sweep').click();
    await said('4 × 3 = 12 cells, 1 handshake each: 12 in all.');
    await panel.getByRole('button', { name: 'Run the sweep' }).click();
    await said(/^Done:/);
    const cells = panel.getByRole('table', { name: 'mtu \\ link' }).getByRole('button');
    expect(await cells.count()).toBe(12);
    expect(await cells.first().textContent()).toBe('✔ established, all as expected');
    await window.devtools.screenshot({ path: join(pictures, 'sweep-light.png') });
    await cells.last().focus();
    await window.devtools.keyboard.press('Enter');
    await panel
      .getByRole('region', { name: 'Expectation' })
      .getByText('Twelve cells: mtu 1472, link loss=95%')
      .waitFor();
    await panel.getByRole('region', { name: 'Expectation' }).getByText('not as expected', { exact: true }).waitFor();
  });

  it('a sweep begins nothing more once it is stopped, and is there when the panel is opened again', async () => {
    await write(`${base}${axes}  seeds: 500\n`);
    await place('Sweep').click();
    await said('12 cells, 500 handshakes each');
    await panel.getByRole('button', { name: 'Run the sweep' }).click();
    const progress = panel.locator('.sweep-progress progress');
    const done = (): Promise<number> => progress.evaluate((bar) => (bar as HTMLProgressElement).value);
    await expect.poll(done).toBeGreaterThan(0);
    await panel.getByRole('toolbar', { name: 'Sweep' }).getByRole('button', { name: 'Stop' }).click();
    await said('Stopped: 0 of 12 cells');
    await panel.goto('about:blank');
    await panel.goto(`chrome-extension://${chromiumExtensionId}/panel.html`);
    await place('Sweep').click();
    // What had not begun by the click never did: not one cell of 500 became whole.
    await said('Stopped: 0 of 12 cells, 0 handshakes');
    await panel.getByRole('button', { name: 'Go on' }).waitFor();
    expect(await panel.getByRole('textbox', { name: 'Values of mtu, one a line' }).inputValue()).toBe(
      '300\n600\n1200\n1472',
    );
    await panel.getByRole('toolbar', { name: 'Sweep' }).getByRole('button', { name: 'Clear' }).click();
  });

  it('a sweep through the helper, and one over WHIP, make their handshakes there, and a cell opens its own', async () => {
    const gateway = await startGateway();
    try {
      for (const target of [server.address, `whip:${gateway.origin}/whip`]) {
        await write(`version: 1\ntarget: ${target}\nversions: ["1.2"]\ntimeout: 10s\nsweep: { mtu: [300, 1200] }\n`);
        await place('Sweep').click();
        await said(`Sent to ${target}.`);
        await panel.getByRole('button', { name: 'Run the sweep' }).click();
        await said('Done: 2 cells, 2 handshakes: 2 established');
        await panel.getByRole('table', { name: 'mtu' }).getByRole('button').last().click();
        await verdict().getByText('Established in').waitFor();
        await panel
          .getByRole('option', { name: `${target}, mtu 1200` })
          .and(panel.locator('[aria-selected=true]'))
          .waitFor();
        // Or what this one said would be taken for the word of the next.
        await place('Sweep').click();
        await panel.getByRole('toolbar', { name: 'Sweep' }).getByRole('button', { name: 'Clear' }).click();
      }
    } finally {
      await gateway.stop();
    }
  });

  it('a check of OpenSSL through the helper asks first, judges, is stopped, and shows a handshake of it', async () => {
    // The form's own options again.
    await place('Handshake').click();
    await panel.getByRole('tab', { name: 'Options' }).click();
    await panel.getByRole('combobox', { name: 'Preset' }).selectOption('defaults');
    await panel.getByRole('button', { name: 'Fill in' }).click();
    await panel.getByLabel('Target').fill(server.address);
    await place('Check').click();
    await panel.getByRole('button', { name: `Check ${server.address}…` }).click();
    await panel.getByRole('alertdialog').getByText(`to ${server.address}?`).waitFor();
    await panel.getByRole('button', { name: 'Yes, check it' }).click();
    const rows = panel.locator('.check-table tr[data-check]');
    await expect.poll(() => rows.count(), { timeout: 60_000 }).toBeGreaterThan(2);
    await panel.getByRole('toolbar', { name: 'Check' }).getByRole('button', { name: 'Stop' }).click();
    await said(/^Stopped/);
    const result = panel.getByRole('region', { name: 'Result' });
    const spent = async (): Promise<string> =>
      / (\d+) handshakes?, /.exec((await result.textContent()) ?? '')?.[1] ?? '';
    await expect.poll(spent).not.toBe('');
    await window.devtools.screenshot({ path: join(pictures, 'check-light.png') });
    const before = Number(await spent());
    await panel
      .getByRole('button', { name: /^Handshake \d+: / })
      .first()
      .click();
    await verdict().getByText('Established in').waitFor();
    await place('Check').click();
    // The trial that went on is counted when it has ended; none begins behind it.
    expect(Number(await spent())).toBeLessThanOrEqual(before + 1);
  });
});

/** The first two datagrams that hold a fragment of the server's certificate. */
async function certificateDatagrams(): Promise<readonly [number, number]> {
  const labels = await everyLabel();
  const numbers = labels.flatMap((label) =>
    /certificate \d+–\d+ of.*server to client/.test(label) ? [Number(/, datagram (\d+), server/.exec(label)?.[1])] : [],
  );
  const [first, second] = numbers;
  if (first === undefined || second === undefined) throw new Error('the certificate came in fewer than two datagrams');
  return [first, second];
}

/** As a user does in DevTools' settings, through its page's own modules. A text, since the test's compiler would change `import`. */
const setTheme = (name: 'default' | 'dark'): Promise<void> =>
  window.devtools.evaluate(
    `import('./core/common/common.js').then((common) => {
      common.Settings.Settings.instance().moduleSetting('ui-theme').set('${name}');
    })`,
  );
