/**
 * What an agent tells: outputs in order, events among them, and the counts that a failure needs. It also turns counts
 * into the reason why no path was found.
 */
import type { Instant } from '../base/time.ts';
import { classify } from '../wire/demux.ts';
import { find } from '../wire/stun.ts';
import type {
  IceDrop,
  IceEvent,
  IceFailure,
  IceOutput,
  IceRole,
  IceState,
  RemoteCandidate,
  SkipReason,
  StunEvent,
  TransportAddress,
} from './api.ts';
import { type Arrived, errorOf, readBinding } from './binding.ts';

/** How many skipped candidates a failure names. */
const mostSkipped = 20;

export class Journal {
  #outputs: IceOutput[] = [];
  #taken = 0;
  #state: IceState = 'new';

  checksSent = 0;
  checksReceived = 0;
  payloads = 0;
  /** Answers of the peer's under a password that is not the one we know. */
  unproved = 0;
  /** A proved answer of the peer's that came from another address than was asked. */
  elsewhere: { readonly asked: TransportAddress; readonly from: TransportAddress } | undefined;
  /** Checks of the peer's that we refused, and why the last of them. */
  badCheck: string | undefined;
  /** The last refusal of a check of ours. */
  refusal: { readonly number: number; readonly reason: string } | undefined;
  readonly #skipped: { readonly why: SkipReason; readonly address: string }[] = [];

  get state(): IceState {
    return this.#state;
  }
  get over(): boolean {
    return this.#state === 'failed' || this.#state === 'closed';
  }

  move(to: IceState, because: string): void {
    if (to === this.#state) return;
    const from = this.#state;
    this.#state = to;
    this.event({ kind: 'state', from, to, because });
  }

  push(output: IceOutput): void {
    this.#outputs.push(output);
  }
  event(event: IceEvent): void {
    this.push({ kind: 'event', event });
  }
  dropped(reason: IceDrop, from: TransportAddress, detail: string): void {
    this.event({ kind: 'dropped', reason, from, detail });
  }
  /**
   * STUN that can be read. Anything else has been passed on, or let fall, when this is undefined. `known`: whether checks
   * have proved where it came from.
   */
  sift(bytes: Uint8Array, from: TransportAddress, on: TransportAddress, known: () => boolean): Arrived | undefined {
    const protocol = classify(bytes);
    if (protocol !== 'stun') {
      this.payloads++;
      this.push({ kind: 'payload', protocol, bytes, from, on, known: known() });
      return undefined;
    }
    const arrived = readBinding(bytes);
    if (!('unusable' in arrived)) return arrived;
    const { reason, detail } = arrived.unusable;
    this.dropped(reason, from, detail);
    return undefined;
  }
  skipped(candidate: RemoteCandidate, why: SkipReason): void {
    if (this.#skipped.length < mostSkipped) this.#skipped.push({ why, address: candidate.address.slice(0, 256) });
    this.event({ kind: 'skipped', candidate, why });
  }

  /** The next output, or `wait` until what `deadline` says. */
  poll(deadline: () => Instant | undefined): IceOutput {
    const output = this.#outputs[this.#taken];
    if (output) {
      this.#taken++;
      return output;
    }
    if (this.#taken > 0) {
      this.#outputs = [];
      this.#taken = 0;
    }
    return { kind: 'wait', until: deadline() };
  }

  sent(about: Pick<StunEvent, 'base' | 'peer' | 'class' | 'transaction' | 'purpose'> & Partial<StunEvent>): void {
    this.event({
      ...{ attempt: 0, useCandidate: false, role: undefined, error: undefined },
      ...about,
      ...{ kind: 'stun', direction: 'sent' },
    });
  }

  received(
    { message, class: cls, id }: Arrived,
    base: TransportAddress,
    peer: TransportAddress,
    purpose: StunEvent['purpose'],
  ): void {
    const { attributes } = message;
    const role: IceRole | undefined = find(attributes, 'ICE-CONTROLLING')
      ? 'controlling'
      : find(attributes, 'ICE-CONTROLLED')
        ? 'controlled'
        : undefined;
    this.event({
      ...{ kind: 'stun', direction: 'received', base, peer, class: cls, transaction: id, purpose, attempt: 0, role },
      useCandidate: find(attributes, 'USE-CANDIDATE') !== undefined,
      error: cls === 'error' ? errorOf(attributes) : undefined,
    });
  }

  /** The most telling reason, from what was seen. */
  failure(pairs: number, worked: boolean): IceFailure {
    const { checksSent, checksReceived, payloads } = this;
    const counts = { pairs, checksSent, checksReceived, payloads, skipped: [...this.#skipped] };
    if (worked) return { fault: 'peer', code: 'not-nominated', ...counts };
    if (this.refusal) return { fault: 'peer', code: 'refused', ...this.refusal, ...counts };
    if (this.elsewhere) return { fault: 'network', code: 'non-symmetric', ...this.elsewhere, ...counts };
    if (this.unproved > 0) return { fault: 'peer', code: 'unproved', ...counts };
    if (this.badCheck !== undefined) return { fault: 'peer', code: 'bad-checks', why: this.badCheck, ...counts };
    if (pairs === 0) return { fault: 'mismatch', code: 'no-pairs', ...counts };
    if (checksReceived > 0) return { fault: 'network', code: 'one-way', ...counts };
    return { fault: 'network', code: 'silent', ...counts };
  }

  consentLost(pairs: number, silentMs: number): IceFailure {
    const { checksSent, checksReceived, payloads } = this;
    const counts = { pairs, checksSent, checksReceived, payloads, skipped: [...this.#skipped] };
    return { fault: 'network', code: 'consent-lost', silentMs, ...counts };
  }

  fail(failure: IceFailure): void {
    this.move('failed', failure.code);
    this.event({ kind: 'failed', failure });
  }
}
