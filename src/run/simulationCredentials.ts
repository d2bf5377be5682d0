/**
 * Credentials for the target sim: public test keys, so that the same scenario gives the same bytes. What is ordered is made
 * with them too, as of a fixed day. Only a certificate that is pasted, or with a key of RSA 3072, is made or read by the caller.
 */
import type { Credential } from '../crypto/keys.ts';
import type { CryptoProvider } from '../crypto/provider.ts';
import type { Options } from '../scenario/index.ts';
import { type BundledName, bundledTestCredential, expiredCheckedAt } from '../x509/bundled.ts';
import { generateTestCredential } from '../x509/generate.ts';
import { formatCredentialSpec, parseCredentialSpec } from '../x509/spec.ts';

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
  bundledFor(options) === 'ecdsa-p256-expired' || isOutOfDate(options) ? expiredCheckedAt : undefined;

function isOutOfDate({ cert, certGen }: Pick<Options, 'cert' | 'certGen'>): boolean {
  const parsed = cert.length > 0 || certGen === undefined ? undefined : parseCredentialSpec(certGen);
  return (
    parsed?.ok === true && (parsed.spec.validity.kind === 'expired' || parsed.spec.validity.kind === 'not-yet-valid')
  );
}

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

/** Orders that are kept: a signature of RSA 4096 takes a while here. */
const mostKept = 64;
const made = new Map<string, Credential>();

/**
 * Our certificates for a simulation: bundled ones, or made to order with public test keys. `otherwise` gives those that are
 * pasted, or that have a key of which there is no test key; it is asked too when an order can not be filled, to say why.
 */
export async function simulatedCredentials(
  options: Pick<Options, 'cert' | 'certGen'>,
  crypto: CryptoProvider,
  otherwise: () => Promise<readonly Credential[]>,
): Promise<{ readonly ours: readonly Credential[]; readonly theirs: readonly Credential[] }> {
  const { ours, theirs } = simulationCredentials(options);
  if (ours) return { ours, theirs };
  const { cert, certGen } = options;
  const parsed = cert.length > 0 || certGen === undefined ? undefined : parseCredentialSpec(certGen);
  if (!parsed?.ok) return { ours: await otherwise(), theirs };
  const order = formatCredentialSpec(parsed.spec);
  const known = made.get(order);
  if (known) return { ours: [known], theirs };
  const generated = await generateTestCredential(parsed.spec, crypto, expiredCheckedAt);
  if (!generated?.ok) return { ours: await otherwise(), theirs };
  for (const oldest of made.keys()) if (made.size >= mostKept) made.delete(oldest);
  made.set(order, generated.credential);
  return { ours: [generated.credential], theirs };
}
