/**
 * STUN between the addresses of a trace, read from its datagrams, so that a capture tells as much as a run: which checks
 * were sent and answered, by whom and how fast. Nothing is proved here, since only the ends know the passwords.
 *
 * A call keeps consent for hours with messages that are all alike. So of two addresses the first messages are kept, the last
 * ones, and between them those that tell something: what was refused, repeated or not answered, what nominates or changes
 * roles or names. The others are counted.
 */
import { copy, equal } from '../base/bytes.ts';
import { tryDecode } from '../codec/codec.ts';
import type { Address, DatagramEvent, PacketNumber, TraceTime } from '../trace/model.ts';
import { stunMessage } from '../wire/stun.ts';
import type { StunClass } from '../wire/stunRegistry.ts';
import type { StunView } from './model.ts';
import { Pairs } from './pairs.ts';
import {
  type Place,
  StunMethod,
  type StunScan,
  sameTransaction,
  stunText,
  type Transaction,
  transactionHex,
  transactionKey,
} from './stunScan.ts';

/** What is kept of two addresses one by one: the first, those that tell something, the last. */
export const keptStun = { first: 100, telling: 100, last: 50 } as const;
/** Messages of a trace that are kept. */
const mostKept = 20_000;
/** Pairs of addresses of which any are. */
const mostPairs = 10_000;
/** The longest text of a stranger's that a view repeats, and of what is wrong with a message. */
const longestFault = 100;
/** Messages that answers and repetitions are looked for in. */
const mostOpen = 4096;
const mostShapes = 4096;

/** A message that may be shown. */
interface Seen extends Transaction {
  readonly packet: PacketNumber;
  readonly at: TraceTime;
  readonly src: Address;
  readonly dst: Address;
  readonly size: number;
  readonly method: number;
  readonly cls: StunClass;
  readonly attempt: number;
  readonly username: string | undefined;
  readonly role: StunView['role'];
  readonly useCandidate: boolean;
  readonly error: StunView['error'];
  readonly fault: string | undefined;
  readonly answers: Seen | undefined;
  readonly pair: StunPair;
  /** Differs from what the same end sent before. */
  readonly changes: boolean;
  answeredBy: PacketNumber | undefined;
  /** The message before whose transaction has the same key, and how many there are behind it. */
  readonly before: Seen | undefined;
  readonly depth: number;
  view: StunView | undefined;
}

/** Messages between two addresses. */
interface StunPair {
  readonly first: Seen[];
  readonly telling: Seen[];
  /** A ring: `next` is where the next one goes, and the oldest is. */
  readonly last: Seen[];
  next: number;
  /** What was not kept. */
  leftOut: number;
  revision: number;
  made: { readonly revision: number; readonly views: readonly StunView[] } | undefined;
  /** The newest user name of each end, and its newest check. */
  readonly ends: Map<Address, { username: Uint8Array; text: string; check: Seen | undefined }>;
}

const newPair = (): StunPair => ({
  first: [],
  telling: [],
  last: [],
  next: 0,
  leftOut: 0,
  revision: 0,
  made: undefined,
  ends: new Map(),
});

export class StunReader {
  readonly #pairs = new Pairs<StunPair>(newPair);
  readonly #every: StunPair[] = [];
  #kept = 0;
  /** By transaction, in two generations: what is older waits for no answer. */
  #open = new Map<number, Seen>();
  #older = new Map<number, Seen>();
  /** Shapes of messages that the wire codec reads. */
  readonly #readable = new Set<number>();
  #all: StunPair['made'];
  #revision = 0;

  /** Grows with all that changes `all`. */
  get revision(): number {
    return this.#revision;
  }

  /** In order of time; the same array while nothing changed. */
  get all(): readonly StunView[] {
    if (this.#all?.revision !== this.#revision) {
      const views = this.#every.flatMap((pair) => viewsOf(pair)).sort(inOrder);
      this.#all = { revision: this.#revision, views };
    }
    return this.#all.views;
  }

  /** The same for what went between two addresses, in either direction. */
  between(a: Address, b: Address): readonly StunView[] {
    const pair = this.#pairs.between(a, b);
    return pair ? viewsOf(pair) : none;
  }

  /** Messages that are not in `all`. */
  get allLeftOut(): number {
    return this.#every.reduce((sum, { leftOut }) => sum + leftOut, 0);
  }

  /** The same for `between`. */
  leftOut(a: Address, b: Address): number {
    return this.#pairs.between(a, b)?.leftOut ?? 0;
  }

  /** Grows with all that changes `between`. */
  revisionOf(a: Address, b: Address): number {
    return this.#pairs.between(a, b)?.revision ?? 0;
  }

  /** Takes a message, and what a scan of it has read. */
  push(event: DatagramEvent, scan: StunScan): void {
    this.#revision++;
    const pair = this.#pairOf(event);
    if (!pair) return;
    pair.revision++;
    const { packet, at, src, dst, bytes, length } = event;
    const { a, b, c, method, cls } = scan;
    const same = this.#newest(scan);
    let sent: Seen | undefined;
    let asked: Seen | undefined;
    for (let one = same; one; one = one.before) {
      if (!sameTransaction(one, scan)) continue;
      if (one.cls === cls && one.method === method && one.src === src && one.dst === dst) sent ??= one;
      // An answer from another address than was asked belongs to the request all the same, and both show it.
      if (one.cls === 'request' && one.src === dst && (cls === 'success' || cls === 'error')) asked ??= one;
    }
    if (asked && asked.answeredBy === undefined) {
      asked.answeredBy = packet;
      asked.view = undefined;
      if (asked.pair !== pair) asked.pair.revision++;
    }
    const username = scan.username && textOf(pair, src, bytes, scan.username);
    const role = scan.controlling ? 'controlling' : scan.controlled ? 'controlled' : undefined;
    const { useCandidate } = scan;
    const number = scan.error;
    const before = cls === 'request' ? pair.ends.get(src)?.check : undefined;
    const seen: Seen = {
      // Written out: the spread of an object costs more than all else here.
      packet,
      at,
      src,
      dst,
      size: length,
      a,
      b,
      c,
      method,
      cls,
      username,
      role,
      useCandidate,
      attempt: sent ? sent.attempt + 1 : 0,
      error: number === undefined ? undefined : { number, reason: scan.reason ?? '' },
      fault: this.#faultOf(bytes, scan),
      answers: asked,
      pair,
      changes:
        before !== undefined &&
        (before.username !== username || before.role !== role || before.useCandidate !== useCandidate),
      answeredBy: undefined,
      // One transaction for all messages would keep them all.
      before: same && same.depth < longestChain ? same : undefined,
      depth: same && same.depth < longestChain ? same.depth + 1 : 0,
      view: undefined,
    };
    const end = cls === 'request' ? pair.ends.get(src) : undefined;
    if (end) end.check = seen;
    this.#remember(seen);
    this.#keep(pair, seen);
  }

  #pairOf(event: DatagramEvent): StunPair | undefined {
    const known = this.#pairs.of(event);
    if (known || this.#every.length >= mostPairs) return known;
    const pair = this.#pairs.add(event);
    if (pair) this.#every.push(pair);
    return pair;
  }

  #newest(scan: Transaction): Seen | undefined {
    const key = transactionKey(scan);
    return this.#open.get(key) ?? this.#older.get(key);
  }

  #remember(seen: Seen): void {
    if (this.#open.size >= mostOpen) {
      this.#older = this.#open;
      this.#open = new Map();
    }
    this.#open.set(transactionKey(seen), seen);
  }

  #keep(pair: StunPair, seen: Seen): void {
    if (pair.first.length < keptStun.first && this.#kept < mostKept) {
      pair.first.push(seen);
      this.#kept++;
      return;
    }
    if (pair.last.length < keptStun.last) {
      if (this.#kept >= mostKept) {
        pair.leftOut++;
        return;
      }
      this.#kept++;
      pair.last.push(seen);
      return;
    }
    const gone = pair.last[pair.next];
    pair.last[pair.next] = seen;
    pair.next = (pair.next + 1) % keptStun.last;
    if (!gone) return;
    if (tells(gone) && pair.telling.length < keptStun.telling && this.#kept < mostKept) {
      pair.telling.push(gone);
      this.#kept++;
    } else pair.leftOut++;
  }

  /** Why the wire codec can not read a message. */
  #faultOf(bytes: Uint8Array, { shape, choosy }: StunScan): string | undefined {
    if (!choosy && this.#readable.has(shape)) return undefined;
    const decoded = tryDecode(stunMessage, bytes);
    if (!decoded.ok) return decoded.error.message.slice(0, longestFault);
    if (!choosy && this.#readable.size < mostShapes) this.#readable.add(shape);
    return undefined;
  }
}

const none: readonly StunView[] = [];
/** Messages of one transaction, and others whose key is the same, that are looked at. */
const longestChain = 16;

/** Whether a message says more than that all goes on as before. */
const tells = ({ cls, method, attempt, changes, answeredBy, fault, answers }: Seen): boolean =>
  method !== StunMethod.binding ||
  cls === 'error' ||
  attempt > 0 ||
  changes ||
  fault !== undefined ||
  (cls === 'request' && answeredBy === undefined) ||
  (cls === 'success' && answers === undefined);

/** The user name of a message; the same string as long as it stays the same. */
function textOf(pair: StunPair, src: Address, bytes: Uint8Array, [start, end]: Place): string {
  const username = bytes.subarray(start, end);
  const known = pair.ends.get(src);
  if (known && equal(known.username, username)) return known.text;
  const text = stunText(bytes, [start, end]);
  if (known) {
    known.username = copy(username);
    known.text = text;
  } else pair.ends.set(src, { username: copy(username), text, check: undefined });
  return text;
}

const inOrder = (a: StunView, b: StunView): number => a.packet - b.packet;

function viewsOf(pair: StunPair): readonly StunView[] {
  if (pair.made?.revision !== pair.revision) {
    const { first, telling, last, next } = pair;
    const views = [...first, ...telling, ...last.slice(next), ...last.slice(0, next)].map(viewOf);
    pair.made = { revision: pair.revision, views };
  }
  return pair.made.views;
}

function viewOf(seen: Seen): StunView {
  const { packet, at, src, dst, size, method, cls, attempt, username, role, useCandidate, error, fault } = seen;
  const { answers, answeredBy } = seen;
  seen.view ??= {
    packet,
    at,
    src,
    dst,
    size,
    method,
    class: cls,
    transaction: transactionHex(seen),
    attempt,
    username,
    role,
    useCandidate,
    error,
    fault,
    answers: answers?.packet,
    afterMs: answers && at - answers.at,
    answeredBy,
  };
  return seen.view;
}
