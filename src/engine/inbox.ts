/**
 * Handshake messages on their way in: fragments of any order and overlap are put together, messages ahead of their turn
 * wait, repeated ones are told apart (RFC 6347 §4.2.2, §4.2.3). Everything is bounded, because in epoch 0 anybody can send.
 *
 * For the same reason a fragment that contradicts earlier ones is no failure here: in epoch 0 either may be a stranger's,
 * and nobody can tell which. What was there is let go of and the message begins anew with the fragment that came last, so
 * that one forged datagram costs a retransmission and not the handshake. The caller fails where fragments are authenticated.
 */
import type { Faults } from '../profiles/model.ts';
import { handshakeHeaderLength } from '../wire/handshake.ts';
import { MessageAssembly } from '../wire/reassembly.ts';
import { HandshakeType } from '../wire/registry.ts';
import type { Limits } from './api.ts';
import type { Message } from './machine.ts';

export interface Fragment {
  readonly type: number;
  readonly seq: number;
  readonly epoch: number;
  readonly total: number;
  readonly offset: number;
  /** Bytes of it that its header declares: as many as `bytes` has, unless the record was cut. */
  readonly length: number;
  readonly bytes: Uint8Array;
}

const u24 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);

/**
 * The fragment whose header begins at `at`, all 12 bytes of which must be there (`handshakeHeader`, RFC 6347 §4.2.2): read
 * straight, because every record that comes begins with one. Whether it lies inside its record and message is to be checked.
 */
export function fragmentAt(bytes: Uint8Array, at: number, epoch: number): Fragment {
  const body = at + handshakeHeaderLength;
  const length = u24(bytes, at + 9);
  return {
    type: bytes[at] ?? 0,
    seq: ((bytes[at + 4] ?? 0) << 8) | (bytes[at + 5] ?? 0),
    epoch,
    total: u24(bytes, at + 1),
    offset: u24(bytes, at + 6),
    length,
    bytes: bytes.subarray(body, body + length),
  };
}

export type Acceptance =
  /** Brought bytes that were missing. */
  | 'fresh'
  /** Nothing new: the message was handed out already, or these bytes of it are here. */
  | 'repeated-message'
  | 'too-far-ahead'
  | 'over-limit'
  /** Contradicts what was here, which was let go of for it. */
  | 'conflicting-fragment'
  /** Not one that this endpoint can put together (`Faults.reassembly`, `Faults.hellosInFragments`). */
  | 'not-assembled';

/** Holes in one message; each costs time at every further fragment. 64 KiB in order-less 64-byte fragments make 512. */
const mostHoles = 1024;

/** What may come first, before the peer's message_seq is known: a stateless server counts as it likes (RFC 6347 §4.2.1). */
const hellos: readonly number[] = [HandshakeType.serverHello, HandshakeType.helloVerifyRequest];

export class Inbox {
  readonly #limits: Limits;
  readonly #reassembly: Faults['reassembly'];
  readonly #pending = new Map<number, { readonly epoch: number; readonly assembly: MessageAssembly }>();
  /** The message whose turn it is, when it came in one piece, as nearly all do: there is nothing to put together. */
  #whole: Message | undefined;
  #next: number | undefined;

  constructor(limits: Limits, reassembly?: Faults['reassembly']) {
    this.#limits = limits;
    this.#reassembly = reassembly;
  }

  /** The message_seq that is awaited; `undefined` until the first hello has set it. */
  get next(): number | undefined {
    return this.#next;
  }

  /** Whether something is here that comes after something which is not (RFC 9147 §7.1). */
  get gap(): boolean {
    for (const [seq, { assembly }] of this.#pending) {
      const [first, second] = assembly.have.ranges;
      if (seq !== this.#next || second || (first && first[0] > 0)) return true;
    }
    return false;
  }

  /** Bytes kept, for tests that count them. */
  get size(): number {
    let bytes = this.#whole?.body.length ?? 0;
    for (const { assembly } of this.#pending.values()) bytes += assembly.have.size;
    return bytes;
  }

  /** From here on messages come in sequence, the next one with this number. */
  anchor(next: number): void {
    this.#setAside();
    this.#next = next;
    for (const seq of this.#pending.keys()) if (seq < next) this.#pending.delete(seq);
  }

  /** Lets go of all that is not complete: what an epoch left behind must not be continued in the next one. */
  forget(): void {
    this.#whole = undefined;
    this.#pending.clear();
  }

  accept(fragment: Fragment): Acceptance {
    const from = this.#next ?? 0;
    if (fragment.seq < from) return 'repeated-message';
    if (fragment.seq > from + this.#limits.messagesAhead) return 'too-far-ahead';
    if (fragment.total > this.#limits.messageBytes) return 'over-limit';
    this.#setAside();
    const known = this.#pending.get(fragment.seq);
    if (this.#reassembly && !this.#assembles(this.#reassembly, fragment, known?.assembly)) return 'not-assembled';
    if (!known) {
      const { type, seq, epoch, bytes } = fragment;
      if (seq === this.#next && bytes.length === fragment.total)
        this.#whole = { type, seq, epoch, body: new Uint8Array(bytes) };
      else this.#begin(fragment);
      return 'fresh';
    }
    const { assembly, epoch } = known;
    // Every fragment must say the same of its message (RFC 6347 §4.2.3).
    if (assembly.type !== fragment.type || assembly.total !== fragment.total || epoch !== fragment.epoch) {
      this.#begin(fragment);
      return 'conflicting-fragment';
    }
    if (assembly.have.ranges.length >= mostHoles) return 'over-limit';
    const effect = assembly.add(fragment.offset, fragment.bytes);
    if (effect.conflicts.length > 0) {
      this.#begin(fragment);
      return 'conflicting-fragment';
    }
    return effect.fresh.length > 0 ? 'fresh' : 'repeated-message';
  }

  #assembles(how: 'in-order' | 'stable-borders', fragment: Fragment, begun: MessageAssembly | undefined): boolean {
    const { seq, offset, bytes } = fragment;
    switch (how) {
      case 'in-order':
        return seq === (this.#next ?? seq) && offset <= (begun?.have.size ?? 0);
      case 'stable-borders': {
        const end = offset + bytes.length;
        const missing = begun?.have.missing(offset, end) ?? [[offset, end] as const];
        const fresh = missing.reduce((sum, [from, to]) => sum + to - from, 0);
        return fresh === 0 || fresh === bytes.length;
      }
    }
  }

  #begin(fragment: Fragment): void {
    const assembly = new MessageAssembly(fragment.type, fragment.seq, fragment.total);
    assembly.add(fragment.offset, fragment.bytes);
    this.#pending.set(fragment.seq, { epoch: fragment.epoch, assembly });
  }

  /** Who does not take the whole message before more comes finds it among the others. */
  #setAside(): void {
    const whole = this.#whole;
    if (!whole) return;
    this.#whole = undefined;
    const { body } = whole;
    this.#begin({ ...whole, total: body.length, offset: 0, length: body.length, bytes: body });
  }

  /** The message whose turn it is, once it is complete. */
  take(): Message | undefined {
    const whole = this.#whole;
    if (whole) {
      this.#whole = undefined;
      this.#next = whole.seq + 1;
      return whole;
    }
    if (this.#next !== undefined) {
      const message = this.#complete(this.#next);
      if (message) this.#next++;
      return message;
    }
    for (const [seq, { assembly }] of this.#pending)
      if (hellos.includes(assembly.type) && assembly.complete) return this.#complete(seq);
    return undefined;
  }

  #complete(seq: number): Message | undefined {
    const found = this.#pending.get(seq);
    if (!found?.assembly.complete) return undefined;
    this.#pending.delete(seq);
    return { type: found.assembly.type, seq, epoch: found.epoch, body: found.assembly.body };
  }
}

/** What became of a fragment of a hello. */
interface HelloAccepted {
  readonly got: Acceptance;
  /** The whole of it. */
  readonly message: Message | undefined;
  /** Bytes of it in the fragment that began it. */
  readonly firstFragment: number;
}

/**
 * ClientHellos in fragments from addresses that are not proved yet. A stateless cookie and a fragmented ClientHello
 * exclude each other in part, so a server keeps a little after all: one hello for each of a few addresses, for a while.
 */
export class HelloPool {
  readonly #limits: Limits;
  readonly #faults: Pick<Faults, 'hellosInFragments' | 'reassembly'>;
  readonly #byAddress = new Map<string, { readonly since: number; readonly inbox: Inbox; firstFragment: number }>();

  constructor(limits: Limits, faults: Faults = {}) {
    this.#limits = limits;
    this.#faults = faults;
  }

  get size(): number {
    let bytes = 0;
    for (const { inbox } of this.#byAddress.values()) bytes += inbox.size;
    return bytes;
  }

  /** Takes a fragment; the message is handed out, and forgotten, when it is complete. */
  accept(from: string, fragment: Fragment, now: number): HelloAccepted {
    const { hellosInFragments } = this.#faults;
    const whole = fragment.bytes.length === fragment.total;
    if (!whole && (hellosInFragments === 'none' || (hellosInFragments === 'before-cookie' && fragment.seq > 0)))
      return { got: 'not-assembled', message: undefined, firstFragment: 0 };
    for (const [address, { since }] of this.#byAddress)
      if (now - since > (this.#limits.unverifiedMs ?? 10_000)) this.#byAddress.delete(address);
    let entry = this.#byAddress.get(from);
    // A hello with another number replaces what was there: the client has gone on.
    if (entry && fragment.seq !== entry.inbox.next) entry = undefined;
    if (!entry) {
      const inbox = new Inbox({ ...this.#limits, messagesAhead: 0 }, this.#faults.reassembly);
      inbox.anchor(fragment.seq);
      entry = { since: now, inbox, firstFragment: 0 };
    }
    if (fragment.offset === 0) entry.firstFragment = fragment.bytes.length;
    const got = entry.inbox.accept(fragment);
    const message = entry.inbox.take();
    this.#byAddress.delete(from);
    if (!message && entry.inbox.size > 0) {
      const room = this.#limits.unverifiedHellos ?? 8;
      for (const oldest of this.#byAddress.keys()) {
        if (this.#byAddress.size < room) break;
        this.#byAddress.delete(oldest);
      }
      if (room > 0) this.#byAddress.set(from, entry);
    }
    return { got, message, firstFragment: entry.firstFragment };
  }

  clear(): void {
    this.#byAddress.clear();
  }
}
