/**
 * Does a run's steps after the handshake, one after the other: begins the next when the association is up, sees from what
 * the endpoint says whether it is done, and says so in the trace. It has no clock and no endpoint of its own, so that a run
 * over a network and a simulation do the same. A step that fails does not end the others: whether an association lives on
 * after it is what somebody may want to know.
 */
import { equal, utf8 } from '../base/bytes.ts';
import { after, earlier, type Instant } from '../base/time.ts';
import { unreachable } from '../base/unreachable.ts';
import type { EngineEvent, Input } from '../engine/api.ts';
import { formatStep, type Payload, type Step } from '../scenario/index.ts';
import type { Actor, TraceEvent, TraceTime } from '../trace/model.ts';
import type { StepDone, StepFailed } from '../trace/stepFacts.ts';

/** What steps need of the side that they are done on. */
export interface StepHost {
  readonly actor: Actor;
  /** When the handshake of this moment was complete; undefined before, and in a new one that is not. */
  connectedAt(): Instant | undefined;
  /** Something that completes it waits for its ACK. */
  unacknowledged(): boolean;
  /** It failed, or either end closed. */
  over(): boolean;
  mostData(aboveMtu: boolean): number | undefined;
  give(input: Input, now: Instant): void;
  /** Puts a new association in the place of this one, and begins; answers whether it offers a session. */
  restart(resume: boolean, now: Instant): boolean;
  tell(event: TraceEvent): void;
  timeOf(now: Instant): TraceTime;
}

/** Data that came and that no step has taken yet; of more, the oldest is forgotten. */
const mostKept = 1000;
const mostKeptBytes = 4 * 1024 * 1024;

interface Received {
  readonly bytes: Uint8Array;
  readonly at: Instant;
}

interface Current {
  readonly number: number;
  readonly step: Step;
  readonly began: Instant;
  /** Until when what it waits for has to come. */
  readonly deadline: Instant | undefined;
  /** What a send waits for. */
  readonly echo: Uint8Array | undefined;
  readonly offered: boolean;
  /** Data records that came while it lasted. */
  records: number;
  bytes: number;
}

type End =
  | { readonly state: 'done'; readonly result: StepDone }
  | { readonly state: 'failed'; readonly result: StepFailed };
const done = (result: StepDone): End => ({ state: 'done', result });
const failed = (result: StepFailed): End => ({ state: 'failed', result });

export class StepRunner {
  readonly #steps: readonly Step[];
  readonly #host: StepHost;
  #next = 0;
  #current: Current | undefined;
  #settledAt: Instant | undefined;
  #inbox: Received[] = [];
  #inboxBytes = 0;
  /** Of the association as it is. */
  #version: string | undefined;
  #resumed = false;
  #ownEpoch: number | undefined;
  #peerEpoch: number | undefined;
  #closeAnswered = false;
  /** Why there is no association any more. */
  #overBecause: string | undefined;
  /** A step closed it, which is no surprise to the next. */
  #closed = false;

  constructor(steps: readonly Step[], host: StepHost) {
    this.#steps = steps;
    this.#host = host;
  }

  /** Whether nothing is left to be done, because all was, or because there never was an association to do it in. */
  get settled(): boolean {
    if (this.#steps.length === 0 || this.#settledAt !== undefined) return true;
    return this.#next === 0 && this.#host.over() && this.#host.connectedAt() === undefined;
  }
  /** When the last step was over; undefined before, and where there is none. */
  get settledAt(): Instant | undefined {
    return this.#settledAt;
  }
  /** When it wants `proceed` to be called, whatever comes. */
  get wait(): Instant | undefined {
    return this.#current?.deadline;
  }

  /** Takes what the endpoint says; nothing is done about it before `proceed`. */
  hear(event: EngineEvent, now: Instant): void {
    switch (event.kind) {
      case 'connected':
        this.#version = event.parameters.version;
        this.#resumed = event.parameters.resumed === true;
        break;
      case 'data':
        this.#take(event.bytes, now);
        break;
      case 'keys-changed':
        if (event.by === 'us') this.#ownEpoch = event.epoch;
        else this.#peerEpoch = event.epoch;
        break;
      case 'alert':
        if (event.direction === 'received' && event.description === closeNotify) this.#closeAnswered = true;
        break;
      case 'closed':
        this.#overBecause ??= event.by === 'peer' ? 'the peer closed the association' : 'the association is closed';
        break;
      case 'failed':
        if (event.failure.code !== 'misuse') this.#overBecause ??= `the association failed: ${event.failure.code}`;
        break;
    }
  }

  /** Ends what is decided by now, and begins what may begin. */
  proceed(now: Instant): void {
    while (!this.settled) {
      if (!this.#current && !this.#begin(now)) return;
      const current = this.#current;
      // What could not even be begun is over already.
      if (!current) continue;
      const end = this.#endOf(current, now);
      if (!end) return;
      this.#end(current, end, now);
    }
  }

  /** The run is over, whatever was under way. */
  cut(why: string, now: Instant): void {
    if (this.#current) this.#end(this.#current, failed({ kind: 'cut-short', why }), now);
  }

  #take(bytes: Uint8Array, at: Instant): void {
    this.#inbox.push({ bytes, at });
    this.#inboxBytes += bytes.length;
    while (this.#inbox.length > mostKept || this.#inboxBytes > mostKeptBytes)
      this.#inboxBytes -= this.#inbox.shift()?.bytes.length ?? 0;
    if (!this.#current) return;
    this.#current.records++;
    this.#current.bytes += bytes.length;
  }

  /** The first data that is meant, taken out of what came. */
  #find(meant: (received: Received) => boolean): Received | undefined {
    const at = this.#inbox.findIndex(meant);
    const [found] = at < 0 ? [] : this.#inbox.splice(at, 1);
    this.#inboxBytes -= found?.bytes.length ?? 0;
    return found;
  }

  /** What came since then and is what was sent, taken out of it: in one record, or cut into several, as some servers do. */
  #findEcho(sent: Uint8Array, since: Instant): { readonly at: Instant; readonly records: number } | undefined {
    for (const [from, { at }] of this.#inbox.entries()) {
      if (at < since) continue;
      let length = 0;
      for (let to = from; to < this.#inbox.length && length < sent.length; to++) {
        const { bytes, at: cameAt } = this.#inbox[to] ?? { bytes: nothing, at };
        if (!equal(bytes, sent.subarray(length, length + bytes.length))) break;
        length += bytes.length;
        if (length < sent.length) continue;
        const records = to - from + 1;
        this.#inbox.splice(from, records);
        this.#inboxBytes -= length;
        return { at: cameAt, records };
      }
    }
    return undefined;
  }

  get #alive(): boolean {
    return this.#host.connectedAt() !== undefined && !this.#host.over();
  }

  /** Whoever sends before the peer has our last flight may send to nobody. */
  get #ready(): boolean {
    return this.#alive && !this.#host.unacknowledged();
  }

  #begin(now: Instant): boolean {
    const step = this.#steps[this.#next];
    if (!step) return false;
    const lost = this.#host.over() && this.#host.connectedAt() !== undefined;
    if (this.#next === 0 && !this.#ready && !lost) return false;
    const number = ++this.#next;
    this.#tell(number, step, { state: 'begun' }, now);
    const echo = step.kind === 'send' ? bytesOf(step.payload, number) : undefined;
    const ms = msOf(step);
    const deadline = ms === undefined ? undefined : after(now, ms);
    const base = { number, step, began: now, deadline, echo, records: 0, bytes: 0 };
    const early = this.#refused(step, echo);
    this.#current = { ...base, offered: false };
    if (early) this.#end(this.#current, early, now);
    else this.#current = { ...base, offered: this.#act(step, echo, now) };
    return true;
  }

  /** Why a step can't even be begun. */
  #refused(step: Step, bytes: Uint8Array | undefined): End | undefined {
    if (step.kind === 'restart') return this.#host.actor === 'client' ? undefined : failed({ kind: 'not-client' });
    if (step.kind === 'idle' && this.#closed) return undefined;
    if (!this.#alive) return failed({ kind: 'over', why: this.#overBecause ?? 'no handshake is complete' });
    if (step.kind === 'key-update' && this.#version !== '1.3')
      return failed({ kind: 'no-key-update', version: this.#version ?? '' });
    if (step.kind !== 'send' || !bytes) return undefined;
    const most = this.#host.mostData(step.aboveMtu) ?? 0;
    return bytes.length > most ? failed({ kind: 'too-large', bytes: bytes.length, most }) : undefined;
  }

  /** Does what the step says; answers whether a session is offered. */
  #act(step: Step, bytes: Uint8Array | undefined, now: Instant): boolean {
    switch (step.kind) {
      case 'send':
        if (bytes) this.#host.give({ kind: 'send', bytes, ...(step.aboveMtu && { aboveMtu: true }) }, now);
        return false;
      case 'key-update':
        [this.#ownEpoch, this.#peerEpoch] = [undefined, undefined];
        this.#host.give({ kind: 'key-update', request: step.ask }, now);
        return false;
      case 'restart':
        [this.#overBecause, this.#closed, this.#version] = [undefined, false, undefined];
        // What is left of the association before is nobody's.
        [this.#inbox, this.#inboxBytes] = [[], 0];
        return this.#host.restart(step.resume, now);
      case 'close':
        this.#closeAnswered = false;
        this.#closed = true;
        this.#host.give({ kind: 'close' }, now);
        return false;
      case 'wait':
      case 'idle':
        return false;
      default:
        return unreachable(step);
    }
  }

  /** How a step ends, once that is decided. */
  #endOf(current: Current, now: Instant): End | undefined {
    const { step, began, deadline, records, bytes } = current;
    const ms = now - began;
    const late = deadline !== undefined && deadline <= now;
    const over = this.#host.over() ? failed({ kind: 'over', why: this.#overBecause ?? 'it ended' }) : undefined;
    switch (step.kind) {
      case 'send': {
        const sent = current.echo ?? nothing;
        if (step.echoMs === undefined) return done({ kind: 'sent', bytes: sent.length });
        const back = this.#findEcho(sent, began);
        if (back) return done({ kind: 'echoed', bytes: sent.length, records: back.records, ms: back.at - began });
        const none = { kind: 'no-echo', bytes: sent.length, withinMs: step.echoMs, others: records } as const;
        return over ?? (late ? failed(none) : undefined);
      }
      case 'wait': {
        const { payload } = step;
        const came = this.#find((one) => payload === undefined || fits(payload, one.bytes));
        // What came before it was asked for took no time.
        if (came) return done({ kind: 'received', bytes: came.bytes.length, ms: Math.max(0, came.at - began) });
        return over ?? (late ? failed({ kind: 'no-data', withinMs: step.ms, others: records }) : undefined);
      }
      case 'key-update': {
        const [epoch, peerEpoch] = [this.#ownEpoch, this.#peerEpoch];
        if (epoch !== undefined && (!step.ask || peerEpoch !== undefined))
          return done({ kind: 'updated', epoch, ms, peerEpoch: step.ask ? peerEpoch : undefined });
        const kind = epoch === undefined ? 'unacknowledged' : 'keys-kept';
        return over ?? (late ? failed({ kind, withinMs: step.withinMs }) : undefined);
      }
      case 'idle':
        if (over && !this.#closed) return over;
        return late ? done({ kind: 'idled', ms: step.ms, records, bytes }) : undefined;
      case 'restart':
        if (this.#ready) return done({ kind: 'restarted', ms, offered: current.offered, resumed: this.#resumed });
        return over ?? (late ? failed({ kind: 'no-handshake', withinMs: step.withinMs }) : undefined);
      case 'close':
        if (step.answerMs === undefined) return done({ kind: 'closed' });
        if (this.#closeAnswered) return done({ kind: 'answered', ms });
        return late ? failed({ kind: 'no-answer', withinMs: step.answerMs }) : undefined;
      default:
        return unreachable(step);
    }
  }

  #end({ number, step }: Current, end: End, now: Instant): void {
    this.#current = undefined;
    this.#tell(number, step, end, now);
    if (number === this.#steps.length) this.#settledAt = now;
  }

  #tell(number: number, step: Step, state: { readonly state: 'begun' } | End, now: Instant): void {
    const { actor } = this.#host;
    const head = { kind: 'step', at: this.#host.timeOf(now), actor, number, count: this.#steps.length } as const;
    this.#host.tell({ ...head, step: formatStep(step), ...state });
  }
}

const closeNotify = 0;
const nothing = new Uint8Array(0);

/** How long a step may take; undefined for what is done at once. ms */
function msOf(step: Step): number | undefined {
  switch (step.kind) {
    case 'send':
      return step.echoMs;
    case 'wait':
    case 'idle':
      return step.ms;
    case 'key-update':
    case 'restart':
      return step.withinMs;
    case 'close':
      return step.answerMs;
    default:
      return unreachable(step);
  }
}

/**
 * What a step sends. A pattern is another for each step, so that a late echo is not taken for that of the next; and it is a line
 * of text, because there are echo servers that answer lines.
 */
function bytesOf(payload: Payload, number: number): Uint8Array {
  if (payload.kind === 'text') return utf8(payload.text);
  const line = `${number} ${patternLetters}`;
  const { length } = payload;
  return utf8(`${line.repeat(Math.ceil(length / line.length)).slice(0, length - 1)}\n`);
}

const patternLetters = '0123456789abcdefghijklmnopqrstuvwxyz ';

const fits = (payload: Payload, bytes: Uint8Array): boolean =>
  payload.kind === 'bytes' ? bytes.length === payload.length : equal(bytes, utf8(payload.text));

/** When steps, or anything else, want to be woken. */
export const earliest = (...times: readonly (Instant | undefined)[]): Instant | undefined =>
  times.reduce<Instant | undefined>(earlier, undefined);
