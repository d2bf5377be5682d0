import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../../src/tools/peers.ts';
import { faintTexts, openScene, overflowing, panelFiles, scenes, themes, widths } from '../support/panelShots.ts';

const pictures = join(import.meta.dirname, '..', '..', 'out', 'panel');
let browser: Browser;
let files: Awaited<ReturnType<typeof panelFiles>>;

beforeAll(async () => {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('no Chromium');
  await mkdir(pictures, { recursive: true });
  files = await panelFiles();
  browser = await chromium.launch({
    executablePath,
    args: ['--disable-gpu', '--no-first-run', '--disable-background-networking'],
  });
});
afterAll(() => browser?.close());

const open = (scene: string, width = 1600): Promise<Page> =>
  openScene(browser, files, scene, { width, height: 720, theme: 'light' });

describe('the panel', () => {
  it.each(Object.keys(scenes))('fits and can be read at every width in both themes: %s', async (scene) => {
    const page = await open(scene);
    for (const width of widths)
      for (const theme of themes) {
        await page.setViewportSize({ width, height: width < 600 ? 900 : 720 });
        await page.emulateMedia({ colorScheme: theme });
        const at = `${scene}-${width}-${theme}`;
        await page.screenshot({ path: join(pictures, `${at}.png`) });
        expect(await overflowing(page), at).toEqual([]);
        expect(await faintTexts(page), at).toEqual([]);
      }
    await page.close();
  });
});
