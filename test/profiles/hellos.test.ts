import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fromUtf8 } from '../../src/base/bytes.ts';
import { decode } from '../../src/codec/codec.ts';
import { type HelloShape, known, type Profile, profileOf, type ShapedExtension } from '../../src/profiles/index.ts';
import { type ClientExtension, extensionCode } from '../../src/wire/extensions.ts';
import { type ClientHello, clientHello } from '../../src/wire/handshake.ts';
import { capturedHellos } from './capturedHellos.ts';

function found(id: string): Profile & { hello: HelloShape } {
  const profile = profileOf(id);
  if (!profile?.hello) throw new Error(`no hello for ${id}`);
  return { ...profile, hello: profile.hello };
}

/** The body that the settings of a profile give an extension. */
function bodyFrom(
  profile: Profile & { hello: HelloShape },
  kind: string,
  asked: (typeof capturedHellos)[number],
): unknown {
  const { offer, hello } = profile;
  switch (kind) {
    case 'supported_groups':
      return { named_group_list: known(offer.groups) };
    case 'signature_algorithms':
      return { supported_signature_algorithms: known(offer.signatureSchemes) };
    case 'application_layer_protocol_negotiation':
      return known(offer.alpn) ?? asked.alpn;
    case 'use_srtp':
      return { SRTPProtectionProfiles: known(offer.srtpProfiles) ?? asked.srtp, srtp_mki: new Uint8Array(0) };
    case 'supported_versions':
      return { versions: hello.supportedVersions };
    case 'key_share':
      return hello.keyShares;
    case 'extended_master_secret':
      return {};
    case 'session_ticket':
      return { ticket: new Uint8Array(0) };
    default:
      throw new Error(`what is the body of ${kind}?`);
  }
}

/** What of a captured extension is held against the profile: key shares by their groups, names as text. */
function bodyOf(extension: ClientExtension): unknown {
  if (extension.kind === 'key_share') return extension.body.client_shares.map(({ group }) => group);
  if (extension.kind === 'application_layer_protocol_negotiation')
    return extension.body.protocol_name_list.map(fromUtf8);
  return extension.body;
}

describe.each(capturedHellos)('the ClientHello of $id', (captured) => {
  const profile = found(captured.id);
  const hello: ClientHello = decode(clientHello, new Uint8Array(readFileSync(captured.file)));

  it('has the profile’s versions, session id, cookie and compression', () => {
    expect(hello.client_version).toBe(profile.hello.legacyVersion);
    expect(hello.session_id.length).toBe(profile.hello.sessionIdLength);
    expect(hello.cookie.length).toBe(0);
    expect(hello.compression_methods).toEqual(profile.hello.compressionMethods);
  });

  it('offers the profile’s suites in its order', () => {
    expect(hello.cipher_suites).toEqual(known(profile.offer.cipherSuites));
  });

  it('has the profile’s extensions and no others, in its order unless the stack shuffles them', () => {
    const absent = new Set(['cookie', ...captured.absent]);
    const kinds = profile.hello.extensions
      .map((one) => (typeof one === 'string' ? one : one.kind === 'unknown' ? `0x${one.code.toString(16)}` : one.kind))
      .filter((kind) => !absent.has(kind));
    const wire = (hello.extensions ?? []).map((one) =>
      one.kind === 'unknown' ? `0x${extensionCode('client_hello', one).toString(16)}` : one.kind,
    );
    if (profile.hello.order === 'shuffled') expect([...wire].sort()).toEqual([...kinds].sort());
    else expect(wire).toEqual(kinds);
  });

  it('has the profile’s body in every extension', () => {
    const codeOf = (one: ShapedExtension): number =>
      extensionCode('client_hello', typeof one === 'string' ? { kind: one } : one);
    const shaped = new Map(profile.hello.extensions.map((one) => [codeOf(one), one]));
    for (const extension of hello.extensions ?? []) {
      const mine = shaped.get(codeOf(extension));
      if (mine === undefined) throw new Error(`${extension.kind} is not in the profile`);
      const body = typeof mine === 'string' ? bodyFrom(profile, mine, captured) : mine.body;
      expect(bodyOf(extension), extension.kind).toEqual(body);
    }
  });

  it('has the length that was measured', () => {
    expect(readFileSync(captured.file).length).toBe(captured.length);
  });
});
