/**
 * Consent to send (RFC 7675): the peer must have answered a check over the selected pair within the last thirty seconds,
 * so one is sent every five or so. Only dates; who owns it sends and listens.
 */
import type { RandomSource } from '../base/random.ts';
import { after, earlier, type Instant } from '../base/time.ts';
import type { IceConfig } from './api.ts';

export class Consent {
  readonly #config: Pick<IceConfig, 'consentMs' | 'consentLossMs'>;
  readonly #random: RandomSource;
  #askAt: Instant | undefined;
  #until: Instant | undefined;

  constructor(config: Pick<IceConfig, 'consentMs' | 'consentLossMs'>, random: RandomSource) {
    this.#config = config;
    this.#random = random;
  }

  /** When something is to be done; `undefined` before the first pair is selected. */
  get deadline(): Instant | undefined {
    return earlier(this.#askAt, this.#until);
  }

  /** A pair was selected, by a check that was answered. */
  begin(now: Instant): void {
    this.renew(now);
    this.#plan(now);
  }

  /** The peer answered over the selected pair. */
  renew(now: Instant): void {
    this.#until = after(now, this.#config.consentLossMs);
  }

  /** Whether it is time for the next check; asking puts it off. */
  isDue(now: Instant): boolean {
    if (this.#askAt === undefined || now < this.#askAt) return false;
    this.#plan(now);
    return true;
  }

  isLost(now: Instant): boolean {
    return this.#until !== undefined && now >= this.#until;
  }

  /** Milliseconds since the peer's last answer; 0 before the first. */
  quietFor(now: Instant): number {
    return this.#until === undefined ? 0 : now - (this.#until - this.#config.consentLossMs);
  }

  /** RFC 7675 §5.1: 0.8 to 1.2 of the period, so that the checks of many do not fall together. */
  #plan(now: Instant): void {
    const jitter = 0.8 + (0.4 * (this.#random(1)[0] ?? 0)) / 255;
    this.#askAt = after(now, this.#config.consentMs * jitter);
  }
}
