/** Requests of ours that wait for their answers, and when each is sent again (RFC 8489 §6.2.1). */
import { toHex } from '../base/bytes.ts';
import { after, earlier, type Instant } from '../base/time.ts';
import type { IceRole, Repetition, TransportAddress } from './api.ts';
import type { Pair } from './checklist.ts';

export type Purpose =
  | { readonly kind: 'gathering'; readonly server: TransportAddress }
  /** `role` is what the request said, whatever has become of it since. */
  | { readonly kind: 'check'; readonly pair: Pair; readonly role: IceRole; readonly nominates: boolean }
  | { readonly kind: 'consent'; readonly pair: Pair };

export interface Transaction {
  readonly id: string;
  readonly purpose: Purpose;
  readonly base: TransportAddress;
  readonly to: TransportAddress;
  readonly bytes: Uint8Array;
  /** 0 for the first sending. */
  attempt: number;
  sentAt: Instant;
  /** Sent again no more; an answer is still welcome (RFC 8445 §7.3.1.4). */
  cancelled: boolean;
}

interface Entry extends Transaction {
  deadline: Instant;
  readonly repetition: Repetition;
}

export class Transactions {
  readonly #entries = new Map<string, Entry>();

  get deadline(): Instant | undefined {
    let first: Instant | undefined;
    for (const { deadline } of this.#entries.values()) first = earlier(first, deadline);
    return first;
  }
  get pending(): readonly Transaction[] {
    return [...this.#entries.values()];
  }

  start(
    request: Pick<Transaction, 'purpose' | 'base' | 'to' | 'bytes'> & { readonly transactionId: Uint8Array },
    repetition: Repetition,
    now: Instant,
  ): Transaction {
    const { purpose, base, to, bytes } = request;
    const id = toHex(request.transactionId);
    const entry: Entry = {
      ...{ id, purpose, base, to, bytes, repetition },
      ...{ attempt: 0, sentAt: now, cancelled: false, deadline: after(now, waitAfter(0, repetition)) },
    };
    this.#entries.set(id, entry);
    return entry;
  }

  find(id: string): Transaction | undefined {
    return this.#entries.get(id);
  }

  /** It was answered. */
  finish(id: string): void {
    this.#entries.delete(id);
  }

  /** What is due: requests to send again, and requests that nobody answered, which are gone from here. */
  due(now: Instant): { readonly again: readonly Transaction[]; readonly unanswered: readonly Transaction[] } {
    const again: Transaction[] = [];
    const unanswered: Transaction[] = [];
    for (const entry of this.#entries.values()) {
      if (entry.deadline > now) continue;
      if (entry.cancelled || entry.attempt + 1 >= entry.repetition.requests) {
        this.#entries.delete(entry.id);
        unanswered.push(entry);
        continue;
      }
      entry.attempt++;
      entry.sentAt = now;
      entry.deadline = after(now, waitAfter(entry.attempt, entry.repetition));
      again.push(entry);
    }
    return { again, unanswered };
  }
}

/** How long the nth sending (from 0) waits for its answer. ms */
function waitAfter(attempt: number, { rtoMs, mostMs, requests, lastWait }: Repetition): number {
  return attempt + 1 >= requests ? rtoMs * lastWait : Math.min(rtoMs * 2 ** attempt, Math.max(rtoMs, mostMs));
}
