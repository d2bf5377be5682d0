/**
 * The network between two ends. A datagram passes these stages, in this order whatever order the rules were given in:
 * scripts, loss, burst, mtu, truncate, corrupt, duplicate, rate (with its queue and the load that shares it), delay,
 * reorder. Two rules of one kind both apply; load is put on the first line of its direction. Each rule draws from a generator of its own, once for every datagram of its direction whether or not another
 * rule dropped it: adding a rule never changes what another one does, and neither does traffic the other way.
 *
 * Delay and jitter keep the order of a direction, as a path does; `reorder` and scripted delays are what breaks it.
 */
import { copy } from '../base/bytes.ts';
import { Prng } from '../base/random.ts';
import { after, earlier, type Instant } from '../base/time.ts';
import { unreachable } from '../base/unreachable.ts';
import { handshakeTypes, numberIn } from '../wire/registry.ts';
import type {
  Delivery,
  Direction,
  Link,
  LinkDatagram,
  LinkEvent,
  LinkRule,
  Notice,
  QueueState,
  ScriptMatch,
} from './api.ts';
import { burstLoss } from './burst.ts';
import { Line } from './line.ts';
import { Load } from './load.ts';
import { formatLinkRule } from './text.ts';

/** Datagrams on the way at once; what comes on top is dropped as by a full queue, so that memory stays bounded. */
export const maxInFlight = 10_000;

/** A link that treats datagrams as the rules say. The same rules, seed and datagrams give the same network. */
export function createLink(rules: readonly LinkRule[], seed: number): Link {
  const stagesOf = (direction: Direction): Stage[] => {
    const seen = new Map<string, number>();
    const own = rules
      .map((rule) => {
        // The label counts rules of its kind alone, so that other kinds can come and go without shifting the draws.
        const nth = (seen.get(rule.kind) ?? 0) + 1;
        seen.set(rule.kind, nth);
        return { rule, prng: new Prng(seed).fork(`${direction}/${rule.kind}/${nth}`) };
      })
      .filter(({ rule }) => rule.direction === undefined || rule.direction === direction)
      .sort((a, b) => stageOrder.indexOf(a.rule.kind) - stageOrder.indexOf(b.rule.kind));
    const loads = own.flatMap(({ rule, prng }) =>
      rule.kind === 'load' ? [new Load(formatLinkRule(rule), rule, prng)] : [],
    );
    const path: Path = {
      // Half the way there and half the way back, wherever it is too narrow.
      noticeMs: own.reduce((sum, { rule }) => sum + (rule.kind === 'delay' ? rule.ms : 0), 0),
      takeLoads: () => loads.splice(0),
    };
    return own.flatMap(({ rule, prng }) => {
      const apply = stage(rule, prng, path);
      return apply ? [{ name: formatLinkRule(rule), apply }] : [];
    });
  };
  return new RuledLink({ out: stagesOf('out'), in: stagesOf('in') });
}

const stageOrder: readonly LinkRule['kind'][] = [
  'script',
  'loss',
  'burst',
  'mtu',
  'truncate',
  'corrupt',
  'duplicate',
  'rate',
  'load',
  'delay',
  'reorder',
];

/** A datagram on its way through the stages, and what happened to it. */
interface Passage {
  readonly datagram: LinkDatagram;
  readonly now: Instant;
  bytes: Uint8Array;
  at: Instant;
  /** The rule that last moved `at`. */
  delayedBy: string | undefined;
  /** Added at the very end: these are what overtaking is made of. */
  heldBackMs: number;
  readonly waits: { readonly rule: string; readonly ms: number; readonly queue: QueueState }[];
  readonly marks: { readonly kind: 'truncated' | 'corrupted' | 'held-back'; readonly rule: string }[];
  readonly copies: { readonly rule: string; at: Instant; lost: boolean }[];
  dropped: LinkEvent | undefined;
}

interface Stage {
  readonly name: string;
  /** Draws even for a datagram that is already dropped, but then changes nothing else. */
  readonly apply: (passage: Passage, name: string) => void;
}

/** What a rule needs to know of the others of its direction. */
interface Path {
  /** How long a notice takes to come back. */
  readonly noticeMs: number;
  /** The competing traffic, for the first line that asks. */
  readonly takeLoads: () => readonly Load[];
}

/** What a rule does to each datagram; `undefined` for load, which only makes others wait. */
function stage(rule: LinkRule, prng: Prng, path: Path): Stage['apply'] | undefined {
  switch (rule.kind) {
    case 'loss':
      return (passage, name) => {
        if (prng.float() < rule.probability) drop(passage, { kind: 'lost' }, name);
      };
    case 'burst': {
      const lost = burstLoss(rule, prng);
      return (passage, name) => {
        if (lost()) drop(passage, { kind: 'lost' }, name);
      };
    }
    case 'mtu':
      return (passage, name) => {
        if (passage.bytes.length <= rule.bytes) return;
        const toldAt = rule.notice ? after(passage.now, path.noticeMs) : undefined;
        drop(passage, { kind: 'too-large', mtu: rule.bytes, toldAt }, name);
      };
    case 'truncate':
      return (passage, name) => truncate(passage, rule.bytes, name);
    case 'corrupt':
      return (passage, name) => {
        const [hit, where, mask] = [prng.float() < rule.probability, prng.float(), 1 + prng.int(255)];
        if (!hit || passage.bytes.length === 0) return;
        const at = Math.floor(where * passage.bytes.length);
        const changed = copy(passage.bytes);
        changed[at] = (changed[at] ?? 0) ^ mask;
        passage.bytes = changed;
        passage.marks.push({ kind: 'corrupted', rule: name });
      };
    case 'duplicate':
      return (passage, name) => {
        if (prng.float() < rule.probability) duplicate(passage, name);
      };
    case 'rate':
      return bottleneck(new Line(rule.kbps, rule.queueBytes, path.takeLoads()));
    case 'load':
      return undefined;
    case 'delay': {
      let last = -Infinity as Instant;
      return (passage, name) => {
        const jitter = rule.jitterMs > 0 ? (2 * prng.float() - 1) * rule.jitterMs : 0;
        if (passage.dropped) return;
        const delayed = (at: Instant): Instant => {
          last = after(at, Math.max(0, rule.ms + jitter, last - at));
          return last;
        };
        passage.at = delayed(passage.at);
        passage.delayedBy = name;
        for (const extra of passage.copies) if (!extra.lost) extra.at = delayed(extra.at);
      };
    }
    case 'reorder':
      return (passage, name) => {
        if (prng.float() < rule.probability) holdBack(passage, rule.ms, name);
      };
    case 'script': {
      const matches = matcher(rule.match);
      const { action } = rule;
      return (passage, name) => {
        if (!matches(passage.datagram)) return;
        switch (action.kind) {
          case 'drop':
            return drop(passage, { kind: 'lost' }, name);
          case 'duplicate':
            return duplicate(passage, name);
          case 'delay':
            return holdBack(passage, action.ms, name);
          case 'truncate':
            return truncate(passage, action.bytes, name);
          default:
            return unreachable(action);
        }
      };
    }
    default:
      return unreachable(rule);
  }
}

type Dropped =
  | { readonly kind: 'lost' }
  | { readonly kind: 'queue-full'; readonly queue: QueueState | undefined }
  | { readonly kind: 'too-large'; readonly mtu: number; readonly toldAt: Instant | undefined };

/** The first rule that drops is the one reported. */
function drop(passage: Passage, how: Dropped, rule: string): void {
  passage.dropped ??= { packet: passage.datagram.packet, rule, ...how };
}

function truncate(passage: Passage, to: number, rule: string): void {
  if (passage.bytes.length <= to) return;
  passage.bytes = passage.bytes.subarray(0, to);
  passage.marks.push({ kind: 'truncated', rule });
}

function duplicate(passage: Passage, rule: string): void {
  passage.copies.push({ rule, at: passage.at, lost: false });
}

function holdBack(passage: Passage, ms: number, rule: string): void {
  passage.heldBackMs += ms;
  passage.marks.push({ kind: 'held-back', rule });
}

/** A line behind a queue. Of a datagram and its copies each needs its own turn. */
function bottleneck(line: Line): Stage['apply'] {
  return (passage, name) => {
    if (passage.dropped) return;
    const size = passage.bytes.length;
    const own = line.pass(size, passage.at);
    if (!own.passed) return drop(passage, { kind: 'queue-full', queue: own.queue }, name);
    passage.at = own.at;
    passage.delayedBy = name;
    if (own.waited > 0) passage.waits.push({ rule: name, ms: own.waited, queue: own.queue });
    for (const extra of passage.copies) {
      if (extra.lost) continue;
      const twin = line.pass(size, extra.at);
      if (twin.passed) extra.at = twin.at;
      else extra.lost = true;
    }
  };
}

/** Says for each datagram of a direction, in order, whether a script speaks of it. */
function matcher({ nth, message, byte }: ScriptMatch): (datagram: LinkDatagram) => boolean {
  const type = message === undefined ? undefined : numberIn(handshakeTypes, message);
  let count = 0;
  return ({ contents }) => {
    const fits =
      message === undefined ||
      (contents?.fragments ?? []).some(
        (fragment) =>
          fragment.message === type &&
          (byte === undefined || (byte >= fragment.offset && byte < fragment.offset + fragment.length)),
      );
    if (!fits) return false;
    count++;
    return nth === undefined || nth.includes(count);
  };
}

class RuledLink implements Link {
  readonly #stages: Readonly<Record<Direction, readonly Stage[]>>;
  /** Sorted by time of arrival, then by order of offering. */
  readonly #onTheWay: Delivery[] = [];
  /** Sorted likewise. */
  readonly #notices: Notice[] = [];

  constructor(stages: Readonly<Record<Direction, readonly Stage[]>>) {
    this.#stages = stages;
  }

  offer(datagram: LinkDatagram, now: Instant): readonly LinkEvent[] {
    const passage: Passage = {
      datagram,
      now,
      bytes: copy(datagram.bytes),
      at: now,
      delayedBy: undefined,
      heldBackMs: 0,
      waits: [],
      marks: [],
      copies: [],
      dropped: undefined,
    };
    for (const { name, apply } of this.#stages[datagram.direction]) apply(passage, name);
    if (!passage.dropped && this.#onTheWay.length >= maxInFlight)
      drop(passage, { kind: 'queue-full', queue: undefined }, `at most ${maxInFlight} datagrams on the way`);
    const { packet, direction } = datagram;
    if (passage.dropped) {
      const { dropped } = passage;
      if (dropped.kind === 'too-large' && dropped.toldAt !== undefined)
        insert(this.#notices, { direction, packet, size: dropped.mtu, at: dropped.toldAt });
      return [dropped];
    }

    const at = after(passage.at, passage.heldBackMs);
    insert(this.#onTheWay, { direction, packet, bytes: passage.bytes, at });
    const events: LinkEvent[] = passage.waits.map(({ rule, ms, queue }) => ({
      packet,
      rule,
      kind: 'queued',
      ms,
      queue,
      at,
    }));
    for (const { kind, rule } of passage.marks) {
      if (kind === 'truncated') events.push({ packet, rule, kind, to: passage.bytes.length, at });
      else events.push({ packet, rule, kind, at });
    }
    // Whoever moved it last says when it arrives, unless that is told already.
    const told = events.some(({ kind, rule }) => kind !== 'queued' || rule === passage.delayedBy);
    if (!told && passage.delayedBy !== undefined && at > now)
      events.push({ packet, rule: passage.delayedBy, kind: 'delivered', at });
    for (const extra of passage.copies) {
      // A copy that found the queue full leaves the datagram as it was: delivered once.
      if (extra.lost) continue;
      insert(this.#onTheWay, { direction, packet, bytes: passage.bytes, at: extra.at });
      events.push({ packet, rule: extra.rule, kind: 'duplicated', at: extra.at });
    }
    return events;
  }

  take(now: Instant): readonly Delivery[] {
    return takeDue(this.#onTheWay, now);
  }

  notices(now: Instant): readonly Notice[] {
    return takeDue(this.#notices, now);
  }

  next(): Instant | undefined {
    return earlier(this.#onTheWay[0]?.at, this.#notices[0]?.at);
  }
}

interface Due {
  readonly at: Instant;
}

/** Behind everything that is due no later. */
function insert<T extends Due>(sorted: T[], item: T): void {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle]?.at ?? Infinity) <= item.at) low = middle + 1;
    else high = middle;
  }
  sorted.splice(low, 0, item);
}

function takeDue<T extends Due>(sorted: T[], now: Instant): readonly T[] {
  let due = 0;
  while (due < sorted.length && (sorted[due]?.at ?? Infinity) <= now) due++;
  return sorted.splice(0, due);
}
