/** Pictures of every face of the panel: what `npm run shots` runs. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { launchChromium } from './launchChromium.ts';
import { openScene, panelFiles, scenes, themes, widths } from './panelShots.ts';
import { facesOf, settled } from './panelViews.ts';

const out = join(import.meta.dirname, '..', '..', 'out', 'panel');

/** Shoots the named scenes, or all. False when a name is none. */
export async function shoot(wanted: readonly string[], print: (line: string) => void): Promise<boolean> {
  const all = Object.keys(scenes);
  const unknown = wanted.filter((scene) => !all.includes(scene));
  if (unknown.length > 0) {
    print(`no such scene: ${unknown.join(', ')}; there are ${all.join(', ')}`);
    return false;
  }
  await mkdir(out, { recursive: true });
  const files = await panelFiles();
  const browser = await launchChromium();
  let count = 0;
  try {
    for (const scene of wanted.length > 0 ? wanted : all)
      for (const width of widths) {
        const height = width < 600 ? 900 : 720;
        const page = await openScene(browser, files, scene, { width, height, theme: 'light' });
        const faces = await facesOf(page);
        for (const { name, show } of faces) {
          await show();
          for (const theme of themes) {
            await page.emulateMedia({ colorScheme: theme });
            await settled(page);
            await page.screenshot({ path: join(out, `${scene}-${name}-${width}-${theme}.png`) });
            count += 1;
          }
        }
        print(`${scene} at ${width} px: ${faces.map(({ name }) => name).join(', ')}`);
        await page.close();
      }
  } finally {
    await browser.close();
  }
  print(`${count} pictures in ${out}`);
  return true;
}
