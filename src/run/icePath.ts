/**
 * ICE on sockets and a clock: what the agent says becomes facts of the trace; once a pair works, the peer behind it is a
 * transport. DTLS that comes before that waits, bounded; other payloads are none of ours (RFC 7983).
 */
import type { Instant } from '../base/time.ts';
import { unreachable } from '../base/unreachable.ts';
import type { IceAgent, IceEvent, IceFailure, IceInput, LocalCandidate, RemoteCandidate } from '../ice/api.ts';
import type { Visitor } from '../ice/doorstep.ts';
import type { Address } from '../trace/model.ts';
import type { IceFact } from '../trace/pathFacts.ts';
import { Alarm } from './alarm.ts';
import type { Clock, PathNews, Transport, TransportEvent } from './api.ts';
import type { IceBases } from './iceBases.ts';

export interface IcePathSpec {
  readonly agent: IceAgent;
  readonly bases: IceBases;
  readonly clock: Clock;
  readonly tell: (news: PathNews) => void;
  /** A candidate of ours that was not there before. */
  readonly candidate?: ((candidate: LocalCandidate) => void) | undefined;
  /** No STUN server is waited for any more. */
  readonly gathered?: (() => void) | undefined;
  readonly ready: (transport: Transport, rttMs: number | undefined) => void;
  readonly failed: (why: string) => void;
}

/** Datagrams of DTLS that wait for the path. */
const mostEarly = 32;

export class IcePath {
  readonly #spec: IcePathSpec;
  readonly #agent: IceAgent;
  readonly #early: { readonly bytes: Uint8Array; readonly at: Instant }[] = [];
  readonly #alarm: Alarm;
  #end: IceTransport | undefined;
  #busy = false;
  #over = false;
  #looking = false;

  constructor(spec: IcePathSpec) {
    this.#spec = spec;
    this.#agent = spec.agent;
    this.#alarm = new Alarm(spec.clock, () => this.#feed({ kind: 'timeout' }));
    spec.bases.listen((news) => {
      switch (news.kind) {
        case 'datagram':
          this.#feed({ kind: 'datagram', bytes: news.bytes, from: news.from, on: news.on }, news.at);
          break;
        case 'base':
          this.#feed({ kind: 'base', base: news.base });
          break;
        case 'too-big':
          this.#end?.tell(news);
          break;
        case 'lost':
          if (news.left === 0) this.#stop(`${news.by}: ${news.why}`);
          break;
        default:
          unreachable(news);
      }
    });
  }

  start(): void {
    this.#feed({ kind: 'start' });
  }
  remote(ufrag: string, pwd: string, lite: boolean): void {
    this.#feed({ kind: 'remote', credentials: { ufrag, pwd }, lite });
  }
  remoteCandidate(candidate: RemoteCandidate): void {
    const { address, port, type } = candidate;
    this.#tell({
      ...{ kind: 'candidate', of: 'peers', type, base: undefined, via: undefined },
      address: address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`,
    });
    this.#feed({ kind: 'remote-candidate', candidate });
  }
  /** What came before the peer's description did. */
  visitor({ bytes, from, on, answered }: Visitor): void {
    this.#feed({ kind: 'datagram', bytes, from, on, answered });
  }
  /** From now on a path that works counts. Before, the peer's description is not all read yet. */
  look(): void {
    this.#looking = true;
    this.#see();
  }
  /** Nobody waits any more: what was found out until now is the reason. */
  giveUp(): void {
    this.#feed({ kind: 'give-up' });
  }
  close(): void {
    if (!this.#over) this.#feed({ kind: 'close' });
    this.#over = true;
    this.#alarm.set(undefined);
    // Whoever closes because of what just came in has said its last word a moment ago: that still goes out.
    if (!this.#busy) this.#spec.bases.close();
  }

  /** Somebody else's fact of the same path: where it belongs depends on whether the driver records already. */
  pass(news: PathNews): void {
    if (this.#end) this.#end.tell({ kind: 'path', event: news });
    else this.#spec.tell(news);
  }

  #feed(input: IceInput, at: Instant = this.#spec.clock.now()): void {
    if (this.#over) return;
    this.#agent.handle(input, at);
    // What a hearer does at once ends up here again; the outer loop takes its outputs in order.
    if (this.#busy) return;
    this.#busy = true;
    try {
      this.#drain(at);
    } finally {
      this.#busy = false;
    }
    if (this.#over) this.#spec.bases.close();
    this.#see();
  }

  #drain(at: Instant): void {
    for (;;) {
      const output = this.#agent.poll();
      switch (output.kind) {
        case 'transmit':
          this.#spec.bases.send(output.base, output.to, output.bytes);
          break;
        case 'payload':
          if (output.protocol === 'dtls') this.#dtls(output.bytes, output.from, output.known, at);
          break;
        case 'event':
          this.#event(output.event);
          break;
        case 'wait':
          this.#alarm.set(this.#over ? undefined : output.until);
          return;
        default:
          unreachable(output);
      }
    }
  }

  /** Any pair that works will do to begin with; the agent changes to a better one by itself (RFC 8445 §12). */
  #see(): void {
    const { route, rtt } = this.#agent;
    if (this.#end || !this.#looking || this.#over || !route) return;
    const send = (bytes: Uint8Array): void => this.#feed({ kind: 'send', bytes });
    const end = new IceTransport(route.base, route.remote, this.#spec.clock, send, () => this.close());
    this.#end = end;
    this.#spec.bases.settle(route.base, route.remote);
    for (const { bytes, at } of this.#early.splice(0)) end.tell({ kind: 'datagram', bytes, from: end.remote, at });
    this.#spec.ready(end, rtt);
  }

  #dtls(bytes: Uint8Array, from: Address, known: boolean, at: Instant): void {
    if (!known) {
      this.#tell({
        ...{ kind: 'dropped', reason: 'stranger', from },
        detail: `${bytes.length} bytes of DTLS from an address that no ICE check has proved`,
      });
      return;
    }
    // Whichever pair it came over, it is the peer's: checks have proved the address.
    if (this.#end) this.#end.tell({ kind: 'datagram', bytes, from: this.#end.remote, at });
    else if (this.#early.length < mostEarly) this.#early.push({ bytes: Uint8Array.from(bytes), at });
  }

  #tell(fact: IceFact): void {
    this.pass({ kind: 'ice', fact });
  }

  #event(event: IceEvent): void {
    const fact = factOf(event);
    if (fact) this.#tell(fact);
    if (event.kind === 'candidate') this.#spec.candidate?.(event.candidate);
    else if (event.kind === 'gathered') this.#spec.gathered?.();
    else if (event.kind === 'selected') this.#spec.bases.settle(event.pair.base, event.pair.remote);
    else if (event.kind === 'failed') this.#stop(`ICE failed: ${event.failure.code}`);
  }

  #stop(why: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#alarm.set(undefined);
    if (this.#end) this.#end.tell({ kind: 'ended', why });
    else this.#spec.failed(why);
    if (!this.#busy) this.#spec.bases.close();
  }
}

/** To the peer, over whichever pair ICE has chosen. Its addresses are those of the pair that worked first. */
class IceTransport implements Transport {
  readonly local: Address;
  readonly remote: Address;
  readonly #clock: Clock;
  readonly #send: (bytes: Uint8Array) => void;
  readonly #close: () => void;
  #hear: ((event: TransportEvent) => void) | undefined;
  #early: TransportEvent[] = [];

  constructor(local: Address, remote: Address, clock: Clock, send: (bytes: Uint8Array) => void, close: () => void) {
    this.local = local;
    this.remote = remote;
    this.#clock = clock;
    this.#send = send;
    this.#close = close;
  }

  send(bytes: Uint8Array, _to: Address, packet: number): void {
    this.#send(bytes);
    this.tell({ kind: 'sent', packet, at: this.#clock.now() });
  }

  listen(hear: (event: TransportEvent) => void): void {
    this.#hear = hear;
    for (const event of this.#early.splice(0)) hear(event);
  }

  close(): void {
    this.#close();
  }

  tell(event: TransportEvent): void {
    if (this.#hear) this.#hear(event);
    else this.#early.push(event);
  }
}

/** What the trace keeps of an agent's word. */
function factOf(event: IceEvent): IceFact | undefined {
  switch (event.kind) {
    case 'candidate': {
      const { kind: type, address, base, server } = event.candidate;
      return { kind: 'candidate', of: 'ours', type, address, base, via: server };
    }
    case 'gathered':
      return undefined;
    case 'skipped': {
      const { address, port } = event.candidate;
      return { kind: 'skipped', address: `${address}:${port}`.slice(0, 300), why: event.why };
    }
    case 'pair':
      return { kind: 'pair', ...event.pair, state: event.state, because: event.because };
    case 'selected':
      return {
        ...{ kind: 'selected', ...event.pair },
        beforeBase: event.before?.base,
        beforeRemote: event.before?.remote,
      };
    case 'rtt':
      return { kind: 'rtt', ...event.pair, ms: event.ms };
    case 'stun': {
      const { kind, direction, base, peer, class: cls, transaction, purpose, attempt, useCandidate, error } = event;
      return {
        ...{ kind, direction, base, peer, class: cls, transaction, purpose, attempt, useCandidate },
        ...{ error: error?.number, reason: error?.reason },
      };
    }
    case 'failed':
      return failedFact(event.failure);
    case 'gathering-failed':
    case 'peer-reflexive':
    case 'state':
    case 'role':
    case 'dropped':
      return event;
    default:
      return unreachable(event);
  }
}

function failedFact(failure: IceFailure): IceFact {
  const { code, pairs, checksSent, checksReceived, payloads } = failure;
  return {
    ...{ kind: 'failed', code, pairs, checksSent, checksReceived, payloads },
    number: failure.code === 'refused' ? failure.number : undefined,
    reason: reasonOf(failure),
  };
}

function reasonOf(failure: IceFailure): string | undefined {
  switch (failure.code) {
    case 'refused':
      return failure.reason;
    case 'bad-checks':
      return failure.why;
    case 'non-symmetric':
      return `${failure.asked} was asked, ${failure.from} answers`;
    default:
      return undefined;
  }
}
