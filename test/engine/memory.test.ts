/**
 * What is left of a handshake that nobody holds any more. V8 gives some objects a hidden class of their own (literals with a
 * getter, properties new behind a spread, in Node 20), which lives until a full collection and keeps the whole association:
 * nothing leaks, but every handshake is then carried over by the garbage collector, and calls on such objects are slow.
 */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { instant } from '../../src/base/time.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { createEndpoint, defaultConfig, type Endpoint } from '../../src/engine/index.ts';
import { bundledTestCredential } from '../../src/x509/bundled.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const oldBytes = (): number =>
  getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')?.space_used_size ?? Number.NaN;

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
const credentials = [bundledTestCredential('ecdsa-p256-a')];

function shake(version: '1.2' | '1.3'): void {
  const end = (role: 'client' | 'server'): Endpoint =>
    createEndpoint(
      { ...defaultConfig(role), versions: [version], groups: [0x1d, 0x17], credentials, clientAuth: 'require' },
      { crypto: nodeProvider, random, peer: 'server' },
    );
  const [client, server] = [end('client'), end('server')];
  server.handle({ kind: 'start' }, instant(0));
  client.handle({ kind: 'start' }, instant(0));
  const pass = (from: Endpoint, to: Endpoint): boolean => {
    let moved = false;
    for (let output = from.poll(); output.kind !== 'wait'; output = from.poll()) {
      if (output.kind !== 'transmit') continue;
      moved = true;
      to.handle({ kind: 'datagram', bytes: output.bytes, from: from.role }, instant(0));
    }
    return moved;
  };
  while (pass(client, server) || pass(server, client));
  expect([client.state, server.state]).toEqual(['connected', 'connected']);
}

// Three seconds, and minutes on a machine that does much else.
it.each(['1.2', '1.3'] as const)('does not outlive the young generation (DTLS %s)', { timeout: 240_000 }, (version) => {
  const rounds = 200;
  for (let i = 0; i < rounds; i++) shake(version);
  collect();
  const before = oldBytes();
  for (let i = 0; i < rounds; i++) shake(version);
  // Some 500 to 2,500 bytes; one association that is carried over is 10 KB and more.
  expect((oldBytes() - before) / rounds).toBeLessThan(6000);
});
