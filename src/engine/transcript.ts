/**
 * The transcript that signatures and Finished cover: the bytes that were sent and received, never an encoding made again
 * from what was understood. Each message counts once. In DTLS 1.2 it counts as if it had come in one fragment, and the first
 * ClientHello and HelloVerifyRequest do not count (RFC 6347 §4.2.6); in 1.3 it counts under the header of TLS, and a
 * ClientHello that a HelloRetryRequest answered as its hash (RFC 9147 §5.2, RFC 8446 §4.4.1).
 */
import { concat } from '../base/bytes.ts';
import { type PrfHash, runningTranscript } from '../crypto/prf12.ts';
import type { CryptoProvider, RunningHash } from '../crypto/provider.ts';
import { transcriptHeader, transcriptMessage } from '../crypto/transcript13.ts';
import { handshakeHeaderLength } from '../wire/handshake.ts';
import { HandshakeType } from '../wire/registry.ts';
import type { CipherSuite } from '../wire/suites.ts';
import { writeHandshakeHeader } from './packing.ts';

/** Where messages are added, whatever the version. */
export interface TranscriptSink {
  add(message: { readonly type: number; readonly seq: number; readonly body: Uint8Array }): void;
}

export class Transcript implements TranscriptSink {
  #parts: Uint8Array[] = [];
  #running: RunningHash | undefined;

  add(message: { readonly type: number; readonly seq: number; readonly body: Uint8Array }): void {
    const { type, seq, body } = message;
    const header = new Uint8Array(handshakeHeaderLength);
    writeHandshakeHeader(header, 0, type, body.length, seq, 0, body.length);
    this.#parts.push(header, body);
    this.#running?.update(header);
    this.#running?.update(body);
  }

  /** The hash is known: what came so far is hashed, and the rest as it comes. */
  hashWith(provider: CryptoProvider, hash: PrfHash): void {
    this.#running = runningTranscript(provider, hash);
    for (const part of this.#parts) this.#running.update(part);
  }

  /** The hash of all messages so far. */
  digest(): Uint8Array {
    if (!this.#running) throw new Error('the transcript has no hash before a suite is agreed');
    return this.#running.digest();
  }

  /** All messages so far: a CertificateVerify signs them with a hash of its own (RFC 5246 §7.4.8). */
  bytes(): Uint8Array {
    return concat(...this.#parts);
  }

  /** Lets the bytes go, once no CertificateVerify can come any more. */
  forgetBytes(): void {
    this.#parts = [];
  }
}

/** The transcript of DTLS 1.3, which is only ever asked for as a hash: that of the suite. */
export class Transcript13 implements TranscriptSink {
  readonly #running: RunningHash;

  /** `before`: what stands before the first message to be added, as `retried` gives it. */
  constructor(provider: CryptoProvider, hash: CipherSuite['hash'], before?: Uint8Array) {
    this.#running = provider.runningHash(hash);
    if (before) this.#running.update(before);
  }

  add({ type, body }: { readonly type: number; readonly body: Uint8Array }): void {
    this.#running.update(transcriptHeader(type, body.length));
    this.#running.update(body);
  }

  digest(): Uint8Array {
    return this.#running.digest();
  }
}

/** The hash of a ClientHello that a HelloRetryRequest answered: `hello` is its body (RFC 8446 §4.4.1). */
export const helloHash = (provider: CryptoProvider, hash: CipherSuite['hash'], hello: Uint8Array): Uint8Array =>
  provider.hash(hash, transcriptMessage(HandshakeType.clientHello, hello));

/** What stands in a transcript for a first ClientHello, by its hash, and for the HelloRetryRequest that answered it. */
export const retried = (hash: Uint8Array, retry: Uint8Array): Uint8Array =>
  concat(
    transcriptMessage(HandshakeType.messageHash, hash),
    transcriptHeader(HandshakeType.serverHello, retry.length),
    retry,
  );
