/**
 * The stateless cookie of RFC 6347 §4.2.1: a MAC, under a key that never leaves the server, over the client's address and
 * the parameters of its hello. The same hello from the same address always gives the same cookie, so that every repeat is
 * answered alike; nothing is stored.
 */
import { concat, equalConstantTime, uintBytes, utf8 } from '../base/bytes.ts';
import type { CryptoProvider } from '../crypto/provider.ts';
import type { ClientHello } from '../wire/handshake.ts';
import type { PeerAddress } from './api.ts';

export class CookieJar {
  readonly #provider: CryptoProvider;
  readonly #secret: Uint8Array;

  /** `secret`: 32 fresh random bytes. */
  constructor(provider: CryptoProvider, secret: Uint8Array) {
    this.#provider = provider;
    this.#secret = secret;
  }

  /** 32 bytes, as many as DTLS 1.0 allows. Covers what RFC 6347 §4.2.1 says the client must repeat. */
  bake(from: PeerAddress, hello: ClientHello): Uint8Array {
    const withLength = (bytes: Uint8Array): Uint8Array => concat(uintBytes(bytes.length, 2), bytes);
    const bound = concat(
      withLength(utf8(from)),
      uintBytes(hello.client_version, 2),
      hello.random,
      withLength(hello.session_id),
      withLength(concat(...hello.cipher_suites.map((suite) => uintBytes(suite, 2)))),
      withLength(Uint8Array.from(hello.compression_methods)),
    );
    return this.#provider.hmac('sha256', this.#secret, bound);
  }

  check(from: PeerAddress, hello: ClientHello): boolean {
    return equalConstantTime(this.bake(from, hello), hello.cookie);
  }
}
