/**
 * GnuTLS as a DTLS peer on loopback: `gnutls-serv --udp` and `gnutls-cli --udp`, and for what a sample server can't do a small
 * one of ours over the library (gnutls/server.c), which has many clients at once.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Credential } from '../../src/crypto/keys.ts';
import { pem } from '../../src/x509/pem.ts';
import { privateKeyDer } from '../../src/x509/privateKey.ts';
import { compiled, flagsOf } from './compiled.ts';
import { OpensslPeer } from './opensslPeer.ts';
import { freeUdpPort } from './opensslServer.ts';

const keying = ['--keymatexport', 'EXPORTER-dtlscope', '--keymatexportsize', '32'];

function filesOf(own: Credential): { readonly directory: string; readonly chain: string; readonly key: string } {
  const directory = mkdtempSync(join(tmpdir(), 'dtlscope-gnutls-'));
  const chain = join(directory, 'chain.pem');
  const key = join(directory, 'key.pem');
  writeFileSync(chain, own.chain.map((der) => pem('CERTIFICATE', der)).join(''));
  writeFileSync(key, pem('PRIVATE KEY', privateKeyDer(own.key)));
  return { directory, chain, key };
}

/** An echo server that is ready for clients. */
export async function gnutlsServer(
  own: Credential,
  priority: string,
  args: readonly string[] = [],
): Promise<{ readonly peer: OpensslPeer; readonly port: number }> {
  const { directory, chain, key } = filesOf(own);
  const port = await freeUdpPort();
  const files = ['--x509certfile', chain, '--x509keyfile', key];
  const all = ['--udp', '-p', String(port), '--echo', '--priority', priority, ...files, ...keying, ...args];
  const peer = new OpensslPeer(directory, all, 'gnutls-serv');
  await peer.waitFor(/listening on IPv4 .*done/);
  return { peer, port };
}

/** What the compiler is told of the library; `undefined` where it is not here. In CI that is a failure, not a reason to skip. */
const flags = flagsOf('gnutls');
export const hasGnutlsLibrary = flags !== undefined;

/** An echo server for many clients at once, as a gateway is; it asks for their certificates. Needs libgnutls28-dev. */
export async function gnutlsGateway(
  own: Credential,
  priority: string,
): Promise<{ readonly peer: OpensslPeer; readonly port: number }> {
  if (!flags) throw new Error('no compiler, or no headers of GnuTLS (libgnutls28-dev)');
  const { directory, chain, key } = filesOf(own);
  const peer = new OpensslPeer(directory, [chain, key, priority, '1'], compiled('gnutls/server.c', flags));
  const [, port] = await peer.waitFor(/^READY (\d+)$/m);
  return { peer, port: Number(port) };
}

/** A client that connects to a port on loopback and sends what is typed. */
export function gnutlsClient(port: number, priority: string, args: readonly string[] = []): OpensslPeer {
  const directory = mkdtempSync(join(tmpdir(), 'dtlscope-gnutls-'));
  const all = ['--udp', '--insecure', '-p', String(port), '--priority', priority, ...keying, ...args, '127.0.0.1'];
  return new OpensslPeer(directory, all, 'gnutls-cli');
}
