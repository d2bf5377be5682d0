/** Mutated datagrams by the hundred thousand for DTLS 1.3, and mutated plaintexts under the right keys: nothing throws. */
import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/random.ts';
import { credential } from '../support/credentials.ts';
import { forget, inventions13, mostHeld, mostHeldForHellos, mutate as mutated } from '../support/mutations.ts';
import { give, Pair, type PairOptions, started } from '../support/pair.ts';
import { ackOf, cipherOf, type Opened13, openSent } from '../support/sealed13.ts';
import { bothVersions, only13, x25519MlKem768 } from '../support/settings13.ts';

const ecdsa = await credential('ecdsa-p256');
const longChain = await credential('ecdsa-p256,chain=3,size=3700');
const patience = 240_000;

const mutate = (corpus: readonly Uint8Array[], random: Prng): Uint8Array => mutated(corpus, random, inventions13);

const mutual: PairOptions = {
  client: { ...bothVersions, credentials: [ecdsa] },
  server: { ...bothVersions, credentials: [longChain], clientAuth: 'require' },
};
/** HelloRetryRequests, resumption and tickets have bytes of their own. */
const retry: PairOptions = {
  client: { ...only13, groups: [x25519MlKem768, 0x17], keyShares: [x25519MlKem768] },
  server: {
    ...only13,
    groups: [0x17],
    cookie: true,
    credentials: [ecdsa],
    tickets: { key: new Uint8Array(32), count: 2, lifetimeSeconds: 60 },
  },
};
/** The same without ML-KEM: what is sealed does not depend on it, and thousands of associations take long with it. */
const lightRetry: PairOptions = {
  ...retry,
  client: { ...retry.client, groups: [0x1d, 0x17], keyShares: [0x1d] },
};

describe.each(['client', 'server'] as const)('a %s of DTLS 1.3 that is given mutated datagrams', (role) => {
  const corpus = [mutual, retry].flatMap((options) => new Pair(options).run().sent.map(({ bytes }) => bytes));

  it('survives 80,000 of them in the middle of handshakes, and completes many of those', { timeout: patience }, () => {
    const random = new Prng(`handshake 1.3 ${role}`);
    const completed = { with: 0, without: 0 };
    for (let round = 0; round < 400; round++) {
      const pair = started(round % 2 ? mutual : retry, random.int(45));
      const side = pair[role];
      const live = [...corpus, ...pair.sent.map(({ bytes }) => bytes)];
      for (let i = 0; i < 200; i++) give(pair, role, mutate(live, random));
      expect(side.mostHeld).toBeLessThan(mostHeld);
      pair.settle();
      completed[pair.agreed ? 'with' : 'without']++;
      if (['failed', 'closed'].includes(side.endpoint.state)) expect(side.endpoint.held).toBe(0);
    }
    // Before there are keys a forged message can end a handshake. Not every one does.
    expect(completed.with).toBeGreaterThan(50);
  });

  it('survives 60,000 of them on one live association, which is as alive after them as before', {
    timeout: patience,
  }, () => {
    const random = new Prng(`connected 1.3 ${role}`);
    const pair = new Pair(mutual).run();
    expect(pair.agreed).toBe(true);
    pair.send(pair.client, 'before');
    pair.send(pair.server, 'before');
    pair.settle();
    const side = pair[role];
    const live = [...corpus, ...pair.sent.map(({ bytes }) => bytes)];
    for (let i = 0; i < 60_000; i++) {
      give(pair, role, mutate(live, random));
      if (i % 1000 === 0) forget(pair);
    }
    forget(pair);
    expect(side.mostHeld).toBeLessThan(mostHeld);
    expect(side.endpoint.held).toBe(0);
    pair.send(pair.client, 'after');
    pair.send(pair.server, 'after');
    pair.settle();
    expect([pair.client.data, pair.server.data]).toEqual([['after'], ['after']]);
  });

  it('survives 24,000 plaintexts that were mutated and then protected by the right keys', { timeout: patience }, () => {
    const random = new Prng(`sealed ${role}`);
    const from = role === 'client' ? 'server' : 'client';
    const ends = new Map<string, number>();
    let given = 0;
    while (given < 24_000) {
      const options = random.int(2) ? mutual : lightRetry;
      const pair = started(options, 15 + random.int(60));
      const side = pair[role];
      const epochs = [2, 3].filter((epoch) =>
        [pair.client, pair.server].some((one) => one.of('secret').some(({ label }) => label === labelOf(from, epoch))),
      );
      if (epochs.length === 0) continue;
      const opened = pair[from].sent.flatMap((sent) => openSent(pair, sent));
      const contents = [
        ...opened.map(({ content }) => content),
        ackOf([2, 0], [3, 1]),
        Uint8Array.of(2, 40),
        Uint8Array.of(1, 0),
      ];
      for (let i = 0; i < 60 && !['failed', 'closed'].includes(side.endpoint.state); i++, given++) {
        const epoch = epochs[random.int(epochs.length)] ?? 2;
        const number = 40 + i;
        const type = random.int(4) ? 22 : 20 + random.int(8);
        const content = random.int(3) ? gentle(opened, random) : mutate(contents, random);
        const padding = random.int(8) ? 0 : random.int(40);
        give(pair, role, cipherOf(pair, from, epoch).protect({ type, sequenceNumber: number, padding }, content));
        // A record of nothing but zeros has no type.
      }
      expect(side.mostHeld).toBeLessThan(mostHeld);
      const code = side.failure?.code ?? side.endpoint.state;
      ends.set(code, (ends.get(code) ?? 0) + 1);
      pair.settle();
      if (['failed', 'closed'].includes(side.endpoint.state)) expect(side.endpoint.held).toBe(0);
    }
    // It reached what only who has the keys can reach.
    for (const code of ['malformed', 'unexpected-message']) expect([...ends.keys()]).toContain(code);
  });
});

const labelOf = (side: string, epoch: number): string =>
  `${side.toUpperCase()}_${epoch === 2 ? 'HANDSHAKE_TRAFFIC_SECRET' : 'TRAFFIC_SECRET_0'}`;

/** A handshake record with its header right, or almost, and its body almost right. */
function gentle(opened: readonly Opened13[], random: Prng): Uint8Array {
  const messages = opened.filter(({ type, content }) => type === 22 && content.length > 12);
  const bytes = Uint8Array.from(messages[random.int(Math.max(1, messages.length))]?.content ?? []);
  const from = random.int(3) ? 12 : 0;
  for (let i = 0; i <= random.int(3); i++) {
    const at = from + random.int(Math.max(1, bytes.length - from));
    if (at < bytes.length) bytes[at] = random.int(256);
  }
  // Now and then the message that is due, so that mutated bodies are read.
  if (random.int(2) && bytes.length > 12) bytes[5] = random.int(6);
  return random.int(6) ? bytes : bytes.subarray(0, random.int(bytes.length + 1));
}

describe('a server of DTLS 1.3 that asks for cookies', () => {
  it('serves its client on the same endpoint after 40,000 mutated hellos from others', { timeout: patience }, () => {
    const random = new Prng('cookies 1.3');
    const corpus = new Pair(retry).run().client.sent.map(({ bytes }) => bytes);
    const pair = new Pair(retry);
    pair.input(pair.server, { kind: 'start' });
    for (let i = 0; i < 40_000; i++) {
      give(pair, 'server', mutate(corpus, random), `host-${random.int(1000)}`);
      if (i % 1000 === 0) forget(pair);
    }
    expect(pair.server.mostHeld).toBeLessThan(mostHeldForHellos);
    forget(pair);
    pair.input(pair.client, { kind: 'start' });
    pair.settle();
    expect(pair.agreed, pair.describe()).toBe(true);
  });
});
