/**
 * The stateless cookie of RFC 6347 §4.2.1 and RFC 9147 §5.1: a MAC, under a key that never leaves the server, over the client's address and
 * the parameters of its hello. The same hello from the same address always gives the same cookie, so that every repeat is
 * answered alike; nothing is stored. In DTLS 1.3 it also carries what the transcript needs of the first hello, which the
 * server does not keep (RFC 8446 §4.2.2).
 */
import { concat, emptyBytes, equalConstantTime, uintBytes, utf8 } from '../base/bytes.ts';
import type { RandomSource } from '../base/random.ts';
import type { CryptoProvider } from '../crypto/provider.ts';
import type { ClientHello } from '../wire/handshake.ts';
import type { Version } from '../wire/registry.ts';
import type { EndpointConfig, PeerAddress } from './api.ts';

export class CookieJar {
  readonly #provider: CryptoProvider;
  #secret: Uint8Array;

  /** `secret`: 32 fresh random bytes. */
  constructor(provider: CryptoProvider, secret: Uint8Array) {
    this.#provider = provider;
    this.#secret = secret;
  }

  /** Whether this address is to be told a cookie now. Statelessly, everybody is, each time (RFC 6347 §4.2.1). */
  answers(_from: PeerAddress): boolean {
    return true;
  }

  /** Cookies of before are worth nothing from now on. */
  protected renew(secret: Uint8Array): void {
    this.#secret = secret;
  }

  /**
   * 32 bytes, as many as DTLS 1.0 allows. Covers what RFC 6347 §4.2.1 says the client must repeat, but for session_id: Mbed TLS
   * 2.28 makes another one for each hello that has a ticket (RFC 5077 §3.4), and would never be done.
   */
  bake(from: PeerAddress, hello: ClientHello): Uint8Array {
    return this.#mac('1.2', from, hello, emptyBytes);
  }

  check(from: PeerAddress, hello: ClientHello): boolean {
    return equalConstantTime(this.#mac('1.2', from, hello, emptyBytes), hello.cookie);
  }

  /** The cookie of a HelloRetryRequest. */
  bake13(from: PeerAddress, hello: ClientHello, memory: RetryMemory): Uint8Array {
    const { suite, group, helloHash } = memory;
    const kept = concat(uintBytes(suite, 2), uintBytes(group ?? 0, 2), helloHash);
    return concat(this.#mac('1.3', from, hello, kept), kept);
  }

  /** What a cookie of ours remembers; `undefined` when it is none, or somebody else's. `hello` is the second one. */
  check13(from: PeerAddress, hello: ClientHello, cookie: Uint8Array): RetryMemory | undefined {
    const kept = cookie.subarray(macLength);
    if (!equalConstantTime(this.#mac('1.3', from, hello, kept), cookie.subarray(0, macLength))) return undefined;
    const number = (at: number): number => (kept[at] ?? 0) * 256 + (kept[at + 1] ?? 0);
    return { suite: number(0), group: number(2) || undefined, helloHash: kept.subarray(4) };
  }

  #mac(version: Version, from: PeerAddress, hello: ClientHello, more: Uint8Array): Uint8Array {
    const withLength = (bytes: Uint8Array): Uint8Array => concat(uintBytes(bytes.length, 2), bytes);
    const bound = concat(
      // Domains apart: a cookie of one version means nothing in the other.
      withLength(utf8(version)),
      withLength(utf8(from)),
      uintBytes(hello.client_version, 2),
      hello.random,
      withLength(concat(...hello.cipher_suites.map((suite) => uintBytes(suite, 2)))),
      withLength(Uint8Array.from(hello.compression_methods)),
      withLength(more),
    );
    return this.#provider.hmac('sha256', this.#secret, bound);
  }
}

const macLength = 32;

/** A server that remembers a cookie of its own making instead: each one it makes takes the place of the one before. */
class RenewedCookies extends CookieJar {
  readonly #random: RandomSource;

  constructor(provider: CryptoProvider, random: RandomSource) {
    super(provider, random(32));
    this.#random = random;
  }

  override bake(...hello: Parameters<CookieJar['bake']>): Uint8Array {
    this.renew(this.#random(32));
    return super.bake(...hello);
  }
  override bake13(...hello: Parameters<CookieJar['bake13']>): Uint8Array {
    this.renew(this.#random(32));
    return super.bake13(...hello);
  }
}

/** A server that takes a repeat of the first hello for a replay. */
class CookiesOnce extends CookieJar {
  readonly #told = new Set<PeerAddress>();

  override answers(from: PeerAddress): boolean {
    if (this.#told.has(from)) return false;
    // Whoever makes addresses up must not fill it: beyond this, it forgets.
    if (this.#told.size >= mostTold) this.#told.clear();
    this.#told.add(from);
    return true;
  }
}
const mostTold = 256;

/** The cookies of a server as its settings want them; `undefined` for one that asks for none. */
export function cookiesFor(config: EndpointConfig, provider: CryptoProvider, random: RandomSource) {
  if (!config.cookie) return undefined;
  switch (config.faults?.cookies) {
    case 'renewed':
      return new RenewedCookies(provider, random);
    case 'once':
      return new CookiesOnce(provider, random(32));
    case undefined:
      return new CookieJar(provider, random(32));
  }
}

/** What a server must know of a HelloRetryRequest that it sent, when the answer comes. */
export interface RetryMemory {
  readonly suite: number;
  /** The group that the client was asked for, if any. */
  readonly group: number | undefined;
  /** Of the first ClientHello, as it counts in the transcript (RFC 8446 §4.4.1). */
  readonly helloHash: Uint8Array;
}
