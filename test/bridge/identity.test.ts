import { createHash, createPublicKey } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chromiumExtensionId, chromiumOrigin, firefoxExtensionId, helperName } from '../../src/bridge/identity.ts';

const root = join(import.meta.dirname, '..', '..');
const json = (file: string) => JSON.parse(readFileSync(join(root, file), 'utf8')) as unknown;
const manifest = json('manifest.json') as {
  readonly key: string;
  readonly version: string;
  readonly manifest_version: number;
  readonly permissions: readonly string[];
  readonly host_permissions?: unknown;
  readonly optional_host_permissions?: unknown;
  readonly content_security_policy: { readonly extension_pages: string };
  readonly browser_specific_settings: {
    readonly gecko: { readonly id: string; readonly data_collection_permissions: unknown };
  };
  readonly icons: Readonly<Record<string, string>>;
};

describe('the extension’s identity', () => {
  it('in Chromium follows from the manifest’s public key', () => {
    const der = Buffer.from(manifest.key, 'base64');
    expect(createPublicKey({ key: der, format: 'der', type: 'spki' }).asymmetricKeyDetails?.modulusLength).toBe(2048);
    const digest = createHash('sha256').update(der).digest('hex').slice(0, 32);
    const id = [...digest].map((nibble) => String.fromCharCode(97 + Number.parseInt(nibble, 16))).join('');
    expect(chromiumExtensionId).toBe(id);
    expect(chromiumOrigin(id)).toBe(`chrome-extension://${id}/`);
  });

  it('in Firefox is the manifest’s', () => {
    expect(firefoxExtensionId).toBe(manifest.browser_specific_settings.gecko.id);
    expect(manifest.browser_specific_settings.gecko.data_collection_permissions).toEqual({ required: ['none'] });
  });

  it('and the helper’s name is one that browsers take', () => {
    expect(helperName).toMatch(/^[a-z0-9_]+(\.[a-z0-9_]+)*$/);
  });
});

describe('the manifest', () => {
  it('asks for native messaging, storage and scripts for watched sites, and for no site before a click', () => {
    expect(manifest.permissions).toEqual(['nativeMessaging', 'offscreen', 'scripting', 'storage']);
    expect(manifest.host_permissions).toBeUndefined();
    expect(manifest.optional_host_permissions).toEqual(['https://*/*', 'http://*/*']);
    expect(manifest.manifest_version).toBe(3);
  });

  it('lets pages run the extension’s own scripts alone, and load nothing from elsewhere', () => {
    const csp = manifest.content_security_policy.extension_pages;
    expect(csp).toMatch(/default-src 'none'/);
    expect(csp).toMatch(/script-src 'self';/);
    // The server of a whip: or whep: target may be anywhere, as plain HTTP too: on the developer's own machine.
    expect(csp).toMatch(/connect-src https: http:;/);
    expect(csp.replace('connect-src https: http:;', '')).not.toMatch(/unsafe|https?:|\*|connect-src/);
  });

  it('lets one place of the code reach the network: the background, for such a target', () => {
    const found = ['background', 'panel', 'src'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((file) => /\.tsx?$/.test(file))
        .map((file) => join(folder, file))
        // What builds and tests is no part of the product.
        .filter((file) => !file.startsWith(join('src', 'tools')))
        .filter((file) => {
          const code = readFileSync(join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
          return /(?<![.\w])fetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon/.test(code);
        }),
    );
    // The terminal's own, the background's, the one that is given it, and the demo page, which asks the gateway that served it.
    expect(found.sort()).toEqual([
      ...['background/index.ts', 'src/cli/gatewayPage.ts', 'src/cli/signalled.ts', 'src/run/http.ts'],
    ]);
  });

  it('has the version of the package', () => {
    expect(manifest.version).toBe((json('package.json') as { version: string }).version);
  });

  it.each(['16', '32', '48', '128'])('has an icon of %s pixels that is so large', (size) => {
    const png = readFileSync(join(root, manifest.icons[size] ?? ''));
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([Number(size), Number(size)]);
  });
});
