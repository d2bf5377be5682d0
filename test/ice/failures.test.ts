import { describe, expect, it } from 'vitest';
import { concat, copy } from '../../src/base/bytes.ts';
import { Prng } from '../../src/base/random.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import { checkRequest, errorResponse, readBinding } from '../../src/ice/binding.ts';
import { messageType, type StunAttribute } from '../../src/wire/stun.ts';
import { encodeStun, shortTermKey } from '../../src/wire/stunIntegrity.ts';
import { StunMethod } from '../../src/wire/stunRegistry.ts';
import {
  announced,
  bothCompleted,
  credentialsOf,
  introduced,
  Network,
  Peer,
  type PeerOptions,
} from '../support/iceNetwork.ts';

const prng = new Prng('failures');
const stranger = '198.51.100.66:6666';

/** A check as a peer with these credentials would send it, or a stranger who guesses. */
function check(
  options: {
    readonly to?: string;
    readonly pwd?: string;
    readonly from?: string;
    readonly useCandidate?: boolean;
  } = {},
): Uint8Array {
  const { to = 'aufrag', pwd = credentialsOf('a').pwd, from = 'bufrag', useCandidate = false } = options;
  return checkRequest(
    {
      transactionId: prng.bytes(12),
      local: { ufrag: from, pwd: credentialsOf('b').pwd },
      remote: { ufrag: to, pwd },
      role: 'controlling',
      tieBreaker: prng.bytes(8),
      priority: 1,
      useCandidate,
    },
    nodeProvider,
  );
}

/** An answer to a check, proved with this password. */
function answerTo(bytes: Uint8Array, pwd: string): Uint8Array {
  const arrived = readBinding(bytes);
  if ('unusable' in arrived) throw new Error('that is no check');
  const attributes: StunAttribute[] = [
    { kind: 'XOR-MAPPED-ADDRESS', body: { reserved: 0, family: 1, port: 1, address: Uint8Array.of(1, 1, 1, 1) } },
  ];
  return encodeStun(
    {
      message_type: messageType(StunMethod.binding, 'success'),
      transaction_id: arrived.message.transaction_id,
      attributes,
    },
    { integrity: { key: shortTermKey(pwd), hashes: ['sha1'], crypto: nodeProvider } },
  );
}

/** One agent that knows of a peer which does not exist. */
function alone(options: PeerOptions = {}): { readonly a: Peer; readonly network: Network } {
  const a = new Peer('a', options);
  const b = new Peer('b', {});
  const network = new Network([a]);
  network.input(a, { kind: 'start' });
  network.input(b, { kind: 'start' });
  network.input(a, { kind: 'remote', credentials: b.credentials, lite: false });
  for (const candidate of b.candidates) network.input(a, { kind: 'remote-candidate', candidate: announced(candidate) });
  return { a, network };
}

describe('when no path is found, the agent says why', () => {
  it('silent: nobody answers, and nothing comes', () => {
    const { a, network } = alone();
    network.run(() => a.agent.state === 'failed');
    expect(a.failure).toMatchObject({ fault: 'network', code: 'silent', pairs: 1, checksReceived: 0, checksSent: 19 });
    // RFC 8863: not before 39.5 s.
    expect(network.now).toBeGreaterThanOrEqual(39_500);
    expect(network.now).toBeLessThan(45_000);
  });

  it('silent at once, when the caller gives up', () => {
    const { a, network } = alone();
    network.run(undefined, 3000);
    network.input(a, { kind: 'give-up' });
    expect(a.failure).toMatchObject({ code: 'silent', checksSent: 3 });
    expect(a.agent.poll()).toEqual({ kind: 'wait', until: undefined });
  });

  it('refused: the peer knows another password of its own', () => {
    const { a, b, network } = introduced({}, {});
    expect(b.credentials.pwd).toBe(credentialsOf('b').pwd);
    const wrong = new Peer('a', {});
    const other = new Network([wrong, b]);
    other.input(wrong, { kind: 'start' });
    const credentials = { ufrag: b.credentials.ufrag, pwd: 'x'.repeat(24) };
    other.input(wrong, { kind: 'remote', credentials, lite: false });
    for (const one of b.candidates) other.input(wrong, { kind: 'remote-candidate', candidate: announced(one) });
    // B checks too, but what A answers to it is proved under A's own password, so B is content.
    other.run(() => wrong.agent.state === 'failed');
    expect(wrong.failure).toMatchObject({ fault: 'peer', code: 'refused', number: 401 });
    expect(b.of('stun').filter(({ error }) => error?.number === 401).length).toBeGreaterThan(0);
    network.run(undefined, 0);
    expect(a.agent.state).toBe('checking');
  });

  it('refused: a lite peer knows another name of its own', () => {
    const b = new Peer('b', { lite: true });
    const a = new Peer('a', {});
    const network = new Network([a, b]);
    for (const peer of [a, b]) network.input(peer, { kind: 'start' });
    network.input(a, { kind: 'remote', credentials: { ...b.credentials, ufrag: 'stale' }, lite: true });
    for (const one of b.candidates) network.input(a, { kind: 'remote-candidate', candidate: announced(one) });
    network.run(() => a.agent.state === 'failed');
    expect(a.failure).toMatchObject({ code: 'refused', number: 401 });
    network.input(b, { kind: 'give-up' });
    expect(b.failure).toMatchObject({ code: 'bad-checks', why: 'its user name is not ours' });
  });

  it('unproved: somebody answers under a password that is not the one we were told', () => {
    const { a, network } = alone();
    // The peer takes our checks, whatever they are made with, and proves its answers with its own password.
    network.run(undefined, 100);
    for (const { bytes } of [...network.packets])
      network.send('192.0.2.2:2000', '192.0.2.1:1000', answerTo(bytes, 'another password'));
    network.run(() => a.agent.state === 'failed');
    expect(a.drops).toContain('wrong-integrity');
    expect(a.failure).toMatchObject({ fault: 'peer', code: 'unproved' });
  });

  it('non-symmetric: the peer proves itself from another port than the one that was asked', () => {
    const { a, network } = alone();
    network.run(undefined, 100);
    for (const { bytes } of [...network.packets])
      network.send('192.0.2.2:2001', '192.0.2.1:1000', answerTo(bytes, credentialsOf('b').pwd));
    network.run(() => a.agent.state === 'failed');
    expect(a.drops).toContain('unexpected-source');
    expect(a.failure).toMatchObject({
      ...{ fault: 'network', code: 'non-symmetric' },
      ...{ asked: '192.0.2.2:2000', from: '192.0.2.2:2001' },
    });
  });

  it('bad-checks: the peer was given another password of ours', () => {
    const { a, network } = alone();
    for (let i = 0; i < 3; i++) network.send('192.0.2.2:2000', '192.0.2.1:1000', check({ pwd: 'y'.repeat(24) }));
    network.run(() => a.agent.state === 'failed');
    expect(a.failure).toMatchObject({ code: 'bad-checks', why: 'its integrity is not made with our password' });
  });

  it('one-way: the peer reaches us, and we do not reach it', () => {
    const { a, b, network } = introduced({}, {}, { fate: ({ to }) => (to.includes(':2000') ? [] : [{ afterMs: 10 }]) });
    network.run(() => a.agent.state === 'failed');
    expect(a.failure).toMatchObject({ fault: 'network', code: 'one-way' });
    network.run(() => b.agent.state === 'failed');
    expect(b.failure).toMatchObject({ code: 'silent' });
  });

  it('no-pairs: every candidate of the peer is of no use', () => {
    const a = new Peer('a', {});
    const network = new Network([a]);
    network.input(a, { kind: 'start' });
    network.input(a, { kind: 'remote', credentials: credentialsOf('b'), lite: false });
    const candidate = {
      foundation: '1',
      component: 1,
      transport: 'tcp',
      priority: 1,
      address: '192.0.2.2',
      port: 9,
      type: 'host',
    };
    network.input(a, { kind: 'remote-candidate', candidate });
    network.run(() => a.agent.state === 'failed');
    expect(a.failure).toMatchObject({
      fault: 'mismatch',
      code: 'no-pairs',
      pairs: 0,
      skipped: [{ why: 'transport', address: '192.0.2.2' }],
    });
  });

  it('not-nominated: a pair works, and the controlling side never says so', () => {
    const { a, b, network } = introduced({ nominationMs: 1e9 }, {});
    // A better pair that never comes to anything keeps A from choosing.
    network.input(a, {
      kind: 'remote-candidate',
      candidate: {
        ...{ foundation: '9', component: 1, transport: 'udp', address: '192.0.2.99', port: 9 },
        priority: 2 ** 31 - 1,
        type: 'host',
      },
    });
    network.run(() => b.agent.state === 'connected');
    network.run(undefined, 30_000);
    network.input(b, { kind: 'give-up' });
    expect(b.failure).toMatchObject({ fault: 'peer', code: 'not-nominated' });
  });

  it('nothing, of a lite agent, before its peer was given the time; then silent', () => {
    const b = new Peer('b', { lite: true });
    const network = new Network([b]);
    network.input(b, { kind: 'start' });
    network.input(b, { kind: 'remote', credentials: credentialsOf('a'), lite: false });
    network.run(() => b.agent.state === 'failed');
    expect(network.now).toBe(39_500);
    expect(b.failure).toMatchObject({ code: 'silent' });
  });
});

describe('a lite agent', () => {
  it('answers, follows the nomination, and sends no request', () => {
    const { a, b, network } = introduced({}, { lite: true });
    network.run(bothCompleted(a, b));
    expect(b.selected).toEqual(['192.0.2.2:2000 192.0.2.1:1000']);
    expect(b.of('state').map(({ to }) => to)).toEqual(['checking', 'connected', 'completed']);
    expect(b.checks).toEqual([]);
    expect(b.agent.rtt).toBeUndefined();
    network.input(b, { kind: 'send', bytes: Uint8Array.of(22) });
    network.run(() => a.payloads.length > 0);
    expect(a.payloads.map(({ protocol, known }) => ({ protocol, known }))).toEqual([{ protocol: 'dtls', known: true }]);
  });

  it('refuses a peer that wants to be controlled too', () => {
    const b = new Peer('b', { lite: true });
    const a = new Peer('a', { role: 'controlled' });
    const network = new Network([a, b]);
    for (const peer of [a, b]) network.input(peer, { kind: 'start' });
    // A was not told that B is lite.
    network.input(a, { kind: 'remote', credentials: b.credentials, lite: false });
    for (const one of b.candidates) network.input(a, { kind: 'remote-candidate', candidate: announced(one) });
    network.run(bothCompleted(a, b));
    expect(a.of('role')).toEqual([
      { kind: 'role', from: 'controlled', to: 'controlling', because: 'the peer says 487' },
    ]);
    expect(b.agent.state).toBe('completed');
  });

  it('takes the best pair without any check when the peer is lite too', () => {
    const { a, b, network } = introduced({ lite: true }, { lite: true });
    network.run(undefined, 100);
    expect(a.selected).toEqual(['192.0.2.1:1000 192.0.2.2:2000']);
    expect(b.selected).toEqual(['192.0.2.2:2000 192.0.2.1:1000']);
  });

  it('follows a peer that nominates another pair once it is quiet on the first, and says what was before', () => {
    const b = new Peer('b', { lite: true });
    const network = new Network([b]);
    network.input(b, { kind: 'start' });
    const nominate = (from: string): void => {
      const bytes = check({ to: 'bufrag', pwd: credentialsOf('b').pwd, from: 'aufrag', useCandidate: true });
      network.input(b, { kind: 'datagram', bytes, from, on: '192.0.2.2:2000' });
    };
    nominate('192.0.2.1:1000');
    nominate('203.0.113.1:1000');
    expect(b.selected).toHaveLength(1);
    network.run(undefined, 12_000);
    nominate('203.0.113.1:1000');
    expect(b.of('selected').at(-1)).toEqual({
      kind: 'selected',
      pair: { base: '192.0.2.2:2000', remote: '203.0.113.1:1000' },
      before: { base: '192.0.2.2:2000', remote: '192.0.2.1:1000' },
    });
  });
});

describe('a controlled agent', () => {
  it('follows a nomination that moves to a better pair', () => {
    const bases = [
      { address: '192.0.2.2:2000', kind: 'host' as const },
      { address: '192.0.2.3:2000', kind: 'host' as const },
    ];
    const { a, b, network } = introduced({}, { bases });
    network.run(bothCompleted(a, b));
    expect(b.selected).toEqual(['192.0.2.2:2000 192.0.2.1:1000']);
    const nominate = (): void => {
      const bytes = check({ to: 'bufrag', pwd: credentialsOf('b').pwd, from: 'aufrag', useCandidate: true });
      network.send('192.0.2.1:1000', '192.0.2.3:2000', bytes);
    };
    // The other pair is worth less: nothing changes, though it works.
    nominate();
    network.run(undefined, network.now + 500);
    expect(b.selected).toHaveLength(1);
  });
});

describe('strangers', () => {
  it('get a refusal of fewer bytes than a check, or nothing', () => {
    const { a, network } = alone();
    const before = network.packets.length;
    const attempts = [
      check({ to: 'other' }),
      check({ pwd: 'z'.repeat(24) }),
      encodeStun({ message_type: 1, transaction_id: prng.bytes(12), attributes: [] }),
      encodeStun({ message_type: messageType(3, 'request'), transaction_id: prng.bytes(12), attributes: [] }),
      encodeStun({ message_type: messageType(1, 'indication'), transaction_id: prng.bytes(12), attributes: [] }),
      encodeStun({ message_type: messageType(1, 'success'), transaction_id: prng.bytes(12), attributes: [] }),
      Uint8Array.of(0, 1, 0, 0),
      Uint8Array.of(),
    ];
    for (const bytes of attempts) network.input(a, { kind: 'datagram', bytes, from: stranger, on: '192.0.2.1:1000' });
    const sent = network.packets.slice(before).filter(({ to }) => to === stranger);
    expect(sent.map(({ bytes }) => bytes.length)).toEqual([52, 52, 48]);
    expect(a.of('peer-reflexive')).toEqual([]);
    expect(a.payloads.map(({ protocol, known }) => ({ protocol, known }))).toEqual([
      { protocol: 'unknown', known: false },
    ]);
  });

  it('are answered 420 when they name what must be understood and is not', () => {
    const { a, network } = alone();
    const bytes = encodeStun(
      {
        message_type: messageType(1, 'request'),
        transaction_id: prng.bytes(12),
        attributes: [
          { kind: 'USERNAME', body: new TextEncoder().encode('aufrag:bufrag') },
          { kind: 'unknown', code: 0x7abc, body: Uint8Array.of(1) },
        ],
      },
      { integrity: { key: shortTermKey(credentialsOf('a').pwd), hashes: ['sha1'], crypto: nodeProvider } },
    );
    network.input(a, { kind: 'datagram', bytes, from: '192.0.2.2:2000', on: '192.0.2.1:1000' });
    expect(a.of('stun').at(-1)).toMatchObject({ direction: 'sent', class: 'error', error: { number: 420 } });
  });

  it('cannot end a check with a role conflict, nor with an answer from elsewhere', () => {
    const { a, network } = alone();
    network.run(() => network.packets.length > 0);
    const [first] = network.packets;
    const arrived = readBinding(first?.bytes ?? new Uint8Array());
    if ('unusable' in arrived) expect.fail('our own check is not readable');
    const conflict = errorResponse(arrived.message, 487, [], 'not the password of b', nodeProvider);
    network.input(a, { kind: 'datagram', bytes: conflict, from: '192.0.2.2:2000', on: '192.0.2.1:1000' });
    expect(a.agent.role).toBe('controlling');
    expect(a.drops.at(-1)).toBe('wrong-integrity');
    const elsewhere = encodeStun(
      { message_type: messageType(1, 'success'), transaction_id: arrived.message.transaction_id, attributes: [] },
      { integrity: { key: shortTermKey(credentialsOf('b').pwd), hashes: ['sha1'], crypto: nodeProvider } },
    );
    network.input(a, { kind: 'datagram', bytes: elsewhere, from: stranger, on: '192.0.2.1:1000' });
    expect(a.drops.at(-1)).toBe('unexpected-source');
    expect(a.agent.route).toBeUndefined();
  });

  it('find memory and sendings bounded, even with our password', () => {
    const { a, network } = alone();
    for (let i = 0; i < 300; i++) {
      const from = `198.51.${100 + (i >> 8)}.${i & 255}:7`;
      network.input(a, { kind: 'datagram', bytes: check(), from, on: '192.0.2.1:1000' });
    }
    expect(a.of('peer-reflexive')).toHaveLength(99);
    expect(new Set(a.of('pair').map(({ pair }) => pair.remote)).size).toBe(100);
    const b = new Peer('b', { lite: true });
    network.input(b, { kind: 'start' });
    for (let i = 0; i < 300; i++) {
      const from = `198.51.${100 + (i >> 8)}.${i & 255}:7`;
      const bytes = check({ to: 'bufrag', pwd: credentialsOf('b').pwd });
      network.input(b, { kind: 'datagram', bytes, from, on: '192.0.2.2:2000' });
    }
    expect(b.of('peer-reflexive')).toHaveLength(100);
  });

  it('do no harm with anything else: media before the check, noise, messages cut off and corrupted', () => {
    const { a, b, network } = introduced();
    const samples = [
      check({ pwd: 'q'.repeat(24) }),
      check({ pwd: 'q'.repeat(24), useCandidate: true }),
      ...[22, 128, 20, 64, 3, 0].map((first) => concat(Uint8Array.of(first), prng.bytes(60))),
    ];
    for (const bytes of samples)
      for (let i = 0; i < 400; i++) {
        const changed = copy(bytes.subarray(0, prng.int(4) === 0 ? prng.int(bytes.length) : bytes.length));
        for (let k = prng.int(3); k > 0 && changed.length > 0; k--) changed[prng.int(changed.length)] = prng.int(256);
        network.input(a, { kind: 'datagram', bytes: changed, from: stranger, on: '192.0.2.1:1000' });
      }
    network.run(bothCompleted(a, b));
    expect(a.agent.state).toBe('completed');
    expect(a.selected.at(-1)).toBe('192.0.2.1:1000 192.0.2.2:2000');
    expect(a.payloads.length).toBeGreaterThan(500);
    expect(a.payloads.every(({ known }) => !known)).toBe(true);
  });

  it('on a socket that is none of ours are not even read', () => {
    const { a, network } = alone();
    network.input(a, { kind: 'datagram', bytes: check(), from: stranger, on: '192.0.2.77:1' });
    expect(a.drops).toEqual(['unknown-base']);
  });
});
