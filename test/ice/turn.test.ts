import { describe, expect, it } from 'vitest';
import { fromUtf8, utf8 } from '../../src/base/bytes.ts';
import { decode } from '../../src/codec/codec.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { createTurnClient } from '../../src/ice/turn.ts';
import { describeTurnFailure } from '../../src/ice/turnFailure.ts';
import { defaultTurnConfig } from '../../src/ice/turnModel.ts';
import { addressBody, errorBody, messageType, stunMessage } from '../../src/wire/stun.ts';
import { encodeStun } from '../../src/wire/stunIntegrity.ts';
import { StunMethod, type stunErrors } from '../../src/wire/stunRegistry.ts';
import { turnServerDefaults } from '../support/turnServer.ts';
import { clientAddress, peerAddress, World } from './turnWorld.ts';

const started = (...args: ConstructorParameters<typeof World>): World => new World(...args).handle({ kind: 'start' });
const failures = (world: World): string[] => world.told('failed').map(({ failure }) => failure.code);

describe('an allocation', () => {
  it('is asked for bare, then with the credentials that the server wants', () => {
    const world = started();
    expect(world.server.log).toEqual(['Allocate 401', 'Allocate ok']);
    expect(world.client.state).toBe('allocated');
    expect(world.client.relayed).toBe('192.0.2.101:50000');
    expect(world.told('allocated')).toEqual([
      { kind: 'allocated', relayed: '192.0.2.101:50000', mapped: clientAddress, lifetimeS: 600, software: 'simulated' },
    ]);
  });

  it('uses SHA-256 and hides the user where the server can', () => {
    const world = started({ modern: true });
    expect(world.client.state).toBe('allocated');
    const request = decode(stunMessage, world.sent[1]?.bytes ?? new Uint8Array());
    const kinds = request.attributes.map(({ kind }) => kind);
    expect(kinds).toContain('MESSAGE-INTEGRITY-SHA256');
    expect(kinds).toContain('USERHASH');
    expect(kinds).not.toContain('USERNAME');
    expect(kinds).not.toContain('MESSAGE-INTEGRITY');
  });

  it('is not asked for with weaker means than the nonce promises', () => {
    const world = started({ modern: true, weakened: true });
    expect(failures(world)).toEqual(['weakened']);
    expect(world.sent).toHaveLength(1);
  });

  it('asks for a family when told to', () => {
    const world = started({}, { family: 6 });
    const request = decode(stunMessage, world.sent[0]?.bytes ?? new Uint8Array());
    expect(request.attributes).toContainEqual({
      kind: 'REQUESTED-ADDRESS-FAMILY',
      body: { family: 2, reserved: new Uint8Array(3) },
    });
  });

  it('is renewed for as long as the client lives, and given back at its end', () => {
    const world = started({ lifetimeS: 600 });
    world.pass(3_600_000);
    expect(world.server.allocations.size).toBe(1);
    expect(world.told('refreshed').length).toBeGreaterThanOrEqual(6);
    world.handle({ kind: 'close' });
    expect(world.server.allocations.size).toBe(0);
    expect(world.client.state).toBe('closed');
    expect(world.told('closed')).toHaveLength(1);
    expect(world.client.poll()).toEqual({ kind: 'wait', until: undefined });
  });

  it('of a short life is renewed in time', () => {
    const world = started({ lifetimeS: 30 }).pass(120_000);
    expect(world.server.allocations.size).toBe(1);
  });

  it('is given back when it comes after the close', () => {
    const world = new World();
    world.online = false;
    world.handle({ kind: 'start' }).handle({ kind: 'close' });
    world.online = true;
    world.pass(500);
    expect(world.client.state).toBe('closed');
    expect(world.server.allocations.size).toBe(0);
  });

  it('that nobody wants to take back is closed all the same', () => {
    const world = started();
    world.online = false;
    world.handle({ kind: 'close' }).pass(3000);
    expect(world.client.state).toBe('closed');
    expect(failures(world)).toEqual([]);
  });
});

describe('requests', () => {
  it('are sent again at 0, 500, 1500, 3500, 7500, 15500 and 31500 ms, and given up at 39500 ms', () => {
    const world = new World();
    world.online = false;
    world.handle({ kind: 'start' }).pass(39_499);
    expect(world.sent.map(({ at }) => at - 1000)).toEqual([0, 500, 1500, 3500, 7500, 15_500, 31_500]);
    expect(failures(world)).toEqual([]);
    world.pass(1);
    expect(world.told('failed')).toEqual([
      { kind: 'failed', failure: { during: 'Allocate', code: 'silent', sendings: 7, ms: 39_500 } },
    ]);
    expect(world.client.poll()).toEqual({ kind: 'wait', until: undefined });
  });

  it('may be given up earlier, which says how far they came', () => {
    const world = new World();
    world.online = false;
    world.handle({ kind: 'start' }).pass(2000).handle({ kind: 'give-up' });
    expect(world.told('failed')).toEqual([
      { kind: 'failed', failure: { during: 'Allocate', code: 'silent', sendings: 3, ms: 2000 } },
    ]);
    const allocated = started().handle({ kind: 'give-up' });
    expect(failures(allocated)).toEqual([]);
    expect(allocated.client.state).toBe('closed');
  });

  it('survive lost answers, and the allocation is one', () => {
    const world = started({ loses: [1, 3] }).pass(2000);
    expect(world.client.state).toBe('allocated');
    expect(world.server.log).toEqual(['Allocate 401', 'Allocate ok']);
    expect(world.sent).toHaveLength(4);
  });

  it('are made again with a new nonce when theirs has expired', () => {
    const world = started({ nonceMs: 60_000 });
    world.pass(600_000);
    expect(world.told('nonce-renewed').length).toBeGreaterThan(0);
    expect(world.told('nonce-renewed')[0]).toEqual({ kind: 'nonce-renewed', during: 'Refresh' });
    expect(world.server.allocations.size).toBe(1);
    expect(failures(world)).toEqual([]);
  });
});

describe('what a server refuses', () => {
  const why = (world: World): string => {
    const [failed] = world.told('failed');
    return failed ? describeTurnFailure(failed.failure).why : '';
  };

  it('is a wrong password', () => {
    const world = started({}, { credentials: { username: 'alice', password: 'wrong' } });
    expect(failures(world)).toEqual(['wrong-credentials']);
    expect(why(world)).toBe(
      'the TURN server does not accept this user and password for the realm "example.org" (401 to Allocate)',
    );
    expect(world.server.log).toEqual(['Allocate 401', 'Allocate 401']);
  });

  it('is a request without credentials', () => {
    const world = started({}, { credentials: undefined });
    expect(failures(world)).toEqual(['no-credentials']);
    expect(why(world)).toContain('wants a user and a password');
  });

  it('is every nonce, which ends after three', () => {
    const world = started({ alwaysStale: true });
    expect(failures(world)).toEqual(['stale-nonce']);
    expect(why(world)).toContain('called our nonce expired 3 times in a row');
    expect(world.server.log).toEqual(['Allocate 401', 'Allocate 438', 'Allocate 438', 'Allocate 438']);
  });

  it.each([
    [403, 'forbidden', 'forbids Allocate'],
    [437, 'allocation-mismatch', 'disagree on whether this socket has an allocation'],
    [440, 'family', 'no addresses of that family'],
    [441, 'wrong-credentials', '441 to Allocate'],
    [442, 'transport', 'relays no UDP'],
    [486, 'quota', 'all the allocations'],
    [508, 'no-capacity', 'no relay address or port left'],
    [500, 'error', '500 Server Error'],
  ] as const satisfies readonly (readonly [keyof typeof stunErrors, string, string])[])(
    'is told by its code: %i is %s',
    (number, code, text) => {
      const world = started({ refuse: new Map([[StunMethod.allocate, number]]) });
      expect(failures(world)).toEqual([code]);
      expect(why(world)).toContain(text);
    },
  );

  it('is answered by nothing that is sent elsewhere', () => {
    const world = started({
      refuse: new Map([[StunMethod.allocate, 300]]),
      refuseWith: [{ kind: 'ALTERNATE-SERVER', body: addressBody({ ip: Uint8Array.of(203, 0, 113, 66), port: 3478 }) }],
    });
    expect(world.told('failed')).toEqual([
      { kind: 'failed', failure: { during: 'Allocate', code: 'try-alternate', server: '203.0.113.66:3478' } },
    ]);
  });

  it('names the attributes that it does not know', () => {
    const world = started({
      refuse: new Map([[StunMethod.allocate, 420]]),
      refuseWith: [{ kind: 'UNKNOWN-ATTRIBUTES', body: { types: [0x19] } }],
    });
    expect(why(world)).toContain('0x0019');
  });

  it('is not believed when a success is proved by another password', () => {
    const world = started({ impostor: true });
    expect(world.client.state).toBe('allocating');
    expect(world.told('dropped').map(({ reason }) => reason)).toContain('unproved');
    world.pass(40_000);
    expect(failures(world)).toEqual(['unproved']);
  });

  it('of an answer without a challenge is said', () => {
    const world = new World();
    world.online = false;
    world.handle({ kind: 'start' });
    const { transaction_id } = decode(stunMessage, world.sent[0]?.bytes ?? new Uint8Array());
    const bytes = encodeStun({
      message_type: messageType(StunMethod.allocate, 'error'),
      transaction_id,
      attributes: [{ kind: 'ERROR-CODE', body: errorBody(401) }],
    });
    world.handle({ kind: 'datagram', bytes, from: turnServerDefaults.address });
    expect(failures(world)).toEqual(['no-challenge']);
  });

  it('never holds the password or the user in its words', () => {
    const world = started({}, { credentials: { username: 'secret-user', password: 'secret-word' } });
    const told = JSON.stringify([
      world.events,
      world.told('failed').map(({ failure }) => describeTurnFailure(failure)),
    ]);
    expect(told).not.toContain('secret');
  });
});

describe('a peer', () => {
  it('gets what waited for its permission, in order, and can answer', () => {
    const world = started();
    world.echo = true;
    world.send('one').send('two');
    expect(world.atPeers).toEqual([
      { from: '192.0.2.101:50000', to: peerAddress, text: 'one' },
      { from: '192.0.2.101:50000', to: peerAddress, text: 'two' },
    ]);
    expect(world.atClient.map(({ from, text }) => [from, text])).toEqual([
      [peerAddress, 'one'],
      [peerAddress, 'two'],
    ]);
    expect(world.told('permitted')).toEqual([{ kind: 'permitted', peer: peerAddress }]);
    // 20 of header, 12 for the peer, 4 in front of the data and its padding to a multiple of 4.
    expect(world.overheads).toEqual([37, 37]);
  });

  it('gets what was sent before there was an allocation', () => {
    const world = new World();
    world.online = false;
    world.handle({ kind: 'start' }).send('early');
    world.online = true;
    world.pass(500);
    expect(world.atPeers.map(({ text }) => text)).toEqual(['early']);
  });

  it('is spoken to in four bytes more once it has a channel', () => {
    const world = started();
    world.echo = true;
    world.handle({ kind: 'bind-channel', peer: peerAddress }).send('hello');
    expect(world.told('channel')).toEqual([{ kind: 'channel', peer: peerAddress, channel: 0x4000 }]);
    expect(world.overheads).toEqual([4]);
    expect(world.atClient).toEqual([{ from: peerAddress, text: 'hello', overhead: 4 }]);
  });

  it('may be given a channel before there is an allocation', () => {
    const world = new World().handle({ kind: 'bind-channel', peer: peerAddress });
    expect(world.told('dropped')).toMatchObject([{ reason: 'misuse' }]);
    world.online = false;
    world.handle({ kind: 'start' }).handle({ kind: 'bind-channel', peer: peerAddress });
    world.online = true;
    world.pass(500).send('hello');
    expect(world.overheads).toEqual([4]);
  });

  it('keeps permission and channel for an hour', () => {
    const world = started();
    world.handle({ kind: 'bind-channel', peer: peerAddress }).pass(3_600_000).send('still here');
    expect(world.atPeers.map(({ text }) => text)).toEqual(['still here']);
    expect(world.told('permitted')).toHaveLength(1);
  });

  it('that the server forbids is said, once, and the allocation stands', () => {
    const world = started({ denied: ['198.51.100.7'] });
    world.send('one').send('two').send('three');
    expect(world.told('peer-refused')).toEqual([
      {
        kind: 'peer-refused',
        peer: peerAddress,
        failure: { during: 'CreatePermission', code: 'forbidden', peer: peerAddress },
      },
    ]);
    expect(world.server.log.filter((line) => line === 'CreatePermission 403')).toHaveLength(1);
    expect(world.client.state).toBe('allocated');
    world.send('hello', '203.0.113.5:80');
    expect(world.atPeers.map(({ to }) => to)).toEqual(['203.0.113.5:80']);
    world.handle({ kind: 'permit', peer: peerAddress });
    expect(world.told('peer-refused')).toHaveLength(2);
  });

  it('without a channel is still reached by indications when binding is refused', () => {
    const world = started({ refuse: new Map([[StunMethod.channelBind, 508]]) });
    world.handle({ kind: 'bind-channel', peer: peerAddress }).send('hello');
    expect(world.atPeers.map(({ text }) => text)).toEqual(['hello']);
  });

  it('makes no more than its share wait', () => {
    const world = started();
    world.online = false;
    for (let i = 0; i < 20; i++) world.send(`${i}`);
    expect(world.told('dropped').filter(({ reason }) => reason === 'queue-full')).toHaveLength(4);
    world.online = true;
    world.pass(500);
    expect(world.atPeers).toHaveLength(16);
  });

  it('is one of a bounded number', () => {
    const world = started({}, { peers: 3 });
    for (let i = 1; i <= 5; i++) world.send('x', `203.0.113.${i}:1`);
    expect(world.told('peer-refused').map(({ failure }) => failure.code)).toEqual(['too-many-peers', 'too-many-peers']);
  });

  it('that was never permitted is not heard', () => {
    const world = started();
    const bytes = encodeStun({
      message_type: messageType(StunMethod.data, 'indication'),
      transaction_id: new Uint8Array(12),
      attributes: [
        { kind: 'XOR-PEER-ADDRESS', body: addressBody({ ip: Uint8Array.of(203, 0, 113, 9), port: 5 }) },
        { kind: 'DATA', body: utf8('forged') },
      ],
    });
    world.handle({ kind: 'datagram', bytes, from: turnServerDefaults.address });
    expect(world.atClient).toEqual([]);
    expect(world.told('dropped')).toEqual([
      { kind: 'dropped', reason: 'no-permission', detail: 'data of 203.0.113.9:5' },
    ]);
  });

  it('that is unreachable is told of by ICMP', () => {
    const world = started().send('hello');
    const bytes = encodeStun({
      message_type: messageType(StunMethod.data, 'indication'),
      transaction_id: new Uint8Array(12),
      attributes: [
        { kind: 'XOR-PEER-ADDRESS', body: addressBody({ ip: Uint8Array.of(198, 51, 100, 7), port: 9000 }) },
        { kind: 'ICMP', body: { reserved: 0, type_and_code: (3 << 9) | 3, error_data: new Uint8Array(4) } },
      ],
    });
    world.handle({ kind: 'datagram', bytes, from: turnServerDefaults.address });
    expect(world.told('icmp')).toEqual([{ kind: 'icmp', peer: peerAddress, type: 3, code: 3 }]);
  });
});

describe('what nobody asked for', () => {
  it('is dropped with its reason', () => {
    const world = started();
    const before = world.events.length;
    const from = turnServerDefaults.address;
    for (const [bytes, source] of [
      [utf8('x'.repeat(30)), '203.0.113.1:1'],
      [new Uint8Array(), from],
      [Uint8Array.of(0, 1, 0, 0), from],
      [Uint8Array.of(0x40, 0x07, 0, 1, 9), from],
      [Uint8Array.of(0x40, 0x00, 0, 9, 9), from],
      [Uint8Array.of(22, 254, 253), from],
    ] as const)
      world.handle({ kind: 'datagram', bytes, from: source });
    expect(world.events.slice(before).map((event) => (event.kind === 'dropped' ? event.reason : event.kind))).toEqual([
      'not-from-server',
      'unexpected',
      'malformed',
      'unknown-channel',
      'malformed',
      'unexpected',
    ]);
    expect(world.client.state).toBe('allocated');
  });

  it('never makes it throw or end, whatever bytes the server sends', () => {
    const world = started().send('hello');
    let seed = 11;
    const dice = (below: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return (seed >>> 8) % below;
    };
    for (let round = 0; round < 3000; round++) {
      const source = world.sent[dice(world.sent.length)]?.bytes ?? new Uint8Array();
      const bytes = source.slice(0, dice(source.length + 1));
      if (bytes.length > 0) bytes[dice(bytes.length)] = dice(256);
      world.handle({ kind: 'datagram', bytes, from: turnServerDefaults.address });
    }
    expect(world.client.state).toBe('allocated');
    expect(fromUtf8(utf8(world.client.relayed ?? ''))).toBe('192.0.2.101:50000');
  });

  it('is a server without an address', () => {
    const environment = { crypto: nobleProvider, random: (length: number) => new Uint8Array(length) };
    expect(() => createTurnClient({ ...defaultTurnConfig, server: 'turn.example' }, environment)).toThrow(RangeError);
  });
});
