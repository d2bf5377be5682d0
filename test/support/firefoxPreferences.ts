/** What every Firefox of the tests is told before it starts. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

type Preferences = Readonly<Record<string, string | number | boolean>>;

const common: Preferences = {
  // Its candidates are addresses, not names that it would announce by multicast.
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  // No look-ups and no pages of its own.
  'app.update.enabled': false,
  'browser.aboutwelcome.enabled': false,
  'browser.newtabpage.enabled': false,
  'browser.safebrowsing.update.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.page': 0,
  'datareporting.policy.dataSubmissionEnabled': false,
  'extensions.getAddons.cache.enabled': false,
  'extensions.update.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'data:,',
  'startup.homepage_welcome_url': '',
  'toolkit.telemetry.enabled': false,
};

/** Writes them, and `more`, into a profile that has no others. */
export const writePreferences = (profile: string, more: Preferences = {}): Promise<void> =>
  writeFile(
    join(profile, 'user.js'),
    Object.entries({ ...common, ...more })
      .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`)
      .join(''),
  );
