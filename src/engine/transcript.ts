/**
 * The transcript that signatures and Finished cover: the bytes that were sent and received, never an encoding made again
 * from what was understood. Each message counts once and as if it had come in one fragment, and the first ClientHello and
 * HelloVerifyRequest do not count (RFC 6347 §4.2.6).
 */
import { concat } from '../base/bytes.ts';
import { encode } from '../codec/codec.ts';
import { type PrfHash, runningTranscript } from '../crypto/prf12.ts';
import type { CryptoProvider, RunningHash } from '../crypto/provider.ts';
import { handshakeHeader } from '../wire/handshake.ts';

export class Transcript {
  #parts: Uint8Array[] = [];
  #running: RunningHash | undefined;

  add(message: { readonly type: number; readonly seq: number; readonly body: Uint8Array }): void {
    const { type, seq, body } = message;
    const whole = { msg_type: type, length: body.length, message_seq: seq, fragment_offset: 0 };
    const header = encode(handshakeHeader, { ...whole, fragment_length: body.length });
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
