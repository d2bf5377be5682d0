import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll } from 'vitest';
import { launchChromium } from './launchChromium.ts';
import { openScene, type PanelFiles, panelFiles } from './panelShots.ts';

/** What opens a scene of the panel, at a width of 1600 px unless told, in a Chromium that the tests of a file have in common. */
export function panelOpener(height = 720): (scene: string, width?: number) => Promise<Page> {
  let browser: Browser;
  let files: PanelFiles;
  beforeAll(async () => {
    files = await panelFiles();
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());
  return (scene, width = 1600) => openScene(browser, files, scene, { width, height, theme: 'light' });
}
