/** Settings of endpoints that speak DTLS 1.3, alone or beside 1.2. */
import type { EndpointConfig } from '../../src/engine/index.ts';

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
