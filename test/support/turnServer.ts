/**
 * A TURN server in memory (RFC 8656), as far as clients can tell it from a real one: long-term credentials in both
 * strengths, nonces that expire, permissions, channels, lifetimes. It is strict where a client must be right, and what it
 * should do wrong is set by `TurnServerOptions`.
 */
import { fromUtf8, toHex, utf8 } from '../../src/base/bytes.ts';
import { parseSocketAddress, socketText } from '../../src/base/ip.ts';
import type { Instant } from '../../src/base/time.ts';
import { encode, tryDecode } from '../../src/codec/codec.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { channelData } from '../../src/wire/channelData.ts';
import { classify } from '../../src/wire/demux.ts';
import {
  addressBody,
  classOf,
  errorBody,
  find,
  messageType,
  methodOf,
  type StunAttribute,
  type StunMessage,
  socketAddress,
  stunMessage,
} from '../../src/wire/stun.ts';
import { checkIntegrity, encodeStun, longTermKey, userHash } from '../../src/wire/stunIntegrity.ts';
import { StunMethod, type stunErrors } from '../../src/wire/stunRegistry.ts';

type ErrorNumber = keyof typeof stunErrors;

export interface TurnServerOptions {
  readonly address: string;
  readonly relayIp: string;
  readonly username: string;
  readonly password: string;
  readonly realm: string;
  /** Offers SHA-256 and hidden user names, as RFC 8489 has it. */
  readonly modern: boolean;
  /** A nonce is stale after this, ms. */
  readonly nonceMs: number;
  /** Longest lifetime that is granted, s. */
  readonly lifetimeS: number;
  /** IP addresses that nobody gets a permission for. */
  readonly denied: readonly string[];
  /** Errors that answer a method's authenticated requests. */
  readonly refuse: ReadonlyMap<number, ErrorNumber>;
  /** More attributes of such an error. */
  readonly refuseWith: readonly StunAttribute[];
  /** Every nonce is called stale. */
  readonly alwaysStale: boolean;
  /** Takes the password algorithms out, as somebody in between might. */
  readonly weakened: boolean;
  /** Proves its answers with another password. */
  readonly impostor: boolean;
  /** Answers that are lost on their way, by their number from 1. */
  readonly loses: readonly number[];
}

export const turnServerDefaults: TurnServerOptions = {
  address: '192.0.2.100:3478',
  relayIp: '192.0.2.101',
  username: 'alice',
  password: 'wonderland',
  realm: 'example.org',
  modern: false,
  nonceMs: 600_000,
  lifetimeS: 600,
  denied: [],
  refuse: new Map(),
  refuseWith: [],
  alwaysStale: false,
  weakened: false,
  impostor: false,
  loses: [],
};

export interface Sent {
  readonly from: string;
  readonly to: string;
  readonly bytes: Uint8Array;
}

interface Allocation {
  readonly client: string;
  readonly relayed: string;
  expires: number;
  readonly permissions: Map<string, number>;
  readonly channels: Map<number, string>;
}

const ipOf = (address: string): string => address.slice(0, address.lastIndexOf(':'));

export class SimulatedTurnServer {
  readonly options: TurnServerOptions;
  readonly allocations = new Map<string, Allocation>();
  /** Requests that were served or refused, in order: "Allocate 401". */
  readonly log: string[] = [];
  #nextPort = 50_000;
  #answered = 0;
  /** A request that comes again gets the answer that it had (RFC 8489 §6.3.1). */
  readonly #answers = new Map<string, Uint8Array>();
  readonly #nonces = new Map<string, number>();

  constructor(options: Partial<TurnServerOptions> = {}) {
    this.options = { ...turnServerDefaults, ...options };
  }

  /** What the server sends because a datagram came, at its own address or at one that it relays. */
  handle({ from, to, bytes }: Sent, now: Instant): readonly Sent[] {
    for (const [client, allocation] of this.allocations) if (allocation.expires <= now) this.allocations.delete(client);
    if (to !== this.options.address) return this.#fromPeer(from, to, bytes, now);
    if (classify(bytes) === 'turn-channel') return this.#channelData(from, bytes, now);
    const read = tryDecode(stunMessage, bytes);
    if (!read.ok) return [];
    const message = read.value;
    if (classOf(message.message_type) === 'indication') return this.#indication(from, message, now);
    const key = `${from} ${toHex(message.transaction_id)}`;
    const answer = this.#answers.get(key) ?? this.#request(from, message, bytes, now);
    this.#answers.set(key, answer);
    if (this.options.loses.includes(++this.#answered)) return [];
    return [{ from: to, to: from, bytes: answer }];
  }

  #fromPeer(from: string, to: string, bytes: Uint8Array, now: Instant): readonly Sent[] {
    const allocation = [...this.allocations.values()].find(({ relayed }) => relayed === to);
    if (!allocation || (allocation.permissions.get(ipOf(from)) ?? 0) <= now) return [];
    const channel = [...allocation.channels].find(([, peer]) => peer === from)?.[0];
    const peer = parseSocketAddress(from);
    if (!peer) throw new Error(`${from} is no address`);
    const framed =
      channel === undefined
        ? encodeStun({
            message_type: messageType(StunMethod.data, 'indication'),
            transaction_id: new Uint8Array(12),
            attributes: [
              { kind: 'XOR-PEER-ADDRESS', body: addressBody(peer) },
              { kind: 'DATA', body: bytes },
            ],
          })
        : encode(channelData, { channel, data: bytes });
    return [{ from: this.options.address, to: allocation.client, bytes: framed }];
  }

  #channelData(from: string, bytes: Uint8Array, now: Instant): readonly Sent[] {
    const read = tryDecode(channelData, bytes);
    const allocation = this.allocations.get(from);
    const peer = read.ok ? allocation?.channels.get(read.value.channel) : undefined;
    if (!read.ok || !allocation || peer === undefined) return [];
    return this.#relay(allocation, peer, read.value.data, now);
  }

  #indication(from: string, message: StunMessage, now: Instant): readonly Sent[] {
    const allocation = this.allocations.get(from);
    const peer = find(message.attributes, 'XOR-PEER-ADDRESS');
    const data = find(message.attributes, 'DATA');
    if (!allocation || !peer || !data) return [];
    const { ip, port } = socketAddress(peer);
    return this.#relay(allocation, socketText(ip, port), data, now);
  }

  #relay(allocation: Allocation, peer: string, data: Uint8Array, now: Instant): readonly Sent[] {
    // Without a permission it is dropped without a word (RFC 8656 §11.2).
    if ((allocation.permissions.get(ipOf(peer)) ?? 0) <= now) return [];
    return [{ from: allocation.relayed, to: peer, bytes: data }];
  }

  #request(from: string, message: StunMessage, bytes: Uint8Array, now: Instant): Uint8Array {
    const method = methodOf(message.message_type);
    const { attributes } = message;
    const name = { 3: 'Allocate', 4: 'Refresh', 8: 'CreatePermission', 9: 'ChannelBind' }[method] ?? String(method);
    const { modern, username, realm, password, impostor } = this.options;
    const strong = modern && find(attributes, 'PASSWORD-ALGORITHM')?.algorithm === 2;
    const key = longTermKey(nobleProvider, strong ? 'sha256' : 'md5', { username, realm, password });
    const answerKey = impostor
      ? longTermKey(nobleProvider, strong ? 'sha256' : 'md5', { username, realm, password: 'other' })
      : key;
    const reply = (cls: 'success' | 'error', body: readonly StunAttribute[], proved: boolean): Uint8Array =>
      encodeStun(
        { message_type: messageType(method, cls), transaction_id: message.transaction_id, attributes: body },
        proved
          ? {
              integrity: { key: answerKey, hashes: [modern ? 'sha256' : 'sha1'], crypto: nobleProvider },
              fingerprint: true,
            }
          : { fingerprint: true },
      );
    const refuse = (number: ErrorNumber, more: readonly StunAttribute[] = [], proved = true): Uint8Array => {
      this.log.push(`${name} ${number}`);
      return reply('error', [{ kind: 'ERROR-CODE', body: errorBody(number) }, ...more], proved);
    };

    const nonce = find(attributes, 'NONCE');
    if (!nonce || checkIntegrity(bytes, key, nobleProvider).verdict === 'absent')
      return refuse(401, this.#challenge(now), false);
    const user = find(attributes, 'USERNAME');
    const hash = find(attributes, 'USERHASH');
    const known = hash
      ? toHex(hash.hash) === toHex(userHash(nobleProvider, username, realm))
      : user !== undefined && fromUtf8(user) === username;
    const { verdict, hash: algorithm } = checkIntegrity(bytes, key, nobleProvider);
    if (!known || verdict !== 'good') return refuse(401, this.#challenge(now), false);
    if (modern && (algorithm !== 'sha256' || !find(attributes, 'PASSWORD-ALGORITHMS'))) return refuse(400, [], false);
    if (modern && !hash) return refuse(400, [], false);
    const expires = this.#nonces.get(toHex(nonce)) ?? 0;
    if (expires <= now || this.options.alwaysStale) return refuse(438, this.#challenge(now), false);
    const forced = this.options.refuse.get(method);
    if (forced !== undefined) return refuse(forced, this.options.refuseWith);

    const served = (body: readonly StunAttribute[]): Uint8Array => {
      this.log.push(`${name} ok`);
      return reply('success', body, true);
    };
    const allocation = this.allocations.get(from);
    const lifetimeS = Math.min(find(attributes, 'LIFETIME')?.seconds ?? 600, this.options.lifetimeS);
    switch (method) {
      case StunMethod.allocate: {
        if (allocation) return refuse(437);
        if (find(attributes, 'REQUESTED-TRANSPORT')?.protocol !== 17) return refuse(442);
        const relayed = `${this.options.relayIp}:${this.#nextPort++}`;
        this.allocations.set(from, {
          client: from,
          relayed,
          expires: now + lifetimeS * 1000,
          permissions: new Map(),
          channels: new Map(),
        });
        return served([
          { kind: 'XOR-RELAYED-ADDRESS', body: addressBody(parsed(relayed)) },
          { kind: 'XOR-MAPPED-ADDRESS', body: addressBody(parsed(from)) },
          { kind: 'LIFETIME', body: { seconds: lifetimeS } },
          { kind: 'SOFTWARE', body: utf8('simulated') },
        ]);
      }
      case StunMethod.refresh:
        if (!allocation) return refuse(437);
        if (lifetimeS === 0) this.allocations.delete(from);
        else allocation.expires = now + lifetimeS * 1000;
        return served([{ kind: 'LIFETIME', body: { seconds: lifetimeS } }]);
      case StunMethod.createPermission:
      case StunMethod.channelBind: {
        if (!allocation) return refuse(437);
        const body = find(attributes, 'XOR-PEER-ADDRESS');
        if (!body) return refuse(400);
        const peer = socketText(body.address, body.port);
        if (this.options.denied.includes(ipOf(peer))) return refuse(403);
        if (method === StunMethod.channelBind) {
          const channel = find(attributes, 'CHANNEL-NUMBER')?.channel ?? 0;
          const other = allocation.channels.get(channel);
          if (channel < 0x4000 || channel > 0x4fff || (other !== undefined && other !== peer)) return refuse(400);
          allocation.channels.set(channel, peer);
        }
        allocation.permissions.set(ipOf(peer), now + 300_000);
        return served([]);
      }
      default:
        return refuse(400);
    }
  }

  #challenge(now: Instant): readonly StunAttribute[] {
    const number = this.#nonces.size + 1;
    // Both features: password algorithms and user name anonymity (RFC 8489 §18.1).
    const nonce = utf8(`${this.options.modern ? `obMatJos2${btoa('\xc0\x00\x00')}` : ''}nonce-${number}`);
    this.#nonces.set(toHex(nonce), now + this.options.nonceMs);
    return [
      { kind: 'REALM', body: utf8(this.options.realm) },
      { kind: 'NONCE', body: nonce },
      ...(this.options.modern && !this.options.weakened
        ? ([
            {
              kind: 'PASSWORD-ALGORITHMS',
              body: {
                algorithms: [
                  { algorithm: 1, parameters: new Uint8Array() },
                  { algorithm: 2, parameters: new Uint8Array() },
                ],
              },
            },
          ] satisfies StunAttribute[])
        : []),
    ];
  }
}

function parsed(address: string) {
  const out = parseSocketAddress(address);
  if (!out) throw new Error(`${address} is no address`);
  return out;
}
