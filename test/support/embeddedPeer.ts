/**
 * Mbed TLS and wolfSSL as DTLS 1.2 peers on loopback: small programs of ours over Debian's libraries (mbedtls/peer.c,
 * wolfssl/peer.c), compiled once for a test file. A server has many clients at once and sends back what it gets.
 */
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Credential } from '../../src/crypto/keys.ts';
import { pem } from '../../src/x509/pem.ts';
import { privateKeyDer } from '../../src/x509/privateKey.ts';
import { compiled, flagsOf } from './compiled.ts';
import { OpensslPeer } from './opensslPeer.ts';

export const libraries = ['mbedtls', 'wolfssl'] as const;
export type Library = (typeof libraries)[number];

/** Debian's Mbed TLS tells pkg-config nothing. */
const flags: Readonly<Record<Library, readonly string[] | undefined>> = {
  mbedtls: existsSync('/usr/include/mbedtls/ssl_cookie.h') ? ['-lmbedtls', '-lmbedx509', '-lmbedcrypto'] : undefined,
  wolfssl: flagsOf('wolfssl'),
};
export const hasLibrary = (library: Library): boolean => flags[library] !== undefined;

export interface EmbeddedOptions {
  /** Whether a server asks for a certificate, and a client has one. */
  readonly auth?: boolean;
  /** The library's own when left out; wolfSSL as Debian builds it takes no other. */
  readonly mtu?: number;
  readonly cookie?: boolean;
  readonly tickets?: boolean;
}

/** A program that says where it is once it is ready. A server listens on a port that the system gives; a client connects to one. */
export async function embeddedPeer(
  library: Library,
  to: 'server' | { readonly port: number },
  own: Credential,
  { auth = false, mtu = 0, cookie = true, tickets = false }: EmbeddedOptions = {},
): Promise<{ readonly peer: OpensslPeer; readonly port: number }> {
  const directory = mkdtempSync(join(tmpdir(), `dtlscope-${library}-`));
  const chain = join(directory, 'chain.pem');
  const key = join(directory, 'key.pem');
  writeFileSync(chain, own.chain.map((der) => pem('CERTIFICATE', der)).join(''));
  writeFileSync(key, pem('PRIVATE KEY', privateKeyDer(own.key)));
  const role = to === 'server' ? ['server', '0'] : ['client', String(to.port)];
  const numbers = [auth, mtu, cookie, tickets].map((value) => String(Number(value)));
  const program = compiled(`${library}/peer.c`, flags[library] ?? []);
  const peer = new OpensslPeer(directory, [...role, chain, key, ...numbers], program);
  const [, port] = await peer.waitFor(/^READY (\d+)$/m);
  return { peer, port: Number(port) };
}
