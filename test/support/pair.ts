/**
 * A client and a server endpoint on a virtual link, with a clock that jumps to whatever happens next: minutes of
 * retransmission take milliseconds. The link is a function from a datagram to what arrives of it; nothing here is random
 * unless a seed is given.
 */
import { webcrypto } from 'node:crypto';
import { Prng, type RandomSource } from '../../src/base/random.ts';
import { type Instant, instant } from '../../src/base/time.ts';
import { nodeProvider } from '../../src/crypto/node/index.ts';
import type { CryptoProvider } from '../../src/crypto/provider.ts';
import type {
  DatagramContents,
  EndpointConfig,
  EngineEvent,
  Failure,
  Input,
  InspectableEndpoint,
  Parameters,
  Role,
} from '../../src/engine/index.ts';
import { createEndpoint, defaultConfig } from '../../src/engine/index.ts';

/** A datagram that an endpoint sent. */
export interface Sent {
  readonly from: Role;
  /** Of all datagrams of both sides, from 0. */
  readonly index: number;
  /** Of this side's datagrams, from 0. */
  readonly nth: number;
  readonly at: number;
  /** The address it goes to: "client", "server", or somebody else, who is not there to hear it. */
  readonly to: string;
  readonly bytes: Uint8Array;
  readonly contents: DatagramContents;
}

/** What arrives of a datagram: nothing, itself, copies, or something else, each after so many ms (10 when not said). */
export type LinkRule = (sent: Sent) => readonly { readonly bytes: Uint8Array; readonly afterMs?: number }[];

export const faithful: LinkRule = ({ bytes }) => [{ bytes }];
/** Drops datagrams by their index. */
export const dropping =
  (...indices: readonly number[]): LinkRule =>
  (sent) =>
    indices.includes(sent.index) ? [] : faithful(sent);
export const duplicating: LinkRule = ({ bytes }) => [{ bytes }, { bytes }];
/** Loses each datagram with a probability. */
export function losing(probability: number, seed: number): LinkRule {
  const random = new Prng(seed);
  return (sent) => (random.float() < probability ? [] : faithful(sent));
}
/** Changes what arrives of the datagrams that match; the change may give `undefined` to drop it. */
export const mutating =
  (matches: (sent: Sent) => boolean, change: (bytes: Uint8Array) => Uint8Array | undefined): LinkRule =>
  (sent) => {
    if (!matches(sent)) return faithful(sent);
    const bytes = change(Uint8Array.from(sent.bytes));
    return bytes ? [{ bytes }] : [];
  };

/** Whether a datagram holds (part of) a handshake message, by number. */
export const carries = (sent: Pick<Sent, 'contents'>, message: number): boolean =>
  sent.contents.records.some(({ fragments }) => fragments.some((fragment) => fragment.message === message));

export interface PairOptions {
  readonly client?: Partial<EndpointConfig>;
  readonly server?: Partial<EndpointConfig>;
  readonly link?: LinkRule;
  /** Everything that one input makes an endpoint send arrives in reversed order. */
  readonly reversed?: boolean;
  readonly provider?: CryptoProvider;
  readonly random?: RandomSource;
  /** Client and server address, as the other side sees them. */
  readonly latencyMs?: number;
}

export class Side {
  readonly role: Role;
  readonly endpoint: InspectableEndpoint;
  readonly events: EngineEvent[] = [];
  readonly sent: Sent[] = [];
  /** Largest number of bytes seen held for an unproved peer. */
  mostHeld = 0;

  constructor(config: EndpointConfig, provider: CryptoProvider, random: RandomSource) {
    this.role = config.role;
    this.endpoint = createEndpoint(config, { crypto: provider, random, peer: 'server' });
  }

  of<K extends EngineEvent['kind']>(kind: K): Extract<EngineEvent, { kind: K }>[] {
    return this.events.filter((event): event is Extract<EngineEvent, { kind: K }> => event.kind === kind);
  }
  get parameters(): Parameters | undefined {
    return this.of('connected')[0]?.parameters;
  }
  get failure(): Failure | undefined {
    return this.of('failed')[0]?.failure;
  }
  get data(): string[] {
    return this.of('data').map(({ bytes }) => Buffer.from(bytes).toString());
  }
  /** Reasons of all drops, in order. */
  get drops(): string[] {
    return this.of('dropped').map(({ reason }) => reason);
  }
  get alerts(): string[] {
    return this.of('alert').map(({ direction, level, description }) => `${direction} ${level} ${description}`);
  }
  /** Flight numbers and attempts, in order of sending, each once. */
  get sendings(): string[] {
    return [...new Set(this.sent.map(({ contents }) => `${contents.flight}.${contents.attempt}`))];
  }
  get largest(): number {
    return Math.max(0, ...this.sent.map(({ bytes }) => bytes.length));
  }
}

/** What both ends have unless a test says otherwise. */
const config12 = (role: Role): EndpointConfig => ({ ...defaultConfig(role), versions: ['1.2'] });

const systemRandom: RandomSource = (length) => webcrypto.getRandomValues(new Uint8Array(length));

interface Arrival {
  readonly at: number;
  readonly order: number;
  readonly to: Side;
  readonly from: string;
  readonly bytes: Uint8Array;
}

export class Pair {
  readonly client: Side;
  readonly server: Side;
  /** Everything that was sent, by both. */
  readonly sent: Sent[] = [];
  readonly #options: PairOptions;
  #now = 0;
  #order = 0;
  #arrivals: Arrival[] = [];

  constructor(options: PairOptions = {}) {
    this.#options = options;
    const provider = options.provider ?? nodeProvider;
    const random = options.random ?? systemRandom;
    this.client = new Side({ ...config12('client'), ...options.client, role: 'client' }, provider, random);
    this.server = new Side({ ...config12('server'), ...options.server, role: 'server' }, provider, random);
  }

  get now(): Instant {
    return instant(this.#now);
  }

  /** Gives an endpoint an input and puts what it sends on the link. */
  input(side: Side, input: Input): void {
    side.endpoint.handle(input, this.now);
    side.mostHeld = Math.max(side.mostHeld, side.endpoint.held);
    this.#collect(side);
  }

  /** Starts both and runs until nothing is left to happen. */
  run(limitMs = 1_000_000): this {
    this.input(this.server, { kind: 'start' });
    this.input(this.client, { kind: 'start' });
    return this.settle(limitMs);
  }

  /** Runs until nothing is left to happen (or the clock has gone on by so much). */
  settle(limitMs = 1_000_000): this {
    const limit = this.#now + limitMs;
    for (;;) {
      this.#arrivals.sort((a, b) => a.at - b.at || a.order - b.order);
      const arrival = this.#arrivals[0];
      const deadlines = [this.client, this.server].map((side) => ({ side, at: deadlineOf(side) }));
      const timer = deadlines
        .filter((one): one is { side: Side; at: Instant } => one.at !== undefined)
        .sort((a, b) => a.at - b.at)[0];
      const next = Math.min(arrival?.at ?? Number.POSITIVE_INFINITY, timer?.at ?? Number.POSITIVE_INFINITY);
      if (next > limit) {
        if (next !== Number.POSITIVE_INFINITY) this.#now = limit;
        return this;
      }
      this.#now = Math.max(this.#now, next);
      if (arrival && arrival.at <= next) {
        this.#arrivals.shift();
        this.input(arrival.to, { kind: 'datagram', bytes: arrival.bytes, from: arrival.from });
      } else if (timer) this.input(timer.side, { kind: 'timeout' });
    }
  }

  /** Lets time go by in which nothing happens. */
  advance(ms: number): void {
    this.#now += ms;
  }

  send(side: Side, text: string): void {
    this.input(side, { kind: 'send', bytes: new TextEncoder().encode(text) });
  }

  /** Whether both are connected and agree on everything, keys included. */
  get agreed(): boolean {
    const secrets = [this.client, this.server].map(({ endpoint }) =>
      endpoint.exportKeyingMaterial('EXPORTER-test', undefined, 32),
    );
    const [ours, theirs] = secrets;
    return (
      this.client.endpoint.state === 'connected' &&
      this.server.endpoint.state === 'connected' &&
      ours !== undefined &&
      theirs !== undefined &&
      Buffer.from(ours).equals(theirs)
    );
  }

  /** For messages of failed assertions. */
  describe(): string {
    const tell = (side: Side): string =>
      `${side.role}: ${side.endpoint.state} ${JSON.stringify(side.failure) ?? ''} ${side.sendings.join(' ')}`;
    return `${tell(this.client)}\n${tell(this.server)}`;
  }

  #collect(side: Side): void {
    const burst: Sent[] = [];
    for (;;) {
      const output = side.endpoint.poll();
      if (output.kind === 'wait') break;
      if (output.kind === 'event') side.events.push(output.event);
      else {
        const sent: Sent = {
          from: side.role,
          index: this.sent.length,
          nth: side.sent.length,
          at: this.#now,
          to: output.to,
          bytes: output.bytes,
          contents: output.contents,
        };
        this.sent.push(sent);
        side.sent.push(sent);
        burst.push(sent);
      }
    }
    const link = this.#options.link ?? faithful;
    const to = side === this.client ? this.server : this.client;
    for (const sent of this.#options.reversed ? burst.reverse() : burst) {
      if (sent.to !== to.role) continue;
      for (const { bytes, afterMs } of link(sent))
        this.#arrivals.push({
          at: this.#now + (afterMs ?? this.#options.latencyMs ?? 10),
          order: this.#order++,
          to,
          from: side.role,
          bytes,
        });
    }
  }
}

/** A handshake that must come to its end, and did. */
export function completed(options: PairOptions): Pair {
  const pair = new Pair(options).run();
  if (!pair.agreed) throw new Error(pair.describe());
  return pair;
}

/** Starts both ends and lets so many ms go by. */
export function started(options: PairOptions, ms: number): Pair {
  const pair = new Pair(options);
  pair.input(pair.server, { kind: 'start' });
  pair.input(pair.client, { kind: 'start' });
  return pair.settle(ms);
}

/** Gives an end a datagram, from the other end unless said otherwise. */
export const give = (
  pair: Pair,
  to: Role,
  bytes: Uint8Array,
  from: string = to === 'client' ? 'server' : 'client',
): void => pair.input(pair[to], { kind: 'datagram', bytes, from });

function deadlineOf(side: Side): Instant | undefined {
  const output = side.endpoint.poll();
  if (output.kind !== 'wait') throw new Error('an output was left behind');
  return output.until;
}
