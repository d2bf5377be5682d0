/** The built extension in Firefox: its panel as a tab, over the real background, which there is an event page. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { firefoxExtensionId } from '../../src/bridge/identity.ts';
import { installHelper, placesOf } from '../../src/helper/index.ts';
import { findFirefox } from '../../src/tools/peers.ts';
import { Firefox, type FirefoxPage, firefoxPanelUrl } from '../support/firefox.ts';

const root = join(import.meta.dirname, '..', '..');
const pictures = join(root, 'out', 'firefox');
const patience = { timeout: 30_000 };

let dir: string;
let firefox: Firefox;
let page: FirefoxPage;

beforeAll(async () => {
  const executable = findFirefox();
  if (executable === undefined) throw new Error('there is no Firefox: install firefox-esr, or name it by FIREFOX_PATH');
  dir = await mkdtemp(join(tmpdir(), 'dtlscope-firefox-'));
  await mkdir(pictures, { recursive: true });
  // Its home is its profile; with this in it, the helper can be registered there.
  await mkdir(join(dir, 'profile', '.mozilla'), { recursive: true });
  firefox = await Firefox.start(executable, join(dir, 'profile'));
  expect(await firefox.install(join(root, 'dist', 'extension'))).toBe(firefoxExtensionId);
  page = await firefox.open(firefoxPanelUrl);
});
afterAll(async () => {
  await firefox?.close();
  if (dir) await rm(dir, { recursive: true, force: true, maxRetries: 5 });
});

const text = (selector: string): Promise<unknown> =>
  page.value(`document.querySelector(${JSON.stringify(selector)})?.textContent ?? ''`);
const enter = '\uE007';
const down = '\uE015';
const backspace = '\uE003';

describe('in Firefox', () => {
  it('the panel reaches its background, and says that the helper is not there', async () => {
    await expect.poll(() => text('.helper-badge'), patience).toContain('not installed');
    expect(await text('.callout[aria-label=Helper] code')).toMatch(/^npx dtlscope helper install/);
    expect(await page.value('document.documentElement.dataset.theme')).toBe('light');
  });

  it('a handshake between two ends in memory completes, is drawn, and is taken apart by keys', async () => {
    await page.value(`document.querySelector('input[name=target]').focus()`);
    await page.press(enter);
    await expect.poll(() => text('.verdict'), patience).toContain('Established in');
    // The verdict may stand there before the datagrams are drawn, and a datagram's name before it is taken apart.
    await expect
      .poll(() => page.value(`document.querySelector('[data-ladder] [role=option]') !== null`), patience)
      .toBe(true);
    await page.value(`document.querySelector('[data-ladder]').focus()`);
    await page.press(down, enter);
    await expect.poll(() => text('.details h2'), patience).toBe('Datagram 1');
    await expect
      .poll(() => page.value(`document.querySelectorAll('.details [role=treeitem]').length`), patience)
      .toBeGreaterThan(3);
    await expect.poll(() => text('.hex-row'), patience).toMatch(/^\s*0000/);
    await writeFile(join(pictures, 'details.png'), await page.picture());
  });

  it('nothing sticks out of a narrow sidebar', async () => {
    await page.resize(320, 800);
    await writeFile(join(pictures, 'narrow.png'), await page.picture());
    expect(await page.value('document.documentElement.scrollWidth')).toBe(320);
    await page.resize(1280, 800);
  });

  it('the run is kept when the panel is closed and opened again, and so is how it was looked at', async () => {
    await page.value(`document.getElementById('view-packing').click()`);
    await expect.poll(() => page.value(`document.querySelector('.packing') !== null`), patience).toBe(true);
    const again = await firefox.open(firefoxPanelUrl);
    page = again;
    await expect.poll(() => text('.verdict'), patience).toContain('Established in');
    await expect.poll(() => page.value(`document.querySelector('.packing') !== null`), patience).toBe(true);
    await writeFile(join(pictures, 'packing.png'), await page.picture());
  });

  it('its own WebRTC stack shakes hands with us, once the helper is installed', async () => {
    const { problems } = installHelper({
      places: placesOf({}, join(dir, 'profile')),
      node: process.execPath,
      helper: join(root, 'dist', 'helper', 'dtlscope-helper.mjs'),
    });
    expect(problems).toEqual([]);
    const again = `[...document.querySelectorAll('button')].find(({ textContent }) => textContent === 'Check again')?.click()`;
    await page.value(again);
    await expect.poll(() => text('.helper-badge'), patience).toContain('ready');
    await page.value(`document.querySelector('input[name=target]').focus()`);
    await page.press(...Array<string>('sim'.length).fill(backspace), ...'browser', enter);
    // It goes to no loopback address: without another there is no way between the two.
    const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
    const way = addresses.some(({ internal, family }) => !internal && family === 'IPv4');
    const runs = (): Promise<unknown> => text('.run-list [role=option]');
    await expect.poll(runs, { timeout: 45_000 }).toMatch(way ? /browser.*established.*DTLS 1\.3/ : /browser.*no-ice/);
  });

  it('no console had anything to complain about', () => {
    expect(firefox.log.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
  });
});
