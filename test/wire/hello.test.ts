import { describe, expect, it } from 'vitest';
import { decode, dissect, encode } from '../../src/codec/codec.ts';
import type { FieldNode } from '../../src/codec/tree.ts';
import { extensionCode, findExtension } from '../../src/wire/extensions.ts';
import { clientHello, serverHello } from '../../src/wire/handshake.ts';
import { extensionTypes, groups, nameIn, numberIn, signatureSchemes, srtpProfiles } from '../../src/wire/registry.ts';
import { cipherSuite, cipherSuiteName } from '../../src/wire/suites.ts';
import { browserHello, sentMessages } from '../support/messages.ts';

const hello = (browser: 'chromium' | 'firefox') => decode(clientHello, browserHello(browser));
const browsers = ['chromium', 'firefox'] as const;

describe('the ClientHellos of browsers', () => {
  it('hold nothing that is unknown', () => {
    for (const browser of browsers) {
      const { extensions = [] } = hello(browser);
      expect(extensions.length).toBeGreaterThan(8);
      expect(extensions.filter(({ kind }) => kind === 'unknown')).toEqual([]);
    }
  });

  it('offer suites, groups, schemes and profiles that all have names', () => {
    for (const browser of browsers) {
      const { cipher_suites, extensions } = hello(browser);
      const names = [
        ...cipher_suites.map(cipherSuiteName),
        ...(findExtension(extensions, 'supported_groups')?.named_group_list ?? []).map(nameIn(groups)),
        ...(findExtension(extensions, 'signature_algorithms')?.supported_signature_algorithms ?? []).map(
          nameIn(signatureSchemes),
        ),
        ...(findExtension(extensions, 'use_srtp')?.SRTPProtectionProfiles ?? []).map(nameIn(srtpProfiles)),
      ];
      expect(names.length).toBeGreaterThan(15);
      expect(names.filter((name) => name.startsWith('unknown'))).toEqual([]);
    }
  });

  it('say what Chromium 156 and Firefox 153 are known to say', () => {
    const chromium = hello('chromium');
    expect(findExtension(chromium.extensions, 'supported_versions')?.versions).toEqual([0xfefc, 0xfefd]);
    expect(findExtension(chromium.extensions, 'key_share')?.client_shares.map(({ group }) => group)).toContain(0x11ec);
    expect(findExtension(chromium.extensions, 'use_srtp')?.SRTPProtectionProfiles).toContain(0x0007);
    const firefox = hello('firefox');
    expect(findExtension(firefox.extensions, 'record_size_limit')).toBeDefined();
    expect(findExtension(firefox.extensions, 'extended_master_secret')).toEqual({});
    expect(findExtension(firefox.extensions, 'session_ticket')).toBeUndefined();
  });

  it('have names and an RFC section in the tree for every extension', () => {
    for (const browser of browsers) {
      const { root } = dissect(clientHello, 'client_hello', browserHello(browser));
      const block = root.children.find(({ name }) => name === 'extensions');
      const extensions = block?.children.slice(1) ?? [];
      expect(extensions.length).toBeGreaterThan(8);
      for (const node of extensions) {
        expect(Object.values(extensionTypes)).toContain(node.label);
        const body = node.children.find(({ name }: FieldNode) => name === 'extension_data');
        expect(body?.see).toMatch(/^RFC \d+/);
      }
    }
  });
});

describe('extensions', () => {
  /** A hello that holds the given extension block. */
  const helloWith = (...block: number[]): Uint8Array => {
    const { extensions: _, ...bare } = hello('chromium');
    const head = encode(clientHello, { ...bare, extensions: undefined });
    return Uint8Array.of(...head, block.length >> 8, block.length & 0xff, ...block);
  };

  it('that are unknown, reserved or of another message are kept byte for byte, in their place', () => {
    const wire = helloWith(0x0a, 0x0a, 0, 1, 0, 0, 23, 0, 0, 0xfe, 0x0d, 0, 3, 1, 2, 3, 0, 48, 0, 0);
    const read = decode(clientHello, wire);
    expect(read.extensions).toEqual([
      { kind: 'unknown', code: 0x0a0a, body: Uint8Array.of(0) },
      { kind: 'extended_master_secret', body: {} },
      { kind: 'unknown', code: 0xfe0d, body: Uint8Array.of(1, 2, 3) },
      { kind: 'unknown', code: 48, body: new Uint8Array(0) },
    ]);
    expect(encode(clientHello, read)).toEqual(wire);
    expect(read.extensions?.map((extension) => extensionCode('client_hello', extension))).toEqual([
      0x0a0a, 23, 0xfe0d, 48,
    ]);
  });

  it('that come twice are both kept, and the first is found', () => {
    const read = decode(clientHello, helloWith(0, 54, 0, 2, 1, 7, 0, 54, 0, 1, 0));
    expect(read.extensions?.length).toBe(2);
    expect(findExtension(read.extensions, 'connection_id')).toEqual({ cid: Uint8Array.of(7) });
  });

  it('have another body in a ServerHello than in a ClientHello', () => {
    const server = sentMessages().find(({ type }) => type === 2);
    if (!server) throw new Error('no ServerHello in the captures');
    const { extensions: _, ...bare } = decode(serverHello, server.body);
    const head = encode(serverHello, { ...bare, extensions: undefined });
    const read = decode(serverHello, Uint8Array.of(...head, 0, 6, 0, 43, 0, 2, 0xfe, 0xfc));
    expect(findExtension(read.extensions, 'supported_versions')).toEqual({ selected_version: 0xfefc });
  });

  it('are left out altogether, or there and empty, and each comes back as it was', () => {
    const { extensions: _, ...bare } = hello('chromium');
    for (const extensions of [undefined, []]) {
      const wire = encode(clientHello, { ...bare, extensions });
      expect(decode(clientHello, wire).extensions).toEqual(extensions);
    }
  });
});

describe('the registries', () => {
  it('find numbers by name in any letter case, and names by number', () => {
    expect(numberIn(groups, 'X25519')).toBe(29);
    expect(numberIn(groups, 'x25519mlkem768')).toBe(0x11ec);
    expect(numberIn(groups, 'curve25519')).toBeUndefined();
    expect(numberIn(groups, 'constructor')).toBeUndefined();
    expect(nameIn(groups)(29)).toBe('x25519');
    expect(nameIn(groups)(0x0a0a)).toBe('unknown (0x0a0a)');
    expect(nameIn(groups, 2)(0xfa)).toBe('unknown (0xfa)');
  });

  it('agree with the suites that real servers chose', () => {
    const chosen = sentMessages()
      .filter(({ type }) => type === 2)
      .map(({ body }) => decode(serverHello, body).cipher_suite);
    expect(chosen.length).toBeGreaterThan(5);
    for (const code of chosen) expect(cipherSuite(code)?.name).toBe(cipherSuiteName(code));
    expect(cipherSuiteName(0xc02b)).toBe('TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256');
    expect(cipherSuite(0x5600)).toBeUndefined();
  });
});
