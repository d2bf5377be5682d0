/**
 * Our side of the handshake benchmark: complete handshakes in memory, both ends in one process. Orders, each answered with
 * `COUNT MICROSECONDS` of CPU time unless said otherwise:
 *
 *   shake BACKEND VERSION GROUP met|strangers MS
 *   raw BACKEND VERSION GROUP MS  what the primitives of such a handshake cost by themselves
 *   heap VERSION GROUP COUNT      bytes that a handshake allocates, and by how many the heap grew over so many in a row
 *
 * `met`: the same two certificates each time, as when one gateway is probed again and again. `strangers`: more certificates
 * in turn than the backend remembers keys of.
 */
import type { RandomSource } from '../../../src/base/random.ts';
import { type Instant, instant } from '../../../src/base/time.ts';
import type { Credential } from '../../../src/crypto/keys.ts';
import { nobleProvider } from '../../../src/crypto/noble.ts';
import { nodeProvider } from '../../../src/crypto/node/index.ts';
import { draw } from '../../../src/crypto/node/random.ts';
import type { CryptoProvider } from '../../../src/crypto/provider.ts';
import { createEndpoint, defaultConfig, type Endpoint, type EndpointConfig } from '../../../src/engine/index.ts';
import { bundledTestCredential } from '../../../src/x509/bundled.ts';
import { publicKeyOf } from '../../../src/x509/read.ts';
import { credential } from '../../support/credentials.ts';
import { answer, countFor } from './contestant.ts';

const p256 = 0x17;
const ecdsa = 0x0403;
/** As the terminal draws it. */
const random: RandomSource = draw;
const met: Certificates = {
  client: bundledTestCredential('ecdsa-p256-a'),
  server: bundledTestCredential('ecdsa-p256-b'),
};

interface Certificates {
  readonly client: Credential;
  readonly server: Credential;
}
/** The settings of both ends, made before anything counts, as a context of OpenSSL's is. */
interface Settings {
  readonly client: EndpointConfig;
  readonly server: EndpointConfig;
}
interface Case {
  readonly provider: CryptoProvider;
  readonly version: '1.2' | '1.3';
  readonly group: number;
}

function settingsOf({ version, group }: Case, certificates: Certificates): Settings {
  const of = (role: 'client' | 'server'): EndpointConfig => ({
    keyShares: [group],
    ...defaultConfig(role),
    versions: [version],
    groups: [group, p256],
    credentials: [certificates[role]],
    clientAuth: 'require',
    cookie: false,
  });
  return { client: of('client'), server: of('server') };
}

/** Moves what one end sent to the other until neither sends; datagrams arrive at once and in order. */
function shake(crypto: CryptoProvider, settings: Settings): void {
  const client = createEndpoint(settings.client, { crypto, random, peer: 'server' });
  const server = createEndpoint(settings.server, { crypto, random, peer: 'client' });
  const now = instant(0);
  server.handle({ kind: 'start' }, now);
  client.handle({ kind: 'start' }, now);
  for (let moved = true; moved; ) {
    moved = pass(client, server, now);
    moved = pass(server, client, now) || moved;
  }
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

/** What is symmetric in a handshake, both ends together, as test/crypto/work.test.ts counts it. */
const symmetric = {
  '1.2': { hmacs: 24, keys: 4, numberKeys: 0, records: 2 },
  '1.3': { hmacs: 49, keys: 8, numberKeys: 6, records: 3 },
} as const;

/**
 * The primitives of one mutual handshake, both ends: two key shares, two agreements, two signatures, two checks; HMACs and
 * records of middling length.
 */
function primitives({ provider, version, group }: Case): void {
  const message = new Uint8Array(1500);
  const ours = provider.generate(group, random);
  const theirs = provider.respond(group, ours.share, random);
  if (!theirs || !ours.agree(theirs.share)) throw new Error('no shared secret');
  for (const { key, chain } of [met.client, met.server]) {
    const [leaf] = chain;
    const read = leaf && publicKeyOf(leaf);
    if (!read?.ok || !read.key) throw new Error('no key');
    if (!provider.verify(read.key, ecdsa, message, provider.sign(key, ecdsa, message, random)))
      throw new Error('no signature');
  }
  const { hmacs, keys, numberKeys, records } = symmetric[version];
  for (let i = 0; i < hmacs; i++) provider.hmac('sha256', message.subarray(0, 32), message.subarray(0, 64));
  const [key, iv, header] = [message.subarray(0, 16), message.subarray(0, 12), message.subarray(0, 13)];
  const aeads = Array.from({ length: keys }, () => provider.aead('aes-128-gcm', key));
  const masks = Array.from({ length: numberKeys }, () => provider.recordNumberMask('aes-128-gcm', key));
  for (let i = 0; i < records; i++) {
    const sealed = aeads[0]?.seal(iv, header, message.subarray(0, version === '1.3' ? 600 : 200));
    if (!sealed || !aeads[1]?.open(iv, header, sealed)) throw new Error('no record');
    masks[0]?.(sealed.subarray(0, 16));
    masks[1]?.(sealed.subarray(0, 16));
  }
}

/** Pairs of certificates, for handshakes in turn: each comes again only after all others. */
async function strangers(): Promise<readonly Certificates[]> {
  const pairs: Certificates[] = [];
  for (let i = 0; i < 48; i++)
    pairs.push({
      client: await credential(`ecdsa-p256,cn=${2 * i}`),
      server: await credential(`ecdsa-p256,cn=${2 * i + 1}`),
    });
  return pairs;
}

/** What is in use of heap and of memory outside of it that the heap holds. */
const inUse = (): number => {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

/**
 * Collects all that nobody holds: what belongs to native objects goes in turns of the event loop. Wants `--expose-gc`.
 */
async function collect(): Promise<void> {
  const { gc } = globalThis;
  if (!gc) throw new Error('needs --expose-gc');
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    gc();
  }
}

/** Wants a young generation that a few handshakes do not fill. */
async function heap(handshake: () => void, count: number): Promise<string> {
  const inARow = async (times: number): Promise<number> => {
    for (let i = 0; i < times; i++) {
      handshake();
      if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await collect();
    return inUse();
  };
  // The first lot makes code, and remembers what stays for good.
  const start = await inARow(2000);
  const few = 20;
  for (let i = 0; i < few; i++) handshake();
  const allocated = (inUse() - start) / few;
  await collect();
  return `${Math.round(allocated)} ${(await inARow(count)) - start}`;
}

export async function serveOurs(): Promise<void> {
  const backends: Readonly<Record<string, CryptoProvider>> = { node: nodeProvider, noble: nobleProvider };
  let pairs: readonly Certificates[] | undefined;
  const settings = new Map<string, readonly Settings[]>();
  let next = 0;
  await answer(async (order) => {
    const [kind, ...words] = order.split(' ');
    const backend = (name = ''): CryptoProvider => backends[name] ?? nodeProvider;
    const version = (name = ''): '1.2' | '1.3' => (name === '1.3' ? '1.3' : '1.2');
    if (kind === 'heap') {
      const run = { provider: nodeProvider, version: version(words[0]), group: Number(words[1]) };
      const both = settingsOf(run, met);
      return heap(() => shake(nodeProvider, both), Number(words[2]));
    }
    if (kind === 'raw') {
      const raw = { provider: backend(words[0]), version: version(words[1]), group: Number(words[2]) };
      const { count, us } = await countFor(Number(words[3]), () => primitives(raw));
      return `${count} ${us}`;
    }
    const run = { provider: backend(words[0]), version: version(words[1]), group: Number(words[2]) };
    const name = words.slice(0, 4).join(' ');
    let all = settings.get(name);
    if (!all) {
      if (words[3] === 'strangers') pairs ??= await strangers();
      all = (words[3] === 'strangers' ? (pairs ?? []) : [met]).map((pair) => settingsOf(run, pair));
      settings.set(name, all);
    }
    const turns = all;
    const { count, us } = await countFor(Number(words[4]), () => {
      const turn = turns[next++ % turns.length];
      if (turn) shake(run.provider, turn);
    });
    return `${count} ${us}`;
  });
}
