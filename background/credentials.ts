/** Our certificates for a run: pasted by the user, made to order, or what a WebRTC browser would make for itself. */
import type { Credential } from '../src/crypto/keys.ts';
import type { Options } from '../src/scenario/index.ts';
import { type GenerateEnvironment, generateCredential } from '../src/x509/generate.ts';
import { importCredential } from '../src/x509/import.ts';
import { defaultSpec, parseCredentialSpec } from '../src/x509/spec.ts';

export type Credentials =
  | { readonly ok: true; readonly credentials: readonly Credential[] }
  | { readonly ok: false; readonly option: string; readonly why: string };

/** The credentials that the options ask for. `cert` and `key` hold PEM texts here, not file names. */
export async function credentialsFor(
  { cert, key, certGen }: Pick<Options, 'cert' | 'key' | 'certGen'>,
  environment: GenerateEnvironment,
): Promise<Credentials> {
  if (cert.length > 0) {
    const credentials: Credential[] = [];
    for (const [index, certificate] of cert.entries()) {
      const imported = importCredential(certificate, key[index]);
      if (!imported.ok) {
        const { why, fix } = imported.error;
        return { ok: false, option: '--cert', why: fix === undefined ? why : `${why}; ${fix}` };
      }
      credentials.push(imported.credential);
    }
    return { ok: true, credentials };
  }
  const parsed = certGen === undefined ? { ok: true as const, spec: defaultSpec } : parseCredentialSpec(certGen);
  if (!parsed.ok) return { ok: false, option: '--cert-gen', why: parsed.error.why };
  const generated = await generateCredential(parsed.spec, environment);
  return generated.ok
    ? { ok: true, credentials: [generated.credential] }
    : { ok: false, option: '--cert-gen', why: generated.error.why };
}
