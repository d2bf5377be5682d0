/** The sentences that explain fields: short, whole, and each of them for something that exists. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fieldHelp, fieldHelpKeys } from '../../src/wire/fieldHelp.ts';
import { extensionTypes, handshakeTypes } from '../../src/wire/registry.ts';

const root = join(import.meta.dirname, '..', '..', 'src');
/** Where names of fields come from. */
const sources = ['wire', 'x509', 'analysis/inspect'].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((file) => file.endsWith('.ts') && file !== 'fieldHelp.ts')
    .map((file) => readFileSync(join(root, folder, file), 'utf8')),
);
const text = sources.join('\n');

describe('the help of fields', () => {
  it('is one sentence that fits beside a tree', () => {
    for (const key of fieldHelpKeys) {
      const name = key.startsWith('extension ') ? 'extension' : (key.split('.').at(-1) ?? '');
      const path = key.includes('.') ? key.split('.') : [name];
      const sentence = fieldHelp(path, key.startsWith('extension ') ? key.slice('extension '.length) : undefined);
      expect(sentence, key).toMatch(/^[A-Z0-9].*[^.]\.$/);
      expect(sentence?.length, key).toBeLessThan(170);
      expect(sentence, key).not.toMatch(/\. [A-Z]/);
    }
  });

  it('is for names that codecs, certificates or the inspector give', () => {
    const known = new Set<string>([...Object.values(handshakeTypes), ...Object.values(extensionTypes)]);
    for (const key of fieldHelpKeys) {
      const name = key.split(/[. ]/).at(-1) ?? '';
      const spelled = new RegExp(`\\b${name}\\b`).test(text);
      expect(spelled || known.has(name), key).toBe(true);
    }
  });

  it('knows every extension that an offer of WebRTC may hold, and every message up to 1.2', () => {
    for (const name of ['use_srtp', 'supported_groups', 'extended_master_secret', 'key_share', 'renegotiation_info'])
      expect(fieldHelp(['extensions', 'extension'], name)).not.toBe(fieldHelp(['extension']));
    for (const type of [0, 1, 2, 3, 4, 11, 12, 13, 14, 15, 16, 20] as const)
      expect(fieldHelp([handshakeTypes[type]])).toMatch(/\w/);
  });

  it('prefers the place to the name', () => {
    expect(fieldHelp(['record', 'length'])).not.toBe(fieldHelp(['handshake', 'length']));
    expect(fieldHelp(['cookie', 'length'])).toBe(fieldHelp(['length']));
    expect(fieldHelp(['nothing', 'of the kind'])).toBeUndefined();
  });
});
