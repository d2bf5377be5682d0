import { describe, expect, it } from 'vitest';
import { type Figure, known, profileOf, profiles } from '../../src/profiles/index.ts';

/** All figures of a profile, by their place in it. */
function figures(value: unknown, path: string): (readonly [string, Figure<unknown>])[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array) return [];
  if ('basis' in value) return [[path, value as Figure<unknown>]];
  return Object.entries(value).flatMap(([key, inner]) => figures(inner, `${path}.${key}`));
}

describe('the profiles', () => {
  it('have the names that the command line promises, each once', () => {
    expect(profiles.map(({ id }) => id)).toEqual([
      'chromium-156',
      'firefox-153',
      'openssl-3.0',
      'openssl-1.0.2',
      'gnutls',
      'nss',
      'boringssl',
      'pion',
      'mbedtls',
      'mbedtls-2.28',
      'wolfssl-5.5',
    ]);
    expect(profileOf('chromium-156')?.title).toBe('Chromium 156');
    expect(profileOf('chromium')).toBeUndefined();
  });

  it('say of every figure where it comes from, and make none up', () => {
    for (const profile of profiles)
      for (const [path, figure] of figures(profile, profile.id))
        if (figure.basis === 'unmeasured') expect(Object.keys(figure), path).toEqual(['basis']);
        else expect(figure.from.length, path).toBeGreaterThan(8);
  });

  it('name no version of a source that the figure is not from: what was measured says of which version', () => {
    for (const profile of profiles)
      for (const [path, figure] of figures(profile, profile.id))
        if (figure.basis === 'measured') expect(figure.from, path).toMatch(/\d|NSS/);
  });

  it('step the MTU down, never up', () => {
    for (const { id, datagrams } of profiles) {
      const steps = known(datagrams.mtuSteps) ?? [];
      const sizes = [known(datagrams.mtu) ?? Number.POSITIVE_INFINITY, ...steps.map(({ mtu }) => mtu)];
      for (let i = 1; i < sizes.length; i++) expect(sizes[i], id).toBeLessThan(sizes[i - 1] ?? 0);
      const times = steps.map(({ fromRetransmission }) => fromRetransmission);
      expect(times, id).toEqual([...new Set(times)].sort((a, b) => a - b));
    }
  });

  it('share keys only of groups that they offer', () => {
    for (const { id, hello, offer } of profiles)
      for (const group of hello?.keyShares ?? []) expect(known(offer.groups), id).toContain(group);
  });

  it('have a ClientHello with each extension once, and the version that their settings call the highest', () => {
    for (const { id, hello, offer } of profiles) {
      if (!hello) continue;
      const names = hello.extensions.map((one) =>
        typeof one === 'string' ? one : one.kind === 'unknown' ? one.code : one.kind,
      );
      expect(new Set(names).size, id).toBe(names.length);
      expect(hello.supportedVersions.includes(0xfefc), id).toBe(known(offer.versions)?.includes('1.3'));
    }
  });
});
