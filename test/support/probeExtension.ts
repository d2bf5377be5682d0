/** The extension with its real background, and in place of the panel a bare page that has the panel's client (probePage.ts). */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { chromiumExtensionId } from '../../src/bridge/identity.ts';

const root = join(import.meta.dirname, '..', '..');

export const probePanelUrl = `chrome-extension://${chromiumExtensionId}/panel.html`;
export const probeUrl = `chrome-extension://${chromiumExtensionId}/probe.html`;

/**
 * Builds it into a folder, on wish with the real panel beside the bare page. Its version is 9.9.9. `hosts`: as if the user
 * had permitted all sites before, since a headless browser can't be asked.
 */
export async function buildProbeExtension(folder: string, withPanel = false, hosts = false): Promise<void> {
  mkdirSync(folder);
  const manifest = JSON.parse(readFileSync(join(root, 'manifest.json'), 'utf8')) as Record<string, unknown>;
  const given = hosts ? { host_permissions: ['<all_urls>'] } : {};
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ ...manifest, ...given }));
  cpSync(join(root, 'icons'), join(folder, 'icons'), { recursive: true });
  cpSync(join(root, 'background', 'offscreen.html'), join(folder, 'offscreen.html'));
  writeFileSync(join(folder, 'devtools.html'), '<!doctype html>');
  writeFileSync(join(folder, 'probe.html'), '<!doctype html><script type="module" src="probe.js"></script>');
  const scripts = join(root, 'background', 'page', 'script');
  if (withPanel)
    for (const name of ['panel.html', 'panel.css', 'reproduce.css'])
      cpSync(join(root, 'panel', name), join(folder, name));
  await build({
    entryPoints: {
      background: join(root, 'background', 'index.ts'),
      offscreen: join(root, 'background', 'offscreen.ts'),
      page: join(scripts, 'main.ts'),
      relay: join(scripts, 'relay.ts'),
      probe: join(root, 'test', 'browser', 'probePage.ts'),
      ...(withPanel && { panel: join(root, 'panel', 'index.tsx') }),
    },
    outdir: folder,
    bundle: true,
    format: 'iife',
    platform: 'browser',
    target: 'chrome121',
    jsx: 'automatic',
    define: { DTLSCOPE_VERSION: '"9.9.9"', 'process.env.NODE_ENV': '"production"' },
    logLevel: 'error',
  });
}
