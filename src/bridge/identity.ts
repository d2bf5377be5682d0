/**
 * Who is who: the ids by which the browser knows the extension and the helper. The extension's id follows from the public
 * key in manifest.json (a test recomputes it), so that the helper can refuse everybody else.
 */

/** The native messaging host's name; its manifest is `<name>.json`. */
export const helperName = 'io.github.dtlscope.helper';

/** Chromium's id of the extension: the first 16 bytes of SHA-256 over the SPKI of the manifest's `key`, as a..p. */
export const chromiumExtensionId = 'cbbcbpbcchplkbhcnlpkeopiieeaggjo';

/** Firefox's id of the extension, as manifest.json's `browser_specific_settings` gives it. */
export const firefoxExtensionId = 'dtlscope@dtlscope.dev';

/** What Chromium calls the extension when it starts the helper. */
export const chromiumOrigin = (extensionId: string): string => `chrome-extension://${extensionId}/`;
