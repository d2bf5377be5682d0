/** OpenSSL's library in the handshake benchmark: a small C program (openssl.c), compiled in the run where that is possible. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundledTestCredential } from '../../../src/x509/bundled.ts';
import { pem } from '../../../src/x509/pem.ts';
import { privateKeyDer } from '../../../src/x509/privateKey.ts';
import { Contestant } from './contestant.ts';

/** The compiled program, ready for orders, and its library's version; or why there is none. `folder` is for its files. */
export async function startOpenssl(
  source: string,
  folder: string,
): Promise<{ readonly contestant: Contestant; readonly version: string } | { readonly missing: string }> {
  mkdirSync(folder, { recursive: true });
  const program = join(folder, 'openssl-bench');
  const compiled = spawnSync('cc', ['-O2', '-o', program, source, '-lssl', '-lcrypto'], { encoding: 'utf8' });
  if (compiled.status !== 0) {
    const why = compiled.error
      ? 'there is no C compiler'
      : (compiled.stderr.split('\n').find((line) => /error/.test(line)) ?? 'it does not compile');
    return { missing: `OpenSSL is left out: ${why} (apt-get install gcc libssl-dev)` };
  }
  const files = (['ecdsa-p256-a', 'ecdsa-p256-b'] as const).flatMap((name) => {
    const { chain, key } = bundledTestCredential(name);
    const [certificate, privateKey] = ['pem', 'key'].map((ending) => join(folder, `${name}.${ending}`));
    if (!certificate || !privateKey) return [];
    writeFileSync(certificate, chain.map((der) => pem('CERTIFICATE', der)).join(''));
    // A key that everybody has: it is part of the source.
    writeFileSync(privateKey, pem('PRIVATE KEY', privateKeyDer(key)));
    return [certificate, privateKey];
  });
  const contestant = new Contestant(program, files);
  const version = await contestant.listen();
  return version === '' ? { missing: 'OpenSSL is left out: its program ended at once' } : { contestant, version };
}
