/** Settings of endpoints that speak DTLS 1.3, alone or beside 1.2. */
import type { EndpointConfig } from '../../src/engine/index.ts';
import type { HelloShape, ShapedExtension } from '../../src/profiles/model.ts';

export const x25519MlKem768 = 0x11ec;

/** With small key shares: what most tests are about has nothing to do with their size. */
export const only13 = {
  versions: ['1.3'],
  cipherSuites: [0x1301, 0x1302, 0x1303],
  groups: [0x1d, 0x17, 0x18, x25519MlKem768, 0x19],
} as const satisfies Partial<EndpointConfig>;

export const bothVersions = {
  versions: ['1.3', '1.2'],
  cipherSuites: [0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f],
  groups: [0x1d, 0x17],
} as const satisfies Partial<EndpointConfig>;

/** A hello of DTLS 1.3 alone, with the least that it must have, and one extension more. */
export const helloWith = (extension: ShapedExtension): HelloShape => ({
  legacyVersion: 0xfefd,
  sessionIdLength: 0,
  compressionMethods: [0],
  supportedVersions: [0xfefc],
  keyShares: [0x1d],
  extensions: ['supported_groups', 'signature_algorithms', 'supported_versions', 'key_share', extension],
  order: 'fixed',
});
