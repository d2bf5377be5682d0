import { describe, expect, it } from 'vitest';
import { copy, fromUtf8, toHex, utf8 } from '../../src/base/bytes.ts';
import { parseIp, socketText } from '../../src/base/ip.ts';
import { Prng } from '../../src/base/random.ts';
import { type Codec, decode, dissect, encode, tryDecode } from '../../src/codec/codec.ts';
import { nobleProvider as noble } from '../../src/crypto/noble.ts';
import { channelData } from '../../src/wire/channelData.ts';
import {
  addressBody,
  classOf,
  counted,
  errorBody,
  errorNumber,
  find,
  messageType,
  messageTypeName,
  methodOf,
  notUnderstood,
  type StunAttribute,
  type StunMessage,
  socketAddress,
  stunAttributeName,
  stunMessage,
} from '../../src/wire/stun.ts';
import {
  checkFingerprint,
  checkIntegrity,
  encodeStun,
  longTermKey,
  shortTermKey,
  userHash,
} from '../../src/wire/stunIntegrity.ts';
import { StunMethod, stunMethods } from '../../src/wire/stunRegistry.ts';
import { nodesOf } from '../support/fieldTree.ts';
import { invariantFault } from '../support/invariants.ts';
import { icePassword, longTerm, rfc5769, rfc8489 } from '../support/stunVectors.ts';

const key = shortTermKey(icePassword);
const transaction_id = new Prng('transaction').bytes(12);
const ip = (text: string): Uint8Array => parseIp(text) ?? expect.fail(`${text} is no address`);
const v4 = addressBody({ ip: ip('192.0.2.1'), port: 32853 });
const v6 = addressBody({ ip: ip('2001:db8:1234:5678:11:2233:4455:6677'), port: 32853 });
const tieBreaker = { tie_breaker: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) };

/** One of every attribute that has a layout, and two that have none. */
const everyAttribute: readonly StunAttribute[] = [
  { kind: 'MAPPED-ADDRESS', body: v4 },
  { kind: 'CHANGE-REQUEST', body: { flags: 6 } },
  { kind: 'USERNAME', body: utf8('evtj:h6vY') },
  { kind: 'ERROR-CODE', body: errorBody(438) },
  { kind: 'UNKNOWN-ATTRIBUTES', body: { types: [0x7f01, 0x0002, 0x0024] } },
  { kind: 'CHANNEL-NUMBER', body: { channel: 0x4001, reserved: 0 } },
  { kind: 'LIFETIME', body: { seconds: 600 } },
  { kind: 'XOR-PEER-ADDRESS', body: v6 },
  { kind: 'DATA', body: Uint8Array.of(22, 254, 253) },
  { kind: 'REALM', body: utf8('example.org') },
  { kind: 'NONCE', body: utf8('adl7W7PeDU4hKE72jdaQvbAMcr6h39sm') },
  { kind: 'XOR-RELAYED-ADDRESS', body: v4 },
  { kind: 'REQUESTED-ADDRESS-FAMILY', body: { family: 2, reserved: new Uint8Array(3) } },
  { kind: 'EVEN-PORT', body: { reserve_next: 0x80 } },
  { kind: 'REQUESTED-TRANSPORT', body: { protocol: 17, reserved: new Uint8Array(3) } },
  { kind: 'DONT-FRAGMENT', body: {} },
  { kind: 'ACCESS-TOKEN', body: Uint8Array.of(9, 9) },
  { kind: 'PASSWORD-ALGORITHM', body: { algorithm: 2, parameters: new Uint8Array(0) } },
  { kind: 'USERHASH', body: { hash: rfc8489.userHash } },
  { kind: 'XOR-MAPPED-ADDRESS', body: v6 },
  { kind: 'RESERVATION-TOKEN', body: { token: Uint8Array.of(8, 7, 6, 5, 4, 3, 2, 1) } },
  { kind: 'PRIORITY', body: { priority: 0x6e0001ff } },
  { kind: 'USE-CANDIDATE', body: {} },
  { kind: 'PADDING', body: new Uint8Array(64) },
  { kind: 'RESPONSE-PORT', body: { port: 3479, reserved: new Uint8Array(2) } },
  { kind: 'CONNECTION-ID', body: { id: Uint8Array.of(1, 2, 3, 4) } },
  { kind: 'ADDITIONAL-ADDRESS-FAMILY', body: { family: 2, reserved: new Uint8Array(3) } },
  { kind: 'ADDRESS-ERROR-CODE', body: { family: 2, reserved: 0, class: 4, number: 40, reason: utf8('no IPv6') } },
  {
    kind: 'PASSWORD-ALGORITHMS',
    body: {
      algorithms: [
        { algorithm: 2, parameters: new Uint8Array(0) },
        { algorithm: 9, parameters: Uint8Array.of(1, 2, 3) },
        { algorithm: 1, parameters: new Uint8Array(0) },
      ],
    },
  },
  { kind: 'ALTERNATE-DOMAIN', body: utf8('turn.example.org') },
  { kind: 'ICMP', body: { reserved: 0, type_and_code: (3 << 9) | 4, error_data: new Uint8Array(4) } },
  { kind: 'SOFTWARE', body: utf8('dtlscope') },
  { kind: 'ALTERNATE-SERVER', body: v6 },
  { kind: 'CACHE-TIMEOUT', body: { seconds: 5 } },
  { kind: 'ICE-CONTROLLED', body: tieBreaker },
  { kind: 'ICE-CONTROLLING', body: tieBreaker },
  { kind: 'RESPONSE-ORIGIN', body: v4 },
  { kind: 'OTHER-ADDRESS', body: v4 },
  { kind: 'THIRD-PARTY-AUTHORIZATION', body: utf8('auth.example.org') },
  { kind: 'MOBILITY-TICKET', body: Uint8Array.of(1) },
  { kind: 'GOOG-NOMINATION', body: { nomination: 3 } },
  { kind: 'unknown', code: 0xc057, body: Uint8Array.of(0, 1, 0, 10) },
  { kind: 'unknown', code: 0x7f01, body: Uint8Array.of(1, 2, 3, 4, 5) },
];

const everything: StunMessage = {
  message_type: messageType(StunMethod.binding, 'request'),
  transaction_id,
  attributes: everyAttribute,
};
const proved = encodeStun(everything, {
  integrity: { key, hashes: ['sha1', 'sha256'], crypto: noble },
  fingerprint: true,
});

const samples: readonly { readonly name: string; readonly codec: Codec<unknown>; readonly bytes: Uint8Array }[] = [
  ...Object.entries(rfc5769).map(([name, bytes]) => ({ name, codec: stunMessage as Codec<unknown>, bytes })),
  { name: 'every attribute', codec: stunMessage, bytes: proved },
  { name: 'no attribute', codec: stunMessage, bytes: encode(stunMessage, { ...everything, attributes: [] }) },
  { name: 'channel data', codec: channelData, bytes: Uint8Array.of(0x40, 0, 0, 5, 1, 2, 3, 4, 5) },
  { name: 'padded channel data', codec: channelData, bytes: Uint8Array.of(0x4f, 0xff, 0, 1, 7, 0, 0, 0) },
];

describe('the test vectors of RFC 5769', () => {
  it('read as the RFC says', () => {
    const request = decode(stunMessage, rfc5769.request);
    expect(messageTypeName(request.message_type)).toBe('Binding request');
    expect(toHex(request.transaction_id)).toBe('b7e7a701bc34d686fa87dfae');
    expect(request.attributes.map(({ kind }) => kind)).toEqual([
      'SOFTWARE',
      'PRIORITY',
      'ICE-CONTROLLED',
      'USERNAME',
      'MESSAGE-INTEGRITY',
      'FINGERPRINT',
    ]);
    expect(fromUtf8(find(request.attributes, 'USERNAME') ?? new Uint8Array())).toBe('evtj:h6vY');
    expect(find(request.attributes, 'PRIORITY')).toEqual({ priority: 0x6e0001ff });

    const mapped = (bytes: Uint8Array): string | undefined => {
      const body = find(decode(stunMessage, bytes).attributes, 'XOR-MAPPED-ADDRESS');
      if (!body) return undefined;
      const { ip, port } = socketAddress(body);
      return socketText(ip, port);
    };
    expect(mapped(rfc5769.ipv4Response)).toBe('192.0.2.1:32853');
    expect(mapped(rfc5769.ipv6Response)).toBe('[2001:db8:1234:5678:11:2233:4455:6677]:32853');
  });

  it('are proved by their integrity and fingerprint, spaces as padding included', () => {
    for (const name of ['request', 'ipv4Response', 'ipv6Response'] as const) {
      expect({ name, ...checkIntegrity(rfc5769[name], key, noble) }).toEqual({ name, verdict: 'good', hash: 'sha1' });
      expect({ name, crc: checkFingerprint(rfc5769[name]) }).toEqual({ name, crc: 'good' });
    }
    expect(checkIntegrity(rfc5769.longTermRequest, longTermKey(noble, 'md5', longTerm), noble).verdict).toBe('good');
    expect(checkFingerprint(rfc5769.longTermRequest)).toBe('absent');
  });

  it('are made again from what was read, proofs left out and put back', () => {
    const { request } = rfc5769;
    const message = decode(stunMessage, request);
    const attributes = message.attributes.slice(0, -2);
    const again = encodeStun(
      { ...message, attributes },
      { integrity: { key, hashes: ['sha1'], crypto: noble }, fingerprint: true },
    );
    expect(toHex(again)).toBe(toHex(request));
  });

  it('are refused under another password', () => {
    expect(checkIntegrity(rfc5769.request, shortTermKey('VOkJxbRl1RmTxUk/WvJxBu'), noble).verdict).toBe('wrong');
  });
});

describe('long-term credentials of RFC 8489', () => {
  it('give the HMAC-SHA256 and the user hash of its appendix B', () => {
    expect(toHex(userHash(noble, longTerm.username, longTerm.realm))).toBe(toHex(rfc8489.userHash));
    const bytes = encodeStun(
      {
        message_type: messageType(StunMethod.binding, 'request'),
        transaction_id: rfc8489.transactionId,
        attributes: [
          { kind: 'USERHASH', body: { hash: rfc8489.userHash } },
          { kind: 'NONCE', body: utf8(rfc8489.nonce) },
          { kind: 'REALM', body: utf8(longTerm.realm) },
          { kind: 'PASSWORD-ALGORITHM', body: { algorithm: 2, parameters: new Uint8Array(0) } },
        ],
      },
      { integrity: { key: longTermKey(noble, 'sha256', longTerm), hashes: ['sha256'], crypto: noble } },
    );
    expect(toHex(bytes.subarray(-32))).toBe(toHex(rfc8489.hmac));
  });

  it('prepare spaces and composition as OpaqueString does', () => {
    const plain = shortTermKey('a \u00e9');
    expect(toHex(shortTermKey('a\u3000e\u0301'))).toBe(toHex(plain));
  });
});

describe('integrity', () => {
  it('is wrong after a change of any byte in front of it, and of its own', () => {
    const proof = { integrity: { key, hashes: ['sha256'] as const, crypto: noble } };
    const bytes = encodeStun({ ...everything, attributes: everyAttribute.slice(0, 4) }, proof);
    for (let at = 0; at < bytes.length; at++) {
      const changed = copy(bytes);
      changed[at] = (changed[at] ?? 0) ^ 0x01;
      if (!tryDecode(stunMessage, changed).ok) continue;
      // The length of the header stands for the attribute's own place, and the integrity's code and length frame it.
      const { verdict } = checkIntegrity(changed, key, noble);
      expect({ at, verdict }).not.toEqual({ at, verdict: 'good' });
    }
  });

  it('takes SHA-256 where both are there, and a cut one', () => {
    expect(checkIntegrity(proved, key, noble)).toEqual({ verdict: 'good', hash: 'sha256' });
    const whole = encodeStun(
      { ...everything, attributes: [] },
      { integrity: { key, hashes: ['sha256'], crypto: noble } },
    );
    const message = decode(stunMessage, whole);
    // Cut to 16 bytes it covers another header length, so it is made anew.
    const draft = encode(stunMessage, {
      ...message,
      attributes: [{ kind: 'MESSAGE-INTEGRITY-SHA256', body: { hmac: new Uint8Array(16) } }],
    });
    const hmac = noble.hmac('sha256', key, draft.subarray(0, 20)).subarray(0, 16);
    const cut = encode(stunMessage, { ...message, attributes: [{ kind: 'MESSAGE-INTEGRITY-SHA256', body: { hmac } }] });
    expect(checkIntegrity(cut, key, noble)).toEqual({ verdict: 'good', hash: 'sha256' });
    const shorter = { kind: 'unknown', code: 0x001c, body: new Uint8Array(12) } as const;
    const tooShort = encode(stunMessage, { ...message, attributes: [{ ...shorter, code: 0x7f02 }] });
    tooShort.set([0x00, 0x1c], 20);
    expect(tryDecode(stunMessage, tooShort).ok).toBe(false);
  });

  it('says absent of a message without', () => {
    const bytes = encode(stunMessage, everything);
    expect(checkIntegrity(bytes, key, noble)).toEqual({ verdict: 'absent', hash: undefined });
    expect(checkFingerprint(bytes)).toBe('absent');
  });

  it('leaves out what an attacker put behind it', () => {
    const kinds = (attributes: readonly StunAttribute[]): string[] => attributes.map(({ kind }) => kind);
    const priority = { kind: 'PRIORITY', body: { priority: 1 } } as const;
    const sha1 = { kind: 'MESSAGE-INTEGRITY', body: { hmac: new Uint8Array(20) } } as const;
    const sha256 = { kind: 'MESSAGE-INTEGRITY-SHA256', body: { hmac: new Uint8Array(32) } } as const;
    const crc = { kind: 'FINGERPRINT', body: { crc: 1 } } as const;
    const useCandidate = { kind: 'USE-CANDIDATE', body: {} } as const;
    expect(kinds(counted([priority, sha1, useCandidate, sha256, useCandidate, sha1, crc]))).toEqual([
      'PRIORITY',
      'MESSAGE-INTEGRITY',
      'MESSAGE-INTEGRITY-SHA256',
      'FINGERPRINT',
    ]);
  });

  it('of a fingerprint holds only at the end', () => {
    const bytes = encodeStun({ ...everything, attributes: [] }, { fingerprint: true });
    const message = decode(stunMessage, bytes);
    const behind = encode(stunMessage, {
      ...message,
      attributes: [...message.attributes, { kind: 'PRIORITY', body: { priority: 1 } }],
    });
    expect(checkFingerprint(bytes)).toBe('good');
    expect(checkFingerprint(behind)).toBe('wrong');
  });
});

describe('a STUN message', () => {
  it('has a method and a class, whatever they are', () => {
    for (const method of [0, 1, 9, 0x0f, 0x10, 0x80, 0xfff])
      for (const cls of ['request', 'indication', 'success', 'error'] as const) {
        const type = messageType(method, cls);
        expect({ method: methodOf(type), cls: classOf(type) }).toEqual({ method, cls });
        expect(type).toBeLessThan(0x4000);
      }
    // As RFC 8489 §5 and RFC 8656 §17 write them.
    expect(messageType(1, 'success')).toBe(0x0101);
    expect(messageType(1, 'error')).toBe(0x0111);
    expect(messageType(1, 'indication')).toBe(0x0011);
    expect(messageType(StunMethod.allocate, 'error')).toBe(0x0113);
    expect(Object.keys(stunMethods)).toContain('9');
  });

  it('keeps every attribute, in order, and writes it back', () => {
    const message = decode(stunMessage, encode(stunMessage, everything));
    expect(message).toEqual(everything);
  });

  it('names the attributes that must be understood and are not', () => {
    expect(notUnderstood(everyAttribute)).toEqual([0x7f01]);
    expect(stunAttributeName(0x7f01)).toBe('unknown (0x7f01)');
    expect(stunAttributeName(0xc057)).toBe('GOOG-NETWORK-INFO');
    expect(errorNumber(errorBody(487))).toBe(487);
  });

  it('shows names and addresses in its tree', () => {
    const { root } = dissect(stunMessage, 'stun', rfc5769.ipv4Response);
    const labels = nodesOf(root).flatMap(({ name, label }) => (label === undefined ? [] : [`${name} ${label}`]));
    expect(labels).toEqual(
      expect.arrayContaining([
        'stun Binding success',
        'attribute[1] XOR-MAPPED-ADDRESS',
        'port 32853',
        'address 192.0.2.1',
        'value test vector',
      ]),
    );
  });

  it('is not one of RFC 3489, nor one with a torn length', () => {
    const old = copy(rfc5769.request);
    old[4] = 0;
    const odd = copy(rfc5769.request);
    odd[3] = 0x59;
    for (const bytes of [old, odd, Uint8Array.of(0x40, 1), new Uint8Array(0)])
      expect(tryDecode(stunMessage, bytes).ok).toBe(false);
  });

  it('refuses what does not fit', () => {
    expect(() => encode(stunMessage, { ...everything, transaction_id: new Uint8Array(11) })).toThrow(RangeError);
    expect(() => encode(stunMessage, { ...everything, message_type: 0x4000 })).toThrow(RangeError);
    const padding = new Uint8Array(2);
    const badlyPadded = { kind: 'USERNAME', body: utf8('abc'), padding } as const;
    expect(() => encode(stunMessage, { ...everything, attributes: [badlyPadded] })).toThrow(RangeError);
  });
});

describe('STUN and ChannelData in a tree', () => {
  it('tile, and are written back byte for byte', () => {
    for (const { name, codec, bytes } of samples)
      expect({ name, ...invariantFault(codec, bytes) }).toEqual({ name, accepted: true, fault: undefined });
  });

  it('keep the invariants wherever they are cut off', () => {
    for (const { name, codec, bytes } of samples)
      for (let length = 0; length < bytes.length; length++) {
        const { fault } = invariantFault(codec, bytes.subarray(0, length));
        if (fault) expect.fail(`${name}, ${length} bytes: ${fault}`);
      }
  });

  it('keep them under any corruption', () => {
    const prng = new Prng('stun corruption');
    const tally = { accepted: 0, refused: 0 };
    for (const { name, codec, bytes } of samples) {
      const changed = copy(bytes);
      for (let i = 0; i < 1500; i++) {
        const places = [prng.int(bytes.length), prng.int(bytes.length)].slice(0, 1 + prng.int(2));
        for (const at of places) changed[at] = prng.int(256);
        const { accepted, fault } = invariantFault(codec, changed);
        if (fault) expect.fail(`${name}: ${fault}`);
        tally[accepted ? 'accepted' : 'refused']++;
        if (accepted && codec === stunMessage) {
          checkIntegrity(changed, key, noble);
          checkFingerprint(changed);
        }
        for (const at of places) changed[at] = bytes[at] ?? 0;
      }
    }
    expect(tally.accepted).toBeGreaterThan(1000);
    expect(tally.refused).toBeGreaterThan(1000);
  });
});
