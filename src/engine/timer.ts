/**
 * The retransmission timer of one flight, and the timeout value that outlives flights (RFC 6347 §4.2.4.1). Only deadlines:
 * who owns it is told the time.
 */
import { after, type Instant } from '../base/time.ts';
import type { Retransmission } from './api.ts';

export class RetransmissionTimer {
  readonly #settings: Retransmission;
  /** Kept from flight to flight until one gets through without loss. */
  #rto: number;
  #deadline: Instant | undefined;
  #setAt: Instant | undefined;
  #giveUp: Instant | undefined;
  #fired = 0;
  #asking: 'soon' | 'again' | undefined;

  constructor(settings: Retransmission) {
    this.#settings = settings;
    this.#rto = settings.start;
  }

  get deadline(): Instant | undefined {
    return this.#deadline;
  }

  /** Starts for a flight that was just sent for the first time; answers with the duration. */
  start(now: Instant): number {
    this.#fired = 0;
    this.#asking = undefined;
    if (this.#settings.startsAnew) this.relax();
    // Repeats by the peer make us send again and start over, but never past the moment when the attempts would have
    // been used up: a peer whose records we cannot read would otherwise keep us going for ever.
    let patience = 0;
    let rto = this.#rto;
    for (let i = 0; i <= this.#settings.attempts && Number.isFinite(patience); i++) {
      patience += rto;
      rto = this.#grown(rto);
    }
    this.#giveUp = after(now, patience);
    return this.#arm(now, this.#rto);
  }

  /** The deadline has passed: grows the timeout and starts anew, or says that enough is enough. */
  fire(now: Instant): { readonly again: number } | 'give-up' {
    const tooLate = this.#giveUp !== undefined && now >= this.#giveUp;
    if (tooLate || (this.#fired >= this.#settings.attempts && this.#asking !== 'soon')) {
      this.#deadline = undefined;
      return 'give-up';
    }
    if (this.#asking === 'soon') {
      this.#asking = 'again';
      return { again: this.#arm(now, this.#rto) };
    }
    this.#fired++;
    this.#rto = this.#grown(this.#rto);
    return { again: this.#arm(now, this.#rto) };
  }

  /** The flight was sent again for another reason than this timer; answers with the duration. */
  restart(now: Instant): number {
    return this.#arm(now, this.#rto);
  }

  /**
   * Part of the next flight is here, so ours got through, and the rest is the peer's to repeat: our timer becomes the
   * fallback, one step longer than the peer's. `undefined` while more than one timeout is left anyway.
   */
  putOff(now: Instant): number | undefined {
    if (this.#deadline === undefined || this.#deadline - now >= this.#rto) return undefined;
    return this.#arm(now, this.#grown(this.#rto));
  }

  /** What it was set for at `asked` left only at `now`: it runs from there. */
  putBack(asked: Instant, now: Instant): void {
    if (this.#deadline === undefined || this.#setAt !== asked || now <= asked) return;
    const late = now - asked;
    this.#setAt = now;
    this.#deadline = after(this.#deadline, late);
    if (this.#giveUp !== undefined) this.#giveUp = after(this.#giveUp, late);
  }

  /** Fires after a time that is not of the settings' making; answers with the duration. */
  alarm(now: Instant, duration: number): number {
    this.#giveUp = undefined;
    return this.#arm(now, duration);
  }

  /** Whether it waits for the rest of a flight that has begun, to acknowledge what is here (RFC 9147 §7.1). */
  get asking(): boolean {
    return this.#asking !== undefined;
  }
  /** A quarter of the timeout, after which an incomplete flight is acknowledged (RFC 9147 §7.1). */
  get quarter(): number {
    return this.#rto / 4;
  }

  /** Part of the next flight is here: what is here is acknowledged soon, and again for as long as the rest stays out. */
  ask(now: Instant): void {
    if (this.#asking === 'soon') return;
    this.#asking = 'soon';
    this.#arm(now, this.quarter);
  }

  /** Everything was acknowledged, and the answer is the peer's to send: nothing is left to do but to give up some day. */
  onlyWait(): void {
    this.#deadline = this.#giveUp;
  }

  /** The next flight is here, or all is over. True when the timer was running. */
  stop(): boolean {
    const running = this.#deadline !== undefined;
    this.#deadline = undefined;
    return running;
  }

  /** An exchange without loss: the timeout may go back to its start (RFC 6347 §4.2.4.1). */
  relax(): void {
    this.#rto = this.#settings.start;
  }

  #grown(rto: number): number {
    return Math.max(this.#settings.start, Math.min(rto * this.#settings.growth, this.#settings.cap));
  }

  #arm(now: Instant, duration: number): number {
    const wanted = after(now, duration);
    this.#setAt = now;
    this.#deadline = this.#giveUp !== undefined && this.#giveUp < wanted ? this.#giveUp : wanted;
    return this.#deadline - now;
  }
}
