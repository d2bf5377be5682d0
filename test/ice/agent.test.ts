import { describe, expect, it } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { Prng } from '../../src/base/random.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { createIceAgent } from '../../src/ice/agent.ts';
import { defaultIceConfig } from '../../src/ice/api.ts';
import { dtlsTimeoutFrom } from '../../src/ice/rtt.ts';
import { announced, bothCompleted, credentialsOf, introduced, losing, Network, Peer } from '../support/iceNetwork.ts';

describe('two full agents', () => {
  it('check, nominate one pair, and agree on it', () => {
    const { a, b, network } = introduced();
    network.run(bothCompleted(a, b));
    expect(a.selected).toEqual(['192.0.2.1:1000 192.0.2.2:2000']);
    expect(b.selected).toEqual(['192.0.2.2:2000 192.0.2.1:1000']);
    expect(a.of('state').map(({ to }) => to)).toEqual(['checking', 'connected', 'completed']);
    // Regular nomination: the first check does not nominate, the second does, and only the controlling side's.
    expect(a.checks.map(({ useCandidate, role }) => `${role} ${useCandidate}`)).toEqual([
      'controlling false',
      'controlling true',
    ]);
    expect(b.checks.every(({ useCandidate, role }) => !useCandidate && role === 'controlled')).toBe(true);
  });

  it('[64] measure the round-trip time, from which the DTLS timer follows', () => {
    const { a, b, network } = introduced();
    network.run(bothCompleted(a, b));
    expect(a.agent.rtt).toBe(20);
    expect(b.agent.rtt).toBe(20);
    expect([10, 20, 100, 1400, 9000].map(dtlsTimeoutFrom)).toEqual([50, 50, 200, 2800, 3000]);
  });

  it('carry payloads over the pair, and say what they are', () => {
    const { a, b, network } = introduced();
    network.run(bothCompleted(a, b));
    network.input(a, { kind: 'send', bytes: Uint8Array.of(22, 0xfe, 0xfd) });
    network.input(a, { kind: 'send', bytes: Uint8Array.of(0x80, 0x60) });
    network.run(() => b.payloads.length === 2);
    expect(b.payloads.map(({ protocol, from, on, known }) => ({ protocol, from, on, known }))).toEqual([
      { protocol: 'dtls', from: '192.0.2.1:1000', on: '192.0.2.2:2000', known: true },
      { protocol: 'rtp', from: '192.0.2.1:1000', on: '192.0.2.2:2000', known: true },
    ]);
  });

  it('find a pair over IPv6 alone', () => {
    const { a, b, network } = introduced(
      { bases: [{ address: '[2001:db8::1]:1000', kind: 'host' }] },
      { bases: [{ address: '[2001:db8::2]:2000', kind: 'host' }] },
    );
    network.run(bothCompleted(a, b));
    expect(a.selected).toEqual(['[2001:db8::1]:1000 [2001:db8::2]:2000']);
  });

  it('pair only addresses of one family and scope', () => {
    const { a, network } = introduced(
      {
        bases: [
          { address: '192.0.2.1:1000', kind: 'host' },
          { address: '[fe80::1]:1000', kind: 'host' },
          { address: '[2001:db8::1]:1000', kind: 'host' },
        ],
      },
      { bases: [{ address: '[2001:db8::2]:2000', kind: 'host' }] },
    );
    network.run(() => a.agent.state === 'completed');
    expect(new Set(a.of('pair').map(({ pair }) => `${pair.base} ${pair.remote}`))).toEqual(
      new Set(['[2001:db8::1]:1000 [2001:db8::2]:2000']),
    );
  });

  it('take the best of several pairs that work, IPv4 being given first', () => {
    const bases = (last: number) => [
      { address: `192.0.2.${last}:1000`, kind: 'host' as const },
      { address: `[2001:db8::${last}]:1000`, kind: 'host' as const },
    ];
    const { a, b, network } = introduced({ bases: bases(1) }, { bases: bases(2) });
    network.run(bothCompleted(a, b));
    expect(a.selected).toEqual(['192.0.2.1:1000 192.0.2.2:1000']);
  });

  it('take what works when the better pair is dead', () => {
    const bases = (last: number) => [
      { address: `192.0.2.${last}:1000`, kind: 'host' as const },
      { address: `[2001:db8::${last}]:1000`, kind: 'host' as const },
    ];
    const fate = ({ to }: { readonly to: string }) => (to.startsWith('192') ? [] : [{ afterMs: 10 }]);
    const { a, b, network } = introduced({ bases: bases(1) }, { bases: bases(2) }, { fate });
    network.run(bothCompleted(a, b));
    expect(a.selected).toEqual(['[2001:db8::1]:1000 [2001:db8::2]:1000']);
    // The choice did not wait for the dead pair's 39 seconds.
    expect(network.now).toBeLessThan(1000);
  });

  it('meet under 30 % loss, whatever the seed', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const { a, b, network } = introduced({ seed: `a${seed}` }, { seed: `b${seed}` }, { fate: losing(0.3, seed) });
      network.run(bothCompleted(a, b), 40_000);
      expect({ seed, a: a.agent.state, b: b.agent.state }).toEqual({ seed, a: 'completed', b: 'completed' });
      expect(a.selected.at(-1)?.split(' ').reverse()).toEqual(b.selected.at(-1)?.split(' '));
    }
  });

  it('begin no more than one transaction each 50 ms', () => {
    const bases = (last: number) =>
      Array.from({ length: 4 }, (_, i) => ({ address: `192.0.2.${last + i}:1000`, kind: 'host' as const }));
    // Nothing arrives, so all that is sent is ordinary.
    const { a, network } = introduced({ bases: bases(10) }, { bases: bases(20) }, { fate: () => [] });
    network.run(undefined, 3000);
    const firsts = network.packets.filter(({ from }) => from.startsWith('192.0.2.1')).map(({ at }) => at);
    const began = a.checks.flatMap(({ attempt }, i) => (attempt === 0 ? [firsts[i] ?? 0] : []));
    expect(began).toHaveLength(16);
    for (let i = 1; i < began.length; i++) expect((began[i] ?? 0) - (began[i - 1] ?? 0)).toBeGreaterThanOrEqual(50);
  });
});

describe('addresses that are not ours', () => {
  const stunServer = '198.51.100.5:3478';

  it('are learned from a STUN server, and work where the host candidate does not', () => {
    const a = new Peer('a', { bases: [{ address: '10.0.0.1:1000', kind: 'host' }], stunServers: [stunServer] });
    const b = new Peer('b', { bases: [{ address: '10.1.0.1:2000', kind: 'host' }], stunServers: [stunServer] });
    const network = new Network([a, b], {
      stunServer,
      nats: [
        { inside: '10.0.0.1', outside: '203.0.113.1' },
        { inside: '10.1.0.1', outside: '203.0.113.2' },
      ],
    });
    for (const peer of [a, b]) network.input(peer, { kind: 'start' });
    network.run(() => a.of('gathered').length > 0 && b.of('gathered').length > 0);
    expect(a.candidates.map(({ kind, address, base, server }) => ({ kind, address, base, server }))).toEqual([
      { kind: 'host', address: '10.0.0.1:1000', base: '10.0.0.1:1000', server: undefined },
      { kind: 'srflx', address: '203.0.113.1:1000', base: '10.0.0.1:1000', server: stunServer },
    ]);
    const [host, srflx] = a.candidates;
    expect(host?.foundation).not.toBe(srflx?.foundation);
    expect(host?.priority).toBeGreaterThan(srflx?.priority ?? 0);
    network.introduce(a, b);
    network.run(bothCompleted(a, b));
    expect(a.selected).toEqual(['10.0.0.1:1000 203.0.113.2:2000']);
  });

  it('are learned from the checks themselves', () => {
    const a = new Peer('a', { bases: [{ address: '10.0.0.1:1000', kind: 'host' }] });
    const b = new Peer('b', {});
    const network = new Network([a, b], { nats: [{ inside: '10.0.0.1', outside: '203.0.113.1' }] });
    network.introduce(a, b);
    network.run(bothCompleted(a, b));
    expect(b.of('peer-reflexive').map(({ address }) => address)).toEqual(['203.0.113.1:1000']);
    expect(a.candidates.map(({ kind, address }) => `${kind} ${address}`)).toEqual([
      'host 10.0.0.1:1000',
      'prflx 203.0.113.1:1000',
    ]);
  });

  it('are given up when the server is silent', () => {
    const a = new Peer('a', { stunServers: [stunServer] });
    const network = new Network([a], {});
    network.input(a, { kind: 'start' });
    network.run(() => a.of('gathered').length > 0);
    expect(a.of('gathering-failed')).toEqual([
      { kind: 'gathering-failed', server: stunServer, why: 'it does not answer' },
    ]);
    expect(network.astray.map(({ at }) => at)).toEqual([0, 500, 1500, 3500, 7500, 15_500, 31_500]);
    expect(network.now).toBe(39_500);
  });

  it('come from a relay of the caller, when it has one', () => {
    const { a, b, network } = introduced(
      {},
      {},
      { fate: ({ from, to }) => (`${from}${to}`.includes('192.0.2.1:') ? [] : [{ afterMs: 10 }]) },
    );
    // Whatever the relay sends goes out under its own address, which the network takes for one more base.
    const relay = '198.51.100.9:5000';
    (a.bases as string[]).push(relay);
    network.input(a, { kind: 'base', base: { address: relay, kind: 'relay' } });
    for (const candidate of a.candidates.slice(1))
      network.input(b, { kind: 'remote-candidate', candidate: announced(candidate) });
    network.run(bothCompleted(a, b));
    expect(a.candidates.map(({ kind }) => kind)).toEqual(['host', 'relay']);
    expect(a.selected).toEqual([`${relay} 192.0.2.2:2000`]);
  });
});

describe('candidates of the peer', () => {
  const candidate = {
    foundation: '1',
    component: 1,
    transport: 'udp',
    priority: 1,
    address: '192.0.2.2',
    port: 9,
    type: 'host',
  };
  const given = (...changes: readonly Partial<typeof candidate>[]): Peer => {
    const a = new Peer('a', {});
    const network = new Network([a]);
    network.input(a, { kind: 'start' });
    network.input(a, { kind: 'remote', credentials: credentialsOf('b'), lite: false });
    for (const change of changes)
      network.input(a, { kind: 'remote-candidate', candidate: { ...candidate, ...change } });
    return a;
  };

  it('are skipped, and said to be, when they are TCP, names, of RTCP, of no family of ours, or no place to send to', () => {
    const a = given(
      { transport: 'tcp' },
      { address: '8b0ee6a6-7e4f-4f1c-a1a9-0d3f0a7a1b1c.local' },
      { component: 2 },
      { address: '2001:db8::2' },
      { port: 0 },
      { address: '224.0.0.1' },
      { address: '255.255.255.255' },
      { address: '0.0.0.0' },
    );
    expect(a.of('skipped').map(({ why }) => why)).toEqual([
      'transport',
      'name',
      'component',
      'family',
      'destination',
      'destination',
      'destination',
      'destination',
    ]);
    expect(a.of('pair')).toEqual([]);
  });

  it('are bounded', () => {
    const a = given(...Array.from({ length: 500 }, (_, i) => ({ port: 1000 + i })));
    expect(a.of('skipped').filter(({ why }) => why === 'limit')).toHaveLength(400);
  });

  it('may come late', () => {
    const a = new Peer('a', {});
    const b = new Peer('b', {});
    const network = new Network([a, b]);
    for (const peer of [a, b]) network.input(peer, { kind: 'start' });
    network.input(a, { kind: 'remote', credentials: b.credentials, lite: false });
    network.run(undefined, 5000);
    for (const one of b.candidates) network.input(a, { kind: 'remote-candidate', candidate: announced(one) });
    // B answers our check before it knows who we are, and checks back once it does.
    network.run(() => a.agent.state === 'connected');
    expect(b.agent.state).toBe('new');
    network.input(b, { kind: 'remote', credentials: a.credentials, lite: false });
    network.run(bothCompleted(a, b));
    expect(b.selected).toEqual(['192.0.2.2:2000 192.0.2.1:1000']);
  });
});

describe('roles', () => {
  for (const role of ['controlling', 'controlled'] as const)
    it(`are settled by the tie-breakers when both are ${role}`, () => {
      for (let seed = 0; seed < 20; seed++) {
        const { a, b, network } = introduced({ role, seed: `x${seed}` }, { role, seed: `y${seed}` });
        network.run(bothCompleted(a, b));
        expect({ seed, roles: [a.agent.role, b.agent.role].sort() }).toEqual({
          seed,
          roles: ['controlled', 'controlling'],
        });
        expect(a.agent.state).toBe('completed');
        expect([...a.of('role'), ...b.of('role')].length % 2).toBe(1);
      }
    });

  it('are settled even when the tie-breakers are the same', () => {
    const tieBreaker = new Uint8Array(8);
    const { a, b, network } = introduced(
      { role: 'controlling', tieBreaker },
      { role: 'controlling', tieBreaker: tieBreaker.slice() },
    );
    network.run(bothCompleted(a, b));
    expect([a.agent.role, b.agent.role].sort()).toEqual(['controlled', 'controlling']);
  });

  it('of a full agent is controlling against a lite one', () => {
    const { a, b, network } = introduced({ role: 'controlled' }, { lite: true });
    network.run(bothCompleted(a, b));
    expect(a.of('role')).toEqual([
      { kind: 'role', from: 'controlled', to: 'controlling', because: 'the peer is lite' },
    ]);
    expect(b.checks).toEqual([]);
  });
});

describe('consent', () => {
  it('is asked for every five seconds or so, and kept', () => {
    const { a, b, network } = introduced();
    network.run(bothCompleted(a, b));
    const since = a.checks.length;
    network.run(undefined, 60_000);
    const asked = a.checks.slice(since);
    expect(asked.every(({ purpose }) => purpose === 'consent')).toBe(true);
    expect(asked.length).toBeGreaterThanOrEqual(10);
    expect(asked.length).toBeLessThanOrEqual(15);
    expect(a.agent.state).toBe('completed');
    expect(b.agent.state).toBe('completed');
  });

  it('is lost thirty seconds after the last answer', () => {
    let cut = false;
    const { a, b, network } = introduced({}, {}, { fate: () => (cut ? [] : [{ afterMs: 10 }]) });
    network.run(bothCompleted(a, b));
    cut = true;
    const at = network.now;
    network.run(() => a.agent.state === 'failed');
    expect(a.failure).toMatchObject({ fault: 'network', code: 'consent-lost', silentMs: 30_000 });
    expect(network.now - at).toBeLessThanOrEqual(30_000);
    expect(network.now - at).toBeGreaterThan(29_000);
    network.input(a, { kind: 'send', bytes: utf8('late') });
    expect(a.drops).toContain('over');
  });

  it('is kept by a lite agent with indications that nobody answers', () => {
    const { a, b, network } = introduced({}, { lite: true });
    network.run(bothCompleted(a, b));
    network.run(undefined, 60_000);
    const sent = b.of('stun').filter(({ direction, purpose }) => direction === 'sent' && purpose === 'keepalive');
    expect(sent.length).toBe(3);
    expect(a.of('stun').filter(({ purpose }) => purpose === 'keepalive')).toHaveLength(3);
  });
});

describe('settings', () => {
  const env = { crypto: nodeProvider, random: new Prng(1).bytes };
  const config = { ...defaultIceConfig, role: 'controlling', local: credentialsOf('a'), bases: [] } as const;
  it('that cannot work are refused by name', () => {
    expect(() => createIceAgent({ ...config, local: { ufrag: 'a', pwd: credentialsOf('a').pwd } }, env)).toThrow(
      /ufrag/,
    );
    expect(() => createIceAgent({ ...config, local: { ufrag: 'abcd', pwd: 'short' } }, env)).toThrow(/pwd/);
    expect(() => createIceAgent({ ...config, bases: [{ address: 'localhost:1', kind: 'host' }] }, env)).toThrow(/base/);
    expect(() => createIceAgent({ ...config, stunServers: ['stun.example.org:3478'] }, env)).toThrow(/STUN/);
    expect(() => createIceAgent({ ...config, pacingMs: 0 }, env)).toThrow(/pacingMs/);
  });
});
