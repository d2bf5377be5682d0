import { describe, expect, it } from 'vitest';
import { HandshakeType } from '../../src/wire/registry.ts';
import { credential } from '../support/credentials.ts';
import { carries, faithful, Pair } from '../support/pair.ts';

const ecdsa = await credential('ecdsa-p256');
const both = (client: number[], server: number[]) => ({
  client: { srtpProfiles: client },
  server: { srtpProfiles: server, credentials: [ecdsa] },
});

describe('use_srtp', () => {
  it.each([
    [1, 16, 14],
    [2, 16, 14],
    [7, 16, 12],
    [8, 32, 12],
  ])('with profile %i gives both sides the same keys of %i and salts of %i bytes', (profile, key, salt) => {
    const pair = new Pair(both([profile], [profile])).run();
    const ours = pair.client.endpoint.srtpKeys();
    expect(ours).toEqual(pair.server.endpoint.srtpKeys());
    expect(ours?.profile).toBe(profile);
    expect([ours?.clientKey, ours?.serverKey].map((bytes) => bytes?.length)).toEqual([key, key]);
    expect([ours?.clientSalt, ours?.serverSalt].map((bytes) => bytes?.length)).toEqual([salt, salt]);
  });

  it('[11] cuts what the exporter gives: client key, server key, client salt, server salt', () => {
    const pair = new Pair(both([1], [1])).run();
    const keys = pair.client.endpoint.srtpKeys();
    const material = pair.server.endpoint.exportKeyingMaterial('EXTRACTOR-dtls_srtp', undefined, 60);
    expect(
      Buffer.concat(
        [keys?.clientKey, keys?.serverKey, keys?.clientSalt, keys?.serverSalt].map((b) => b ?? Buffer.alloc(0)),
      ),
    ).toEqual(Buffer.from(material ?? []));
  });

  it('[10] takes the first profile of the server that the client offers', () => {
    const pair = new Pair(both([1, 7, 8], [8, 1])).run();
    expect(pair.client.parameters?.srtpProfile).toBe(8);
    expect(pair.server.parameters?.srtpProfile).toBe(8);
  });

  it('[10] is left out when no profile is common, and the handshake goes on', () => {
    const pair = new Pair(both([1], [7])).run();
    expect(pair.agreed).toBe(true);
    expect(pair.client.parameters?.srtpProfile).toBeUndefined();
    expect(pair.client.endpoint.srtpKeys()).toBeUndefined();
  });

  it('[10] with a profile that was not offered is refused', () => {
    // In the ServerHello of this pair use_srtp is last: its profile is the two bytes before the empty MKI.
    const pair = new Pair({
      ...both([1], [1]),
      link: (sent) => {
        if (!carries(sent, HandshakeType.serverHello)) return faithful(sent);
        const bytes = Uint8Array.from(sent.bytes);
        const end = 13 + (bytes[11] ?? 0) * 256 + (bytes[12] ?? 0);
        expect([...bytes.subarray(end - 5, end)]).toEqual([0, 2, 0, 1, 0]);
        bytes[end - 2] = 7;
        return [{ bytes }];
      },
    }).run();
    expect(pair.client.failure).toMatchObject({ code: 'illegal-parameter', message: 'server_hello' });
    expect(pair.server.failure).toMatchObject({ code: 'alert', description: 47 });
  });
});

describe('the exporter', () => {
  it('gives both sides the same, by label, context and length', () => {
    const pair = new Pair(both([], [])).run();
    const of = (side: 'client' | 'server', label: string, context: Uint8Array | undefined, length: number) =>
      Buffer.from(pair[side].endpoint.exportKeyingMaterial(label, context, length) ?? []).toString('hex');
    for (const context of [undefined, new Uint8Array(), Uint8Array.of(1, 2, 3)])
      expect(of('client', 'EXPORTER-a', context, 40)).toBe(of('server', 'EXPORTER-a', context, 40));
    const answers = [
      of('client', 'EXPORTER-a', undefined, 40),
      of('client', 'EXPORTER-b', undefined, 40),
      of('client', 'EXPORTER-a', new Uint8Array(), 40),
      of('client', 'EXPORTER-a', Uint8Array.of(1), 40),
    ];
    expect(new Set(answers).size).toBe(4);
  });

  it('[11] gives nothing before the handshake is done', () => {
    const pair = new Pair(both([1], [1]));
    expect(pair.client.endpoint.exportKeyingMaterial('EXPORTER-a', undefined, 16)).toBeUndefined();
    expect(pair.client.endpoint.srtpKeys()).toBeUndefined();
  });
});
