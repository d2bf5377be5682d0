/** How checks of the peer's are answered, which full and lite agents do alike (RFC 8445 §7.3, RFC 8489 §6.3.1). */
import type { StunCrypto } from '../wire/stunIntegrity.ts';
import { stunErrors } from '../wire/stunRegistry.ts';
import type { IceCredentials, TransportAddress } from './api.ts';
import {
  type Arrived,
  errorResponse,
  type GoodCheck,
  type IceErrorCode,
  judgeCheck,
  successResponse,
} from './binding.ts';
import type { Journal } from './journal.ts';

export class Answering {
  readonly #local: IceCredentials;
  readonly #crypto: StunCrypto;
  readonly #journal: Journal;

  constructor(local: IceCredentials, crypto: StunCrypto, journal: Journal) {
    this.#local = local;
    this.#crypto = crypto;
    this.#journal = journal;
  }

  /**
   * Answers a request, and gives the check when it was in order. `fits` says whether the peer's role and ours go together;
   * when not, the peer is told to change (487). `answered`: somebody has answered it before.
   */
  take(
    arrived: Arrived,
    from: TransportAddress,
    base: TransportAddress,
    fits: (check: GoodCheck) => boolean,
    answered = false,
  ): GoodCheck | undefined {
    this.#journal.received(arrived, base, from, 'check');
    const check = judgeCheck(arrived, this.#local, this.#crypto);
    if (check.kind === 'bad') {
      this.#journal.badCheck = check.why;
      this.#refuse(arrived, from, base, check.code, check.unknown);
      return undefined;
    }
    this.#journal.checksReceived++;
    if (!fits(check)) {
      this.#refuse(arrived, from, base, 487, []);
      return undefined;
    }
    if (answered) return check;
    const bytes = successResponse(arrived.message, from, this.#local.pwd, this.#crypto);
    if (!bytes) {
      this.#journal.dropped('malformed', from, 'it comes from no address');
      return undefined;
    }
    this.#send(bytes, from, base, arrived.id, undefined);
    return check;
  }

  #refuse(
    arrived: Arrived,
    to: TransportAddress,
    base: TransportAddress,
    code: IceErrorCode,
    unknown: readonly number[],
  ): void {
    const bytes = errorResponse(arrived.message, code, unknown, this.#local.pwd, this.#crypto);
    this.#send(bytes, to, base, arrived.id, code);
  }

  #send(
    bytes: Uint8Array,
    peer: TransportAddress,
    base: TransportAddress,
    transaction: string,
    code: IceErrorCode | undefined,
  ): void {
    this.#journal.push({ kind: 'transmit', base, to: peer, bytes });
    this.#journal.sent({
      ...{ base, peer, transaction, purpose: 'answer', class: code === undefined ? 'success' : 'error' },
      error: code === undefined ? undefined : { number: code, reason: stunErrors[code] },
    });
  }
}
