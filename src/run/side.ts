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

export class Side {
  readonly endpoint: Endpoint;
  readonly actor: Actor;
  readonly #tell: (event: TraceEvent) => void;
  readonly #transmit: (transmission: Transmission, now: Instant) => Instant;
  readonly #timeOf: (now: Instant) => TraceTime;
  readonly #keep: (session: SessionTicket) => void;
  #wait: Instant | undefined;
  #connectedAt: Instant | undefined;
  #over = false;

  /** `transmit` answers when the datagram left, which is later than it was asked for where signing takes time. */
  constructor(
    endpoint: Endpoint,
    tell: (event: TraceEvent) => void,
    transmit: (transmission: Transmission, now: Instant) => Instant,
    timeOf: (now: Instant) => TraceTime,
    keep: (session: SessionTicket) => void = () => {},
  ) {
    this.endpoint = endpoint;
    this.actor = endpoint.role;
    this.#tell = tell;
    this.#transmit = transmit;
    this.#timeOf = timeOf;
    this.#keep = keep;
  }

  /** When the endpoint wants to be woken. */
  get wait(): Instant | undefined {
    return this.#wait;
  }
  get connectedAt(): Instant | undefined {
    return this.#connectedAt;
  }
  /** It failed, or either end closed. */
  get over(): boolean {
    return this.#over;
  }

  /** Feeds one input. `packet` is the number of the datagram in it, for what the endpoint drops of it. */
  handle(input: Input, now: Instant, packet?: number): void {
    this.endpoint.handle(input, now);
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
          return;
        default:
          unreachable(output);
      }
    }
  }

  /** Wakes the endpoint if its time has come. */
  wake(now: Instant): void {
    if (this.#wait !== undefined && this.#wait <= now) this.handle({ kind: 'timeout' }, now);
  }

  #event(event: EngineEvent, now: Instant, packet: number | undefined): void {
    if (event.kind === 'connected') this.#connectedAt = now;
    if (event.kind === 'ticket') this.#keep(event.ticket);
    // Misuse leaves the association as it was.
    if (event.kind === 'closed' || (event.kind === 'failed' && event.failure.code !== 'misuse')) this.#over = true;
    const fact = factOf(event, this.actor, this.#timeOf(now), packet);
    if (fact) this.#tell(fact);
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
    case 'peer-certificate':
    case 'data':
    case 'ticket':
      return undefined;
    default:
      return unreachable(event);
  }
}
