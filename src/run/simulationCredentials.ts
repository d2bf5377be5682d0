/**
 * Credentials for the target sim: public test keys, so that the same scenario gives the same bytes. Only a certificate
 * that is pasted, or made to an order that no test key fills, is another one each time.
 */
import type { Credential } from '../crypto/keys.ts';
import type { Options } from '../scenario/index.ts';
import { type BundledName, bundledTestCredential, expiredCheckedAt } from '../x509/bundled.ts';

/** Orders that a public test key fills. */
const bundledSpecs: Readonly<Record<string, BundledName>> = {
  'ecdsa-p256': 'ecdsa-p256-a',
  'ecdsa-p256,expired': 'ecdsa-p256-expired',
  'rsa-2048': 'rsa-2048',
  'rsa-4096': 'rsa-4096',
  'ecdsa-p256,chain=3,ca=rsa-2048,size=2700': 'chain-2700',
  'ecdsa-p256,chain=3,ca=rsa-4096,size=3700': 'chain-3700',
};

/**
 * The date of a simulation, ms since 1970: it has none, except where it is about dates. A certificate that is ordered as
 * expired ended a day ago, so the simulation is a day later than the test key's.
 */
export const simulatedDate = (options: Pick<Options, 'cert' | 'certGen'>): number | undefined =>
  bundledFor(options) === 'ecdsa-p256-expired' ? expiredCheckedAt : undefined;

const bundledFor = ({ cert, certGen }: Pick<Options, 'cert' | 'certGen'>): BundledName | undefined =>
  cert.length > 0 ? undefined : bundledSpecs[certGen ?? 'ecdsa-p256'];

/** `ours` is undefined when the options ask for a certificate that has to be read or made. */
export function simulationCredentials(options: Pick<Options, 'cert' | 'certGen'>): {
  readonly ours: readonly Credential[] | undefined;
  /** One for each kind of suite. */
  readonly theirs: readonly Credential[];
} {
  const bundled = bundledFor(options);
  return {
    ours: bundled === undefined ? undefined : [bundledTestCredential(bundled)],
    theirs: [bundledTestCredential('ecdsa-p256-b'), bundledTestCredential('rsa-2048')],
  };
}
