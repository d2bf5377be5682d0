/** Credentials made to order for tests, once for each specification ("rsa-2048,chain=3,size=3700") and test file. */
import { webcrypto } from 'node:crypto';
import type { Credential } from '../../src/crypto/keys.ts';
import { generateCredential } from '../../src/x509/generate.ts';
import { parseCredentialSpec } from '../../src/x509/spec.ts';

const made = new Map<string, Promise<Credential>>();

export function credential(text: string): Promise<Credential> {
  const known = made.get(text) ?? make(text);
  made.set(text, known);
  return known;
}

async function make(text: string): Promise<Credential> {
  const spec = parseCredentialSpec(text);
  if (!spec.ok) throw new Error(`${text}: ${spec.error.why}`);
  const generated = await generateCredential(spec.spec, {
    subtle: webcrypto.subtle as SubtleCrypto,
    random: (length) => webcrypto.getRandomValues(new Uint8Array(length)),
    now: Date.now(),
  });
  if (!generated.ok) throw new Error(`${text}: ${generated.error.why}`);
  return generated.credential;
}
