/**
 * Complete handshakes in memory, both ends, mutual ECDSA P-256 certificates, on both backends. Beside each rate stands what
 * the raw primitives of such a handshake cost in the same run, so that the engine's own share shows.
 */
import { Prng } from '../../src/base/random.ts';
import { type Instant, instant } from '../../src/base/time.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import type { CryptoProvider } from '../../src/crypto/provider.ts';
import { createEndpoint, defaultConfig, type Endpoint, type EndpointConfig } from '../../src/engine/index.ts';
import { bundledTestCredential } from '../../src/x509/bundled.ts';
import { publicKeyOf } from '../../src/x509/read.ts';

const x25519 = 0x1d;
const p256 = 0x17;
const ecdsa = 0x0403;
const random = new Prng('handshake bench').bytes;
const certificates = { client: bundledTestCredential('ecdsa-p256-a'), server: bundledTestCredential('ecdsa-p256-b') };

/** Moves what one end sent to the other until neither sends; datagrams arrive at once and in order. */
function shake(provider: CryptoProvider, group: number): void {
  const config = (role: 'client' | 'server'): EndpointConfig => ({
    ...defaultConfig(role),
    groups: [group, p256],
    credentials: [certificates[role]],
    clientAuth: 'require',
    cookie: false,
  });
  const ends = (['client', 'server'] as const).map((role) =>
    createEndpoint(config(role), { crypto: provider, random, peer: role === 'client' ? 'server' : 'client' }),
  );
  const [client, server] = ends;
  if (!client || !server) throw new Error('two ends make a handshake');
  const now = instant(0);
  server.handle({ kind: 'start' }, now);
  client.handle({ kind: 'start' }, now);
  for (let moved = true; moved; ) moved = [pass(client, server, now), pass(server, client, now)].includes(true);
  if (client.state !== 'connected' || server.state !== 'connected') throw new Error('the handshake did not complete');
}

function pass(from: Endpoint, to: Endpoint, now: Instant): boolean {
  let moved = false;
  for (let output = from.poll(); output.kind !== 'wait'; output = from.poll()) {
    if (output.kind !== 'transmit') continue;
    moved = true;
    to.handle({ kind: 'datagram', bytes: output.bytes, from: from.role }, now);
  }
  return moved;
}

/** The primitives of one mutual handshake, both ends: two key shares, two agreements, two signatures, two checks. */
function primitives(provider: CryptoProvider, group: number): void {
  const message = new Uint8Array(1500);
  const ours = provider.generate(group, random);
  const theirs = provider.respond(group, ours.share, random);
  if (!theirs || !ours.agree(theirs.share)) throw new Error('no shared secret');
  for (const { key, chain } of [certificates.client, certificates.server]) {
    const [leaf] = chain;
    const read = leaf && publicKeyOf(leaf);
    if (!read?.ok || !read.key) throw new Error('no key');
    if (!provider.verify(read.key, ecdsa, message, provider.sign(key, ecdsa, message, random)))
      throw new Error('no signature');
  }
}

/** Operations a second, after a warm-up, over about `forMs`. */
function rate(work: () => void, forMs: number): number {
  for (let i = 0; i < 5; i++) work();
  const start = performance.now();
  let count = 0;
  while (performance.now() - start < forMs) {
    work();
    count++;
  }
  return (count * 1000) / (performance.now() - start);
}

export async function run(print: (line: string) => void): Promise<void> {
  print('mutual ECDSA P-256, both ends       handshakes/s   raw primitives/s   handshake : primitives');
  for (const provider of [nodeProvider, nobleProvider])
    for (const [name, group] of [
      ['X25519', x25519],
      ['P-256', p256],
    ] as const) {
      const whole = rate(() => shake(provider, group), 2000);
      const raw = rate(() => primitives(provider, group), 2000);
      const label = `${provider.name}, ${name}`.padEnd(32);
      const ratio = (raw / whole).toFixed(2);
      print(`${label}${whole.toFixed(0).padStart(16)}${raw.toFixed(0).padStart(19)}${ratio.padStart(18)} : 1`);
    }
}
