/** Our certificates and keys: from files, made to order, or the WebRTC default when nothing is said. */
import { webcrypto } from 'node:crypto';
import type { RandomSource } from '../base/random.ts';
import type { Credential } from '../crypto/keys.ts';
import { draw } from '../crypto/node/random.ts';
import type { Options } from '../scenario/index.ts';
import { generateCredential } from '../x509/generate.ts';
import { importCredential } from '../x509/import.ts';
import { type CredentialSpec, defaultSpec, parseCredentialSpec } from '../x509/spec.ts';
import { Exit, Stop } from './exit.ts';
import { readInput } from './files.ts';

/** The credentials that the options ask for; throws a `Stop` that names the file and what is wrong with it. */
export async function credentialsFor({ cert, key, certGen }: Options): Promise<readonly Credential[]> {
  if (cert.length > 0) return cert.map((file, index) => fromFiles(file, key[index]));
  return [await made(certGen)];
}

/** Where a run's certificates come from. */
export type CredentialSource = (options: Options) => Promise<readonly Credential[]>;

/** The same certificates for all runs that ask for the same: a key of RSA-4096 takes seconds to make. */
export function credentialsOnce(): CredentialSource {
  const made = new Map<string, Promise<readonly Credential[]>>();
  return (options) => {
    const asked = JSON.stringify([options.certGen, options.cert, options.key]);
    const known = made.get(asked) ?? credentialsFor(options);
    made.set(asked, known);
    return known;
  };
}

function fromFiles(certificate: string, key: string | undefined): Credential {
  const imported = importCredential(
    readInput(certificate, 'the certificate'),
    key === undefined ? undefined : readInput(key, 'the key'),
  );
  if (imported.ok) return imported.credential;
  const { why, fix } = imported.error;
  const files = key === undefined ? certificate : `${certificate} and ${key}`;
  throw new Stop(Exit.usage, `${files}: ${why}.`, fix === undefined ? undefined : `What to do: ${fix}`);
}

async function made(certGen: string | undefined): Promise<Credential> {
  const parsed = certGen === undefined ? { ok: true as const, spec: defaultSpec } : parseCredentialSpec(certGen);
  // The option table has read it before; a spec that is not right never comes here.
  if (!parsed.ok) throw new Stop(Exit.usage, `--cert-gen: ${parsed.error.why}`);
  return (await generate(parsed.spec)).credential;
}

/** Makes a credential with this machine's generators. */
export async function generate(spec: CredentialSpec) {
  const { subtle } = webcrypto as unknown as Crypto;
  const generated = await generateCredential(spec, { subtle, random: systemRandom, now: Date.now() });
  if (!generated.ok) throw new Stop(Exit.usage, `That certificate can not be made: ${generated.error.why}.`);
  return generated;
}

/** The system's generator. */
export const systemRandom: RandomSource = draw;
