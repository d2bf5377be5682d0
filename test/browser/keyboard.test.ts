/**
 * The whole story by keyboard alone, in Chromium's own DevTools: run, reach a fragment of the certificate, see it lit, change
 * views, filter, export, open again, and read a stranger's capture. No pointer, and no focus that was not tabbed to.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CDPSession, Frame } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumExtensionId } from '../../src/bridge/identity.ts';
import { type DevtoolsWindow, openDevtools } from '../../src/tools/devtools.ts';
import { findChromium } from '../../src/tools/peers.ts';
import { captureDirectory } from '../support/fixtures.ts';

const root = join(import.meta.dirname, '..', '..');
const pictures = join(root, 'out', 'devtools');

let dir: string;
let downloads: string;
let window: DevtoolsWindow;
let panel: Frame;

beforeAll(async () => {
  const executable = findChromium();
  if (executable === undefined) throw new Error('no Chromium');
  dir = await mkdtemp(join(tmpdir(), 'dtlscope-keyboard-'));
  downloads = join(dir, 'downloads');
  await mkdir(downloads);
  await mkdir(pictures, { recursive: true });
  window = await openDevtools({
    executable,
    extension: join(root, 'dist', 'extension'),
    extensionId: chromiumExtensionId,
    panelTitle: 'DTLS',
    userDataDir: join(dir, 'profile'),
    headless: true,
    theme: 'dark',
    url: 'about:blank',
  });
  panel = window.panel;
  // Playwright answers dialogs from the first listener on, and not yet at the moment of that.
  window.devtools.on('filechooser', () => {});
});
afterAll(async () => {
  await window?.close();
  if (dir) await rm(dir, { recursive: true, force: true, maxRetries: 5 });
});

const press = async (...keys: readonly string[]): Promise<void> => {
  for (const key of keys) await window.devtools.keyboard.press(key);
};
const type = (text: string): Promise<void> => window.devtools.keyboard.type(text);
const focused = (selector: string): Promise<boolean> =>
  panel.evaluate((wanted) => document.hasFocus() && document.activeElement?.matches(wanted) === true, selector);

/** Tab after Tab, as a user without a pointer goes; fails when none of them leads there. */
async function tabTo(selector: string, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  for (let i = 0; i < 150; i++) {
    await press(key);
    if (await focused(selector)) return;
  }
  throw new Error(`no ${key} leads to ${selector}`);
}
const focusedText = (): Promise<string> => panel.evaluate(() => document.activeElement?.textContent ?? '');
async function tabToButton(text: string, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  for (let i = 0; i < 150; i++) {
    await press(key);
    if ((await focused('button')) && (await focusedText()).trim() === text) return;
  }
  throw new Error(`no ${key} leads to the button ${text}`);
}
/** Presses a key until something holds. */
async function until(key: string, holds: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (await holds()) return;
    await press(key);
  }
  throw new Error(`${key} never got there`);
}

const verdict = (): Promise<string> => panel.locator('.verdict').innerText();
const said = (text: string): Promise<void> => panel.locator('.verdict').getByText(text).waitFor();
const chosenRow = (): Promise<string> =>
  panel.evaluate(() => document.querySelector('[data-ladder] [aria-selected=true]')?.getAttribute('aria-label') ?? '');
const chosenField = (): Promise<string> =>
  panel.evaluate(() => document.querySelector('[role=treeitem][aria-selected=true]')?.getAttribute('aria-label') ?? '');
const packets = (selector: string): Promise<number[]> =>
  panel.locator(selector).evaluateAll((all) => all.map((one) => Number(one.getAttribute('data-packet'))));
const selectedTab = (): Promise<string> =>
  panel.evaluate(() => document.querySelector('.view-tabs [aria-selected=true]')?.textContent ?? '');

/** Every row of the ladder in words; the focus is in it. */
async function rows(): Promise<string[]> {
  await press('Home');
  const count = Number(await panel.locator('[data-ladder] [role=option]').first().getAttribute('aria-setsize'));
  const all: string[] = [];
  for (let i = 0; i < count; i++) {
    if (i > 0) await press('ArrowDown');
    all.push(await chosenRow());
  }
  return all;
}

/** Files as the dialog would give them: what the key opened is answered from the disk. */
async function answer(...files: readonly string[]): Promise<void> {
  const [chooser] = await Promise.all([window.devtools.waitForEvent('filechooser'), press('Enter')]);
  await chooser.setFiles([...files]);
}

async function download(): Promise<string> {
  const session: CDPSession = await window.browser.newBrowserCDPSession();
  await session.send('Browser.setDownloadBehavior', {
    behavior: 'allow',
    downloadPath: downloads,
    eventsEnabled: true,
  });
  let name = '';
  session.on('Browser.downloadWillBegin', ({ suggestedFilename }) => {
    name = suggestedFilename;
  });
  const done = new Promise<void>((resolve) => {
    session.on('Browser.downloadProgress', ({ state }) => {
      if (state === 'completed') resolve();
    });
  });
  await press('Enter');
  await done;
  return join(downloads, name);
}

describe('by keyboard alone in DevTools', () => {
  let certificate: string;
  let link: number[];
  let before: { readonly verdict: string; readonly rows: readonly string[] };

  it('a handshake runs with the options that were typed', async () => {
    await tabTo('input[name=target]');
    await press('Control+a');
    await type('sim');
    await tabTo('select[name=role]');
    await type('server');
    // A stack of DTLS 1.2: its certificate travels in the clear, in fragments of one message alone.
    await tabTo('select[name=as]');
    await type('openssl');
    await tabTo('input[name=certGen]');
    await type('rsa-2048');
    await tabTo('input[name=mtu]');
    await type('300');
    await press('Enter');
    await said('Established in');
    await panel.getByRole('button', { name: 'Stop' }).and(panel.locator(':disabled')).waitFor();
  });

  it('a fragment of the certificate lights up in tree, bytes and all of its datagrams', async () => {
    await tabTo('[data-ladder]');
    before = { verdict: await verdict(), rows: await rows() };
    await press('Home');
    await until('ArrowDown', async () => /certificate \d+–\d+ of/.test(await chosenRow()));
    await until('ArrowRight', async () =>
      /certificate \d+–/.test((await panel.locator('.chip[data-selected=true]').allTextContents()).join(' ')),
    );
    await press('Enter');
    expect(
      await panel.getByRole('complementary', { name: 'Details' }).getByRole('heading').first().innerText(),
    ).toMatch(/^certificate \d+–\d+ of \d+$/);
    await tabTo('[role=tab][id^=buffer-]');
    await until('ArrowRight', async () => (await focusedText()).startsWith('Certificate, reassembled'));
    await tabTo('[role=tree]');
    await press('Home');
    await until('ArrowDown', async () => /^certificate\[0\]/.test(await chosenField()));
    certificate = await chosenField();
    await panel.locator('.hex-byte[data-lit]').first().waitFor();
    link = await packets('.datagram[data-linked]');
    expect(link.length).toBeGreaterThan(1);
  });

  it('the selection is kept from view to view', async () => {
    await tabTo('#view-ladder', 'Shift+Tab');
    await press('ArrowRight');
    expect(await selectedTab()).toBe('Packing');
    expect(await packets('.pack-row:has(.pack-lit)')).toEqual(expect.arrayContaining(link.slice(0, 2)));
    expect(await chosenField()).toBe(certificate);
    await press('ArrowRight');
    expect(await selectedTab()).toBe('Table');
    expect(await panel.locator('.datagram-table tr[aria-selected=true]').count()).toBe(1);
    await press('ArrowLeft', 'ArrowLeft');
    expect(await selectedTab()).toBe('Ladder');
    expect(await chosenField()).toBe(certificate);
    await window.devtools.screenshot({ path: join(pictures, 'keyboard-dark.png') });
  });

  it('the border of the details is moved by arrows, and goes back', async () => {
    await tabTo('.details > [role=separator]');
    const size = async (): Promise<number> =>
      Number(await panel.locator('.details > [role=separator]').getAttribute('aria-valuenow'));
    const first = await size();
    await press('ArrowLeft', 'ArrowUp', 'ArrowLeft');
    expect(await size()).toBeGreaterThan(first);
    await press('End');
    expect(await size()).toBe(Number(await panel.locator('.details > [role=separator]').getAttribute('aria-valuemax')));
    await press('Enter');
    expect(await size()).toBe(first);
    await press('Escape');
    await panel.locator('.details').waitFor({ state: 'detached' });
    expect(await focused('[data-rows]')).toBe(true);
  });

  it('a filter is typed, joined by a chip, and taken off again', async () => {
    const count = before.rows.length;
    const shown = (): Promise<string | null> => panel.locator('[data-ladder]').getAttribute('aria-label');
    await tabTo('input[name=filter]', 'Shift+Tab');
    await type('type:server_hello');
    expect(await shown()).not.toBe(`Ladder of ${count} datagrams`);
    await tabTo('.chip-button');
    expect(await focusedText()).toMatch(/^from client \d+$/);
    await press('Space');
    await panel.getByText('No datagram is left by').waitFor();
    await tabToButton('Clear filter');
    await press('Enter');
    expect(await shown()).toBe(`Ladder of ${count} datagrams`);
  });

  it('what is exported with its keys and opened again is the same view', async () => {
    await tabTo('.export > button', 'Shift+Tab');
    await press('Enter');
    await tabToButton('With keys…');
    await press('Enter');
    await tabToButton('.sqlog with keys');
    const file = await download();
    expect(file).toMatch(/with-keys\.sqlog$/);
    expect(await focused('.export > button')).toBe(true);
    await tabToButton('Open files…', 'Shift+Tab');
    await answer(file);
    await panel.getByRole('option', { name: /with-keys\.sqlog, established, .*, file$/ }).waitFor();
    await tabTo('[data-ladder]');
    expect({ verdict: await verdict(), rows: await rows() }).toEqual(before);
  });

  it('a run is deleted, and brought back', async () => {
    await tabTo('.run-item', 'Shift+Tab');
    await press('Delete');
    await panel.getByText('was deleted.').waitFor();
    expect(await focused('.run-item[aria-selected=true]')).toBe(true);
    expect(await panel.locator('.run-item').count()).toBe(1);
    await press('Control+z');
    await panel.getByText('is back.').waitFor();
    expect(await panel.locator('.run-item').count()).toBe(2);
  });

  it('a stranger’s capture with its key log names the range that was lost', async () => {
    await tabToButton('Open files…', 'Shift+Tab');
    await answer(`${captureDirectory}loss-small.pcapng`, `${captureDirectory}loss-small.keylog`);
    await said("bytes 408–655 of the server's Certificate was lost");
    await tabTo('.finding summary');
    await press('Enter');
    await tabTo('.evidence button');
    await press('Enter');
    expect(await panel.getByRole('complementary', { name: 'Details' }).count()).toBe(1);
    await panel.locator('.hex-byte[data-evidence]').first().waitFor();
    await window.devtools.screenshot({ path: join(pictures, 'keyboard-evidence-dark.png') });
  });
});
