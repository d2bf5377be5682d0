/** Mutated datagrams by the hundred thousand: nothing throws, nothing grows, and whoever is honest still gets through. */
import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/random.ts';
import { credential } from '../support/credentials.ts';
import { forget, inventions12, mostHeld, mostHeldForHellos, mutate as mutated } from '../support/mutations.ts';
import { give, Pair, type PairOptions, started } from '../support/pair.ts';
import { rawFragment, rawRecord } from '../support/raw.ts';

/** Seconds, and minutes on a machine that does much else. */
const patience = 240_000;
const ecdsa = await credential('ecdsa-p256');
const longChain = await credential('ecdsa-p256,chain=3,size=3700');
const mutate = (corpus: readonly Uint8Array[], random: Prng): Uint8Array => mutated(corpus, random, inventions12);

const options: PairOptions = {
  client: { credentials: [ecdsa] },
  server: { credentials: [longChain], clientAuth: 'require' },
};

describe.each(['client', 'server'] as const)('a %s that is given 200,000 mutated datagrams', (role) => {
  const corpus = new Pair(options).run().sent.map(({ bytes }) => bytes);

  it('survives 120,000 of them in the middle of handshakes, and then completes one', { timeout: patience }, () => {
    const random = new Prng(`handshake ${role}`);
    const completed = { with: 0, without: 0 };
    for (let round = 0; round < 600; round++) {
      const pair = started(options, random.int(45));
      const side = pair[role];
      const live = [...corpus, ...pair.sent.map(({ bytes }) => bytes)];
      for (let i = 0; i < 200; i++) give(pair, role, mutate(live, random));
      expect(side.mostHeld).toBeLessThan(mostHeld);
      pair.settle();
      completed[pair.agreed ? 'with' : 'without']++;
      if (side.endpoint.state !== 'connected') expect(side.endpoint.held).toBe(0);
    }
    // Before there are keys a forged message can end a handshake: that is how DTLS 1.2 is. Not every one does.
    expect(completed.with).toBeGreaterThan(20);
    expect(new Pair(options).run().agreed).toBe(true);
  });

  it('survives 80,000 of them on one live association, which is as alive after them as before', {
    timeout: patience,
  }, () => {
    const random = new Prng(`connected ${role}`);
    const pair = new Pair(options).run();
    expect(pair.agreed).toBe(true);
    pair.send(pair.client, 'before');
    pair.send(pair.server, 'before');
    pair.settle();
    const side = pair[role];
    const live = [...corpus, ...pair.sent.map(({ bytes }) => bytes)];
    for (let i = 0; i < 80_000; i++) {
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
});

describe('a server that asks for cookies', () => {
  it('serves its client on the same endpoint after 50,000 mutated hellos from others', () => {
    const random = new Prng('cookies');
    const withCookie: PairOptions = { ...options, server: { ...options.server, cookie: true } };
    const corpus = new Pair(withCookie).run().client.sent.map(({ bytes }) => bytes);
    const pair = new Pair(withCookie);
    pair.input(pair.server, { kind: 'start' });
    for (let i = 0; i < 50_000; i++) {
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

describe('memory', () => {
  it('follows what was received, not what a forged header declares', () => {
    const pair = new Pair(options);
    pair.input(pair.server, { kind: 'start' });
    pair.input(pair.client, { kind: 'start' });
    for (let seq = 0; seq < 9; seq++)
      give(pair, 'client', rawRecord({ number: seq, body: rawFragment({ type: 11, seq, total: 65_000, body: [1] }) }));
    expect(pair.client.endpoint.held).toBe(9);
  });

  it('does not grow with repeats of what is done', () => {
    const pair = started(options, 12);
    const hello = rawFragment({ type: 1, seq: 0, total: 2 ** 24 - 1, body: [1] });
    for (let i = 0; i < 5000; i++) {
      hello.set([i >> 8, i & 255], 6);
      give(pair, 'server', rawRecord({ number: 100 + i, body: hello }));
      forget(pair);
    }
    expect(pair.server.endpoint.held).toBe(0);
  });
});
