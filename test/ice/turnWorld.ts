/** A TURN client, its server and peers on a network without delay, on a clock that jumps. */
import { fromUtf8, utf8 } from '../../src/base/bytes.ts';
import { Prng } from '../../src/base/random.ts';
import { after, type Instant, instant } from '../../src/base/time.ts';
import { nobleProvider } from '../../src/crypto/noble.ts';
import { createTurnClient } from '../../src/ice/turn.ts';
import {
  defaultTurnConfig,
  type TurnClient,
  type TurnConfig,
  type TurnEvent,
  type TurnInput,
} from '../../src/ice/turnModel.ts';
import { type Sent, SimulatedTurnServer, type TurnServerOptions, turnServerDefaults } from '../support/turnServer.ts';

export const clientAddress = '192.0.2.1:40000';
export const peerAddress = '198.51.100.7:9000';

export class World {
  readonly server: SimulatedTurnServer;
  readonly client: TurnClient;
  readonly events: TurnEvent[] = [];
  /** Payloads that a peer's address got, and that the client got. */
  readonly atPeers: { readonly from: string; readonly to: string; readonly text: string }[] = [];
  readonly atClient: { readonly from: string; readonly text: string; readonly overhead: number }[] = [];
  readonly overheads: number[] = [];
  readonly sent: { readonly at: Instant; readonly bytes: Uint8Array }[] = [];
  /** Echoes what it gets. */
  echo = false;
  online = true;
  now: Instant = instant(1000);
  #wait: Instant | undefined;

  constructor(server: Partial<TurnServerOptions> = {}, config: Partial<TurnConfig> = {}) {
    this.server = new SimulatedTurnServer(server);
    const { username, password } = this.server.options;
    this.client = createTurnClient(
      { ...defaultTurnConfig, server: turnServerDefaults.address, credentials: { username, password }, ...config },
      { crypto: nobleProvider, random: new Prng(1).bytes },
    );
  }

  /** Feeds one input and lets everything that follows happen. */
  handle(input: TurnInput): this {
    this.client.handle(input, this.now);
    for (;;) {
      const output = this.client.poll();
      switch (output.kind) {
        case 'wait':
          this.#wait = output.until;
          return this;
        case 'event':
          this.events.push(output.event);
          break;
        case 'data':
          this.atClient.push({ from: output.from, text: fromUtf8(output.bytes), overhead: output.overhead });
          break;
        case 'transmit':
          this.sent.push({ at: this.now, bytes: output.bytes });
          if (output.peer !== undefined) this.overheads.push(output.overhead);
          if (this.online) this.carry({ from: clientAddress, to: output.to, bytes: output.bytes });
          break;
      }
    }
  }

  /** Takes a datagram to where it goes, and all that comes of it. */
  carry(first: Sent): void {
    for (const out of this.server.handle(first, this.now)) {
      if (out.to === clientAddress) this.handle({ kind: 'datagram', bytes: out.bytes, from: out.from });
      else {
        this.atPeers.push({ from: out.from, to: out.to, text: fromUtf8(out.bytes) });
        if (this.echo) this.carry({ from: out.to, to: out.from, bytes: out.bytes });
      }
    }
  }

  send(text: string, to = peerAddress): this {
    return this.handle({ kind: 'send', to, bytes: utf8(text) });
  }

  /** Lets time pass, waking the client whenever it wants. */
  pass(ms: number): this {
    const end = after(this.now, ms);
    while (this.#wait !== undefined && this.#wait <= end) {
      if (this.#wait > this.now) this.now = this.#wait;
      this.handle({ kind: 'timeout' });
    }
    this.now = end;
    return this;
  }

  /** Events of a kind. */
  told<K extends TurnEvent['kind']>(kind: K): readonly Extract<TurnEvent, { readonly kind: K }>[] {
    return this.events.filter((event): event is Extract<TurnEvent, { readonly kind: K }> => event.kind === kind);
  }
}
