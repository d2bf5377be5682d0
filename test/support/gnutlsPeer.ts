/** `gnutls-serv --udp` and `gnutls-cli --udp` as DTLS peers on loopback. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Credential } from '../../src/crypto/keys.ts';
import { pem } from '../../src/x509/pem.ts';
import { privateKeyDer } from '../../src/x509/privateKey.ts';
import { OpensslPeer } from './opensslPeer.ts';
import { freeUdpPort } from './opensslServer.ts';

const keying = ['--keymatexport', 'EXPORTER-dtlscope', '--keymatexportsize', '32'];

/** An echo server that is ready for clients. */
export async function gnutlsServer(
  own: Credential,
  priority: string,
  args: readonly string[] = [],
): Promise<{ readonly peer: OpensslPeer; readonly port: number }> {
  const directory = mkdtempSync(join(tmpdir(), 'dtlscope-gnutls-'));
  const chain = join(directory, 'chain.pem');
  const key = join(directory, 'key.pem');
  writeFileSync(chain, own.chain.map((der) => pem('CERTIFICATE', der)).join(''));
  writeFileSync(key, pem('PRIVATE KEY', privateKeyDer(own.key)));
  const port = await freeUdpPort();
  const files = ['--x509certfile', chain, '--x509keyfile', key];
  const all = ['--udp', '-p', String(port), '--echo', '--priority', priority, ...files, ...keying, ...args];
  const peer = new OpensslPeer(directory, all, 'gnutls-serv');
  await peer.waitFor(/listening on IPv4 .*done/);
  return { peer, port };
}

/** A client that connects to a port on loopback and sends what is typed. */
export function gnutlsClient(port: number, priority: string, args: readonly string[] = []): OpensslPeer {
  const directory = mkdtempSync(join(tmpdir(), 'dtlscope-gnutls-'));
  const all = ['--udp', '--insecure', '-p', String(port), '--priority', priority, ...keying, ...args, '127.0.0.1'];
  return new OpensslPeer(directory, all, 'gnutls-cli');
}
