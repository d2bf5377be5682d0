/**
 * The driver: one endpoint, the link, a transport and a clock. Everything it records is pushed as it happens; the last
 * event is always `end`. A run ends by itself when the endpoint failed or closed, `linger` after it was established, when
 * the network refuses it, or when its time is up; from outside by `stop`, or because the transport is gone.
 */

import type { RandomSource } from '../base/random.ts';
import { after, earlier, type Instant } from '../base/time.ts';
import { unreachable } from '../base/unreachable.ts';
import type { CryptoProvider } from '../crypto/provider.ts';
import type { EndpointConfig, SessionTicket } from '../engine/api.ts';
import { createEndpoint } from '../engine/index.ts';
import type { Link, LinkEvent, LinkRule } from '../link/api.ts';
import { createLink } from '../link/link.ts';
import type { Step } from '../scenario/index.ts';
import type { DatagramContents } from '../trace/facts.ts';
import type { Actor, Address, LinkAction, TraceEvent, TraceHeader } from '../trace/model.ts';
import { TraceRecorder } from '../trace/recorder.ts';
import type { Clock, Run, Transport, TransportEvent } from './api.ts';
import { ownContents, visibleContents } from './contents.ts';
import { type Crafted, type Hand, heldBack } from './hand.ts';
import { PathLog } from './pathLog.ts';
import { Side } from './side.ts';
import { type StepHost, StepRunner } from './steps.ts';

export interface RunSpec {
  readonly header: TraceHeader;
  readonly config: EndpointConfig;
  readonly rules: readonly LinkRule[];
  readonly seed: number;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly crypto: CryptoProvider;
  readonly random: RandomSource;
  /** Time after `established` in which repeats are answered, before close_notify. ms */
  readonly lingerMs: number;
  /** Longest time of the whole run. ms */
  readonly timeoutMs: number;
  /** What is done once it is established; `linger` then counts from the last of it. */
  readonly steps?: readonly Step[] | undefined;
  /** Application data goes back, and `linger` counts from the last of it. */
  readonly echo?: boolean | undefined;
  /** Takes the sessions that a server gives us: they hold secrets, so no trace has them. */
  readonly keep?: ((session: SessionTicket) => void) | undefined;
  /** Meddles with what goes out and comes in. */
  readonly hand?: Hand | undefined;
  /** Ends a handshake that is not done with an alert, so that no peer waits for us. */
  readonly farewell?: boolean | undefined;
  /** Time in which the peer's answer to our close_notify is waited for; none when absent. ms */
  readonly afterCloseMs?: number | undefined;
  /** The trace, when it began before the handshake could: with the way to a path. */
  readonly begun?: { readonly recorder: TraceRecorder; readonly log: PathLog; readonly at: Instant } | undefined;
}

/** Bounds on what a peer can make a run keep. */
export const runLimits = { datagrams: 50_000, bytes: 64 * 1024 * 1024 } as const;
/** How long an ended endpoint's last datagrams may still be on the link. ms */
const drainMs = 2000;
/** What a trace says before an alert of ours that only lets the peer go. */
export const farewellNote = 'nothing more is to be learnt here: what we send now only lets the peer go';
/** The same alert in epoch 0, under a number that no handshake comes to (RFC 6347 §4.1). */
const clearFarewell = Uint8Array.of(21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0x0f, 0xf0, 0, 2, 2, 90);
/** user_canceled: nobody is to blame (RFC 5246 §7.2.2). */
const userCanceled = 90;
/** Sessions of a server that a restart offers. */
const mostSessions = 4;

/** Starts a run at once; throws a `RangeError` for a configuration that no endpoint could work with. */
export function startRun(spec: RunSpec): Run {
  return new DrivenRun(spec);
}

class DrivenRun implements Run {
  readonly header: TraceHeader;
  readonly finished: Promise<void>;
  readonly #spec: RunSpec;
  readonly #recorder: TraceRecorder;
  readonly #log: PathLog;
  readonly #link: Link;
  #side: Side;
  readonly #steps: StepRunner;
  /** What the server gave us, the newest first. */
  #sessions: readonly SessionTicket[] = [];
  readonly #startedAt: Instant;
  #resolve: () => void = () => {};
  #takeBack: () => void = () => {};
  #lastNow: Instant;
  #drainUntil: Instant | undefined;
  #closing = false;
  #leaving = false;
  #ended = false;
  #heard = 0;
  #refusals = 0;
  #bytes = 0;
  /** What the hand has for later. */
  readonly #later = new Set<() => void>();
  /** Datagrams that are on the link, by number: what it takes to deliver one. */
  readonly #origins = new Map<number, Address>();

  constructor(spec: RunSpec) {
    this.#spec = spec;
    this.header = spec.header;
    this.#recorder = spec.begun?.recorder ?? new TraceRecorder(spec.header);
    this.#log = spec.begun?.log ?? new PathLog(this.#recorder);
    this.#link = createLink(spec.rules, spec.seed);
    this.#lastNow = spec.clock.now();
    this.#startedAt = spec.begun?.at ?? this.#lastNow;
    this.finished = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    const { transport, config } = spec;
    this.#steps = new StepRunner(spec.steps ?? [], this.#stepHost());
    this.#side = this.#newSide(config);
    const at = this.#time(this.#lastNow);
    for (const event of announced(config)) this.#recorder.push({ ...event, at });
    transport.listen((event) => this.#hear(event));
    this.#side.handle({ kind: 'start' }, this.#lastNow);
    this.#proceed();
  }

  #newSide(config: EndpointConfig): Side {
    const { transport, crypto, random, echo } = this.#spec;
    return new Side(
      createEndpoint(config, { crypto, random, peer: transport.remote }),
      (event) => this.#recorder.push(event),
      ({ to, bytes, contents }) => this.#send(to, bytes, contents),
      // A signature takes its time: what the endpoint says and sends is stamped when it does, not when it was asked.
      () => this.#time(this.#current()),
      { keep: (session) => this.#keep(session), hear: (event, now) => this.#steps.hear(event, now), echo },
    );
  }

  #keep(session: SessionTicket): void {
    this.#sessions = [session, ...this.#sessions].slice(0, mostSessions);
    this.#spec.keep?.(session);
  }

  #stepHost(): StepHost {
    return {
      actor: this.#spec.config.role,
      connectedAt: () => this.#side.connectedAt,
      unacknowledged: () => this.#side.endpoint.unacknowledged,
      over: () => this.#side.over,
      mostData: (aboveMtu) => this.#side.endpoint.mostData(aboveMtu),
      give: (input, now) => this.#side.handle(input, now),
      restart: (resume, now) => this.#restart(resume, now),
      tell: (event) => this.#recorder.push(event),
      timeOf: () => this.#time(this.#current()),
    };
  }

  /** A new association on the same addresses; what still comes for the old one, the new one does not understand. */
  #restart(resume: boolean, now: Instant): boolean {
    const { config } = this.#spec;
    const offered = resume ? this.#sessions : [];
    this.#side = this.#newSide(resume ? { ...config, resume: offered } : config);
    this.#side.handle({ kind: 'start' }, now);
    return offered.length > 0;
  }

  subscribe(hear: (event: TraceEvent) => void): () => void {
    return this.#recorder.subscribe(hear);
  }

  stop(): void {
    if (this.#ended) return;
    if (this.#side.connectedAt === undefined || this.#side.over) {
      this.#end('cancelled', undefined);
      return;
    }
    // The handshake is decided; only the lingering is cut short, and the peer need not wait for us.
    const now = this.#current();
    this.#side.handle({ kind: 'close' }, now);
    this.#deliver();
    this.#end('done', 'stopped after the handshake');
  }

  #time(now: Instant): number {
    return now - this.#startedAt;
  }

  /** Time never runs backwards in a trace, whatever clock stamped a datagram. */
  #advance(at: Instant): Instant {
    if (at > this.#lastNow) this.#lastNow = at;
    return this.#lastNow;
  }

  #current(): Instant {
    return this.#advance(this.#spec.clock.now());
  }

  #hear(event: TransportEvent): void {
    if (this.#ended) return;
    switch (event.kind) {
      case 'datagram':
        this.#receive(event.bytes, event.from, this.#advance(event.at));
        break;
      case 'sent':
        break;
      case 'refused':
        this.#refusals++;
        this.#recorder.push({ kind: 'refused', at: this.#time(this.#current()), by: event.by, why: event.why });
        // Nobody is there, or nobody any more. A peer that answered may have closed its socket only after its last flight.
        if (this.#heard === 0 || this.#refusals > 1) this.#end('done', event.why);
        break;
      case 'too-big': {
        const now = this.#current();
        const text = `the system sends no datagram of more than ${event.size} bytes there`;
        this.#recorder.push({ kind: 'note', at: this.#time(now), text });
        this.#side.handle({ kind: 'too-big', size: event.size }, now);
        this.#proceed();
        break;
      }
      case 'unsent': {
        const text = `datagram ${event.packet} was not sent: ${event.why}`;
        this.#recorder.push({ kind: 'note', at: this.#time(this.#current()), text });
        break;
      }
      case 'path':
        this.#log.push(event.event, this.#time(this.#current()));
        break;
      case 'ended':
        this.#end('done', event.why);
        break;
      case 'gone':
        this.#end('interrupted', event.why);
        break;
      default:
        unreachable(event);
    }
  }

  #receive(bytes: Uint8Array, src: Address, now: Instant): void {
    this.#heard++;
    this.#bytes += bytes.length;
    this.#refusals = 0;
    if (this.#heard > runLimits.datagrams || this.#bytes > runLimits.bytes) {
      this.#end('done', 'more datagrams came than a run keeps');
      return;
    }
    const packet = this.#recorder.nextPacket();
    const { local: dst, remote } = this.#spec.transport;
    // Anybody may send to our socket; only the peer has the other role.
    const from = src === remote ? opposite(this.#side.actor) : undefined;
    const { length } = bytes;
    const at = this.#time(now);
    this.#recorder.push({ kind: 'datagram', at, packet, src, dst, from, bytes, length, contents: undefined });
    const held = this.#spec.hand?.incoming?.(bytes);
    if (held?.taken === false)
      this.#recorder.push({ kind: 'link', at, packet, action: { kind: 'lost' }, rule: heldBack });
    else {
      this.#origins.set(packet, src);
      this.#report(this.#link.offer({ direction: 'in', packet, bytes, contents: visibleContents(bytes) }, now));
    }
    this.#say(held?.say ?? [], remote);
    this.#proceed();
  }

  #send(to: Address, bytes: Uint8Array, contents: DatagramContents): Instant {
    const crafted = this.#leaving ? undefined : this.#spec.hand?.outgoing?.(bytes, contents);
    if (!crafted) return this.#put(to, bytes, contents);
    this.#say(crafted, to);
    return this.#current();
  }

  #say(crafted: readonly Crafted[], to: Address): void {
    for (const { bytes, contents, afterMs } of crafted) {
      if (afterMs === undefined) {
        this.#put(to, bytes, contents);
        continue;
      }
      const takeBack = this.#spec.clock.schedule(after(this.#current(), afterMs), () => {
        this.#later.delete(takeBack);
        if (this.#ended) return;
        this.#put(to, bytes, contents);
        this.#proceed();
      });
      this.#later.add(takeBack);
    }
  }

  #put(to: Address, bytes: Uint8Array, contents: DatagramContents | undefined): Instant {
    const now = this.#current();
    const packet = this.#recorder.nextPacket();
    this.#recorder.push({
      kind: 'datagram',
      at: this.#time(now),
      packet,
      src: this.#spec.transport.local,
      dst: to,
      from: this.#side.actor,
      bytes,
      length: bytes.length,
      contents,
    });
    if (this.#leaving) {
      // Whatever the link would have done to it: the experiment is over.
      this.#spec.transport.send(bytes, to, packet);
      return now;
    }
    this.#origins.set(packet, to);
    const seen = contents ? ownContents(contents) : visibleContents(bytes);
    this.#report(this.#link.offer({ direction: 'out', packet, bytes, contents: seen }, now));
    return now;
  }

  #report(events: readonly LinkEvent[]): void {
    for (const event of events) this.#recorder.push(linkFact(event, this.#time(this.#lastNow), this.#startedAt));
  }

  /** Delivers what is due by the last time that was read, wakes the endpoint, and sees whether the run is over. */
  #proceed(): void {
    this.#deliver();
    this.#side.wake(this.#lastNow);
    this.#deliver();
    this.#steps.proceed(this.#lastNow);
    this.#deliver();
    if (this.#ended) return;
    const now = this.#lastNow;
    // Whoever closes before the peer has our last flight leaves it without a handshake (RFC 9147 §5.8.1).
    // After steps there is nothing more to wait for, whatever came of the last.
    const waits = this.#side.endpoint.unacknowledged && this.#steps.settledAt === undefined;
    const connectedAt = waits ? undefined : (this.#side.connectedAt ?? this.#steps.settledAt);
    const deadline = after(this.#startedAt, this.#spec.timeoutMs);
    const lingered = connectedAt === undefined ? undefined : this.#lingered(connectedAt);
    const closeAt = lingered === undefined || this.#closing ? undefined : earlier(lingered, deadline);
    if (closeAt !== undefined && closeAt <= now && !this.#side.over) {
      this.#closing = true;
      this.#side.handle({ kind: 'close' }, now);
      this.#deliver();
    }
    const { afterCloseMs } = this.#spec;
    if ((this.#side.over && this.#steps.settled) || this.#closing)
      this.#drainUntil ??= after(now, afterCloseMs ?? drainMs);
    const settled = afterCloseMs === undefined && this.#link.next() === undefined;
    const drained = this.#drainUntil !== undefined && (settled || this.#drainUntil <= now);
    if (drained || deadline <= now) {
      this.#end('done', drained ? undefined : `the time of ${this.#spec.timeoutMs} ms was up`);
      return;
    }

    const open = this.#drainUntil === undefined;
    const next = [this.#link.next(), open ? this.#side.wait : undefined, open ? closeAt : this.#drainUntil];
    if (open) next.push(this.#steps.wait);
    const wakeAt = next.reduce<Instant | undefined>(earlier, deadline) ?? deadline;
    this.#takeBack();
    this.#takeBack = this.#spec.clock.schedule(wakeAt, () => {
      if (this.#ended) return;
      this.#current();
      this.#proceed();
    });
  }

  /** When a run that is established closes: after its steps, and after the last data that it sent back. */
  #lingered(connectedAt: Instant): Instant | undefined {
    if (!this.#steps.settled) return undefined;
    const lastData = this.#spec.echo ? this.#side.lastDataAt : undefined;
    const last = Math.max(connectedAt, this.#steps.settledAt ?? connectedAt, lastData ?? connectedAt) as Instant;
    return after(last, this.#spec.lingerMs);
  }

  #deliver(): void {
    // Only our own side can be told; the grammar refuses rules that would have to tell a real peer.
    for (const { direction, size } of this.#link.notices(this.#lastNow))
      if (direction === 'out') this.#side.handle({ kind: 'too-big', size }, this.#lastNow);
    // What the endpoint answers at once is due at once, when the link has no delay.
    for (let due = this.#link.take(this.#lastNow); due.length > 0 && !this.#ended; due = this.#link.take(this.#lastNow))
      for (const { direction, packet, bytes } of due) {
        const other = this.#origins.get(packet) ?? this.#spec.transport.remote;
        if (direction === 'out') this.#spec.transport.send(bytes, other, packet);
        else this.#side.handle({ kind: 'datagram', bytes, from: other }, this.#lastNow, packet);
        if (this.#ended) return;
      }
    if (this.#link.next() === undefined) this.#origins.clear();
  }

  #leave(): void {
    this.#leaving = true;
    this.#recorder.push({ kind: 'note', at: this.#time(this.#current()), text: farewellNote });
    const connected = this.#side.connectedAt !== undefined;
    this.#side.handle(connected ? { kind: 'close' } : { kind: 'abort', description: userCanceled }, this.#current());
    // Under keys that the peer may not have yet it would say nothing: once more in the clear.
    if (!connected && this.#heard > 0) this.#put(this.#spec.transport.remote, clearFarewell, undefined);
  }

  #end(how: 'done' | 'cancelled' | 'interrupted', why: string | undefined): void {
    if (this.#ended) return;
    if (this.#spec.farewell && !this.#side.over && how !== 'interrupted') this.#leave();
    this.#ended = true;
    this.#takeBack();
    for (const takeBack of this.#later) takeBack();
    const now = this.#current();
    this.#steps.cut(why ?? how, now);
    this.#recorder.push({ kind: 'end', at: this.#time(now), how, why });
    this.#spec.transport.close();
    this.#resolve();
  }
}

const opposite = (actor: Actor): Actor => (actor === 'client' ? 'server' : 'client');

/** The fingerprints that the peer's certificate is expected to have, as facts of time 0. */
export const announced = (config: EndpointConfig): TraceEvent[] =>
  config.trust.kind === 'any'
    ? []
    : config.trust.fingerprints.map(({ hash, value }) => ({
        kind: 'fingerprint',
        at: 0,
        of: opposite(config.role),
        hash,
        value,
      }));

/** What the link reported, on the trace's clock. */
export function linkFact(event: LinkEvent, at: number, startedAt: Instant): TraceEvent {
  return { kind: 'link', at, packet: event.packet, action: action(event, startedAt), rule: event.rule };
}

function action(event: LinkEvent, startedAt: Instant): LinkAction {
  switch (event.kind) {
    case 'lost':
      return { kind: 'lost' };
    case 'queue-full':
      return event.queue ? { kind: 'queue-full', queue: event.queue } : { kind: 'queue-full' };
    case 'queued':
      return { kind: 'queued', ms: event.ms, queue: event.queue, at: event.at - startedAt };
    case 'too-large': {
      const told = event.toldAt === undefined ? {} : { toldAt: event.toldAt - startedAt };
      return { kind: 'too-large', mtu: event.mtu, ...told };
    }
    case 'truncated':
      return { kind: 'truncated', to: event.to, at: event.at - startedAt };
    case 'delivered':
    case 'corrupted':
    case 'duplicated':
    case 'held-back':
      return { kind: event.kind, at: event.at - startedAt };
    default:
      return unreachable(event);
  }
}
