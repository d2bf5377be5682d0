/**
 * One endpoint and its trace: every input is followed by polling until the endpoint waits, and whatever it says becomes a
 * fact of the trace in that order. Nothing here knows where datagrams go.
 */
import type { Instant } from '../base/time.ts';
import { unreachable } from '../base/unreachable.ts';
import type { DatagramContents, Endpoint, EngineEvent, Input, PeerAddress, SessionTicket } from '../engine/api.ts';
import type { Actor, TraceEvent, TraceTime } from '../trace/model.ts';

export interface Transmission {
  readonly to: PeerAddress;
  readonly bytes: Uint8Array;
  readonly contents: DatagramContents;
}

/** What somebody wants of a side beside its trace. */
export interface SideOptions {
  /** Takes the sessions that a server gives us. */
  readonly keep?: ((session: SessionTicket) => void) | undefined;
  /** Hears everything that the endpoint says, behind the trace. */
  readonly hear?: ((event: EngineEvent, now: Instant) => void) | undefined;
  /** Application data goes back to where it came from. */
  readonly echo?: boolean | undefined;
}

export class Side {
  readonly endpoint: Endpoint;
  readonly actor: Actor;
  readonly #tell: (event: TraceEvent) => void;
  readonly #transmit: (transmission: Transmission, now: Instant) => Instant;
  readonly #timeOf: (now: Instant) => TraceTime;
  readonly #options: SideOptions;
  /** Data that is to go back. */
  #echoes: Uint8Array[] = [];
  #lastDataAt: Instant | undefined;
  #wait: Instant | undefined;
  #connectedAt: Instant | undefined;
  #over = false;

  /** `transmit` answers when the datagram left, which is later than it was asked for where signing takes time. */
  constructor(
    endpoint: Endpoint,
    tell: (event: TraceEvent) => void,
    transmit: (transmission: Transmission, now: Instant) => Instant,
    timeOf: (now: Instant) => TraceTime,
    options: SideOptions = {},
  ) {
    this.endpoint = endpoint;
    this.actor = endpoint.role;
    this.#tell = tell;
    this.#transmit = transmit;
    this.#timeOf = timeOf;
    this.#options = options;
  }

  /** When the endpoint wants to be woken. */
  get wait(): Instant | undefined {
    return this.#wait;
  }
  get connectedAt(): Instant | undefined {
    return this.#connectedAt;
  }
  /** When application data came last. */
  get lastDataAt(): Instant | undefined {
    return this.#lastDataAt;
  }
  /** It failed, or either end closed. */
  get over(): boolean {
    return this.#over;
  }

  /** Feeds one input. `packet` is the number of the datagram in it, for what the endpoint drops of it. */
  handle(input: Input, now: Instant, packet?: number): void {
    this.#give(input, now);
    let sentAt = now;
    for (;;) {
      const output = this.endpoint.poll();
      switch (output.kind) {
        case 'transmit':
          sentAt = this.#transmit(output, now);
          break;
        case 'event':
          this.#event(output.event, now, packet);
          break;
        case 'wait':
          if (sentAt > now) {
            this.handle({ kind: 'sent' }, sentAt, packet);
            return;
          }
          this.#wait = output.until;
          if (!this.#echo(now)) return;
          break;
        default:
          unreachable(output);
      }
    }
  }

  #give(input: Input, now: Instant): void {
    if (input.kind === 'send') {
      const { length } = input.bytes;
      this.#tell({ kind: 'data', at: this.#timeOf(now), actor: this.actor, direction: 'sent', length });
    }
    this.endpoint.handle(input, now);
  }

  /** Sends the oldest of what is to go back; false when there is none. */
  #echo(now: Instant): boolean {
    const bytes = this.#echoes.shift();
    if (!bytes) return false;
    // It came in one record, and goes back in one, however large that was.
    const most = this.endpoint.mostData(true);
    if (most !== undefined && bytes.length <= most) this.#give({ kind: 'send', bytes, aboveMtu: true }, now);
    else if (most !== undefined) {
      const text = `${bytes.length} bytes were not sent back: the peer takes ${most} in a record`;
      this.#tell({ kind: 'note', at: this.#timeOf(now), text });
    }
    return true;
  }

  /** Wakes the endpoint if its time has come. */
  wake(now: Instant): void {
    if (this.#wait !== undefined && this.#wait <= now) this.handle({ kind: 'timeout' }, now);
  }

  #event(event: EngineEvent, now: Instant, packet: number | undefined): void {
    if (event.kind === 'connected') this.#connectedAt = now;
    if (event.kind === 'ticket') this.#options.keep?.(event.ticket);
    if (event.kind === 'data') {
      this.#lastDataAt = now;
      if (this.#options.echo) this.#echoes.push(event.bytes);
    }
    // Misuse leaves the association as it was.
    if (event.kind === 'closed' || (event.kind === 'failed' && event.failure.code !== 'misuse')) this.#over = true;
    const fact = factOf(event, this.actor, this.#timeOf(now), packet);
    if (fact) this.#tell(fact);
    this.#options.hear?.(event, now);
  }
}

/** What an endpoint said, as the trace keeps it; nothing for what is in the datagrams anyway, since facts stand there once. */
function factOf(event: EngineEvent, actor: Actor, at: TraceTime, packet: number | undefined): TraceEvent | undefined {
  switch (event.kind) {
    case 'state':
    case 'timer':
    case 'alert':
    case 'connected':
    case 'failed':
    case 'closed':
      return { ...event, at, actor };
    case 'secret':
      return { ...event, at };
    case 'dropped': {
      const { reason, at: offset, detail } = event;
      return { kind: 'dropped', at, actor, packet, reason, offset, detail };
    }
    case 'unverified-hello':
      return {
        kind: 'note',
        at,
        text: `kept ${event.bytes} of ${event.total} bytes of a ClientHello from ${event.from}, whose address is not proved yet`,
      };
    case 'data':
      return { kind: 'data', at, actor, direction: 'received', length: event.bytes.length };
    case 'peer-certificate':
    case 'keys-changed':
    case 'ticket':
      return undefined;
    default:
      return unreachable(event);
  }
}
