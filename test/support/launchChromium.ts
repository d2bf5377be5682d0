/** The Chromium that is found on this machine, headless and quiet, for tests of pages that need no extension around them. */
import { type Browser, chromium } from 'playwright';
import { findChromium } from '../../src/tools/peers.ts';

/** Throws when there is none: a test that needs a browser must not pass without one. `more` flags go behind the usual ones. */
export async function launchChromium(more: readonly string[] = []): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('there is no Chromium: install it, or name it by CHROMIUM_PATH');
  return chromium.launch({
    executablePath,
    args: ['--disable-gpu', '--no-first-run', '--disable-background-networking', ...more],
  });
}
