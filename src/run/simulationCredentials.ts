/**
 * Credentials for the target sim: public test keys, so that the same scenario gives the same bytes. Only a certificate
 * that is pasted, or made to an order that no test key fills, is another one each time.
 */
import type { Credential } from '../crypto/keys.ts';
import type { Options } from '../scenario/index.ts';
import { type BundledName, bundledTestCredential } from '../x509/bundled.ts';

/** Orders that a public test key fills. */
const bundledSpecs: Readonly<Record<string, BundledName>> = {
  'ecdsa-p256': 'ecdsa-p256-a',
  'rsa-2048': 'rsa-2048',
  'rsa-4096': 'rsa-4096',
};

/** `ours` is undefined when the options ask for a certificate that has to be read or made. */
export function simulationCredentials({ cert, certGen }: Pick<Options, 'cert' | 'certGen'>): {
  readonly ours: readonly Credential[] | undefined;
  /** One for each kind of suite. */
  readonly theirs: readonly Credential[];
} {
  const bundled = cert.length > 0 ? undefined : bundledSpecs[certGen ?? 'ecdsa-p256'];
  return {
    ours: bundled === undefined ? undefined : [bundledTestCredential(bundled)],
    theirs: [bundledTestCredential('ecdsa-p256-b'), bundledTestCredential('rsa-2048')],
  };
}
